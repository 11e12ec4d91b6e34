"""Markdown as lines for the screen: what guidelines are written in, in a few milliseconds.

Textual's own widget for it takes a second for our guidelines. A row of a table becomes a block, the
first cell its heading and the others under the names of their columns: prose in columns of twenty
characters is hard to read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from textual.content import Content

_STYLES = {"strong": "bold $foreground", "em": "italic", "code_inline": "bold $accent"}
_HEADINGS = {"h1": "bold $primary", "h2": "bold $primary", "h3": "bold $secondary"}
_CELLS = ("th_open", "td_open")


@dataclass(frozen=True)
class _Block:
    """A paragraph: what stands before its first line, and whether a blank line comes before it."""

    content: Content
    first: str = ""
    apart: bool = True


@lru_cache(maxsize=2)
def markdown_lines(text: str, width: int) -> tuple[Content, ...]:
    """Return the lines of a text in Markdown, wrapped at a width."""
    lines: list[Content] = []
    for block in _blocks(MarkdownIt("commonmark").enable("table").parse(text)):
        if lines and block.apart:
            lines.append(Content(""))
        room = max(10, width - len(block.first))
        for place, line in enumerate(block.content.wrap(room)):
            lines.append((" " * len(block.first) if place else block.first) + line.rstrip())
    return tuple(lines)


def _blocks(tokens: Sequence[Token]) -> Iterator[_Block]:
    """Yield the paragraphs of a parsed text."""
    depth = 0
    first_item = False
    columns: list[Content] = []
    cells: list[Content] = []
    for before, token in zip([None, *tokens], tokens, strict=False):
        depth += token.type.endswith("list_open") - token.type.endswith("list_close")
        first_item = token.type.endswith("list_open") or (first_item and token.type != "inline")
        if token.type == "tr_close":
            if columns:
                yield from _row(columns, cells)
            columns, cells = columns or cells, []
        elif token.type == "table_close":
            columns = []
        elif token.type in ("fence", "code_block"):
            yield _Block(Content.styled(token.content.rstrip(), "$text-muted"), "    ")
        elif token.type == "inline" and before is not None:
            if before.type in _CELLS:
                cells.append(_inline(token))
            elif before.type == "heading_open":
                yield _Block(_inline(token).stylize_before(_HEADINGS.get(before.tag, "bold")))
            elif depth:
                yield _Block(_inline(token), "  " * (depth - 1) + "• ", apart=first_item)
            else:
                yield _Block(_inline(token))


def _row(columns: Sequence[Content], cells: Sequence[Content]) -> Iterator[_Block]:
    """Yield a row of a table."""
    yield _Block(cells[0])
    for name, cell in zip(columns[1:], cells[1:], strict=True):
        yield _Block(name.stylize_before("italic $secondary") + ": " + cell, "  ", apart=False)


def _inline(token: Token) -> Content:
    """Return the words of a paragraph in their styles."""
    content = Content("")
    styles: list[str] = []
    for child in token.children or ():
        if child.type.endswith("_open"):
            styles.append(_STYLES.get(child.type.removesuffix("_open"), ""))
        elif child.type.endswith("_close"):
            styles.pop()
        else:
            words = " " if child.type.endswith("break") else child.content
            style = " ".join(filter(None, [*styles, _STYLES.get(child.type, "")]))
            content += Content.styled(words, style) if style else Content(words)
    return content
