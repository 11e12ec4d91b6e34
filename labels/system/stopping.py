"""Turns Ctrl-C at any moment into one line and exit status 130, never a traceback.

Python raises KeyboardInterrupt wherever the program is: during imports at its start; in native
code, which may turn it into another error; in a callback, where it is printed and forgotten.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

STATUS = 130
MESSAGE = "classify: stopped"
_AGAIN_S = 0.01  # after which a forgotten Ctrl-C is raised again


def is_program(name: str, module: str) -> bool:
    """Return whether a module is the program: started as a script of its name or by `python -m`.

    A worker that another process started is not the program.
    """
    started = getattr(sys.modules.get("__main__"), "__file__", None) or ""
    return module == "__main__" or Path(started).stem == name


def exit_at_once() -> None:
    """Let Ctrl-C end the process at once: for its start, when there is nothing to clean up."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # it is not ignored
        signal.signal(signal.SIGINT, _exit)


def _exit(*_: Any) -> None:
    os.write(2, f"{MESSAGE}\n".encode())
    os._exit(STATUS)


@contextmanager
def interruptible(*passed: type[Exception]) -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt from the block, even where code turns it into an error.

    Parameters
    ----------
    passed
        Errors that pass through unchanged, even after a Ctrl-C.
    """
    before = signal.getsignal(signal.SIGINT)
    is_ours = threading.current_thread() is threading.main_thread()
    if not is_ours or before not in (_exit, signal.default_int_handler):
        yield
        return
    asked = False

    def interrupt(*_: Any) -> None:
        nonlocal asked
        asked = True
        raise KeyboardInterrupt

    def tell_unraisable(unraisable: Any) -> None:
        if asked and issubclass(unraisable.exc_type, KeyboardInterrupt):
            threading.Timer(_AGAIN_S, _thread.interrupt_main).start()
        else:
            sys.__unraisablehook__(unraisable)

    usual = sys.unraisablehook
    signal.signal(signal.SIGINT, interrupt)
    sys.unraisablehook = tell_unraisable
    try:
        yield
    except passed:
        raise
    except Exception as err:
        if asked:
            raise KeyboardInterrupt from err
        raise
    finally:
        sys.unraisablehook = usual
        signal.signal(signal.SIGINT, before)
