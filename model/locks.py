"""A lock that the system frees when the process that holds it ends, however it ends."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock on a file, which is made.

    Raises
    ------
    BlockingIOError
        When another process holds it.
    OSError
        When the file cannot be written.
    """
    with path.open("a+b") as file:
        try:
            if sys.platform == "win32":
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            raise BlockingIOError(f"{path}: held by another process") from err
        yield
