"""The lines of a table as text: decoded, none of them too long, whatever the file holds."""

from __future__ import annotations

import codecs
import io
from typing import Any

from depeche.labels.errors import InputError
from depeche.model.reading.reader import MAX_BYTES

# The longest row: an article of the largest size in JSON, with its escapes and other fields.
MAX_ROW_BYTES = MAX_BYTES * 3 // 2
_BLOCK = 1 << 20
_WIDE = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark begins alike
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class RowError(InputError):
    """A row that cannot be read, though those after it can."""


class Lines:
    """Lines of a file, by their byte-order mark, else each of them in UTF-8 or Windows-1252.

    `number` is that of the last line given, `n_quotes` counts the double quotes so far. Asking for
    a line raises `RowError` where that line cannot be had, and goes on with the next.
    """

    def __init__(self, file: io.BufferedReader) -> None:
        start = file.peek(4)
        wide = next((name for mark, name in _WIDE if start.startswith(mark)), None)
        if wide:
            file = io.BufferedReader(_Recoded(file, wide), _BLOCK)
        elif start.startswith(codecs.BOM_UTF8):
            file.read(len(codecs.BOM_UTF8))
        self.number = 0
        self.n_quotes = 0
        self._file = file
        self._utf8 = wide is not None  # proved by a line, or as `_Recoded` writes it

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self._file.readline(MAX_ROW_BYTES + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self.n_quotes += line.count(b'"')
        if len(line) > MAX_ROW_BYTES:
            while line and not line.endswith(b"\n"):
                line = self._file.readline(_BLOCK)
                self.n_quotes += line.count(b'"')
            raise RowError(too_large())
        if b"\0" in line:
            if self.number == 1:
                raise InputError("not a table: it holds binary data")
            raise RowError("not text: it holds binary data")
        return self._decoded(line)

    def _decoded(self, line: bytes) -> str:
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as err:
            if self._utf8:
                raise RowError("not UTF-8, as the lines before it are") from err
        else:
            self._utf8 = self._utf8 or not text.isascii()
            return text
        try:
            return line.decode("cp1252")
        except UnicodeDecodeError as err:
            raise RowError("not UTF-8 nor Windows-1252: save the table as UTF-8") from err


def too_large() -> str:
    """Return why a row is refused that is larger than `MAX_ROW_BYTES`."""
    return (
        f"a row larger than {MAX_ROW_BYTES // 1_000_000} MB, which no article is: "
        "look for a quote or a line end that is missing"
    )


class _Recoded(io.RawIOBase):
    """A UTF-16 or UTF-32 file as UTF-8, so that its lines can be told by their bytes."""

    def __init__(self, file: io.BufferedReader, encoding: str) -> None:
        self._file = file
        self._encoding = encoding.upper()
        self._decode = codecs.getincrementaldecoder(encoding)().decode
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = b"more"
        while data and not self._ready:
            data = self._file.read1(_BLOCK // 4)
            try:
                self._ready = self._decode(data, not data).encode("utf-8")
            except UnicodeDecodeError as err:
                reason = f"not {self._encoding}, as its first bytes say: save it as UTF-8"
                raise InputError(reason) from err
        n = min(len(buffer), len(self._ready))
        buffer[:n] = self._ready[:n]
        self._ready = self._ready[n:]
        return n
