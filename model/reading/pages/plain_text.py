"""All text of a page that no extractor reads, boilerplate too."""

from __future__ import annotations

import re

from depeche.model.reading.article import decode_references
from depeche.model.reading.measures import has_too_large_a_tag

_PIECE = 20_000  # characters of a page that is read as plain text, parsed at a time
# Elements within one another: libxml2 looks for what an end tag ends through all that are open.
_DEEPEST = 1_000
_TAG = re.compile(r"<[^>]++>?")  # or what is never closed, to the end
_UNSEEN = frozenset(("script", "style", "noscript", "template", "svg", "head", "title", "select"))
_INLINE = frozenset(
    ("a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i",
     "ins", "kbd", "mark", "nobr", "q", "s", "samp", "small", "span", "strong", "sub", "sup",
     "time", "tt", "u", "var", "wbr")
)  # fmt: skip


def plain_text_of_html(html: str) -> str:
    """Return all text of a page, boilerplate too, one line per block; no tree is built of it."""
    if has_too_large_a_tag(html):
        return decode_references(without_tags(html, "\n"))
    from lxml import etree

    parser = etree.HTMLParser(target=_TextOfPage(), encoding="utf-8")
    try:
        for start in range(0, len(html), _PIECE):
            parser.feed(html[start : start + _PIECE].encode())
        text: str = parser.close()
    except etree.XMLSyntaxError:  # nothing in it
        return ""
    except RecursionError:
        return decode_references(without_tags(html, "\n"))
    return text


def without_tags(text: str, instead: str) -> str:
    """Return a text with `instead` for each tag; what is never closed is no tag."""
    return _TAG.sub(lambda tag: instead if tag[0].endswith(">") else tag[0], text)


class _TextOfPage:
    """The events of lxml's parser as text."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._unseen = 0
        self._depth = 0

    def start(self, tag: str, _: object) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise RecursionError
        self._unseen += tag in _UNSEEN
        self._break(tag)

    def end(self, tag: str) -> None:
        self._depth -= 1
        self._unseen -= tag in _UNSEEN
        self._break(tag)

    def data(self, text: str) -> None:
        if not self._unseen:
            self._pieces.append(text.replace("\n", " "))

    def close(self) -> str:
        return "".join(self._pieces)

    def _break(self, tag: str) -> None:
        if tag not in _INLINE:
            self._pieces.append("\n")
