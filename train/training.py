"""Training: folds that do not leak, out-of-fold scores, and the final model."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from depeche.labels.dataset import LabelledSet
from depeche.labels.schema import Schema
from depeche.model.artifact import Artifact, save_artifact, text_digest
from depeche.model.cores import count_cores
from depeche.model.deciding.calibration import DIGITS, Calibration
from depeche.model.deciding.decisions import Decisions, HeldOut, Rule
from depeche.model.scoring.features import Counts, FeatureExtractor
from depeche.model.scoring.scorer import Scorer
from depeche.train import Split
from depeche.train.calibrating import fit_calibration
from depeche.train.evaluation.evaluate import Scored
from depeche.train.evaluation.metrics import indicator, score, signature
from depeche.train.settings import Settings, TrainSettings
from depeche.train.splits import NOT_SCORED, split_folds, train_rows
from depeche.train.tfidf.fitting import fit_scorer

Progress = Callable[[str], None]

_MOST_FITS = 4  # at once: each takes some 250 MB at 5,000 paragraphs


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
        found = self.out_of_fold
        return Scored(
            labels=self.labels.chosen(found.rows),
            Y=found.Y,
            logits=found.logits,
            proba=found.proba,
            given=found.given,
        )

    def with_evaluation(self, evaluation: dict[str, Any]) -> Self:
        """Return the training whose artifact holds its evaluation, without the texts of errors."""
        scores = {key: value for key, value in evaluation.items() if key != "errors"}
        return replace(self, artifact=replace(self.artifact, scores=scores))

    def save(self, folder: Path, *, card: str) -> Self:
        """Save the artifact in a folder and return the training with its digest."""
        return replace(self, artifact=save_artifact(self.artifact, folder, card=card))


@dataclass(frozen=True, kw_only=True)
class LinearTraining(Training):
    """A training of the `tfidf` backend, so quick that diagnostics fit further models."""

    settings: TrainSettings
    counts: Counts


def train_model(
    labels: LabelledSet, settings: TrainSettings, *, progress: Progress
) -> LinearTraining:
    """Return the model fitted on all paragraphs, with its out-of-fold scores.

    Each fold is scored by a model fitted without it; the final weights are fitted on everything,
    the final calibration on all out-of-fold logits.

    Parameters
    ----------
    progress
        Called with a line for the user at each step.

    Raises
    ------
    LabelsError
        When there are fewer groups than folds.
    """
    schema, Y = labels.schema, indicator(labels)
    counts = FeatureExtractor(settings.features).count(labels.texts)
    fold = split_folds(labels, Y, settings.split, settings.n_folds, settings.seed)
    found = score_out_of_fold(counts, Y, fold, settings, schema, progress=progress)
    scorer = fit_scorer(counts, Y, settings)
    progress("final fit on all paragraphs")
    return LinearTraining(
        artifact=make_artifact(
            labels,
            found,
            scorer,
            backend="tfidf",
            settings=settings.to_dict(),
            folds=f"{settings.n_folds} by {settings.split.value}",
        ),
        settings=settings,
        labels=labels,
        counts=counts,
        Y=Y,
        out_of_fold=found,
    )


def make_artifact(
    labels: LabelledSet,
    found: OutOfFold,
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
        calibration=fit_calibration(found.logits, found.Y, found.fold, schema),
        settings=settings,
        data=_describe(labels),
        seen=np.unique(np.array([text_digest(text) for text in labels.texts], dtype=np.uint64)),
        held_out=found.held_out(),
        scores={
            "signature": signature(
                labels,
                folds=folds,
                scored=len(found.rows),
                seed=settings["seed"],
                depeche=version("depeche"),
            ),
            **score(found.Y, found.proba, found.given, schema),
        },
    )


def score_out_of_fold(
    counts: Counts,
    Y: NDArray[np.int64],
    fold: NDArray[np.int64],
    settings: TrainSettings,
    schema: Schema,
    *,
    progress: Progress,
    only: NDArray[np.bool_] | None = None,
) -> OutOfFold:
    """Return the out-of-fold scores of the paragraphs that `fold` scores.

    Parameters
    ----------
    counts, Y
        Features and labels of n_samples paragraphs.
    fold
        (n_samples,), as `splits.split_folds` gives it.
    only
        (n_samples,): the paragraphs that models may be fitted on; all without it.
    """
    logits = np.zeros(Y.shape)
    n_folds = int(fold.max()) + 1

    def score_fold(k: int) -> None:
        train = train_rows(fold, k, settings.split)
        if only is not None:
            train &= only
        scorer = fit_scorer(counts.rows_where(train), Y[train], settings)
        logits[fold == k] = scorer.logits_of_counts(counts.rows_where(fold == k))

    with ThreadPoolExecutor(min(count_cores(), _MOST_FITS)) as pool:
        for k, _ in enumerate(pool.map(score_fold, range(n_folds))):
            progress(f"fold {k + 1} of {n_folds}")
    return calibrate_out_of_fold(logits, Y, fold, settings.split, schema)


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
