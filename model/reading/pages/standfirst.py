"""The standfirst of a page, which extractors often leave out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from depeche.model.reading.pages.metadata import Metadata
from depeche.model.reading.pages.notices import is_notice
from depeche.model.reading.pages.page import Block, fold, short_text

_LEAVES = ("li", "p", "h2", "h3", "h4", "div", "section", "span", "strong")
_PARTS = ("p", "h2", "h3", "h4", "div", "section", "ul", "ol", "table", "article")
# Words for it in the classes of French templates.
_CLASS = re.compile(
    r"chap[oô](?!pe)|chapeau|standfirst|sub-?head|(?:^|[\s_-])(?:sous-?titre|accroche|lede|lead|deck|hat|"
    r"(?:article|post|entry|content|fig|page)[\w-]{0,30}?(?:desc|description|intro|introduction|"
    r"summary|excerpt|abstract|subtitle))(?:$|[\s_-])",
    re.IGNORECASE,
)
_ELSEWHERE = ("aside", "nav", "footer", "figure", "form", "a")
_FEWEST_BLANKS = 5  # between its words
_LONG_HEADING = 13  # blanks between the words of a smaller heading that is a standfirst
_MOST = 5  # paragraphs of a standfirst
_ALIKE = 60  # characters in which a standfirst and a description begin alike
_LONGEST = 1_200  # characters


def add_standfirst(blocks: list[Block], tree: Any, metadata: Metadata) -> list[Block]:
    """Return the blocks with the standfirst of the page among them, as body.

    It is what the page gives as its description, where that stands in the page, or what the page
    marks as one. A description that does not stand in it is none.
    """
    blocks = list(blocks)
    folded = [_words(block.text) for block in blocks]
    missing = []
    for text in dict.fromkeys(islice(_iter_standfirst(tree, folded, metadata), _MOST)):
        words = _words(text)
        place = next((i for i, block in enumerate(folded) if words in block), None)
        if place is None:
            missing.append(Block(text, "body"))
        elif folded[place] == words:
            blocks[place] = Block(blocks[place].text, "body")
    return [*missing, *blocks]


def _iter_standfirst(tree: Any, blocks: list[str], metadata: Metadata) -> Iterator[str]:
    """Yield the texts that a page has for its standfirst."""
    starts = _starts(metadata.descriptions)
    first, title = set(blocks[:4]), _words(metadata.title or "")
    is_above = tree.find(".//h1") is None  # below the heading, above the body
    for element, text in _iter_leaves(tree):
        words = _words(text)
        if element.tag == "h1" or words == title:
            is_above = True
        elif _begins(element, words, starts) or (is_above and _is_marked(element)):
            yield from () if is_notice(text) else (text,)
            starts = [start for start in starts if not words.startswith(start)]
        else:
            is_above &= words not in first


def _starts(descriptions: Iterable[str]) -> list[str]:
    """Return how descriptions of several words begin."""
    starts = [_words(text)[:_ALIKE] for text in islice(descriptions, _MOST)]
    return [start for start in starts if start.count(" ") >= _FEWEST_BLANKS]


def _iter_leaves(tree: Any) -> Iterator[tuple[Any, str]]:
    """Yield the main headings, and the elements without blocks in them, whose text has words."""
    for element in tree.iter("h1", *_LEAVES):
        if element.tag == "h1" or next(element.iterdescendants(_PARTS), None) is None:
            text = short_text(element, _LONGEST)
            if element.tag == "h1" or text.count(" ") >= _FEWEST_BLANKS:
                yield element, text


def _begins(element: Any, words: str, starts: list[str]) -> bool:
    """Return whether an element's words begin as one of the page's descriptions does."""
    is_elsewhere = element.tag == "li" or _is_elsewhere(element)
    return any(map(words.startswith, starts)) and not is_elsewhere


def _is_elsewhere(element: Any) -> bool:
    return next(element.iterancestors(_ELSEWHERE), None) is not None


def _is_marked(element: Any) -> bool:
    """Return whether the page marks an element as a standfirst, by a class or its header."""
    if _is_elsewhere(element):
        return False
    if element.tag == "h2" and short_text(element, _LONGEST).count(" ") >= _LONG_HEADING:
        return True
    around = [element, *islice(element.iterancestors(), 2)]
    if any(_CLASS.search(e.get("class") or "") for e in around):
        return True
    header = next(element.iterancestors("header"), None)
    return (
        element.tag == "p"
        and header is not None
        and next(header.iterancestors("article"), None) is not None
    )


def _words(text: str) -> str:
    """Return a text by which others are compared: its words without marks between them."""
    return re.sub(r"[\W_]+", " ", fold(text)).strip()
