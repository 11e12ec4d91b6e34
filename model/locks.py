"""A lock that the system frees when the process that holds it ends, however it ends."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from depeche.labels.system.places import open_itself

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


@contextmanager
def locked(path: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold a lock on a file, which is made for it, and removed at the end where that is possible.

    Parameters
    ----------
    wait
        Whether to wait while another process holds it.

    Raises
    ------
    BlockingIOError
        When another process holds it.
    OSError
        When the file cannot be written, or is a link.
    """
    file = _held(path, wait=wait)
    try:
        yield
    finally:
        if sys.platform == "win32":  # which removes no file that is open
            _free(file)
            with suppress(OSError):  # another process has it by now
                path.unlink()
        else:
            path.unlink(missing_ok=True)
            _free(file)


def _held(path: Path, *, wait: bool) -> IO[bytes]:
    """Return the file of a path, open and locked."""
    while True:
        file = open(path, "a+b", opener=open_itself)  # noqa: SIM115 - closed by the caller
        try:
            _lock(file, wait=wait)
        except OSError as err:
            file.close()
            raise BlockingIOError(f"{path}: held by another process") from err
        if sys.platform == "win32" or _is_same(file, path):
            return file
        file.close()  # whoever held it has removed it in the meantime


def _lock(file: IO[bytes], *, wait: bool) -> None:
    if sys.platform == "win32":
        while True:
            try:
                # The first byte, which need not be there.
                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
                return
            except OSError as err:
                if not wait or err.errno != errno.EDEADLK:  # which ends ten seconds of waiting
                    raise
    else:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def _free(file: IO[bytes]) -> None:
    """Close a locked file, which on Windows alone would keep it locked for a while."""
    if sys.platform == "win32":
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
    file.close()


def _is_same(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
