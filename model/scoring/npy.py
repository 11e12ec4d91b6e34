"""Formats arrays as the bytes of .npy files and parses them, never with pickle."""

from __future__ import annotations

import io
import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

# As `format_npy` writes it: the length of what follows, the type, the shape.
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00([\x00-\xff]{2})\{'descr': '([<>|][a-z][0-9])', "
    rb"'fortran_order': False, 'shape': \(([0-9, ]*)\), \} *\n"
)
_EXPONENT = np.uint16(0x7C00)  # the bits of it in a float16 (IEEE 754, binary16)


def format_npy(array: NDArray[Any]) -> bytes:
    """Return what `parse_npy` reads."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def parse_npy(data: bytes, dtype: type[np.generic]) -> NDArray[Any]:
    """Return the array that a file's bytes hold.

    numpy's own reader takes as much memory as a header asks for, even if little follows it.

    Raises
    ------
    ValueError
        When they hold no array, one of another type or size than they say, or NaN or infinity.
    """
    header = _HEADER.match(data)
    if header is None or int.from_bytes(header[1], "little") != len(header[0]) - len(header[1]) - 8:
        raise ValueError("an array that is none, or in another format than .npy 1.0")
    kind, shape = header[2].decode(), [int(n) for n in header[3].split(b",") if n.strip()]
    if kind != np.dtype(dtype).str:
        raise ValueError(f"an array of {kind} where {np.dtype(dtype).str} belongs")
    n_bytes = len(data) - header.end()
    if math.prod(shape) * np.dtype(dtype).itemsize != n_bytes:
        raise ValueError(f"an array of shape {shape!r:.60} does not fit its {n_bytes:,} bytes")
    array = np.frombuffer(data, dtype, offset=header.end()).reshape(shape).copy()
    if array.dtype.kind == "f" and not _are_numbers(array):
        raise ValueError("an array holds NaN or what is infinite")
    return array


def _are_numbers(array: NDArray[Any]) -> bool:
    """Return whether no value is NaN or infinite."""
    if array.dtype == np.float16:  # all bits of the exponent: ten times as fast
        return bool(((array.view(np.uint16) & _EXPONENT) != _EXPONENT).all())
    return bool(np.isfinite(array).all())
