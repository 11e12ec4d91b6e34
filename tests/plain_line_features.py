"""The features of units one unit at a time, which those made in arrays must equal."""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from depeche.model.reading.counts.interface_words import FAMILIES, LONGEST_PHRASE, PHRASES
from depeche.model.reading.language import fold, language_shares
from depeche.model.reading.line_kinds.classifier import KindModel
from depeche.model.reading.line_kinds.features import OWN_FEATURES
from depeche.model.reading.line_kinds.written import (
    _ADDRESS,
    _BULLET,
    _CLOCK,
    _DATE,
    _ENDED,
    _SEPARATOR,
    _SPEAKER,
    _SYMBOL,
)

_WORD = re.compile(r"[^\W\d_]+")
_NEWLINE = re.compile(r"\r\n|[\r\n\v\f\u0085\u2028\u2029]")
_LINE = re.compile(r"[^\r\n\v\f\u0085\u2028\u2029]+")
_QUOTING = re.compile(r"(?:>[ \t]?)+")
_SENTENCES = re.compile(r"[.!?…][»”\"]?\s+[«“\"A-ZÀ-ÝŒ]")
_NAMELIKE = re.compile(r"(?:[A-ZÀ-Ý][\w'’-]*\.?\s?(?:d[eu]\s|la\s|le\s)?){1,4}$")
_UPPER = re.compile(r"[A-ZÀ-ÖØ-Þ]")
_DIGIT = re.compile(r"\d")
_NOT_LATIN = re.compile(r"[^\W\d_a-zA-ZÀ-ɏ]")
_VOUS = frozenset(("vous", "votre", "vos"))
_VERB = re.compile(
    r"\b(?:est|sont|a|ont|etait|etaient|avait|avaient|sera|seront|fait|dit|peut|va|doit|reste"
    r"|\w{3,}(?:ait|aient|erent|ent|era|ont))\b"
)

_LONG = 110  # characters of a unit that reads like a paragraph; the shortest of 741 marked has 123
_HEAD, _TAIL = 400, 120  # characters of a long unit that are looked at
_START = 200  # where dates, symbols and capitals tell boilerplate

_LENGTH, _SHORT, _LONGER, IS_ENDED = (
    OWN_FEATURES.index(name) for name in ("length", "short", "long", "ended")
)


def _interface_words(words: Sequence[str]) -> list[int]:
    """Return how many words and phrases of each family there are, at most 4 each."""
    counts = [0] * len(FAMILIES)
    for i, word in enumerate(words):
        for n in range(LONGEST_PHRASE.get(word, 0), 0, -1):
            family = PHRASES.get(tuple(words[i : i + n]))
            if family is not None:
                counts[family] += 1
                break
    return [min(n, 4) for n in counts]


def _own_features(unit: str, gap: bool) -> list[float]:
    """Return the features of a unit by itself, named in `OWN_FEATURES`."""
    text = unit if len(unit) <= _HEAD + _TAIL else f"{unit[:_HEAD]} {unit[-_TAIL:]}"
    start, end = text[:_START], text[-12:]
    folded = fold(text)
    written, words = _WORD.findall(start), _WORD.findall(folded)
    n, letters = len(text), max(sum(map(len, written)), 1)
    families = _interface_words(words)
    ended = _ENDED.search(end) is not None
    shares = language_shares(words)
    french = shares.pop("fr")
    return [
        np.log1p(len(unit)) / 6, np.log1p(len(words)) / 4, n < 25, 25 <= n < 70, n >= _LONG,
        ended, end[-1] in ":;,", end[-1] in '»”"', min(len(_SENTENCES.findall(text)), 4) / 2,
        text[0].islower(), len(_UPPER.findall(start)) / letters,
        sum(word[0].isupper() for word in written) / max(len(written), 1),
        len(_DIGIT.findall(start)) / len(start), _BULLET.match(text) is not None,
        text[0] in '«“"—–', min(french, 0.5) * 2, max(shares.values()),
        len(_NOT_LATIN.findall(start)) / letters, min(len(_SEPARATOR.findall(start)), 6) / 3,
        _DATE.search(start) is not None, _CLOCK.search(start) is not None,
        _ADDRESS.search(start) is not None,
        len(words) <= 6 and _NAMELIKE.match(text) is not None, _SYMBOL.search(start) is not None,
        min(sum(word in _VOUS for word in words), 3) / 2, _VERB.search(folded) is not None,
        end[-1] == "?", ":" in text[:-1], n >= _LONG and ended and french > 0.15, gap,
        _SPEAKER.match(text) is not None, *families, min(sum(families) * 25 / n, 3),
    ]  # fmt: skip


def plain_features(units: Sequence[str], gaps: Sequence[bool]) -> NDArray[np.float64]:
    """Return the features of every unit of a text, (n_units, n_features)."""
    n = len(units)
    padded = np.zeros((n + 4, len(OWN_FEATURES)))
    features = padded[2:-2]
    for i, (unit, gap) in enumerate(zip(units, gaps, strict=True)):
        features[i] = _own_features(unit, gap)
    before, after = padded[1:-3], padded[3:-1]
    wide = (padded[:-4] + padded[4:]) / 2
    return np.hstack([features, before, after, wide, _places(units, features)])


def _distance_to_nearest(
    place: NDArray[np.int64], standing: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return how far each unit is from the nearest paragraph, 0 where there is none."""
    if not len(standing):
        return np.zeros(len(place), dtype=np.int64)
    right = np.searchsorted(standing, place).clip(max=len(standing) - 1)
    left = (right - 1).clip(min=0)
    return np.asarray(np.minimum(np.abs(standing[right] - place), np.abs(standing[left] - place)))


def _places(units: Sequence[str], features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what depends on the whole text: where paragraphs stand, what came before, repeats."""
    n = len(units)
    paragraph = features[:, OWN_FEATURES.index("paragraph")] * (features[:, -1] < 0.8)
    count = np.cumsum(paragraph)
    total = count[-1]
    place = np.arange(n)
    standing = np.flatnonzero(paragraph)
    first, last = (standing[0], standing[-1]) if len(standing) else (0, n - 1)
    nearest = _distance_to_nearest(place, standing)
    comment, related = (
        np.cumsum(features[:, OWN_FEATURES.index(name)] * (features[:, _LENGTH] < 0.75)) > 0
        for name in ("comment", "related")
    )
    shapes = [" ".join(_WORD.findall(unit.lower())) for unit in units]
    times = Counter(shapes)
    seen = np.array([times[shape] > 1 for shape in shapes])
    longest = max((s for s in shapes[: first + 1] if 20 < len(s) < 160), key=len, default="")
    titled = np.array([bool(longest) and longest in shape for shape in shapes])
    length = np.array([len(unit) for unit in units], dtype=float)
    behind = np.cumsum(length) / length.sum()
    columns = [
        place < first, place > last, (place >= first) & (place <= last), place == 0, place == n - 1,
        place / n, behind, count / max(total, 1), np.minimum(nearest, 8) / 4, total == 0,
        np.minimum(np.abs(place - first), 6) / 3 * (place < first),
        np.minimum(np.abs(place - last), 6) / 3 * (place > last),
        comment, comment & (place > first), related & (place > last), comment & (place > last),
        seen, titled, titled & (place < first), np.full(n, min(total, 10) / 5),
        features[:, _LONGER] * (place > last), features[:, IS_ENDED] * (place > last),
        features[:, IS_ENDED] * (place < first),
        features[:, IS_ENDED] * (place >= first) * (place <= last),
        features[:, _SHORT] * (place >= first) * (place <= last),
    ]  # fmt: skip
    return np.stack([np.broadcast_to(np.asarray(c, dtype=float), n) for c in columns], axis=1)


def plain_values(model: KindModel, X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the value of each tree for each sample, (n_trees, n_samples), node by node."""
    values = np.zeros((len(model.feature), len(X)))
    for tree in range(len(model.feature)):
        for row, x in enumerate(X):
            node = 0
            while model.left[tree, node] != node:
                to_left = x[model.feature[tree, node]] <= model.threshold[tree, node]
                node = (model.left if to_left else model.right)[tree, node]
            values[tree, row] = model.value[tree, node]
    return values


def plain_lines(text: str) -> list[tuple[int, int, bool]]:
    """Return the start and the end of each line that is not blank, and whether one comes before."""
    lines: list[tuple[int, int, bool]] = []
    last_end = 0
    for match in _LINE.finditer(text):
        quoting = _QUOTING.match(match[0])
        skip = quoting.end() if quoting else 0
        stripped = match[0][skip:].strip()
        if stripped:
            start = match.start() + match[0].index(stripped, skip)
            gap = len(_NEWLINE.findall(text, last_end, match.start())) > 1
            lines.append((start, start + len(stripped), gap or last_end == 0))
            last_end = match.end()
    return lines
