"""The languages of many texts at once, as `language.language_of` tells each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from depeche.model.reading.counts.characters import Characters, iter_pieces
from depeche.model.reading.counts.words import WordCounts, count_words
from depeche.model.reading.language import (
    COMMON,
    LEAST_SHARE,
    LEAST_WORDS,
    MOST,
    UNDETERMINED,
    language_of,
)

_CODES = (*COMMON, UNDETERMINED)


@dataclass(frozen=True)
class Tally:
    """What tells the languages of texts: of the first `MOST` characters of each.

    `n_words` is (n_texts,), `common` is (n_texts, n_languages), and `script` (n_texts,) is whether
    there is a letter of a script that may tell a language.
    """

    n_words: NDArray[np.int64]
    common: NDArray[np.int64]
    script: NDArray[np.bool_]

    @classmethod
    def from_words(cls, words: WordCounts, characters: Characters) -> Tally:
        """Return the tally of texts whose words were counted."""
        script = characters.count_class("script") > 0
        return cls(words.n_words, words.common, script)

    @classmethod
    def none(cls) -> Tally:
        """Return the tally of no texts."""
        empty = np.empty(0, dtype=np.int64)
        return cls(empty, empty.reshape(0, len(COMMON)), empty.astype(np.bool_))

    @classmethod
    def joined(cls, parts: Iterable[Tally]) -> Tally:
        """Return the tallies of some texts and of others in one."""
        rows = [(part.n_words, part.common, part.script) for part in parts]
        n_words, common, script = (np.concatenate(columns) for columns in zip(*rows, strict=True))
        return cls(n_words, common, script)

    def rows(self, chosen: NDArray[np.int64]) -> Tally:
        """Return the tally of some of the texts."""
        return Tally(self.n_words[chosen], self.common[chosen], self.script[chosen])

    def summed(self, text: Sequence[int], n: int) -> Tally:
        """Return the tally of `n` texts made of these; `text`, which rises, says which of which."""
        n_words = np.zeros(n, dtype=np.int64)
        common = np.zeros((n, len(COMMON)), dtype=np.int64)
        script = np.zeros(n, dtype=np.bool_)
        if text:
            first = np.flatnonzero(np.diff(text, prepend=-1))
            filled = np.asarray(text)[first]
            n_words[filled] = np.add.reduceat(self.n_words, first)
            common[filled] = np.add.reduceat(self.common, first)
            script[filled] = np.logical_or.reduceat(self.script, first)
        return Tally(n_words, common, script)

    def languages(self, get_text: Callable[[int], str]) -> list[str]:
        """Return the code of each text's language; `get_text` gives a text that was counted."""
        share = self.common / np.maximum(self.n_words, 1)[:, None]
        best = share.argmax(axis=1)
        is_clear = (self.n_words >= LEAST_WORDS) & (share.max(axis=1) >= LEAST_SHARE)
        codes = [_CODES[i] for i in np.where(is_clear, best, len(COMMON)).tolist()]
        for i in np.flatnonzero(self.script).tolist():
            codes[i] = language_of(get_text(i))
        return codes


def tally(texts: Sequence[str]) -> Tally:
    """Return the tally of some texts."""
    parts = [Tally.none()]
    for start, end in iter_pieces(texts, MOST):
        part = [text[:MOST] for text in texts[start:end]]
        characters = Characters(part)
        parts.append(Tally.from_words(count_words(part, characters), characters))
    return Tally.joined(parts)
