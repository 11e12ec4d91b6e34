"""The compiled kernel, where there is one: the same results as numpy's, in a fraction of the time.

`pip install` compiles `kernel.c` where it finds a C compiler (`setup.py`). Without it, or
with one that was made of another `kernel.c`, everything works the same, more slowly.
"""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

_SOURCE = Path(__file__).with_name("kernel.c")


class Kernel:
    """The functions of `kernel.c`, where comments say what arrays they take.

    They hold Python's lock, so that no other thread changes these arrays meanwhile.

    Raises
    ------
    OSError, AttributeError
        When the library does not exist, or is not for this machine.
    """

    def __init__(self, library: Path) -> None:
        loaded = ctypes.PyDLL(str(library))
        self.cut = _declared(loaded.cut, "I B q i q n Q i n q i i q q q", ctypes.c_int64)
        self.sum_grams = _declared(loaded.sum_grams, "I q n n n n i n q")
        self.sum_texts = _declared(loaded.sum_texts, "i i n i I q i n n i i n Q Q q")
        self.see = _declared(loaded.see, "I n I q n n n I q q", ctypes.c_int64)
        self.walk = _declared(loaded.walk, "d n n q d i n i d n n Q Q d")
        self.find_words = _declared(
            loaded.find_words, "I I I q n n n Q i n q n B B n I n q B q q q q", ctypes.c_int64
        )


def _declared(function: Any, kinds: str, result: Any = None) -> Callable[..., Any]:
    """Return a function that checks its arguments: arrays by `numpy`'s letters, `n` a number."""
    function.argtypes = [
        ctypes.c_int64
        if kind == "n"
        else np.ctypeslib.ndpointer(np.dtype(kind), flags="C_CONTIGUOUS")
        for kind in kinds.split()
    ]
    function.restype = result
    return function  # type: ignore[no-any-return]


@cache
def find_kernel() -> Kernel | None:
    """Return the kernel, None where it was not compiled from this version's source."""
    try:
        digest = hashlib.sha256(_SOURCE.read_bytes()).hexdigest()[:8]
        return Kernel(_SOURCE.with_name(f"_kernel-{digest}.so"))
    except (OSError, AttributeError):
        return None
