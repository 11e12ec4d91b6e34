"""Where results go: standard output, or a file that is whole or not there."""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TextIO

from labels.errors import InputError
from labels.terminal import guarded


@contextmanager
def open_output(path: Path | None, *, is_drawn: bool = False) -> Iterator[TextIO]:
    """Give stdout, or a file that takes its name only once it is complete.

    A link is followed, and a device or a pipe is written to as it is. A terminal gets records with
    escapes for what it would obey, unless what is written `is_drawn` for one, of plain texts.
    """
    where = "standard output" if path is None else str(path)
    try:
        if path is None:
            yield _stdout() if is_drawn else guarded(_stdout())
            return
        if path.exists() and not (path.is_file() or path.is_dir()):
            with path.open("w", encoding="utf-8") as file:  # what /dev/stdout is has no other name
                yield file if is_drawn else guarded(file)
            return
        target = path.resolve()
        if target.is_dir():
            raise InputError(f"{path}: a folder: give the name of a file to write")
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                yield file
            Path(name).chmod(0o666 & ~_umask())
            Path(name).replace(target)
        finally:
            Path(name).unlink(missing_ok=True)
    except BrokenPipeError:
        raise  # typer ends quietly when a reader such as head has had enough
    except OSError as err:
        if path is None:  # what is still to be flushed has nowhere to go
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise InputError(f"{where}: cannot be written: {err.strerror}") from err


def check_output(path: Path, *, inputs: Iterable[Path] = (), replace: bool = True) -> None:
    """Raise unless a file of that name can be written, before work is done for it.

    Raises
    ------
    InputError
        When the name is that of an input, of a folder, of a file in a folder that is not there, or
        of a file that is there and not to be replaced.
    """
    if path.exists() and any(source.exists() and path.samefile(source) for source in inputs):
        raise InputError(f"{path}: is read, and would be overwritten: give another name")
    if path.is_dir():
        raise InputError(f"{path}: a folder: give the name of a file to write")
    if not path.resolve().parent.is_dir():
        raise InputError(f"{path}: cannot be written: no folder {path.parent}")
    if path.is_file() and not replace:
        raise _there(path)


def write_folder(path: Path, files: Mapping[str, str | bytes], *, replace: bool = False) -> None:
    """Write a folder that takes its name only once it is complete.

    Raises
    ------
    InputError
        When something of that name is there, unless it is to be replaced and is a folder that holds
        no other files than those.
    """
    target = path.resolve()
    if target.exists() or target.is_symlink():
        if not replace:
            raise _there(path)
        held = {p.relative_to(target).as_posix() for p in target.rglob("*") if not p.is_dir()}
        if not target.is_dir() or held - files.keys():
            what = f"holds {min(held - files.keys())}" if target.is_dir() else "is no folder"
            raise InputError(f"{path}: {what}, which is not replaced: give another name")
    made: Path | None = None
    try:
        made = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        for name, content in files.items():
            file = made / PurePosixPath(name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        made.chmod(0o777 & ~_umask())
        old = made.with_name(f"{made.name}.old")
        if target.exists():
            target.replace(old)
        made.replace(target)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as err:
        raise InputError(f"{path}: cannot be written: {err.strerror}") from err
    finally:
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)


def _there(path: Path) -> InputError:
    return InputError(f"{path}: is already there: give another name, or --force to replace it")


def _stdout() -> TextIO:
    """Return standard output, in UTF-8 unless it is a terminal's own."""
    if sys.stdout is None:
        raise InputError("standard output is closed: give --output FILE")
    if isinstance(sys.stdout, io.TextIOWrapper):
        if sys.stdout.isatty():
            sys.stdout.reconfigure(errors="replace")
        else:
            sys.stdout.reconfigure(encoding="utf-8")
    return sys.stdout


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
