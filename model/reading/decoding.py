"""Bytes of a file to text, whatever they claim to be."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from depeche.labels.errors import InputError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark begins alike
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
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
# Characters of several bytes in UTF-8. Text of one byte a character seldom has one by chance, such
# as "É»" in Windows-1252, and then has more bytes that fit in none.
_MULTIBYTE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_USUAL = frozenset("éèàçêûîôëïùâœÉÈÀÇÊÎÔŒ«»’‘“”…–—€°ñáíóúöüä\u00a0\u202f\ufeff")
_WHOLE_AT_LEAST = 3  # such characters for each that is broken
# "é", "à" and "’" in UTF-8, read as Windows-1252 or Latin-1 and written as UTF-8 again.
_PAIRS_AT_LEAST = 2
_ENCODED_TWICE = re.compile("\u00c3[\u0080-\u00bf]|\u00e2(?:\u20ac|\u0080)")
# In these a control character is the same byte as in ASCII, and no other character has that byte.
_LIKE_ASCII = ("utf-8", "utf-8-sig", "cp1252")
_CONTROL = bytes((*range(9), *range(14, 32)))


class Decoded(NamedTuple):
    """A text, the encoding that its bytes were in, and what had to be put right, if anything."""

    text: str
    encoding: str
    note: str | None = None


def declared_encoding(data: bytes) -> str | None:
    """Return the encoding that the head of a page names, None where it names none that is known."""
    match = _CHARSET.search(data[:_HEAD_BYTES])
    return _ENCODINGS.get(match[1].decode("ascii", "replace").lower()) if match else None


def decode(data: bytes, id: str, declared: str | None) -> Decoded:
    """Return the text of bytes: by the byte-order mark, else UTF-8, as declared, or Windows-1252.

    French files are in these. Detectors that guess take short French texts for UTF-16. What is
    UTF-8 beyond doubt is read as such whatever a page declares, with U+FFFD for a few broken bytes.
    Text that was encoded twice is put right.

    Raises
    ------
    InputError
        When the bytes are not text; it starts with `id`.
    """
    marked = next((name for mark, name in _BOMS if data.startswith(mark)), None)
    if not marked and b"\0" in data:
        raise InputError(f"{id}: not a text file: it holds binary data")
    last = "utf-8" if data.isascii() else "cp1252"
    if marked in (None, "utf-8-sig") and _is_utf8(data):
        decoded = _decode_utf8(data)
    else:
        decoded = _decode_as(data, id, [marked] if marked else [declared, last])
    text, encoding, _ = decoded
    like_ascii = data if encoding in _LIKE_ASCII else text.encode("utf-8", "surrogatepass")
    if _count_controls(like_ascii) * 20 > len(text):
        raise InputError(f"{id}: not a text file: it holds binary data")
    return _undo_second_encoding(decoded)


def _decode_utf8(data: bytes) -> Decoded:
    """Return the text of UTF-8, with U+FFFD where it is broken, and a note of that."""
    text = data.decode("utf-8-sig", "replace")
    n_broken = text.count("\ufffd") - data.count("\ufffd".encode())
    places = "one place" if n_broken == 1 else f"{n_broken} places"
    note = f"UTF-8 broken in {places}: read as \ufffd there" if n_broken else None
    return Decoded(text, "utf-8", note)


def _decode_as(data: bytes, id: str, encodings: list[str | None]) -> Decoded:
    """Return the text in the first encoding that fits."""
    for encoding in filter(None, encodings):
        try:
            return Decoded(data.decode(encoding), encoding.removesuffix("-sig"))
        except UnicodeDecodeError:
            continue
    names = encodings[0] if len(encodings) == 1 else "UTF-8 nor Windows-1252"
    raise InputError(f"{id}: not {names}: save it as UTF-8, or it is not a text file")


def _is_utf8(data: bytes) -> bool:
    """Return whether bytes have characters of several bytes, and few that are broken."""
    if data.isascii():
        return False
    try:
        letters = [letter for letter in data.decode() if letter > "\x7f"]
    except UnicodeDecodeError:
        rest, n_whole = _MULTIBYTE.subn(b"", data)
        n_broken = len(re.findall(rb"[\x80-\xff]+", rest))
        return n_broken * _WHOLE_AT_LEAST <= n_whole
    return len(letters) >= _WHOLE_AT_LEAST or not _USUAL.isdisjoint(letters)


def _undo_second_encoding(decoded: Decoded) -> Decoded:
    """Return the text with what was encoded twice put right, and a note that says so."""
    if len(_ENCODED_TWICE.findall(decoded.text)) < _PAIRS_AT_LEAST:
        return decoded
    import ftfy

    text = ftfy.fix_encoding(decoded.text)
    if text == decoded.text:
        return decoded
    note = "; ".join(filter(None, (decoded.note, "encoded twice, in part at least: put right")))
    return Decoded(text, decoded.encoding, note)


def _count_controls(data: bytes) -> int:
    """Return the number of control characters that are no blanks."""
    return len(data) - len(data.translate(None, _CONTROL))
