"""Labelled paragraphs as rows of a table: what is known of a paragraph, in cells of text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from depeche.labels.exchange.about import OTHER, SPAN, about
from depeche.labels.formats.parsing import parse_json
from depeche.labels.paragraphs import LabelledParagraph
from depeche.labels.schema import Schema

FIRST = ("id", "article", "text")
_THEN = ("kind", "annotator", "source")
_LAST = ("date", "flag", "comment", SPAN, OTHER)


def to_cells(
    paragraph: LabelledParagraph, schema: Schema, is_taken: Callable[[str], bool]
) -> dict[str, str]:
    """Return what is known of a paragraph, a cell a field.

    What is no text, is empty, or has a name that is taken stands as JSON in one cell.
    """
    cells: dict[str, str] = {"text": paragraph.text}
    rest: dict[str, Any] = {}
    for key, value in about(paragraph, schema).items():
        plain = isinstance(value, str) and value and key and key == key.strip()
        if key == "span":
            cells[SPAN] = json.dumps(value)
        elif plain and not is_taken(key) and key not in (SPAN, OTHER):
            cells[key] = value
        else:
            rest[key] = value
    return cells | ({OTHER: json.dumps(rest, ensure_ascii=False)} if rest else {})


def from_cells(cells: Mapping[str, str | None], faults: list[str]) -> dict[str, Any]:
    """Return what the cells say of a paragraph, its text apart: the inverse of `to_cells`."""
    found: dict[str, Any] = {
        key: value for key, value in cells.items() if value and key not in ("text", SPAN, OTHER)
    }
    for key in (SPAN, OTHER):
        if not cells.get(key):
            continue
        try:
            value = parse_json(cells[key] or "")
        except ValueError:
            value = None
        if not isinstance(value, dict):
            faults.append(f"{key}: not a JSON object {{…}}: {cells[key]!r:.80}")
        else:
            found |= {"span": value} if key == SPAN else value
    return found


def order_of(rows: Iterable[Mapping[str, str]], labels: Iterable[str]) -> list[str]:
    """Return the columns that some row has, those of the labels after the text."""
    found = {key for row in rows for key in row}
    taken = {*FIRST, *_THEN, *_LAST}
    own = (key for key in (*_THEN, *sorted(found - taken), *_LAST) if key in found)
    return [*FIRST, *labels, *own]
