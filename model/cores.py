"""How many cores this process may use."""

from __future__ import annotations

import os
import sys

_MOST_PER_CORE = 4  # processes; more only take memory
_MOST_ON_WINDOWS = 61  # that one process can wait for


def count_cores() -> int:
    """Return the number of cores that the system lets this process run on."""
    available = getattr(os, "sched_getaffinity", None)  # on Linux only
    return len(available(0)) if available else os.cpu_count() or 1


def at_most_jobs(n_jobs: int, n_cores: int | None = None) -> int:
    """Return how many of `n_jobs` processes to start on some cores, by default this machine's."""
    if n_cores is None:
        most = _MOST_PER_CORE * count_cores()
        return min(n_jobs, most, _MOST_ON_WINDOWS if sys.platform == "win32" else most)
    return min(n_jobs, _MOST_PER_CORE * n_cores)
