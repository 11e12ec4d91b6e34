"""What a path leads to: nothing, a file or a folder, or an error of one clear line."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
import time
from pathlib import Path

from depeche.labels.errors import InputError

_LONGEST = 255  # characters of a path in a message: no name of a file has more
_NO_SUCH_NAME = 123  # Windows' code for a name that no file can have there, as * and ?
_SHARING_S, _PAUSE_S = 1.0, 0.1  # how long Windows' own scanners may hold a new file
_DRIVE = re.compile(r"[A-Za-z]:(?=[\\/])")
_OPEN_ELSEWHERE = (
    "open in another program, or not writable: close it there and run the same command again"
)


class OpenElsewhereError(PermissionError):
    """A file or folder whose name the system does not give to a new one."""


def status_of(path: Path) -> os.stat_result | None:
    """Return the status of what a path leads to, None where there is nothing.

    Raises
    ------
    InputError
        When the system cannot look: the name is too long or has a forbidden byte, a folder may not
        be entered, links lead in a circle.
    """
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as err:
        if isinstance(err, OSError) and err.errno == errno.ELOOP:
            raise _loop(path) from err
        raise _not_seen(path, err) from err


def is_folder(path: Path) -> bool:
    """Return whether a path leads to a folder; raise as `status_of` does."""
    status = status_of(path)
    return status is not None and stat.S_ISDIR(status.st_mode)


def is_file(path: Path) -> bool:
    """Return whether a path leads to a file and not a device or the like; raise as `status_of`."""
    status = status_of(path)
    return status is not None and stat.S_ISREG(status.st_mode)


def is_device(path: Path) -> bool:
    """Return whether a path leads to a pipe, a device or the like; raise as `status_of` does."""
    status = status_of(path)
    return status is not None and not stat.S_ISREG(status.st_mode) | stat.S_ISDIR(status.st_mode)


def followed(path: Path) -> Path:
    """Return the absolute path that a path leads to, with all links followed.

    It need not exist.

    Raises
    ------
    InputError
        When a link leads back to itself, or a folder on the way cannot be looked at.
    """
    try:
        return path.resolve()
    except RuntimeError as err:  # up to Python 3.12
        raise _loop(path) from err
    except (OSError, ValueError) as err:
        raise _not_seen(path, err) from err


def open_itself(name: str, flags: int) -> int:
    """Open or make a file, as the `opener` of `open`; a link raises OSError."""
    no_link = 0
    if hasattr(os, "O_NOFOLLOW"):
        no_link = os.O_NOFOLLOW
    elif Path(name).is_symlink():  # on Windows, where only an administrator makes links
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name)
    return os.open(name, flags | os.O_CREAT | no_link, 0o666)


def put_in_place(new: Path, path: Path) -> None:
    """Give a complete file or folder its name, which a file may have that it replaces.

    Raises
    ------
    OpenElsewhereError
        When the system refuses: on Windows, where another program has the file open.
    OSError
        When it fails otherwise.
    """
    tries_end = time.monotonic() + (_SHARING_S if sys.platform == "win32" else 0)
    while True:
        try:
            new.replace(path)
            return
        except PermissionError as err:
            if time.monotonic() >= tries_end:
                raise OpenElsewhereError(err.errno, _OPEN_ELSEWHERE, str(path)) from err
        time.sleep(_PAUSE_S)


def is_no_name(err: OSError) -> bool:
    """Return whether nothing can have a name, on Windows: a shell pattern, an address, a text."""
    return getattr(err, "winerror", None) == _NO_SUCH_NAME


def has_drive(path: str) -> bool:
    r"""Return whether a path starts with a drive of Windows, and so is no address.

    >>> has_drive("C:\\runs"), has_drive("c:/runs"), has_drive("s3://runs")
    (True, True, False)
    """
    return _DRIVE.match(path) is not None


def with_slashes(path: str) -> str:
    """Return a path as ids and patterns have it: on Windows, too, with slashes."""
    return path.replace("\\", "/") if sys.platform == "win32" else path


def files_of(path: Path) -> dict[tuple[int, int], Path]:
    """Return a file, or the files in a folder, by device and inode.

    Two hard links are one file there. Links are followed. Paths at which the system cannot look are
    left out: whoever reads them reports them.
    """
    files: dict[tuple[int, int], Path] = {}
    try:
        folder = path.is_dir()
    except OSError:
        return files
    paths = [path]
    if folder:
        paths = [Path(top, name) for top, _, names in os.walk(path) for name in names]
    for file in paths:
        try:
            status = file.stat()
        except (OSError, ValueError):
            continue
        if stat.S_ISREG(status.st_mode):
            files[status.st_dev, status.st_ino] = file
    return files


def reason_of(err: OSError | ValueError) -> str:
    """Return the reason that the system gives for not using a path."""
    return (err.strerror if isinstance(err, OSError) else None) or str(err)


def shortened(path: Path | str) -> str:
    """Return a path on one line, or the start of a path that is too long to be one."""
    line = " ".join(str(path).split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _loop(path: Path) -> InputError:
    return InputError(f"{path}: a link that leads back to itself: give another name")


def _not_seen(path: Path, err: OSError | ValueError) -> InputError:
    return InputError(f"{shortened(path)}: cannot be looked at: {reason_of(err)}")
