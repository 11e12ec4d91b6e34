"""The process that reads Parquet files for another process: see parquet.py.

It takes questions on standard input. It is run by its path, so that it imports nothing but pyarrow
and the standard library. A crafted file may crash it or fill its memory; no other process suffers.
"""

from __future__ import annotations

import io
import os
import pickle
import sys
import threading
from collections.abc import Iterator, Sequence
from queue import SimpleQueue
from typing import Any

NO_MEMORY = 3  # exit status
_BUFFER = 1 << 20  # bytes of a column read at once
_LARGE = 1 << 19  # bytes of a batch whose rows are unpacked one by one
_LONGEST = 60  # characters of the name of a type
_WATCH_S = 0.05


class _Asker(io.RawIOBase):
    """A file whose bytes the other process reads."""

    def __init__(self, connection: _Connection, size: int) -> None:
        self._connection = connection
        self._size = size
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        place = offset + (0, self._place, self._size)[whence]
        if not 0 <= place <= self._size:
            raise OSError("data that lie outside the file")
        self._place = place
        return place

    def readinto(self, buffer: Any) -> int:
        n = min(len(buffer), _BUFFER)
        self._connection.send(("read", self._place, n))
        data = self._connection.receive()
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)


class _Connection:
    """Messages from and to the process that started this one; this one ends with it."""

    def __init__(self) -> None:
        self._in = os.fdopen(os.dup(0), "rb")
        self._out = os.fdopen(os.dup(1), "wb")
        nothing = os.open(os.devnull, os.O_RDWR)  # what a library prints is no message
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        self._messages: SimpleQueue[Any] = SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                self._messages.put(pickle.load(self._in))  # noqa: S301 - of who started this
            except (EOFError, OSError, pickle.UnpicklingError):
                os._exit(0)

    def receive(self) -> Any:
        """Return the next message."""
        return self._messages.get()

    def send(self, message: Any) -> None:
        """Send a message."""
        pickle.dump(message, self._out, protocol=5)
        self._out.flush()


class _Bound:
    """A bound on the memory that this process takes beyond what it starts with."""

    def __init__(self) -> None:
        self._limit: int | None = None
        self._start = _address_space()
        if self._start is None:
            threading.Thread(target=self._watch, daemon=True).start()

    def set(self, n_bytes: int) -> None:
        """Set the bound."""
        self._limit = n_bytes
        if sys.platform != "win32" and self._start is not None:
            import resource

            hard = resource.getrlimit(resource.RLIMIT_AS)[1]
            soft = self._start + n_bytes
            soft = soft if hard == resource.RLIM_INFINITY else min(soft, hard)
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))

    def _watch(self) -> None:
        """End the process when Arrow takes more: systems other than Linux do not obey a limit."""
        import time

        import pyarrow

        while True:
            time.sleep(_WATCH_S)
            if self._limit is not None and pyarrow.total_allocated_bytes() > self._limit:
                os._exit(NO_MEMORY)


def _address_space() -> int | None:
    """Return how many bytes this process has, None where the system cannot tell or limit them."""
    if sys.platform != "linux":
        return None
    import resource

    try:
        with open("/proc/self/statm") as file:  # noqa: PTH123 - nothing more is imported
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return None


def main() -> None:
    """Answer questions until the other process ends."""
    connection = _Connection()
    import pyarrow.parquet  # before the memory is measured

    bound = _Bound()
    table: Any = None
    while True:
        what, *asked = connection.receive()
        try:
            if what == "open":
                table = None  # no memory of the file before is counted
                size, data, n_bytes = asked
                bound.set(n_bytes)
                file = io.BytesIO(data) if data else _Asker(connection, size)
                table = pyarrow.parquet.ParquetFile(
                    io.BufferedReader(file, _BUFFER), pre_buffer=False, buffer_size=_BUFFER
                )
                connection.send(("columns", *_about(table)))
            else:
                for rows in _iter_rows(table, *asked):
                    connection.send(("rows", rows))
                connection.send(("end",))
        except MemoryError:  # of Python and of Arrow
            os._exit(NO_MEMORY)
        except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as err:  # of dates, too
            connection.send(("broken", _line(err)))


def _about(table: Any) -> tuple[list[tuple[str, str, bool]], int, dict[bytes, bytes]]:
    """Return the columns of a file, its number of rows, and its metadata."""
    schema = table.schema_arrow
    columns = [(field.name, str(field.type)[:_LONGEST], _is_text(field.type)) for field in schema]
    return columns, sum(_group_sizes(table)), schema.metadata or {}


def _group_sizes(table: Any) -> list[int]:
    return [table.metadata.row_group(i).num_rows for i in range(table.num_row_groups)]


def _iter_rows(
    table: Any, names: Sequence[str] | None, n_before: int, at_once: int
) -> Iterator[list[Any]]:
    """Yield the rows after the first `n_before`, up to `at_once` together.

    A row has a string for each of the names; without names it is a dictionary of all columns.
    """
    first, sizes = 0, _group_sizes(table)
    while first < len(sizes) and sizes[first] <= n_before:
        n_before -= sizes[first]
        first += 1
    groups = range(first, len(sizes))
    for batch in table.iter_batches(at_once, groups, columns=names, use_threads=False):
        start = min(n_before, len(batch))
        n_before -= start
        n = 1 if batch.nbytes > _LARGE else at_once
        for i in range(start, len(batch), n):
            part = batch.slice(i, n)
            yield part.to_pylist() if names is None else _texts(part, names)


def _is_text(kind: Any) -> bool:
    """Return whether a column is of a type that may hold texts."""
    from pyarrow import types

    kind = kind.value_type if types.is_dictionary(kind) else kind
    names = ("string", "large_string", "string_view", "binary", "large_binary", "null")
    checks = [getattr(types, f"is_{name}", None) for name in names]  # old versions lack some
    return any(check(kind) for check in checks if check is not None)


def _texts(batch: Any, names: Sequence[str]) -> list[tuple[str | None, ...] | str]:
    """Return the cells of each row as strings, or why the row has none."""
    import pyarrow

    cells = []
    for name in names:
        column = batch.column(batch.schema.get_field_index(name))
        try:
            cells.append(column.cast(pyarrow.string()).to_pylist())
        except MemoryError:
            raise
        except (pyarrow.ArrowException, UnicodeDecodeError):
            # A list or a struct names nothing; only the row with a text that is not UTF-8 fails.
            if name != names[0]:
                cells.append([None] * len(batch))
            elif len(batch) > 1:
                return [_texts(batch.slice(i, 1), names)[0] for i in range(len(batch))]
            else:
                return ["text that is not UTF-8"]
    return list(zip(*cells, strict=True))


def _line(err: Exception) -> str:
    return " ".join(str(err).split())[:200]


if __name__ == "__main__":
    main()
