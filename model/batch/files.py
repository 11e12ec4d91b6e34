"""Files that are complete or not there, in folders that nobody else made."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import tempfile
import zlib
from pathlib import Path
from typing import IO, Any

from depeche.labels.errors import BatchError
from depeche.labels.formats.parsing import parse_json
from depeche.labels.system.places import open_itself, put_in_place

_BUFFER = 1 << 18  # bytes, of some fifty records


def check_own_folder(folder: Path) -> bool:
    """Return whether a folder of working files is there; refuse what others made in its place.

    Whoever makes it for us could lead what is written in it to any file of ours.

    Raises
    ------
    BatchError
        When it is a link, a file, a pipe or another user's folder.
    """
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return False
    if not stat.S_ISDIR(status.st_mode):
        raise _foreign(folder, _strange(status) or "a file")
    if status.st_uid != _owner_in(folder.parent):
        raise _foreign(folder, "another user's folder")
    return True


def check_own(folder: Path) -> None:
    """Refuse a folder of working files, if it is there, that came with the data: see above.

    What is written in it could be led elsewhere by a link, a second name of a file, a pipe, or by
    changing it while we write.

    Raises
    ------
    BatchError
        When it, or what is in it, is nothing that `open_at` and the others here make.
    """
    if not check_own_folder(folder):
        return
    for path in sorted(folder.iterdir()):
        try:
            what = _strange(path.lstat())
        except FileNotFoundError:  # of another command, which has moved on
            continue
        if what and not (what == "a folder" and path.name.startswith(("new-", "old-"))):
            raise _foreign(path, what)


def _strange(status: os.stat_result) -> str:
    """Return what it is that is not a file with one name, empty of such a file."""
    mode = status.st_mode
    if stat.S_ISREG(mode):
        return "a file with several names" if status.st_nlink > 1 else ""
    kinds = ((stat.S_ISLNK, "a link"), (stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"))
    return next((name for is_kind, name in kinds if is_kind(mode)), "a device")


def _owner_in(folder: Path) -> int:
    """Return the owner of what we make in a folder: on some disks, not who we are."""
    with tempfile.TemporaryFile(dir=folder) as file:
        return os.fstat(file.fileno()).st_uid


def _foreign(path: Path, what: str) -> BatchError:
    return BatchError(
        f"{path}: {what}, which classify did not make: move it away, or give another --output"
    )


def new_file(path: Path) -> IO[bytes]:
    """Open a file to write in the place of whatever has its name; no link is followed."""
    remove(path)
    return path.open("xb", buffering=_BUFFER)


def open_at(path: Path, size: int) -> IO[bytes]:
    """Open a file to write from `size` bytes on, where it ends then; no link is followed."""
    file = open(path, "r+b", _BUFFER, opener=open_itself)  # noqa: SIM115 - closed by the caller
    file.truncate(size)
    file.seek(size)
    return file


def copy_start(path: Path, new: Path, size: int) -> None:
    """Copy the first `size` bytes of a file, which need not exist for none."""
    with new_file(new) as target:
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


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a small file so that it is complete or not there."""
    new = path.with_name(f"new-{path.name}")
    with new_file(new) as file:
        file.write(json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n")
        sync(file)
    put_in_place(new, path)


def _sync_all_files() -> None:
    """Bring all files to the disk; one by one, a hundred thousand of them take minutes."""
    if sys.platform != "win32":  # which has no such call
        os.sync()


def put_output(made: Path, output: Path) -> None:
    """Put a file or folder, brought to the disk itself, in the place of an output."""
    old = made.with_name(f"old-{output.name}")
    if made.is_dir():
        _sync_all_files()
        if output.exists():
            remove(old)
            put_in_place(output, old)
    else:
        with made.open("r+b") as file:
            sync(file)
    put_in_place(made, output)
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
    checksum = 0
    for file in sorted(path.rglob("[!.]*")):
        if file.is_file():
            name = str(file.relative_to(path)).encode("utf-8", "surrogateescape")
            checksum = _checksum(file, zlib.crc32(name, checksum))
    return checksum


def _checksum(path: Path, before: int) -> int:
    """Return the checksum of a file, after what has the checksum `before`."""
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            before = zlib.crc32(part, before)
    return before


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the object in a file, None where there is none, or not all of it."""
    try:
        content = parse_json(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return content if isinstance(content, dict) else None
