"""Bytes of a file to text."""

from __future__ import annotations

import codecs

from depeche.labels.errors import InputError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark begins alike
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# In these a control character is the same byte as in ASCII, and no other character has that byte.
_LIKE_ASCII = ("utf-8", "utf-8-sig", "cp1252")
_CONTROL = bytes((*range(9), *range(14, 32)))


def decode(data: bytes, id: str, declared: str | None) -> tuple[str, str]:
    """Return text and encoding: by the byte-order mark, else as declared, else UTF-8 or cp1252.

    French files are in these. Detectors that guess take short French texts for UTF-16.
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
        like_ascii = data if encoding in _LIKE_ASCII else text.encode("utf-8", "surrogatepass")
        if _count_controls(like_ascii) * 20 <= len(text):
            return text, encoding.removesuffix("-sig")
        raise InputError(f"{id}: not a text file: it holds binary data")
    names = marked or "UTF-8 nor Windows-1252"
    raise InputError(f"{id}: not {names}: save it as UTF-8, or it is not a text file")


def _count_controls(data: bytes) -> int:
    """Return the number of control characters that are no blanks."""
    return len(data) - len(data.translate(None, _CONTROL))
