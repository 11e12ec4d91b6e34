"""Features of a French paragraph: its words, word pairs and character n-grams, hashed, in numpy.

This is their only definition: training and prediction both call it. A paragraph is the set of its
words (spelled as `spelling` says) and the set of its pairs of neighbouring words: saying a word
twice adds nothing. So all that a word adds, its character n-grams included, can be summed once and
kept, since the number of distinct words grows slowly with the amount of text.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from depeche.model.scoring.spelling import normalise
from depeche.model.scoring.tokens import Tokens, TokenTable

_LONGEST_WORD = 64  # characters whose n-grams count; what is longer is no word
_MASK = np.uint64(0xFFFFFFFF)
_GOLDEN = np.uint64(0x9E3779B1)  # 2**32 / golden ratio: Knuth, TAOCP 3, 6.4, multiplicative hashing
_PAIR = np.uint64(31)
_GRAM = np.uint64(0x01000193)  # a prime: FNV's, of the polynomial that hashes an n-gram
_CHAR_SEED = 0x9747B28C  # so that a word and its n-grams hash apart


@dataclass(frozen=True, kw_only=True)
class FeatureSettings:
    """What the features of a model depend on; part of its artifact.

    Words and pairs share one table of `2 ** table_bits` columns, character n-grams (within a
    word and its two boundaries, `char_min` to `char_max` long) have another of the same size.
    """

    table_bits: int = 17
    char_min: int = 4
    char_max: int = 6

    @property
    def n_features(self) -> int:
        """Number of columns of both tables."""
        return 2 << self.table_bits


@dataclass(frozen=True)
class Counts:
    """How many words or pairs of a paragraph have each feature, as a sparse matrix by rows.

    Row `i` has `counts[indptr[i]:indptr[i + 1]]` in the columns `indices[...]`, which rise, and its
    words have the hashes `words[word_indptr[i]:word_indptr[i + 1]]`.
    """

    counts: NDArray[np.int64]
    indices: NDArray[np.int64]
    indptr: NDArray[np.int64]
    words: NDArray[np.uint32]
    word_indptr: NDArray[np.int64]

    @property
    def n_samples(self) -> int:
        """Number of paragraphs."""
        return len(self.indptr) - 1

    @property
    def rows(self) -> NDArray[np.int64]:
        """Row of each entry."""
        return np.repeat(np.arange(self.n_samples), np.diff(self.indptr))

    @property
    def word_rows(self) -> NDArray[np.int64]:
        """Row of each word."""
        return np.repeat(np.arange(self.n_samples), np.diff(self.word_indptr))

    def rows_where(self, chosen: NDArray[np.bool_]) -> Counts:
        """Return the counts of the chosen paragraphs; `chosen` is (n_samples,)."""
        return self.rows_at(np.flatnonzero(chosen))

    def rows_at(self, rows: NDArray[np.int64]) -> Counts:
        """Return the counts of some paragraphs, in the order of `rows`."""
        entry, indptr = _entries_of(self.indptr, rows)
        word, word_indptr = _entries_of(self.word_indptr, rows)
        return Counts(
            self.counts[entry], self.indices[entry], indptr, self.words[word], word_indptr
        )


@dataclass(frozen=True)
class Bags:
    """The distinct words and pairs of words of some texts, rows rising.

    `word` (n_words,) are numbers of the extractor's words, in the texts `word_row`; `pair`
    (n_pairs,) are columns of pairs of words, in the texts `pair_row`.
    """

    word: NDArray[np.int64]
    word_row: NDArray[np.int64]
    pair: NDArray[np.int64]
    pair_row: NDArray[np.int64]


@dataclass(frozen=True)
class Occurrences:
    """The words and marks of texts that have features, in order.

    `word`, a number of the extractor's, in text `row` at `text[start:end]`; (n_occurrences,) each.
    """

    word: NDArray[np.int64]
    row: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]


class FeatureExtractor:
    """Reads the features of texts; keeps what it computed for each word it met.

    Attributes
    ----------
    n_words
        Words met so far, numbered from 0 on.
    """

    def __init__(self, settings: FeatureSettings) -> None:
        self.settings = settings
        self._table = TokenTable()
        self._word_of = array("i")  # of each token of the table, -1 where it has no features
        self._words: dict[str, int] = {}
        self._spelled: list[str] = []  # the same words, by number
        self._hashes = array("I")
        self._grams = array("i")  # columns of the n-grams of words, as far as they were asked for
        self._gram_ends = array("q", [0])

    @property
    def n_words(self) -> int:
        """Words met so far."""
        return len(self._hashes)

    @property
    def n_tokens(self) -> int:
        """Distinct tokens met so far; a word is written in several ways."""
        return self._table.n_tokens

    @property
    def word_of(self) -> NDArray[np.int32]:
        """The word of each token met so far, by number; -1 where it has no features."""
        return np.frombuffer(self._word_of, dtype=np.int32)

    @property
    def hashes(self) -> NDArray[np.uint32]:
        """A hash of each word met so far, by number."""
        return np.frombuffer(self._hashes, dtype=np.uint32)

    def tokens(self, texts: Sequence[str]) -> Tokens:
        """Return the tokens of each text in order, whose words are learned."""
        tokens, new = self._table.cut(texts)
        self._learn(new)
        return tokens

    def occurrences(self, texts: Sequence[str]) -> Occurrences:
        """Return the words of each text in order, with their places."""
        tokens = self.tokens(texts)
        word = self.word_of[tokens.number]
        counted = word >= 0
        return Occurrences(
            word[counted].astype(np.int64),
            tokens.row[counted].astype(np.int64),
            tokens.start[counted],
            tokens.end[counted],
        )

    def bags(self, texts: Sequence[str]) -> Bags:
        """Return the distinct words and pairs of each text; the other texts make no difference."""
        occurrences = self.occurrences(texts)
        pair, pair_row = self.pairs(occurrences)
        word, word_row = _distinct(occurrences.word, occurrences.row)
        pair, pair_row = _distinct(pair[pair >= 0], pair_row[pair >= 0])
        return Bags(word, word_row, self.pair_column(pair), pair_row)

    def count(self, texts: Sequence[str]) -> Counts:
        """Return the features of each text, and how many of its words or pairs have each."""
        n_features = self.settings.n_features
        bags = self.bags(texts)
        grams, n_grams = self.grams(bags.word)
        keys = np.concatenate(
            [
                bags.word_row * n_features + self.column(bags.word),
                bags.pair_row * n_features + bags.pair,
                np.repeat(bags.word_row, n_grams) * n_features + grams,
            ]
        )
        keys, counts = np.unique(keys, return_counts=True)
        rows = np.arange(len(texts) + 1)
        return Counts(
            counts,
            keys % n_features,
            np.searchsorted(keys, rows * n_features),
            self.hashes[bags.word],
            np.searchsorted(bags.word_row, rows),
        )

    def column(self, word: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the column of each word itself."""
        return self._column(self.hashes[word].astype(np.uint64))

    def pairs(self, occurrences: Occurrences) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return a hash of 32 bits of each word and the next one, and the row of the pair.

        There is one pair fewer than words; the hash is -1 where the next word is another text's.
        """
        hashes = self.hashes[occurrences.word].astype(np.uint64)
        pair = (hashes[:-1] * _PAIR + hashes[1:] * _GOLDEN + np.uint64(1)) & _MASK
        row = occurrences.row
        return np.where(row[1:] == row[:-1], pair.astype(np.int64), -1), row[1:]

    def pair_column(self, pair: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the column of each pair, given by its hash."""
        return self._column(pair.astype(np.uint64))

    def grams(self, word: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the columns of the n-grams of each word, in one array, and how many each has."""
        n_known = len(self._gram_ends) - 1
        if n_known < self.n_words:
            columns, ends = self._gram_columns(*self.padded(n_known))
            self._gram_ends.frombytes((ends + len(self._grams)).tobytes())
            self._grams.frombytes(columns.astype(np.int32).tobytes())
        ends = np.frombuffer(self._gram_ends, dtype=np.int64)
        first, last = ends[word], ends[word + 1]
        n_grams = last - first
        shift = np.repeat(last - np.cumsum(n_grams), n_grams)
        columns = np.frombuffer(self._grams, dtype=np.int32)
        return columns[np.arange(len(shift)) + shift].astype(np.int64), n_grams

    def _column(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return a column of the first table for each 32-bit hash."""
        shift = np.uint64(32 - self.settings.table_bits)
        return ((hashes * _GOLDEN & _MASK) >> shift).astype(np.int64)

    def _learn(self, tokens: Sequence[str]) -> None:
        """Give numbers to the words of tokens that were not met before."""
        numbers, spelled = self._words, self._spelled
        for word in map(normalise, tokens):
            number = numbers.get(word) if word else -1
            if number is None:
                number = numbers[word] = len(spelled)
                spelled.append(word)
            self._word_of.append(number)
        new = (word.encode("utf-8", "surrogatepass") for word in spelled[self.n_words :])
        self._hashes.extend(map(zlib.crc32, new))

    def padded(self, first: int) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """Return the code points of the words from one on, and where each word ends.

        They are those that n-grams are made of: a word with a blank on each side; marks have none.
        """
        words = self._spelled[first:]
        padded = [f" {word[:_LONGEST_WORD]} " if word[0].isalnum() else "" for word in words]
        codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        return codes, np.cumsum(np.fromiter(map(len, padded), np.int64, len(padded)))

    def _gram_columns(
        self, codes: NDArray[np.uint32], ends: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the columns of the n-grams of `padded` words, and where each word's end."""
        word = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))  # of each character
        word_end = ends[word]
        hashes = np.full(len(codes), _CHAR_SEED, dtype=np.uint64)
        grams, gram_words = [], []
        for n in range(1, self.settings.char_max + 1):
            hashes = hashes[: len(codes) - n + 1] * _GRAM + codes[n - 1 :] & _MASK
            if n >= self.settings.char_min:
                is_within = np.arange(len(hashes)) + n <= word_end[: len(hashes)]
                grams.append(hashes[is_within] + np.uint64(n) * _GOLDEN & _MASK)
                gram_words.append(word[: len(hashes)][is_within])
        gram_word = np.concatenate(gram_words)
        columns = self._column(np.concatenate(grams))[np.argsort(gram_word, kind="stable")]
        gram_ends = np.cumsum(np.bincount(gram_word, minlength=len(ends)))
        return columns + (1 << self.settings.table_bits), gram_ends.astype(np.int64)


def _distinct(
    numbers: NDArray[np.int64], row: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct numbers, below 2 ** 32, of each row, and their rows, which rise."""
    keys = (row << 32) | numbers
    keys.sort()
    if len(keys):
        keys = keys[np.concatenate(([True], keys[1:] != keys[:-1]))]
    return keys & 0xFFFFFFFF, keys >> 32


def _entries_of(
    indptr: NDArray[np.int64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places of the entries of some rows, and the `indptr` of these rows alone."""
    sizes = np.diff(indptr)[rows]
    ends = np.concatenate(([0], np.cumsum(sizes)))
    return np.arange(ends[-1]) + np.repeat(indptr[rows] - ends[:-1], sizes), ends
