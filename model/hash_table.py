"""A hash table in arrays: many words looked up at once, each known by a hash of its characters."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

_BASE = 0xD1342543DE82EF95  # odd, of the polynomial that hashes a word
_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio, odd
_SHIFT = np.uint64(20)  # the slot of a hash is given by its bits from this one on
_FEWEST_POWERS_BITS = 16


def hash_spans(
    codes: NDArray[np.uint32] | NDArray[np.uint64], start: NDArray[np.int64], end: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Return a hash of each span `codes[start:end]` of characters, odd and of 63 bits.

    It is a polynomial in their codes. Those of all spans come from one running sum: a span's is the
    difference of two sums, divided by the power of the place where it starts.
    """
    powers, inverses = _powers_and_inverses(max(len(codes).bit_length(), _FEWEST_POWERS_BITS))
    sums = np.zeros(len(codes) + 1, dtype=np.uint64)
    np.multiply(codes, powers[: len(codes)], out=sums[1:])
    np.cumsum(sums, out=sums)
    hashes = (sums[end] - sums[start]) * inverses[start]
    hashes ^= hashes >> np.uint64(32)
    hashes *= _MIX
    hashes ^= hashes >> np.uint64(29)
    return hashes | np.uint64(1)


class HashTable:
    """The number of each hash that was put into it, by open addressing.

    A hash stands in the slot that its bits give, or in the first free one after it. The kernel
    reads and fills the same arrays.

    Attributes
    ----------
    hashes
        uint64 (n_slots,), 0 where a slot is free; the number of slots is a power of two.
    numbers
        int32 (n_slots,), 0 where a slot is free.

    Parameters
    ----------
    n_slots
        A power of two, more than the hashes that it is to hold.
    """

    def __init__(self, n_slots: int) -> None:
        self.hashes = np.zeros(n_slots, dtype=np.uint64)
        self.numbers = np.zeros(n_slots, dtype=np.int32)

    def find(self, hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the slot of each hash, and whether it is a free one."""
        mask = len(self.hashes) - 1
        slot = (hashes >> _SHIFT).astype(np.int64) & mask
        held = self.hashes[slot]
        going = np.flatnonzero((held != hashes) & (held != 0))
        while len(going):
            slot[going] = (slot[going] + 1) & mask
            held[going] = self.hashes[slot[going]]
            going = going[(held[going] != hashes[going]) & (held[going] != 0)]
        return slot, held == 0

    def look_up(self, hashes: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Return the number of each hash, 0 where it was never put in."""
        return self.numbers[self.find(hashes)[0]]

    def put(self, hashes: NDArray[np.uint64], numbers: NDArray[np.int32]) -> None:
        """Put distinct hashes that are not in the table into free slots."""
        while len(hashes):  # of several that want one slot, the last gets it
            slot, _ = self.find(hashes)
            self.hashes[slot] = hashes
            won = self.hashes[slot] == hashes
            self.numbers[slot[won]] = numbers[won]
            hashes, numbers = hashes[~won], numbers[~won]

    def make_room(self, n_hashes: int) -> None:
        """Give the table at least twice as many slots as hashes that it is to hold."""
        if 2 * n_hashes <= len(self.hashes):
            return
        kept = self.hashes != 0
        hashes, numbers = self.hashes[kept], self.numbers[kept]
        n_slots = 1 << (4 * n_hashes).bit_length() - 1
        self.hashes = np.zeros(n_slots, dtype=np.uint64)
        self.numbers = np.zeros(n_slots, dtype=np.int32)
        self.put(hashes, numbers)


@cache
def _powers_and_inverses(bits: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return `2 ** bits` powers of `_BASE` from 0 on, modulo 2 ** 64, and their inverses."""
    return _powers(_BASE, 1 << bits), _powers(pow(_BASE, -1, 1 << 64), 1 << bits)


def _powers(base: int, n: int) -> NDArray[np.uint64]:
    powers = np.full(n, base, dtype=np.uint64)
    powers[0] = 1
    return np.multiply.accumulate(powers)
