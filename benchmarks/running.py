"""Runs commands and measures them, and prints tables; it needs only the standard library.

The peak memory of a process counts that of its parent, so the process that starts the measured
commands stays small: fitting and scoring run in separate processes.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
_SOME_FAILED = 3  # of `classify`: the corpus has 8 articles without a paragraph
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


@dataclass(frozen=True, kw_only=True)
class Run:
    """The seconds of a command, by the clock and of CPU, its peak memory in MB, and its output."""

    wall: float
    cpu: float
    peak: float
    output: str = ""


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this process and those it starts on one core, if the system can do so."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _environment() -> dict[str, str]:
    """Return the variables of a command: one thread, and compiled modules kept, as by default."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return kept | _ONE_THREAD


def run(command: Sequence[str | Path]) -> Run:
    """Run a command, and return what it took, with its descendants, and its output."""
    words = [str(word) for word in command]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.perf_counter()
        process = subprocess.Popen(words, cwd=ROOT, stdout=out, stderr=err, env=_environment())
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode not in (0, _SOME_FAILED):
            raise SystemExit(f"{' '.join(words)} ended with {process.returncode}\n{err.read()}")
        return Run(
            wall=wall,
            cpu=usage.ru_utime + usage.ru_stime,
            peak=usage.ru_maxrss * 1024 / 1e6,  # KiB on Linux
            output=out.read(),
        )


def in_turn(commands: dict[str, list[str | Path]], rounds: int) -> dict[str, Run]:
    """Run commands in turn, A B C A B C …, and return the least that each took in any round."""
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(run(command))
    return {
        name: Run(
            wall=min(r.wall for r in rounds_of_one),
            cpu=min(r.cpu for r in rounds_of_one),
            peak=max(r.peak for r in rounds_of_one),
        )
        for name, rounds_of_one in runs.items()
    }


class Report:
    """Tables on standard output, and the bars that were missed."""

    def __init__(self) -> None:
        self.missed: list[str] = []

    def part(self, title: str, columns: Sequence[str]) -> None:
        """Begin a table."""
        self._title = title
        print(f"\n{title}\n{'':44}" + "".join(f"{name:>14}" for name in (*columns, "bar", "")))

    def row(self, name: str, cells: Sequence[str], bar: str = "", held: bool | None = None) -> None:
        """Print a row; `held` says whether its bar is, where it has one."""
        verdict = {None: "", True: "ok", False: "below"}[held]
        print(f"{name:44}" + "".join(f"{cell:>14}" for cell in (*cells, bar, verdict)), flush=True)
        if held is False:
            self.missed.append(f"{self._title}: {name}")
