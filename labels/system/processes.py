"""Starts processes that import nothing from the current folder, and end when this one does.

The current folder may hold strangers' files, named like modules that every Python process imports.
A Python that was started with that folder on its path, as `python -m depeche.classify` is, passes
it on to the workers of multiprocessing; that is the choice of whoever starts it.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import parent_process
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

SAFE_PATH = {"PYTHONSAFEPATH": "1"}  # in the environment of new processes; same as -P
# A polite kill, and the closing of the terminal, which is SIGBREAK on Windows, as is Ctrl-Break.
if sys.platform == "win32":
    ENDING = (signal.SIGTERM, signal.SIGBREAK)
else:
    ENDING = (signal.SIGTERM, signal.SIGHUP)
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
        # Without a handler, a process ignores Ctrl-C, and so does what it starts.
        ignore = ctypes.windll.kernel32.SetConsoleCtrlHandler
        ignore(None, True)
        try:
            yield
        finally:
            ignore(None, False)
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


def start_group(command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start a process which Ctrl-C does not reach, and which `end_group` ends with all its own."""
    if sys.platform == "win32":
        options["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP
    else:
        options["start_new_session"] = True
    return subprocess.Popen(command, **options)  # noqa: S603


def end_group(process: subprocess.Popen[bytes], patience: float) -> None:
    """End a process and all that it started, by force where it takes more seconds than that."""
    if sys.platform == "win32":
        _end_tree(process)
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)


def _end_tree(process: subprocess.Popen[bytes]) -> None:
    """End a process and those that it started, which Windows has no signal for."""
    program = find_program("taskkill")
    if program is not None:
        subprocess.run(  # noqa: S603
            [program, "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False
        )
    process.kill()
    process.wait()


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Take a polite kill and the closing of the terminal as Ctrl-C."""

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    before = {
        number: signal.signal(number, stop)
        for number in ENDING
        if signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def end_with_parent() -> None:
    """End this worker of multiprocessing when its parent is killed: nobody else would."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
