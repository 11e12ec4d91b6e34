"""Who wrote the article of a page: names only, from its data or its byline."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from depeche.model.reading.pages.page import clean, fold, short_text

_LONGEST_LINE = 160  # characters of a line that says who wrote an article
_PLACES = ("p", "div", "span", "td", "li", "address", "small", "em", "strong")
# What a byline says besides names.
_NOT_A_NAME = re.compile(
    r"\d|@|https?:|www\.|\b(?:publi|mis(?:e)? [àa]|modifi|post[ée]|lecture|minutes?|abonn|partag"
    r"|imprim|e-?mail|r[ée]agir|comment"
    r"|envoy[ée]e? sp[ée]cial|correspondant|r[ée]daction)",
    re.IGNORECASE,
)
_BEFORE_NAMES = re.compile(
    r"^\W*(?:de notre correspondante?\b\W*)?"
    r"(?:(?:textes?|propos recueillis|recueilli|entretien|article|[ée]crit|r[ée]dig[ée]|publi[ée]"
    r"|sign[ée])\b\W*)?(?:(?:par|by)\b\W*)?",
    re.IGNORECASE,
)
_AFTER_NAME = re.compile(
    r"\s?[(\[–—|].*|\s-\s.*|\s(?:publi[ée]|mise? [àa] jour|posted|le\s\d|à\s|lundi|mardi|mercredi"
    r"|jeudi|vendredi|samedi|dimanche|il y a).*",
    re.IGNORECASE | re.DOTALL,
)
_AFTER_NAMES = re.compile(
    r"\s(?:le\s(?:\d|lun|mar|mer|jeu|ven|sam|dim)|publi[ée]|mise? [àa] jour|modifi[ée]|\d).*",
    re.IGNORECASE | re.DOTALL,
)
# A line that names who wrote the article, or such a line after a date.
_BYLINE = re.compile(
    r"(?:^|[-–—|•]\s)\W{0,3}(?:(?:[ÉEée]crit|[Tt]exte|[Aa]rticle)\s)?(?:[Pp]ropos recueillis "
    r"|[Rr]ecueilli )?[Pp](?:ar|AR)\s:?\s?[A-ZÀ-Ý]"
)
_AUTHOR = re.compile(r"\b(?:auteur|author|byline|signature|journaliste)", re.IGNORECASE)
_AGENCIES = ("Belga", "Reuters")  # of those whose names are no capitals alone
_INITIAL = re.compile(r"\b[A-ZÀ-Ý]\.$")
_LONGEST_NAME = 60  # characters
_MOST_WORDS = 6  # of a name: "Jean-Baptiste de La Tour du Pin"


def find_authors(tree: Any, authors: Any, other: str | None, site: str | None) -> str | None:
    """Return the names of the authors, joined by "; ", None where no name is stated.

    `authors` is what the page's JSON-LD has for them, `other` what trafilatura found. The
    `site` is no author.
    """
    names = _split_all(_iter_names(authors)) or _split_all([other or ""])
    in_line = _split_all(_iter_bylines(tree))
    if {name.rstrip(".") for name in names} <= {name.rstrip(".") for name in in_line}:
        names = in_line  # with those whom the data leave out
    return "; ".join(name for name in names if fold(name) != fold(site or "")) or None


def _iter_names(author: Any) -> Iterator[str]:
    """Yield the names of persons in what JSON-LD states as author."""
    for one in author if isinstance(author, list) else [author]:
        if isinstance(one, list):
            yield from _iter_names(one)
        elif isinstance(one, str):
            yield one
        elif isinstance(one, dict) and one.get("@type", "Person") == "Person":
            name = one.get("name")
            names = name if isinstance(name, list) else [name]
            yield from (name for name in names if isinstance(name, str))


def _iter_bylines(tree: Any) -> Iterator[str]:
    """Yield the first line of a page that says who wrote the article, else that is marked so."""
    marked = None
    for element in tree.iter(*_PLACES):
        text = short_text(element, _LONGEST_LINE)
        byline = _BYLINE.search(text)
        if byline:
            yield text[byline.start() :].lstrip("-–—|• ")
            return
        if marked is None and len(text) <= _LONGEST_NAME and _is_marked(element):
            marked = text
    if marked:
        yield marked


def _is_marked(element: Any) -> bool:
    return _AUTHOR.search(element.get("class", "")) is not None


def _split_all(texts: Iterable[str]) -> list[str]:
    """Return the names of bylines, each once."""
    return list(dict.fromkeys(name for text in texts for name in _split_names(text)))


def _split_names(text: str) -> Iterator[str]:
    """Yield the names of a byline."""
    byline = _AFTER_NAMES.sub("", _BEFORE_NAMES.sub("", clean(text)))
    for part in re.split(r"\s*[;/&|]\s*|,\s+|\s+(?:et|avec|and)\s+", byline):
        name = _AFTER_NAME.sub("", part).strip(" :,;·•-")
        name = name if _INITIAL.search(name) else name.rstrip(" .")
        is_name = name[:1].isupper() and (" " in name or (len(name) > 1 and name.isupper()))
        is_name |= name in _AGENCIES
        is_name &= len(name) <= _LONGEST_NAME
        if is_name and len(name.split()) <= _MOST_WORDS and not _NOT_A_NAME.search(name):
            yield name
