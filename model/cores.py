"""How many cores this process may use."""

from __future__ import annotations

import os


def count_cores() -> int:
    """Return the number of cores that the system lets this process run on."""
    available = getattr(os, "sched_getaffinity", None)  # of Linux alone
    return len(available(0)) if available else os.cpu_count() or 1
