"""Where results go: standard output, or a file that is whole or not there."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import TextIO

from depeche.labels.errors import InputError
from depeche.labels.system.places import (
    files_of,
    followed,
    is_device,
    is_folder,
    put_in_place,
    reason_of,
    shortened,
    status_of,
)
from depeche.labels.system.terminal import guarded, is_reader_gone, let_print, use_utf8


@contextmanager
def open_output(path: Path | None, *, is_drawn: bool = False) -> Iterator[TextIO]:
    """Give stdout, or a file that takes its name only once it is complete.

    A link is followed, and a device or a pipe is written to as it is. On a terminal,
    control characters in records are escaped, unless the text `is_drawn` for it, and so plain.
    """
    where = "standard output" if path is None else str(path)
    try:
        if path is None:
            yield _stdout() if is_drawn else guarded(_stdout())
            return
        if is_device(path):
            with path.open(
                "w", encoding="utf-8", newline="\n"
            ) as file:  # what /dev/stdout is has no other name
                yield file if is_drawn else guarded(file)
            return
        target = followed(path)
        if is_folder(target):
            raise InputError(f"{path}: a folder: give the name of a file to write")
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                yield file
            Path(name).chmod(0o666 & ~_umask())
            put_in_place(Path(name), target)
        finally:
            Path(name).unlink(missing_ok=True)
    except BrokenPipeError:
        raise  # typer ends quietly when a reader such as head has had enough
    except OSError as err:
        if path is None and is_reader_gone(err):
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from err
        if path is None:  # what is still to be flushed has nowhere to go
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise InputError(f"{where}: cannot be written: {err.strerror}") from err


def followed_output(path: Path) -> Path:
    """Return what a link to a file stands for, and another path as it was given.

    Raises
    ------
    InputError
        When it has no name, as the current folder.
    """
    try:
        is_link = path.is_symlink()
    except OSError:  # which whoever looks at what it leads to tells
        is_link = False
    found = followed(path) if (is_link or not path.name) and not is_device(path) else path
    if not found.name:
        raise InputError(f"{path}: a folder: give the name of a file to write")
    return found


def check_output(path: Path, *, inputs: Iterable[Path] = (), replace: bool = True) -> None:
    """Raise unless a file of that name can be written, before work is done for it.

    Parameters
    ----------
    inputs
        Files that are read, and folders whose files are.

    Raises
    ------
    InputError
        When the name is that of an input, of a folder, of a file in a folder that is not there or
        that may not be written to, or of a file that is there and not to be replaced.
    """
    status = status_of(path)
    if status is not None and stat.S_ISDIR(status.st_mode):
        raise InputError(f"{path}: a folder: give the name of a file to write")
    check_spared(path, inputs)
    check_writable(path)
    if status is not None and stat.S_ISREG(status.st_mode) and not replace:
        raise _there(path)


def check_outputs(paths: Iterable[Path | None], *, inputs: Iterable[Path] = ()) -> None:
    """Raise unless files of those names can be written, each beside the others; see `check_output`.

    None is the name of no file.
    """
    outputs, read = [path for path in paths if path is not None], list(inputs)
    for i, path in enumerate(outputs):
        check_output(path, inputs=[*read, *outputs[:i], *outputs[i + 1 :]])


def check_spared(output: Path, inputs: Iterable[Path]) -> None:
    """Raise when an output, or a file in its folder, is one of some inputs, by whatever name.

    Raises
    ------
    InputError
        When it is, by its path, a link or a hard link.
    """
    written = files_of(output)
    for source in inputs:
        both = written.keys() & files_of(source).keys() if written else set()
        alike = followed(source) == followed(output) and not is_device(output)
        if both or alike:
            where = written[min(both)] if both else output
            raise InputError(f"{where}: is read, and would be overwritten: give another name")


def check_no_link(path: Path) -> None:
    """Raise when a name that we chose, and not the user, is a link.

    In a folder that came with the data it may lead to any file of the user's.

    Raises
    ------
    InputError
        When it is, wherever it leads.
    """
    if path.is_symlink():
        raise InputError(f"{path}: a link, which is not followed: remove it, or give another name")


def check_writable(path: Path) -> None:
    """Raise unless a new file or folder can take the name of a path: it is tried.

    Raises
    ------
    InputError
        When the folder of the path is not there or not to be written to, the name is too long, or a
        pipe or device of that name may not be written to.
    """
    if is_device(path):
        if not os.access(path, os.W_OK):
            raise InputError(f"{path}: cannot be written: no permission")
        return
    target = followed(path)
    if not is_folder(target.parent):
        raise InputError(f"{path}: cannot be written: no folder {path.parent}: make it first")
    _try(target.parent, target.name, path)


def check_folder(path: Path) -> None:
    """Raise unless a folder can be made, with those that it is in, or be written to.

    Raises
    ------
    InputError
        When a file is in its way, or the first folder on its way that is there is not to be written
        to.
    """
    target = followed(path)
    there = next(x for x in (target, *target.parents) if status_of(x) is not None)
    if not is_folder(there):
        raise InputError(f"{path}: cannot be written: {there} is no folder")
    _try(there, "new", path)


def _try(folder: Path, name: str, path: Path) -> None:
    """Make a file in a folder for a moment, as whatever is written to `path` will be.

    Without a name where the disk can (Linux), so that a kill in that moment leaves nothing.
    """
    try:
        with suppress(FileNotFoundError):  # a name as long as the file has while it is written
            (folder / f".{name}.12345678").lstat()
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as err:
        raise InputError(f"{shortened(path)}: cannot be written: {reason_of(err)}") from err


def write_folder(path: Path, files: Mapping[str, str | bytes], *, replace: bool = False) -> None:
    """Write a folder that takes its name only once it is complete.

    Raises
    ------
    InputError
        When something of that name is there, unless it is to be replaced and is a folder that holds
        no other files than those.
    """
    target = followed(path)
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
            put_in_place(target, old)
        put_in_place(made, target)
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
    let_print()
    use_utf8()
    return sys.stdout


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
