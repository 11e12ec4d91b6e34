"""Reading an article: bytes to text, text to passages with their offsets."""

from __future__ import annotations

import codecs
import ctypes
import hashlib
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from labels.errors import InputError
from labels.paragraphs import Kind
from model.article import Article, Passage
from model.dates import find_date
from model.furniture import unit_kinds
from model.lines import Unit, split_units
from model.pages import Page, declared_encoding, plain_text_of_html, read_html, read_markdown

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
_LARGE = 500_000  # bytes from which what reading needed is a burden on what follows
_HEAD = 2048  # bytes in which a page shows that it is one
MAX_UNITS = 20_000  # lines; the longest of those articles has 60 paragraphs

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark begins alike
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
_HTML = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html\b)", re.I | re.S
)
# Links to other articles inside a paragraph: in brackets, or from the sign to the end.
_SIGN = r"(?:[àa]\s)?(?:re)?(?:lire|voir|[ée]couter)\s+(?:aussi|[ée]galement|encore)|[àa]\s+revoir"
_INLINE = re.compile(
    rf"(?<=[.!?…»”\")\]])\s*(?P<cut>[(\[]\s*(?:{_SIGN})\s*[:.–—|>-][^)\]\n]{{3,200}}[)\]]"
    rf"|(?:[>→►▶•-]+\s*)?(?:{_SIGN})\s*[:.–—|>][^\n]{{3,160}}$)",
    re.IGNORECASE,
)


def find_files(path: str) -> list[str]:
    """Return a file's own path, or those of the articles of a folder and its subfolders, sorted.

    Articles are the files whose ending is in `FORMS`. Hidden files and folders are passed over.

    Raises
    ------
    InputError
        When there is no such file or folder, or no article in the folder.
    """
    if not path:
        raise InputError("'': an empty path; give a file, a folder, or - for standard input")
    top = Path(path)
    if not top.is_dir():
        if not top.exists():
            raise InputError(f"{path}: no such file or folder, nor a command: see classify --help")
        return [path]
    found: list[str] = []
    # A subfolder that cannot be opened is listed as such, so that reading it says so.
    unreadable = found.append
    for folder, folders, files in os.walk(top, onerror=lambda err: unreadable(str(err.filename))):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        names = [name for name in sorted(files) if Path(name).suffix.lower() in FORMS]
        found += [str(Path(folder) / name) for name in names if not name.startswith(".")]
    if not found:
        raise InputError(f"{path}: no article in this folder ({', '.join(FORMS)})")
    return found


def read_article(path: Path) -> Article:
    """Return the article of a file: plain text, a web page or Markdown, by its ending or its start.

    Raises
    ------
    InputError
        When the file cannot be opened, is larger than `MAX_BYTES`, is not text, or is empty.
    """
    # The shell gives what a command prints, <(…), as such a file; other pipes could hang for ever.
    if not (path.is_file() or str(path).startswith("/dev/fd/")):
        raise InputError(f"{path}: not a file that can be read")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as err:
        raise InputError(f"{path}: cannot be read: {err.strerror}") from err
    return parse_article(data, id=str(path), form=FORMS.get(path.suffix.lower()))


def parse_article(data: bytes, *, id: str, form: Form | None = None) -> Article:
    """Return the article that the bytes of a file hold; `id` starts each error message.

    Text that begins as a web page does is one, whatever its file's ending; other text without a
    `form` is plain.
    """
    if len(data) > MAX_BYTES:
        raise InputError(
            f"{id}: larger than {MAX_BYTES // 1_000_000} MB, which no article is: "
            "split it into one file an article"
        )
    begins = data[:_HEAD].decode("latin-1").lstrip("\xef\xbb\xbf")  # marks alone matter here
    paged = form == "html" or _HTML.match(begins) is not None
    text, encoding = _decode(data, id, declared_encoding(data) if paged else None)
    if form is None or form == "text":
        form = "html" if _HTML.match(text) else "text"
    page, note = None, None
    if form == "html":
        page = read_html(text)
        if page is None or not page.blocks:
            text, page, note = plain_text_of_html(text), None, _ALL_READ
    elif form == "markdown":
        page = read_markdown(text)
    if page is not None:
        text = "\n\n".join(block for block, _ in page.blocks)
    if not text.strip():
        raise InputError(f"{id}: empty: there is no text to tag")
    passages = _page_passages(text, page, id) if page is not None else _text_passages(text, id)
    if not any(p.kind == "body" for p in passages):
        raise InputError(f"{id}: no paragraph of an article in it, only menus, titles or notices")
    around = [p.text for p in passages if p.kind != "body"]
    if len(data) > _LARGE:
        _give_back_memory()
    return Article(
        id=id,
        sha256=hashlib.sha256(data).hexdigest(),
        encoding=encoding,
        text=text,
        extracted=form != "text",
        passages=tuple(passages),
        title=_title(passages, page),
        date=(page.date if page else None) or find_date(around),
        author=page.author if page else None,
        site=page.site if page else None,
        note=note,
    )


def _decode(data: bytes, id: str, declared: str | None) -> tuple[str, str]:
    """Return text and encoding: by the byte-order mark, else as declared, else UTF-8 or cp1252.

    Detectors that guess take short French texts for UTF-16; these are what French files are in.
    """
    marked = next((name for mark, name in _BOMS if data.startswith(mark)), None)
    if not marked and b"\0" in data:
        raise InputError(f"{id}: not a text file: it holds binary data")
    tried = [marked] if marked else [*([declared] if declared else []), "utf-8", "cp1252"]
    for encoding in tried:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if len(_CONTROL.findall(text)) * 20 <= len(text):
            return text, encoding.removesuffix("-sig")
        raise InputError(f"{id}: not a text file: it holds binary data")
    names = marked or "UTF-8 nor Windows-1252"
    raise InputError(f"{id}: not {names}: save it as UTF-8, or it is not a text file")


def _give_back_memory() -> None:
    """Return freed memory to the system: glibc keeps it, and Python's objects cannot use it."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def _check_number(n_units: int, id: str) -> None:
    """Raise `InputError` for a text of more lines than an article has, or of none."""
    if not n_units:
        raise InputError(f"{id}: empty: there is no text to tag")
    if n_units > MAX_UNITS:
        raise InputError(
            f"{id}: more than {MAX_UNITS} lines, which no article has: "
            "split it into one file an article"
        )


def _text_passages(text: str, id: str) -> list[Passage]:
    """Return the passages of plain text."""
    units = split_units(text, MAX_UNITS + 1)
    _check_number(len(units), id)
    kinds = unit_kinds([text[u.start : u.end] for u in units], [u.gap for u in units])
    return _cut_inline(text, units, kinds)


def _page_passages(text: str, page: Page, id: str) -> list[Passage]:
    """Return the passages of a page's blocks in `text`, which joins them by blank lines."""
    _check_number(len(page.blocks), id)
    units, at = [], 0
    for block, _ in page.blocks:
        units.append(Unit(at, at + len(block), True))
        at += len(block) + 2
    blocks = [block for block, _ in page.blocks]
    found = unit_kinds(blocks, [True] * len(blocks))
    kinds: list[Kind] = [
        "heading" if heading and kind == "body" else kind
        for kind, (_, heading) in zip(found, page.blocks, strict=True)
    ]
    return _cut_inline(text, units, kinds)


def _cut_inline(text: str, units: Sequence[Unit], kinds: Sequence[Kind]) -> list[Passage]:
    """Return the passages, links to other articles inside a paragraph cut out of it."""
    passages = []
    for unit, kind in zip(units, kinds, strict=True):
        start = unit.start
        if kind == "body":
            for match in _INLINE.finditer(text[unit.start : unit.end]):
                cut = (unit.start + match.start("cut"), unit.start + match.end("cut"))
                passages += [_passage(text, start, cut[0], kind)]
                passages += [_passage(text, *cut, "boilerplate")]
                start = cut[1]
        if text[start : unit.end].strip():
            passages.append(_passage(text, start, unit.end, kind))
    return passages


def _passage(text: str, start: int, end: int, kind: Kind) -> Passage:
    """Return a passage without the blanks around it."""
    stretch = text[start:end]
    start += len(stretch) - len(stretch.lstrip())
    stretch = stretch.strip()
    return Passage(start=start, end=start + len(stretch), text=stretch, kind=kind)


def _title(passages: Sequence[Passage], page: Page | None) -> str | None:
    """Return the title that the page marks, else the first heading before any paragraph."""
    if page is not None and page.title_marked:
        return page.title
    first = next(p.start for p in passages if p.kind == "body")
    headings = (p.text for p in passages if p.kind == "heading" and p.start < first)
    return next(headings, page.title if page is not None else None)
