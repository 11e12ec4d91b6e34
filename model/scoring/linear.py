"""The scorer: weighted features times weights, and the exact share of each word in it."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from depeche.labels.schema import Schema
from depeche.model.kernel import Kernel, find_kernel
from depeche.model.memory import give_back_memory
from depeche.model.scoring.features import Bags, Counts, FeatureExtractor, FeatureSettings
from depeche.model.scoring.npy import format_npy, parse_npy
from depeche.model.scoring.scorer import Contributions
from depeche.model.scoring.word_vectors import VectorForm, WordVectors

_BATCH = 50_000  # characters scored at once: more is slower, and takes memory
_MOST_TOKENS_KEPT = 1 << 17  # of what was computed for each: some 30 MB
_SCALE = 1 << 16  # weights are whole multiples of 1 / _SCALE: see `_values`
_AT_ONCE = 1 << 16  # pairs or columns
_TABLE_PAYS = 1 << 15  # columns looked up, after which it is quicker to have computed them all
_DTYPES: dict[str, type[np.generic]] = {
    "idf": np.float32,
    "weights": np.float16,
    "bias": np.float32,
    "vector_words": np.uint32,
    "vector_directions": np.int8,
    "vector_lengths": np.float16,
    "form_linear": np.float32,
    "form_quadratic": np.float32,
}


def load_linear(
    files: Mapping[str, bytes], settings: Mapping[str, Any], schema: Schema
) -> LinearScorer:
    """Return the scorer of an artifact's files: see `backends.load_scorer`."""
    features = FeatureSettings(**settings["features"])
    arrays = {name: parse_npy(files[f"{name}.npy"], dtype) for name, dtype in _DTYPES.items()}
    shapes = [array.shape for array in arrays.values()]
    n_columns, n_labels, n_dims = features.n_features, schema.n_labels, len(arrays["form_linear"])
    n_words = len(arrays["vector_words"])
    expected = [
        *((n_columns,), (n_columns, n_labels), (n_labels,)),
        *((n_words,), (n_words, n_dims), (n_words,)),
        *((n_dims, n_labels), (n_dims, n_labels, n_dims)),
    ]
    if shapes != expected:
        raise ValueError(f"arrays of shapes {shapes} do not fit the settings and the schema")
    idf, weights, bias, hashes, directions, lengths, linear, quadratic = arrays.values()
    words = WordVectors(hashes=hashes, directions=directions, lengths=lengths)
    form = VectorForm(words=words, linear=linear, quadratic=quadratic)
    return LinearScorer(features, idf, weights, bias, form)


class LinearScorer:
    """Hashed, weighted features times one weight per label.

    Any number of threads may use it: what it keeps of words grows with each text, and one thread at
    a time works on it.

    Parameters
    ----------
    settings
        What the features are.
    idf
        float32 (n_features,): weight of each column, 0 where the column is not used.
    weights
        float16 (n_features, n_labels): half precision halves the file; fitting rounds to it before
        anything is measured.
    bias
        float32 (n_labels,).
    form
        Word vectors and what they add; nothing without it.
    """

    def __init__(
        self,
        settings: FeatureSettings,
        idf: NDArray[np.float32],
        weights: NDArray[np.float16],
        bias: NDArray[np.float32],
        form: VectorForm | None = None,
    ) -> None:
        self.settings = settings
        self.idf = idf
        self.weights = weights
        self.bias = bias
        self.form = VectorForm.without_words(len(bias)) if form is None else form
        self._n_looked_up = 0  # columns, so far
        self._width = len(bias) + 1  # values of a column
        self._lock = threading.Lock()  # on all that follows
        self._forget()

    def _forget(self) -> None:
        """Start without any word."""
        self._extractor = FeatureExtractor(self.settings)
        self._known = np.empty((0, 2 * self._width), dtype=np.int64)  # see `_words`
        self._vector_of = array("i")  # the place of each word's vector, -1 where it has none
        self._n_known = 0

    @contextmanager
    def _words_held(self) -> Iterator[None]:
        """Hold what is kept of words, of which there are not too many.

        What an exception, such as Ctrl-C, may have left half changed is forgotten.
        """
        with self._lock:
            if self._extractor.n_tokens > _MOST_TOKENS_KEPT:
                self._forget()
                give_back_memory()
            try:
                yield
            except BaseException:
                self._forget()
                raise

    @cached_property
    def _every_value(self) -> NDArray[np.int64] | NDArray[np.int32]:
        """The `_values` of every column, in 32 bits where they fit."""
        columns = np.arange(len(self.idf))
        values = np.empty((len(columns), len(self.bias) + 1), dtype=np.int32)
        for start in range(0, len(columns), _AT_ONCE >> 4):  # `_values` takes many times its result
            part = slice(start, start + (_AT_ONCE >> 4))
            found = self._values(columns[part])
            if np.abs(found).max() >= 1 << 31:
                return self._values(columns)
            values[part] = found
        return values

    def logits(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the scores before calibration, (n_samples, n_labels)."""
        found = [np.empty((0, len(self.bias)))]
        for batch in _iter_batches(texts):
            with self._words_held():
                sums = self._sums(batch)
            found.append(self._finish(sums))
        return np.concatenate(found)

    def logits_of_counts(self, counts: Counts) -> NDArray[np.float64]:
        """Return the logits of features that were counted before: exactly those of the texts."""
        values = self._values(counts.indices) * counts.counts[:, None]
        table = counts.rows * 2 + (counts.indices >= len(self.idf) // 2)
        columns = [np.bincount(table, column, 2 * counts.n_samples) for column in values.T]
        of_tables = np.stack(columns, axis=1).reshape(counts.n_samples, -1).astype(np.int64)
        of_words = self.form.values(self.form.words.places(counts.words))
        of_vectors = _sum_runs(of_words, counts.word_rows, counts.n_samples)
        return self._finish(np.hstack([of_tables, of_vectors]))

    def files(self) -> dict[str, bytes]:
        """Return the files of an artifact, from which `load_linear` makes the scorer again."""
        words, form = self.form.words, self.form
        arrays: list[NDArray[Any]] = [
            *(self.idf, self.weights, self.bias, words.hashes, words.directions, words.lengths),
            *(form.linear, form.quadratic),
        ]
        named = zip(_DTYPES, arrays, strict=True)
        return {f"{name}.npy": format_npy(array) for name, array in named}

    def contributions(
        self, texts: Sequence[str], wanted: NDArray[np.bool_] | None = None
    ) -> Contributions:
        """Return what each distinct word and pair of the texts adds to all logits, exactly.

        Where it first stands; its n-grams' are a word's. With the bias, those of a text sum to its
        logits.
        """
        with self._words_held():
            found = self._extractor.occurrences(texts)
            pairs, pair_row = self._extractor.pairs(found)
            word, pair = _first_places(found.word, found.row), _first_places(pairs, pair_row)
            sums = self._sums(texts)
            values, of = self._words(found.word[word]), found.row[word]
        length, share = self._lengths(sums), self.form.shares(sums[:, 2 * self._width :])
        row = np.concatenate([found.row[word], found.row[pair]])
        of_words = self._of_tables(values)[..., :-1] / length[of, :, None]
        of_vectors = np.einsum("nld,nd->nl", share[of], values[:, 2 * self._width :])
        columns = self._extractor.pair_column(pairs[pair])
        of_pairs = self._values(columns)[:, :-1] / length[found.row[pair], :1]
        order = np.argsort(row, kind="stable")
        return Contributions(
            row[order],
            np.concatenate([found.start[word], found.start[pair]])[order],
            np.concatenate([found.end[word], found.end[pair + 1]])[order],
            np.concatenate([of_words.sum(axis=1) + of_vectors, of_pairs])[order],
        )

    def _values(self, columns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return idf times weight of each label, and idf squared, in units of 1 / `_SCALE`.

        (n_columns, n_labels + 1). Whole numbers, so that a sum does not depend on its order.
        """
        idf = self.idf[columns].astype(np.float64)[:, None]
        values = np.hstack([idf * self.weights[columns], idf * idf])
        return np.rint(values * _SCALE).astype(np.int64)

    def _look_up(self, columns: NDArray[np.int64]) -> NDArray[np.int64] | NDArray[np.int32]:
        """Return the `_values` of columns, once there were many from a table of all."""
        self._n_looked_up += len(columns)
        if self._n_looked_up > _TABLE_PAYS:
            return self._every_value.take(columns, axis=0)
        return self._values(columns)

    def _words(self, words: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return what each word adds to the sums, as they stand in `_sums`.

        Its own column's values, of the first table, the sum of its n-grams', of the second, and
        those of its vector.
        """
        self._learn_words()
        of_vectors = self.form.values(self._vectors[words])
        return np.hstack([self._known.take(words, axis=0), of_vectors])

    @property
    def _vectors(self) -> NDArray[np.int32]:
        """The place of each known word's vector, -1 where it has none."""
        return np.frombuffer(self._vector_of, dtype=np.int32)

    def _learn_words(self) -> None:
        """Compute what the words that were not met before add to the sums."""
        n_words = self._extractor.n_words
        if n_words == self._n_known:
            return
        new = np.arange(self._n_known, n_words)
        if n_words > len(self._known):
            room = np.zeros((2 * n_words, *self._known.shape[1:]), dtype=np.int64)
            room[: self._n_known] = self._known[: self._n_known]
            self._known = room
        width, first = self._width, self._n_known
        known = self._known[first:n_words]
        known[:, :width] = self._look_up(self._extractor.column(new))
        known[:, width:] = 0
        places = self.form.words.places(self._extractor.hashes[first:])
        self._vector_of.frombytes(places.tobytes())
        kernel = self._kernel()
        if kernel is not None:
            signs, ends = self._extractor.padded(first)
            lengths = self.settings.char_min, self.settings.char_max
            kernel.sum_grams(
                *(signs, ends, len(ends), *lengths, self.settings.table_bits),
                *(self._every_value, width, known),
            )
        else:
            grams, n_grams = self._extractor.grams(new)
            known[:, width:] = _sum_runs(
                self._look_up(grams), np.repeat(new, n_grams) - first, len(new)
            )
        self._n_known = n_words

    def _kernel(self) -> Kernel | None:
        """Return the kernel, where there is one, once the tables that it needs pay."""
        if self._n_looked_up <= _TABLE_PAYS:
            return None
        fit = self._every_value.dtype == self.form.every_value.dtype == np.int32
        return find_kernel() if fit else None

    def _sums(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Return the sums of each text, (n_samples, 2 * (n_labels + 1) + n_dims).

        Those of `_values` in each of the two tables, then those of the words' vectors.
        """
        kernel = self._kernel()
        if kernel is None:
            return self._sums_of_bags(self._extractor.bags(texts), len(texts))
        tokens = self._extractor.tokens(texts)
        self._learn_words()
        n_tokens = len(tokens.row)
        sums = np.zeros((len(texts), 2 * self._width + self.form.n_dims), dtype=np.int64)
        most = int(np.bincount(tokens.row, minlength=1).max())  # tokens of a text
        kernel.sum_texts(
            *(tokens.number, tokens.row, n_tokens, self._extractor.word_of, self._extractor.hashes),
            *(self._known, self._every_value, self._width, self.settings.table_bits),
            *(self._vectors, self.form.every_value, self.form.n_dims),
            *(
                np.zeros(4 << most.bit_length(), dtype=np.uint64),
                np.empty(2 * most, dtype=np.uint64),
            ),
            sums,
        )
        return sums

    def _sums_of_bags(self, bags: Bags, n_samples: int) -> NDArray[np.int64]:
        """Return what `_sums` does, of what texts hold."""
        sums = _sum_runs(self._words(bags.word), bags.word_row, n_samples)
        for start in range(0, len(bags.pair), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            values = self._look_up(bags.pair[part])
            sums[:, : self._width] += _sum_runs(values, bags.pair_row[part], n_samples)
        return sums

    def _of_tables(self, sums: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the sums of each table: (n, 2, n_labels + 1)."""
        return sums[:, : 2 * self._width].reshape(len(sums), 2, self._width)

    def _lengths(self, sums: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return what sums are divided by, (n_samples, 2): the length in each table."""
        return np.asarray(np.sqrt(np.maximum(self._of_tables(sums)[..., -1], 1) * float(_SCALE)))

    def _finish(self, sums: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the logits from the sums."""
        of_table = self._of_tables(sums)[..., :-1] / self._lengths(sums)[..., None]
        of_vectors = self.form.logits(sums[:, 2 * self._width :])
        return np.asarray(of_table[:, 0] + of_table[:, 1] + self.bias + of_vectors)


def _sum_runs(
    values: NDArray[np.int64] | NDArray[np.int32], row: NDArray[np.int64], n_rows: int
) -> NDArray[np.int64]:
    """Return the sums of the values of each row; `row` rises."""
    sums = np.zeros((n_rows, *values.shape[1:]), dtype=np.int64)
    if len(row):
        first = np.searchsorted(row, np.arange(n_rows + 1))
        filled = first[1:] > first[:-1]
        sums[filled] = np.add.reduceat(values, first[:-1][filled], axis=0, dtype=np.int64)
    return sums


def _first_places(things: NDArray[np.int64], row: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each thing, of those that are not negative, first stands in each row."""
    keys = np.where(things >= 0, (row << 32) | things, -1)
    found, first = np.unique(keys, return_index=True)
    return first[found >= 0]


def _iter_batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield the texts in runs of about `_BATCH` characters, so that memory stays small."""
    start, size = 0, 0
    for i, text in enumerate(texts):
        size += len(text)
        if size >= _BATCH:
            yield texts[start : i + 1]
            start, size = i + 1, 0
    if start < len(texts):
        yield texts[start:]


def weigh(counts: Counts, idf: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the value of each entry: n idf, divided by the length of its row in its table.

    The length is the root of the sum of n idf squared: that of a cosine (Manning, Raghavan and
    Schütze, Introduction to Information Retrieval, 6.3) if no two words had an n-gram in common.
    So it is a sum over words as well, and can be kept with them.
    """
    weights = idf[counts.indices].astype(np.float64)
    table = counts.rows * 2 + (counts.indices >= len(idf) // 2)
    length = np.sqrt(np.bincount(table, counts.counts * weights**2, 2 * counts.n_samples))
    return np.asarray(counts.counts * weights / np.maximum(length, 1e-12)[table])
