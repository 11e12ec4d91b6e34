"""Compares two runs on the paragraphs that both held out."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from depeche.labels.bootstrap import N_RESAMPLES
from depeche.labels.errors import ComparisonError
from depeche.train.evaluation.comparison import (
    FALSE_DISCOVERIES,
    LEVEL,
    Difference,
    compare_predictions,
)
from depeche.train.tracking.store import Run, Store


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two runs and the differences of their scores, in the order of the dimensions."""

    a: Run
    b: Run
    n_paragraphs: int
    n_articles: int
    n_resamples: int
    differences: tuple[Difference, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON-ready data, with its verdict as sentences."""
        levels = {"level": LEVEL, "false_discoveries": FALSE_DISCOVERIES}
        return asdict(self) | levels | {"verdict": self.verdict()}

    def verdict(self) -> list[str]:
        """Return the differences beyond noise as plain sentences."""
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
        When they were trained on different data, schemas or kinds of split, or no paragraph was
        held out by both.
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
        raise ComparisonError(f"{a} and {b} share no held-out paragraph: train one of them anew")
    ours, theirs = ours.chosen(both), theirs.chosen(both)
    return Comparison(
        a=a,
        b=b,
        n_paragraphs=len(ours.ids),
        n_articles=len(set(ours.articles)),
        n_resamples=N_RESAMPLES,
        differences=compare_predictions(ours, theirs, schema),
    )


def _check_same(a: Run, b: Run, what: str, ours: str, theirs: str) -> None:
    if ours != theirs or not ours:
        raise ComparisonError(
            f"{a} has {what} {ours[:12] or 'unknown'}, but {b} has {theirs[:12] or 'unknown'}: "
            f"only runs of the same {what} can be compared"
        )
