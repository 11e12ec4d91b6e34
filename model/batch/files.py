"""Files that are whole or not there."""

from __future__ import annotations

import json
import os
import shutil
import zlib
from pathlib import Path
from typing import IO, Any

_BUFFER = 1 << 18  # bytes, of some fifty records


def open_at(path: Path, size: int) -> IO[bytes]:
    """Open a file to write from `size` bytes on, where it ends then."""
    path.touch()
    file = path.open("r+b", buffering=_BUFFER)
    file.truncate(size)
    file.seek(size)
    return file


def copy_start(path: Path, new: Path, size: int) -> None:
    """Copy the first `size` bytes of a file, which need not exist for none."""
    with new.open("wb") as target:
        if size:
            with path.open("rb") as source:
                while size and (part := source.read(min(size, 1 << 20))):
                    target.write(part)
                    size -= len(part)
        sync(target)


def sync(file: IO[bytes]) -> None:
    """Bring what was written to the disk itself."""
    file.flush()
    os.fsync(file.fileno())


def write_whole(path: Path, text: str) -> None:
    """Write a small file so that it is whole or not there."""
    new = path.with_name(f"new-{path.name}")
    with new.open("wb") as file:
        file.write(text.encode())
        sync(file)
    new.replace(path)


def put_in_place(made: Path, output: Path) -> None:
    """Put a file or folder, brought to the disk itself, in the place of an output."""
    old = made.with_name(f"old-{output.name}")
    if made.is_dir():
        getattr(
            os, "sync", bool
        )()  # not of Windows; a file at a time takes minutes for a hundred thousand
        if output.exists():
            remove(old)
            output.replace(old)
    else:
        with made.open("r+b") as file:
            sync(file)
    made.replace(output)
    remove(old)


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def checksum_of(path: Path) -> int | None:
    """Return a checksum of a file, or of a folder's files that are not hidden; None of nothing."""
    if not path.is_dir():
        return _checksum(path, 0) if path.exists() else None
    found = 0
    for file in sorted(path.rglob("[!.]*")):
        if file.is_file():
            name = str(file.relative_to(path))
            found = _checksum(file, zlib.crc32(name.encode("utf-8", "surrogateescape"), found))
    return found


def _checksum(path: Path, found: int) -> int:
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            found = zlib.crc32(part, found)
    return found


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the object in a file, None where there is no whole one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def size_of(path: Path) -> int | None:
    """Return the size of a file, None of what is no file."""
    return path.stat().st_size if path.is_file() else None
