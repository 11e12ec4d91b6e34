"""A page as it was read: its blocks of text, and the data that it states of itself."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, NamedTuple

from depeche.labels.paragraphs import Kind

_COMBINING = re.compile("[\u0300-\u036f]+")
# Characters that no reader sees: soft hyphens, and blanks without width.
INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))
# Stands for the end of a paragraph where a page has a run of line breaks, of which trafilatura
# keeps one at most. No page of news prints this character, which stands for such a break.
BREAK = "\u241e"


class Block(NamedTuple):
    """The text of one block; `kind` is None where only its text can tell what it is."""

    text: str
    kind: Kind | None


@dataclass(frozen=True, kw_only=True)
class Page:
    """The blocks of a page in order, and the data that it states of itself.

    The blocks are not blank and have single spaces. `title_marked` is whether the title stands in
    the page as such, rather than in the title of its window only; `is_complete` whether all of the
    page was looked at for its data, what is none of its blocks too.
    """

    blocks: tuple[Block, ...]
    title: str | None = None
    title_marked: bool = False
    date: str | None = None
    author: str | None = None
    site: str | None = None
    is_complete: bool = False


def clean(text: str) -> str:
    """Return a text with single spaces, without the characters that no reader sees."""
    return " ".join(text.translate(INVISIBLE).split())


def fold(text: str) -> str:
    """Return a text in small letters without accents, with straight apostrophes."""
    decomposed = unicodedata.normalize("NFKD", text.replace("’", "'").casefold())
    return " ".join(_COMBINING.sub("", decomposed).split())


def short_text(element: Any, most: int) -> str:
    """Return the text of an element, nothing where it has more characters than that."""
    pieces, size = [], 0
    for piece in element.itertext():
        size += len(piece)
        if size > 4 * most:  # blanks may be many
            return ""
        pieces.append(piece)
    text = clean("".join(pieces))
    return text if len(text) <= most else ""
