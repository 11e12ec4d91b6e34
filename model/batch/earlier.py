"""Records that a batch set aside, as an input before them changed, until their inputs come."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

from depeche.model.batch.entries import Entry, Tagged, iter_entries

_NAME = re.compile(r"earlier-(\d+)-(?:done\.log|records\.jsonl)")


class Earlier:
    """What is set aside in the folder of a journal: `earlier-1-done.log`, and its records.

    Records that have become the output are looked for there.
    """

    def __init__(self, folder: Path, output: Path) -> None:
        self._folder = folder
        self._output = output
        self._places: dict[tuple[str, str], tuple[Path, int, Entry]] = {}

    def add(self, done: Path, records: Path) -> None:
        """Set entries and their records aside, the entries last: `complete` mends the rest."""
        n = max(self._numbers(), default=0) + 1
        if records.exists():
            records.replace(self._records(n))
        done.replace(self._done(n))

    def complete(self, done: Path) -> None:
        """Set entries aside whose records were before a kill."""
        for n in self._numbers():
            if done.exists() and self._records(n).exists() and not self._done(n).exists():
                done.replace(self._done(n))

    def read(self) -> None:
        """Note the place of each record, by the id and key of its input."""
        for n in self._numbers():
            at = 0
            for entry, _ in iter_entries(self._done(n), None):
                if entry.size:
                    self._places[entry.id, entry.key] = (self._records(n), at, entry)
                at += entry.size

    def find(self, id: str, key: str) -> Tagged | None:
        """Return what was set aside of an input, if it still stands."""
        if (id, key) not in self._places:
            return None
        path, at, entry = self._places[id, key]
        with (path if path.exists() else self._output).open("rb") as file:
            file.seek(at)
            line = file.read(entry.size)
        return Tagged(entry, line) if zlib.crc32(line) == entry.checksum else None

    def remove(self) -> None:
        """Remove it all."""
        for n in self._numbers():
            self._records(n).unlink(missing_ok=True)  # first: see `complete`
            self._done(n).unlink(missing_ok=True)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is set aside."""
        return not self._numbers()

    def _numbers(self) -> list[int]:
        names = (_NAME.fullmatch(path.name) for path in self._folder.iterdir())
        return sorted({int(name[1]) for name in names if name})

    def _done(self, n: int) -> Path:
        return self._folder / f"earlier-{n}-done.log"

    def _records(self, n: int) -> Path:
        return self._folder / f"earlier-{n}-records.jsonl"
