"""The JSON lines of Prodigy's choice interface: a text, options, and the accepted ones."""

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
    """Return one file of answered tasks for `prodigy db-in`, with one option per label."""
    schema = export.schema
    display = {(d.id, label.id): label.fr for d in schema.dimensions for label in d.labels}
    options = [
        {"id": name, "text": f"{dimension.fr} : {display[dimension.id, label]}"}
        for name, dimension, label in names_of(schema)
    ]
    rows = []
    for paragraph in export.paragraphs:
        facts = about(paragraph, schema)
        annotator = facts.pop("annotator", None)
        row = {
            "text": paragraph.text,
            KEY: facts,
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
        others = row.keys() - {*_THEIRS, *_OURS}
        reading.not_kept.update(key for key in others if not key.startswith("_"))
    return reading


def _record(row: dict[str, Any], schema: Schema, faults: list[str]) -> dict[str, Any]:
    facts = {key: row[key] for key in _OURS if row.get(key) is not None}
    if isinstance(row.get(KEY), dict):
        facts |= row[KEY]
    annotator = row.get(_ANNOTATOR, row.get("_session_id"))
    if annotator is not None:
        facts["annotator"] = annotator
    record = from_about(row.get("text"), facts, faults)
    if "accept" not in row:
        faults.append("accept: missing: only tasks of the choice interface have several labels")
        return record
    put_labels(record, find_labels(row["accept"], schema, "accept", faults), schema)
    return record
