"""What became of each input of a batch: an entry, and a record where it was tagged."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from depeche.labels.schema import Schema
from depeche.model.inputs.documents import Document, Failure


class Entry(NamedTuple):
    """What became of one input, as the journal keeps it.

    `key` is the key of its document; `size` and `checksum` are those of its line of JSON, with the
    newline; `given` are the columns of the labels of the article, `warnings` what a reader should
    know before relying on its tags. An input that failed has `where`, `id`, `key` and `reason`.
    """

    where: str
    id: str
    key: str
    reason: str = ""
    size: int = 0
    checksum: int = 0
    n_paragraphs: int = 0
    n_skipped: int = 0
    language: str = ""
    given: Sequence[int] = ()
    warnings: Sequence[str] = ()

    def to_line(self) -> bytes:
        """Return the entry as a line of the journal: its checksum, then its fields as JSON."""
        fields = orjson.dumps(tuple(self))
        return b"%08x %b\n" % (zlib.crc32(fields), fields)

    def is_about(self, item: Document | Failure, n_labels: int) -> bool:
        """Return whether this is what became of just this input, with labels that there are."""
        if any(column >= n_labels for column in self.given):
            return False
        if isinstance(item, Failure):
            return (self.where, self.reason, self.key) == (item.where, item.reason, "")
        return (self.where, self.id, self.key) == (item.where, item.id, item.key)


_TYPES = (str, str, str, str, int, int, int, int, str, list, list)  # of an entry's fields in JSON


def parse_entry(line: bytes) -> Entry | None:
    """Return the entry of a line, None of one that `Entry.to_line` did not write, or not all of."""
    checksum, _, fields = line[:-1].partition(b" ")
    if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(fields):
        return None
    try:
        entry = Entry(*orjson.loads(fields))
    except (ValueError, TypeError):
        return None
    if any(type(value) is not kind for value, kind in zip(entry, _TYPES, strict=True)):
        return None
    counts = (entry.size, entry.checksum, entry.n_paragraphs, entry.n_skipped, *entry.given)
    return entry if all(type(n) is int and n >= 0 for n in counts) else None


class Tagged(NamedTuple):
    """An input's entry and its record as a line of JSON, empty where it failed."""

    entry: Entry
    line: bytes


def document_or_failed(item: Document | Failure) -> Document | Tagged:
    """Return a document as it is, and what becomes of an input that gives none."""
    return (
        Tagged(Entry(item.where, "", "", item.reason), b"") if isinstance(item, Failure) else item
    )


def failed_document(document: Document, reason: str) -> Tagged:
    """Return what becomes of a document that cannot be tagged."""
    return Tagged(Entry(document.where, document.id, document.key, reason), b"")


def tagged_document(
    document: Document, record: dict[str, Any], schema: Schema, warnings: Sequence[str]
) -> Tagged:
    """Return what becomes of a document that has a record."""
    line = orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
    entry = Entry(
        where=document.where,
        id=document.id,
        key=document.key,
        size=len(line),
        checksum=zlib.crc32(line),
        n_paragraphs=len(record["paragraphs"]),
        n_skipped=len(record["skipped"]),
        language=record["language"],
        given=_given_columns(record, schema),
        warnings=warnings,
    )
    return Tagged(entry, line)


def _given_columns(record: dict[str, Any], schema: Schema) -> list[int]:
    """Return the columns of the labels that an article is given."""
    columns = []
    for dimension, span in schema.columns():
        tags = record[dimension.id] if dimension.kind == "multi" else [record[dimension.id]]
        columns += [span.start + dimension.label_ids.index(tag["label"]) for tag in tags]
    return columns
