"""Gives freed memory back to the system."""

from __future__ import annotations

import ctypes
import sys


def give_back_memory() -> None:
    """Give freed memory back: glibc keeps it, where Python's objects cannot use it."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
