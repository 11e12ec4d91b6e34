"""Texts to passages: what each unit is, links cut out of paragraphs, titles, languages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from depeche.labels.paragraphs import Kind
from depeche.model.reading.article import Passage, flow, joined_paragraphs
from depeche.model.reading.counts.languages import Tally, tally
from depeche.model.reading.language import MOST
from depeche.model.reading.line_kinds.classifier import find_kinds
from depeche.model.reading.line_kinds.features import Units, look_at
from depeche.model.reading.pages import Page
from depeche.model.reading.wrapping import LONGEST, Unit, cut_long

# Links to other articles inside a paragraph: in brackets, or from the sign to the end.
_SIGN = r"(?:[àa]\s)?(?:re)?(?:lire|voir|[ée]couter)\s+(?:aussi|[ée]galement|encore)|[àa]\s+revoir"
_INLINE = re.compile(
    rf"(?<=[.!?…»”\")\]])\s*(?P<cut>[(\[]\s*(?:{_SIGN})\s*[:.–—|>-][^)\]\n]{{3,200}}[)\]]"
    rf"|(?:[>→►▶•-]+\s*)?(?:{_SIGN})\s*[:.–—|>][^\n]{{3,160}}$)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Cut:
    """The passages of some texts, and of which of the `units` each is the whole, -1 where none."""

    passages: list[list[Passage]]
    whole: list[list[int]]
    units: Units | None


def cut_long_blocks(page: Page) -> Page:
    """Return the page with blocks that are too long for a paragraph cut: see `cut_long`."""
    if all(len(block) <= LONGEST for block, _ in page.blocks):
        return page
    blocks = (
        (block[part.start : part.end], heading)
        for block, heading in page.blocks
        for part in cut_long(block, [Unit(0, len(block), True)])
    )
    return replace(page, blocks=tuple(blocks))


def units_of_blocks(page: Page) -> list[Unit]:
    """Return the units of a text that joins a page's blocks by blank lines."""
    units, at = [], 0
    for block, _ in page.blocks:
        units.append(Unit(at, at + len(block), True))
        at += len(block) + 2
    return units


def cut_passages(texts: Sequence[tuple[str, Sequence[Unit], Page | None]]) -> Cut:
    """Return the passages of texts of which each has units, and maybe a page that it was on."""
    if not texts:
        return Cut([], [], None)
    units = look_at(
        [text[u.start : u.end] for text, units, _ in texts for u in units],
        [u.gap for _, units, _ in texts for u in units],
        [len(units) for _, units, _ in texts],
    )
    kinds = find_kinds(units)
    pointing = units.pointing.tolist()
    cut = Cut([], [], units)
    at = 0
    for text, own, page in texts:
        end = at + len(own)
        found = kinds[at:end] if page is None else _with_headings(kinds[at:end], page)
        passages, whole = _cut_text(text, own, units.texts[at:end], found, pointing[at:end])
        cut.passages.append(passages)
        cut.whole.append([i if i < 0 else at + i for i in whole])
        at = end
    return cut


def _with_headings(kinds: Sequence[Kind], page: Page) -> list[Kind]:
    """Return the kinds with what the page marks as headings, unless they are furniture."""
    return [
        "heading" if heading and kind == "body" else kind
        for kind, (_, heading) in zip(kinds, page.blocks, strict=True)
    ]


def _cut_text(
    text: str,
    units: Sequence[Unit],
    texts: Sequence[str],
    kinds: Sequence[Kind],
    pointing: Sequence[bool],
) -> tuple[list[Passage], list[int]]:
    """Return the passages, links to other articles inside a paragraph cut out of it.

    And the unit that each is the whole of, as it is scored, -1 where it is not.
    """
    passages: list[Passage] = []
    whole: list[int] = []
    for i, (unit, stretch, kind) in enumerate(zip(units, texts, kinds, strict=True)):
        start = unit.start
        if pointing[i] and kind == "body":
            for match in _INLINE.finditer(stretch):
                cut = (unit.start + match.start("cut"), unit.start + match.end("cut"))
                passages += [_passage(text[start : cut[0]], start, kind)]
                passages += [_passage(text[slice(*cut)], cut[0], "boilerplate")]
                start = cut[1]
        same = False
        rest = text[start : unit.end] if start > unit.start else stretch
        if rest.strip():
            passages.append(_passage(rest, start, kind))
            same = passages[-1].flowed is stretch
        whole += [-1] * (len(passages) - len(whole) - same)
        whole += [i] * same
    return passages, whole


def _passage(stretch: str, start: int, kind: Kind) -> Passage:
    """Return a passage, from where it starts with the blanks around it."""
    stripped = stretch.strip()
    start += len(stretch) - len(stretch.lstrip()) if stripped != stretch else 0
    passage = Passage(start=start, end=start + len(stripped), text=stripped, kind=kind)
    passage.flowed = flow(stripped)
    return passage


def find_title(passages: Sequence[Passage], page: Page | None) -> str | None:
    """Return the title that the page marks, else the first heading before any paragraph."""
    if page is not None and page.title_marked:
        return page.title
    first = next(p.start for p in passages if p.kind == "body")
    headings = (p.text for p in passages if p.kind == "heading" and p.start < first)
    return next(headings, page.title if page is not None else None)


def tell_languages(cut: Cut) -> list[str]:
    """Tell each passage its language; return the language of each text's paragraphs.

    What was counted of the units is not counted again: a text's words are its paragraphs', up to
    the paragraph in which its first `MOST` characters end.
    """
    if cut.units is None:
        return []
    texts = list(cut.units.texts)
    rows: list[int] = []
    of: list[int] = []  # the texts that paragraphs are of
    paragraphs: list[int] = []  # and their rows
    for number, (passages, whole) in enumerate(zip(cut.passages, cut.whole, strict=True)):
        room = MOST
        for passage, unit in zip(passages, whole, strict=True):
            row = unit
            if row < 0:
                row = len(texts)
                texts.append(passage.flowed)
            rows.append(row)
            if passage.kind == "body" and room > 0:
                size = len(passage.flowed)
                if size > room:
                    row = len(texts)
                    texts.append(passage.flowed[:room])
                of.append(number)
                paragraphs.append(row)
                room -= size + 1
    tallies = [cut.units.tally, tally(texts[len(cut.units.texts) :])]
    counted = Tally.joined(tallies)
    languages = counted.languages(texts.__getitem__)
    for row, passage in zip(rows, chain.from_iterable(cut.passages), strict=True):
        passage.language = languages[row]
    summed = counted.rows(np.array(paragraphs, dtype=np.int64)).summed(of, len(cut.passages))
    return summed.languages(lambda i: joined_paragraphs(cut.passages[i]))
