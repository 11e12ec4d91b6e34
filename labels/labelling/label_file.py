"""The labels file that the app writes, and its journal: each decision is on the disk at once.

While the app runs, `FILE.journal.jsonl` stands beside FILE. It has one line per decision, which is
on the disk before the app goes on. A line is the record, or `{"id": …, "removed": true}` where a
decision was taken back; the last line about an id counts. When the app ends, and when it starts
after a kill, the decisions of the journal go into a new file that replaces FILE, and the journal is
removed. Doing so twice gives the same file, so that a kill in between does no harm.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from depeche.labels.errors import LabelsError
from depeche.labels.formats.parsing import parse_json
from depeche.labels.paragraphs import LabelledParagraph, format_labels
from depeche.labels.records import parse_labels
from depeche.labels.schema import Schema
from depeche.labels.system.places import put_in_place


def journal_of(path: Path) -> Path:
    """Return the journal of a labels file."""
    return path.with_name(f"{path.name}.journal.jsonl")


def lock_of(path: Path) -> Path:
    """Return the file whose lock is held while a labels file is written."""
    return path.with_name(f".{path.name}.lock")


class DecisionFile:
    """A labels file open for decisions; the caller holds the lock on its `lock_of`.

    `records` maps ids to records, in the order in which they were first decided.

    Raises
    ------
    LabelsError
        When the file or its journal breaks the format or cannot be read or written.
    """

    def __init__(self, path: Path, schema: Schema) -> None:
        self.path = path.resolve()  # a link is followed
        self._schema = schema
        self._journal_path = journal_of(self.path)
        try:
            self._lines, self.records = _read(self.path, schema)
            if self._journal_path.exists():
                self._recover()
            self._journal_path.unlink(missing_ok=True)
            self._journal = self._journal_path.open("ab", buffering=0)
            _sync_folder(self.path.parent)
        except OSError as err:
            raise LabelsError(f"{path}: cannot be labelled: {err.strerror}") from err

    def _recover(self) -> None:
        """Put the decisions that a killed process left in the journal into the file."""
        for id, line in _journal_lines(self._journal_path):
            self._put(id, line, self._parsed(line))
        self._replace()

    def write(self, decision: LabelledParagraph) -> bytes | None:
        """Bring a decision to the disk; return the line that it replaces, for `restore`.

        The other fields of that line, beside the labels, the flag and the comment, are kept.
        """
        old = self.records.get(decision.id)
        record = decision if old is None else _with_rest(decision, old)
        # A text that is not ours to write stays where somebody else wrote it.
        with_texts = old is not None and bool(old.text)
        text = format_labels([record], self._schema, with_texts=with_texts)
        before = self._lines.get(decision.id)
        self._append(decision.id, text.rstrip("\n").encode())
        return before

    def restore(self, id: str, before: bytes | None) -> None:
        """Bring the line that a record had before to the disk, or (None) its removal."""
        self._append(id, before)

    def close(self) -> None:
        """Put the journal into the file and remove it; a second call does nothing.

        Raises
        ------
        LabelsError
            When the file cannot be written. It stays as it was, and the journal keeps all.
        """
        if self._journal.closed:
            return
        try:
            self._journal.close()
            if self._journal_path.stat().st_size:
                self._replace()
            self._journal_path.unlink()
        except OSError as err:
            raise LabelsError(
                f"{self.path}: cannot be written: {err.strerror}; nothing is lost, the decisions "
                f"are in {self._journal_path.name} beside it: once it can be written, run the same "
                "command again"
            ) from err

    def _append(self, id: str, line: bytes | None) -> None:
        """Append a line to the journal, or leave the journal as it was."""
        record = self._parsed(line)
        entry = line or json.dumps({"id": id, "removed": True}, ensure_ascii=False).encode()
        size = os.fstat(self._journal.fileno()).st_size
        try:
            if self._journal.write(entry + b"\n") <= len(entry):
                raise OSError(0, "the disk is full")
            os.fsync(self._journal.fileno())
        except OSError as err:
            self._journal.truncate(size)
            raise LabelsError(f"{self._journal_path}: not written: {err.strerror}") from err
        self._put(id, line, record)

    def _parsed(self, line: bytes | None) -> LabelledParagraph | None:
        return parse_labels(line, self._schema, path=self._journal_path)[0] if line else None

    def _put(self, id: str, line: bytes | None, record: LabelledParagraph | None) -> None:
        """Remember the record of an id, or (None) forget it."""
        if line is None or record is None:
            self._lines.pop(id, None)
            self.records.pop(id, None)
        else:
            self._lines[id] = line
            self.records[id] = record

    def _replace(self) -> None:
        """Replace the file by a new one with the lines; without lines, remove it."""
        if not self._lines:
            self.path.unlink(missing_ok=True)
            return
        handle, name = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)
        new = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.writelines(line + b"\n" for line in self._lines.values())
                file.flush()
                os.fsync(file.fileno())
            # The journal has the permissions that the user's mask gives to a new file.
            shutil.copymode(self.path if self.path.exists() else self._journal_path, new)
            put_in_place(new, self.path)
            _sync_folder(self.path.parent)
        finally:
            new.unlink(missing_ok=True)


def _with_rest(decision: LabelledParagraph, old: LabelledParagraph) -> LabelledParagraph:
    """Return a decision with the other fields of an older one."""
    source, date = decision.source or old.source, decision.date or old.date
    votes = old.votes if decision.kind == "body" else {}
    merged = replace(decision, source=source, date=date, votes=votes, other=old.other)
    if old.span is None or decision.span is not None:
        return merged
    return replace(merged, text=old.text, span=old.span, source=old.source)


def _read(path: Path, schema: Schema) -> tuple[dict[str, bytes], dict[str, LabelledParagraph]]:
    """Return the lines and the records of a labels file by id; none where the file is missing."""
    data = path.read_bytes() if path.exists() else b""
    if not data.strip():
        return {}, {}
    records = parse_labels(data, schema, path=path)
    lines = (line.strip() for line in data.decode("utf-8-sig").split("\n") if line.strip())
    ids = [record.id for record in records]
    by_id = dict(zip(ids, (line.encode() for line in lines), strict=True))
    return by_id, dict(zip(ids, records, strict=True))


def _journal_lines(path: Path) -> Iterator[tuple[str, bytes | None]]:
    """Yield the id and the record, or None, of each line of a journal.

    A kill or a loss of power may have torn the last line: it was never confirmed, and is left out.
    """
    *lines, _torn = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, start=1):
        try:
            row = parse_json(line)
        except ValueError as err:
            if number == len(lines):  # torn as well: bytes reach the disk in any order
                return
            raise LabelsError(f"{path}:{number}: not JSON: {err}") from err
        if not isinstance(row, dict) or not isinstance(row.get("id"), str):
            raise LabelsError(f"{path}:{number}: not a record with an id")
        yield row["id"], None if "removed" in row and "article" not in row else line


def _sync_folder(folder: Path) -> None:
    """Bring the names of a folder's files to the disk, where the system can do so."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
