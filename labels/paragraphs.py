"""Labelled paragraphs: reading, checking and completing the JSON-lines files in labels/."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal, cast

from labels.errors import LabelsError
from labels.schema import Schema

Kind = Literal["body", "heading", "boilerplate"]
KINDS: tuple[Kind, ...] = ("body", "heading", "boilerplate")

FOLDER = Path(__file__).parent
SHIPPED = (FOLDER / "seeds.jsonl", FOLDER / "composed.jsonl", FOLDER / "press.jsonl")

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


@dataclass(frozen=True, kw_only=True)
class LabelledSet:
    """Body paragraphs of one or several files, ready for fitting or scoring.

    `digests` maps each file's name to the SHA-256 of its bytes; `n_left_out` counts the stand-off
    paragraphs without a text at hand.
    """

    schema: Schema
    paragraphs: tuple[LabelledParagraph, ...]
    digests: dict[str, str]
    n_left_out: int

    @property
    def texts(self) -> list[str]:
        """Texts of the paragraphs, in order."""
        return [p.text for p in self.paragraphs]

    @property
    def articles(self) -> list[str]:
        """Article of each paragraph: the groups that folds keep together."""
        return [p.article for p in self.paragraphs]

    @property
    def digest(self) -> str:
        """SHA-256 of ids, texts and labels: the same for the same examples in whatever files."""
        sha = hashlib.sha256()
        for p in sorted(self.paragraphs, key=lambda p: p.id):
            row = [p.id, p.article, p.text, sorted((k, sorted(v)) for k, v in p.labels.items())]
            sha.update(json.dumps(row, ensure_ascii=False).encode())
        return sha.hexdigest()


def load_labels(
    paths: Sequence[Path], schema: Schema, *, orangesum: Path | None = None
) -> LabelledSet:
    """Return the body paragraphs of some files, with texts.

    Parameters
    ----------
    orangesum
        Clone of the public repository Tixierae/OrangeSum, from which stand-off paragraphs get
        their text; without it they are left out and counted.

    Raises
    ------
    LabelsError
        When a file breaks the format, an id stands in two files, a span's text has changed, or
        no paragraph remains.
    """
    paragraphs: list[LabelledParagraph] = []
    digests: dict[str, str] = {}
    owner: dict[str, Path] = {}
    for path in paths:
        for paragraph in read_labels(path, schema):
            if paragraph.id in owner:
                raise LabelsError(
                    f"{path}: id {paragraph.id!r} is also in {owner[paragraph.id]}: "
                    "give each paragraph once"
                )
            owner[paragraph.id] = path
            if paragraph.kind == "body":
                paragraphs.append(paragraph)
        name = path.name if path.name not in digests else str(path)
        digests[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    n_all = len(paragraphs)
    if orangesum is None:
        paragraphs = [p for p in paragraphs if p.span is None]
    else:
        paragraphs = hydrate(paragraphs, orangesum)
    if not paragraphs:
        raise LabelsError(
            f"{', '.join(map(str, paths))}: no body paragraph with a text"
            + (f"; {n_all} need OrangeSum (--orangesum DIR)" if n_all else "")
        )
    return LabelledSet(
        schema=schema,
        paragraphs=tuple(paragraphs),
        digests=digests,
        n_left_out=n_all - len(paragraphs),
    )


def hydrate(paragraphs: Iterable[LabelledParagraph], folder: Path) -> list[LabelledParagraph]:
    """Return the paragraphs with the texts of their spans, each proved by its hash.

    Raises
    ------
    LabelsError
        When `folder` is no clone of OrangeSum, a document is missing, or a text has changed.
    """
    documents = folder / "data" / "docs" / "parsed"
    if not documents.is_dir():
        raise LabelsError(
            f"{folder}: not a clone of OrangeSum, data/docs/parsed is missing; get it with "
            "git clone https://github.com/Tixierae/OrangeSum"
        )
    articles: dict[int, str] = {}
    hydrated = []
    for paragraph in paragraphs:
        span = paragraph.span
        if span is None:
            hydrated.append(paragraph)
            continue
        if span.doc not in articles:
            articles[span.doc] = _read_article(documents / f"{span.doc}.json")
        text = articles[span.doc][span.start : span.end]
        if hashlib.sha256(text.encode()).hexdigest() != span.sha256:
            raise LabelsError(
                f"{documents / f'{span.doc}.json'}: the text of {paragraph.id} is not the one "
                "that was labelled: its hash differs; use an unchanged clone"
            )
        hydrated.append(replace(paragraph, text=text))
    return hydrated


def _read_article(path: Path) -> str:
    try:
        article = json.loads(path.read_text(encoding="utf-8"))["article"]
    except OSError as err:
        raise LabelsError(f"{path}: cannot be read: {err.strerror}") from err
    except (ValueError, KeyError, TypeError) as err:
        raise LabelsError(f"{path}: not an OrangeSum document with an 'article'") from err
    if not isinstance(article, str):
        raise LabelsError(f"{path}: 'article' is not a text")
    return article


def read_labels(path: Path, schema: Schema) -> list[LabelledParagraph]:
    """Return every record of a JSON-lines file of labelled paragraphs, in order.

    Raises
    ------
    LabelsError
        With one line per fault of the file: path, line, field, what was found, what is allowed.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as err:
        raise LabelsError(f"{path}: cannot read the labels: {err.strerror}") from err
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
        except ValueError as err:
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
