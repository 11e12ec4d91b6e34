"""The columns of a table: which is which by its name, and the document of a row."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from depeche.labels.errors import InputError
from depeche.labels.system.places import with_slashes
from depeche.labels.system.terminal import escaped
from depeche.model.inputs.documents import Document, Failure, encodable

# What exports of newsrooms, crawlers, feed readers and research corpora call them.
_USUAL = {
    "text": "text texte body content contenu corps article article_text fulltext full_text "
    "paragraph paragraphe",
    "id": "id uid doc_id document_id identifier identifiant url link lien guid",
    "title": "title titre headline",
    "date": "date published published_at pubdate date_publication publication_date",
    "source": "source site media journal publisher outlet",
}
_DAY = re.compile(r"\A\s*+(\d{4}-\d\d-\d\d)(?=\s*+\Z|[T ])", re.ASCII)
_N_LISTED = 20  # columns that a message names
_JSON_TYPES = {bool: "true or false", int: "a number", float: "a number", list: "a list"}


@dataclass(frozen=True, kw_only=True)
class ColumnNames:
    """Columns asked for by name; the others go by their usual names."""

    text: str | None = None
    id: str | None = None
    title: str | None = None


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The names of a table's columns, as it has them."""

    text: str
    id: str | None = None
    title: str | None = None
    date: str | None = None
    source: str | None = None

    @property
    def names(self) -> list[str]:
        """All that are there, each once."""
        all_ = (self.text, self.id, self.title, self.date, self.source)
        return list(dict.fromkeys(name for name in all_ if name is not None))


@dataclass(frozen=True, kw_only=True)
class Place:
    """A file: its name as ids hold it and as messages do."""

    id: str
    where: str

    def failure(self, reason: str, row: int | None = None) -> Failure:
        """Return the failure of the file, or of one of its rows."""
        return Failure(where=self.where if row is None else f"{self.where}:{row}", reason=reason)


def place_of(path: str) -> Place:
    """Return the place that a path names; ids have slashes everywhere."""
    return Place(id=encodable(with_slashes(path)), where=escaped(path))


def fold(name: str) -> str:
    """Return a column's name without capitals, accents and signs: `Média ` is `media`."""
    plain = unicodedata.normalize("NFKD", name.casefold().strip(" \t\ufeff"))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return re.sub(r"[ -]+", "_", plain)


def find_columns(names: Sequence[str], asked: ColumnNames, *, lenient: bool = False) -> Columns:
    """Return which of a table's columns is which.

    Parameters
    ----------
    lenient
        A column of titles that was asked for may be missing, as it is in some rows of JSON.

    Raises
    ------
    InputError
        When there is no column of text, or one that was asked for is missing.
    """
    folded = {fold(name): name for name in reversed(names)}  # the first of two alike
    if "sha256" in folded:  # our own stand-off labels name their article so, by its id
        folded.pop("article", None)
    columns: dict[str, str | None] = {}
    for role, usual in _USUAL.items():
        wanted: str | None = getattr(asked, role, None)
        if wanted is None:
            columns[role] = next((folded[name] for name in usual.split() if name in folded), None)
            continue
        columns[role] = wanted if wanted in names else folded.get(fold(wanted))
        if columns[role] is None and not (lenient and role == "title"):
            raise InputError(f"no column {wanted!r}; its columns: {_listed(names)}")
    text = columns.pop("text")
    if text is None:
        raise InputError(
            f"no column of text: name it with --text-column; its columns: {_listed(names)}"
        )
    return Columns(text=text, **columns)


def _listed(names: Sequence[str]) -> str:
    """Return the names of columns for a message, not too many and none too long."""
    listed = ", ".join(repr(name[:60]) for name in names[:_N_LISTED]) or "none"
    if len(names) > _N_LISTED:
        listed += f" and {len(names) - _N_LISTED} more"
    return listed


def usual_names(names: Sequence[str], asked: ColumnNames) -> int:
    """Return how many of the names are those of a column that is looked for."""
    known = {name for usual in _USUAL.values() for name in usual.split()}
    known |= {fold(name) for name in (asked.text, asked.id, asked.title) if name}
    return sum(fold(name) in known for name in names)


def row_document(
    row: Mapping[str, Any], columns: Columns, place: Place, number: int
) -> Document | Failure:
    """Return the document of a row, or why it has none; `number` is its line in the file."""
    text = row.get(columns.text)
    if not isinstance(text, str):
        kind = "nothing" if text is None else _JSON_TYPES.get(type(text), "an object")
        return place.failure(f"column {columns.text!r} holds {kind}, not a text", number)
    if not text or text.isspace():
        return place.failure("empty: there is no text to tag", number)
    try:
        data = text.encode()
    except UnicodeEncodeError as err:
        reason = f"half a surrogate pair in the text, {text[err.start]!r}: write it as UTF-8"
        return place.failure(reason, number)
    return Document(
        id=_id(row, columns.id) or f"{place.id}:{number}",
        where=f"{place.where}:{number}",
        data=data,
        title=_text(row, columns.title),
        date=_day(_text(row, columns.date) or ""),
        source=_text(row, columns.source),
    )


def _id(row: Mapping[str, Any], column: str | None) -> str | None:
    """Return the id in a cell, None where it holds none."""
    id = row.get(column) if column is not None else None
    if isinstance(id, int) and not isinstance(id, bool):
        id = str(id)
    return encodable(id) if isinstance(id, str) and id.strip() else None


def _text(row: Mapping[str, Any], column: str | None) -> str | None:
    """Return what a cell says, None where it says nothing."""
    value = row.get(column) if column is not None else None
    return (encodable(value).strip() or None) if isinstance(value, str) else None


def _day(text: str) -> str | None:
    """Return the day that a date begins with, None where it is none."""
    match = _DAY.match(text)
    if match is None:
        return None
    try:
        date.fromisoformat(match[1])
    except ValueError:
        return None
    return match[1]
