"""What became of each input of a batch."""

from __future__ import annotations

import zlib
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from depeche.labels.schema import Schema


class Entry(NamedTuple):
    """What became of one input, as the journal keeps it.

    `key` is that of its document; `size` and `checksum` are of its line of JSON,
    with the newline; `given` are the columns of the labels of the whole article, `warnings` what
    a reader should know before relying on its tags. Of an input that
    failed there are `where`, `id`, `key` and `reason`.
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


class Tagged(NamedTuple):
    """An input's entry and its record as a line of JSON, empty where it failed."""

    entry: Entry
    line: bytes


def given_columns(record: dict[str, Any], schema: Schema) -> list[int]:
    """Return the columns of the labels that a whole article is given."""
    given = []
    for dimension, span in schema.columns():
        found = record[dimension.id]
        labels = [tag["label"] for tag in (found if dimension.kind == "multi" else [found])]
        given += [span.start + dimension.label_ids.index(label) for label in labels]
    return given


def entry_line(entry: Entry) -> bytes:
    """Return an entry as a line of the journal: its checksum, then its fields as JSON."""
    fields = orjson.dumps(tuple(entry))
    return b"%08x %b\n" % (zlib.crc32(fields), fields)


def _parse_entry(line: bytes) -> Entry | None:
    """Return the entry of a line, None of a line that is not whole."""
    checksum, _, fields = line[:-1].partition(b" ")
    if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(fields):
        return None
    try:
        entry = Entry(*orjson.loads(fields))
    except (ValueError, TypeError):
        return None
    return entry if _is_plain(entry) else None


def _is_plain(entry: Entry) -> bool:
    """Return whether the fields are of the kinds that `entry_line` writes."""
    texts = (entry.where, entry.id, entry.key, entry.reason, entry.language)
    lists = (entry.given, entry.warnings)
    counts = (entry.size, entry.checksum, entry.n_paragraphs, entry.n_skipped)
    return (
        all(isinstance(text, str) for text in texts)
        and all(isinstance(found, list) for found in lists)
        and all(isinstance(n, int) and n >= 0 for n in (*counts, *entry.given))
    )


def iter_entries(done: Path, records: Path | None) -> Generator[tuple[Entry, bytes]]:
    """Yield entries with their lines, as far as they are whole and `records` bears them out."""
    with ExitStack() as files:
        try:
            lines = files.enter_context(done.open("rb"))
            held = files.enter_context(records.open("rb")) if records else None
        except FileNotFoundError:
            return
        for line in lines:
            entry = _parse_entry(line)
            if entry is None:
                return
            if held is not None and zlib.crc32(held.read(entry.size)) != entry.checksum:
                return
            yield entry, line
