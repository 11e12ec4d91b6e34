"""Reads articles: bytes to text, text to passages with their offsets."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from depeche.labels.errors import InputError
from depeche.model.memory import give_back_memory
from depeche.model.reading.article import Article, Passage
from depeche.model.reading.dates import find_date
from depeche.model.reading.decoding import declared_encoding, decode
from depeche.model.reading.measures import is_too_much_markdown
from depeche.model.reading.pages.html import read_html
from depeche.model.reading.pages.markdown import read_markdown
from depeche.model.reading.pages.page import Page
from depeche.model.reading.pages.plain_text import plain_text_of_html
from depeche.model.reading.passages import (
    cut_long_blocks,
    cut_passages,
    find_title,
    tell_languages,
    units_of_blocks,
)
from depeche.model.reading.wrapping import Unit, cut_long, split_units

Form = Literal["text", "html", "markdown"]

FORMS: dict[str, Form] = {
    ".txt": "text",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".md": "markdown",
    ".markdown": "markdown",
}
# The longest article of a corpus of 26,422 has 32 kB; this leaves room for a book.
MAX_BYTES = 10_000_000
_ALL_READ = "no article found in the page, or too large a page: all its text was read"
_NO_MARKDOWN = "too many marks of Markdown: it was read as plain text, marks and all"
_LARGE = 500_000  # bytes from which what reading needed is a burden on what follows
_HEAD = 2048  # bytes in which a page shows that it is one
MAX_UNITS = 20_000  # lines; the longest of those articles has 60 paragraphs

# Possessive and atomic groups, here and elsewhere: what is passed over is passed over once.
_HTML = re.compile(
    r"\A\s*+(?:<\?xml[^>]*+>\s*+)?+(?:(?><!--.*?-->)\s*+)*+<(?:!doctype\s+html|html\b)",
    re.I | re.S,
)


class RawArticle(NamedTuple):
    """The bytes of one article, the name that its error messages start with, and its form.

    `sha256` is the digest of the bytes where it is known already.
    """

    data: bytes
    id: str
    form: Form | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class _Opened:
    """A document decoded and split into units; the fields are those of `Article`."""

    id: str
    sha256: str
    encoding: str
    text: str
    extracted: bool
    page: Page | None
    note: str | None
    units: Sequence[Unit]


def read_article(path: Path) -> Article:
    """Return the article of a file: plain text, a web page or Markdown, by its ending or its start.

    Raises
    ------
    InputError
        When the file cannot be opened, is larger than `MAX_BYTES`, is not text, or is empty.
    """
    return parse_article(read_bytes(path), id=str(path), form=FORMS.get(path.suffix.lower()))


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file, at most one more than an article may have.

    Raises
    ------
    InputError
        When the file cannot be opened, or is none.
    """
    # The shell gives what a command prints, <(…), as such a file; other pipes could hang for ever.
    if not (path.is_file() or str(path).startswith("/dev/fd/")):
        raise InputError(f"{path}: not a file that can be read")
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as err:
        raise InputError(f"{path}: cannot be read: {err.strerror}") from err


def parse_article(data: bytes, *, id: str, form: Form | None = None) -> Article:
    """Return the article that the bytes of a file hold; `id` starts each error message.

    Text that begins as a web page does is one, whatever its file's ending; other text without a
    `form` is plain.
    """
    (article,) = parse_articles([RawArticle(data, id, form)])
    if isinstance(article, InputError):
        raise article
    return article


def parse_articles(documents: Iterable[RawArticle]) -> list[Article | InputError]:
    """Return the article of each document, or why there is none, as `parse_article` gives it.

    What is done in arrays is done for all together: a hundred articles take several times less time
    together than one by one; more at once are no faster.
    """
    opened: list[_Opened | InputError] = []
    large = False
    for document in documents:
        large |= len(document.data) > _LARGE
        try:
            opened.append(_open(document))
        except InputError as err:
            opened.append(err.with_traceback(None))  # which would hold all that is opened here
    articles = iter(_read([document for document in opened if isinstance(document, _Opened)]))
    read = [document if isinstance(document, InputError) else next(articles) for document in opened]
    if large:
        give_back_memory()
    return read


def _open(document: RawArticle) -> _Opened:
    """Return the text of a document and its units."""
    data, id, form, sha256 = document
    _check_size(data, id)
    begins = data[:_HEAD].decode("latin-1").lstrip("\xef\xbb\xbf")  # marks alone matter here
    is_page = form == "html" or _HTML.match(begins) is not None
    text, encoding, note = decode(data, id, declared_encoding(data) if is_page else None)
    if form in (None, "text"):
        form = "html" if _HTML.match(text) else "text"
    page, plainer = _read_page(text, form)
    if page is not None:
        page = cut_long_blocks(page)
        text = "\n\n".join(block.text for block in page.blocks)
    elif form == "html":
        text = plain_text_of_html(text)
    units = [] if not text.strip() else _split(text, page)
    _check_number(len(units), id)
    return _Opened(
        id=id,
        sha256=sha256 or hashlib.sha256(data).hexdigest(),
        encoding=encoding,
        text=text,
        extracted=page is not None or form == "html",
        page=page,
        note="; ".join(filter(None, (note, plainer))) or None,
        units=units,
    )


def _read_page(text: str, form: Form | None) -> tuple[Page | None, str | None]:
    """Return the blocks of a page or a Markdown file, or None and why it is read as plain text."""
    if form == "html":
        page = read_html(text)
        return (None, _ALL_READ) if page is None or not page.blocks else (page, None)
    if form == "markdown":
        return (None, _NO_MARKDOWN) if is_too_much_markdown(text) else (read_markdown(text), None)
    return None, None


def _split(text: str, page: Page | None) -> list[Unit]:
    """Return the units of a text, which joins the blocks of a page or is plain."""
    if page is not None:
        return units_of_blocks(page)
    return cut_long(text, split_units(text, MAX_UNITS + 1))


def _check_size(data: bytes, id: str) -> None:
    """Raise `InputError` for more bytes than an article has."""
    if len(data) > MAX_BYTES:
        raise InputError(
            f"{id}: larger than {MAX_BYTES // 1_000_000} MB, which no article is: "
            "split it into one file per article"
        )


def _check_number(n_units: int, id: str) -> None:
    """Raise `InputError` for a text without lines, or with more than an article has."""
    if not n_units:
        raise InputError(f"{id}: empty: there is no text to tag")
    if n_units > MAX_UNITS:
        raise InputError(
            f"{id}: more than {MAX_UNITS} lines, which no article has: "
            "split it into one file per article"
        )


def _read(opened: Sequence[_Opened]) -> list[Article | InputError]:
    """Return the articles of opened documents, an error for each that has no paragraph."""
    cut = cut_passages([(document.text, document.units, document.page) for document in opened])
    languages = tell_languages(cut)
    articles: list[Article | InputError] = []
    for document, passages, language in zip(opened, cut.passages, languages, strict=True):
        if not any(p.kind == "body" for p in passages):
            why = "no paragraph of an article in it, only menus, titles or notices"
            articles.append(InputError(f"{document.id}: {why}"))
            continue
        page = document.page
        article = Article(
            id=document.id,
            sha256=document.sha256,
            encoding=document.encoding,
            text=document.text,
            extracted=document.extracted,
            passages=tuple(passages),
            language=language,
            title=find_title(passages, page),
            date=_find_date(passages, page),
            author=page.author if page else None,
            site=page.site if page else None,
            note=document.note,
        )
        articles.append(article)
    return articles


def _find_date(passages: Sequence[Passage], page: Page | None) -> str | None:
    """Return the date that a page states, or that is stated beside the paragraphs."""
    if page is not None and (page.date or page.is_complete):
        return page.date
    return find_date([p.text for p in passages if p.kind != "body"])
