"""Measures the CPU time of the process `classify ARTICLE`, beside an import of numpy and typer.

    python benchmarks/startup.py

The commands run in turn, A B C A B C …, and medians are compared. Bar: 2.5 times the import.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
ARTICLE = ROOT / "seeds" / "004_f09b997ef4421a0e.txt"
N_RUNS = 15


def cpu_seconds(command: list[str]) -> float:
    """Return user and system time of a command run to its end."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} failed")
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Measure and print."""
    base = [sys.executable, "-c", "import numpy, typer"]
    tag = [sys.executable, "-m", "depeche.classify", str(ARTICLE)]
    commands = {
        "python -c 'import numpy, typer'": base,
        "classify ARTICLE (record)": tag,
        "classify ARTICLE (table)": [*tag, "--format", "table"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(N_RUNS + 1):
        for name, command in commands.items():
            times[name].append(cpu_seconds(command))
    medians = {name: statistics.median(seconds[1:]) for name, seconds in times.items()}
    first = next(iter(medians.values()))
    for name, median in medians.items():
        print(f"{name:34} {median:.3f} s CPU   {median / first:.2f} times")


if __name__ == "__main__":
    main()
