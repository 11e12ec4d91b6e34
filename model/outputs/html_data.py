"""The part of the records that goes into the HTML report, made inert there."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from depeche.labels.schema import Dimension, Schema
from depeche.model.outputs.record import scores_key

# `<`, `>` and `&` could end or open a block of data for the HTML parser; U+2028 and U+2029 end
# lines for JavaScript; half a surrogate pair cannot be encoded.
_UNSAFE = re.compile("[<>&\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_DATE = re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?(?!\d)")
_FOLDER = re.compile(r"\A(.*)[/\\]", re.DOTALL)
_FIRST_DAY = "0001-01-01"  # completes a date of which the month or the day is unknown


def inert_json(data: Any) -> str:
    """Return data as JSON that does nothing in an HTML page, whatever texts are in it."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def schema_names(schema: Schema) -> list[dict[str, Any]]:
    """Return the dimensions and labels as they are shown; labels in the order of score columns."""
    return [
        {
            "id": dimension.id,
            "kind": dimension.kind,
            "fr": dimension.fr,
            "labels": [
                {"name": name, "fr": label.fr}
                for name, label in zip(schema.label_names[span], dimension.labels, strict=True)
            ],
        }
        for dimension, span in schema.columns()
    ]


def index_block(records: Sequence[dict[str, Any]], schema: Schema) -> dict[str, list[Any]]:
    """Return what lists, totals and charts need to know about some articles: one column per field.

    `given` holds pairs of score column and score; `counts` the number of paragraphs with each
    label; `bare` the number of paragraphs with none of the labels of each dimension; `means` the
    scores of each single dimension's labels in turn.
    """
    rows = [_index_row(record, schema) for record in records]
    return {field: [row[field] for row in rows] for field in rows[0]}


def texts_block(records: Sequence[dict[str, Any]], schema: Schema) -> list[dict[str, Any]]:
    """Return the rest of some articles: what is shown when one is opened."""
    columns = _columns(schema)
    return [
        {
            **{key: record.get(key) for key in ("author", "site", "note", "sha256")},
            "share": {
                columns[dimension.id, entry["label"]]: entry["share"]
                for dimension in schema.dimensions
                if dimension.kind == "multi"
                for entry in record[dimension.id]
            },
            "passages": _passages(record, schema),
        }
        for record in records
    ]


def _index_row(record: dict[str, Any], schema: Schema) -> dict[str, Any]:
    columns = _columns(schema)
    paragraphs = record["paragraphs"]
    given: list[tuple[int, float]] = []
    means: list[float] = []
    counts = [0] * schema.n_labels
    bare = [sum(not _labels(p, dimension) for p in paragraphs) for dimension in schema.dimensions]
    for dimension in schema.dimensions:
        tags = record[dimension.id]
        if dimension.kind == "multi":
            given += [(columns[dimension.id, tag["label"]], tag["score"]) for tag in tags]
        else:
            given.append((columns[dimension.id, tags["label"]], tags["scores"][tags["label"]]))
            means += [tags["scores"][label] for label in dimension.label_ids]
        for paragraph in paragraphs:
            for label in _labels(paragraph, dimension):
                counts[columns[dimension.id, label]] += 1
    return {
        "id": record["id"],
        "title": record.get("title"),
        "date": record.get("date"),
        "day": _day(record.get("date")),
        "source": _source(record),
        "language": record.get("language"),
        "n": len(paragraphs),
        "review": sum(bool(paragraph.get("review")) for paragraph in paragraphs),
        "given": given,
        "counts": counts,
        "bare": bare,
        "means": means,
    }


def _passages(record: dict[str, Any], schema: Schema) -> list[dict[str, Any]]:
    """Return the paragraphs and the skipped lines of an article in the order of its text."""
    columns = _columns(schema)
    by_name = {name: column for column, name in enumerate(schema.label_names)}
    passages = [
        (paragraph["start"], _paragraph(paragraph, schema, columns, by_name))
        for paragraph in record["paragraphs"]
    ]
    passages += [
        (line["start"], {"kind": line["kind"], "text": line["text"]})
        for line in record.get("skipped", [])
    ]
    return [passage for _, passage in sorted(passages, key=lambda pair: pair[0])]


def _paragraph(
    paragraph: dict[str, Any],
    schema: Schema,
    columns: dict[tuple[str, str], int],
    by_name: dict[str, int],
) -> dict[str, Any]:
    scores: list[float] = []
    given: list[int] = []
    for dimension in schema.dimensions:
        named = paragraph[scores_key(schema, dimension)]
        scores += [named[label] for label in dimension.label_ids]
        given += [columns[dimension.id, label] for label in _labels(paragraph, dimension)]
    shown = {
        "text": paragraph["text"],
        "given": given,
        "scores": scores,
        "review": [by_name[name] for name in paragraph.get("review", [])],
    }
    if "evidence" in paragraph:
        shown["evidence"] = {by_name[name]: pairs for name, pairs in paragraph["evidence"].items()}
    return shown


def _labels(paragraph: dict[str, Any], dimension: Dimension) -> list[str]:
    """Return the labels that a paragraph is given, of either kind of dimension."""
    value = paragraph[dimension.id]
    return [value] if dimension.kind == "single" else value


def _columns(schema: Schema) -> dict[tuple[str, str], int]:
    """Return the score column of each dimension's labels."""
    pairs = [(d.id, label) for d in schema.dimensions for label in d.label_ids]
    return {pair: column for column, pair in enumerate(pairs)}


def _day(text: str | None) -> str:
    """Return the part of a date that can be placed in time: `2024`, `2024-03`, `2024-03-09`."""
    match = _DATE.match(text or "")
    if match is None:
        return ""
    try:
        date.fromisoformat(match[0] + _FIRST_DAY[len(match[0]) :])
    except ValueError:
        return ""
    return match[0]


def _source(record: dict[str, Any]) -> str:
    """Return where an article comes from: its source, its site or the folder of its file."""
    named = record.get("source") or record.get("site")
    if named:
        return str(named)
    folder = _FOLDER.match(record["id"])
    return folder[1] if folder else ""
