"""The words that say something of a line, numbered: some eight hundred, in a small hash table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from depeche.model.hash_table import HashTable, hash_spans
from depeche.model.reading.counts.characters import Characters
from depeche.model.reading.counts.interface_words import FAMILIES, LONGEST_PHRASE, PHRASES
from depeche.model.reading.language import COMMON

VERBS = (
    "est", "sont", "a", "ont", "etait", "etaient", "avait", "avaient", "sera", "seront", "fait",
    "dit", "peut", "va", "doit", "reste",
)  # fmt: skip
VERB_ENDS = ("ait", "ent", "era", "ont")  # after three letters or figures at least
_VOUS = ("vous", "votre", "vos")
# One of them is in each link to another article that stands inside a paragraph.
_POINTING = ("lire", "relire", "voir", "revoir", "ecouter", "reecouter")
_N_SLOTS = 1 << 13


class KnownWords:
    """The words that say something, numbered from 1 on; 0 is any other.

    Words that count in the same columns (languages, families, vous, pointing) are of one class.

    Attributes
    ----------
    class_of
        (n_numbers,): the class of each word.
    counts_in
        (n_classes, n_columns): 1 where the words of a class count in a column.
    phrases
        The family of each phrase, by the numbers of its words.
    longest
        How many words the longest phrase has that begins with a word, by its number.
    is_verb
        (n_numbers,): whether a word is one of `VERBS`.
    begins, begins_pair
        (n_numbers,) and (n_numbers, n_numbers): whether a word, and a word with the next, begin a
        phrase of several words.
    """

    def __init__(self) -> None:
        columns = _words_of_columns()
        words = sorted({word for part in (*columns, *PHRASES, VERBS) for word in part})
        number = {word: i for i, word in enumerate(words, 1)}
        n = len(words) + 1
        self.class_of, self.counts_in = _make_classes(columns, number)
        self.phrases = {
            tuple(number[word] for word in phrase): family for phrase, family in PHRASES.items()
        }
        self.longest = {number[word]: length for word, length in LONGEST_PHRASE.items()}
        self.is_verb = np.zeros(n, dtype=np.bool_)
        self.is_verb[[number[word] for word in VERBS]] = True
        self.begins = np.zeros(n, dtype=np.bool_)
        self.begins_pair = np.zeros((n, n), dtype=np.bool_)
        for phrase in self.phrases:
            if len(phrase) > 1:
                self.begins[phrase[0]] = self.begins_pair[phrase[0], phrase[1]] = True
        characters = Characters(words)
        hashes = hash_spans(characters.folded, characters.starts, characters.ends)
        self._table = HashTable(_N_SLOTS)
        self._table.put(hashes, np.arange(1, n, dtype=np.int32))

    def look_up(
        self, folded: NDArray[np.uint32], start: NDArray[np.int64], end: NDArray[np.int64]
    ) -> NDArray[np.int32]:
        """Return the number of each word, from its folded letters."""
        return self._table.look_up(hash_spans(folded, start, end))

    @cached_property
    def for_kernel(self) -> tuple[NDArray[Any] | int, ...]:
        """What `find_words` of the kernel knows words by."""
        roles = self.is_verb + 2 * self.begins.astype(np.uint8)
        ends = np.array([[ord(letter) for letter in end] for end in VERB_ENDS], dtype=np.uint32)
        table = (self._table.hashes, self._table.numbers, _N_SLOTS)
        pairs = (self.begins_pair.view(np.uint8), len(roles))
        return (*table, self.class_of, len(self.counts_in), roles, *pairs, ends, len(ends))


def _words_of_columns() -> list[Sequence[str]]:
    """Return the words that count in each column: languages, families, vous, pointing."""
    common = [words.split() for words in COMMON.values()]
    single: list[list[str]] = [[] for _ in FAMILIES]
    for phrase, family in PHRASES.items():
        if len(phrase) == 1:
            single[family].append(phrase[0])
    return [*common, *single, _VOUS, _POINTING]


def _make_classes(
    columns: Sequence[Sequence[str]], number: dict[str, int]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the class of each word by number, and the columns that each class counts in."""
    columns_of: list[list[int]] = [[] for _ in range(len(number) + 1)]
    for column, words in enumerate(columns):
        for word in words:
            columns_of[number[word]].append(column)
    classes: dict[tuple[int, ...], int] = {}
    class_of = [classes.setdefault(tuple(indices), len(classes)) for indices in columns_of]
    counts_in = np.zeros((len(classes), len(columns)))
    for indices, i in classes.items():
        counts_in[i, list(indices)] = 1
    return np.array(class_of), counts_in


KNOWN = KnownWords()
