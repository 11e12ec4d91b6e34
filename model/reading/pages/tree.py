"""Changes a page's tree so that an extractor loses none of the article, and takes it first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from depeche.model.reading.pages.page import BREAK, clean

_CONTAINERS = ("article", "body", "center", "div", "main", "section")
_PARTING = frozenset(
    ("address", "article", "aside", "blockquote", "button", "center", "dd", "details", "div", "dl",
     "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
     "header", "hr", "iframe", "li", "main", "nav", "noscript", "ol", "p", "pre", "script",
     "section", "style", "table", "template", "ul")
)  # fmt: skip
# Characters that lxml reads, and does not let be written.
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_FEWEST_LETTERS = 40  # of loose text that is a paragraph though it does not end as a sentence
_COMMENTS = re.compile(r"comment(?!ary)|\bforum|related|newsletter|cookie", re.IGNORECASE)
_LONG = 80  # characters of a paragraph
_FURTHER = 1.2  # times as much has what holds further sections, rather than a teaser or two
_SHARES = (0.6, 0.5)  # of such paragraphs, in what holds most of them
_MARKING = ("class", "id", "itemprop", "role")  # by which an element looks like an article's
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


def prepare(tree: Any) -> None:
    """Change a page's tree so that trafilatura loses no words of sentences, nor their paragraphs.

    Two line breaks in a row part paragraphs. Text beside blocks is a block. Inline quotations and
    dates belong to the sentence around them, and who is quoted to the quotation.
    """
    for element in list(tree.iter()):
        if isinstance(element.tag, str):
            tag = _better_tag(element)
            if tag != element.tag:
                element.tag = tag
            if element.tag == "br" and _ends_paragraph(element):
                element.tail = CONTROLS.sub("", f" {BREAK} {element.tail or ''}")
    for container in list(tree.iter(*_CONTAINERS)):
        _wrap_loose_text(container)


def _better_tag(element: Any) -> str:
    """Return the tag by which trafilatura reads an element for what it is."""
    tag, around = str(element.tag), element.getparent()
    if tag in ("q", "time"):
        return "span"
    if tag == "footer" and next(element.iterancestors("blockquote"), None) is not None:
        return "p"
    if tag == "figure" and element.find(".//blockquote") is not None:
        return "div"
    if tag == "li" and around.tag not in ("ul", "ol", "menu"):
        return "p" if _PARTING.isdisjoint(child.tag for child in element) else "div"
    if _is_of_the_site(tag):
        return "span" if around.tag == "p" else "div"
    return tag


def _is_of_the_site(tag: str) -> bool:
    """Return whether a tag is of the site's own; those of AMP show pictures and advertisements."""
    return "-" in tag and not tag.startswith("amp-")


def _ends_paragraph(line_break: Any) -> bool:
    """Return whether a line break comes right after another, outside a heading."""
    before = line_break.getprevious()
    if before is None or before.tag != "br" or (before.tail or "").strip():
        return False
    return next(line_break.iterancestors(_HEADINGS), None) is None


@contextmanager
def article_marked(tree: Any) -> Iterator[None]:
    """Mark, in a page's tree, the innermost element that holds most of its long paragraphs.

    trafilatura takes the first element that looks like an article's, which may be an entry of a
    live report or a box above the article: until the end, none before it looks so.
    """
    sizes = _count_paragraphs(tree)
    total = sizes.get(tree, 0)
    candidates = (_innermost(sizes, share * total) for share in _SHARES)
    article = next((element for element in candidates if element is not None), None)
    attributes: list[tuple[Any, str, str]] = []
    if article is not None:
        article = _widen(article, sizes)
        _move_lists(article)
        article.set("itemprop", "articleBody")
        before = _containers_before(tree, article)
        attributes = [(e, n, e.get(n)) for e in before for n in _MARKING if n in e.attrib]
    for element, name, _ in attributes:
        del element.attrib[name]
    yield
    for element, name, value in attributes:
        element.set(name, CONTROLS.sub("", value))


def _containers_before(tree: Any, article: Any) -> Iterator[Any]:
    """Yield the containers of a page that begin before its article and do not hold it."""
    above = set(article.iterancestors())
    for element in tree.iter(*_CONTAINERS):
        if element is article:
            return
        if element not in above:
            yield element


def _widen(article: Any, sizes: dict[Any, int]) -> Any:
    """Return what holds an article's further sections, inside what the page calls the article."""
    around = list(article.iterancestors())
    limit = max((i for i, e in enumerate(around) if e.tag in ("article", "main")), default=-1)
    for element in around[: limit + 1]:
        if element.tag in _CONTAINERS and sizes.get(element, 0) > _FURTHER * sizes[article]:
            article = element
    return article


def _move_lists(article: Any) -> None:
    """Put lists of sentences that stand beside an article, its key points say, into it."""
    around = next((e for e in article.iterancestors() if e.find(".//h1") is not None), None)
    inside = set(article.iter("ul", "ol"))
    is_above = True
    for element in list(around.iter("h1", "ul", "ol", article.tag)) if around is not None else ():
        if element is article:
            is_above = False
        elif element.tag in ("ul", "ol") and element not in inside and _has_sentences(element):
            article.insert(0, element) if is_above else article.append(element)


def _has_sentences(element: Any) -> bool:
    """Return whether the items of a list are sentences, and no links."""
    around = element.iterancestors()
    if element.find(".//a") is not None or any(map(_is_elsewhere, around)):
        return False
    items = [clean(item.text_content()) for item in element.iter("li")]
    return len(items) > 1 and min(map(len, items)) >= _FEWEST_LETTERS


def _count_paragraphs(tree: Any) -> dict[Any, int]:
    """Return how many characters of long paragraphs each element around them has."""
    sizes: dict[Any, int] = {}
    is_elsewhere = {element: _is_elsewhere(element) for element in tree.iter()}
    for paragraph in tree.iter("p"):
        size = len(clean(paragraph.text_content()))
        around = list(paragraph.iterancestors()) if size >= _LONG else []
        if not any(is_elsewhere[element] for element in around):
            for element in around:
                sizes[element] = sizes.get(element, 0) + size
    return sizes


def _innermost(sizes: dict[Any, int], least: float) -> Any:
    """Return the innermost container that holds so many characters, None where only a page does."""
    holding = [e for e, n in sizes.items() if n >= least and e.tag in _CONTAINERS]
    inner = [e for e in holding if e.tag != "body"]
    return max(inner, key=lambda e: sum(1 for _ in e.iterancestors()), default=None)


def _is_elsewhere(element: Any) -> bool:
    """Return whether what an element holds is none of the article."""
    if element.tag in ("aside", "nav", "footer", "form", "a", "figure"):
        return True
    return _COMMENTS.search(f"{element.get('class', '')} {element.get('id', '')}") is not None


def _wrap_loose_text(container: Any) -> None:
    """Put each run of text that stands in a container, beside its blocks, in a paragraph."""
    runs: list[list[Any]] = [[]]
    places = [(container, container.text)]  # what each run stands after, and its first text
    for child in container:
        if child.tag in _PARTING:
            runs.append([])
            places.append((child, child.tail))
        else:
            runs[-1].append(child)
    for (place, text), run in zip(places, runs, strict=True):
        if not _is_sentence(text, run):
            continue
        paragraph = container.makeelement("p")
        paragraph.text = CONTROLS.sub("", text or "")
        if place is container:
            container.text = None
            container.insert(0, paragraph)
        else:
            place.tail = None
            place.addnext(paragraph)
        paragraph.extend(run)


def _is_sentence(text: str | None, run: list[Any]) -> bool:
    """Return whether a run of text is long, or ended, enough for a paragraph, but for its links."""
    pieces = [text or ""]
    for child in run:
        if isinstance(child.tag, str) and child.tag != "a":
            pieces.append(child.text_content())
        pieces.append(child.tail or "")
    words = clean("".join(pieces))
    is_ended = words.rstrip(' »”")').endswith((".", "!", "?", "…")) and words.count(" ") > 1
    return len(words) >= _FEWEST_LETTERS or is_ended
