"""The outputs of commands: standard output, or files that appear only once they are complete."""

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
    """Open standard output, or a file that takes its name only once it is complete.

    A link is followed. A device or a pipe is written to directly. Control characters are escaped on
    a terminal, unless the text `is_drawn` for a terminal, and has none.
    """
    where = "standard output" if path is None else str(path)
    try:
        if path is None:
            yield _stdout() if is_drawn else guarded(_stdout())
            return
        if is_device(path):
            # /dev/stdout cannot be renamed
            with path.open("w", encoding="utf-8", newline="\n") as file:
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
        raise  # typer ends quietly when a reader such as head stops reading
    except OSError as err:
        if path is None and is_reader_gone(err):
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from err
        if path is None:  # discard what is still to be flushed
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise InputError(f"{where}: cannot be written: {err.strerror}") from err


def followed_output(path: Path) -> Path:
    """Return the target of a link to a file, and any other path as it was given.

    Raises
    ------
    InputError
        When the path has no name, as `.` has none.
    """
    try:
        is_link = path.is_symlink()
    except OSError:  # raised again by whoever opens the path
        is_link = False
    target = followed(path) if (is_link or not path.name) and not is_device(path) else path
    if not target.name:
        raise InputError(f"{path}: a folder: give the name of a file to write")
    return target


def check_output(path: Path, *, inputs: Iterable[Path] = (), replace: bool = True) -> None:
    """Raise unless a file of that name can be written: checked before any work is done.

    Parameters
    ----------
    inputs
        Files that are read, and folders whose files are read.

    Raises
    ------
    InputError
        When the path is an input, a folder, a file that exists and is not to be replaced, or lies
        in a folder that does not exist or may not be written to.
    """
    status = status_of(path)
    if status is not None and stat.S_ISDIR(status.st_mode):
        raise InputError(f"{path}: a folder: give the name of a file to write")
    check_spared(path, inputs)
    check_writable(path)
    if status is not None and stat.S_ISREG(status.st_mode) and not replace:
        raise _there(path)


def check_outputs(paths: Iterable[Path | None], *, inputs: Iterable[Path] = ()) -> None:
    """Raise unless all these files can be written, each apart from the others: `check_output`.

    None stands for no file.
    """
    outputs, read = [path for path in paths if path is not None], list(inputs)
    for i, path in enumerate(outputs):
        check_output(path, inputs=[*read, *outputs[:i], *outputs[i + 1 :]])


def check_spared(output: Path, inputs: Iterable[Path]) -> None:
    """Raise when an output, or a file in an output folder, is one of the inputs.

    Raises
    ------
    InputError
        When it is one, by its path, through a link or as a hard link.
    """
    written = files_of(output)
    for source in inputs:
        both = written.keys() & files_of(source).keys() if written else set()
        alike = followed(source) == followed(output) and not is_device(output)
        if both or alike:
            where = written[min(both)] if both else output
            raise InputError(f"{where}: is read, and would be overwritten: give another name")


def check_no_link(path: Path) -> None:
    """Raise when a path whose name we chose, and not the user, is a link.

    In a folder that came with the data, such a link may lead to any file of the user.

    Raises
    ------
    InputError
        When it is a link, wherever it leads.
    """
    if path.is_symlink():
        raise InputError(f"{path}: a link, which is not followed: remove it, or give another name")


def check_writable(path: Path) -> None:
    """Raise unless a file or folder can be made at a path, which is tried.

    Raises
    ------
    InputError
        When the folder of the path does not exist or may not be written to, the name is too long,
        or the path is a pipe or a device that may not be written to.
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
    """Raise unless a folder, with the folders above it, can be made or may be written to.

    Raises
    ------
    InputError
        When a file is in its way, or the nearest folder above it that exists may not be written to.
    """
    target = followed(path)
    there = next(x for x in (target, *target.parents) if status_of(x) is not None)
    if not is_folder(there):
        raise InputError(f"{path}: cannot be written: {there} is no folder")
    _try(there, "new", path)


def _try(folder: Path, name: str, path: Path) -> None:
    """Make a file in a folder for a moment, to see whether `path` can be written.

    The file has no name where the system allows it (Linux), so that a kill leaves nothing behind.
    """
    try:
        with suppress(FileNotFoundError):  # as long as the name that the file has meanwhile
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
        When the path exists, unless it is to be replaced and is a folder that holds no files but
        those.
    """
    target = followed(path)
    if target.exists() or target.is_symlink():
        if not replace:
            raise _there(path)
        _check_replaceable(target, path, files)
    new: Path | None = None
    try:
        new = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        _fill_folder(new, files)
        old = new.with_name(f"{new.name}.old")
        if target.exists():
            put_in_place(target, old)
        put_in_place(new, target)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as err:
        raise InputError(f"{path}: cannot be written: {err.strerror}") from err
    finally:
        if new is not None:
            shutil.rmtree(new, ignore_errors=True)


def _check_replaceable(target: Path, path: Path, files: Mapping[str, str | bytes]) -> None:
    """Raise unless a path is a folder that holds none but the files to write."""
    if not target.is_dir():
        raise InputError(f"{path}: is no folder, which is not replaced: give another name")
    names = {p.relative_to(target).as_posix() for p in target.rglob("*") if not p.is_dir()}
    others = names - files.keys()
    if others:
        raise InputError(f"{path}: holds {min(others)}, which is not replaced: give another name")


def _fill_folder(folder: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        file = folder / PurePosixPath(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    folder.chmod(0o777 & ~_umask())


def _there(path: Path) -> InputError:
    return InputError(f"{path}: is already there: give another name, or --force to replace it")


def _stdout() -> TextIO:
    """Return standard output; it writes UTF-8 unless it is a terminal."""
    if sys.stdout is None:
        raise InputError("standard output is closed: give --output FILE")
    let_print()
    use_utf8()
    return sys.stdout


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
