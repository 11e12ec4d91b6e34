"""Markdown as lines for the screen, in a few milliseconds.

Textual's widget takes a second for our guidelines. Each row of a table becomes a block: the first
cell is its heading, and the others follow, each after the name of its column. Prose in columns of
twenty characters would be hard to read.
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
    """A paragraph: the start of its first line, and whether a blank line comes before it."""

    content: Content
    first: str = ""
    apart: bool = True


@lru_cache(maxsize=2)
def markdown_lines(text: str, width: int) -> tuple[Content, ...]:
    """Return the lines of a text in Markdown, wrapped to a width."""
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
    depth = 0  # lists within one another
    columns: list[Content] = []
    cells: list[Content] = []
    for before, token in zip([*tokens[:1], *tokens], tokens, strict=False):
        if token.type.endswith("list_open"):
            depth += 1
        elif token.type.endswith("list_close"):
            depth -= 1
        elif token.type == "tr_close":
            if columns:
                yield from _row(columns, cells)
            columns, cells = columns or cells, []
        elif token.type == "table_close":
            columns = []
        elif before.type in _CELLS:
            cells.append(_inline(token))
        else:
            yield from _paragraph(before, token, depth)


def _paragraph(before: Token, token: Token, depth: int) -> Iterator[_Block]:
    """Yield the block of a token that holds text, by the token before it."""
    if token.type in ("fence", "code_block"):
        yield _Block(Content.styled(token.content.rstrip(), "$text-muted"), "    ")
    elif token.type == "inline" and before.type == "heading_open":
        yield _Block(_inline(token).stylize_before(_HEADINGS.get(before.tag, "bold")))
    elif token.type == "inline" and depth:
        yield _Block(_inline(token), "  " * (depth - 1) + "• ", apart=False)
    elif token.type == "inline":
        yield _Block(_inline(token))


def _row(columns: Sequence[Content], cells: Sequence[Content]) -> Iterator[_Block]:
    """Yield the blocks of a row of a table."""
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
