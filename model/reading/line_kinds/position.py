"""Features of where each unit stands in its text: before, among or after paragraphs; repeats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from depeche.model.reading.language import WORD

# The units' own features that those of place are made of.
_NEEDED = ("paragraph", "interface", "comment", "related", "length", "short", "long", "ended")
_TITLE = range(21, 160)  # letters and blanks of what may be a title


@dataclass(frozen=True)
class Spans:
    """Which units each text has: those from `start` on, before `end`, (n_texts,) each."""

    start: NDArray[np.int64]
    end: NDArray[np.int64]

    @property
    def text(self) -> NDArray[np.int64]:
        """Number of the text of each unit, (n_units,)."""
        return np.repeat(np.arange(len(self.start)), self.end - self.start)

    @classmethod
    def from_sizes(cls, sizes: Sequence[int]) -> Spans:
        """Return the spans of texts of so many units each, at least one."""
        end = np.cumsum(np.asarray(sizes, dtype=np.int64))
        return cls(end - sizes, end)

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Yield the start and the end of each text."""
        yield from zip(self.start.tolist(), self.end.tolist(), strict=True)

    def running(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sums up to each unit within its text; they are exact for whole numbers."""
        sums = np.cumsum(values)
        before = sums[self.start] - values[self.start]
        return np.asarray(sums - before[self.text])


def shape(unit: str) -> str:
    """Return the words of a unit in small letters, without numbers and marks."""
    return " ".join(WORD.findall(unit.lower()))


def repeated(units: Sequence[str], spans: Spans, n_letters: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether another unit of the same text has the same shape.

    Only units with as many letters as another may have the same shape: most shapes are not made.
    """
    text = spans.text
    keys = (text * (n_letters.max() + 1) + n_letters).tolist()
    times = Counter(keys)
    alike = np.array([i for i, key in enumerate(keys) if times[key] > 1], dtype=np.int64)
    shapes = [
        (i, shape(units[j])) for i, j in zip(text[alike].tolist(), alike.tolist(), strict=True)
    ]
    n_seen = Counter(shapes)
    is_repeated = np.zeros(len(units), dtype=np.bool_)
    is_repeated[alike] = [n_seen[key] > 1 for key in shapes]
    return is_repeated


def titled(
    units: Sequence[str], spans: Spans, n_letters: NDArray[np.int64], first: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return whether a unit holds the words of the longest line up to the first paragraph."""
    is_titled = np.zeros(len(units), dtype=np.bool_)
    # Between any two letters a shape has one blank at most.
    may_be = (2 * n_letters > _TITLE.start) & (n_letters < _TITLE.stop)
    heads = np.flatnonzero(may_be & (np.arange(len(units)) <= first))
    shapes_of: dict[int, list[str]] = {}
    for text, i in zip(spans.text[heads].tolist(), heads.tolist(), strict=True):
        shapes_of.setdefault(text, []).append(shape(units[i]))
    for text, shapes in shapes_of.items():
        longest = max((s for s in shapes if len(s) in _TITLE), key=len, default="")
        if longest:
            word = max(longest.split(" "), key=len)  # what holds them all holds this one
            for i in range(int(spans.start[text]), int(spans.end[text])):
                is_titled[i] = word in units[i].lower() and longest in shape(units[i])
    return is_titled


def _nearest(paragraph: NDArray[np.bool_], spans: Spans) -> NDArray[np.int64]:
    """Return how far each unit is from the nearest paragraph of its text, 0 where there is none."""
    n = len(paragraph)
    place, text = np.arange(n), spans.text
    far = 2 * n  # further than any
    before = np.maximum.accumulate(np.where(paragraph, place, -far))
    after = np.minimum.accumulate(np.where(paragraph, place, far)[::-1])[::-1]
    left = np.where(before >= spans.start[text], place - before, far)
    right = np.where(after < spans.end[text], after - place, far)
    nearest = np.minimum(left, right)
    return np.where(nearest < far, nearest, 0)


def position_features(
    units: Sequence[str],
    spans: Spans,
    feature: Callable[[str], NDArray[np.float64]],
    n_letters: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the features of place, (n, n_units); `feature` gives one of the units' own by name."""
    by_name = {name: feature(name) for name in _NEEDED}
    text = spans.text
    start, end = spans.start[text], spans.end[text]
    n = end - start
    long, short, ended = (by_name[name] for name in ("long", "short", "ended"))
    interface, log_length = by_name["interface"], by_name["length"]
    paragraph = by_name["paragraph"] * (interface < 0.8)
    count = spans.running(paragraph)
    total = count[spans.end - 1][text]
    place = np.arange(len(units)) - start
    standing = np.where(paragraph > 0, place, n)  # n where no paragraph stands
    first = np.minimum.reduceat(standing, spans.start)[text]
    last = np.maximum.reduceat(np.where(paragraph > 0, place, -1), spans.start)[text]
    first, last = np.where(first < n, first, 0), np.where(last >= 0, last, n - 1)
    comment = spans.running(by_name["comment"] * (log_length < 0.75)) > 0
    related = spans.running(by_name["related"] * (log_length < 0.75)) > 0
    seen = repeated(units, spans, n_letters)
    title = titled(units, spans, n_letters, first + start)
    length = np.fromiter(map(len, units), dtype=float, count=len(units))
    sizes = spans.running(length)
    inside = (place >= first) & (place <= last)
    columns = [
        place < first, place > last, inside, place == 0, place == n - 1,
        place / n, sizes / sizes[end - 1], count / np.maximum(total, 1),
        np.minimum(_nearest(paragraph > 0, spans), 8) / 4, total == 0,
        np.minimum(np.abs(place - first), 6) / 3 * (place < first),
        np.minimum(np.abs(place - last), 6) / 3 * (place > last),
        comment, comment & (place > first), related & (place > last), comment & (place > last),
        seen, title, title & (place < first), np.minimum(total, 10) / 5,
        long * (place > last), ended * (place > last), ended * (place < first),
        ended * inside, short * inside,
    ]  # fmt: skip
    return np.stack(columns, dtype=np.float64, casting="safe")
