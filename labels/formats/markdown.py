"""Turns any text into Markdown that shows it unchanged."""

from __future__ import annotations

import re

# Characters that are markup in Markdown or HTML; number signs also close a heading.
_MARKUP = re.compile(r"([\\`*_\[\]<>|~&$]|(?<!\S)#)")
_BLOCK = re.compile(r"^(\d*)([-+=.)]+)(?=\s|$)")  # starts a list, or ends a heading


def markdown_text(text: str) -> str:
    r"""Return one line of Markdown that shows a text unchanged.

    >>> markdown_text("# a_b <i>"), markdown_text("1. a\n| b")
    ('\\# a\\_b \\<i\\>', '1\\. a \\| b')
    """
    line = _MARKUP.sub(r"\\\1", " ".join(text.split()))
    return _BLOCK.sub(r"\1\\\2", line)
