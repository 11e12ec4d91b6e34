"""Signs of where each unit stands in its text: before, among or after the paragraphs; repeats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from depeche.model.reading.language import WORD

# The units' own signs that signs of place are made of.
_LOOKED_AT = ("paragraph", "interface", "comment", "related", "length", "short", "long", "ended")
_TITLE = range(21, 160)  # letters and blanks of what may be a title


@dataclass(frozen=True)
class Spans:
    """Which units are of which text: (n_units,) `text`, (n_texts,) `start` and `end`."""

    start: NDArray[np.int64]
    end: NDArray[np.int64]

    @property
    def text(self) -> NDArray[np.int64]:
        """Number of the text of each unit."""
        return np.repeat(np.arange(len(self.start)), self.end - self.start)

    @classmethod
    def of(cls, sizes: Sequence[int]) -> Spans:
        """Return the spans of texts of so many units, none of which has none."""
        end = np.cumsum(np.asarray(sizes, dtype=np.int64))
        return cls(end - sizes, end)

    def running(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sums up to each unit within its text; of whole numbers, so they are exact."""
        sums = np.cumsum(values)
        before = sums[self.start] - values[self.start]
        return np.asarray(sums - before[self.text])


def shape(unit: str) -> str:
    """Return the words of a unit in small letters: what repeats but for its numbers and marks."""
    return " ".join(WORD.findall(unit.lower()))


def repeated(units: Sequence[str], spans: Spans, n_letters: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether another unit of the same text has the same shape.

    Shapes that are the same have as many letters, which is known already, so most are not made.
    """
    text = spans.text
    keys = (text * (n_letters.max() + 1) + n_letters).tolist()
    times = Counter(keys)
    alike = np.array([i for i, key in enumerate(keys) if times[key] > 1], dtype=np.int64)
    shapes = [
        (i, shape(units[j])) for i, j in zip(text[alike].tolist(), alike.tolist(), strict=True)
    ]
    seen = Counter(shapes)
    found = np.zeros(len(units), dtype=np.bool_)
    found[alike] = [seen[key] > 1 for key in shapes]
    return found


def titled(
    units: Sequence[str], spans: Spans, n_letters: NDArray[np.int64], first: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return whether a unit holds the words of the longest line up to the first paragraph."""
    found = np.zeros(len(units), dtype=np.bool_)
    # Between any two letters a shape has one blank at most.
    may_be = (2 * n_letters > _TITLE.start) & (n_letters < _TITLE.stop)
    heads = np.flatnonzero(may_be & (np.arange(len(units)) <= first))
    of: dict[int, list[str]] = {}
    for text, i in zip(spans.text[heads].tolist(), heads.tolist(), strict=True):
        of.setdefault(text, []).append(shape(units[i]))
    for text, shapes in of.items():
        longest = max((s for s in shapes if len(s) in _TITLE), key=len, default="")
        if longest:
            word = max(longest.split(" "), key=len)  # what holds them all holds this one
            for i in range(int(spans.start[text]), int(spans.end[text])):
                found[i] = word in units[i].lower() and longest in shape(units[i])
    return found


def _nearest(paragraph: NDArray[np.bool_], spans: Spans) -> NDArray[np.int64]:
    """Return how far each unit is from the nearest paragraph of its text, 0 where there is none."""
    n = len(paragraph)
    at, text = np.arange(n), spans.text
    far = 2 * n  # further than any
    before = np.maximum.accumulate(np.where(paragraph, at, -far))
    after = np.minimum.accumulate(np.where(paragraph, at, far)[::-1])[::-1]
    left = np.where(before >= spans.start[text], at - before, far)
    right = np.where(after < spans.end[text], after - at, far)
    nearest = np.minimum(left, right)
    return np.where(nearest < far, nearest, 0)


def place_signs(
    units: Sequence[str],
    spans: Spans,
    sign: Callable[[str], NDArray[np.float64]],
    n_letters: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the signs of place, (n_place_signs, n_units), from some of the units' own by name."""
    own = {name: sign(name) for name in _LOOKED_AT}
    text = spans.text
    start, end = spans.start[text], spans.end[text]
    n = end - start
    paragraph = own["paragraph"] * (own["interface"] < 0.8)
    count = spans.running(paragraph)
    total = count[spans.end - 1][text]
    at = np.arange(len(units)) - start
    standing = np.where(paragraph > 0, at, n)  # from the start of the text, n where none stands
    first = np.minimum.reduceat(standing, spans.start)[text]
    last = np.maximum.reduceat(np.where(paragraph > 0, at, -1), spans.start)[text]
    first, last = np.where(first < n, first, 0), np.where(last >= 0, last, n - 1)
    comment, related = (
        spans.running(own[name] * (own["length"] < 0.75)) > 0 for name in ("comment", "related")
    )
    seen = repeated(units, spans, n_letters)
    title = titled(units, spans, n_letters, first + start)
    length = np.fromiter(map(len, units), dtype=float, count=len(units))
    sizes = spans.running(length)
    inside = (at >= first) & (at <= last)
    columns = [
        at < first, at > last, inside, at == 0, at == n - 1,
        at / n, sizes / sizes[end - 1], count / np.maximum(total, 1),
        np.minimum(_nearest(paragraph > 0, spans), 8) / 4, total == 0,
        np.minimum(np.abs(at - first), 6) / 3 * (at < first),
        np.minimum(np.abs(at - last), 6) / 3 * (at > last),
        comment, comment & (at > first), related & (at > last), comment & (at > last),
        seen, title, title & (at < first), np.minimum(total, 10) / 5,
        own["long"] * (at > last), own["ended"] * (at > last), own["ended"] * (at < first),
        own["ended"] * inside, own["short"] * inside,
    ]  # fmt: skip
    return np.stack(columns, dtype=np.float64, casting="safe")
