"""Labelled paragraphs, and the records that stand for them in JSON-lines files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from depeche.labels.schema import Schema

Kind = Literal["body", "heading", "boilerplate"]
KINDS: tuple[Kind, ...] = ("body", "heading", "boilerplate")
Flag = Literal["unsure"]
FLAGS: tuple[Flag, ...] = ("unsure",)
Labels = dict[str, tuple[str, ...]]

# The fields of a record beside its labels. The fields of a span stand in place of the text.
FIELDS = (
    "id",
    "article",
    "text",
    "kind",
    "annotator",
    "source",
    "date",
    "flag",
    "comment",
    "votes",
)
SPAN_FIELDS = ("doc", "start", "end", "sha256")
ORANGESUM = "orangesum"  # the source whose texts are not ours to keep


@dataclass(frozen=True, kw_only=True)
class Span:
    """The place of the text of a stand-off paragraph: `article[start:end]` of document `doc`."""

    doc: int
    start: int
    end: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class LabelledParagraph:
    """One paragraph with its labels.

    `labels` maps each dimension of the schema to the ids given, in their order (exactly one for a
    single dimension), and is empty for headings and boilerplate. `text` is empty until the text of
    a `span` is looked up. `flag` and `comment` are the annotator's notes for whoever reviews the
    labels. `votes` are the labels that each annotator gave before they were settled. `other` has
    the fields that mean nothing to us, unchanged.
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


def to_record(
    paragraph: LabelledParagraph, schema: Schema, *, with_texts: bool = False
) -> dict[str, Any]:
    """Return the record of a paragraph in the order of our files, the inverse of `parse_record`.

    A stand-off paragraph has its text in it only `with_texts`, and where the text is at hand.
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
    """Return labels as a record has them: one label of a single dimension, else a list."""
    return {
        d.id: labels[d.id][0] if d.kind == "single" else list(labels[d.id])
        for d in schema.dimensions
        if d.id in labels
    }


def format_labels(
    paragraphs: Iterable[LabelledParagraph], schema: Schema, *, with_texts: bool = False
) -> str:
    """Return the text of a file of labelled paragraphs: one record of `to_record` per line."""
    records = (to_record(paragraph, schema, with_texts=with_texts) for paragraph in paragraphs)
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def sha256_of(text: str) -> str:
    """Return the hash that proves that a text is the one that was labelled."""
    return hashlib.sha256(text.encode()).hexdigest()
