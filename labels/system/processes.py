"""Starts processes that import nothing from the current folder, and end when this one does.

The current folder may hold strangers' files, named like modules that every Python process imports.
A Python that was started with that folder on its path, as `python -m depeche.classify` is, passes
it on to the workers of multiprocessing; that is the choice of whoever starts it.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import parent_process
from multiprocessing.connection import wait
from pathlib import Path

SAFE_PATH = {"PYTHONSAFEPATH": "1"}  # in the environment of new processes; same as -P
_starting = threading.RLock()  # all threads share the environment


@contextmanager
def starting() -> Iterator[None]:
    """Make the processes that a library starts in the block safe, and leave Ctrl-C to us."""
    with _starting, interrupts_held():
        before = {name: os.environ.get(name) for name in SAFE_PATH}
        os.environ.update(SAFE_PATH)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back in the block, and for ever in the processes that start in it."""
    if sys.platform == "win32":
        yield
        return
    held = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def find_program(name: str) -> str | None:
    """Return the full path of a program, None where only the current folder has it.

    Windows looks in the current folder first.
    """
    path = shutil.which(name)
    return path if path and Path(path).is_absolute() else None


def end_with_parent() -> None:
    """End this worker of multiprocessing when its parent is killed: nobody else would."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
