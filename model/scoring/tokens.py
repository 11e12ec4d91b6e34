"""Texts cut into tokens, many at once, each known by a small number: arrays, no loop over signs.

A token is a word with the apostrophe that elides it, or a mark that tells quotation, exclamation
or doubt. The number of distinct tokens grows slowly with the amount of text (Zipf), so whatever
depends on a token alone is computed once, when `TokenTable.cut` names it as new, and looked up by
its number from then on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
_BASE = 0xD1342543DE82EF95  # odd, of the polynomial that hashes a token
_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio, odd
_FIRST_SLOTS = 1 << 14
_SEPARATOR = "\n"


def iter_tokens(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each token of a text: the plain way, for one text."""
    start = 0
    for piece in _iter_pieces(text):
        for match in _TOKEN.finditer(piece):
            yield start + match.start(), start + match.end()
        start += len(piece)


@dataclass(frozen=True)
class Tokens:
    """The tokens of some texts in order.

    `number` in the table, `row`, which text it is of, and its place, `text[start:end]`.
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
        self._hashes = np.zeros(_FIRST_SLOTS, dtype=np.uint64)  # open addressing; 0 is free
        self._numbers = np.zeros(_FIRST_SLOTS, dtype=np.int32)
        self._powers = np.ones(1, dtype=np.uint64)
        self._inverses = np.ones(1, dtype=np.uint64)

    def cut(self, texts: Sequence[str]) -> tuple[Tokens, list[str]]:
        """Return the tokens of texts, and those that were not met before, in the order of numbers.

        Texts longer than `PIECE` characters are cut at a blank; a run of more without any blank is
        no text, and is cut where the piece ends.
        """
        parts, new = [], []
        for pieces, of, at in _iter_batches(texts):
            joined = _SEPARATOR.join(pieces) + _SEPARATOR
            code_points = joined.encode("utf-32-le", "surrogatepass")
            signs = np.frombuffer(code_points, dtype=np.uint32)
            ends = np.cumsum(np.fromiter(map(len, pieces), np.int64, len(pieces)) + 1)
            row, place = np.array(of, dtype=np.int32), np.array(at, dtype=np.int64)
            kernel = find_kernel()
            if kernel is None:
                tokens, first = self._cut_pieces(signs, ends, row, place)
            else:
                tokens, first = self._cut_quickly(kernel, signs, ends, row, place)
            parts.append(tokens)
            spans = (tokens.row[first], tokens.start[first], tokens.end[first])
            of_new = zip(*(span.tolist() for span in spans), strict=True)
            new += [texts[i][start:end] for i, start, end in of_new]
        return _concatenated(parts), new

    def _cut_pieces(
        self,
        signs: NDArray[np.uint32],
        ends: NDArray[np.int64],
        of: NDArray[np.int32],
        at: NDArray[np.int64],
    ) -> tuple[Tokens, NDArray[np.int64]]:
        """Return the tokens of pieces of texts, and which of them were not met before.

        A separator ends each piece; `ends` are after it, `of` says of which text a piece is and
        `at` where in it the piece starts.
        """
        codes = signs.astype(np.intp)
        start, end = self._spans(codes)
        number, first = self._look_up(self._hash(codes, start, end))
        n_tokens = np.diff(np.searchsorted(start, ends), prepend=0)
        shift = np.repeat(at - np.concatenate(([0], ends[:-1])), n_tokens)
        return Tokens(number, np.repeat(of, n_tokens), start + shift, end + shift), first

    def _cut_quickly(
        self,
        kernel: Kernel,
        signs: NDArray[np.uint32],
        ends: NDArray[np.int64],
        of: NDArray[np.int32],
        at: NDArray[np.int64],
    ) -> tuple[Tokens, NDArray[np.int64]]:
        """Return what `_cut_pieces` does."""
        # Between two words there is another sign, and there are few marks.
        self._make_room(self.n_tokens + len(signs) // 2 + 1 + len(MARKS))
        n_known, n_signs = np.array([self.n_tokens, 0]), len(signs)
        number, row = np.empty((2, n_signs), dtype=np.int32)
        start, end, first = np.empty((3, n_signs), dtype=np.int64)
        pieces = (signs, self._kinds, ends, of, at, len(ends))
        table = (self._hashes, self._numbers, len(self._hashes), n_known)
        n = kernel.cut(*pieces, *table, number, row, start, end, first)
        if n < 0:
            self._meet(signs)
            n = kernel.cut(*pieces, *table, number, row, start, end, first)
        self.n_tokens, n_new = n_known.tolist()
        # Copies, as the arrays have five times the room.
        tokens = Tokens(number[:n].copy(), row[:n].copy(), start[:n].copy(), end[:n].copy())
        return tokens, first[:n_new]

    def _meet(self, signs: NDArray[np.uint32] | NDArray[np.intp]) -> None:
        """Learn the kinds of characters."""
        for sign in np.unique(signs[self._kinds[signs] == _UNKNOWN]).tolist():
            self._kinds[sign] = _kind(chr(sign))

    def _spans(self, signs: NDArray[np.intp]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where each token starts and ends, as `iter_tokens` finds them."""
        kinds = self._kinds.take(signs)
        if kinds.max() == _UNKNOWN:
            self._meet(signs)
            kinds = self._kinds.take(signs)
        word, mark = kinds == _WORD, kinds == _MARK
        first, last = word.copy(), word.copy()
        first[1:] &= ~word[:-1]
        last[:-1] &= ~word[1:]
        start, end = np.flatnonzero(first | mark), np.flatnonzero(last | mark) + 1
        elided = (kinds[end] == _APOSTROPHE) & word[end - 1]  # the last sign is a separator
        return start, end + elided

    def _hash(
        self, signs: NDArray[np.intp], start: NDArray[np.int64], end: NDArray[np.int64]
    ) -> NDArray[np.uint64]:
        """Return a hash of each token: a polynomial in its signs, from sums up to each place."""
        if len(self._powers) <= len(signs):
            n = max(len(signs) + 1, PIECE)
            self._powers, self._inverses = _powers(_BASE, n), _powers(pow(_BASE, -1, 1 << 64), n)
        sums = np.zeros(len(signs) + 1, dtype=np.uint64)
        np.multiply(signs.view(np.uint64), self._powers[: len(signs)], out=sums[1:])
        np.cumsum(sums, out=sums)
        hashes = (sums[end] - sums[start]) * self._inverses[start]
        hashes ^= hashes >> np.uint64(32)
        hashes *= _MIX
        hashes ^= hashes >> np.uint64(29)
        return hashes | np.uint64(1)

    def _look_up(self, hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the number of each token, and where those stand that are given one only now."""
        slot, free = self._find(hashes)
        unknown = np.flatnonzero(free)
        if not len(unknown):
            return self._numbers[slot], unknown
        _, first = np.unique(hashes[unknown], return_index=True)
        first = unknown[np.sort(first)]
        self._add(hashes[first])
        return self._numbers[self._find(hashes)[0]], first

    def _find(self, hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the slot of each hash, and whether it is a free one."""
        mask = len(self._hashes) - 1
        slot = (hashes >> np.uint64(20)).astype(np.int64) & mask
        held = self._hashes[slot]
        going = np.flatnonzero((held != hashes) & (held != 0))
        while len(going):
            slot[going] = (slot[going] + 1) & mask
            held[going] = self._hashes[slot[going]]
            going = going[(held[going] != hashes[going]) & (held[going] != 0)]
        return slot, held == 0

    def _add(self, hashes: NDArray[np.uint64]) -> None:
        """Give numbers to distinct hashes that are not in the table."""
        n = self.n_tokens + len(hashes)
        self._make_room(n)
        self._put(hashes, np.arange(self.n_tokens, n, dtype=np.int32))
        self.n_tokens = n

    def _make_room(self, n_tokens: int) -> None:
        """Give the table twice as many slots as tokens, at least."""
        if 2 * n_tokens > len(self._hashes):
            kept = self._hashes != 0
            hashes, numbers = self._hashes[kept], self._numbers[kept]
            n_slots = 1 << (4 * n_tokens).bit_length() - 1
            self._hashes = np.zeros(n_slots, dtype=np.uint64)
            self._numbers = np.zeros(n_slots, dtype=np.int32)
            self._put(hashes, numbers)

    def _put(self, hashes: NDArray[np.uint64], numbers: NDArray[np.int32]) -> None:
        """Put distinct hashes that are not in the table into free slots."""
        while len(hashes):  # of several that want one slot, the last gets it
            slot, _ = self._find(hashes)
            self._hashes[slot] = hashes
            won = self._hashes[slot] == hashes
            self._numbers[slot[won]] = numbers[won]
            hashes, numbers = hashes[~won], numbers[~won]


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


def _kind(sign: str) -> int:
    if _IN_WORD.match(sign):
        return _WORD
    if sign in APOSTROPHES:
        return _APOSTROPHE
    return _MARK if sign in MARKS else _OTHER


def _powers(base: int, n: int) -> NDArray[np.uint64]:
    """Return the powers of an odd number from 0 to n - 1, modulo 2 ** 64."""
    powers = np.full(n, base, dtype=np.uint64)
    powers[0] = 1
    return np.multiply.accumulate(powers)


def _iter_batches(texts: Sequence[str]) -> Iterator[tuple[list[str], list[int], list[int]]]:
    """Yield pieces of texts, about `PIECE` characters at a time.

    With the text that each is of and where in it the piece starts.
    """
    if texts and sum(map(len, texts)) <= PIECE:
        yield list(texts), list(range(len(texts))), [0] * len(texts)
        return
    pieces: list[str] = []
    of: list[int] = []
    at: list[int] = []
    size = 0
    for row, text in enumerate(texts):
        start = 0
        for piece in [text] if len(text) <= PIECE else _iter_pieces(text):
            if pieces and size + len(piece) > PIECE:
                yield pieces, of, at
                pieces, of, at, size = [], [], [], 0
            pieces.append(piece)
            of.append(row)
            at.append(start)
            start += len(piece)
            size += len(piece)
    if pieces:
        yield pieces, of, at


def _iter_pieces(text: str) -> Iterator[str]:
    """Yield a text in pieces that end at blanks."""
    start = 0
    while len(text) - start > PIECE:
        blank = _BLANK.search(text, start + PIECE // 2, start + PIECE)
        end = blank.end() if blank else start + PIECE
        yield text[start:end]
        start = end
    yield text[start:]
