"""Training of the TF-IDF backend: models fitted fold by fold, and the final one on everything."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from depeche.labels.dataset import LabelledSet
from depeche.labels.schema import Schema
from depeche.model.cores import count_cores
from depeche.model.scoring.features import Counts, FeatureExtractor
from depeche.train import Progress
from depeche.train.evaluation.metrics import indicator
from depeche.train.splits import split_folds, train_rows
from depeche.train.tfidf.fitting import fit_scorer
from depeche.train.tfidf.settings import TrainSettings
from depeche.train.training import OutOfFold, Training, calibrate_out_of_fold, make_artifact

_MOST_FITS = 4  # at once: each takes some 250 MB at 5,000 paragraphs


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
    out_of_fold = score_out_of_fold(counts, Y, fold, settings, schema, progress=progress)
    scorer = fit_scorer(counts, Y, settings)
    progress("final fit on all paragraphs")
    return LinearTraining(
        artifact=make_artifact(
            labels,
            out_of_fold,
            scorer,
            backend="tfidf",
            settings=settings.to_dict(),
            folds=f"{settings.n_folds} by {settings.split.value}",
        ),
        settings=settings,
        labels=labels,
        counts=counts,
        Y=Y,
        out_of_fold=out_of_fold,
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
