"""The linear scorer: weighted features times weights, and the exact share of each word in it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from depeche.labels.schema import Schema
from depeche.model.memory import give_back_memory
from depeche.model.scoring.columns import SCALE, ColumnValues
from depeche.model.scoring.features import Bags, Counts, FeatureSettings
from depeche.model.scoring.npy import format_npy, parse_npy
from depeche.model.scoring.scorer import Contributions
from depeche.model.scoring.word_sums import WordSums, sum_runs
from depeche.model.scoring.word_vectors import VectorForm, WordVectors

_BATCH = 50_000  # characters scored at once: more is slower, and takes memory
_MOST_TOKENS_KEPT = 1 << 17  # of what was computed for each: some 30 MB
_AT_ONCE = 1 << 16  # pairs
_TABLE_PAYS = 1 << 15  # characters to score from which it is quicker to compute all columns
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
    of_columns = [(n_columns,), (n_columns, n_labels), (n_labels,)]
    of_words = [(n_words,), (n_words, n_dims), (n_words,)]
    of_form = [(n_dims, n_labels), (n_dims, n_labels, n_dims)]
    if shapes != of_columns + of_words + of_form:
        raise ValueError(f"arrays of shapes {shapes} do not fit the settings and the schema")
    idf, weights, bias, hashes, directions, lengths, linear, quadratic = arrays.values()
    words = WordVectors(hashes=hashes, directions=directions, lengths=lengths)
    form = VectorForm(words=words, linear=linear, quadratic=quadratic)
    return LinearScorer(features, idf, weights, bias, form)


class LinearScorer:
    """Hashed, weighted features times one weight per label.

    Any number of threads may use it. What it keeps of words grows with each text; one thread at a
    time works on that.

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
        Word vectors and what they add; without it, nothing.
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
        self._columns = ColumnValues(idf, weights)
        self._width = self._columns.width
        self._lock = threading.Lock()  # on all that follows, and on filling the table of columns
        self._n_characters = 0  # to score so far
        self._words = WordSums(settings, self._columns, self.form)

    @contextmanager
    def _words_held(self, texts: Sequence[str]) -> Iterator[None]:
        """Hold what is kept of words while some texts are scored; fill the table where it pays.

        Where there are too many words, they are forgotten first. So is what an exception, such as
        Ctrl-C, may have left half changed.
        """
        with self._lock:
            self._n_characters += sum(map(len, texts))
            if self._n_characters > _TABLE_PAYS:
                self._columns.fill_table()
            if self._words.extractor.n_tokens > _MOST_TOKENS_KEPT:
                self._forget()
                give_back_memory()
            try:
                yield
            except BaseException:
                self._forget()
                raise

    def _forget(self) -> None:
        """Start again without any word."""
        self._words = WordSums(self.settings, self._columns, self.form)

    def logits(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the scores before calibration, (n_samples, n_labels)."""
        parts = [np.empty((0, len(self.bias)))]
        for batch in _iter_batches(texts):
            with self._words_held(batch):
                sums = self._sums(batch)
            parts.append(self._finish(sums))
        return np.concatenate(parts)

    def logits_of_counts(self, counts: Counts) -> NDArray[np.float64]:
        """Return the logits of features that were counted before: exactly those of the texts."""
        values = self._columns.compute(counts.indices) * counts.counts[:, None]
        table = counts.rows * 2 + (counts.indices >= len(self.idf) // 2)
        columns = [np.bincount(table, column, 2 * counts.n_samples) for column in values.T]
        of_tables = np.stack(columns, axis=1).reshape(counts.n_samples, -1).astype(np.int64)
        of_words = self.form.values(self.form.words.places(counts.words))
        of_vectors = sum_runs(of_words, counts.word_rows, counts.n_samples)
        return self._finish(np.hstack([of_tables, of_vectors]))

    def files(self) -> dict[str, bytes]:
        """Return the files of an artifact, from which `load_linear` makes the scorer again."""
        words, form = self.form.words, self.form
        arrays: list[NDArray[Any]] = [self.idf, self.weights, self.bias]
        arrays += [words.hashes, words.directions, words.lengths, form.linear, form.quadratic]
        named = zip(_DTYPES, arrays, strict=True)
        return {f"{name}.npy": format_npy(array) for name, array in named}

    def contributions(
        self, texts: Sequence[str], wanted: NDArray[np.bool_] | None = None
    ) -> Contributions:
        """Return what each distinct word and pair of the texts adds to all logits, exactly.

        It is given for the place where the word or pair first stands; a word's n-grams count with
        it. With the bias, the contributions of a text sum to its logits.
        """
        with self._words_held(texts):
            extractor = self._words.extractor
            occurrences = extractor.occurrences(texts)
            pairs, pair_row = extractor.pairs(occurrences)
            word = _first_places(occurrences.word, occurrences.row)
            pair = _first_places(pairs, pair_row)
            sums = self._sums(texts)
            values = self._words.take(occurrences.word[word])
            columns = extractor.pair_column(pairs[pair])
        word_row, pair_row = occurrences.row[word], occurrences.row[pair]
        length, share = self._lengths(sums), self.form.shares(sums[:, 2 * self._width :])
        of_tables = self._of_tables(values)[..., :-1] / length[word_row, :, None]
        of_vectors = np.einsum("nld,nd->nl", share[word_row], values[:, 2 * self._width :])
        of_pairs = self._columns.compute(columns)[:, :-1] / length[pair_row, :1]
        row = np.concatenate([word_row, pair_row])
        order = np.argsort(row, kind="stable")
        start, end = occurrences.start, occurrences.end
        return Contributions(
            row[order],
            np.concatenate([start[word], start[pair]])[order],
            np.concatenate([end[word], end[pair + 1]])[order],
            np.concatenate([of_tables.sum(axis=1) + of_vectors, of_pairs])[order],
        )

    def _sums(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Return the sums of each text, (n_samples, 2 * (n_labels + 1) + n_dims).

        First those of the values of columns in each of the two tables, then those of the words'
        vectors.
        """
        words, columns = self._words, self._columns
        extractor, kernel = words.extractor, words.find_kernel()
        if kernel is None:
            return self._sums_of_bags(extractor.bags(texts), len(texts))
        tokens = extractor.tokens(texts)
        words.learn()
        sums = np.zeros((len(texts), 2 * self._width + self.form.n_dims), dtype=np.int64)
        n_longest = int(np.bincount(tokens.row, minlength=1).max())  # tokens of a text
        of_tokens = (tokens.number, tokens.row, len(tokens.row))
        of_words = (extractor.word_of, extractor.hashes, words.of_tables)
        of_columns = (columns.table, self._width, self.settings.table_bits)
        of_vectors = (words.vector_places, self.form.every_value, self.form.n_dims)
        seen = np.zeros(4 << n_longest.bit_length(), dtype=np.uint64)
        scratch = np.empty(2 * n_longest, dtype=np.uint64)
        kernel.sum_texts(*of_tokens, *of_words, *of_columns, *of_vectors, seen, scratch, sums)
        return sums

    def _sums_of_bags(self, bags: Bags, n_samples: int) -> NDArray[np.int64]:
        """Return what `_sums` does, of what texts hold."""
        sums = sum_runs(self._words.take(bags.word), bags.word_row, n_samples)
        for start in range(0, len(bags.pair), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            values = self._columns.look_up(bags.pair[part])
            sums[:, : self._width] += sum_runs(values, bags.pair_row[part], n_samples)
        return sums

    def _of_tables(self, sums: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the sums of each table: (n, 2, n_labels + 1)."""
        return sums[:, : 2 * self._width].reshape(len(sums), 2, self._width)

    def _lengths(self, sums: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return what sums are divided by, (n_samples, 2): the length in each table."""
        return np.asarray(np.sqrt(np.maximum(self._of_tables(sums)[..., -1], 1) * float(SCALE)))

    def _finish(self, sums: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the logits from the sums."""
        of_table = self._of_tables(sums)[..., :-1] / self._lengths(sums)[..., None]
        of_vectors = self.form.logits(sums[:, 2 * self._width :])
        return np.asarray(of_table[:, 0] + of_table[:, 1] + self.bias + of_vectors)


def _first_places(numbers: NDArray[np.int64], row: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the place where each number that is not negative first stands in each row."""
    keys = np.where(numbers >= 0, (row << 32) | numbers, -1)
    distinct, first = np.unique(keys, return_index=True)
    return first[distinct >= 0]


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
