"""Cuts many texts at once into tokens, each known by a small number, in arrays.

A token is a word with the apostrophe that elides it, or a mark of quotation, exclamation or doubt.
The number of distinct tokens grows slowly with the amount of text (Zipf). So whatever depends on a
token alone is computed once, when `TokenTable.cut` names it as new, and looked up by its number
from then on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from depeche.model.hash_table import HashTable, hash_spans
from depeche.model.kernel import Kernel, find_kernel

APOSTROPHES = "'’ʼ‘`´"
MARKS = '«»“”„"!?…'
INVISIBLE = "\u00ad\u200b-\u200d\u2060\ufeff"  # soft hyphen, zero-width spaces and joiners
_ACCENTS = "\u0300-\u036f"  # combining, as macOS and PDF files write them
_IN_WORD = re.compile(rf"[\w{_ACCENTS}{INVISIBLE}]")
_TOKEN = re.compile(rf"[\w{_ACCENTS}{INVISIBLE}]+[{APOSTROPHES}]?|[{MARKS}]")

PIECE = 1 << 16  # characters that are cut at once: more is slower, and takes memory
_BLANK = re.compile(r"\s")
_OTHER, _WORD, _APOSTROPHE, _MARK, _UNKNOWN = range(5)  # kinds of characters
_FIRST_SLOTS = 1 << 14
_SEPARATOR = "\n"


def iter_tokens(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each token of a text: the plain way, for one text."""
    start = 0
    for piece in _iter_parts(text):
        for match in _TOKEN.finditer(piece):
            yield start + match.start(), start + match.end()
        start += len(piece)


@dataclass(frozen=True)
class Tokens:
    """The tokens of some texts in order.

    Each has its `number` in the table and stands in text `row` at `text[start:end]`.
    """

    number: NDArray[np.int32]
    row: NDArray[np.int32]
    start: NDArray[np.int64]
    end: NDArray[np.int64]


class TokenTable:
    """Numbers for tokens as they stand in texts, from 0 on in the order in which they are met.

    Tokens are told apart by a hash of 63 bits: among a million, two share one with a probability of
    one in twenty million.
    """

    def __init__(self) -> None:
        self.n_tokens = 0
        self._kinds = np.full(0x110000, _UNKNOWN, dtype=np.uint8)  # filled as characters are met
        self._table = HashTable(_FIRST_SLOTS)

    def cut(self, texts: Sequence[str]) -> tuple[Tokens, list[str]]:
        """Return the tokens of texts, and those that were not met before, in the order of numbers.

        Texts longer than `PIECE` characters are cut at a blank; a run of more without any blank is
        no text, and is cut where the piece ends.
        """
        parts, new = [], []
        for pieces in _iter_pieces(texts):
            kernel = find_kernel()
            tokens, first = (
                self._cut_plainly(pieces) if kernel is None else self._cut_quickly(kernel, pieces)
            )
            parts.append(tokens)
            spans = (tokens.row[first], tokens.start[first], tokens.end[first])
            new_spans = zip(*(span.tolist() for span in spans), strict=True)
            new += [texts[i][start:end] for i, start, end in new_spans]
        return _concatenated(parts), new

    def _cut_plainly(self, pieces: _Pieces) -> tuple[Tokens, NDArray[np.int64]]:
        """Return the tokens of pieces of texts, and which of them were not met before."""
        codes, ends = pieces.codes.astype(np.intp), pieces.ends
        start, end = self._spans(codes)
        number, first = self._number(hash_spans(codes.view(np.uint64), start, end))
        n_tokens = np.diff(np.searchsorted(start, ends), prepend=0)
        shift = np.repeat(pieces.start - np.concatenate(([0], ends[:-1])), n_tokens)
        return Tokens(number, np.repeat(pieces.row, n_tokens), start + shift, end + shift), first

    def _cut_quickly(self, kernel: Kernel, pieces: _Pieces) -> tuple[Tokens, NDArray[np.int64]]:
        """Return what `_cut_plainly` does."""
        n_codes, table = len(pieces.codes), self._table
        # Between two words there is another character, and there are few marks.
        table.make_room(self.n_tokens + n_codes // 2 + 1 + len(MARKS))
        n_known = np.array([self.n_tokens, 0])
        number, row = np.empty((2, n_codes), dtype=np.int32)
        start, end, first = np.empty((3, n_codes), dtype=np.int64)
        texts = (pieces.codes, self._kinds, pieces.ends, pieces.row, pieces.start, len(pieces.ends))
        known = (table.hashes, table.numbers, len(table.hashes), n_known)
        n = kernel.cut(*texts, *known, number, row, start, end, first)
        if n < 0:
            self._meet(pieces.codes)
            n = kernel.cut(*texts, *known, number, row, start, end, first)
        self.n_tokens, n_new = n_known.tolist()
        # Copies, as the arrays have five times the room.
        tokens = Tokens(number[:n].copy(), row[:n].copy(), start[:n].copy(), end[:n].copy())
        return tokens, first[:n_new]

    def _meet(self, codes: NDArray[np.uint32] | NDArray[np.intp]) -> None:
        """Learn the kinds of characters."""
        for code in np.unique(codes[self._kinds[codes] == _UNKNOWN]).tolist():
            self._kinds[code] = _kind(chr(code))

    def _spans(self, codes: NDArray[np.intp]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where each token starts and ends, as `iter_tokens` finds them."""
        kinds = self._kinds.take(codes)
        if kinds.max() == _UNKNOWN:
            self._meet(codes)
            kinds = self._kinds.take(codes)
        word, mark = kinds == _WORD, kinds == _MARK
        first, last = word.copy(), word.copy()
        first[1:] &= ~word[:-1]
        last[:-1] &= ~word[1:]
        start, end = np.flatnonzero(first | mark), np.flatnonzero(last | mark) + 1
        elided = (kinds[end] == _APOSTROPHE) & word[end - 1]  # the last character is a separator
        return start, end + elided

    def _number(self, hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the number of each token, and the places of those that get one only now."""
        slot, free = self._table.find(hashes)
        unknown = np.flatnonzero(free)
        if not len(unknown):
            return self._table.numbers[slot], unknown
        _, first = np.unique(hashes[unknown], return_index=True)
        first = unknown[np.sort(first)]
        n = self.n_tokens + len(first)
        self._table.make_room(n)
        self._table.put(hashes[first], np.arange(self.n_tokens, n, dtype=np.int32))
        self.n_tokens = n
        return self._table.look_up(hashes), first


def _concatenated(parts: Sequence[Tokens]) -> Tokens:
    if not parts:
        return Tokens(*(np.empty(0, dtype=kind) for kind in ("i4", "i4", "i8", "i8")))
    if len(parts) == 1:
        return parts[0]
    return Tokens(
        np.concatenate([part.number for part in parts]),
        np.concatenate([part.row for part in parts]),
        np.concatenate([part.start for part in parts]),
        np.concatenate([part.end for part in parts]),
    )


def _kind(character: str) -> int:
    if _IN_WORD.match(character):
        return _WORD
    if character in APOSTROPHES:
        return _APOSTROPHE
    return _MARK if character in MARKS else _OTHER


@dataclass(frozen=True)
class _Pieces:
    """Some pieces of texts, one after another.

    `codes` are the code points of all, a separator after each piece; `ends` (n_pieces,) are after
    it. A piece is of text `row` and starts there at `start`, (n_pieces,) each.
    """

    codes: NDArray[np.uint32]
    ends: NDArray[np.int64]
    row: NDArray[np.int32]
    start: NDArray[np.int64]


def _join(pieces: Sequence[str], row: Sequence[int], start: Sequence[int]) -> _Pieces:
    joined = _SEPARATOR.join(pieces) + _SEPARATOR
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    ends = np.cumsum(np.fromiter(map(len, pieces), np.int64, len(pieces)) + 1)
    return _Pieces(codes, ends, np.array(row, dtype=np.int32), np.array(start, dtype=np.int64))


def _iter_pieces(texts: Sequence[str]) -> Iterator[_Pieces]:
    """Yield pieces of texts, about `PIECE` characters at a time."""
    if texts and sum(map(len, texts)) <= PIECE:
        yield _join(texts, range(len(texts)), [0] * len(texts))
        return
    pieces: list[str] = []
    rows: list[int] = []
    starts: list[int] = []
    size = 0
    for row, text in enumerate(texts):
        start = 0
        for piece in [text] if len(text) <= PIECE else _iter_parts(text):
            if pieces and size + len(piece) > PIECE:
                yield _join(pieces, rows, starts)
                pieces, rows, starts, size = [], [], [], 0
            pieces.append(piece)
            rows.append(row)
            starts.append(start)
            start += len(piece)
            size += len(piece)
    if pieces:
        yield _join(pieces, rows, starts)


def _iter_parts(text: str) -> Iterator[str]:
    """Yield a text in pieces that end at blanks."""
    start = 0
    while len(text) - start > PIECE:
        blank = _BLANK.search(text, start + PIECE // 2, start + PIECE)
        end = blank.end() if blank else start + PIECE
        yield text[start:end]
        start = end
    yield text[start:]
