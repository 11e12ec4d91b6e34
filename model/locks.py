"""A lock that the system frees when the process that holds it ends, however it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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
        Whether to wait while another process holds it (on Windows for ten seconds).

    Raises
    ------
    BlockingIOError
        When another process holds it.
    OSError
        When the file cannot be written, or is a link.
    """
    with _held(path, wait=wait):
        try:
            yield
        finally:
            if sys.platform != "win32":  # where an open file cannot be removed
                path.unlink(missing_ok=True)


def _held(path: Path, *, wait: bool) -> IO[bytes]:
    """Return the file of a path, open and locked."""
    while True:
        file = open(path, "a+b", opener=open_itself)  # noqa: SIM115 - closed by the caller
        try:
            if sys.platform == "win32":
                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError as err:
            file.close()
            raise BlockingIOError(f"{path}: held by another process") from err
        if _is_same(file, path):
            return file
        file.close()  # whoever held it has removed it in the meantime


def _is_same(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
