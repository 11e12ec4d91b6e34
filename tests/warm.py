"""Runs the command line many times, each in a copy of a process that has it loaded, killed at will.

What a run prints, and its number of steps, lie beside the folder that it ran in.

Reads one line of JSON per run from standard input and answers with one. `kill_at` kills it before
its n-th step that a crash could part from the next: a rename, removal, sync or cut of a file;
`kill_after` kills it after so many seconds. `uid` makes it another user's. Unless it is to be
`as_it_is`, inputs go by fours, and each is brought to the disk as soon as it is tagged, so that a
few inputs have many such steps.

A run that has an `env` and a folder `into` which it prints is as one in a process of its own: what
it reads is there in `stdin`, and it ends as Python does. `python warm.py train` has loaded what
commands that train need.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

MOST_S = 400  # a training on all labels takes two minutes, more beside other tests
STEPS = ((os, "fsync"), (shutil, "rmtree"), *((Path, x) for x in ("replace", "unlink", "mkdir")))


def main() -> None:
    import numpy  # noqa: F401
    import pyarrow.parquet

    import depeche.classify  # noqa: F401
    from depeche.model.tagging import load_model

    version("depeche")  # all that another user may be unable to load
    pyarrow.Table.from_pylist([{"a": ["b"]}])
    load_model().tag(["Le ministre a signé le traité avec son homologue."])
    if sys.argv[1:] == ["train"]:
        load_for_training()
    gc.freeze()  # so that no copy goes through all that is loaded
    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if not pid:
            run_alone(asked) if "env" in asked else run(asked)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        sys.stdout.write(json.dumps({"status": status, "pid": pid}) + "\n")
        sys.stdout.flush()


def load_for_training() -> None:
    import sklearn.linear_model  # noqa: F401

    from depeche.train.tracking.connection import import_mlflow

    import_mlflow()
    import mlflow.pyfunc
    import mlflow.store.tracking.sqlalchemy_store  # noqa: F401


def run_alone(asked: dict[str, Any]) -> None:
    """Run a command as a process of its own would, and exit."""
    from depeche import classify

    signal.alarm(MOST_S)
    os.setsid()
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    into = Path(asked["into"])
    os.dup2(os.open(into / "stdin", os.O_RDONLY), 0)
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        os.dup2(os.open(into / name, os.O_WRONLY | os.O_CREAT), descriptor)
    sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115 - what has been read stays behind
    sys.argv = ["classify", *asked["args"]]
    status = 1
    try:
        classify.main()
        status = 0
    except SystemExit as err:
        status = err.code if isinstance(err.code, int) else 0
    except BaseException:  # noqa: BLE001 - as Python itself shows it
        sys.excepthook(*sys.exc_info())
    finally:  # as Python ends, but for the libraries, whose taking apart takes a second
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def run(asked: dict[str, Any]) -> None:
    from depeche import classify
    from depeche.model.batch import engine, log

    os.setsid()
    os.chdir(asked["cwd"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        os.dup2(os.open(f"../{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    steps = os.open("../steps", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    if not asked.get("as_it_is"):
        engine._MOST_DOCUMENTS, log._COMMIT_S = 4, 0.0
    if asked.get("uid"):
        os.setgroups([])
        os.setuid(asked["uid"])
    count = counter(asked.get("kill_at"))
    for owner, name in STEPS:
        setattr(owner, name, counted(getattr(owner, name), count))
    log.open_at = counted(log.open_at, count)
    if asked.get("kill_after"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, asked["kill_after"])
    sys.argv = ["classify", *asked["args"]]
    status = 1
    try:
        classify.main()
    except SystemExit as err:
        status = err.code if isinstance(err.code, int) else 0
    finally:
        sys.stdout.flush()
        os.pwrite(steps, str(count()).encode(), 0)
        os._exit(status)


def counter(kill_at: int | None) -> Callable[[], int]:
    n = 0

    def count() -> int:
        nonlocal n
        n += 1
        if n == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return n

    return count


def counted(step: Callable[..., Any], count: Callable[[], int]) -> Callable[..., Any]:
    def stepped(*args: Any, **settings: Any) -> Any:
        count()
        return step(*args, **settings)

    return stepped


if __name__ == "__main__":
    main()
