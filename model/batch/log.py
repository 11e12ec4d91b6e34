"""Two append-only files that keep what became of each input of a batch, whatever is killed."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from depeche.model.batch.files import open_at, sync
from depeche.model.batch.outcomes import Tagged, parse_entry

_COMMIT_S = 0.5  # what a kill can lose


class Log:
    """Two files that are only appended to: the records, and one entry for each input, in order.

    Records reach the disk before their entries do, and reading ends at the first entry that is not
    complete or whose record is not as the entry says: a kill loses only what was not committed.
    """

    def __init__(self, folder: Path, prefix: str = "") -> None:
        self.records = folder / f"{prefix}records.jsonl"
        self.entries = folder / f"{prefix}done.log"
        self.is_open = False  # to append
        self._files: list[IO[bytes]] = []  # of records and entries, while it is open
        self._waiting: list[bytes] = []
        self._committed = 0.0

    def open(self, n_records: int, n_entries: int) -> None:
        """Begin to append after so many bytes of each file; cut what follows them."""
        self._files = [open_at(self.entries, n_entries)]
        self._files.insert(0, open_at(self.records, n_records))
        self._committed = time.monotonic()
        self.is_open = True

    def append(self, tagged: Tagged) -> None:
        """Write what became of the next input, and commit from time to time."""
        self._files[0].write(tagged.line)
        self._waiting.append(tagged.entry.to_line())
        if time.monotonic() - self._committed > _COMMIT_S:
            self.commit()

    def commit(self) -> None:
        """Bring all that was appended to the disk, records before entries."""
        if self.is_open:
            records, entries = self._files
            sync(records)
            entries.write(b"".join(self._waiting))
            sync(entries)
            self._waiting = []
            self._committed = time.monotonic()

    def close(self) -> None:
        """Commit, and close the files."""
        self.commit()
        for file in self._files:
            file.close()
        self.is_open, self._files = False, []


def iter_kept(entries: Path, records: Path | None) -> Iterator[tuple[Tagged, int, int]]:
    """Yield what became of each input, and the bytes of records and entries up to there.

    As far as the records are as the entries say; without `records`, the entries alone.
    """
    n_records = n_entries = 0
    with ExitStack() as files:
        try:
            lines = files.enter_context(entries.open("rb"))
            file = files.enter_context(records.open("rb")) if records else None
        except FileNotFoundError:
            return
        for line in lines:
            entry = parse_entry(line)
            if entry is None:
                return
            record = file.read(entry.size) if file else b""
            if file and zlib.crc32(record) != entry.checksum:
                return
            n_records += entry.size
            n_entries += len(line)
            yield Tagged(entry, record), n_records, n_entries
