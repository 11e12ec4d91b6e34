"""Makes passages of texts: what each unit is, links cut out of paragraphs, titles, languages."""

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
from depeche.model.reading.pages.page import Block, Page
from depeche.model.reading.wrapping import LONGEST, Unit, cut_long

# Links to other articles inside a paragraph: in brackets, or from their first words to the end.
_LEAD = r"(?:[àa]\s)?(?:re)?(?:lire|voir|[ée]couter)\s+(?:aussi|[ée]galement|encore)|[àa]\s+revoir"
_INLINE = re.compile(
    rf"(?<=[.!?…»”\")\]])\s*(?P<cut>[(\[]\s*(?:{_LEAD})\s*[:.–—|>-][^)\]\n]{{3,200}}[)\]]"
    rf"|(?:[>→►▶•-]+\s*)?(?:{_LEAD})\s*[:.–—|>][^\n]{{3,160}}$)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Cut:
    """The passages of some texts.

    `unit_rows` has the row in `units` of the unit that makes each passage alone and as it is, -1
    where there is none.
    """

    passages: list[list[Passage]]
    unit_rows: list[list[int]]
    units: Units | None


def cut_long_blocks(page: Page) -> Page:
    """Return the page with blocks that are too long for a paragraph cut: see `cut_long`."""
    if all(len(block.text) <= LONGEST for block in page.blocks):
        return page
    blocks = (
        Block(block.text[part.start : part.end], block.kind)
        for block in page.blocks
        for part in cut_long(block.text, [Unit(0, len(block.text), True)])
    )
    return replace(page, blocks=tuple(blocks))


def units_of_blocks(page: Page) -> list[Unit]:
    """Return the units of a text that joins a page's blocks by blank lines."""
    units, start = [], 0
    for block in page.blocks:
        units.append(Unit(start, start + len(block.text), True))
        start += len(block.text) + 2
    return units


def cut_passages(texts: Sequence[tuple[str, Sequence[Unit], Page | None]]) -> Cut:
    """Return the passages of texts, each with its units and the page that it was on, if any."""
    if not texts:
        return Cut([], [], None)
    units = look_at(
        [text[u.start : u.end] for text, units, _ in texts for u in units],
        [u.gap for _, units, _ in texts for u in units],
        [len(units) for _, units, _ in texts],
    )
    kinds = find_kinds(units, list(chain.from_iterable(_marked_kinds(*text[1:]) for text in texts)))
    pointing = units.pointing.tolist()
    cut = Cut([], [], units)
    start = 0
    for text, text_units, _ in texts:
        part = slice(start, start + len(text_units))
        passages, rows = _cut_text(text, text_units, units.texts[part], kinds[part], pointing[part])
        cut.passages.append(passages)
        cut.unit_rows.append([row if row < 0 else start + row for row in rows])
        start = part.stop
    return cut


def _marked_kinds(units: Sequence[Unit], page: Page | None) -> list[Kind | None]:
    """Return the kind of each unit that its page states, None where it states none."""
    return [None] * len(units) if page is None else [block.kind for block in page.blocks]


def _cut_text(
    text: str,
    units: Sequence[Unit],
    texts: Sequence[str],
    kinds: Sequence[Kind],
    pointing: Sequence[bool],
) -> tuple[list[Passage], list[int]]:
    """Return the passages, and the row in `units` of each that is a unit as it is, else -1.

    Links to other articles inside a paragraph are cut out of it.
    """
    passages: list[Passage] = []
    rows: list[int] = []
    for i, (unit, stretch, kind) in enumerate(zip(units, texts, kinds, strict=True)):
        start = unit.start
        if pointing[i] and kind == "body":
            for match in _INLINE.finditer(stretch):
                link_start, link_end = (unit.start + place for place in match.span("cut"))
                passages.append(_passage(text[start:link_start], start, kind))
                passages.append(_passage(text[link_start:link_end], link_start, "boilerplate"))
                rows += [-1, -1]
                start = link_end
        rest = text[start : unit.end] if start > unit.start else stretch
        if rest.strip():
            passages.append(_passage(rest, start, kind))
            rows.append(i if passages[-1].flowed is stretch else -1)
    return passages, rows


def _passage(stretch: str, start: int, kind: Kind) -> Passage:
    """Return the passage of a stretch of text that starts there, without the blanks around it."""
    stripped = stretch.strip()
    start += len(stretch) - len(stretch.lstrip()) if stripped != stretch else 0
    end = start + len(stripped)
    return Passage(start=start, end=end, text=stripped, flowed=flow(stripped), kind=kind)


def find_title(passages: Sequence[Passage], page: Page | None) -> str | None:
    """Return the title that the page marks, else the first heading before any paragraph."""
    if page is not None and page.title_marked:
        return page.title
    first = next(p.start for p in passages if p.kind == "body")
    headings = (p.text for p in passages if p.kind == "heading" and p.start < first)
    return next(headings, page.title if page is not None else None)


def tell_languages(cut: Cut) -> list[str]:
    """Set the language of each passage; return that of each text's paragraphs.

    What was counted of the units is not counted again. The language of a text is that of its
    paragraphs, up to the paragraph in which their first `MOST` characters end.
    """
    if cut.units is None:
        return []
    texts = list(cut.units.texts)  # then those of passages that are no unit as it is
    rows: list[int] = []
    paragraph_text: list[int] = []  # the number of each paragraph's text
    paragraph_row: list[int] = []
    for number, (passages, unit_rows) in enumerate(zip(cut.passages, cut.unit_rows, strict=True)):
        room = MOST
        for passage, unit_row in zip(passages, unit_rows, strict=True):
            row = unit_row if unit_row >= 0 else _add(texts, passage.flowed)
            rows.append(row)
            if passage.kind == "body" and room > 0:
                size = len(passage.flowed)
                paragraph_text.append(number)
                paragraph_row.append(row if size <= room else _add(texts, passage.flowed[:room]))
                room -= size + 1
    tally_of_rest = tally(texts[len(cut.units.texts) :])
    counted = Tally.joined([cut.units.tally, tally_of_rest])
    languages = counted.languages(texts.__getitem__)
    for row, passage in zip(rows, chain.from_iterable(cut.passages), strict=True):
        passage.language = languages[row]
    of_paragraphs = counted.rows(np.array(paragraph_row, dtype=np.int64))
    of_texts = of_paragraphs.summed(paragraph_text, len(cut.passages))
    return of_texts.languages(lambda i: joined_paragraphs(cut.passages[i]))


def _add(texts: list[str], text: str) -> int:
    """Add a text to others; return its row."""
    texts.append(text)
    return len(texts) - 1
