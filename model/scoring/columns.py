"""What each column of the features adds to the sums of a text, in whole numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SCALE = 1 << 16  # values are whole multiples of 1 / SCALE
_AT_ONCE = 1 << 12  # columns of the table computed at once, which takes many times its memory


class ColumnValues:
    """Weights as whole numbers, computed for the columns asked for or looked up in a table of all.

    Parameters
    ----------
    idf
        float32 (n_features,).
    weights
        float16 (n_features, n_labels).

    Attributes
    ----------
    table
        (n_features, n_labels + 1), in 32 bits where all values fit; None until it is filled, which
        pays where many columns are looked up.
    """

    def __init__(self, idf: NDArray[np.float32], weights: NDArray[np.float16]) -> None:
        self.idf = idf
        self.weights = weights
        self.width = weights.shape[1] + 1
        self.table: NDArray[np.int64] | NDArray[np.int32] | None = None

    def look_up(self, columns: NDArray[np.int64]) -> NDArray[np.int64] | NDArray[np.int32]:
        """Return the values of columns, (n_columns, n_labels + 1)."""
        if self.table is None:
            return self.compute(columns)
        return self.table.take(columns, axis=0)

    def compute(self, columns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return idf times weight of each label, and idf squared, in units of 1 / `SCALE`.

        (n_columns, n_labels + 1). They are whole numbers, so that a sum does not depend on its
        order.
        """
        idf = self.idf[columns].astype(np.float64)[:, None]
        values = np.hstack([idf * self.weights[columns], idf * idf])
        return np.rint(values * SCALE).astype(np.int64)

    def fill_table(self) -> None:
        """Compute the values of all columns, unless that was done before."""
        if self.table is None:
            self.table = self._every_value()

    def _every_value(self) -> NDArray[np.int64] | NDArray[np.int32]:
        columns = np.arange(len(self.idf))
        table = np.empty((len(columns), self.width), dtype=np.int32)
        for start in range(0, len(columns), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            values = self.compute(columns[part])
            if np.abs(values).max() >= 1 << 31:
                return self.compute(columns)
            table[part] = values
        return table
