"""The features that tell what a unit of a scraped text is: form, words, place, neighbours."""

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
from depeche.model.reading.line_kinds.position import Spans, position_features
from depeche.model.reading.line_kinds.written import Features, matches, written_features

_NAMELIKE = re.compile(r"\A(?:[A-ZÀ-Ý][\w'’-]*+\.?+\s?+(?:d[eu]\s|la\s|le\s)?+){1,4}$")

_LONG = 110  # characters of a unit that reads like a paragraph; the shortest of 741 marked has 123
_HEAD, _TAIL = 400, 120  # characters of a long unit that are looked at
_FRENCH = tuple(COMMON).index("fr")
_DOTTED = "\u0130"  # reads as an i where case is ignored, but is no letter of a folded word

# Features of one unit by itself.
OWN_FEATURES = (
    "length", "words", "short", "middle", "long", "ended", "ended_half", "ended_quoted",
    "sentences", "lower_start", "upper_share", "title_share", "digit_share", "bullet", "quote",
    "french", "not_french", "not_latin", "separators", "date", "clock", "address", "namelike",
    "symbol", "vous", "verb", "question", "colon_inside", "paragraph", "gap", "speaker",
    *FAMILIES,
    "interface",
)  # fmt: skip


@dataclass(frozen=True)
class Units:
    """The units of some texts, one text after another.

    `padded` is (n_own_features, more than n_units): their own features, in the order of
    `OWN_FEATURES`, with two units whose features are all 0 before each text and after the last;
    `n_letters` is (n_units,); `tally` tells the languages; `pointing`, (n_units,), is whether a
    unit may hold a link to another article.
    """

    texts: Sequence[str]
    spans: Spans
    padded: NDArray[np.float64]
    n_letters: NDArray[np.int64]
    tally: Tally
    pointing: NDArray[np.bool_]

    def feature(self, name: str) -> NDArray[np.float64]:
        """Return one of the units' own features."""
        return np.asarray(self.padded[OWN_FEATURES.index(name), _places_in_padded(self.spans)])

    def iter_features(self, n_at_once: int) -> Iterator[NDArray[np.float64]]:
        """Yield the features of some units at a time, (n_features, n): own, neighbours', place."""
        padded, places = self.padded, _places_in_padded(self.spans)
        position = position_features(self.texts, self.spans, self.feature, self.n_letters)
        for start in range(0, len(places), n_at_once):
            part = slice(start, start + n_at_once)
            place = places[part]
            wide = (padded[:, place - 2] + padded[:, place + 2]) / 2
            rows = [padded[:, place], padded[:, place - 1], padded[:, place + 1], wide]
            yield np.concatenate([*rows, position[:, part]])


def _places_in_padded(spans: Spans) -> NDArray[np.int64]:
    text = spans.text
    return np.arange(len(text)) + 2 * text + 2


def unit_features(units: Sequence[str], gaps: Sequence[bool]) -> NDArray[np.float64]:
    """Return the features of every unit of a text, (n_units, n_features)."""
    (features,) = look_at(units, gaps, [len(units)]).iter_features(len(units))
    return np.ascontiguousarray(features.T)


def look_at(units: Sequence[str], gaps: Sequence[bool], sizes: Sequence[int]) -> Units:
    """Return the units of some texts with their own features.

    Parameters
    ----------
    units
        Lines or wrapped paragraphs that are not blank, in order, without blanks around them.
    gaps
        Whether a blank line stands before each.
    sizes
        How many units each text has, at least one.
    """
    spans = Spans.from_sizes(sizes)
    places = _places_in_padded(spans)
    padded = np.zeros((len(OWN_FEATURES), places[-1] + 3))
    n_letters, pointing = np.empty(len(units), dtype=np.int64), np.empty(len(units), dtype=np.bool_)
    tallies = []
    for start, end in iter_pieces(units, MOST):
        part = _look_at_part(units[start:end])
        features = part.features | {"gap": np.array(gaps[start:end])}
        padded[:, places[start:end]] = [features[name] for name in OWN_FEATURES]
        n_letters[start:end], pointing[start:end] = part.n_letters, part.pointing
        tallies.append(part.tally)
    return Units(units, spans, padded, n_letters, Tally.joined(tallies), pointing)


@dataclass(frozen=True)
class _Part:
    """Some units: what `Units` holds of them; the own features by name, but for their gaps."""

    features: Features
    n_letters: NDArray[np.int64]
    tally: Tally
    pointing: NDArray[np.bool_]


def _look_at_part(units: Sequence[str]) -> _Part:
    # Of a long unit the head and the tail are seen; its language is that of more of it.
    long = [i for i, unit in enumerate(units) if len(unit) > _HEAD + _TAIL]
    seen = list(units)
    for i in long:
        seen[i] = f"{units[i][:_HEAD]} {units[i][-_TAIL:]}"
    rows = [*seen, *(units[i][:MOST] for i in long)]
    longest = np.arange(len(units))  # the row of each unit that has the most of it
    longest[long] = np.arange(len(units), len(rows))
    characters = Characters(rows)
    words = count_words(rows, characters)
    features = _own_features(units, seen, words, characters)
    n_letters = characters.count_class("letter")[longest]
    dotted = characters.count(characters.where_is(_DOTTED)) > 0
    pointing = (words.pointing | dotted)[longest]
    for i in long:
        if len(units[i]) > MOST:
            n_letters[i] = _count_letters(units[i])
            pointing[i] = True
    tally = Tally.from_words(words, characters).rows(longest)
    return _Part(features, n_letters, tally, pointing)


def _count_letters(unit: str) -> int:
    """Return how many letters a very long unit has."""
    pieces = (unit[i : i + PIECE] for i in range(0, len(unit), PIECE))
    return sum(int(Characters([piece]).which("letter").sum()) for piece in pieces)


def _own_features(
    units: Sequence[str], seen: Sequence[str], words: WordCounts, characters: Characters
) -> Features:
    """Return the features of units by themselves, by name, but for their gaps.

    `seen` is the part of each that is looked at; `words` and `characters` are those of these parts,
    then of other texts.
    """
    n = len(units)
    n_words, families = words.n_words[:n], words.families[:n]
    length = np.array([len(text) for text in seen])
    full_length = np.array([len(unit) for unit in units])
    shares = words.common[:n] / np.maximum(n_words, 1)[:, None]
    french = shares[:, _FRENCH]
    families = np.minimum(families, 4)
    written = written_features(seen, characters)
    name = characters.are("name", characters.starts[:n])
    return written | {
        "length": np.log1p(full_length) / 6,
        "words": np.log1p(n_words) / 4,
        "short": length < 25,
        "middle": (length >= 25) & (length < 70),
        "long": length >= _LONG,
        "french": np.minimum(french, 0.5) * 2,
        "not_french": np.delete(shares, _FRENCH, axis=1).max(axis=1),
        "namelike": matches(_NAMELIKE.match, seen, (n_words <= 6) & name),
        "vous": np.minimum(words.vous[:n], 3) / 2,
        "verb": words.verb[:n],
        "paragraph": (length >= _LONG) & written["ended"] & (french > 0.15),
        "interface": np.minimum(families.sum(axis=1) * 25 / length, 3),
        **dict(zip(FAMILIES, families.T, strict=True)),
    }
