"""Reading an article: bytes to text, text to passages with their offsets."""

from __future__ import annotations

import codecs
import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from labels.errors import InputError
from labels.paragraphs import Kind
from model.furniture import french_share, line_kinds

# Share of the commonest French words from which a text counts as French. Of 5,741 French paragraphs
# 99.9 % have 0.15 or more; Spanish and Italian text stays below 0.15, English and German below 0.1.
_FRENCH_SHARE = 0.15

# The longest article of a corpus of 26,422 has 32 kB; this leaves room for a book.
MAX_BYTES = 10_000_000

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark begins alike
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LINE = re.compile(r"[^\r\n\v\f\u0085\u2028\u2029]+")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A stretch of an article, `text == article.text[start:end]`, and what it is."""

    start: int
    end: int
    text: str
    kind: Kind


@dataclass(frozen=True, kw_only=True)
class Article:
    """An article as it was read.

    `id` is the path as given, `sha256` that of the bytes, `encoding` what decoded them and `text`
    the result, newlines untouched. `passages` are in the order of the text; the body ones are
    what gets tagged.
    """

    id: str
    sha256: str
    encoding: str
    text: str
    passages: tuple[Passage, ...]

    @cached_property
    def paragraphs(self) -> tuple[Passage, ...]:
        """The passages that are tagged."""
        return tuple(p for p in self.passages if p.kind == "body")

    @cached_property
    def skipped(self) -> tuple[Passage, ...]:
        """Headings and site furniture."""
        return tuple(p for p in self.passages if p.kind != "body")

    @property
    def language(self) -> str:
        """`fr`, or `und` (undetermined, ISO 639) for a text without enough French words."""
        body = " ".join(p.text for p in self.paragraphs)
        return "fr" if french_share(body) >= _FRENCH_SHARE else "und"

    @property
    def title(self) -> str | None:
        """First heading that stands before any paragraph, if there is one."""
        first = self.passages[0].start if not self.paragraphs else self.paragraphs[0].start
        headings = (p.text for p in self.passages if p.kind == "heading" and p.start < first)
        return next(headings, None)


def find_files(path: str) -> list[str]:
    """Return a file's own path, or those of the .txt files of a folder and its subfolders, sorted.

    Hidden files and folders are passed over.

    Raises
    ------
    InputError
        When there is no such file or folder, or no .txt file in the folder.
    """
    top = Path(path)
    if not top.is_dir():
        if not top.exists():
            raise InputError(f"{path}: no such file or folder, nor a command: see classify --help")
        return [path]
    found = []
    for folder, folders, files in os.walk(top):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        names = (name for name in sorted(files) if name.endswith(".txt") and name[0] != ".")
        found += [str(Path(folder) / name) for name in names]
    if not found:
        raise InputError(f"{path}: no .txt file in this folder")
    return found


def read_article(path: Path) -> Article:
    """Return the article of a text file.

    Raises
    ------
    InputError
        When the file cannot be opened, is larger than `MAX_BYTES`, is not text, or is empty.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as err:
        raise InputError(f"{path}: cannot be read: {err.strerror}") from err
    return parse_article(data, id=str(path))


def parse_article(data: bytes, *, id: str) -> Article:
    """Return the article that the bytes of a text file hold; `id` starts each error message."""
    if len(data) > MAX_BYTES:
        raise InputError(
            f"{id}: larger than {MAX_BYTES // 1_000_000} MB, which no article is: "
            "split it into one file an article"
        )
    text, encoding = _decode(data, id)
    if not text.strip():
        raise InputError(f"{id}: empty: there is no text to tag")
    lines = list(_iter_lines(text))
    kinds = line_kinds([text[start:end] for start, end in lines])
    passages = tuple(
        Passage(start=start, end=end, text=text[start:end], kind=kind)
        for (start, end), kind in zip(lines, kinds, strict=True)
    )
    if not any(p.kind == "body" for p in passages):
        raise InputError(f"{id}: no paragraph of an article in it, only menus, titles or notices")
    return Article(
        id=id,
        sha256=hashlib.sha256(data).hexdigest(),
        encoding=encoding,
        text=text,
        passages=passages,
    )


def _decode(data: bytes, id: str) -> tuple[str, str]:
    """Return text and encoding: by the byte-order mark, else UTF-8, else Windows-1252.

    Detectors that guess take short French texts for UTF-16; these three are what French files
    are in.
    """
    marked = next((name for mark, name in _BOMS if data.startswith(mark)), None)
    if not marked and b"\0" in data:
        raise InputError(f"{id}: not a text file: it holds binary data")
    for encoding in (marked,) if marked else ("utf-8", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if len(_CONTROL.findall(text)) * 20 <= len(text):
            return text, encoding.removesuffix("-sig")
        raise InputError(f"{id}: not a text file: it holds binary data")
    tried = marked or "UTF-8 nor Windows-1252"
    raise InputError(f"{id}: not {tried}: save it as UTF-8, or it is not a text file")


def _iter_lines(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each line that is not blank, without the blanks around it."""
    for match in _LINE.finditer(text):
        stripped = match[0].strip()
        if stripped:
            start = match.start() + match[0].index(stripped)
            yield start, start + len(stripped)
