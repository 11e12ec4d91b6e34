"""What a batch has done so far, on disk, so that a kill at any moment loses nothing.

Beside OUTPUT stands a folder, .depeche/OUTPUT: `job.json`, what was asked; `records.jsonl` and
`done.log`, the log of what is done; at the end `errors.jsonl`, and `finished.json` with OUTPUT's
checksum. As JSON lines, the records become OUTPUT itself.

The same command again walks through its inputs and the log side by side. Where they part (a file
was changed, added or removed) the rest of the log is appended to a second one, `earlier-`, where
inputs that come later find their records.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any

from depeche.labels.errors import BatchError
from depeche.labels.system.places import put_in_place
from depeche.model.batch import files
from depeche.model.batch.log import Log, iter_kept
from depeche.model.batch.outcomes import Entry, Tagged
from depeche.model.batch.place import FINISHED, check_free, check_place, check_same, journal_of
from depeche.model.inputs.documents import Document, Failure
from depeche.model.inputs.earlier_outputs import JOB
from depeche.model.locks import locked
from depeche.model.outputs.formats import Format

_LEFT = ["earlier-*", "new-*", "old-*"]  # of no use once all is done


@contextmanager
def open_journal(output: Path, job: dict[str, Any], *, fresh: bool) -> Iterator[Journal]:
    """Give the journal of an output, held by this process alone.

    `job` is what was asked, JSON-ready: only the same job goes on, unless `fresh` begins anew.

    Raises
    ------
    BatchError
        When another process holds it, or the output is another command's.
    """
    check_place(output, job["format"])
    if not fresh:
        check_free(output)
    folder = journal_of(output)
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        held.callback(_remove_empty, folder)
        try:
            held.enter_context(locked(folder / "lock"))
        except BlockingIOError as err:
            raise BatchError(f"{output}: another command is writing it: let it end first") from err
        journal = Journal(output, job, fresh=fresh)
        held.callback(journal.log.close)  # stopped by the user, or by a fault: nothing is lost
        yield journal


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):  # it is not empty: something was made
        folder.rmdir()
        folder.parent.rmdir()


class Journal:
    """What is done of the batch that writes an output; append to `log` what is done next."""

    def __init__(self, output: Path, job: dict[str, Any], *, fresh: bool) -> None:
        self.output = output
        self._folder = journal_of(output)
        self.log, self._earlier = Log(self._folder), Log(self._folder, "earlier-")
        self._places: dict[tuple[str, str], tuple[int, Entry]] = {}  # in `_earlier`, by id and key
        is_known = not fresh and files.read_json(self._folder / JOB) is not None
        self.is_finished = is_known and check_same(output, job)
        self._remove(*(_LEFT if self.is_finished else [FINISHED]))
        if not is_known:
            self._remove("*done.log", "*records.jsonl")
            files.write_json(self._folder / JOB, job)
        has_become = job["format"] == Format.jsonl and not self.log.records.exists()
        self.records = output if has_become else self.log.records
        self._rest = iter_kept(self.log.entries, self.records)  # what is not confirmed yet
        self._n_records = self._n_entries = 0  # bytes of what is confirmed

    def keep(self, item: Document | Failure | None, n_labels: int) -> Entry | None:
        """Return the entry of the next input, None from the first on that the log does not have.

        From then on, append to the log. After the last input give None, to cut what follows.
        """
        kept = next(self._rest, None)
        if kept and item and kept[0].entry.is_about(item, n_labels):
            tagged, self._n_records, self._n_entries = kept
            return tagged.entry
        if not self.log.is_open and (kept or item or not self.is_finished):
            self._begin(chain([kept] if kept else [], self._rest))
        return None

    def _begin(self, rest: Iterable[tuple[Tagged, int, int]]) -> None:
        """Begin to append after what is confirmed; set aside the rest of the log.

        In an order in which a kill leaves a journal that tells the truth, if not all of it.
        """
        self._remove(FINISHED)
        self.is_finished = False
        self._set_aside(tagged for tagged, *_ in rest)
        if self._n_records and self.records == self.output:
            new = self._folder / "new-records.jsonl"
            files.copy_start(self.output, new, self._n_records)
            put_in_place(new, self.log.records)
        self.records = self.log.records
        self.log.open(self._n_records, self._n_entries)

    def _set_aside(self, rest: Iterable[Tagged]) -> None:
        """Append records to the earlier ones, and note where each of these stands."""
        n_records = n_entries = 0
        for (entry, _), *lengths in iter_kept(self._earlier.entries, self._earlier.records):
            self._places[entry.id, entry.key] = n_records, entry
            n_records, n_entries = lengths
        for tagged in rest:
            entry = tagged.entry
            if tagged.line and (entry.id, entry.key) not in self._places:
                if not self._earlier.is_open:
                    self._earlier.open(n_records, n_entries)
                self._earlier.append(tagged)
                self._places[entry.id, entry.key] = n_records, entry
                n_records += entry.size
        self._earlier.close()

    def known(self, document: Document) -> Tagged | None:
        """Return what was set aside about a document."""
        offset, entry = self._places.get((document.id, document.key), (0, None))
        if entry is None:
            return None
        with self._earlier.records.open("rb") as file:
            file.seek(offset)
            return Tagged(entry._replace(where=document.where), file.read(entry.size))

    def new_path(self) -> Path:
        """Return a path for an output in the making."""
        path = self._folder / f"new-{self.output.name}"
        files.remove(path)
        return path

    def finish(self, made: Path | None) -> None:
        """Put the output in its place: `made`, or where there is none the records themselves."""
        self.log.close()
        if made is not None:
            files.put_output(made, self.output)
        elif self.records != self.output:
            put_in_place(self.records, self.output)
        files.write_json(self._folder / FINISHED, {"checksum": files.checksum_of(self.output)})
        self._remove(*_LEFT)

    def discard(self) -> None:
        """Remove what is kept of a batch that made nothing, unless an earlier run made more."""
        self.log.close()
        if not self.output.exists() and not self._places:
            self._remove(JOB, "done.log", "records.jsonl")

    def _remove(self, *patterns: str) -> None:
        for pattern in patterns:
            for path in list(self._folder.glob(pattern)):
                files.remove(path)
