"""How processes are started: they import nothing from the current folder, and do not outlive us.

The current folder may hold strangers' files, named like modules that every Python process imports.
A Python that was itself started with that folder on its path, as `python -m depeche.classify` is,
hands it on to the workers of multiprocessing: whoever starts it so has chosen it.
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

SAFE_PATH = {"PYTHONSAFEPATH": "1"}  # in the environment of what is started; as Python's -P
# A polite kill, and the closing of the terminal, which is SIGBREAK on Windows, as is Ctrl-Break.
if sys.platform == "win32":
    ENDING = (signal.SIGTERM, signal.SIGBREAK)
else:
    ENDING = (signal.SIGTERM, signal.SIGHUP)
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
    """Return the full path of a program; None where there is none but in the current folder.

    Windows looks there first.
    """
    found = shutil.which(name)
    return found if found and Path(found).is_absolute() else None


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
    """End this worker of multiprocessing when its parent was killed: nobody else would."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
