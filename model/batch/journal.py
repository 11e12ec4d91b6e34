"""What a batch has done so far, on disk, so that a kill at any moment loses nothing.

Beside OUTPUT stands a folder, OUTPUT.journal: `job.json`, what was asked; `records.jsonl`, the
records so far; `done.log`, one entry an input, in order, with the size and checksum of its
record. Records are on the disk before their entries are, and reading the entries ends at the first
that is not whole or that its record does not bear out. Once all is done there is `finished.json`,
with OUTPUT's checksum; as JSON lines, the records have then become OUTPUT itself.

The same command again walks through its inputs and the entries side by side. As long as they agree
nothing is done anew. Where they part (a file was changed, added or removed) the entries are set
aside (see `earlier`), and what they tell of inputs that come later is used.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from depeche.labels.errors import BatchError
from depeche.labels.system.places import put_in_place
from depeche.model.batch.earlier import Earlier
from depeche.model.batch.entries import Entry, Tagged, entry_line, iter_entries
from depeche.model.batch.failures import error_line
from depeche.model.batch.files import (
    checksum_of,
    copy_start,
    new_file,
    open_at,
    put_output,
    read_json,
    remove,
    size_of,
    sync,
    write_whole,
)
from depeche.model.batch.place import FRESH, JOB, check_free, check_place, errors_of, journal_of
from depeche.model.inputs.documents import Failure
from depeche.model.inputs.finding import MOST_NAMED
from depeche.model.locks import locked
from depeche.model.outputs.formats import Format

_COMMIT_S = 0.5  # what a kill can lose
_LOCK, _FINISHED = "lock", "finished.json"
_RECORDS, _DONE = "records.jsonl", "done.log"
_NEW = "new-"


class Journal:
    """The journal of an output, held by one process: see the module.

    Parameters
    ----------
    output
        What the batch writes.
    job
        What was asked, JSON-ready: a journal goes on only where it is the same. Its `format` is a
        `Format`; as JSON lines the records themselves become the output.
    fresh
        Whether to begin anew, whatever is there.

    Raises
    ------
    BatchError
        When another process is at it, or the output is another command's.
    """

    def __init__(self, output: Path, job: dict[str, Any], *, fresh: bool) -> None:
        self.output = output
        self._folder = journal_of(output)
        self._becomes_output = job["format"] == Format.jsonl
        self._n_records = self._n_done = 0  # bytes of what was confirmed
        self._any_failed = False
        self._kept: Generator[tuple[Entry, bytes]] | None = None
        self._next: tuple[Entry, bytes] | None = None
        self._earlier = Earlier(self._folder, output)
        self._files: tuple[IO[bytes], IO[bytes]] | None = None  # records and entries
        self._waiting: list[bytes] = []
        self._committed = 0.0
        check_place(output, job["format"])
        if not fresh:
            check_free(output)
        self._folder.mkdir(exist_ok=True)
        with ExitStack() as held:
            try:
                held.enter_context(locked(self._folder / _LOCK))
            except BlockingIOError as err:
                raise BatchError(
                    f"{output}: another command is writing it: let it end first"
                ) from err
            self._check(job, fresh)
            self._held = held.pop_all()

    def _check(self, job: dict[str, Any], fresh: bool) -> None:
        """Refuse what another command wrote, or clear it away."""
        known = read_json(self._folder / JOB)
        if fresh or known is None:
            self._remove(_FINISHED, _DONE, _RECORDS)
            self._earlier.remove()
        elif known != job:
            names = ", ".join(name for name in job if known.get(name) != job[name])
            raise BatchError(
                f"{self.output}: made by another command or model "
                f"(not the same {names or 'version'}): {FRESH}"
            )
        elif (done := self._finished) is not None:
            found = checksum_of(self.output)
            if found is None:
                self._remove(_FINISHED)
            elif found != done.get("checksum"):
                raise BatchError(
                    f"{self.output}: changed since it was made: "
                    "keep it under another name, or give --fresh to replace it"
                )
            else:
                self._tidy()
        if not (self._folder / _RECORDS).exists():
            self._earlier.complete(self._folder / _DONE)
        if known != job:
            write_whole(self._folder / JOB, json.dumps(job, ensure_ascii=False, indent=1) + "\n")

    @property
    def _finished(self) -> dict[str, Any] | None:
        return read_json(self._folder / _FINISHED)

    @property
    def is_finished(self) -> bool:
        """Whether the output stands as the entries say."""
        return self._finished is not None

    @property
    def records(self) -> Path:
        """The file that holds the records: the output, where they have become it."""
        path = self._folder / _RECORDS
        return self.output if self._becomes_output and not path.exists() else path

    def next_kept(self) -> Entry | None:
        """Return the next entry that stands, None after the last; each is confirmed by `keep`."""
        if self._kept is None:
            self._kept = iter_entries(self._folder / _DONE, self.records)
        self._next = next(self._kept, None)
        return self._next[0] if self._next else None

    def keep(self) -> None:
        """Confirm the entry that `next_kept` gave."""
        if self._next is not None:
            entry, line = self._next
            self._n_records += entry.size
            self._n_done += len(line)
            self._any_failed |= entry.reason != ""

    def end_kept(self) -> None:
        """Begin after the last input where anything follows the confirmed entries: it is cut."""
        is_longer = (size_of(self.records) or 0) > self._n_records
        if self.next_kept() is not None or is_longer:
            self.begin()

    def begin(self) -> None:
        """Begin to append after the confirmed entries; set aside those that follow, if any.

        In an order in which a kill leaves a journal that tells the truth, if not all of it.
        """
        done, records = self._folder / _DONE, self._folder / _RECORDS
        self._remove(_FINISHED)
        if self._kept is not None:
            self._kept.close()  # the files, which Windows does not replace while they are open
        if self._next is not None or not records.exists():
            new_done, new_records = self._folder / (_NEW + _DONE), self._folder / (_NEW + _RECORDS)
            copy_start(self.records, new_records, self._n_records)
            copy_start(done, new_done, self._n_done)
            if self._next is not None:
                self._earlier.add(done, records)
            put_in_place(new_records, records)
            put_in_place(new_done, done)
        self._earlier.read()
        self._files = (open_at(records, self._n_records), open_at(done, self._n_done))
        self._committed = time.monotonic()

    def known(self, id: str, key: str) -> Tagged | None:
        """Return what was set aside of an input, if it still stands."""
        return self._earlier.find(id, key)

    def append(self, tagged: Tagged) -> None:
        """Write what became of the next input, after `begin`."""
        if self._files is None:
            raise RuntimeError("append before begin")
        self._files[0].write(tagged.line)
        self._waiting.append(entry_line(tagged.entry))
        self._any_failed |= tagged.entry.reason != ""
        if time.monotonic() - self._committed > _COMMIT_S:
            self.commit()

    def commit(self) -> None:
        """Bring all that was appended to the disk, records before entries."""
        if self._files is not None:
            records, done = self._files
            sync(records)
            done.write(b"".join(self._waiting))
            sync(done)
            self._waiting = []
            self._committed = time.monotonic()

    def entries(self) -> Iterator[Entry]:
        """Yield the entries of all inputs, once they are committed."""
        return (entry for entry, _ in iter_entries(self._folder / _DONE, None))

    def new_path(self) -> Path:
        """Return a path for an output in the making."""
        path = self._folder / (_NEW + self.output.name)
        remove(path)
        return path

    def finish(self, made: Path | None, skipped: Sequence[Failure]) -> None:
        """Put the output in its place: `made`, or where there is none the records themselves.

        And beside it the list of what failed or was `skipped`.
        """
        self._close_files()
        records = self._folder / _RECORDS
        if made is not None:
            put_output(made, self.output)
        elif records.exists():
            put_in_place(records, self.output)
        self.put_errors(skipped)
        write_whole(self._folder / _FINISHED, json.dumps({"checksum": checksum_of(self.output)}))
        self._tidy()

    def _tidy(self) -> None:
        """Remove what a finished batch has no use for, or a kill left."""
        self._earlier.remove()
        for path in [*self._folder.glob(f"{_NEW}*"), *self._folder.glob("old-*")]:
            remove(path)

    def discard(self) -> None:
        """Remove the journal of a batch that made nothing, unless an earlier run did."""
        self._close_files()
        if not self.output.exists() and self._earlier.is_empty:
            shutil.rmtree(self._folder, ignore_errors=True)

    def put_errors(self, skipped: Sequence[Failure]) -> None:
        """Write the list of what failed or was skipped, or remove that of an earlier run.

        There is one where anything failed, or more was skipped than is named.
        """
        path, new = errors_of(self.output), self._folder / (_NEW + "errors.jsonl")
        if not self._any_failed and len(skipped) <= MOST_NAMED:
            path.unlink(missing_ok=True)
            return
        with new_file(new) as file:
            for entry in self.entries():
                if entry.reason:
                    file.write(error_line(entry.where, entry.reason).encode())
            file.writelines(error_line(one.where, one.reason).encode() for one in skipped)
        put_in_place(new, path)

    def _remove(self, *names: str) -> None:
        for name in names:
            (self._folder / name).unlink(missing_ok=True)

    def _close_files(self) -> None:
        for file in self._files or ():
            file.close()
        self._files = None

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, at: TracebackType | None
    ) -> None:
        try:
            if kind is not None and not isinstance(err, OSError):
                self.commit()  # stopped by the user, or by a fault elsewhere: lose nothing
            self._close_files()
        finally:
            self._held.close()
