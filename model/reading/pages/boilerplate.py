"""Which blocks of a page are notices of its site, though an extractor chose them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from depeche.labels.paragraphs import Kind
from depeche.model.reading.pages.metadata import Metadata
from depeche.model.reading.pages.notices import is_notice
from depeche.model.reading.pages.page import Block, fold, short_text

_LONGEST = 500  # characters of a link's text that is compared with blocks
# After a heading of the site ("Commentaires"), what is left of the body is none, if it is little.
_CLOSING, _SUBSTANTIAL = 0.25, 150  # of the body's characters; of a paragraph
_LABEL = 25  # characters before a link: "Décryptage - "
_ABOVE = 1  # paragraphs that may stand above the byline: the standfirst
_FEWEST_REPEATED = 5  # blanks between the words of what counts as repeated
_MOST_COMPARED = 50_000_000  # characters looked through for repeated blocks: 0.05 s
_PARAGRAPH = 110  # characters from which a heading reads like a paragraph

_DATES = (
    r"(?:(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche),? )?\d{1,2}(?:er)?"
    r" (?:jan|fev|mar|avr|mai|jui|aou|sep|oct|nov|dec)[a-z]{0,12}\.?(?:"
    r" \d{4})?(?:\W{0,4}a?\W{0,3}\d{1,2} ?[h:] ?\d{0,2})?",
    r"\d{1,2}[/.]\d{1,2}[/.]\d{2,4}(?:\W.{0,30})?",
    r"il y a \d{1,6} ?(?:min|h|j|heure|jour|an|mois|semaine)[a-z]{0,12}",
)
# Days and hours alone, above the article; within it, they are those of a table or a live report.
_DATED = re.compile(
    rf"\W{{0,5}}(?:{'|'.join(_DATES)})\W{{0,5}}",
)
# Who wrote the article, above it: names have capitals, so that this is of the text as it is.
_BYLINE = re.compile(
    r"(?:Par|PAR|Texte|Propos recueillis par)\s?:?\s"
    r"(?:[A-ZÀ-Ý][\w'’.-]*+|d[eu]s?|la|le|et|avec|,|&|[|]|à|en|\s|\(|\))++\W*+"
)


def tell_kinds(blocks: list[Block], tree: Any, metadata: Metadata) -> list[Block]:
    """Return the blocks, each with its kind: heading, boilerplate or the article's body."""
    kinds = _tell_each(blocks, tree, metadata)
    sizes = [len(b.text) * (kind == "body") for b, kind in zip(blocks, kinds, strict=True)]
    for i, (block, kind) in enumerate(zip(blocks, kinds, strict=True)):
        is_closing = block.kind == "heading" and kind == "boilerplate"
        if is_closing and sum(sizes[i:]) <= _CLOSING * sum(sizes) and max(sizes[i:]) < _SUBSTANTIAL:
            kinds[i:] = ["boilerplate"] * len(kinds[i:])
            break
    return [Block(block.text, kind) for block, kind in zip(blocks, kinds, strict=True)]


def _tell_each(blocks: list[Block], tree: Any, metadata: Metadata) -> list[Kind]:
    """Return what each block is by itself, and by the links and the title of its page."""
    folded = [fold(block.text) for block in blocks]
    links = {fold(text) for text in _iter_links(tree)} | {fold(metadata.site or "")}
    title = _bare(metadata.title or "")
    others = _find_repeated(folded) | set(range(_count_before_title(blocks, title)))
    kinds: list[Kind] = []
    n_body = 0
    for i, (block, words) in enumerate(zip(blocks, folded, strict=True)):
        is_above = n_body <= _ABOVE
        if _bare(block.text) == title:
            kinds.append("heading")
        elif i in others or is_notice(block.text) or (is_above and _is_byline(block.text, words)):
            kinds.append("boilerplate")
        else:
            kinds.append(_tell_kind(block, words, links))
        n_body += kinds[-1] == "body"
    return kinds


def _iter_links(tree: Any) -> Iterator[str]:
    """Yield the texts of links, and of the blocks within them: a headline and a sentence, say."""
    for link in tree.iter("a"):
        for element in link.iter("a", "p", "div", "h2", "h3", "h4", "span"):
            yield short_text(element, _LONGEST)


def _tell_kind(block: Block, folded: str, links: set[str]) -> Kind:
    """Return what a block is by its marks and the links of its page."""
    if block.kind == "heading" and len(folded) < _PARAGRAPH:
        return "heading"
    return "boilerplate" if _is_link(folded, links) else "body"


def _count_before_title(blocks: list[Block], title: str) -> int:
    """Return how many blocks stand above the title, 0 where most of the text does."""
    place = next(
        (i for i, b in enumerate(blocks) if b.kind == "heading" and _bare(b.text) == title), 0
    )
    above = sum(len(block.text) for block in blocks[:place])
    return place if above <= _CLOSING * sum(len(block.text) for block in blocks) else 0


def _is_link(folded: str, links: set[str]) -> bool:
    """Return whether a block is a link, maybe after a word or two for what it leads to."""
    if folded in links:
        return True
    label, blank, rest = "", " ", folded
    while blank and len(label) <= _LABEL and rest.count(" ") >= _FEWEST_REPEATED:
        if rest in links:
            return True
        first, blank, rest = rest.partition(" ")
        label += first + blank
    return False


def _is_byline(text: str, folded: str) -> bool:
    """Return whether a text is the line above an article that says who wrote it and when."""
    return _BYLINE.fullmatch(text) is not None or _DATED.fullmatch(folded) is not None


def _find_repeated(folded: list[str]) -> set[int]:
    """Return the blocks that stand within another, as the sentence does that a page shows large."""
    long = [i for i, words in enumerate(folded) if words.count(" ") >= _FEWEST_REPEATED]
    text = "\n".join(folded[i] for i in long)
    if len(text) * len(long) > _MOST_COMPARED:
        return set()
    seen: set[str] = set()
    repeated = set()
    for i in long:
        # A whole block stands between line breaks: the first of several equal ones is kept.
        if text.count(folded[i]) > 1 and (folded[i] in seen or _is_inside(folded[i], text)):
            repeated.add(i)
        seen.add(folded[i])
    return repeated


def _is_inside(words: str, text: str) -> bool:
    """Return whether some of the lines of a text have these words among others."""
    return f"\n{text}\n".count(f"\n{words}\n") < text.count(words)


def _bare(text: str) -> str:
    """Return a folded text without the marks around it."""
    return fold(text).strip(" .«»\"'!?…")
