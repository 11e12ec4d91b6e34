"""Markdown files as blocks of text, their marks removed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from depeche.model.reading.dates import find_date
from depeche.model.reading.pages.page import Block, Page, clean
from depeche.model.reading.pages.plain_text import without_tags

_FRONT_MATTER = re.compile(r"\A---[^\S\n]*+\n(.*?)\n(?:---|\.\.\.)[^\S\n]*+\n", re.DOTALL)
_FIELD = re.compile(r"^(title|date|author|site)\s*+:\s*+[\"']?(.*)", re.MULTILINE)


def read_markdown(text: str) -> Page:
    """Return the blocks of a Markdown file, its marks removed; front matter gives its data."""
    from markdown_it import MarkdownIt

    matter = _FRONT_MATTER.match(text)
    fields = _read_fields(matter[1]) if matter else {}
    tokens = MarkdownIt().enable("table").parse(text[matter.end() if matter else 0 :])
    return Page(
        blocks=tuple(_iter_blocks(tokens)),
        title=fields.get("title") or None,
        title_marked="title" in fields,
        date=find_date([fields.get("date", "")[:10]]),
        author=fields.get("author") or None,
        site=fields.get("site") or None,
    )


def _read_fields(matter: str) -> dict[str, str]:
    """Return what front matter states, without the quotes around it."""
    stated = ((name, value.rstrip()) for name, value in _FIELD.findall(matter))
    return {name: v[:-1] if v.endswith(('"', "'")) else v for name, v in stated}


def _iter_blocks(tokens: list[Any]) -> Iterator[Block]:
    is_heading = False
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            is_heading = token.type == "heading_open"
        elif token.type == "inline":
            words = clean("".join(_iter_inline(token.children or [])))
            if words:
                yield Block(words, "heading" if is_heading else None)
        elif token.type in ("html_block", "fence", "code_block"):
            words = clean(without_tags(token.content, " "))
            if words:
                yield Block(words, None)


def _iter_inline(tokens: list[Any]) -> Iterator[str]:
    """Yield the text of inline Markdown, without images, marks and the targets of links."""
    for token in tokens:
        if token.type in ("text", "code_inline"):
            yield token.content
        elif token.type in ("softbreak", "hardbreak"):
            yield " "
