"""Turns a text into a cell of CSV in which no spreadsheet finds a formula, and back.

A spreadsheet runs a cell that begins with one of = + - @, and it may cut cells in unexpected
places: Excel in French cuts lines at semicolons, even within the quotes of a file divided by
commas. So a text is cut at all characters that may divide cells, and each piece that would begin
with such a sign, after any blanks and quotes, gets an apostrophe before it. Other texts stay as
they are.
"""

from __future__ import annotations

import re

_DIVIDES = r";,|\t\n\r\v\f\x1c-\x1e\x85\u2028\u2029"
# Blanks, invisible characters, quotes and apostrophes: a spreadsheet may drop them at the start.
# The mark is among them, so that a text that begins with a mark gets another one.
_BEFORE = (
    r"\x00-\x08\x0e-\x1b\x1f \"'\x7f-\x84\x86-\xa0\xad\u061c\u1680\u180e"
    r"\u2000-\u200f\u202a-\u202f\u205f-\u206f\u3000\ufeff"
)
_SIGNS = r"=+\-@＝＋－＠"
_RUNS = rf"[{_BEFORE}]*[{_SIGNS}]"
# The first piece has patterns of its own: searching for the later ones is seven times as fast when
# the pattern begins with a set of characters. In the first piece, a tab or a carriage return, which
# a spreadsheet may drop, counts as a sign.
_FIRST, _FIRST_MARKED = (re.compile(rf"\A{x}[{_BEFORE}]*[{_SIGNS}\t\r]") for x in ("", "'"))
_LATER, _LATER_MARKED = (re.compile(f"([{_DIVIDES}]){x}(?={_RUNS})") for x in ("", "'"))


def format_cell(text: str) -> str:
    """Return the cell that holds a text.

    >>> format_cell("=1+1; -2; d'accord"), format_cell("Un accord ; la suite")
    ("'=1+1;' -2; d'accord", 'Un accord ; la suite')
    """
    start = "'" if _FIRST.match(text) else ""
    return start + _LATER.sub(r"\1'", text)


def parse_cell(cell: str) -> str:
    """Return the text that a cell holds, the inverse of `format_cell`.

    >>> parse_cell("'=1+1;' -2; d'accord")
    "=1+1; -2; d'accord"
    """
    start = 1 if _FIRST_MARKED.match(cell) else 0
    return _LATER_MARKED.sub(r"\1", cell[start:])
