"""Prodigy's JSON lines of the choice interface: a text, options, and those that were accepted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from depeche.labels.exchange.about import KEY, about, from_about
from depeche.labels.exchange.formats import Entry, Export, Exported, Reading
from depeche.labels.exchange.json_files import lines_of, read_objects
from depeche.labels.exchange.names import find_labels, given_names, names_of, put_labels
from depeche.labels.schema import Schema

_ANNOTATOR = "_annotator_id"
_ANSWERS = {"reject": "rejected", "ignore": "ignored", None: "not answered"}
_OURS = ("id", "article", "source", "date", "kind")
_THEIRS = ("text", "options", "config", "accept", "answer", "label", KEY)


def write(export: Export, name: str) -> Exported:
    """Return one file of answered tasks, for `prodigy db-in`: an option a label."""
    schema = export.schema
    display = {(d.id, label.id): label.fr for d in schema.dimensions for label in d.labels}
    options = [
        {"id": name, "text": f"{dimension.fr} : {display[dimension.id, label]}"}
        for name, dimension, label in names_of(schema)
    ]
    rows = []
    for paragraph in export.paragraphs:
        known = about(paragraph, schema)
        annotator = known.pop("annotator", None)
        row = {
            "text": paragraph.text,
            KEY: known,
            "options": options,
            "accept": given_names(paragraph, schema),
            "answer": "accept",
            "_view_id": "choice",
            "config": {"choice_style": "multiple"},
        }
        rows.append(row if annotator is None else row | {_ANNOTATOR: annotator})
    return Exported(files={name: lines_of(rows)})


def read(path: Path, schema: Schema) -> Reading:
    """Return the accepted paragraphs of a file that `prodigy db-out` wrote."""
    reading = Reading()
    for place, row in read_objects(path):
        if not isinstance(row, dict):
            reading.entries.append(Entry(place=place, record={}, faults=("not an object {…}",)))
            continue
        faults: list[str] = []
        answer = row.get("answer")
        if isinstance(answer, str | None) and answer in _ANSWERS:
            reading.leave_out(_ANSWERS[answer], place)
            continue
        if answer != "accept":
            faults.append(f"answer: unknown {answer!r:.80}; allowed: accept, reject, ignore")
        record = _record(row, schema, faults)
        reading.entries.append(Entry(place=place, record=record, faults=tuple(faults)))
        plain = (key for key in row.keys() - {*_THEIRS, *_OURS} if not key.startswith("_"))
        reading.not_kept.update(plain)
    return reading


def _record(row: dict[str, Any], schema: Schema, faults: list[str]) -> dict[str, Any]:
    known = row.get(KEY)
    found = {key: row[key] for key in _OURS if row.get(key) is not None}
    found |= known if isinstance(known, dict) else {}
    annotator = row.get(_ANNOTATOR, row.get("_session_id"))
    if annotator is not None:
        found["annotator"] = annotator
    record = from_about(row.get("text"), found, faults)
    if "accept" not in row:
        faults.append("accept: missing: only tasks of the choice interface have several labels")
        return record
    put_labels(record, find_labels(row["accept"], schema, "accept", faults), schema)
    return record
