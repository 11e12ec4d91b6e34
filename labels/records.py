"""Reads the JSON-lines files of labelled paragraphs, and checks their records."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any, Literal

from depeche.labels.errors import LabelsError
from depeche.labels.formats.parsing import parse_json
from depeche.labels.paragraphs import (
    FIELDS,
    FLAGS,
    KINDS,
    ORANGESUM,
    SPAN_FIELDS,
    LabelledParagraph,
    Labels,
    Span,
    sha256_of,
)
from depeche.labels.schema import Dimension, Schema

Reading = Literal["labels", "annotators", "disputes"]

_MOST_FAULTS = 100  # printed for one file; the others are counted
_SHA256 = re.compile(r"[0-9a-f]{64}")


def read_labels(
    path: Path, schema: Schema, *, reading: Reading = "labels"
) -> list[LabelledParagraph]:
    """Return every record of a JSON-lines file of labelled paragraphs, in order.

    Parameters
    ----------
    reading
        "annotators": several annotators may label one paragraph, so that an id may come again;
        "disputes": the records have the votes of two or more annotators, and no labels yet.

    Raises
    ------
    LabelsError
        With one line per fault of the file: path, line, field, its value, what is allowed.
    """
    try:
        data = path.read_bytes()
    except OSError as err:
        raise LabelsError(f"{path}: cannot read the labels: {err.strerror}") from err
    return parse_labels(data, schema, path=path, reading=reading)


def parse_labels(
    data: bytes, schema: Schema, *, path: Path, reading: Reading = "labels"
) -> list[LabelledParagraph]:
    """Return the records that the bytes of a file hold, as `read_labels` does."""
    try:
        lines = data.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as err:
        raise LabelsError(f"{path}: not UTF-8 (byte {err.start}): save it as UTF-8") from err
    faults: list[str] = []
    records: list[LabelledParagraph] = []
    first_line: dict[object, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = parse_json(line)
        except ValueError as err:
            faults.append(f"{path}:{number}: not JSON: {err}")
            continue
        if not isinstance(row, dict):
            faults.append(f"{path}:{number}: not a JSON object {{…}}")
            continue
        record, record_faults = parse_record(row, schema, reading=reading)
        name = row.get("id")
        key = (name, str(row.get("annotator"))) if reading == "annotators" else name
        if isinstance(name, str) and first_line.setdefault(key, number) != number:
            record_faults.append(f"id: {name!r:.80} is already on line {first_line[key]}")
        faults += [f"{path}:{number}: {fault}" for fault in record_faults]
        if record is not None:
            records.append(record)
    check_faults(faults, path=path)
    if not records:
        raise LabelsError(f"{path}: no labelled paragraph in it")
    return records


def check_faults(faults: list[str], *, path: Path) -> None:
    """Raise `LabelsError` with the first faults of a file, one per line, if there are any."""
    if faults:
        if len(faults) > _MOST_FAULTS:
            rest = len(faults) - _MOST_FAULTS
            faults = [*faults[:_MOST_FAULTS], f"{path}: and {rest} more faults"]
        raise LabelsError(*faults)


def parse_record(
    row: dict[str, Any], schema: Schema, *, reading: Reading = "labels"
) -> tuple[LabelledParagraph | None, list[str]]:
    """Return the paragraph of a record, or None, with the faults of the record."""
    faults = _field_faults(row)
    kind = row.get("kind", "body")
    span = _parse_span(row, faults) if _is_stand_off(row) else None
    faults += _text_faults(row, span)
    votes = _parse_votes(row.get("votes"), schema, kind, faults)
    labels = {} if reading == "disputes" else _parse_labels(row, schema, kind, faults)
    if reading == "disputes" and len(votes) < 2 and not faults:
        faults.append("votes: two annotators or more are needed: {annotator: labels, …}")
    if faults:
        return None, faults
    known = {*FIELDS, *(SPAN_FIELDS if span else ()), *(d.id for d in schema.dimensions)}
    return LabelledParagraph(
        id=row["id"],
        article=row["article"],
        text=row.get("text", ""),
        kind=kind,
        labels=labels,
        annotator=row.get("annotator"),
        source=row.get("source"),
        date=row.get("date"),
        span=span,
        flag=row.get("flag"),
        comment=row.get("comment") or None,
        votes=votes,
        other={key: row[key] for key in sorted(row.keys() - known)},
    ), []


def _field_faults(row: dict[str, Any]) -> list[str]:
    """Return the faults of the fields beside the text, the labels and the votes."""
    faults = [
        f"{name}: must be a text that is not empty, not {row.get(name)!r:.80}"
        for name in ("id", "article")
        if not isinstance(row.get(name), str) or not row[name]
    ]
    faults += [
        f"{name}: must be a text, not {row[name]!r:.80}"
        for name in ("annotator", "source", "date", "comment")
        if not isinstance(row.get(name), str | None)
    ]
    if isinstance(row.get("date"), str) and not _is_date(row["date"]):
        faults.append(f"date: {row['date']!r:.80} is not of the form 2024-12-31")
    if row.get("kind", "body") not in KINDS:
        faults.append(f"kind: unknown {row['kind']!r:.80}; allowed: {', '.join(KINDS)}")
    if row.get("flag") not in (None, *FLAGS):
        faults.append(f"flag: unknown {row['flag']!r:.80}; allowed: {', '.join(FLAGS)}")
    return faults


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_stand_off(row: dict[str, Any]) -> bool:
    """Return whether a record says where its text lies; OrangeSum's may have the text as well."""
    return "doc" in row and ("text" not in row or row.get("source") == ORANGESUM)


def _text_faults(row: dict[str, Any], span: Span | None) -> list[str]:
    is_stand_off = _is_stand_off(row)
    text = row.get("text", "" if is_stand_off else None)
    if not isinstance(text, str):
        return [f"text: must be a text, not {text!r:.80}"]
    if not text.strip() and not is_stand_off:
        return ["text: empty"]
    if text and span is not None and sha256_of(text) != span.sha256:
        return ["text: not the text of OrangeSum that was labelled: its hash differs"]
    return []


def _parse_span(row: dict[str, Any], faults: list[str]) -> Span | None:
    """Return the span of a stand-off record, None where it is not complete."""
    if row.get("source") != ORANGESUM:
        faults.append(
            f"source: stand-off text is known for {ORANGESUM!r:.80}, not {row.get('source')!r:.80}"
        )
    span: dict[str, Any] = {name: row.get(name) for name in SPAN_FIELDS}
    for name in ("doc", "start", "end"):
        if type(span[name]) is not int or span[name] < 0:
            faults.append(f"{name}: must be a whole number of 0 or more, not {span[name]!r:.80}")
            return None
    if span["start"] >= span["end"]:
        faults.append(f"end: must be larger than start, {span['start']}, not {span['end']}")
    if not isinstance(span["sha256"], str) or not _SHA256.fullmatch(span["sha256"]):
        faults.append(f"sha256: must be 64 hexadecimal digits, not {span['sha256']!r:.80}")
        return None
    return Span(**span)


def _parse_votes(
    value: object, schema: Schema, kind: object, faults: list[str]
) -> dict[str, Labels]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(v, dict) for v in value.values()):
        faults.append(f"votes: must be an object of annotators and their labels, not {value!r:.80}")
        return {}
    if kind != "body":
        faults.append(f"votes: only body paragraphs have labels; kind is {kind!r:.80}")
        return {}
    votes = {}
    for annotator, vote in value.items():
        vote_faults: list[str] = []
        votes[annotator] = _parse_labels(vote, schema, kind, vote_faults)
        faults += [f"votes of {annotator!r:.80}: {fault}" for fault in vote_faults]
    return votes


def _parse_labels(row: dict[str, Any], schema: Schema, kind: object, faults: list[str]) -> Labels:
    labels: Labels = {}
    for dimension in schema.dimensions:
        value = row.get(dimension.id)
        if kind == "body":
            given = _given_labels(dimension, value, faults)
            if given is not None:
                labels[dimension.id] = tuple(x for x in given if x in dimension.label_ids)
        elif value:
            faults.append(f"{dimension.id}: only body paragraphs have labels; kind is {kind!r:.80}")
    return labels


def _given_labels(dimension: Dimension, value: object, faults: list[str]) -> list[str] | None:
    """Return the labels of a field, known or not; None where it does not hold labels."""
    allowed = f"allowed: {', '.join(dimension.label_ids)}"
    if dimension.kind == "single":
        if not isinstance(value, str):
            faults.append(f"{dimension.id}: must be one label, not {value!r:.80}; {allowed}")
            return None
        given = [value]
    else:
        if not isinstance(value, list) or not all(isinstance(x, str) for x in value):
            faults.append(f"{dimension.id}: must be a list of labels, not {value!r:.80}; {allowed}")
            return None
        given = value
    faults += [
        f"{dimension.id}: unknown label {label!r:.80}; {allowed}"
        for label in given
        if label not in dimension.label_ids
    ]
    if len(set(given)) < len(given):
        faults.append(f"{dimension.id}: a label is given twice: {', '.join(given)}")
    return given
