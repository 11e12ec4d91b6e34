"""The blocks of text in what trafilatura extracts of a page, each of its words in one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from depeche.model.reading.article import decode_references
from depeche.model.reading.pages.page import BREAK, Block, clean
from depeche.model.reading.pages.plain_text import without_tags

_BLOCKS = frozenset(
    ("ab", "body", "cell", "code", "div", "head", "item", "list", "p", "quote", "row", "table")
)
_BEGINNING = 1.5  # times what a page shows has its data, where it shows the beginning only
_LONGEST_ROW, _MOST_CELLS = 200, 20  # characters and cells of a table's row that is one block


def iter_blocks(body: Any) -> Iterator[Block]:
    """Yield the blocks of what trafilatura extracted, in order: each word is in one of them."""
    from lxml import etree

    inside: list[str] = []  # the blocks around, the innermost last
    pieces: list[str] = []
    for event, element in etree.iterwalk(body, events=("start", "end")):
        parts = _parts_text(element)
        if parts:
            yield from _end_block(pieces, inside)
        elif element.tag in ("cell", "lb"):
            pieces.append(" ")
        if event == "start":
            inside += [element.tag] * parts
            pieces.append((element.text or "") if isinstance(element.tag, str) else "")
        else:
            del inside[len(inside) - parts :]
            pieces.append((element.tail or "") if element is not body else "")


def _end_block(pieces: list[str], inside: list[str]) -> Iterator[Block]:
    """Yield the blocks that pieces of text make, and clear these."""
    for part in "".join(pieces).split(BREAK):
        words = clean(part)
        if words:
            yield Block(words, "heading" if "head" in inside else "body")
    pieces.clear()


def _parts_text(element: Any) -> bool:
    """Return whether an element's text is apart from that around it."""
    if element.tag != "cell":
        return element.tag in _BLOCKS
    row = element.getparent()
    if len(row) > _MOST_CELLS:
        return True
    inner = any(e.tag in _BLOCKS for cell in row for e in cell.iterdescendants())
    return inner or len("".join(row.itertext())) > _LONGEST_ROW


def use_data(blocks: Iterable[Block], bodies: Sequence[str]) -> list[Block]:
    """Return blocks, with the text of an article in its page's data where that serves better.

    A block that is all of it is parted at its line breaks; where the page shows no more than the
    beginning, the text in its data stands for all blocks.
    """
    blocks = list(blocks)
    lines: dict[str, list[str]] = {}  # by their letters
    for body in bodies:
        text = decode_references(without_tags(body, "\n"))
        parts = list(filter(None, map(clean, text.split("\n"))))
        lines["".join("".join(parts).split())] = parts
    longest = max(lines, key=len, default="")
    shown = sum(len("".join(block.text.split())) for block in blocks)
    in_data = ["".join(block.text.split()) in longest for block in blocks]
    if len(longest) > _BEGINNING * shown and any(in_data):
        above = blocks[: in_data.index(True)]  # the standfirst, which the data leave out
        return [*above, *(Block(part, "body") for part in lines[longest])]
    return [
        Block(part, block.kind)
        for block in blocks
        for part in lines.get("".join(block.text.split()), [block.text])
    ]
