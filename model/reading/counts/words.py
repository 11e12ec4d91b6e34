"""The words of many texts, counted at once by what they say: a language, an interface, a verb.

Only some eight hundred words say anything. The hash of every word is made at once, from sums up to
each place, and looked up in a small table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from depeche.model.kernel import Kernel, find_kernel
from depeche.model.reading.counts.characters import Characters
from depeche.model.reading.counts.interface_words import FAMILIES, LONGEST_PHRASE, PHRASES
from depeche.model.reading.language import COMMON

_VOUS = ("vous", "votre", "vos")
# One of them is in each link to another article that stands inside a paragraph.
_POINTING = ("lire", "relire", "voir", "revoir", "ecouter", "reecouter")
_VERBS = (
    *("est", "sont", "a", "ont", "etait", "etaient", "avait", "avaient", "sera", "seront", "fait"),
    *("dit", "peut", "va", "doit", "reste"),
)
_MOST_WORDS = max(LONGEST_PHRASE.values())
_VERB_ENDS = ("ait", "ent", "era", "ont")  # after three letters or figures at least
_BASE = 0xD1342543DE82EF95  # odd, of the polynomial that hashes a word
_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio, odd
_SLOT_BITS = 13
_NOT_FOLDED_ALONE = (("\u00ad", ""), ("\u0130", "i\u0307"))  # other characters become one


@dataclass(frozen=True)
class WordCounts:
    """How many words each text has, of each language's commonest and of each interface family.

    `n_words`, `vous`, `verb` (whether there is a form of a verb) and `pointing` (whether a word may
    begin a link to another article) are (n_texts,), `common` is (n_texts, n_languages) in the order
    of `COMMON`, and `families` (n_texts, n_families) counts words and phrases.
    """

    n_words: NDArray[np.int64]
    common: NDArray[np.int64]
    families: NDArray[np.int64]
    vous: NDArray[np.int64]
    verb: NDArray[np.bool_]
    pointing: NDArray[np.bool_]


def count_words(texts: Sequence[str], characters: Characters) -> WordCounts:
    """Return the counts of the words of texts, which `characters` are of, folded."""
    if any(len(characters.where_is(sign)) for sign, _ in _NOT_FOLDED_ALONE):
        for sign, instead in _NOT_FOLDED_ALONE:
            texts = [text.replace(sign, instead) for text in texts]
        characters = Characters(texts)
    kernel = find_kernel()
    found = _find(characters) if kernel is None else _find_quickly(kernel, characters)
    counts = (found.classes.astype(np.float64) @ _KNOWN.counts_in).astype(np.int64)
    families = counts[:, len(COMMON) : -2]
    _add_phrases(found, families)
    return WordCounts(
        n_words=found.n_words,
        common=counts[:, : len(COMMON)],
        families=families,
        vous=counts[:, -2],
        verb=found.verb,
        pointing=counts[:, -1] > 0,
    )


@dataclass(frozen=True)
class _Found:
    """The words of texts by their numbers.

    `word` and `row`, of which text, are (n_words,); phrases may begin at the places `begins` of
    them. `n_words` and `verb` are (n_texts,), `classes` (n_texts, n_classes) counts known words.
    """

    word: NDArray[np.int64]
    row: NDArray[np.int64]
    begins: NDArray[np.int64]
    n_words: NDArray[np.int64]
    verb: NDArray[np.bool_]
    classes: NDArray[np.int64]


def _find(characters: Characters) -> _Found:
    """Return the words of texts."""
    n, n_classes = len(characters.ends), len(_KNOWN.counts_in)
    folded = characters.folded
    start, end = characters.runs(folded != 0)
    n_words = characters.count(start)
    row = np.repeat(np.arange(n), n_words)
    word = _KNOWN.look_up(folded, start, end)
    known = np.flatnonzero(word)
    held = row[known] * n_classes + _KNOWN.class_of[word[known]]
    begins = np.flatnonzero(_KNOWN.begins[word[:-1]])
    return _Found(
        word=word,
        row=row,
        begins=begins[_KNOWN.begins_pair[word[begins], word[begins + 1]]],
        n_words=n_words,
        verb=np.bincount(row[_find_verbs(characters, word, start, end)], minlength=n) > 0,
        classes=np.bincount(held, minlength=n * n_classes).reshape(n, n_classes),
    )


def _find_quickly(kernel: Kernel, characters: Characters) -> _Found:
    """Return what `_find` does."""
    n, n_classes = len(characters.ends), len(_KNOWN.counts_in)
    word, row, begins = np.empty((3, len(characters.codes) // 2 + 1), dtype=np.int64)
    n_words, classes = np.zeros(n, dtype=np.int64), np.zeros((n, n_classes), dtype=np.int64)
    verb = np.zeros(n, dtype=np.uint8)
    n_begins = kernel.find_words(
        *characters.for_kernel("figure", "in_word"),
        *_KNOWN.for_kernel,
        *(n_words, verb, classes, word, row, begins),
    )
    n_found = int(n_words.sum())
    return _Found(
        word[:n_found], row[:n_found], begins[:n_begins], n_words, verb.view(np.bool_), classes
    )


def _lists() -> list[tuple[str, ...]]:
    """Return the words that count in each column: languages, families, vous, pointing."""
    single: list[list[str]] = [[] for _ in FAMILIES]
    for phrase, family in PHRASES.items():
        if len(phrase) == 1:
            single[family].append(phrase[0])
    common = [tuple(words.split()) for words in COMMON.values()]
    return [*common, *map(tuple, single), _VOUS, _POINTING]


class _Known:
    """The words that say something, numbered from 1 on; 0 is any other."""

    def __init__(self) -> None:
        lists = _lists()
        every = sorted({word for words in (*lists, *PHRASES, _VERBS) for word in words})
        number = {word: i for i, word in enumerate(every, 1)}
        n = len(every) + 1
        columns: list[list[int]] = [[] for _ in range(n)]
        for column, words in enumerate(lists):
            for word in words:
                columns[number[word]].append(column)
        # Words that count in the same columns are of one class; there are few.
        classes: dict[tuple[int, ...], int] = {}
        self.class_of = np.array([classes.setdefault(tuple(c), len(classes)) for c in columns])
        self.counts_in = np.zeros((len(classes), len(lists)))
        for held, i in classes.items():
            self.counts_in[i, list(held)] = 1
        self.phrases = {
            tuple(number[word] for word in phrase): family for phrase, family in PHRASES.items()
        }
        self.is_verb = np.zeros(n, dtype=np.bool_)
        self.is_verb[[number[word] for word in _VERBS]] = True
        self.longest = {number[word]: length for word, length in LONGEST_PHRASE.items()}
        self.begins = np.zeros(n, dtype=np.bool_)
        self.begins_pair = np.zeros((n, n), dtype=np.bool_)
        for phrase in self.phrases:
            if len(phrase) > 1:
                self.begins[phrase[0]] = self.begins_pair[phrase[0], phrase[1]] = True
        self._powers = 2 * (np.ones(1, dtype=np.uint64),)
        self._number_words(every)

    @cached_property
    def for_kernel(self) -> tuple[NDArray[Any] | int, ...]:
        """What `find_words` of the kernel knows words by."""
        roles = self.is_verb + 2 * self.begins.astype(np.uint8)
        ends = np.array([[ord(letter) for letter in end] for end in _VERB_ENDS], dtype=np.uint32)
        return (
            *(self._held, self._numbers, _SLOT_BITS, self.class_of, len(self.counts_in), roles),
            *(self.begins_pair.view(np.uint8), len(roles), ends, len(ends)),
        )

    def _number_words(self, words: Sequence[str]) -> None:
        """Fill the table of numbers by hash, with open addressing."""
        self._held = np.zeros(1 << _SLOT_BITS, dtype=np.uint64)  # hashes; 0 where a slot is free
        self._numbers = np.zeros(1 << _SLOT_BITS, dtype=np.int64)
        characters = Characters(words)
        hashes = self._hashes(characters.folded, characters.starts, characters.ends)
        slots, left = _slots(hashes), np.arange(len(words))
        while len(left):  # of several that want one slot, the last gets it
            slot = slots[left]
            free = self._held[slot] == 0
            self._held[slot[free]] = hashes[left[free]]
            won = self._held[slot] == hashes[left]
            self._numbers[slot[won]] = left[won] + 1
            left = left[~won]
            slots[left] = (slots[left] + 1) % len(self._held)

    def look_up(
        self, folded: NDArray[np.uint32], start: NDArray[np.int64], end: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return the number of each word, from its folded letters."""
        hashes = self._hashes(folded, start, end)
        slot = _slots(hashes)
        held = self._held[slot]
        going = np.flatnonzero((held != hashes) & (held != 0))
        while len(going):
            slot[going] = (slot[going] + 1) % len(self._held)
            held = self._held[slot[going]]
            going = going[(held != hashes[going]) & (held != 0)]
        return self._numbers[slot]  # 0 where the slot is free

    def _hashes(
        self, folded: NDArray[np.uint32], start: NDArray[np.int64], end: NDArray[np.int64]
    ) -> NDArray[np.uint64]:
        """Return a polynomial in the letters of each word, odd and of 63 bits."""
        powers, inverses = self._powers
        if len(powers) < len(folded):
            n = 2 * len(folded)
            powers, inverses = _powers(_BASE, n), _powers(pow(_BASE, -1, 1 << 64), n)
            self._powers = powers, inverses  # together, since other threads may be reading
        sums = np.zeros(len(folded) + 1, dtype=np.uint64)
        np.multiply(folded.astype(np.uint64), powers[: len(folded)], out=sums[1:])
        np.cumsum(sums, out=sums)
        hashes = (sums[end] - sums[start]) * inverses[start]
        hashes ^= hashes >> np.uint64(32)
        return hashes * _MIX | np.uint64(1)


def _slots(hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    return (hashes >> np.uint64(64 - _SLOT_BITS)).astype(np.int64)


def _powers(base: int, n: int) -> NDArray[np.uint64]:
    """Return the powers of an odd number from 0 to n - 1, modulo 2 ** 64."""
    powers = np.full(n, base, dtype=np.uint64)
    powers[0] = 1
    return np.multiply.accumulate(powers)


def _add_phrases(found: _Found, families: NDArray[np.int64]) -> None:
    """Count the phrases of several words, each instead of the word that it begins with."""
    word, row, at = found.word, found.row, found.begins
    places = np.minimum(at[:, None] + np.arange(_MOST_WORDS), len(word) - 1)
    here = row[places] == row[at, None]
    following = np.where(here, word[places], 0)  # 0 begins no phrase and is in none
    for of, words in zip(row[at].tolist(), following.tolist(), strict=True):
        for length in range(_KNOWN.longest[words[0]], 1, -1):
            family = _KNOWN.phrases.get(tuple(words[:length]))
            if family is not None:
                families[of, family] += 1
                alone = _KNOWN.phrases.get((words[0],))
                if alone is not None:
                    families[of, alone] -= 1
                break


def _find_verbs(
    characters: Characters,
    word: NDArray[np.int64],
    start: NDArray[np.int64],
    end: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return which words are forms of verbs, with figures taken for parts of words.

    Those of `_VERBS`, and what ends in one of `_VERB_ENDS`.
    """
    listed = np.flatnonzero(_KNOWN.is_verb[word])
    found = [listed[~characters.are("figure", start[listed] - 1)]]
    last = characters.folded[end - 1]
    ending_in = {sign: np.flatnonzero(last == ord(sign)) for sign in {e[2] for e in _VERB_ENDS}}
    for ending in _VERB_ENDS:
        at = ending_in[ending[2]]
        for back in (2, 3):
            at = at[characters.folded[end[at] - back] == ord(ending[3 - back])]
        for back in (4, 5, 6):
            at = at[characters.are("in_word", end[at] - back)]
        found.append(at)
    verbs = np.concatenate(found)
    return verbs[~characters.are("figure", end[verbs])]


_KNOWN = _Known()
