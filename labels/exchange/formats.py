"""The formats of other tools; the module of each is imported only when it is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from depeche.labels.errors import LabelsError
from depeche.labels.paragraphs import LabelledParagraph
from depeche.labels.schema import Schema
from depeche.labels.system.places import is_folder


class Format(StrEnum):
    """A format that `classify export` writes and `classify import` reads."""

    label_studio = "label-studio"
    doccano = "doccano"
    prodigy = "prodigy"
    csv = "csv"
    huggingface = "huggingface"


_MODULES = {
    Format.label_studio: "depeche.labels.exchange.label_studio",
    Format.doccano: "depeche.labels.exchange.doccano",
    Format.prodigy: "depeche.labels.exchange.prodigy",
    Format.csv: "depeche.labels.exchange.csv_table",
    Format.huggingface: "depeche.labels.exchange.huggingface",
}
_ENDINGS = {".json": Format.label_studio, ".csv": Format.csv, ".tsv": Format.csv}


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The answer of a model on a paragraph: labels given and all scores, by dimension."""

    model: str
    labels: dict[str, tuple[str, ...]]
    scores: dict[str, dict[str, float]]


@dataclass(frozen=True, kw_only=True)
class Export:
    """What to write: paragraphs that have a text, and how."""

    schema: Schema
    paragraphs: Sequence[LabelledParagraph]
    predictions: Sequence[Prediction] | None = None
    indicators: bool = False


@dataclass(frozen=True, kw_only=True)
class Exported:
    """The files of an export by path, and notes for the user.

    If `is_folder`, the output is a folder, and paths are relative to it; else they are relative to
    the folder that it is in.
    """

    files: dict[str, str | bytes]
    notes: tuple[str, ...] = ()
    is_folder: bool = False


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A labelled paragraph of a file: its place there, its record, and its faults.

    The record is empty where the faults leave none.
    """

    place: str
    record: dict[str, Any]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a file holds.

    `left_out` has the places of items that are no labelled paragraphs, by the reason; `not_kept`
    has the fields for which a labelled paragraph has no place.
    """

    entries: list[Entry] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    not_kept: set[str] = field(default_factory=set)

    def leave_out(self, reason: str, place: str) -> None:
        """Note an item that is no labelled paragraph."""
        self.left_out.setdefault(reason, []).append(place)


class Exchange(Protocol):
    """The functions of the module of a format."""

    def write(self, export: Export, name: str) -> Exported:
        """Return the files of an export whose output is called `name`."""

    def read(self, path: Path, schema: Schema) -> Reading:
        """Return what a file or a folder holds."""


def exchange_of(form: Format) -> Exchange:
    """Return the module of a format."""
    return cast(Exchange, import_module(_MODULES[form]))


def format_of(path: Path) -> Format:
    """Return the format of a path, by its ending or because it is a folder.

    Raises
    ------
    LabelsError
        When the path does not tell the format.
    """
    if is_folder(path):
        return Format.huggingface
    if path.suffix.lower() not in _ENDINGS:
        raise LabelsError(
            f"{path}: its name does not tell the format: give {', '.join(Format)} by name"
        )
    return _ENDINGS[path.suffix.lower()]
