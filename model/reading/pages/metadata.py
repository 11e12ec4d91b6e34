"""What a page states of itself: title, day of publication, authors, site, description."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from depeche.model.reading.pages.authors import find_authors
from depeche.model.reading.pages.days import DATE_NAMES, find_day
from depeche.model.reading.pages.page import clean, fold

# Types of schema.org that are articles end so (NewsArticle, BlogPosting, LiveBlogPosting, Report).
_ARTICLE = re.compile(r"(?:article|posting|report)$", re.IGNORECASE)
_DESCRIPTION_NAMES = frozenset(("description", "og:description", "twitter:description"))
_TITLE_NAMES = frozenset(("og:title", "twitter:title"))
_PAID = re.compile(
    r"^(?:articles?\s)?(?:r[ée]serv[ée]\w*+\s(?:aux\s)?)?abonn[ée]s?\W++", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """What a page states of itself.

    `descriptions` are the summaries that it gives, `bodies` the texts of articles in its data.
    """

    title: str | None
    title_marked: bool
    date: str | None
    author: str | None
    site: str | None
    descriptions: tuple[str, ...]
    bodies: tuple[str, ...]


def read_metadata(tree: Any, html: str, document: Any) -> Metadata:
    """Return what a page states of itself; `document` is what trafilatura found."""
    articles = list(_iter_articles(tree))
    descriptions = [*_texts(articles, "description"), *_iter_meta(tree, _DESCRIPTION_NAMES)]
    dates = [*_texts(articles, "datePublished"), *_iter_meta(tree, DATE_NAMES)]
    titles = [*_texts(articles[:1], "headline"), *_iter_meta(tree, _TITLE_NAMES)]
    return Metadata(
        title=_find_title(tree, list(map(clean, titles)), document),
        title_marked=any(clean(h.text_content()) for h in tree.iter("h1")),
        date=find_day(tree, html, dates, document.date),
        author=find_authors(
            tree, [a.get("author") for a in articles[:1]], document.author, document.sitename
        ),
        site=document.sitename,
        descriptions=tuple(dict.fromkeys(filter(None, map(clean, descriptions)))),
        bodies=tuple(_texts(articles, "articleBody")),
    )


def _texts(articles: list[dict[str, Any]], key: str) -> list[str]:
    """Return what articles of JSON-LD have as texts by a key."""
    return [article[key] for article in articles if isinstance(article.get(key), str)]


def _iter_articles(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield the articles that the JSON-LD of a page describes as its own."""
    for script in tree.iterfind('.//script[@type="application/ld+json"]'):
        try:
            data = json.loads(script.text or "", strict=False)
        except (ValueError, RecursionError):
            continue
        yield from (node for node in _iter_nodes(data) if _is_article(node))


def _iter_nodes(data: Any) -> Iterator[dict[str, Any]]:
    """Yield the things that JSON-LD describes as a page's own, one after the other."""
    left = [data]
    while left:
        node = left.pop()
        if isinstance(node, list):
            left.extend(reversed(node))
        elif isinstance(node, dict):
            yield node
            left.extend(node[key] for key in ("mainEntity", "@graph") if key in node)


def _is_article(node: dict[str, Any]) -> bool:
    types = node.get("@type")
    names = types if isinstance(types, list) else [types]
    return any(isinstance(name, str) and _ARTICLE.search(name) for name in names)


def _iter_meta(tree: Any, names: frozenset[str]) -> Iterator[str]:
    """Yield what the head's elements of some names say."""
    for element in tree.iter("meta"):
        content = element.get("content")
        keys = (element.get(key, "").lower() for key in ("property", "name", "itemprop"))
        if content and not names.isdisjoint(keys):
            yield content


def _find_title(tree: Any, stated: list[str], document: Any) -> str | None:
    """Return the title without the name of the site, in the words of the page's own heading.

    `stated` are the titles that its data have.
    """
    window = clean(tree.findtext(".//title") or "")
    main, smaller = _headings(tree, "h1"), _headings(tree, "h2", "h3")
    for title in filter(None, [*stated, window, document.title]):
        heading = _heading_in(fold(title), main, smaller)
        if heading:
            return _PAID.sub("", heading)
    parts = sorted(re.split(r"\s[-|–—•·«»:]+\s", window), key=len, reverse=True)
    titles = [title for title in [*main, *stated] if title and title != document.sitename]
    return next(filter(None, [*titles[:1], *parts, document.title]), None)


def _heading_in(title: str, main: list[str], smaller: list[str]) -> str | None:
    """Return the heading that is in a folded title, or has it in it, None where there is none.

    The name of the site may be the main heading, and the article's a smaller one.
    """
    within = [heading for heading in main if fold(heading) in title or title in fold(heading)]
    if not within:
        return None
    return max([*within, *(heading for heading in smaller if fold(heading) in title)], key=len)


def _headings(tree: Any, *tags: str) -> list[str]:
    return list(filter(None, (clean(heading.text_content()) for heading in tree.iter(*tags))))
