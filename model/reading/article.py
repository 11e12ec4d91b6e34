"""An article as the reader gives it: its text, its passages and what it says of itself."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from depeche.labels.paragraphs import Kind
from depeche.model.reading.language import UNDETERMINED

_HYPHENATED = re.compile(r"(?<=\w)-[ \t]*[\r\n]+[> \t]*(?=[a-zà-ÿœ])")
# Looked for from the first blank of a run only: from each of them, it would take the square of its
# length.
_BREAK = re.compile(r"(?:(?<![ \t])[ \t]+)?[\r\n\v\f\u0085\u2028\u2029]+[> \t]*")
SOFT_HYPHEN = "\u00ad"  # where a word may be divided: no reader sees it inside a line
_HUGE_REFERENCE = re.compile(r"&#[0-9]{1000,}+;?")  # on which Python's own function raises


def flow(text: str) -> str:
    """Return a text with wrapped lines and divided words joined, and references decoded."""
    if text.splitlines() != [text] and _BREAK.search(text):  # the first is much faster
        text = _BREAK.sub(" ", _HYPHENATED.sub("", text))
    text = decode_references(text) if "&" in text else text
    return text.replace(SOFT_HYPHEN, "") if SOFT_HYPHEN in text else text


def decode_references(text: str) -> str:
    """Return a text with HTML's character references decoded."""
    return html.unescape(_HUGE_REFERENCE.sub("\ufffd", text))


@dataclass(kw_only=True)  # not frozen: there are many, and each is made in half the time
class Passage:
    """A stretch of an article, `text == article.text[start:end]`, and what it is.

    `flowed` is the text as it is scored (see `flow`), `language` its ISO 639-1 code, `und` where it
    is too short to tell.
    """

    start: int
    end: int
    text: str
    flowed: str
    kind: Kind
    language: str = UNDETERMINED


@dataclass(frozen=True, kw_only=True)
class Article:
    """An article as it was read.

    `id` is the path as given, `sha256` that of the bytes and `encoding` what decoded them. `text`
    is what offsets refer to: the decoded input, newlines untouched, or (`extracted`) what was
    taken out of a page or a Markdown file, with a blank line between blocks. `passages` are in the
    order of the text; those of kind body are tagged. `language` is the ISO 639-1 code of these,
    `und` where it cannot be told. `source` is the medium that a table names, `note` what the reader
    had to do without.
    """

    id: str
    sha256: str
    encoding: str
    text: str
    extracted: bool
    passages: tuple[Passage, ...]
    language: str
    title: str | None = None
    date: str | None = None
    author: str | None = None
    site: str | None = None
    source: str | None = None
    note: str | None = None

    @cached_property
    def paragraphs(self) -> tuple[Passage, ...]:
        """The passages that are tagged."""
        return tuple(p for p in self.passages if p.kind == "body")

    @cached_property
    def skipped(self) -> tuple[Passage, ...]:
        """The passages that are not tagged: headings and boilerplate."""
        return tuple(p for p in self.passages if p.kind != "body")

    @property
    def warnings(self) -> list[str]:
        """What a user should know before relying on the tags, one line for each warning."""
        lines = [self.note] if self.note else []
        if self.encoding == "cp1252" and not self.extracted:
            lines.append("not UTF-8, read as Windows-1252")
        if self.language != "fr":
            name = "of no language it knows" if self.language == "und" else f"in {self.language!r}"
            lines.append(f"text {name}, not French: do not rely on its tags")
        return lines


def joined_paragraphs(passages: Iterable[Passage]) -> str:
    """Return the text of the paragraphs among passages: its language is that of the article."""
    return "\n".join(p.flowed for p in passages if p.kind == "body")
