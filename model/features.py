"""Features of a French paragraph: hashed words, word pairs and character n-grams, in numpy.

This is their only definition: training and prediction both call it. A word is read as French
writes it: elided articles and pronouns (l', d', s'…) are dropped, n' and qu' become ne and que,
and case, accents, ligatures and the kinds of apostrophe and quotation mark make no difference.
Everything that depends on a word alone is computed once and kept, since the number of distinct
words grows slowly with the amount of text.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_INVISIBLE = "\u00ad\u200b-\u200d\u2060\ufeff"  # soft hyphen, zero-width spaces and joiners
_ACCENTS = "\u0300-\u036f"  # combining, as macOS and PDF files write them
# A word with the apostrophe that elides it, or a mark that tells quotation, exclamation or doubt.
_TOKEN = re.compile(rf"[\w{_ACCENTS}{_INVISIBLE}]+['’ʼ‘`´]?|[«»“”„\"!?…]")
_BLANK = re.compile(r"\s")
_APOSTROPHES = "'’ʼ‘`´"
_QUOTES = frozenset('«»“”„"')
_NOT_SPELLED = re.compile(f"[_{_INVISIBLE}]")
_LIGATURES = {"œ": "oe", "æ": "ae"}
# Elided forms that say nothing about a text: le, de, je, me, te, se, ce.
_DROPPED = frozenset(("l", "d", "j", "m", "t", "s", "c"))
_ELIDED = {"n": "ne", "qu": "que", "jusqu": "jusque", "lorsqu": "lorsque", "puisqu": "puisque"}

_MOST_TOKENS_KEPT = 1 << 18  # some 120 MB
_WORDS_AT_ONCE = 1 << 13
_MOST_PARTS = 8
_LONGEST_WORD = 64  # characters whose n-grams count; what is longer is no word
_PIECE = 100_000  # characters that are cut into tokens at once
_MASK = np.uint64(0xFFFFFFFF)
_GOLDEN = np.uint64(0x9E3779B1)  # 2**32 / golden ratio: Knuth, TAOCP 3, 6.4, multiplicative hashing
_PAIR = np.uint64(31)
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
    """Occurrences of features in paragraphs, as a sparse matrix by rows.

    Row `i` has `counts[indptr[i]:indptr[i + 1]]` in the columns `indices[...]`, which rise.
    """

    counts: NDArray[np.int64]
    indices: NDArray[np.int64]
    indptr: NDArray[np.int64]

    @property
    def n_samples(self) -> int:
        """Number of paragraphs."""
        return len(self.indptr) - 1

    @property
    def rows(self) -> NDArray[np.int64]:
        """Row of each entry."""
        return np.repeat(np.arange(self.n_samples), np.diff(self.indptr))

    def rows_where(self, chosen: NDArray[np.bool_]) -> Counts:
        """Return the counts of the chosen paragraphs; `chosen` is (n_samples,)."""
        kept = chosen[self.rows]
        indptr = np.concatenate(([0], np.cumsum(np.diff(self.indptr)[chosen])))
        return Counts(self.counts[kept], self.indices[kept], indptr)


@dataclass(frozen=True)
class Token:
    """A word or mark of a text: its place, and its features' columns before weighting."""

    start: int
    end: int
    word: int


class FeatureExtractor:
    """Counts the features of texts; keeps what it computed for each word it met."""

    def __init__(self, settings: FeatureSettings) -> None:
        self.settings = settings
        self._forget()

    def _forget(self) -> None:
        """Start without any word."""
        self._tokens: dict[str, int] = {}  # as they stand in texts, to the id of their word
        self._words: dict[str, int] = {}
        self._hashes = array("I")
        self._grams = array("i")  # columns of the n-grams of every word, one word after another
        self._gram_ends = array("q", [0])

    def count(self, texts: Sequence[str]) -> Counts:
        """Return the features of each text; the result for a text does not depend on the others."""
        if len(self._tokens) > _MOST_TOKENS_KEPT:
            self._forget()
        n_features = self.settings.n_features
        words = [self._word_ids(text) for text in texts]
        word = np.concatenate([np.empty(0, dtype=np.int32), *words])
        row = np.repeat(np.arange(len(texts), dtype=np.int32), [len(found) for found in words])
        found = []
        for occurrences in self._iter_occurrences(word, row):
            every = np.concatenate([at * n_features + columns for at, columns in occurrences])
            found.append(np.unique(every, return_counts=True))
            if len(found) == _MOST_PARTS:
                found = [_merged(found)]
        keys, counts = _merged(found)
        indptr = np.searchsorted(keys, np.arange(len(texts) + 1) * n_features)
        return Counts(counts, keys % n_features, indptr)

    def tokens(self, text: str) -> list[Token]:
        """Return the tokens that have features, in order, with their place in the text."""
        found = ((match, self._word_id(match[0])) for match in _TOKEN.finditer(text))
        return [Token(match.start(), match.end(), word) for match, word in found if word >= 0]

    def token_columns(
        self, tokens: Sequence[Token]
    ) -> Iterator[tuple[int, int, NDArray[np.int64]]]:
        """Yield `(first, last, columns)` for each word and pair: the token range and its columns.

        A word comes with its own column and those of its character n-grams, a pair with one. Over
        a text, every occurrence that `count` counts is yielded exactly once.
        """
        word = np.array([token.word for token in tokens], dtype=np.int32)
        own, pairs, _ = self._occurrences(word, np.zeros(len(word), dtype=np.int64), 0)
        for i in range(len(tokens)):
            yield i, i, np.concatenate(([own[1][i]], self._grams_of(word[i : i + 1])[0]))
        for i, column in enumerate(pairs[1]):
            yield i, i + 1, np.array([column])

    def _iter_occurrences(
        self, word: NDArray[np.int32], row: NDArray[np.int32]
    ) -> Iterator[list[tuple[NDArray[np.int64], NDArray[np.int64]]]]:
        """Yield `_occurrences` of some words at a time, so that a long text takes little memory."""
        for start in range(0, max(len(word), 1), _WORDS_AT_ONCE):
            before = min(start, 1)  # the word that a slice's first pair begins with
            part = slice(start - before, start + _WORDS_AT_ONCE)
            yield self._occurrences(word[part], row[part].astype(np.int64), before)

    def _occurrences(
        self, word: NDArray[np.int32], row: NDArray[np.int64], before: int
    ) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Return rows and columns of every word, every pair and every character n-gram.

        The first `before` words only take part in pairs.
        """
        hashes = np.frombuffer(self._hashes, dtype=np.uint32)[word].astype(np.uint64)
        together = row[1:] == row[:-1]
        pair = ((hashes[:-1] * _PAIR + hashes[1:] * _GOLDEN + np.uint64(1)) & _MASK)[together]
        grams, n_grams = self._grams_of(word[before:])
        return [
            (row[before:], self._column(hashes[before:])),
            (row[1:][together], self._column(pair)),
            (np.repeat(row[before:], n_grams), grams),
        ]

    def _grams_of(self, word: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the columns of the n-grams of each word, in one array, and how many each has."""
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

    def _word_ids(self, text: str) -> NDArray[np.int32]:
        """Return the ids of the words of a text that have features, in order."""
        ids = [
            np.array([self._word_id(token) for token in _TOKEN.findall(piece)], dtype=np.int32)
            for piece in _pieces(text)
        ]
        found = np.concatenate(ids)
        return found[found >= 0]

    def _word_id(self, token: str) -> int:
        """Return the id of a token as it stands in the text, -1 when it has no features."""
        known = self._tokens.get(token)
        if known is not None:
            return known
        word = normalise(token)
        if not word:
            self._tokens[token] = -1
            return -1
        if word not in self._words:
            self._words[word] = len(self._hashes)
            self._hashes.append(zlib.crc32(word.encode()))
            hashes = np.fromiter(self._gram_hashes(word), dtype=np.uint64)
            columns = self._column(hashes) + (1 << self.settings.table_bits)
            self._grams.frombytes(columns.astype(np.int32).tobytes())
            self._gram_ends.append(len(self._grams))
        self._tokens[token] = self._words[word]
        return self._words[word]

    def _gram_hashes(self, word: str) -> Iterator[int]:
        """Yield the hashes of the character n-grams of a word and its two boundaries."""
        if not word[0].isalnum():
            return
        padded = f" {word[:_LONGEST_WORD]} ".encode("utf-32-le")
        n_chars = len(padded) // 4
        for n in range(self.settings.char_min, self.settings.char_max + 1):
            for start in range(n_chars - n + 1):
                yield zlib.crc32(padded[4 * start : 4 * (start + n)], _CHAR_SEED + n)


def _pieces(text: str) -> Iterator[str]:
    """Yield the text in pieces that end at blanks, where no token goes on."""
    start = 0
    while len(text) - start > _PIECE:
        blank = _BLANK.search(text, start + _PIECE)
        if blank is None:
            break
        yield text[start : blank.end()]
        start = blank.end()
    yield text[start:]


def _merged(
    found: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the keys of all parts, each once and rising, with the sums of their counts."""
    if len(found) == 1:
        return found[0]
    keys = np.concatenate([part[0] for part in found])
    order = np.argsort(keys, kind="stable")
    keys, counts = keys[order], np.concatenate([part[1] for part in found])[order]
    first = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    return keys[first], np.add.reduceat(counts, first)


def words(text: str) -> list[str]:
    """Return the words and marks of a text in the form under which they are counted."""
    return [word for word in map(normalise, _TOKEN.findall(text)) if word]


def normalise(token: str) -> str:
    """Return the form under which a token is counted; empty when it is not.

    >>> normalise("L’"), normalise("n'"), normalise("Cœur"), normalise("ÉTATS"), normalise("»")
    ('', 'ne', 'coeur', 'etats', '"')
    """
    if token in _QUOTES:
        return '"'
    letters = unicodedata.normalize("NFKD", _NOT_SPELLED.sub("", token))
    word = "".join(c for c in letters if not unicodedata.combining(c)).casefold()
    for ligature, spelled in _LIGATURES.items():
        word = word.replace(ligature, spelled)
    if word and word[-1] in _APOSTROPHES:
        word = word.rstrip(_APOSTROPHES)
        return "" if word in _DROPPED else _ELIDED.get(word, word)
    return word
