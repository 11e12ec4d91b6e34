"""The signs by which a unit of a scraped text shows what it is: form, words, place, neighbours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from depeche.model.reading.counts.characters import PIECE, Characters, iter_pieces
from depeche.model.reading.counts.interface_words import FAMILIES
from depeche.model.reading.counts.languages import Tally
from depeche.model.reading.counts.words import WordCounts, count_words
from depeche.model.reading.language import COMMON, MOST
from depeche.model.reading.line_kinds.position import Spans, place_signs
from depeche.model.reading.line_kinds.written import Signs, matches, written_signs

_NAMELIKE = re.compile(r"\A(?:[A-ZÀ-Ý][\w'’-]*+\.?+\s?+(?:d[eu]\s|la\s|le\s)?+){1,4}$")

_LONG = 110  # characters of a unit that reads like a paragraph; the shortest of 741 marked has 123
_HEAD, _TAIL = 400, 120  # characters of a long unit that are looked at
_FRENCH = tuple(COMMON).index("fr")
_DOTTED = "\u0130"  # reads as an i where case is ignored, but is no letter of a folded word

# Signs of one unit by itself.
OWN_SIGNS = (
    *("length", "words", "short", "middle", "long", "ended", "ended_half", "ended_quoted"),
    *("sentences", "lower_start", "upper_share", "title_share", "digit_share", "bullet", "quote"),
    *("french", "not_french", "not_latin", "separators", "date", "clock", "address", "namelike"),
    *("symbol", "vous", "verb", "question", "colon_inside", "paragraph", "gap", "speaker"),
    *FAMILIES,
    "interface",
)


@dataclass(frozen=True)
class Units:
    """The units of some texts, one text after another.

    `padded` is (n_own_signs, more than n_units): their own signs, in the order of `OWN_SIGNS`, with
    two units without any sign before each text and after the last; `n_letters` is (n_units,);
    `tally` tells the languages; `pointing`, (n_units,), is whether a unit may hold a link to
    another article.
    """

    texts: Sequence[str]
    spans: Spans
    padded: NDArray[np.float64]
    n_letters: NDArray[np.int64]
    tally: Tally
    pointing: NDArray[np.bool_]

    def sign(self, name: str) -> NDArray[np.float64]:
        """Return one of the units' own signs."""
        return np.asarray(self.padded[OWN_SIGNS.index(name), _places_in_padded(self.spans)])

    def iter_signs(self, at_once: int) -> Iterator[NDArray[np.float64]]:
        """Yield signs of some units at a time, (n_signs, n): own, neighbours' and of place."""
        at, padded = _places_in_padded(self.spans), self.padded
        places = place_signs(self.texts, self.spans, self.sign, self.n_letters)
        for start in range(0, len(at), at_once):
            part = slice(start, start + at_once)
            own, before, after = (padded[:, at[part] + i] for i in (0, -1, 1))
            wide = (padded[:, at[part] - 2] + padded[:, at[part] + 2]) / 2
            yield np.concatenate([own, before, after, wide, places[:, part]])


def _places_in_padded(spans: Spans) -> NDArray[np.int64]:
    text = spans.text
    return np.arange(len(text)) + 2 * text + 2


def signs(units: Sequence[str], gaps: Sequence[bool]) -> NDArray[np.float64]:
    """Return the signs of every unit of a text, (n_units, n_signs)."""
    (found,) = look_at(units, gaps, [len(units)]).iter_signs(len(units))
    return np.ascontiguousarray(found.T)


def look_at(units: Sequence[str], gaps: Sequence[bool], sizes: Sequence[int]) -> Units:
    """Return the units of some texts with their own signs.

    Parameters
    ----------
    units
        Lines or wrapped paragraphs that are not blank, in order, without blanks around them.
    gaps
        Whether a blank line stands before each.
    sizes
        How many units each text has, one at least.
    """
    spans = Spans.of(sizes)
    at = _places_in_padded(spans)
    padded = np.zeros((len(OWN_SIGNS), at[-1] + 3))
    n_letters, pointing = np.empty(len(units), dtype=np.int64), np.empty(len(units), dtype=np.bool_)
    tallies = []
    for start, end in iter_pieces(units, MOST):
        part = _Part.of(units[start:end])
        part.own["gap"] = np.array(gaps[start:end])
        padded[:, at[start:end]] = [part.own[name] for name in OWN_SIGNS]
        n_letters[start:end], pointing[start:end] = part.n_letters, part.pointing
        tallies.append(part.tally)
    return Units(units, spans, padded, n_letters, Tally.joined(tallies), pointing)


@dataclass(frozen=True)
class _Part:
    """Some units: what `Units` holds of them, the own signs by name, but for their gaps."""

    own: Signs
    n_letters: NDArray[np.int64]
    tally: Tally
    pointing: NDArray[np.bool_]

    @classmethod
    def of(cls, units: Sequence[str]) -> _Part:
        """Return what is seen of some units."""
        # Of a long unit the head and the tail are seen; its language is that of more of it.
        long = [i for i, unit in enumerate(units) if len(unit) > _HEAD + _TAIL]
        seen = list(units)
        for i in long:
            seen[i] = f"{units[i][:_HEAD]} {units[i][-_TAIL:]}"
        rows = [*seen, *(units[i][:MOST] for i in long)]
        whole = np.arange(len(units))  # the row of each unit that is more of it
        whole[long] = np.arange(len(units), len(rows))
        characters = Characters(rows)
        words = count_words(rows, characters)
        own = _own_signs(units, seen, words, characters)
        n_letters = characters.count_of("letter")[whole]
        dotted = characters.count(characters.where_is(_DOTTED)) > 0
        pointing = (words.pointing | dotted)[whole]
        for i in long:
            if len(units[i]) > MOST:
                n_letters[i] = _count_letters(units[i])
                pointing[i] = True
        return cls(own, n_letters, Tally.of(words, characters).rows(whole), pointing)


def _count_letters(unit: str) -> int:
    """Return how many letters a very long unit has."""
    pieces = (unit[i : i + PIECE] for i in range(0, len(unit), PIECE))
    return sum(int(Characters([piece]).which("letter").sum()) for piece in pieces)


def _own_signs(
    units: Sequence[str], seen: Sequence[str], words: WordCounts, characters: Characters
) -> Signs:
    """Return the signs of units by themselves, by name, but for their gaps.

    `seen` is what is looked at of each; `words` and `characters` are of that, then of other texts.
    """
    n = len(units)
    n_words, families = words.n_words[:n], words.families[:n]
    length = np.array([len(text) for text in seen])
    whole = np.array([len(unit) for unit in units])
    shares = words.common[:n] / np.maximum(n_words, 1)[:, None]
    french = shares[:, _FRENCH]
    families = np.minimum(families, 4)
    found = written_signs(seen, characters)
    name = characters.are("name", characters.starts[:n])
    found |= {
        "length": np.log1p(whole) / 6,
        "words": np.log1p(n_words) / 4,
        "short": length < 25,
        "middle": (length >= 25) & (length < 70),
        "long": length >= _LONG,
        "french": np.minimum(french, 0.5) * 2,
        "not_french": np.delete(shares, _FRENCH, axis=1).max(axis=1),
        "namelike": matches(_NAMELIKE.match, seen, (n_words <= 6) & name),
        "vous": np.minimum(words.vous[:n], 3) / 2,
        "verb": words.verb[:n],
        "paragraph": (length >= _LONG) & found["ended"] & (french > 0.15),
        "interface": np.minimum(families.sum(axis=1) * 25 / length, 3),
        **dict(zip(FAMILIES, families.T, strict=True)),
    }
    return found
