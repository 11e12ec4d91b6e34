"""The date of publication that a scraped text states."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

_MONTHS = ("jan", "fev", "mar", "avr", "mai", "juin", "juil", "ao", "sep", "oct", "nov", "dec")
_WRITTEN = re.compile(
    r"(?<!\d)(\d{1,2})(?:er)?\s(janv?|f[ée]v|mar|avr|mai|juin|juil|ao[uû]|sept?|oct|nov|d[ée]c)[a-zéû]*"
    r"\.?\s(\d{4})(?!\d)",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"(?<![\d/.-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?!\d)")
_ISO = re.compile(r"(?<!\d)(\d{4})-(\d\d)-(\d\d)(?!\d)")
_PUBLISHED = re.compile(
    r"publi|par[ua]|post[ée]|mis en ligne|cr[ée]{2}|\ble\s+\d|date", re.IGNORECASE
)
_OTHER = re.compile(
    r"jusqu|expire|disponible|valable|modifi|mise? [àa] jour|inscrit", re.IGNORECASE
)


def find_date(lines: Sequence[str]) -> str | None:
    """Return the date of publication that headings and boilerplate state, as `2024-12-31`.

    Lines that speak of publication are preferred to others, and these to lines that speak of an
    update or of an end; the first such line counts. It reads "12 mars 2024", "12/03/2024",
    "12.03.2024" (the day first) and "2024-03-12".
    """
    best: tuple[int, str] | None = None
    for line in lines:
        first = _first_date(line)
        if first is None:
            continue
        rank = 0 if _PUBLISHED.search(line) else 2 if _OTHER.search(line) else 1
        if best is None or rank < best[0]:
            best = (rank, first)
    return best[1] if best else None


def is_of_update(line: str) -> bool:
    """Return whether a line speaks of an update or of an end, and not of publication."""
    return not _PUBLISHED.search(line) and _OTHER.search(line) is not None


def _first_date(line: str) -> str | None:
    matches = [
        *((m.start(), int(m[3]), _month(m[2]), int(m[1])) for m in _WRITTEN.finditer(line)),
        *((m.start(), int(m[4]), int(m[3]), int(m[1])) for m in _NUMBERS.finditer(line)),
        *((m.start(), int(m[1]), int(m[2]), int(m[3])) for m in _ISO.finditer(line)),
    ]
    for _, year, month, day in sorted(matches):
        try:
            if 1800 <= year <= 2200:
                return date(year, month, day).isoformat()
        except ValueError:
            continue
    return None


def _month(name: str) -> int:
    folded = name.lower().replace("é", "e").replace("û", "u")
    return next(i for i, start in enumerate(_MONTHS, 1) if folded.startswith(start))
