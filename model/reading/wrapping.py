"""The lines of a scraped text, and hard-wrapped lines put back into paragraphs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

_SEPARATORS = "\x1c\x1d\x1e"  # end lines in Python only; elsewhere they are blanks, as \x1f is
_QUOTING = re.compile(r"(?:>[ \t]?)+")  # how mail marks what it quotes
_BULLET = re.compile(r"[-–—•·*▪►→]\s|\d{1,2}[.)]\s")
_WORD = re.compile(r"[^\W\d_]+")
_PAGE = re.compile(
    r"\A\W*+(?:(?:page|p\.)\s*+)?\d{1,4}(?:\s*+(?:/|sur|of)\s*+\d{1,4})?\W*+", re.IGNORECASE
)
_ENDED = re.compile(r"[.!?…:;»”\"]$")
# Terminals, mail and PDF readers wrap between these widths; a web page does not wrap at all.
_NARROWEST, _WIDEST = 40, 100
_FEWEST_BROKEN = 3
# The longest paragraph of a corpus of 26,422 articles has 10,008 characters. What is longer than
# this has lost its line breaks, or is no text: as one paragraph, 10 MB would take 2.3 GB to score.
LONGEST = 50_000


class Unit(NamedTuple):
    """One line, or several lines that wrap one paragraph: `text[start:end]` of the input.

    `gap` is whether a blank line (or the start of the text) comes before it.
    """

    start: int
    end: int
    gap: bool


def split_units(text: str, most: int) -> list[Unit]:
    """Return the units of the first `most` lines of a text, without the blanks around them.

    A caller that asks for one line more than it takes knows whether there are more.
    """
    lines = list(islice(_iter_lines(text), most))
    texts = [text[line.start : line.end] for line in lines]
    if not _may_be_wrapped(texts, lines):
        return lines
    repeated = _page_lines(texts)
    joinable = [
        not (after.gap or i in repeated or i + 1 in repeated or _BULLET.match(texts[i + 1]))
        for i, after in enumerate(lines[1:])
    ]
    width = _wrap_width(texts, joinable)
    if not width:
        return lines
    units: list[Unit] = lines[:1]
    for i, line in enumerate(lines[1:]):
        if joinable[i] and _goes_on(texts[i], texts[i + 1], width, _indented(text, lines[i], line)):
            units[-1] = Unit(units[-1].start, line.end, units[-1].gap)
        else:
            units.append(line)
    return units


def cut_long(text: str, units: Sequence[Unit]) -> list[Unit]:
    """Return the units, those longer than `LONGEST` characters cut after a sentence or word."""
    return [
        part
        for unit in units
        for part in ([unit] if unit.end - unit.start <= LONGEST else _iter_parts(text, unit))
    ]


def _iter_parts(text: str, unit: Unit) -> Iterator[Unit]:
    start, gap = unit.start, unit.gap
    while start < unit.end:
        end = min(start + LONGEST, unit.end)
        if end < unit.end:
            half = start + LONGEST // 2
            blank = max(text.rfind(f"{stop} ", half, end) for stop in ".!?…")
            blank = max(blank + 1, 0) or text.rfind(" ", half, end)
            end = blank if blank > 0 else end
        stripped = text[start:end].strip()
        if stripped:
            first = text.index(stripped, start, end)
            yield Unit(first, first + len(stripped), gap)
            gap = False
        start = end


def _iter_lines(text: str) -> Iterator[Unit]:
    """Yield each line that is not blank, without the marks of quoting in mail."""
    for separator in _SEPARATORS:
        text = text.replace(separator, "\x1f")
    offset, n_breaks = 0, 2  # as after a blank line
    for line in text.splitlines(keepends=True):
        quoting = _QUOTING.match(line) if line[0] == ">" else None
        skip = quoting.end() if quoting else 0
        stripped = line[skip:].strip()
        if stripped:
            start = offset + line.index(stripped, skip)
            yield Unit(start, start + len(stripped), n_breaks > 1)
            n_breaks = 0
        offset += len(line)
        n_breaks += 1


def _may_be_wrapped(texts: Sequence[str], lines: Sequence[Unit]) -> bool:
    """Return whether enough lines begin with a small letter where `_wrap_width` asks for that."""
    small = [
        i
        for i, before in enumerate(texts[:-1], 1)
        if not lines[i].gap and len(before) >= _NARROWEST and texts[i][0].islower()
    ]
    return len(small) >= _FEWEST_BROKEN


def _page_lines(texts: Sequence[str]) -> set[int]:
    """Return the lines that number the pages, or that repeat but for their numbers."""
    shapes = [" ".join(sorted(_WORD.findall(text.lower()))) for text in texts]
    times = Counter(shape for shape in shapes if len(shape) <= _WIDEST)
    return {
        i
        for i, shape in enumerate(shapes)
        if times[shape] > 1 or _PAGE.fullmatch(texts[i]) is not None
    }


def _wrap_width(texts: Sequence[str], joinable: Sequence[bool]) -> int:
    """Return the width at which a text was wrapped, 0 when it was not.

    A line broken inside a sentence is followed by one that begins with a small letter; in wrapped
    text that holds for at least a third of the longer lines.
    """
    broken, longer = [], 0
    for i, may_join in enumerate(joinable):
        if may_join and len(texts[i]) >= _NARROWEST:
            longer += 1
            if texts[i + 1][0].islower() and not _ENDED.search(texts[i]):
                broken.append(len(texts[i]))
    if len(broken) < _FEWEST_BROKEN or len(broken) < longer / 3 or max(broken) > _WIDEST:
        return 0
    return max(broken)


def _goes_on(before: str, after: str, width: int, indented: bool) -> bool:
    """Return whether a line goes on with the last one: a word did not fit, or no sentence ended."""
    if not _ENDED.search(before) and after[0].islower() and len(before) >= width / 2:
        return True
    return not indented and len(before) + 1 + len(after.split(maxsplit=1)[0]) > width


def _indented(text: str, before: Unit, line: Unit) -> bool:
    """Return whether a line starts further right than the one before it."""
    return _blanks_before(text, line.start) > _blanks_before(text, before.start)


def _blanks_before(text: str, start: int) -> int:
    place = start
    while place and text[place - 1] in " \t":
        place -= 1
    return start - place
