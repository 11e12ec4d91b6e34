"""Reading an article: bytes to text, text to passages with their offsets."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from depeche.labels.errors import InputError
from depeche.model.memory import give_back_memory
from depeche.model.reading.article import Article
from depeche.model.reading.dates import find_date
from depeche.model.reading.decoding import decode
from depeche.model.reading.measures import is_too_much_markdown
from depeche.model.reading.pages import (
    Page,
    declared_encoding,
    plain_text_of_html,
    read_html,
    read_markdown,
)
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

    And the digest of the bytes, where it is known already.
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
    """Return the bytes of a file, as far as one more than an article may have.

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
    """Return the article of each document, or why there is none: what `parse_article` gives each.

    What is done in arrays is done for all together: a hundred articles cost several times less
    together than one by one, and more are not faster.
    """
    opened: list[_Opened | InputError] = []
    large = False
    for document in documents:
        large |= len(document.data) > _LARGE
        try:
            opened.append(_open(document))
        except InputError as err:
            opened.append(err.with_traceback(None))  # which would hold all that is opened here
    articles = iter(_read([found for found in opened if isinstance(found, _Opened)]))
    read = [found if isinstance(found, InputError) else next(articles) for found in opened]
    if large:
        give_back_memory()
    return read


def _open(document: RawArticle) -> _Opened:
    """Return the text of a document and its units."""
    data, id, form, sha256 = document
    if len(data) > MAX_BYTES:
        raise InputError(
            f"{id}: larger than {MAX_BYTES // 1_000_000} MB, which no article is: "
            "split it into one file an article"
        )
    begins = data[:_HEAD].decode("latin-1").lstrip("\xef\xbb\xbf")  # marks alone matter here
    paged = form == "html" or _HTML.match(begins) is not None
    text, encoding = decode(data, id, declared_encoding(data) if paged else None)
    if form is None or form == "text":
        form = "html" if _HTML.match(text) else "text"
    page, note = None, None
    if form == "html":
        page = read_html(text)
        if page is None or not page.blocks:
            text, page, note = plain_text_of_html(text), None, _ALL_READ
    elif form == "markdown" and is_too_much_markdown(text):
        form, note = "text", _NO_MARKDOWN
    elif form == "markdown":
        page = read_markdown(text)
    if page is not None:
        page = cut_long_blocks(page)
        text = "\n\n".join(block for block, _ in page.blocks)
    if not text.strip():
        raise InputError(f"{id}: empty: there is no text to tag")
    if page is None:
        units = cut_long(text, split_units(text, MAX_UNITS + 1))
    else:
        units = units_of_blocks(page)
    _check_number(len(units), id)
    sha256 = sha256 or hashlib.sha256(data).hexdigest()
    return _Opened(id, sha256, encoding, text, form != "text", page, note, units)


def _check_number(n_units: int, id: str) -> None:
    """Raise `InputError` for a text of more lines than an article has, or of none."""
    if not n_units:
        raise InputError(f"{id}: empty: there is no text to tag")
    if n_units > MAX_UNITS:
        raise InputError(
            f"{id}: more than {MAX_UNITS} lines, which no article has: "
            "split it into one file an article"
        )


def _read(opened: Sequence[_Opened]) -> list[Article | InputError]:
    """Return the articles of opened documents, an error for what has no paragraph."""
    cut = cut_passages([(found.text, found.units, found.page) for found in opened])
    languages = iter(tell_languages(cut))
    articles: list[Article | InputError] = []
    for found, passages in zip(opened, cut.passages, strict=True):
        language = next(languages)
        if not any(p.kind == "body" for p in passages):
            why = "no paragraph of an article in it, only menus, titles or notices"
            articles.append(InputError(f"{found.id}: {why}"))
            continue
        page = found.page
        article = Article(
            id=found.id,
            sha256=found.sha256,
            encoding=found.encoding,
            text=found.text,
            extracted=found.extracted,
            passages=tuple(passages),
            title=find_title(passages, page),
            date=(page.date if page else None)
            or find_date([p.text for p in passages if p.kind != "body"]),
            author=page.author if page else None,
            site=page.site if page else None,
            note=found.note,
        )
        vars(article)["language"] = language  # where the property would keep it
        articles.append(article)
    return articles
