"""Features of a French paragraph: its words, word pairs and character n-grams, hashed, in numpy.

This is their only definition: training and prediction both call it. A word is read as French
writes it: elided articles and pronouns (l', d', s'…) are dropped, n' and qu' become ne and que,
and case, accents, ligatures and the kinds of apostrophe and quotation mark make no difference.
A paragraph is the set of its words and the set of its pairs of neighbouring words: saying a word
twice adds nothing. So all that a word brings, its character n-grams included, can be summed once
and kept, since the number of distinct words grows slowly with the amount of text.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from depeche.model.scoring.tokens import APOSTROPHES, INVISIBLE, Tokens, TokenTable, iter_tokens

_QUOTES = frozenset('«»“”„"')
_NOT_SPELLED = re.compile(f"[_{INVISIBLE}]")
_LIGATURES = {"œ": "oe", "æ": "ae"}
# Elided forms that say nothing about a text: le, de, je, me, te, se, ce.
_DROPPED = frozenset(("l", "d", "j", "m", "t", "s", "c"))
_ELIDED = {"n": "ne", "qu": "que", "jusqu": "jusque", "lorsqu": "lorsque", "puisqu": "puisque"}

_LONGEST_WORD = 64  # characters whose n-grams count; what is longer is no word
_MASK = np.uint64(0xFFFFFFFF)
_GOLDEN = np.uint64(0x9E3779B1)  # 2**32 / golden ratio: Knuth, TAOCP 3, 6.4, multiplicative hashing
_PAIR = np.uint64(31)
_GRAM = np.uint64(0x01000193)  # a prime: FNV's, of the polynomial that hashes an n-gram
_CHAR_SEED = 0x9747B28C  # so that a word and its n-grams hash apart


class _Spelled(dict[int, str]):
    """How each character is spelled in a word, by its code point; found as characters are met.

    Decomposition and case folding go character by character, but for the order of combining marks,
    which are left out.
    """

    def __missing__(self, code_point: int) -> str:
        sign = _NOT_SPELLED.sub("", chr(code_point))
        letters = unicodedata.normalize("NFKD", sign)
        spelled = "".join(c for c in letters if not unicodedata.combining(c)).casefold()
        for ligature, letters in _LIGATURES.items():
            spelled = spelled.replace(ligature, letters)
        self[code_point] = spelled
        return spelled


_SPELLED = _Spelled()


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
    """In how many words or pairs of a paragraph each feature is, as a sparse matrix by rows.

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

    def rows_at(self, places: NDArray[np.int64]) -> Counts:
        """Return the counts of some paragraphs, in their order."""
        entry, indptr = _entries_of(self.indptr, places)
        word, word_indptr = _entries_of(self.word_indptr, places)
        return Counts(
            self.counts[entry], self.indices[entry], indptr, self.words[word], word_indptr
        )


@dataclass(frozen=True)
class Bags:
    """What n texts hold, each thing once a text, rows rising.

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
        self._grams = array("i")  # columns of n-grams, one word after another, as they were asked
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
        """Return the distinct words and pairs of each text, whatever the other texts."""
        found = self.occurrences(texts)
        pair, pair_row = self.pairs(found)
        word, word_row = _distinct(found.word, found.row)
        pair, pair_row = _distinct(pair[pair >= 0], pair_row[pair >= 0])
        return Bags(word, word_row, self.pair_column(pair), pair_row)

    def count(self, texts: Sequence[str]) -> Counts:
        """Return the features of each text, and in how many of its words or pairs each is."""
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

    def pairs(self, found: Occurrences) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return a hash of 32 bits of each word and the next one, and the row of the pair.

        One fewer than words; the hash is -1 where the next word is another text's.
        """
        hashes = self.hashes[found.word].astype(np.uint64)
        pair = (hashes[:-1] * _PAIR + hashes[1:] * _GOLDEN + np.uint64(1)) & _MASK
        together = found.row[1:] == found.row[:-1]
        return np.where(together, pair.astype(np.int64), -1), found.row[1:]

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
        """Return the signs that n-grams are of, of all words from one on, and where each ends.

        Those of a word and a blank on each of its sides; of marks none.
        """
        words = self._spelled[first:]
        padded = [f" {word[:_LONGEST_WORD]} " if word[0].isalnum() else "" for word in words]
        signs = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        return signs, np.cumsum(np.fromiter(map(len, padded), np.int64, len(padded)))

    def _gram_columns(
        self, signs: NDArray[np.uint32], ends: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the columns of the n-grams of words, a word after the other, and where each ends.

        Words are `padded`.
        """
        of = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
        end = ends[of]
        hashes = np.full(len(signs), _CHAR_SEED, dtype=np.uint64)
        found, word_of = [], []
        for n in range(1, self.settings.char_max + 1):
            whole = np.arange(len(signs)) + n <= end  # the n-gram ends within its word
            hashes = hashes[: len(signs) - n + 1] * _GRAM + signs[n - 1 :] & _MASK
            if n >= self.settings.char_min:
                whole = whole[: len(hashes)]
                found.append(hashes[whole] + np.uint64(n) * _GOLDEN & _MASK)
                word_of.append(of[: len(hashes)][whole])
        every, whose = np.concatenate(found), np.concatenate(word_of)
        columns = self._column(every)[np.argsort(whose, kind="stable")]
        gram_ends = np.cumsum(np.bincount(whose, minlength=len(ends)))
        return columns + (1 << self.settings.table_bits), gram_ends.astype(np.int64)


def _distinct(
    things: NDArray[np.int64], row: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each thing, below 2 ** 32, once a row, and its row, which rises."""
    keys = (row << 32) | things
    keys.sort()
    if len(keys):
        keys = keys[np.concatenate(([True], keys[1:] != keys[:-1]))]
    return keys & 0xFFFFFFFF, keys >> 32


def _entries_of(
    indptr: NDArray[np.int64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places of the entries of some rows, and where each row's begin and end there."""
    sizes = np.diff(indptr)[rows]
    ends = np.concatenate(([0], np.cumsum(sizes)))
    return np.arange(ends[-1]) + np.repeat(indptr[rows] - ends[:-1], sizes), ends


def words(text: str) -> list[str]:
    """Return the words and marks of a text in the form under which they are counted."""
    tokens = (text[start:end] for start, end in iter_tokens(text))
    return [word for word in map(normalise, tokens) if word]


def normalise(token: str) -> str:
    """Return the form under which a token is counted; empty when it is not.

    >>> normalise("L’"), normalise("n'"), normalise("Cœur"), normalise("ÉTATS"), normalise("»")
    ('', 'ne', 'coeur', 'etats', '"')
    """
    if token.isascii() and token.isalnum():  # most are; the rest does the same to them
        return token.lower()
    if token in _QUOTES:
        return '"'
    word = token.translate(_SPELLED)
    if word and word[-1] in APOSTROPHES:
        word = word.rstrip(APOSTROPHES)
        return "" if word in _DROPPED else _ELIDED.get(word, word)
    return word
