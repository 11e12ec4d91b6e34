"""How many cores this process may use."""

from __future__ import annotations

import os
import sys

_MOST_A_CORE = 4  # processes; more only take memory
_MOST_ON_WINDOWS = 61  # that one process can wait for


def count_cores() -> int:
    """Return the number of cores that the system lets this process run on."""
    available = getattr(os, "sched_getaffinity", None)  # of Linux alone
    return len(available(0)) if available else os.cpu_count() or 1


def at_most_jobs(n_jobs: int, n_cores: int | None = None) -> int:
    """Return how many processes to start on so many cores where `n_jobs` are asked for.

    Without a number of cores: on those of this machine.
    """
    if n_cores is None:
        most = _MOST_A_CORE * count_cores()
        return min(n_jobs, most, _MOST_ON_WINDOWS if sys.platform == "win32" else most)
    return min(n_jobs, _MOST_A_CORE * n_cores)
