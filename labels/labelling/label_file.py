"""The labels file that the app writes, and its journal: a decision made is on the disk.

Beside FILE stands `FILE.journal.jsonl` while the app runs: a line for each decision, brought to the
disk before the app goes on. A line is the record itself, or `{"id": …, "removed": true}` where a
decision was taken back; of several about an id the last one holds. When the app ends, and when it
starts after a kill, the journal is folded into FILE, which is replaced by a whole new file, and is
then removed. Folding twice gives the same, so that a kill in between does no harm.
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
from depeche.labels.paragraphs import LabelledParagraph, format_labels, parse_labels
from depeche.labels.schema import Schema
from depeche.labels.system.places import put_in_place


def journal_of(path: Path) -> Path:
    """Return the journal of a labels file."""
    return path.with_name(f"{path.name}.journal.jsonl")


def lock_of(path: Path) -> Path:
    """Return the file to hold a lock on while a labels file is written."""
    return path.with_name(f".{path.name}.lock")


class DecisionFile:
    """A labels file open for decisions; the caller holds `lock_of` it.

    `records` maps ids to records, in the order in which they were first decided.

    Raises
    ------
    LabelsError
        When the file or its journal breaks the format or cannot be read or written.
    """

    def __init__(self, path: Path, schema: Schema) -> None:
        self.path = path.resolve()  # of a link, what it points to
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
        """Fold in what a killed process left."""
        for id, line in _journal_lines(self._journal_path):
            self._put(id, line, self._parsed(line))
        self._replace()

    def write(self, decision: LabelledParagraph) -> bytes | None:
        """Bring a decision to the disk; return the line that it replaces, for `restore`.

        What stands in that line beside the labels, the flag and the comment is kept.
        """
        old = self.records.get(decision.id)
        record = decision if old is None else _with_rest(decision, old)
        # A text that is not ours to write stays where somebody else has written it.
        with_texts = old is not None and bool(old.text)
        text = format_labels([record], self._schema, with_texts=with_texts)
        before = self._lines.get(decision.id)
        self._append(decision.id, text.rstrip("\n").encode())
        return before

    def restore(self, id: str, before: bytes | None) -> None:
        """Bring to the disk that a record is what it was, or (None) is none."""
        self._append(id, before)

    def close(self) -> None:
        """Fold the journal into the file, whole, and remove it; a second time does nothing.

        Raises
        ------
        LabelsError
            When the file cannot be written: it is as it was, and the journal keeps the decisions.
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
        """Append a line to the journal, or leave it as it was."""
        record = self._parsed(line)
        whole = line or json.dumps({"id": id, "removed": True}, ensure_ascii=False).encode()
        size = os.fstat(self._journal.fileno()).st_size
        try:
            if self._journal.write(whole + b"\n") <= len(whole):
                raise OSError(0, "the disk is full")
            os.fsync(self._journal.fileno())
        except OSError as err:
            self._journal.truncate(size)
            raise LabelsError(f"{self._journal_path}: not written: {err.strerror}") from err
        self._put(id, line, record)

    def _parsed(self, line: bytes | None) -> LabelledParagraph | None:
        return parse_labels(line, self._schema, path=self._journal_path)[0] if line else None

    def _put(self, id: str, line: bytes | None, record: LabelledParagraph | None) -> None:
        """Take a record, or (None) that there is none."""
        if line is None or record is None:
            self._lines.pop(id, None)
            self.records.pop(id, None)
        else:
            self._lines[id] = line
            self.records[id] = record

    def _replace(self) -> None:
        """Write the lines as a new file in the place of the old one; none, no file."""
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
            # The journal has the rights that the user's mask gives to a new file.
            shutil.copymode(self.path if self.path.exists() else self._journal_path, new)
            put_in_place(new, self.path)
            _sync_folder(self.path.parent)
        finally:
            new.unlink(missing_ok=True)


def _with_rest(decision: LabelledParagraph, old: LabelledParagraph) -> LabelledParagraph:
    """Return a decision with what an older one has beside it."""
    source, date = decision.source or old.source, decision.date or old.date
    votes = old.votes if decision.kind == "body" else {}
    found = replace(decision, source=source, date=date, votes=votes, other=old.other)
    if old.span is None or decision.span is not None:
        return found
    return replace(found, text=old.text, span=old.span, source=old.source)


def _read(path: Path, schema: Schema) -> tuple[dict[str, bytes], dict[str, LabelledParagraph]]:
    """Return the lines and the records of a labels file by id; none where there is no file."""
    data = path.read_bytes() if path.exists() else b""
    if not data.strip():
        return {}, {}
    found = parse_labels(data, schema, path=path)
    lines = (line.strip() for line in data.decode("utf-8-sig").split("\n") if line.strip())
    ids = [record.id for record in found]
    whole = dict(zip(ids, (line.encode() for line in lines), strict=True))
    return whole, dict(zip(ids, found, strict=True))


def _journal_lines(path: Path) -> Iterator[tuple[str, bytes | None]]:
    """Yield the id and the record, or None, of each line of a journal.

    The last line may be torn, by a kill or a loss of power: it was never confirmed.
    """
    *lines, _torn = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, start=1):
        try:
            row = parse_json(line)
        except ValueError as err:
            if number == len(lines):  # the bytes of a file may reach the disk in any order
                return
            raise LabelsError(f"{path}:{number}: not JSON: {err}") from err
        if not isinstance(row, dict) or not isinstance(row.get("id"), str):
            raise LabelsError(f"{path}:{number}: not a record with an id")
        yield row["id"], None if "removed" in row and "article" not in row else line


def _sync_folder(folder: Path) -> None:
    """Bring the names of a folder's files to the disk, where the system can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
