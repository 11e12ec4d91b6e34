"""What a batch did, counted as it goes, and as lines for a person."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from depeche.labels.schema import Schema
from depeche.model.batch.failures import failure_lines
from depeche.model.batch.outcomes import Entry
from depeche.model.inputs.documents import Failure
from depeche.model.inputs.finding import MOST_NAMED


@dataclass(kw_only=True)
class Summary:
    """What a batch did, counted as it goes."""

    schema: Schema
    n_articles: int = 0
    n_paragraphs: int = 0
    n_lines_skipped: int = 0
    n_foreign: int = 0
    n_failed: int = 0
    n_kept: int = 0  # of the articles, tagged by an earlier run
    n_new_paragraphs: int = 0
    unchanged: bool = False  # the output stood as it is
    failures: list[str] = field(default_factory=list)  # the first ones
    given: NDArray[np.int64] = field(init=False)
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.given = np.zeros(self.schema.n_labels, dtype=np.int64)

    def add(self, entry: Entry, *, kept: bool) -> None:
        """Count one input."""
        if entry.reason:
            self.n_failed += 1
            if len(self.failures) < MOST_NAMED:
                self.failures.append(f"{entry.where}: {entry.reason}")
            return
        self.n_articles += 1
        self.n_kept += kept
        self.n_paragraphs += entry.n_paragraphs
        if not kept:
            self.n_new_paragraphs += entry.n_paragraphs
        self.n_lines_skipped += entry.n_skipped
        self.n_foreign += entry.language != "fr"
        for column in entry.given:  # few, for which an array of indices would cost more
            self.given[column] += 1

    def find_again(self, entry: Entry) -> None:
        """Count an input that an earlier run tagged, and that `add` counts once its turn comes."""
        self.n_kept += 1
        self.n_new_paragraphs -= entry.n_paragraphs

    def failure_lines(self, skipped: Sequence[Failure], listed: str) -> list[str]:
        """Return what failed and what was skipped, for a person: see `failures.failure_lines`."""
        return failure_lines(self.failures, self.n_failed, skipped, listed=listed)

    @property
    def seconds(self) -> float:
        """Time since the batch began."""
        return max(time.monotonic() - self.started, 1e-3)

    @property
    def rate(self) -> float:
        """Articles a second, of those that this run tagged."""
        return (self.n_articles - self.n_kept) / self.seconds

    def lines(self, n_skipped: dict[str, int]) -> list[str]:
        """Return the summary for a person; `n_skipped` are the files passed over, by reason."""
        count = f"{_count(self.n_articles, 'article')}, {_count(self.n_paragraphs, 'paragraph')}"
        if self.n_kept:
            count += f"; {self.n_kept} tagged before"
        if self.unchanged:
            count += "; nothing is new, the output is left as it was"
        lines = [count]
        for dimension, span in self.schema.columns():
            counts = zip(dimension.label_ids, self.given[span].tolist(), strict=True)
            lines.append(f"{dimension.id}: " + ", ".join(f"{name} {n}" for name, n in counts))
        passed = [_count(n, f"{reason} file") for reason, n in sorted(n_skipped.items()) if n]
        passed.append(_count(self.n_lines_skipped, "heading or boilerplate line"))
        lines.append(
            f"{', '.join(passed)} skipped; {self.n_foreign} not French; {self.n_failed} failed"
        )
        if self.n_new_paragraphs:
            lines.append(
                f"{self.seconds:.1f} s: {self.rate:.0f} articles, "
                f"{self.n_new_paragraphs / self.seconds:.0f} paragraphs a second"
            )
        return lines


Progress = Callable[[Summary], None]


def _count(n: int, what: str) -> str:
    return f"{n} {what}" + ("" if n == 1 else "s")
