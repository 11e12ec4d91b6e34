"""Nested folds: settings are chosen by inner folds, and judged on an outer fold set aside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from depeche.labels.dataset import LabelledSet
from depeche.labels.errors import LabelsError
from depeche.model.scoring.features import Counts, FeatureExtractor, FeatureSettings
from depeche.train import Split
from depeche.train.calibrating import fit_calibration
from depeche.train.evaluation.bootstrap import bootstrap
from depeche.train.evaluation.metrics import indicator, main_scores, score, signature
from depeche.train.splits import split_folds
from depeche.train.tfidf.fitting import fit_scorer
from depeche.train.tfidf.settings import TrainSettings
from depeche.train.tfidf.training import score_out_of_fold
from depeche.train.training import OutOfFold, decide_by_best_f1

INNER_FOLDS = 3

_COUNTS_KEPT = 2  # countings of all paragraphs, each under other feature settings
_LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class Division:
    """The paragraphs that a search sees, their inner folds, and the outer fold it never sees."""

    seen: LabelledSet
    inner: NDArray[np.int64]
    outer: LabelledSet


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Scores of tuned and default settings on the outer fold.

    `tuned` and `default` hold the main score of each dimension; `difference` is that of their
    means, tuned less default, and `interval` its 95 % interval, bootstrapped by article in pairs.
    """

    signature: str
    n_paragraphs: int
    n_articles: int
    tuned: dict[str, float]
    default: dict[str, float]
    difference: float
    interval: tuple[float, float]

    @property
    def outcome(self) -> str:
        """`better` where the whole interval is above 0, `worse` below, else `no difference`."""
        low, high = self.interval
        if low > 0:
            return "better"
        return "worse" if high < 0 else "no difference"

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON-ready data."""
        return {**asdict(self), "interval": list(self.interval), "outcome": self.outcome}


def divide(labels: LabelledSet, settings: TrainSettings) -> Division:
    """Return the outer fold, set aside, and `INNER_FOLDS` inner folds of the rest.

    The outer fold is the first fold of the settings (`splits.split_folds`); by date the last, since
    what is judged must lie in the future. The inner folds are drawn in the same way from the rest
    alone, with the next seed.

    Raises
    ------
    LabelsError
        When there are too few groups for the folds.
    """
    fold = split_folds(labels, indicator(labels), settings.split, settings.n_folds, settings.seed)
    aside = fold == (fold.max() if settings.split is Split.date else 0)
    seen = labels.chosen(np.flatnonzero(~aside))
    try:
        inner = split_folds(seen, indicator(seen), settings.split, INNER_FOLDS, settings.seed + 1)
    except LabelsError as err:
        raise LabelsError(f"after setting a fold aside to judge the settings, {err}") from err
    return Division(seen=seen, inner=inner, outer=labels.chosen(np.flatnonzero(aside)))


class Inner:
    """Scores settings by the inner folds; counts features anew only when their settings change."""

    def __init__(self, division: Division) -> None:
        self.schema = division.seen.schema
        self.Y = indicator(division.seen)
        self.fold = division.inner
        texts = division.seen.texts

        @lru_cache(maxsize=_COUNTS_KEPT)
        def counts(features: FeatureSettings) -> Counts:
            return FeatureExtractor(features).count(texts)

        self.counts: Callable[[FeatureSettings], Counts] = counts

    def out_of_fold(self, settings: TrainSettings) -> OutOfFold:
        """Return what models with the settings say of each inner fold, fitted on the others."""
        counts = self.counts(settings.features)
        return score_out_of_fold(
            counts, self.Y, self.fold, settings, self.schema, progress=lambda _: None
        )

    def scores(self, settings: TrainSettings) -> dict[str, float]:
        """Return the main score of each dimension under the settings."""
        scored = self.out_of_fold(settings)
        return main_scores(score(scored.Y, scored.proba, scored.given, self.schema), self.schema)


def mean_score(scores: Mapping[str, float]) -> float:
    """Return what a search maximises: the mean of the dimensions' main scores."""
    return float(np.mean(list(scores.values())))


def judge(
    division: Division, inner: Inner, tuned: TrainSettings, default: TrainSettings
) -> Verdict:
    """Return the scores of tuned and default settings on the outer fold.

    The inner score of the best of many trials is too high, since the trial was chosen for it. So
    a model with each settings is fitted on all paragraphs that the search saw, with the calibration
    and the thresholds that the inner folds call for, and scored on the outer fold.
    """
    schema, outer = division.outer.schema, division.outer
    Y, scores, resampled = indicator(outer), [], []
    for settings in (tuned, default):
        proba, given = _predict(division, inner, settings)
        scores.append(main_scores(score(Y, proba, given, schema), schema))
        # The same seed: the same articles for both.
        again = main_scores(bootstrap(Y, given, outer.articles, schema, seed=default.seed), schema)
        resampled.append(np.mean(list(again.values()), axis=0))
    tail = 50 * (1 - _LEVEL)
    low, high = np.percentile(resampled[0] - resampled[1], [tail, 100 - tail])
    return Verdict(
        signature=signature(
            outer,
            folds=f"1 of {default.n_folds} by {default.split.value}",
            seed=default.seed,
            depeche=version("depeche"),
        ),
        n_paragraphs=len(outer.paragraphs),
        n_articles=len(set(outer.articles)),
        tuned=scores[0],
        default=scores[1],
        difference=mean_score(scores[0]) - mean_score(scores[1]),
        interval=(float(low), float(high)),
    )


def _predict(
    division: Division, inner: Inner, settings: TrainSettings
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return scores and decisions on the outer fold, each (n_samples, n_labels)."""
    schema, scored = inner.schema, inner.out_of_fold(settings)
    calibration = fit_calibration(scored.logits, scored.Y, scored.fold, schema)
    scorer = fit_scorer(inner.counts(settings.features), inner.Y, settings)
    proba = calibration.predict_proba(scorer.logits(division.outer.texts), schema)
    return proba, decide_by_best_f1(calibration, proba, schema)
