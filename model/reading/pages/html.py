"""Saved web pages as blocks of text, with what they say of themselves."""

from __future__ import annotations

import re
import warnings
from typing import Any

from depeche.model.reading.measures import (
    deserves_one_opinion,
    is_too_large,
    leave_out_absurd_data,
)
from depeche.model.reading.pages.blocks import iter_blocks, use_data
from depeche.model.reading.pages.boilerplate import tell_kinds
from depeche.model.reading.pages.metadata import read_metadata
from depeche.model.reading.pages.page import Page
from depeche.model.reading.pages.standfirst import add_standfirst
from depeche.model.reading.pages.tree import CONTROLS, article_marked, prepare

# What comes after these belongs to the body all the same (HTML Standard, 13.2.6.4.19). libxml2 does
# not know that: it would begin a second page and leave it out.
_END_OF_PAGE = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)


def read_html(html: str) -> Page | None:
    """Return the article of a page, None where trafilatura finds none or the page is too large."""
    tree = None if is_too_large(html) else _parse_html(html)
    if tree is None:
        return None
    leave_out_absurd_data(tree)
    prepare(tree)
    document = _describe(tree)
    metadata = read_metadata(tree, html, document)
    body = _extract_body(tree, fast=deserves_one_opinion(html))
    if body is None:
        return None
    extracted = tell_kinds(use_data(iter_blocks(body), metadata.bodies), tree, metadata)
    blocks = add_standfirst(extracted, tree, metadata)
    return Page(
        blocks=tuple(blocks),
        title=metadata.title,
        title_marked=metadata.title_marked,
        date=metadata.date,
        author=metadata.author,
        site=metadata.site,
        is_complete=True,
    )


def _parse_html(html: str) -> Any:
    """Return the tree of a page, None where lxml makes none of all of it."""
    import lxml.etree
    import lxml.html

    source = CONTROLS.sub("", _END_OF_PAGE.sub("", html)).encode()
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        tree = lxml.html.document_fromstring(source, parser=parser)
    except (lxml.etree.LxmlError, ValueError):
        return None
    # Past 256 elements within one another, libxml2 leaves out the rest of the page.
    limit = lxml.etree.ErrorTypes.ERR_RESOURCE_LIMIT
    return None if any(err.type == limit for err in parser.error_log) else tree


def _describe(tree: Any) -> Any:
    """Return what trafilatura finds a page to state of itself."""
    import logging

    import trafilatura
    from trafilatura.settings import Document

    warnings.filterwarnings("ignore", "tzname", RuntimeWarning)  # of a time zone it does not know
    for name in ("trafilatura", "htmldate"):  # their messages name no file, and quote the page
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        return trafilatura.extract_metadata(
            tree, date_config={"original_date": True, "extensive_search": False}
        )
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError):
        # JSON of types that it does not expect, or references to control characters.
        return Document()


def _extract_body(tree: Any, *, fast: bool) -> Any:
    """Return what trafilatura extracts of a page's tree, None where it fails."""
    import trafilatura

    with article_marked(tree):
        try:
            document: Any = trafilatura.bare_extraction(
                tree, include_comments=False, favor_recall=True, fast=fast
            )
        except (AttributeError, LookupError, RecursionError, ValueError):
            return None
    return document.body if document is not None else None
