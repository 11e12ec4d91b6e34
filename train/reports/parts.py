"""The parts that a report is made of, whatever its format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from depeche.labels.schema import Schema


@dataclass(frozen=True)
class Name:
    """A label or dimension: its French name, which people read, and its id."""

    fr: str
    id: str

    def __str__(self) -> str:
        """Return both, as in a sentence."""
        return self.fr if self.fr == self.id else f"{self.fr} ({self.id})"


@dataclass(frozen=True)
class Between:
    """The interval of a score."""

    low: float
    high: float


Cell = str | Name | Between


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table: the first cell of each row is the row's head; `name` is the caption."""

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    name: Name | str = ""


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A wrong decision, and the words behind it with what each adds to the log-odds."""

    label: Name
    error: str
    score: str
    source: str
    id: str
    text: str
    evidence: Sequence[tuple[str, float]]


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the report: an explaining sentence, and what it explains.

    An `urgent` section is set off from the rest. `figures` maps file names to descriptions, and
    `signature` is what makes scores comparable.
    """

    id: str
    title: str
    sentence: str
    urgent: bool = False
    notes: Sequence[str] = ()
    tables: Sequence[Table] = ()
    signature: str = ""
    figures: Mapping[str, str] = field(default_factory=dict)
    mistakes: Sequence[Mistake] = ()


def percent(share: float | None) -> str:
    """Return a share as a rounded percentage; `< 1 %` and `> 99 %` are neither 0 nor 100."""
    if share is None:
        return "–"
    if 0 < share < 0.005:
        return "< 1 %"
    if 0.995 < share < 1:
        return "> 99 %"
    return f"{100 * share:.0f} %"


def between(interval: Sequence[float] | None) -> Cell:
    """Return an interval as a cell, a dash where there is none."""
    return "–" if interval is None else Between(*interval)


def label_names(schema: Schema) -> dict[str, Name]:
    """Return the name of each score column's label, by `Schema.label_names`."""
    labels = [label for dimension in schema.dimensions for label in dimension.labels]
    return {
        name: Name(label.fr, name) for name, label in zip(schema.label_names, labels, strict=True)
    }


def log_odds(value: float) -> str:
    """Return what a word adds to the log-odds, with its sign."""
    return f"{value:+.1f}".replace("-", "−")
