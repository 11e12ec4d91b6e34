"""Labelled paragraphs: the records of the JSON-lines files, read and checked."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, cast

from labels.errors import LabelsError
from labels.schema import Schema

Kind = Literal["body", "heading", "boilerplate"]
KINDS: tuple[Kind, ...] = ("body", "heading", "boilerplate")

_MOST_FAULTS = 100  # printed for one file; the rest is counted
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Span:
    """Where the text of a stand-off paragraph lies: `article[start:end]` of document `doc`."""

    doc: int
    start: int
    end: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class LabelledParagraph:
    """One paragraph with its labels.

    `labels` maps each dimension of the schema to the ids given (exactly one for a single
    dimension) and is empty for headings and boilerplate. `text` is empty while `span` is still to
    be resolved.
    """

    id: str
    article: str
    text: str
    kind: Kind
    labels: dict[str, tuple[str, ...]]
    annotator: str | None
    source: str | None
    date: str | None
    span: Span | None = None


def read_labels(path: Path, schema: Schema) -> list[LabelledParagraph]:
    """Return every record of a JSON-lines file of labelled paragraphs, in order.

    Raises
    ------
    LabelsError
        With one line per fault of the file: path, line, field, what was found, what is allowed.
    """
    try:
        data = path.read_bytes()
    except OSError as err:
        raise LabelsError(f"{path}: cannot read the labels: {err.strerror}") from err
    return parse_labels(data, schema, path=path)


def parse_labels(data: bytes, schema: Schema, *, path: Path) -> list[LabelledParagraph]:
    """Return the records that the bytes of a file hold, as `read_labels` does."""
    try:
        lines = data.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as err:
        raise LabelsError(f"{path}: not UTF-8 (byte {err.start}): save it as UTF-8") from err
    faults: list[str] = []
    records: list[LabelledParagraph] = []
    first_line: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            json.dumps(row, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            faults.append(f"{path}:{number}: not text: half of a character, \\ud800 to \\udfff")
            continue
        except (ValueError, RecursionError) as err:
            faults.append(f"{path}:{number}: not JSON: {err}")
            continue
        if not isinstance(row, dict):
            faults.append(f"{path}:{number}: not a JSON object {{…}}")
            continue
        record, found = _parse_record(row, schema)
        name = row.get("id")
        if isinstance(name, str) and first_line.setdefault(name, number) != number:
            found.append(f"id: {name!r} is already on line {first_line[name]}")
        faults += [f"{path}:{number}: {fault}" for fault in found]
        if record is not None:
            records.append(record)
    if faults:
        if len(faults) > _MOST_FAULTS:
            rest = len(faults) - _MOST_FAULTS
            faults = [*faults[:_MOST_FAULTS], f"{path}: and {rest} more faults"]
        raise LabelsError("\n".join(faults))
    if not records:
        raise LabelsError(f"{path}: no labelled paragraph in it")
    return records


def _parse_record(
    row: dict[str, Any], schema: Schema
) -> tuple[LabelledParagraph | None, list[str]]:
    """Return the record of a line, or None, with its faults."""
    faults: list[str] = []
    faults += [
        f"{field}: must be a text that is not empty, not {row.get(field)!r}"
        for field in ("id", "article")
        if not isinstance(row.get(field), str) or not row[field]
    ]
    faults += [
        f"{field}: must be a text, not {row[field]!r}"
        for field in ("annotator", "source", "date")
        if not isinstance(row.get(field), str | None)
    ]
    if isinstance(row.get("date"), str) and not _is_date(row["date"]):
        faults.append(f"date: {row['date']!r} is not of the form 2024-12-31")
    kind = row.get("kind", "body")
    if kind not in KINDS:
        faults.append(f"kind: unknown {kind!r}; allowed: {', '.join(KINDS)}")
    span = _parse_span(row, faults) if "text" not in row and "doc" in row else None
    if span is None and not isinstance(row.get("text"), str):
        faults.append(f"text: must be a text, not {row.get('text')!r}")
    elif span is None and not row["text"].strip():
        faults.append("text: empty")
    labels = _parse_labels(row, schema, kind, faults)
    if faults:
        return None, faults
    return LabelledParagraph(
        id=row["id"],
        article=row["article"],
        text=row.get("text", ""),
        kind=cast(Kind, kind),
        labels=labels,
        annotator=row.get("annotator"),
        source=row.get("source"),
        date=row.get("date"),
        span=span,
    ), []


def _parse_labels(
    row: dict[str, Any], schema: Schema, kind: object, faults: list[str]
) -> dict[str, tuple[str, ...]]:
    labels: dict[str, tuple[str, ...]] = {}
    for dimension in schema.dimensions:
        allowed = f"allowed: {', '.join(dimension.label_ids)}"
        value = row.get(dimension.id)
        if kind != "body":
            if value:
                faults.append(f"{dimension.id}: only body paragraphs have labels; kind is {kind!r}")
            continue
        given: list[str]
        if dimension.kind == "single":
            given = [value or ""]
            if not isinstance(value, str):
                faults.append(f"{dimension.id}: must be one label, not {value!r}; {allowed}")
                continue
        elif not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            faults.append(f"{dimension.id}: must be a list of labels, not {value!r}; {allowed}")
            continue
        else:
            given = value
        faults += [
            f"{dimension.id}: unknown label {label!r}; {allowed}"
            for label in given
            if label not in dimension.label_ids
        ]
        if len(set(given)) < len(given):
            faults.append(f"{dimension.id}: a label is given twice: {', '.join(given)}")
        labels[dimension.id] = tuple(x for x in dimension.label_ids if x in given)
    return labels


def _parse_span(row: dict[str, Any], faults: list[str]) -> Span | None:
    doc, start, end, sha256 = (row.get(field) for field in ("doc", "start", "end", "sha256"))
    if row.get("source") != "orangesum":
        faults.append(f"source: stand-off text is known for 'orangesum', not {row.get('source')!r}")
    for field, value in (("doc", doc), ("start", start), ("end", end)):
        if type(value) is not int or value < 0:
            faults.append(f"{field}: must be a whole number of 0 or more, not {value!r}")
            return None
    if cast(int, start) >= cast(int, end):
        faults.append(f"end: must be larger than start, {start}, not {end}")
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        faults.append(f"sha256: must be 64 hexadecimal digits, not {sha256!r}")
        return None
    return Span(doc=cast(int, doc), start=cast(int, start), end=cast(int, end), sha256=sha256)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
