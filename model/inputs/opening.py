"""Opening a file: what it holds by its ending, and its bytes unpacked as they are asked for."""

from __future__ import annotations

import io
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from depeche.labels.errors import InputError, MissingExtraError
from depeche.labels.system.processes import interrupts_held
from depeche.model.reading.reader import FORMS, Form

if TYPE_CHECKING:
    from zstandard import ZstdDecompressionObj

Table = Literal["jsonl", "csv", "tsv", "parquet"]

TABLES: dict[str, Table] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
}
PACKINGS = (".gz", ".zst")
ENDINGS = f"{', '.join([*FORMS, *TABLES])}, all but the last also with .gz or .zst after it"
_ARCHIVES = frozenset(
    (".zip", ".tar", ".tgz", ".tbz", ".txz", ".bz2", ".xz", ".7z", ".rar", ".lz4", ".br", ".lzma")
)
_BLOCK = 1 << 20
_GZIP_STEP = 1 << 16
# Bytes of zstd unpacked at once: 4 of them can stand for 128 kB, so these for 32 MB at most.
_ZSTD_STEP = 1 << 10


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What the ending of a file's name tells: an article or a table, packed, or nothing known."""

    form: Form | None = None
    table: Table | None = None
    packing: str | None = None
    refusal: str | None = None

    @property
    def known(self) -> bool:
        """Whether a file with this ending is read where nobody named it."""
        return self.refusal is None and (self.form or self.table) is not None


def ending_of(name: str) -> Ending:
    """Return what the ending of a file's name or path tells."""
    name = name.lower()
    packing = next((end for end in PACKINGS if name.endswith(end)), None)
    if packing:
        name = name.removesuffix(packing)
    stem, dot, last = name.rpartition(".")
    suffix = dot + last if stem else ""
    if suffix in _ARCHIVES:
        return Ending(refusal="an archive, which is not unpacked: unpack it and give the folder")
    table = TABLES.get(suffix)
    if table == "parquet" and packing:
        return Ending(refusal="a compressed Parquet file, which is not read: unpack it first")
    return Ending(form=FORMS.get(suffix), table=table, packing=packing)


@dataclass(kw_only=True)
class Meter:
    """Bytes read so far, as they lie on the disk."""

    n_bytes: int = 0


@contextmanager
def opened(path: str, packing: str | None, meter: Meter) -> Iterator[io.BufferedReader]:
    """Give a file's bytes, unpacked; what is read of it counts on `meter`, all of it at the end.

    Raises
    ------
    InputError
        When it is no file, or its packing is broken; the message does not name it.
    OSError
        When it cannot be opened or read.
    MissingExtraError
        When no library for its packing is installed.
    """
    status = Path(path).stat()
    regular = stat.S_ISREG(status.st_mode)
    if not (regular or is_pipe_of_shell(path)):
        raise InputError("not a file that can be read")
    start = meter.n_bytes
    try:
        with Path(path).open("rb", buffering=0) as raw:
            yield unpacked(raw, packing, meter)
    finally:
        if regular:
            meter.n_bytes = start + status.st_size


def unpacked(raw: Any, packing: str | None, meter: Meter) -> io.BufferedReader:
    """Return an open file's bytes, unpacked as they are asked for and counted on `meter`."""
    file = _buffered(_Metered(raw, meter))
    return file if packing is None else _buffered(_Unpacked(file, packing))


def is_pipe_of_shell(path: str) -> bool:
    """Return whether the shell gave what a command prints, <(…); other pipes could hang."""
    return path.startswith("/dev/fd/")


def _buffered(raw: io.RawIOBase) -> io.BufferedReader:
    with interrupts_held():  # it asks where the file stands, and forgets whatever that raises
        return io.BufferedReader(raw, _BLOCK)


def reason_of(err: OSError) -> str:
    """Return why a file cannot be read, on one line."""
    return f"cannot be read: {err.strerror or err}"


class _Metered(io.RawIOBase):
    """A file whose bytes are counted as they are read."""

    def __init__(self, raw: Any, meter: Meter) -> None:
        self._raw = raw
        self._meter = meter

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._raw.seek(offset, whence))

    def readinto(self, buffer: Any) -> int:
        n = int(self._raw.readinto(buffer))
        self._meter.n_bytes += n
        return n


class _Unpacked(io.RawIOBase):
    """What a packed file holds; where it breaks is an `InputError`, after all that came before.

    Unlike zstandard's own reader it tells a file that was cut short, and unlike gzip's it loses
    nothing before the break.
    """

    def __init__(self, file: BinaryIO, packing: str) -> None:
        self._file = file
        self._packing = packing
        self._unpacker = _Gzip() if packing == ".gz" else _Zstd()
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            while not self._ready and (unpacked := self._unpacker.step(self._file)) is not None:
                self._ready = memoryview(unpacked)
        except EOFError as err:
            raise InputError(f"broken {self._packing} data, the rest is lost: cut short") from err
        except self._unpacker.error as err:
            raise InputError(f"broken {self._packing} data, the rest is lost: {err}") from err
        n = min(len(buffer), len(self._ready))
        buffer[:n] = self._ready[:n]
        self._ready = self._ready[n:]
        return n


class _Gzip:
    """gzip, a member after the other, with what is asked of zlib bounded."""

    error: type[Exception] = zlib.error

    def __init__(self) -> None:
        self._member: Any = None
        self._rest = b""

    def step(self, file: BinaryIO) -> bytes | None:
        """Return what the next stretch holds, None at the end."""
        packed = self._rest or file.read(_GZIP_STEP)
        if self._member is None:
            while packed and not (packed := packed.lstrip(b"\0")):  # padding between members
                packed = file.read(_GZIP_STEP)
            if not packed:
                return None
            self._member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        elif not packed:
            raise EOFError
        unpacked: bytes = self._member.decompress(packed, _BLOCK)
        self._rest = self._member.unconsumed_tail or self._member.unused_data
        if self._member.eof:
            self._member = None
        return unpacked


class _Zstd:
    """zstd, a frame after the other, in stretches so small that no bomb fills the memory."""

    def __init__(self) -> None:
        try:
            import zstandard
        except ImportError as err:
            raise MissingExtraError("zstandard", "batch") from err
        self.error: type[Exception] = zstandard.ZstdError
        self._new = zstandard.ZstdDecompressor().decompressobj
        self._frame: ZstdDecompressionObj | None = None
        self._rest = b""

    def step(self, file: BinaryIO) -> bytes | None:
        """Return what the next stretch holds, None at the end."""
        packed = self._rest or file.read(_ZSTD_STEP)
        if not packed:
            if self._frame is not None:
                raise EOFError
            return None
        self._frame = self._frame or self._new()
        unpacked = self._frame.decompress(packed)
        self._rest = self._frame.unused_data if self._frame.eof else b""
        if self._frame.eof:
            self._frame = None
        return unpacked
