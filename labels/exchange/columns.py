"""Labelled paragraphs as rows of a table: the facts on a paragraph in cells of text."""

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
    """Return the facts on a paragraph, one cell per field.

    Values that are no text or empty, and fields whose name is taken, stand as JSON in one cell.
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
    """Return the facts on a paragraph, without its text, from its cells: `to_cells` inverted."""
    facts: dict[str, Any] = {
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
            facts |= {"span": value} if key == SPAN else value
    return facts


def order_of(rows: Iterable[Mapping[str, str]], labels: Iterable[str]) -> list[str]:
    """Return the columns that some row has; those of the labels come after the text."""
    names = {key for row in rows for key in row}
    ours = {*FIRST, *_THEN, *_LAST}
    others = [key for key in (*_THEN, *sorted(names - ours), *_LAST) if key in names]
    return [*FIRST, *labels, *others]
