"""What a training of any backend holds: the model, and the out-of-fold scores of its folds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from depeche.labels.dataset import LabelledSet
from depeche.labels.schema import Schema
from depeche.model.artifact import Artifact, save_artifact, text_digest
from depeche.model.deciding.calibration import DIGITS, Calibration
from depeche.model.deciding.decisions import Decisions, HeldOut, Rule
from depeche.model.scoring.scorer import Scorer
from depeche.train import Split
from depeche.train.calibrating import fit_calibration
from depeche.train.evaluation.evaluate import Scored
from depeche.train.evaluation.metrics import score, signature
from depeche.train.settings import Settings
from depeche.train.splits import NOT_SCORED, train_rows


@dataclass(frozen=True, kw_only=True)
class OutOfFold:
    """What models said of paragraphs they were not fitted on.

    `rows` (n_scored,) are the paragraphs that were scored, in order, of the labelled set; all else
    is of these: `Y`, `logits`, `proba` and `given` (n_scored, n_labels) and `fold` (n_scored,).
    `proba` and `given` of a fold are calibrated and cut by what the other folds call for, so that
    no score profits from its own label.
    """

    rows: NDArray[np.int64]
    fold: NDArray[np.int64]
    Y: NDArray[np.int64]
    logits: NDArray[np.float64]
    proba: NDArray[np.float64]
    given: NDArray[np.bool_]

    def held_out(self, chosen: NDArray[np.bool_] | None = None) -> HeldOut:
        """Return the scores and labels that decisions are drawn from, of all or the chosen rows."""
        kept = np.ones(len(self.rows), dtype=bool) if chosen is None else chosen
        return HeldOut(proba=self.proba[kept].round(DIGITS), Y=self.Y[kept] > 0)


@dataclass(frozen=True, kw_only=True)
class Training:
    """A trained model, the paragraphs it was trained on, and what the folds said of them.

    `measured` is what the backend adds to the evaluation: see `train.diagnostics`.
    """

    artifact: Artifact
    settings: Settings
    labels: LabelledSet
    Y: NDArray[np.int64]
    out_of_fold: OutOfFold
    measured: dict[str, Any] = field(default_factory=dict)

    @property
    def n_groups(self) -> int:
        """Number of articles."""
        return len(set(self.labels.articles))

    @property
    def scored(self) -> Scored:
        """The out-of-fold scores with their paragraphs, ready for an evaluation."""
        scores = self.out_of_fold
        return Scored(
            labels=self.labels.chosen(scores.rows),
            Y=scores.Y,
            logits=scores.logits,
            proba=scores.proba,
            given=scores.given,
        )

    def with_evaluation(self, evaluation: dict[str, Any]) -> Self:
        """Return the training whose artifact holds its evaluation, without the texts of errors."""
        scores = {key: value for key, value in evaluation.items() if key != "errors"}
        return replace(self, artifact=replace(self.artifact, scores=scores))

    def save(self, folder: Path, *, card: str) -> Self:
        """Save the artifact in a folder and return the training with its digest."""
        return replace(self, artifact=save_artifact(self.artifact, folder, card=card))


def make_artifact(
    labels: LabelledSet,
    out_of_fold: OutOfFold,
    scorer: Scorer,
    *,
    backend: str,
    settings: dict[str, Any],
    folds: str,
) -> Artifact:
    """Return a scorer as an artifact, calibrated on out-of-fold logits, with their scores.

    Parameters
    ----------
    folds
        Which were scored, for the scores' signature.
    """
    schema = labels.schema
    return Artifact(
        name=f"{schema.name}-{backend}",
        version=version("depeche"),
        backend=backend,
        schema=schema,
        scorer=scorer,
        calibration=fit_calibration(out_of_fold.logits, out_of_fold.Y, out_of_fold.fold, schema),
        settings=settings,
        data=_describe(labels),
        seen=np.unique(np.array([text_digest(text) for text in labels.texts], dtype=np.uint64)),
        held_out=out_of_fold.held_out(),
        scores={
            "signature": signature(
                labels,
                folds=folds,
                scored=len(out_of_fold.rows),
                seed=settings["seed"],
                depeche=version("depeche"),
            ),
            **score(out_of_fold.Y, out_of_fold.proba, out_of_fold.given, schema),
        },
    )


def calibrate_out_of_fold(
    logits: NDArray[np.float64],
    Y: NDArray[np.int64],
    fold: NDArray[np.int64],
    split: Split,
    schema: Schema,
) -> OutOfFold:
    """Return out-of-fold logits with their scores and decisions, each fold's by the others.

    Parameters
    ----------
    logits, Y
        (n_samples, n_labels).
    fold
        (n_samples,), as `splits.split_folds` gives it by `split`.
    """
    proba, given = np.empty(Y.shape), np.empty(Y.shape, dtype=bool)
    # By date, the first fold has nothing before it to calibrate by: it serves the others only.
    first = 1 if split is Split.date else 0
    for k in range(first, int(fold.max()) + 1):
        here, rest = fold == k, train_rows(fold, k, split) & (fold != NOT_SCORED)
        calibration = fit_calibration(logits[rest], Y[rest], fold[rest], schema)
        proba[here] = calibration.predict_proba(logits[here], schema)
        given[here] = decide_by_best_f1(calibration, proba[here], schema)
    rows = np.flatnonzero(fold >= first)
    return OutOfFold(
        rows=rows,
        fold=fold[rows],
        Y=Y[rows],
        logits=logits[rows],
        proba=proba[rows],
        given=given[rows],
    )


def decide_by_best_f1(
    calibration: Calibration, proba: NDArray[np.float64], schema: Schema
) -> NDArray[np.bool_]:
    """Return which labels are given from the thresholds of highest F1 on, (n_samples, n_labels)."""
    nothing = HeldOut(proba=np.empty((0, schema.n_labels)), Y=np.empty((0, schema.n_labels), bool))
    return Decisions(schema, calibration.threshold, nothing, Rule()).given(proba)


def _describe(labels: LabelledSet) -> dict[str, Any]:
    """Return what an artifact says of its training data."""
    return {
        "digest": labels.digest,
        "files": labels.digests,
        "n_paragraphs": len(labels.paragraphs),
        "n_articles": len(set(labels.articles)),
        "n_left_out": labels.n_left_out,
    }
