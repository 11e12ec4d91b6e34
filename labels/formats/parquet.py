"""Reads the rows of Parquet files in another process, which a broken or crafted file may kill."""

from __future__ import annotations

import atexit
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, BinaryIO

from depeche.labels.errors import InputError, MissingExtraError
from depeche.labels.formats import parquet_worker
from depeche.labels.system.processes import interrupts_held

# Memory that reading may take. No honest file needs more; a crafted one of 1 kB asked for 4 GB.
_LEAST_MEMORY, _MEMORY_PER_BYTE = 200_000_000, 25
# A file with more rows holds nothing but repeated or empty cells: 1 kB can declare 10^9 rows.
_LEAST_ROWS, _ROWS_PER_BYTE = 1_000_000, 100
_AT_ONCE = 64  # rows unpacked together
_SMALL = 1 << 20  # bytes; a smaller file is sent in one message
_ENVIRONMENT = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # the only pool that obeys a limit
    "OPENBLAS_NUM_THREADS": "1",  # pyarrow imports numpy, which starts threads
}
_PATIENCE_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a file; `is_text` tells whether its type may hold texts."""

    name: str
    kind: str
    is_text: bool


@dataclass(frozen=True, kw_only=True)
class Contents:
    """The columns of a file and its metadata, as the file states them."""

    columns: Sequence[Column]
    metadata: dict[bytes, bytes]


Choose = Callable[[Contents], Sequence[str] | None]


def check_pyarrow() -> None:
    """Raise `MissingExtraError` when pyarrow is not installed."""
    try:
        missing = find_spec("pyarrow") is None
    except ValueError:  # what stands for it in sys.modules is no module
        missing = True
    if missing:
        raise MissingExtraError("pyarrow", "batch")


def iter_rows(file: BinaryIO, choose: Choose) -> Iterator[Any]:
    """Yield each row of a file: the strings of the chosen columns, or why it has none.

    Parameters
    ----------
    file
        Open, and seekable.
    choose
        Takes the contents of the file and returns the names of columns, the column of texts first,
        or None for all columns: then a row is a dictionary.

    Raises
    ------
    InputError
        Where the file is broken, after all rows before that; the message does not name the file.
        Errors of `choose` pass through.
    MissingExtraError
        When pyarrow is not installed.
    """
    check_pyarrow()
    reading = _Reading(file, choose)
    try:
        yield from reading.rows()
    finally:
        reading.close()


class _BrokenError(Exception):
    """The worker says that the file is broken."""


class _EndedError(Exception):
    """The worker has ended."""


class _Reading:
    """A file that is being read, by one worker or, where that one ends, by another."""

    def __init__(self, file: BinaryIO, choose: Choose) -> None:
        self._file = file
        self._choose = choose
        self._size = file.seek(0, os.SEEK_END)
        self._names: Sequence[str] | None = None
        self._n_rows = 0
        self._worker: _Worker | None = None
        self._is_open = False  # in the worker
        self._is_busy = False  # the worker, with the last question

    def rows(self) -> Iterator[Any]:
        """Yield the rows; after a failure, go on one by one up to the row that cannot be read."""
        at_once = _AT_ONCE
        while True:
            try:
                yield from self._rows(at_once)
                return
            except _BrokenError as err:
                if not self._is_open or at_once == 1:
                    raise InputError(f"broken Parquet data, what follows is lost: {err}") from err
            except _EndedError as err:
                self._worker, self._is_open, self._is_busy = None, False, False
                if at_once == 1:
                    raise InputError(str(err)) from err
            at_once = 1

    def _rows(self, at_once: int) -> Iterator[Any]:
        if self._worker is None:  # one that read other files may have been harmed by them
            self._worker = _Worker() if at_once == 1 else _take_worker()
        if not self._is_open:
            bound = _LEAST_MEMORY + _MEMORY_PER_BYTE * self._size
            _, columns, n_rows, metadata = self._ask("open", self._size, self._data(), bound)
            self._is_open = True
            if n_rows > _LEAST_ROWS + _ROWS_PER_BYTE * self._size:
                raise InputError(
                    f"{n_rows} rows in {self._size} bytes, where at most {_LEAST_ROWS} and "
                    f"{_ROWS_PER_BYTE} per byte are allowed: they are empty, or all the same"
                )
            about = [Column(name=name, kind=kind, is_text=text) for name, kind, text in columns]
            self._names = self._choose(Contents(columns=about, metadata=metadata))
        what, *rest = self._ask("rows", self._names, self._n_rows, at_once)
        while what == "rows":
            for row in rest[0]:
                self._n_rows += 1
                yield row
            what, *rest = self._answer()

    def _data(self) -> bytes:
        """Return the bytes of a small file, so that the worker need not ask for them."""
        if self._size > _SMALL:
            return b""
        self._file.seek(0)
        return self._file.read(_SMALL)

    def _ask(self, *question: Any) -> Any:
        """Return the first answer of the worker to a question."""
        if self._worker is not None:
            self._is_busy = True
            self._worker.send(question)
        return self._answer()

    def _answer(self) -> Any:
        """Return the next answer of the worker, giving it the bytes that it asks for first."""
        if self._worker is None:
            raise RuntimeError("no worker was asked")
        while (message := self._worker.receive())[0] == "read":
            _, offset, n = message
            self._file.seek(offset)
            self._worker.send(self._file.read(n))
        self._is_busy = message[0] == "rows"
        if message[0] == "broken":
            raise _BrokenError(message[1])
        return message

    def close(self) -> None:
        """Leave the worker to the next file, or end it where it is still busy with this one."""
        if self._worker is None:
            return
        if self._is_busy:
            self._worker.end()
        else:
            _idle.append(self._worker)


class _Worker:
    """A process that reads one file after another."""

    def __init__(self) -> None:
        with interrupts_held():
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-P", parquet_worker.__file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # where a crash would print
                env=os.environ | _ENVIRONMENT,
            )
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("a process without pipes")
        self._stdin, self._stdout = self._process.stdin, self._process.stdout

    def send(self, message: Any) -> None:
        """Send a message.

        Raises
        ------
        _EndedError
            When the worker has ended; so does `receive`.
        """
        try:
            pickle.dump(message, self._stdin, protocol=5)
            self._stdin.flush()
        except OSError as err:
            raise self._ended() from err

    def receive(self) -> Any:
        """Return the next message."""
        try:
            return pickle.load(self._stdout)  # noqa: S301 - of our own process
        except (EOFError, OSError, pickle.UnpicklingError) as err:
            raise self._ended() from err

    def _ended(self) -> _EndedError:
        try:
            status = self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:  # it closed its pipes, and lives
            status = -signal.SIGTERM
        self.end()
        if status == parquet_worker.NO_MEMORY:
            return _EndedError(
                f"takes more memory to read than {_LEAST_MEMORY // 10**6} MB and "
                f"{_MEMORY_PER_BYTE} times the size of the file, what follows is lost: write it in "
                "smaller row groups"
            )
        how = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        return _EndedError(
            f"broken Parquet data, what follows is lost: it ended the process that read it ({how})"
        )

    def end(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.wait()
        self.forget()

    def forget(self) -> None:
        """Close the pipes to the process, which then ends unless another process holds them."""
        for pipe in (self._stdin, self._stdout):
            with suppress(OSError):  # of data that could not be sent
                pipe.close()

    def leave(self) -> None:
        """Let the process end, and wait for it."""
        self.forget()
        self._process.wait()


_idle: list[_Worker] = []  # workers that wait for the next file


def _take_worker() -> _Worker:
    try:
        return _idle.pop()
    except IndexError:
        return _Worker()


@atexit.register
def _leave_workers() -> None:
    while _idle:
        _idle.pop().leave()


def _forget_workers() -> None:
    """Leave the workers to the process that this one was forked from."""
    for worker in _idle:
        worker.forget()
    _copied.extend(_idle)
    _idle.clear()


_copied: list[_Worker] = []  # kept, as Python warns of processes that are forgotten
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_workers)
