"""Labelled paragraphs: the records of the JSON-lines files, read and checked."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal, cast

from depeche.labels.errors import LabelsError
from depeche.labels.formats.parsing import parse_json
from depeche.labels.schema import Schema

Kind = Literal["body", "heading", "boilerplate"]
KINDS: tuple[Kind, ...] = ("body", "heading", "boilerplate")
Flag = Literal["unsure"]
FLAGS: tuple[Flag, ...] = ("unsure",)
Reading = Literal["labels", "annotators", "disputes"]
Labels = dict[str, tuple[str, ...]]

# Fields of a record beside its labels; those of a span stand in place of the text.
FIELDS = (
    *("id", "article", "text", "kind", "annotator", "source", "date"),
    *("flag", "comment", "votes"),
)
_SPAN = ("doc", "start", "end", "sha256")
ORANGESUM = "orangesum"  # the source whose texts are not ours to keep
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

    `labels` maps each dimension of the schema to the ids given, in their order (exactly one for a
    single dimension), and is empty for headings and boilerplate. `text` is empty while `span` is
    still to be resolved. `flag` and `comment` are the annotator's, for whoever looks at the labels
    again. `votes` are the labels that each annotator gave before one was settled on. `other` has
    the fields that mean nothing to us, as they are.
    """

    id: str
    article: str
    text: str
    kind: Kind
    labels: Labels
    annotator: str | None
    source: str | None
    date: str | None
    span: Span | None = None
    flag: Flag | None = None
    comment: str | None = None
    votes: dict[str, Labels] = field(default_factory=dict)
    other: dict[str, Any] = field(default_factory=dict)


def read_labels(
    path: Path, schema: Schema, *, reading: Reading = "labels"
) -> list[LabelledParagraph]:
    """Return every record of a JSON-lines file of labelled paragraphs, in order.

    Parameters
    ----------
    reading
        "annotators": several annotators may label one paragraph, so that an id may come again;
        "disputes": the records have no labels yet, but the votes of two annotators or more.

    Raises
    ------
    LabelsError
        With one line per fault of the file: path, line, field, what was found, what is allowed.
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
        record, found = parse_record(row, schema, reading=reading)
        name = row.get("id")
        key = (name, str(row.get("annotator"))) if reading == "annotators" else name
        if isinstance(name, str) and first_line.setdefault(key, number) != number:
            found.append(f"id: {name!r:.80} is already on line {first_line[key]}")
        faults += [f"{path}:{number}: {fault}" for fault in found]
        if record is not None:
            records.append(record)
    check_faults(faults, path=path)
    if not records:
        raise LabelsError(f"{path}: no labelled paragraph in it")
    return records


def check_faults(faults: list[str], *, path: Path) -> None:
    """Raise `LabelsError` with the first faults of a file, a line each, if there are any."""
    if faults:
        if len(faults) > _MOST_FAULTS:
            rest = len(faults) - _MOST_FAULTS
            faults = [*faults[:_MOST_FAULTS], f"{path}: and {rest} more faults"]
        raise LabelsError(*faults)


def parse_record(
    row: dict[str, Any], schema: Schema, *, reading: Reading = "labels"
) -> tuple[LabelledParagraph | None, list[str]]:
    """Return the paragraph of a record, or None, with the faults of the record."""
    faults: list[str] = []
    faults += [
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
    kind = row.get("kind", "body")
    if kind not in KINDS:
        faults.append(f"kind: unknown {kind!r:.80}; allowed: {', '.join(KINDS)}")
    if row.get("flag") not in (None, *FLAGS):
        faults.append(f"flag: unknown {row['flag']!r:.80}; allowed: {', '.join(FLAGS)}")
    is_span = "doc" in row and ("text" not in row or row.get("source") == ORANGESUM)
    span = _parse_span(row, faults) if is_span else None
    text = row.get("text", "" if is_span else None)
    if not isinstance(text, str):
        faults.append(f"text: must be a text, not {text!r:.80}")
    elif not text.strip() and not is_span:
        faults.append("text: empty")
    elif text and span is not None and sha256_of(text) != span.sha256:
        faults.append("text: not the text of OrangeSum that was labelled: its hash differs")
    votes = _parse_votes(row.get("votes"), schema, kind, faults)
    labels = {}
    if reading != "disputes":
        labels = _parse_labels(row, schema, kind, faults)
    elif len(votes) < 2 and not faults:
        faults.append("votes: two annotators or more are needed: {annotator: labels, …}")
    if faults:
        return None, faults
    known = {*FIELDS, *(_SPAN if span else ()), *(d.id for d in schema.dimensions)}
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
        flag=row.get("flag"),
        comment=row.get("comment") or None,
        votes=votes,
        other={key: row[key] for key in sorted(row.keys() - known)},
    ), []


def to_record(
    paragraph: LabelledParagraph, schema: Schema, *, with_texts: bool = False
) -> dict[str, Any]:
    """Return the record of a paragraph in the order of our files, the inverse of `parse_record`.

    A stand-off paragraph has no text in it unless asked `with_texts`, and the text is at hand.
    """
    span = paragraph.span
    record: dict[str, Any] = {"id": paragraph.id, "article": paragraph.article}
    if span is None or (with_texts and paragraph.text):
        record["text"] = paragraph.text
    record |= asdict(span) if span else {}
    record |= labels_record(paragraph.labels, schema)
    about = {"kind": paragraph.kind, "annotator": paragraph.annotator, "source": paragraph.source}
    record |= {key: value for key, value in about.items() if value is not None}
    record |= paragraph.other
    votes = {name: labels_record(vote, schema) for name, vote in paragraph.votes.items()}
    noted = {"flag": paragraph.flag, "comment": paragraph.comment}
    last = {"date": paragraph.date, **noted, "votes": votes}
    return record | {key: value for key, value in last.items() if value}


def labels_record(labels: Labels, schema: Schema) -> dict[str, Any]:
    """Return labels as they stand in a record: of a single dimension one, else a list."""
    return {
        d.id: labels[d.id][0] if d.kind == "single" else list(labels[d.id])
        for d in schema.dimensions
        if d.id in labels
    }


def format_labels(
    paragraphs: Iterable[LabelledParagraph], schema: Schema, *, with_texts: bool = False
) -> str:
    """Return the text of a file of labelled paragraphs, a record a line, as `to_record` does."""
    records = (to_record(paragraph, schema, with_texts=with_texts) for paragraph in paragraphs)
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def sha256_of(text: str) -> str:
    """Return the hash by which a text is known to be the one that was labelled."""
    return hashlib.sha256(text.encode()).hexdigest()


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
        found: list[str] = []
        votes[annotator] = _parse_labels(vote, schema, kind, found)
        faults += [f"votes of {annotator!r:.80}: {fault}" for fault in found]
    return votes


def _parse_labels(row: dict[str, Any], schema: Schema, kind: object, faults: list[str]) -> Labels:
    labels: Labels = {}
    for dimension in schema.dimensions:
        allowed = f"allowed: {', '.join(dimension.label_ids)}"
        value = row.get(dimension.id)
        if kind != "body":
            if value:
                faults.append(
                    f"{dimension.id}: only body paragraphs have labels; kind is {kind!r:.80}"
                )
            continue
        given: list[str]
        if dimension.kind == "single":
            given = [value or ""]
            if not isinstance(value, str):
                faults.append(f"{dimension.id}: must be one label, not {value!r:.80}; {allowed}")
                continue
        elif not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            faults.append(f"{dimension.id}: must be a list of labels, not {value!r:.80}; {allowed}")
            continue
        else:
            given = value
        faults += [
            f"{dimension.id}: unknown label {label!r:.80}; {allowed}"
            for label in given
            if label not in dimension.label_ids
        ]
        if len(set(given)) < len(given):
            faults.append(f"{dimension.id}: a label is given twice: {', '.join(given)}")
        labels[dimension.id] = tuple(x for x in given if x in dimension.label_ids)
    return labels


def _parse_span(row: dict[str, Any], faults: list[str]) -> Span | None:
    doc, start, end, sha256 = map(row.get, _SPAN)
    if row.get("source") != ORANGESUM:
        faults.append(
            f"source: stand-off text is known for {ORANGESUM!r:.80}, not {row.get('source')!r:.80}"
        )
    for name, value in (("doc", doc), ("start", start), ("end", end)):
        if type(value) is not int or value < 0:
            faults.append(f"{name}: must be a whole number of 0 or more, not {value!r:.80}")
            return None
    if cast(int, start) >= cast(int, end):
        faults.append(f"end: must be larger than start, {start}, not {end}")
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        faults.append(f"sha256: must be 64 hexadecimal digits, not {sha256!r:.80}")
        return None
    return Span(doc=cast(int, doc), start=cast(int, start), end=cast(int, end), sha256=sha256)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
