"""The JSON lines of doccano's text classification: a text, a list of labels, and metadata."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from depeche.labels.exchange.about import KEY, about, from_about
from depeche.labels.exchange.formats import Entry, Export, Exported, Reading
from depeche.labels.exchange.json_files import lines_of, read_objects
from depeche.labels.exchange.names import find_labels, given_names, put_labels
from depeche.labels.schema import Schema

_TEXT = ("text", "data")
_LABELS = ("label", "labels", "cats")  # today, up to doccano 1.0, in intent detection
_OURS = ("id", "article", "source", "date", "annotator", "kind")
_USER = ("annotation_approver", "username")


def write(export: Export, name: str) -> Exported:
    """Return one file of JSON lines; all dimensions share the one list of labels."""
    rows = [
        {
            "id": paragraph.id,
            "text": paragraph.text,
            "label": given_names(paragraph, export.schema),
            KEY: about(paragraph, export.schema),
        }
        for paragraph in export.paragraphs
    ]
    return Exported(files={name: lines_of(rows)})


def read(path: Path, schema: Schema) -> Reading:
    """Return the paragraphs of a file that doccano exported, as JSON lines or as JSON."""
    reading = Reading()
    for place, row in read_objects(path):
        if not isinstance(row, dict):
            reading.entries.append(Entry(place=place, record={}, faults=("not an object {…}",)))
            continue
        faults: list[str] = []
        record = _record(row, schema, faults)
        reading.entries.append(Entry(place=place, record=record, faults=tuple(faults)))
        known = {*_TEXT, *_LABELS, *_OURS, *_USER, KEY}
        reading.not_kept.update(key for key in row.keys() - known if row[key])
    return reading


def _record(row: dict[str, Any], schema: Schema, faults: list[str]) -> dict[str, Any]:
    """Return the record of a row, with its labels where it has any."""
    text = next((row[key] for key in _TEXT if key in row), None)
    record = from_about(text, _facts(row), faults)
    field = next((key for key in _LABELS if key in row), None)
    if field is None:
        what = "numbers of labels in 'annotations'" if "annotations" in row else "no 'label'"
        faults.append(f"label: {what}: export as JSONL with the names of the labels")
        return record
    names = [row[field]] if isinstance(row[field], str) else row[field]
    put_labels(record, find_labels(names, schema, field, faults), schema)
    return record


def _facts(row: dict[str, Any]) -> dict[str, Any]:
    """Return the facts in the fields of a row, and those in its metadata, which come first."""
    users = [row[key] for key in _USER if isinstance(row.get(key), str)]
    facts = {"annotator": users[0]} if users else {}
    facts |= {key: row[key] for key in _OURS if row.get(key) is not None}
    metadata = row.get(KEY)
    return facts | metadata if isinstance(metadata, dict) else facts
