"""Training: folds grouped by article, out-of-fold scores, and the final model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from labels.dataset import LabelledSet
from labels.errors import LabelsError
from model.artifact import Artifact, save_artifact, text_digest
from model.features import Counts, FeatureExtractor
from train.fitting import fit_calibration, fit_scorer
from train.metrics import indicator, score, signature
from train.settings import TrainSettings


@dataclass(frozen=True, kw_only=True)
class Training:
    """A trained model and what the folds said of it.

    `Y`, `proba` and `given` are (n_samples, n_labels): the labels, and the out-of-fold scores and
    decisions that `artifact.scores` sums up.
    """

    artifact: Artifact
    labels: LabelledSet
    Y: NDArray[np.int64]
    proba: NDArray[np.float64]
    given: NDArray[np.bool_]

    def save(self, folder: Path, *, card: str) -> Training:
        """Save the artifact in a folder and return the training with its digest."""
        return replace(self, artifact=save_artifact(self.artifact, folder, card=card))


def train_model(
    labels: LabelledSet, settings: TrainSettings, *, progress: Callable[[str], None]
) -> Training:
    """Return the model fitted on all paragraphs, with its out-of-fold scores.

    Each fold is scored by a model that saw none of its articles, calibrated and cut by what the
    other folds call for, so that no score profits from its own label. The final weights are
    fitted on everything, the final calibration on all out-of-fold logits.

    Parameters
    ----------
    progress
        Called with a line for the user at each step.

    Raises
    ------
    LabelsError
        When there are fewer articles than folds.
    """
    schema, Y = labels.schema, indicator(labels)
    counts = FeatureExtractor(settings.features).count(labels.texts)
    fold = grouped_folds(labels.articles, settings.n_folds, settings.seed)
    logits = _out_of_fold_logits(counts, Y, fold, settings, progress)
    proba, given = np.empty(Y.shape), np.empty(Y.shape, dtype=bool)
    for k in range(settings.n_folds):
        calibration = fit_calibration(logits[fold != k], Y[fold != k], schema)
        proba[fold == k] = calibration.predict_proba(logits[fold == k], schema)
        given[fold == k] = calibration.decide(proba[fold == k], schema)
    scorer = fit_scorer(counts, Y, settings)
    progress("final fit on all paragraphs")
    artifact = Artifact(
        name=f"{schema.name}-tfidf",
        version=version("depeche"),
        backend="tfidf",
        schema=schema,
        scorer=scorer,
        calibration=fit_calibration(logits, Y, schema),
        settings=settings.to_dict(),
        data=_describe(labels),
        seen=np.unique(np.array([text_digest(text) for text in labels.texts], dtype=np.uint64)),
        scores={
            "signature": signature(
                labels,
                folds=f"{settings.n_folds} by article",
                seed=settings.seed,
                depeche=version("depeche"),
            ),
            **score(Y, proba, given, schema),
        },
    )
    return Training(artifact=artifact, labels=labels, Y=Y, proba=proba, given=given)


def _out_of_fold_logits(
    counts: Counts,
    Y: NDArray[np.int64],
    fold: NDArray[np.int64],
    settings: TrainSettings,
    progress: Callable[[str], None],
) -> NDArray[np.float64]:
    """Return each paragraph's logits, (n_samples, n_labels), by a model fitted without its fold."""
    logits = np.empty(Y.shape)
    for k in range(settings.n_folds):
        scorer = fit_scorer(_rows(counts, fold != k), Y[fold != k], settings)
        logits[fold == k] = scorer.logits_of_counts(_rows(counts, fold == k))
        progress(f"fold {k + 1} of {settings.n_folds}")
    return logits


def _describe(labels: LabelledSet) -> dict[str, Any]:
    """Return what an artifact says of its training data."""
    return {
        "digest": labels.digest,
        "files": labels.digests,
        "n_paragraphs": len(labels.paragraphs),
        "n_articles": len(set(labels.articles)),
        "n_left_out": labels.n_left_out,
    }


def grouped_folds(groups: list[str], n_folds: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of each paragraph, (n_samples,); the paragraphs of a group share one."""
    n_groups = len(set(groups))
    if n_groups < n_folds:
        raise LabelsError(
            f"{n_groups} articles are too few for {n_folds} folds grouped by article: "
            "label more articles or ask for fewer folds"
        )
    fold = np.empty(len(groups), dtype=np.int64)
    splitter = GroupKFold(n_folds, shuffle=True, random_state=seed)
    for k, (_, test) in enumerate(splitter.split(groups, groups=groups)):
        fold[test] = k
    return fold


def _rows(counts: Counts, chosen: NDArray[np.bool_]) -> Counts:
    """Return the chosen rows."""
    kept = chosen[counts.rows]
    n_entries = np.diff(counts.indptr)[chosen]
    indptr = np.concatenate(([0], np.cumsum(n_entries)))
    return Counts(counts.counts[kept], counts.indices[kept], indptr)
