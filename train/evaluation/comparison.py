"""Comparing two runs on the same paragraphs: the difference of each score, and whether it is noise.

Both runs are scored on the same resampled articles (a paired bootstrap), so that what is hard for
both cancels out. The intervals cover the choice of articles; not that of seeds and folds, which
move scores of the same settings as well.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from depeche.labels.bootstrap import N_RESAMPLES
from depeche.labels.errors import ComparisonError
from depeche.labels.schema import Dimension, Schema
from depeche.train.evaluation.bootstrap import bootstrap, full_scores
from depeche.train.evaluation.held_out import Predictions
from depeche.train.tracking.store import Run, Store

LEVEL = 0.95
FALSE_DISCOVERIES = 0.05  # share allowed among the differences that are called real


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A score of both runs, in [0, 1], and the interval of B - A.

    `label` is None for a score of the whole dimension, of which one is `main`. `p` is that of the
    bootstrap, two-sided; `real` says that the difference passes Benjamini and Hochberg's procedure
    (1995) among the F1 of all labels and the main scores; other scores are never called real.
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
        """Whether it is one of those that may be called real."""
        return self.main or self.label is not None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two runs and the differences of their scores, dimension by dimension."""

    a: Run
    b: Run
    n_paragraphs: int
    n_articles: int
    n_resamples: int
    differences: tuple[Difference, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON-ready data, with its verdict as sentences."""
        found = asdict(self) | {"level": LEVEL, "false_discoveries": FALSE_DISCOVERIES}
        return found | {"verdict": self.verdict()}

    def verdict(self) -> list[str]:
        """Return what differs beyond noise as plain sentences."""
        if self.a.id == self.b.id:
            return ["A and B are the same run: no difference."]
        real = [d for d in self.differences if d.real]
        if not real:
            return ["A and B do not differ beyond noise."]
        sentences = [
            f"B is {'better' if d.value > 0 else 'worse'} on {self._name(d)}: {d.in_points()}."
            for d in real
        ]
        if any(d.judged and not d.real for d in self.differences):
            sentences[-1] = sentences[-1][:-1] + "; the rest is noise."
        return sentences

    def _name(self, d: Difference) -> str:
        if d.label is None:
            return f"{d.dimension} as a whole"
        shared = any(x.label == d.label and x.dimension != d.dimension for x in self.differences)
        return f"{d.dimension}.{d.label}" if shared else d.label


def compare_runs(store: Store, a: Run, b: Run) -> Comparison:
    """Return the comparison of two runs on the paragraphs that both held out.

    Raises
    ------
    ComparisonError
        When they were trained on other data, another schema or another kind of split, or held out
        no paragraph both.
    TrackingError
        When their predictions are not in the store.
    """
    _check_same(a, b, "data", a.data, b.data)
    _check_same(a, b, "schema", a.schema, b.schema)
    _check_same(a, b, "split", a.split, b.split)
    with tempfile.TemporaryDirectory() as folder:
        schema, ours = store.held_out(a, Path(folder) / "a")
        other_schema, theirs = store.held_out(b, Path(folder) / "b")
    _check_same(a, b, "schema", schema.digest, other_schema.digest)
    both = set(ours.ids) & set(theirs.ids)
    if not both:
        raise ComparisonError(f"{a} and {b} predicted other paragraphs: train one of them anew")
    ours, theirs = ours.chosen(both), theirs.chosen(both)
    return Comparison(
        a=a,
        b=b,
        n_paragraphs=len(ours.ids),
        n_articles=len(set(ours.articles)),
        n_resamples=N_RESAMPLES,
        differences=compare_predictions(ours, theirs, schema),
    )


def compare_predictions(
    a: Predictions, b: Predictions, schema: Schema, *, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> tuple[Difference, ...]:
    """Return the differences of two predictions of the same paragraphs, in whatever order."""
    place = {name: i for i, name in enumerate(b.ids)}
    order = np.array([place[name] for name in a.ids])
    parts = [(a.Y, a.given, a.proba), (b.Y[order], b.given[order], b.proba[order])]
    full = [full_scores(Y, given, schema, proba=proba) for Y, given, proba in parts]
    resampled = [
        bootstrap(*(Y, given, a.articles, schema), proba=proba, n_resamples=n_resamples, seed=seed)
        for Y, given, proba in parts
    ]
    differences = [
        difference
        for dimension in schema.dimensions
        for difference in _differences(
            dimension, *(scores[dimension.id] for scores in (*full, *resampled))
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
    """Yield the F1 of each label, then the scores of the dimension, the main one first."""
    overall = [metric for metric in a if metric != "labels"]
    keys: list[tuple[str | None, str]] = [(label, "f1") for label in dimension.label_ids]
    for label, metric in keys + [(None, metric) for metric in overall]:
        of_a, of_b, a_drawn, b_drawn = (
            (scores if label is None else scores["labels"][label])[metric]
            for scores in (a, b, a_resampled, b_resampled)
        )
        drawn = b_drawn - a_drawn
        drawn = drawn[~np.isnan(drawn)]
        if not len(drawn):  # average precision of labels that no paragraph has
            continue
        tail = 50 * (1 - LEVEL)
        low, high = np.percentile(drawn, [tail, 100 - tail])
        # The sample itself counts as one of its resamples, so that p is never 0.
        beyond = min((drawn <= 0).sum(), (drawn >= 0).sum()) + 1
        yield Difference(
            dimension=dimension.id,
            label=label,
            metric=metric,
            main=label is None and metric == overall[0],
            a=float(of_a[0]),
            b=float(of_b[0]),
            low=float(low),
            high=float(high),
            p=min(1.0, 2 * float(beyond) / (len(drawn) + 1)),
        )


def _check_same(a: Run, b: Run, what: str, ours: str, theirs: str) -> None:
    if ours != theirs or not ours:
        raise ComparisonError(
            f"{a} has {what} {ours[:12] or 'unknown'}, but {b} has {theirs[:12] or 'unknown'}: "
            f"only runs of the same {what} can be compared"
        )
