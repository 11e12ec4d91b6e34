"""What each word adds to the sums of a text, computed once for each word and kept."""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray

from depeche.model.kernel import Kernel, find_kernel
from depeche.model.scoring.columns import ColumnValues
from depeche.model.scoring.features import FeatureExtractor, FeatureSettings
from depeche.model.scoring.word_vectors import VectorForm


class WordSums:
    """What the words met so far add to the sums of a text.

    A word adds the values of its own column, those of the columns of its n-grams, and those of its
    vector.

    Attributes
    ----------
    extractor
        Reads the words of texts, and numbers them.
    """

    def __init__(self, settings: FeatureSettings, columns: ColumnValues, form: VectorForm) -> None:
        self.extractor = FeatureExtractor(settings)
        self._settings = settings
        self._columns = columns
        self._form = form
        self._sums = np.empty((0, 2 * columns.width), dtype=np.int64)  # with room for more words
        self._vector_places = array("i")
        self._n_known = 0

    @property
    def of_tables(self) -> NDArray[np.int64]:
        """The sums of each word in the two tables, by number: (n_words or more, 2 * width)."""
        return self._sums

    @property
    def vector_places(self) -> NDArray[np.int32]:
        """The place of each word's vector, by number, -1 where it has none."""
        return np.frombuffer(self._vector_places, dtype=np.int32)

    def find_kernel(self) -> Kernel | None:
        """Return the kernel where there is one, and the tables that it reads are of 32 bits."""
        table = self._columns.table
        if table is None or table.dtype != np.int32 or self._form.every_value.dtype != np.int32:
            return None
        return find_kernel()

    def take(self, words: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return what each of some words adds, (n, 2 * width + n_dims)."""
        self.learn()
        of_vectors = self._form.values(self.vector_places[words])
        return np.hstack([self._sums.take(words, axis=0), of_vectors])

    def learn(self) -> None:
        """Compute what the words that the extractor has newly met add."""
        first, n_words = self._n_known, self.extractor.n_words
        if n_words == first:
            return
        self._make_room(n_words)
        new, width = np.arange(first, n_words), self._columns.width
        sums = self._sums[first:n_words]
        sums[:, :width] = self._columns.look_up(self.extractor.column(new))
        sums[:, width:] = 0
        places = self._form.words.places(self.extractor.hashes[first:])
        self._vector_places.frombytes(places.tobytes())
        self._sum_grams(new, sums)
        self._n_known = n_words

    def _make_room(self, n_words: int) -> None:
        """Give the sums twice as many rows as words, where they have too few."""
        if n_words > len(self._sums):
            room = np.zeros((2 * n_words, self._sums.shape[1]), dtype=np.int64)
            room[: self._n_known] = self._sums[: self._n_known]
            self._sums = room

    def _sum_grams(self, new: NDArray[np.int64], sums: NDArray[np.int64]) -> None:
        """Add what the n-grams of new words add to their sums in the second table."""
        kernel, width = self.find_kernel(), self._columns.width
        if kernel is None:
            grams, n_grams = self.extractor.grams(new)
            values = self._columns.look_up(grams)
            sums[:, width:] = sum_runs(values, np.repeat(new, n_grams) - new[0], len(new))
            return
        settings = self._settings
        words = self.extractor.padded(int(new[0]))
        sizes = (len(new), settings.char_min, settings.char_max, settings.table_bits)
        kernel.sum_grams(*words, *sizes, self._columns.table, width, sums)


def sum_runs(
    values: NDArray[np.int64] | NDArray[np.int32], row: NDArray[np.int64], n_rows: int
) -> NDArray[np.int64]:
    """Return the sums of the values of each row; `row` rises."""
    sums = np.zeros((n_rows, *values.shape[1:]), dtype=np.int64)
    if len(row):
        first = np.searchsorted(row, np.arange(n_rows + 1))
        filled = first[1:] > first[:-1]
        sums[filled] = np.add.reduceat(values, first[:-1][filled], axis=0, dtype=np.int64)
    return sums
