"""Arrays as the bytes of .npy files, never pickled."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray


def format_npy(array: NDArray[Any]) -> bytes:
    """Return what `parse_npy` reads."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def parse_npy(data: bytes, dtype: type[np.generic]) -> NDArray[Any]:
    """Return the array that a file's bytes hold.

    Raises
    ------
    ValueError
        When they hold none, or one of another type.
    """
    array = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    if array.dtype != dtype:
        raise ValueError(f"an array of {array.dtype} where {np.dtype(dtype)} belongs")
    return np.asarray(array)
