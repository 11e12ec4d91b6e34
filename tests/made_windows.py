"""Runs code as on Windows, as far as another system can pretend: `python made_windows.py ARGS…`.

Hidden is what Windows lacks, of `os`, `signal` and the modules below; `sys.platform` is `win32`.
No file that is open here is renamed, replaced or removed, and a name with a sign of a pattern
raises what Windows raises. `msvcrt` is made of `flock`. The standard library and others' libraries
are imported before, with what they need of Unix in copies of their own; `os.name` stays `posix`,
which pathlib and the standard library ask to choose paths and processes.

The arguments are a command line of classify, or `-c CODE`. Worker processes, which multiprocessing
starts anew, import this module as well and pretend alike.
"""

from __future__ import annotations

import errno
import importlib
import os
import signal
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

MODULES = ("fcntl", "termios", "tty", "pty", "resource", "grp", "pwd")
SIGNALS = ("SIGHUP", "SIGKILL", "SIGALRM", "pthread_sigmask", "alarm", "setitimer")
CALLS = (
    *("killpg", "getuid", "geteuid", "fork", "setsid", "sync", "O_NOFOLLOW", "wait4", "mkfifo"),
    *("getpgid", "nice", "sched_getaffinity", "register_at_fork"),
)
# What asks for the system as it is imported, or goes on with what is hidden.
BEFORE = (
    *("asyncio", "concurrent.futures.process", "ctypes", "multiprocessing.connection"),
    *("multiprocessing.pool", "multiprocessing.resource_tracker", "multiprocessing.spawn"),
    *("multiprocessing.popen_spawn_posix", "multiprocessing.synchronize", "shutil", "sqlite3"),
    *("subprocess", "tempfile", "threading", "uuid", "webbrowser", "zoneinfo", "selectors"),
    *("encodings.cp1252", "getpass", "pdb", "platform", "sysconfig", "socketserver", "mimetypes"),
)
THEIRS = ("numpy", "lxml.html", "trafilatura", "rich.console", "typer", "orjson", "rich.markup")
SERVERS = ("asyncio", "multiprocessing", "uvicorn")  # which ask for the system as they go
NO_SUCH_NAME = 123


def pretend(*libraries: str) -> None:
    """Make this process one of Windows, after the import of others' libraries."""
    for name in (*BEFORE, *THEIRS, *libraries):
        importlib.import_module(name)
    ours = sys.modules[__name__]
    for name, module in list(sys.modules.items()):
        if module not in (None, ours) and not name.startswith("depeche"):
            for kept in (os, signal, sys) if name.startswith(SERVERS) else (os, signal):
                if vars(module).get(kept.__name__) is kept:
                    vars(module)[kept.__name__] = _copy(kept)
    import fcntl

    sys.modules["msvcrt"] = _msvcrt(fcntl)
    sys.modules |= dict.fromkeys(MODULES)  # type: ignore[arg-type]
    for name in SIGNALS:
        delattr(signal, name)
    for name in CALLS:
        delattr(os, name)
    signal.SIGBREAK = signal.SIGUSR2  # type: ignore[attr-defined]
    _hold_files()
    import asyncio
    import ctypes
    import socket
    import subprocess

    asyncio.ProactorEventLoop = asyncio.SelectorEventLoop  # type: ignore[attr-defined]
    socket.SO_EXCLUSIVEADDRUSE = socket.SO_REUSEADDR  # type: ignore[attr-defined]
    for name in ("CREATE_NEW_PROCESS_GROUP", "CREATE_NO_WINDOW"):
        setattr(subprocess, name, 0)

    ctypes.windll = ModuleType("windll")  # type: ignore[attr-defined]
    ctypes.windll.kernel32 = ModuleType("kernel32")  # type: ignore[attr-defined]
    ctypes.windll.kernel32.SetConsoleCtrlHandler = lambda *_: 1  # type: ignore[attr-defined]
    sys.platform = "win32"


def _copy(module: ModuleType) -> ModuleType:
    """Return a module for those who need all of it; what is set in one stays there."""
    copy = ModuleType(module.__name__)
    vars(copy).update(vars(module))
    return copy


def _msvcrt(fcntl: Any) -> ModuleType:
    """Return locks of Windows by those of Unix."""
    msvcrt: Any = ModuleType("msvcrt")
    msvcrt.LK_UNLCK, msvcrt.LK_LOCK, msvcrt.LK_NBLCK = 0, 1, 2
    kinds = {0: fcntl.LOCK_UN, 1: fcntl.LOCK_EX, 2: fcntl.LOCK_EX | fcntl.LOCK_NB}

    def locking(descriptor: int, mode: int, n_bytes: int) -> None:
        fcntl.flock(descriptor, kinds[mode])

    msvcrt.locking = locking
    made: ModuleType = msvcrt
    return made


def _hold_files() -> None:
    """Let no file be renamed, replaced or removed that this process has open, as Windows does."""
    usual_stat = os.stat

    def check(*paths: Any, dir_fd: int | None = None) -> None:
        for path in paths:
            try:
                status = usual_stat(path, dir_fd=dir_fd, follow_symlinks=False)
            except OSError:
                continue
            for entry in Path("/proc/self/fd").iterdir():
                try:
                    held = usual_stat(entry)
                except OSError:
                    continue
                is_file = held.st_mode & 0o170000 == 0o100000
                if is_file and (held.st_dev, held.st_ino) == (status.st_dev, status.st_ino):
                    raise PermissionError(errno.EACCES, "open in this process", str(path))

    def checked(call: Any, *, may_replace: bool = True) -> Any:
        def run(path: Any, *to: Any, **how: Any) -> Any:
            if not may_replace and to and os.path.lexists(to[0]):
                raise FileExistsError(errno.EEXIST, "exists", str(to[0]))
            check(path, *to, dir_fd=how.get("dir_fd"))
            return call(path, *to, **how)

        return run

    def stat(path: Any, *args: Any, **how: Any) -> os.stat_result:
        if isinstance(path, (str, Path)) and set(str(path)) & set('*?"<>|'):
            err = OSError(errno.EINVAL, "The file name syntax is incorrect", str(path))
            err.winerror = NO_SUCH_NAME  # type: ignore[attr-defined]
            raise err
        return usual_stat(path, *args, **how)

    os.stat = stat
    os.replace, os.unlink, os.remove = map(checked, (os.replace, os.unlink, os.remove))
    os.rename = checked(os.rename, may_replace=False)


if __name__ == "__mp_main__":
    pretend()
elif __name__ == "__main__":
    libraries = [arg.removeprefix("--import=") for arg in sys.argv if arg.startswith("--import=")]
    arguments = [arg for arg in sys.argv[1:] if not arg.startswith("--import=")]
    pretend(*libraries)
    if arguments[0] == "-c":
        exec(arguments[1], {"__name__": "code"})
    else:
        from depeche import classify

        sys.argv[1:] = arguments
        classify.main()
