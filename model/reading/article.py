"""An article as the reader gives it: its text, its passages and what it says of itself."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from depeche.labels.paragraphs import Kind
from depeche.model.reading.language import language_of

_HYPHENATED = re.compile(r"(?<=\w)-[ \t]*[\r\n]+[> \t]*(?=[a-zà-ÿœ])")
# Blanks are looked at from where they begin: from each of them, a run would take its square.
_BREAK = re.compile(r"(?:(?<![ \t])[ \t]+)?[\r\n\v\f\u0085\u2028\u2029]+[> \t]*")
_HUGE_REFERENCE = re.compile(r"&#[0-9]{1000,}+;?")  # on which Python's own function raises


def flow(text: str) -> str:
    """Return a text with wrapped lines joined, divided words made whole and entities decoded."""
    if text.splitlines() != [text] and _BREAK.search(text):  # the first is much faster
        text = _BREAK.sub(" ", _HYPHENATED.sub("", text))
    return decode_references(text) if "&" in text else text


def decode_references(text: str) -> str:
    """Return a text with HTML's character references decoded."""
    return html.unescape(_HUGE_REFERENCE.sub("\ufffd", text))


@dataclass(kw_only=True)  # not frozen: there are many, and each is made in half the time
class Passage:
    """A stretch of an article, `text == article.text[start:end]`, and what it is."""

    start: int
    end: int
    text: str
    kind: Kind

    @cached_property
    def flowed(self) -> str:
        """The text as it is scored, see `flow`."""
        return flow(self.text)

    @cached_property
    def language(self) -> str:
        """ISO 639-1 code, `und` where the passage is too short to tell."""
        return language_of(self.flowed)


@dataclass(frozen=True, kw_only=True)
class Article:
    """An article as it was read.

    `id` is the path as given, `sha256` that of the bytes and `encoding` what decoded them. `text`
    is what offsets refer to: the decoded input, newlines untouched, or (`extracted`) what was
    taken out of a page or a Markdown file, a blank line between blocks. `passages` are in the order
    of the text; the body ones are what gets tagged. `source` is the medium that a table names,
    `note` what the reader had to do without.
    """

    id: str
    sha256: str
    encoding: str
    text: str
    extracted: bool
    passages: tuple[Passage, ...]
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
        """Headings and site furniture."""
        return tuple(p for p in self.passages if p.kind != "body")

    @cached_property
    def language(self) -> str:
        """ISO 639-1 code of the paragraphs' language, `und` where it cannot be told."""
        return language_of(joined_paragraphs(self.passages))

    @property
    def warnings(self) -> list[str]:
        """What a user should know before relying on the tags, a line each."""
        found = [self.note] if self.note else []
        if self.encoding == "cp1252" and not self.extracted:
            found.append("not UTF-8, read as Windows-1252")
        if self.language != "fr":
            name = "of no language it knows" if self.language == "und" else f"in {self.language!r}"
            found.append(f"text {name}, not French: do not rely on its tags")
        return found


def joined_paragraphs(passages: Iterable[Passage]) -> str:
    """Return the text of the paragraphs among passages, whose language is an article's."""
    return "\n".join(p.flowed for p in passages if p.kind == "body")
