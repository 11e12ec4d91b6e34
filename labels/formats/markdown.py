"""Any text as Markdown that shows it as it is."""

from __future__ import annotations

import re

# What Markdown or HTML would take for markup; number signs also close a heading.
_MARKUP = re.compile(r"([\\`*_\[\]<>|~&$]|(?<!\S)#)")
_BLOCK = re.compile(r"^(\d*)([-+=.)]+)(?=\s|$)")  # what would start a list or end a heading


def markdown_text(text: str) -> str:
    r"""Return a text as one line of Markdown that shows it as it is.

    >>> markdown_text("# a_b <i>"), markdown_text("1. a\n| b")
    ('\\# a\\_b \\<i\\>', '1\\. a \\| b')
    """
    line = _MARKUP.sub(r"\\\1", " ".join(text.split()))
    return _BLOCK.sub(r"\1\\\2", line)
