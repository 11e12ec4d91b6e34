"""Compares two predictions of the same paragraphs: each score's difference, and if it is noise.

Both are scored on the same resampled articles (a paired bootstrap), so that what is hard for both
cancels out. The intervals cover the choice of articles, but not that of seeds and folds, which
change the scores of the same settings as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from depeche.labels.bootstrap import N_RESAMPLES
from depeche.labels.schema import Dimension, Schema
from depeche.train.evaluation.bootstrap import bootstrap, full_scores
from depeche.train.evaluation.held_out import Predictions

LEVEL = 0.95
FALSE_DISCOVERIES = 0.05  # share allowed among the differences that are called real


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One score of both predictions, in [0, 1], and the interval of B - A.

    `label` is None for a score of the whole dimension; one of these is `main`. `p` is the two-sided
    p-value of the bootstrap. `real` means that the difference passes Benjamini and Hochberg's
    procedure (1995) among the F1 of all labels and the main scores; other scores are never real.
    """

    dimension: str
    label: str | None
    metric: str
    main: bool
    a: float
    b: float
    low: float
    high: float
    p: float
    real: bool = False

    @property
    def value(self) -> float:
        """B - A."""
        return self.b - self.a

    def in_points(self) -> str:
        """Return B - A and its interval as text, in hundredths."""
        return (
            f"{100 * self.value:+.1f} points, {100 * LEVEL:.0f} % interval {100 * self.low:.1f} "
            f"to {100 * self.high:.1f}"
        )

    @property
    def judged(self) -> bool:
        """Whether this difference is among those that can be real."""
        return self.main or self.label is not None


def compare_predictions(
    a: Predictions, b: Predictions, schema: Schema, *, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> tuple[Difference, ...]:
    """Return the differences of two predictions of the same paragraphs, in any order."""
    rows = {name: i for i, name in enumerate(b.ids)}
    order = np.array([rows[name] for name in a.ids])
    parts = [(a.Y, a.given, a.proba), (b.Y[order], b.given[order], b.proba[order])]
    full = [full_scores(Y, given, schema, proba=proba) for Y, given, proba in parts]
    resampled = [
        bootstrap(Y, given, a.articles, schema, proba=proba, n_resamples=n_resamples, seed=seed)
        for Y, given, proba in parts
    ]
    differences = [
        difference
        for dimension in schema.dimensions
        for difference in _differences(
            dimension,
            full[0][dimension.id],
            full[1][dimension.id],
            resampled[0][dimension.id],
            resampled[1][dimension.id],
        )
    ]
    judged = [i for i, d in enumerate(differences) if d.judged]
    real = benjamini_hochberg(np.array([differences[i].p for i in judged]), FALSE_DISCOVERIES)
    for i, passed in zip(judged, real, strict=True):
        differences[i] = replace(differences[i], real=bool(passed))
    return tuple(differences)


def benjamini_hochberg(p: NDArray[np.float64], share: float) -> NDArray[np.bool_]:
    """Return which hypotheses are rejected at a false discovery rate of `share`."""
    order = np.argsort(p)
    below = p[order] <= share * np.arange(1, len(p) + 1) / len(p)
    rejected = np.zeros(len(p), dtype=bool)
    if below.any():
        rejected[order[: np.flatnonzero(below)[-1] + 1]] = True
    return rejected


def _differences(
    dimension: Dimension,
    a: dict[str, Any],
    b: dict[str, Any],
    a_resampled: dict[str, Any],
    b_resampled: dict[str, Any],
) -> Iterator[Difference]:
    """Yield the F1 of each label, then the scores of the dimension, the main score first."""
    overall = [metric for metric in a if metric != "labels"]
    keys: list[tuple[str | None, str]] = [(label, "f1") for label in dimension.label_ids]
    for label, metric in keys + [(None, metric) for metric in overall]:
        a_score, b_score, a_drawn, b_drawn = (
            (scores if label is None else scores["labels"][label])[metric]
            for scores in (a, b, a_resampled, b_resampled)
        )
        drawn = b_drawn - a_drawn
        drawn = drawn[~np.isnan(drawn)]
        if not len(drawn):  # average precision of a label that no paragraph has
            continue
        tail = 50 * (1 - LEVEL)
        low, high = np.percentile(drawn, [tail, 100 - tail])
        # The sample counts as one of its resamples, so that p is never 0.
        beyond = min((drawn <= 0).sum(), (drawn >= 0).sum()) + 1
        yield Difference(
            dimension=dimension.id,
            label=label,
            metric=metric,
            main=label is None and metric == overall[0],
            a=float(a_score[0]),
            b=float(b_score[0]),
            low=float(low),
            high=float(high),
            p=min(1.0, 2 * float(beyond) / (len(drawn) + 1)),
        )
