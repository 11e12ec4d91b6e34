"""Saved web pages and Markdown files as blocks of text, with what they say of themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from depeche.model.reading.article import decode_references
from depeche.model.reading.dates import find_date
from depeche.model.reading.measures import (
    deserves_one_opinion,
    has_too_large_a_tag,
    is_too_large,
    leave_out_absurd_data,
)

# How browsers read the encodings that French pages name (WHATWG Encoding Standard, 4.2): what is
# declared as Latin-1 is Windows-1252; a page whose declaration can be read is not in UTF-16.
_ENCODINGS = {
    **dict.fromkeys(
        ("iso-8859-1", "iso8859-1", "latin1", "latin-1", "ascii", "us-ascii"), "cp1252"
    ),
    **dict.fromkeys(("windows-1252", "cp1252", "x-cp1252"), "cp1252"),
    **dict.fromkeys(("iso-8859-15", "iso8859-15", "latin-9", "latin9"), "iso8859-15"),
    **dict.fromkeys(("utf-8", "utf8", "utf-16", "utf-16le", "utf-16be"), "utf-8"),
    **dict.fromkeys(("macintosh", "x-mac-roman"), "mac_roman"),
}
_CHARSET = re.compile(
    rb"(?:charset|<\?xml[^>]{0,80}\bencoding)\s*+=\s*+[\"']?\s*+([\w.:-]+)", re.IGNORECASE
)
_HEAD_BYTES = 4096
_FRONT_MATTER = re.compile(r"\A---[^\S\n]*+\n(.*?)\n(?:---|\.\.\.)[^\S\n]*+\n", re.DOTALL)
_PIECE = 20_000  # characters of a page that is read as plain text, parsed at a time
# Elements within one another: libxml2 looks for what an end tag ends through all that are open.
_DEEPEST = 1_000
_TAG = re.compile(r"<[^>]++>?")  # or what is never closed, to the end
# What comes after these belongs to the body all the same (HTML Standard, 13.2.6.4.19). libxml2 does
# not know that: it would begin a second page and leave it out.
_END_OF_PAGE = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)
_FIELD = re.compile(r"^(title|date|author|site)\s*+:\s*+[\"']?(.*)", re.MULTILINE)
# schema.org's date, which trafilatura passes over for the date of an update.
_PUBLISHED = re.compile(r'"datePublished"\s*:\s*"(\d{4}-\d\d-\d\d)')
_BLOCKS = ("p", "head", "item", "quote", "cell", "ab")
_UNSEEN = frozenset(("script", "style", "noscript", "template", "svg", "head", "title", "select"))
_INLINE = frozenset(
    ("a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i",
     "ins", "kbd", "mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "tt",
     "u", "var", "wbr")
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Page:
    """The blocks of a page in order, and the data that it states of itself.

    `blocks` are `(text, is_heading)`, without blank ones and with single spaces. `title_marked` is
    whether the title stands in the page as such, rather than in the title of its window only.
    """

    blocks: tuple[tuple[str, bool], ...]
    title: str | None = None
    title_marked: bool = False
    date: str | None = None
    author: str | None = None
    site: str | None = None


def declared_encoding(data: bytes) -> str | None:
    """Return the encoding that the head of a page names, None where it names none that is known."""
    match = _CHARSET.search(data[:_HEAD_BYTES])
    return _ENCODINGS.get(match[1].decode("ascii", "replace").lower()) if match else None


def read_html(html: str) -> Page | None:
    """Return the article of a page, None where trafilatura finds none or the page is too large."""
    tree = None if is_too_large(html) else _parse_html(html)
    if tree is None:
        return None
    standfirst = list(_iter_standfirst(tree))
    leave_out_absurd_data(tree)
    document = _extract(tree, fast=deserves_one_opinion(html))
    if document is None or document.body is None:
        return None
    for line_break in document.body.iter("lb"):
        line_break.tail = f" {line_break.tail or ''}"
    blocks = list(_iter_blocks(document.body))
    extracted = set(blocks)
    left_out = [block for block in standfirst if block not in extracted]
    published = _PUBLISHED.search(html)
    headings = [" ".join(h.text_content().split()) for h in tree.iter("h1")]
    title = _page_title(document.title, headings, document.sitename)
    return Page(
        blocks=(*left_out, *blocks),
        title=title,
        title_marked=bool(headings),
        date=published[1] if published else document.date,
        author=document.author,
        site=document.sitename,
    )


def _parse_html(html: str) -> Any:
    """Return the tree of a page, None where lxml makes none of all of it."""
    import lxml.etree
    import lxml.html

    source = _END_OF_PAGE.sub("", html).encode()
    parser = lxml.html.HTMLParser(encoding="utf-8")
    try:
        tree = lxml.html.document_fromstring(source, parser=parser)
    except (lxml.etree.LxmlError, ValueError):
        return None
    # Past 256 elements within one another, libxml2 leaves out the rest of the page.
    limit = lxml.etree.ErrorTypes.ERR_RESOURCE_LIMIT
    return None if any(err.type == limit for err in parser.error_log) else tree


def _extract(tree: Any, *, fast: bool) -> Any:
    """Return what trafilatura extracts of a page's tree, None where it fails."""
    import logging

    import trafilatura

    for name in ("trafilatura", "htmldate"):  # their messages name no file, and quote the page
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        return trafilatura.bare_extraction(
            tree,
            include_comments=False,
            with_metadata=True,
            fast=fast,
            date_extraction_params={"original_date": True, "extensive_search": True},
        )
    except (AttributeError, LookupError, RecursionError):  # JSON of types that it does not expect
        return None


def read_markdown(text: str) -> Page:
    """Return the blocks of a Markdown file, its marks removed; front matter gives its data."""
    from markdown_it import MarkdownIt

    matter = _FRONT_MATTER.match(text)
    fields = _read_fields(matter[1]) if matter else {}
    tokens = MarkdownIt().enable("table").parse(text[matter.end() if matter else 0 :])
    return Page(
        blocks=tuple(_iter_markdown_blocks(tokens)),
        title=fields.get("title") or None,
        title_marked="title" in fields,
        date=find_date([fields.get("date", "")[:10]]),
        author=fields.get("author") or None,
        site=fields.get("site") or None,
    )


def _iter_markdown_blocks(tokens: list[Any]) -> Iterator[tuple[str, bool]]:
    """Yield the text of each block of Markdown, and whether it is a heading."""
    is_heading = False
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            is_heading = token.type == "heading_open"
        elif token.type == "inline":
            words = " ".join("".join(_iter_inline(token.children or [])).split())
            if words:
                yield words, is_heading
        elif token.type in ("html_block", "fence", "code_block"):
            words = " ".join(_without_tags(token.content, " ").split())
            if words:
                yield words, False


def _read_fields(matter: str) -> dict[str, str]:
    """Return what front matter states, without the quotes around it."""
    stated = ((name, value.rstrip()) for name, value in _FIELD.findall(matter))
    return {name: v[:-1] if v.endswith(('"', "'")) else v for name, v in stated}


def plain_text_of_html(html: str) -> str:
    """Return all text of a page, boilerplate too, one line per block; no tree is built of it."""
    if has_too_large_a_tag(html):
        return decode_references(_without_tags(html, "\n"))
    from lxml import etree

    parser = etree.HTMLParser(target=_TextOfPage(), encoding="utf-8")
    try:
        for start in range(0, len(html), _PIECE):
            parser.feed(html[start : start + _PIECE].encode())
        text: str = parser.close()
    except etree.XMLSyntaxError:  # nothing in it
        return ""
    except RecursionError:
        return decode_references(_without_tags(html, "\n"))
    return text


def _without_tags(text: str, instead: str) -> str:
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


def _iter_standfirst(tree: Any) -> Iterator[tuple[str, bool]]:
    """Yield the paragraphs in the header of an article, which trafilatura leaves out."""
    # Each once, however many articles and headers it is in.
    articles = tree.iter("article")
    headers = dict.fromkeys(h for article in articles for h in article.iterdescendants("header"))
    for p in dict.fromkeys(p for header in headers for p in header.iterdescendants("p")):
        text = " ".join(p.text_content().split())
        if text:
            yield text, False


def _iter_blocks(body: Any) -> Iterator[tuple[str, bool]]:
    """Yield the innermost blocks of what trafilatura extracted."""
    for element in body.iter(*_BLOCKS):
        if any(inner is not element for inner in element.iter(*_BLOCKS)):
            continue
        text = " ".join("".join(element.itertext()).split())
        if text:
            yield text, element.tag == "head"


def _iter_inline(tokens: list[Any]) -> Iterator[str]:
    """Yield the text of inline Markdown, without images, marks and the targets of links."""
    for token in tokens:
        if token.type in ("text", "code_inline"):
            yield token.content
        elif token.type in ("softbreak", "hardbreak"):
            yield " "


def _page_title(title: str | None, headings: list[str], site: str | None) -> str | None:
    """Return the title without the name of the site, in the words of the page's own heading."""
    headings = [heading for heading in headings if heading]
    for heading in headings:
        if title and title.startswith(heading):
            return heading
    if headings and (not title or title == site):
        return headings[0]
    return title
