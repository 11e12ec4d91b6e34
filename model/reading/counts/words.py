"""The words of many texts, counted at once by what they say: a language, an interface, a verb."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from depeche.model.kernel import Kernel, find_kernel
from depeche.model.reading.counts.characters import Characters
from depeche.model.reading.counts.interface_words import LONGEST_PHRASE
from depeche.model.reading.counts.known_words import KNOWN, VERB_ENDS
from depeche.model.reading.language import COMMON

_MOST_WORDS = max(LONGEST_PHRASE.values())
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
    """Return the counts of the words of texts, folded; `characters` are those of the texts."""
    if any(len(characters.where_is(character)) for character, _ in _NOT_FOLDED_ALONE):
        for character, instead in _NOT_FOLDED_ALONE:
            texts = [text.replace(character, instead) for text in texts]
        characters = Characters(texts)
    kernel = find_kernel()
    words = _find(characters) if kernel is None else _find_quickly(kernel, characters)
    counts = (words.classes.astype(np.float64) @ KNOWN.counts_in).astype(np.int64)
    families = counts[:, len(COMMON) : -2]
    _add_phrases(words, families)
    return WordCounts(
        n_words=words.n_words,
        common=counts[:, : len(COMMON)],
        families=families,
        vous=counts[:, -2],
        verb=words.verb,
        pointing=counts[:, -1] > 0,
    )


@dataclass(frozen=True)
class _Words:
    """The words of texts by their numbers.

    `word` and `row`, the text that it is of, are (n_words,); phrases may begin with the words at
    the places `begins`. `n_words` and `verb` are (n_texts,), `classes` (n_texts, n_classes) counts
    known words.
    """

    word: NDArray[np.int64]
    row: NDArray[np.int64]
    begins: NDArray[np.int64]
    n_words: NDArray[np.int64]
    verb: NDArray[np.bool_]
    classes: NDArray[np.int64]


def _find(characters: Characters) -> _Words:
    """Return the words of texts."""
    n, n_classes = len(characters.ends), len(KNOWN.counts_in)
    folded = characters.folded
    start, end = characters.runs(folded != 0)
    n_words = characters.count(start)
    row = np.repeat(np.arange(n), n_words)
    word = KNOWN.look_up(folded, start, end).astype(np.int64)
    known = np.flatnonzero(word)
    row_and_class = row[known] * n_classes + KNOWN.class_of[word[known]]
    begins = np.flatnonzero(KNOWN.begins[word[:-1]])
    return _Words(
        word=word,
        row=row,
        begins=begins[KNOWN.begins_pair[word[begins], word[begins + 1]]],
        n_words=n_words,
        verb=np.bincount(row[_find_verbs(characters, word, start, end)], minlength=n) > 0,
        classes=np.bincount(row_and_class, minlength=n * n_classes).reshape(n, n_classes),
    )


def _find_quickly(kernel: Kernel, characters: Characters) -> _Words:
    """Return what `_find` does."""
    n, n_classes = len(characters.ends), len(KNOWN.counts_in)
    word, row, begins = np.empty((3, len(characters.codes) // 2 + 1), dtype=np.int64)
    n_words, classes = np.zeros(n, dtype=np.int64), np.zeros((n, n_classes), dtype=np.int64)
    verb = np.zeros(n, dtype=np.uint8)
    texts = characters.for_kernel("figure", "in_word")
    counts, places = (n_words, verb, classes), (word, row, begins)
    n_begins = kernel.find_words(*texts, *KNOWN.for_kernel, *counts, *places)
    n_all = int(n_words.sum())
    return _Words(
        word=word[:n_all],
        row=row[:n_all],
        begins=begins[:n_begins],
        n_words=n_words,
        verb=verb.view(np.bool_),
        classes=classes,
    )


def _add_phrases(words: _Words, families: NDArray[np.int64]) -> None:
    """Count the phrases of several words, each instead of the word that it begins with."""
    word, row, begins = words.word, words.row, words.begins
    places = np.minimum(begins[:, None] + np.arange(_MOST_WORDS), len(word) - 1)
    same_text = row[places] == row[begins, None]
    following = np.where(same_text, word[places], 0)  # 0 begins no phrase and is in none
    for text, numbers in zip(row[begins].tolist(), following.tolist(), strict=True):
        for length in range(KNOWN.longest[numbers[0]], 1, -1):
            family = KNOWN.phrases.get(tuple(numbers[:length]))
            if family is not None:
                families[text, family] += 1
                alone = KNOWN.phrases.get((numbers[0],))
                if alone is not None:
                    families[text, alone] -= 1
                break


def _find_verbs(
    characters: Characters,
    word: NDArray[np.int64],
    start: NDArray[np.int64],
    end: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return which words are forms of verbs, with figures taken for parts of words.

    Those of `VERBS`, and what ends in one of `VERB_ENDS`.
    """
    listed = np.flatnonzero(KNOWN.is_verb[word])
    parts = [listed[~characters.are("figure", start[listed] - 1)]]
    last = characters.folded[end - 1]
    last_letters = {ending[2] for ending in VERB_ENDS}
    ending_in = {letter: np.flatnonzero(last == ord(letter)) for letter in last_letters}
    for ending in VERB_ENDS:
        likely = ending_in[ending[2]]
        for back in (2, 3):
            likely = likely[characters.folded[end[likely] - back] == ord(ending[3 - back])]
        for back in (4, 5, 6):
            likely = likely[characters.are("in_word", end[likely] - back)]
        parts.append(likely)
    verbs = np.concatenate(parts)
    return verbs[~characters.are("figure", end[verbs])]
