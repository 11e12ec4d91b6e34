"""What the characters of many texts are: letters, digits, marks…, in arrays, a bit a class."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from depeche.model.kernel import Kernel, find_kernel
from depeche.model.reading.language import fold, tells_language


def _is_letter(c: str) -> bool:
    return c.isalnum() and not c.isdecimal()


def _begins_name(c: str) -> bool:
    return "A" <= c <= "Z" or "À" <= c <= "Ý"


_CLASSES: dict[str, Callable[[str], bool]] = {
    "letter": _is_letter,  # [^\W\d_]
    "not_latin": lambda c: _is_letter(c) and not (c.isascii() or "À" <= c <= "ɏ"),
    "capital": lambda c: "A" <= c <= "Z" or "À" <= c <= "Ö" or "Ø" <= c <= "Þ",
    "upper": str.isupper,
    "lower": str.islower,
    "name": _begins_name,
    "digit": str.isdecimal,  # \d
    "figure": lambda c: c == "_" or c.isdecimal(),  # in words, but no letters
    "in_word": lambda c: c == "_" or c.isalnum(),  # \w
    "blank": str.isspace,  # \s
    "stop": ".!?…".__contains__,
    "closing": '»”"'.__contains__,
    "opening": lambda c: c in '«“"Œ' or _begins_name(c),
    "quoting": '«“"—–'.__contains__,
    "bullet": "-–—•·*▪►→".__contains__,
    "parting": "|·•›>/→»~–—-".__contains__,
    "bar": "|›→".__contains__,
    "symbol": "©★☆●▶►⬇←→↑📷👍💬🔁✉☎✔✓№#*_=<>[]{}".__contains__,
    "script": tells_language,
    "marked": ":@\u00ad".__contains__,
}
# Classes that are as common as letters; the others are few in any text, and found together.
_COMMON = ("letter", "lower", "in_word", "blank")
_BITS = {name: 1 << bit for bit, name in enumerate((*_CLASSES, "known"))}
_FEW = sum(_BITS[name] for name in _CLASSES if name not in _COMMON)
# By code point, filled as characters are met.
_table = np.zeros(0x110000, dtype=np.uint32)
_folded = np.zeros(0x110000, dtype=np.uint32)
# Characters that are looked at together: half as many take a tenth more time, twice as many twice
# the memory.
PIECE = 1 << 17
_SEPARATOR = "\0"  # of no class
_LAST = 3 * _SEPARATOR


def _meet(character: str) -> None:
    """Fill the tables for a character."""
    bits = sum(_BITS[name] for name, is_one in _CLASSES.items() if is_one(character))
    if bits & _BITS["letter"]:
        _folded[ord(character)] = ord(fold(character)[0])
    _table[ord(character)] = bits | _BITS["known"]  # last, since other threads may be reading


# The classes of each character as bits, the places and the bits of those of the few classes, and
# how many of each class each text has where the kernel counted them.
_Seen = tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.uint32], NDArray[np.int64] | None]


class Characters:
    """The characters of some texts one after another, none of which is empty.

    `codes` are their code points. A separator of no class stands after each text, and several after
    the last: a negative place means these, so that one may look around any place.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        joined = _SEPARATOR.join([*texts, _LAST]).encode("utf-32-le", "surrogatepass")
        self.codes = np.frombuffer(joined, dtype=np.uint32)
        lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
        self.ends = np.cumsum(lengths + 1) - 1
        self.starts = self.ends - lengths
        kernel = find_kernel()
        seen = None if kernel is None else self._see_quickly(kernel)
        self._bits, self._few, self._few_bits, self._counts = seen or self._see()

    def _see(self) -> _Seen:
        """Return the classes of all characters, and the places of those of the few classes."""
        bits = _table.take(self.codes)
        if not bits.all():
            for code in set(self.codes[bits == 0].tolist()):
                _meet(chr(code))
            bits = _table.take(self.codes)
        few = np.flatnonzero((bits & _FEW) != 0)
        return bits, few, bits[few], None

    def _see_quickly(self, kernel: Kernel) -> _Seen | None:
        """Return what `_see` does and counts by class, None where there is a new character."""
        n = len(self.codes)
        bits, few = np.empty(n, dtype=np.uint32), np.empty(n, dtype=np.int64)
        counts = np.zeros((len(self.ends), len(_BITS)), dtype=np.int64)
        texts = (self.ends, len(self.ends))
        n_few = kernel.see(self.codes, n, _table, *texts, _FEW, len(_BITS), bits, few, counts)
        if n_few < 0:
            return None
        few = few[:n_few]
        return bits, few, bits[few], counts

    def count_class(self, name: str) -> NDArray[np.int64]:
        """Return how many characters of a class each text has."""
        if self._counts is not None and (name not in _COMMON or name == _COMMON[0]):
            return np.asarray(self._counts[:, tuple(_CLASSES).index(name)])
        return self.count(self.where(name))

    def for_kernel(self, *names: str) -> tuple[NDArray[Any] | int, ...]:
        """Return what the kernel takes of the characters, with the bits of some classes."""
        texts = (self.codes, _folded, self._bits, self.ends, len(self.ends))
        return (*texts, *(_BITS[name] for name in names))

    @cached_property
    def folded(self) -> NDArray[np.uint32]:
        """Small letters without accents, as `fold` makes each; 0 for what is no letter."""
        return _folded.take(self.codes)

    def are(self, name: str, places: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether the characters at some places are of a class."""
        return np.asarray((self._bits[places] & _BITS[name]) != 0)

    def which(self, name: str) -> NDArray[np.bool_]:
        """Return whether each character is of a class."""
        return np.asarray((self._bits & _BITS[name]) != 0)

    def where(self, name: str) -> NDArray[np.int64]:
        """Return the places of the characters of a class."""
        if name in _COMMON:
            return np.flatnonzero(self.which(name))
        return np.asarray(self._few[(self._few_bits & _BITS[name]) != 0])

    def where_is(self, character: str) -> NDArray[np.int64]:
        """Return the places of a character, which is of one of the classes that are few."""
        return np.asarray(self._few[self.codes[self._few] == ord(character)])

    def is_one(self, characters: str, places: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether the characters at some places are among those given."""
        codes = self.codes[places]
        among = codes == ord(characters[0])
        for character in characters[1:]:
            among |= codes == ord(character)
        return np.asarray(among)

    def runs(self, inside: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where each run of characters of a class starts and ends, given which are."""
        edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
        if inside[0]:
            edges = np.concatenate(([0], edges))
        return edges[::2], edges[1::2]  # the last character is a separator

    def count(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many of some places, which rise, are in each text; none is a separator's."""
        counts = np.searchsorted(places, self.ends)
        counts[1:] -= counts[:-1]
        return counts


def iter_pieces(texts: Sequence[str], most: int) -> Iterator[tuple[int, int]]:
    """Yield the start and the end of some texts at a time, of `PIECE` characters together.

    At most `most` characters of each text count, so that a piece has at most that many more.
    """
    start = size = 0
    for i, text in enumerate(texts):
        size += min(len(text), most)
        if size > PIECE:
            yield start, i + 1
            start, size = i + 1, 0
    if start < len(texts):
        yield start, len(texts)
