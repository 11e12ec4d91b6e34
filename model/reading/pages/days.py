"""The day on which the article of a page was published, where the page states a day."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from depeche.model.reading.dates import find_date, is_of_update
from depeche.model.reading.pages.page import short_text

# Names by which the heads of pages state the day of publication, as trafilatura's htmldate has
# them.
DATE_NAMES = frozenset(
    ("article:published", "article:published_time", "article.published", "citation_date",
     "citation_publication_date", "date", "datecreated", "datepublished", "date_published",
     "dc.date", "dc.date.created", "dc.date.issued", "dc.date.published", "dc:date", "dc:created",
     "dcterms.created", "dcterms.date", "dcterms.issued", "og:article:published_time",
     "og:published_time", "parsely-pub-date", "pubdate", "publication_date", "publish-date",
     "publish_date", "published_time", "published_time_telegram", "sailthru.date",
     "video:release_date")
)  # fmt: skip
# In JSON-LD that does not parse.
_PUBLISHED = re.compile(r'"datePublished"\s*:\s*"(\d{4}-\d\d-\d\d)')
_DATED = ("time", "p", "div", "span", "li", "td", "abbr", "small", "font")
_ELSEWHERE = ("aside", "nav", "footer", "a", "form")
_PUBLICATION = re.compile(r"publi[ée]|mis(?:e)? en ligne|post[ée]\b", re.IGNORECASE)
_FIRST_DAY = "1993"  # no page of the Web is older, though one may speak of an older day
_YEAR = re.compile(r"\d{4}")
_LONGEST_LINE = 160  # characters of a line that states when an article was published


def find_day(tree: Any, html: str, stated: Iterable[str], other: str | None) -> str | None:
    """Return the day of publication that a page states, None where it states none.

    `stated` is what its data say, `other` what htmldate found, which may take a year or a month
    for its first day.
    """
    published = _PUBLISHED.search(html)
    for text in [*stated, *([published[1]] if published else [])]:
        day = find_date([text[:32].replace("T", " ", 1)])
        if day:
            return day
    head = html[: html.find("</head>")]
    return _find_beside_heading(tree) or (other if other and _states(head, other) else None)


def _find_beside_heading(tree: Any) -> str | None:
    """Return the day that a line states below or above the heading.

    Below the first paragraph, only of lines that speak of publication.
    """
    above = update = None
    for line, place in _iter_dated_lines(tree):
        day = find_date([line])
        if day is None or day < _FIRST_DAY:
            continue
        if place == "body" and not _PUBLICATION.search(line):
            continue
        if is_of_update(line):
            update = update or day
        elif place == "above":
            above = day
        else:
            return day
    return above or update


def _iter_dated_lines(tree: Any) -> Iterator[tuple[str, str]]:
    """Yield the short lines of a page and where they are: above the heading, below, in the body."""
    has_heading = tree.find(".//h1") is not None
    place = "above" if has_heading else "below"
    n_long = 0
    for element in tree.iter("h1", *_DATED):
        if element.tag == "h1":
            place = "below" if place == "above" else place
            continue
        line = short_text(element, _LONGEST_LINE)
        if not line and element.tag == "p" and place == "below" and has_heading:
            n_long += short_text(element, 10 * _LONGEST_LINE) != ""
            place = "body" if n_long > 1 else place  # the first may be the standfirst
        line = f"{line} {element.get('datetime', '')[:10]}".strip()
        if _YEAR.search(line) and _may_date(element, place):
            yield line, place


def _may_date(element: Any, place: str) -> bool:
    """Return whether an element is where a page states the date of its article."""
    around = [ancestor.tag for ancestor in element.iterancestors()]
    if not set(_ELSEWHERE).isdisjoint(around):
        return False
    return place != "above" or "main" in around or "article" in around


def _states(html: str, day: str) -> bool:
    """Return whether the head of a page's head states a day, not just a year or a month."""
    year, month, number = day.split("-")
    n = int(number)
    numbers = (
        rf"(?<!\d)(?:{year}[/-]?{month}[/-]?{number}|0?{n}[./-]0?{int(month)}[./-]{year})(?!\d)"
    )
    written = rf"(?<!\d)0?{n}(?:er)?(?:\s|&nbsp;)+[^\W\d]+\.?(?:\s|&nbsp;)+{year}"
    return re.search(f"{numbers}|{written}", html) is not None
