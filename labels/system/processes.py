"""How processes are started: they import nothing from the current folder, and do not outlive us.

The current folder may hold strangers' files, named like modules that every Python process imports.
A Python that was itself started with that folder on its path, as `python -m depeche.classify` is,
hands it on to the workers of multiprocessing: whoever starts it so has chosen it.
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

SAFE_PATH = {"PYTHONSAFEPATH": "1"}  # in the environment of what is started; as Python's -P
_starting = threading.RLock()  # the environment is one for all threads


@contextmanager
def starting() -> Iterator[None]:
    """Let a library start processes in the block: safe ones, which leave Ctrl-C to us."""
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
    """Hold Ctrl-C back, in processes that start meanwhile for ever: it is for us to answer."""
    if sys.platform == "win32":
        yield
        return
    held = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def find_program(name: str) -> str | None:
    """Return the full path of a program; None where there is none but in the current folder.

    Windows looks there first.
    """
    found = shutil.which(name)
    return found if found and Path(found).is_absolute() else None


def end_with_parent() -> None:
    """End this worker of multiprocessing when its parent was killed: nobody else would."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
