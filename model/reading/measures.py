"""Measures pages before a library reads them, and finds those that would keep it for minutes.

The time that trafilatura takes grows with the square of some counts. Where such a count is too
large, the thing counted is left out, or the page is read in a plainer way. Counts decide, not a
clock, so that the same file gives the same record anywhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from depeche.model.reading.article import decode_references

# News pages have 3,000 to 10,000 tags; so many `<p>a b</p>` take trafilatura's first opinion 0.4 s.
_MOST_TAGS = 20_000
# libxml2 compares the names of a tag's attributes with one another: so many take 0.03 s.
_MOST_ATTRIBUTES = 2_000
_START_TAG = re.compile(r"<[a-z](?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+", re.IGNORECASE)
_VALUE = re.compile(r"\"[^\"]*+\"|'[^']*+'")
# From so many characters on, trafilatura's second opinions cost too much memory.
_LARGE = 500_000
# For each short text, justext looks through the short ones around it, up to one with a link: so
# many pairs (630 texts) take 0.03 s. A page's longest list without a link has some tens.
_MOST_PAIRS = 400_000
_LINK = re.compile(r"<a\b[^<>]*+>\s*+[^<\s]", re.IGNORECASE)
_SHORT = re.compile(r">\s*+[^<\s][^<]{0,60}+<")
# An author of 1,000 brackets takes 6 ms, one of 20,000 takes 2 s. Longer than that are descriptions
# alone, of which nothing is used.
_LONGEST_VALUE = 1_000
# Characters of JSON-LD looked through, once from each name that makes trafilatura look: 0.1 s.
_MOST_LOOKED_AT = 10_000_000
# Lines and marks that the parser of Markdown looks at: each takes 10 to 50 us and 1 to 2 kB. A text
# of 1 MB has as many.
_MOST_MARKS = 20_000
_MARKS = "\n\r*_`[]<&!\\|~"
_DATA = './/script[@type="application/ld+json" or @type="application/settings+json"]'
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_LOOKED_FROM = re.compile(r'"author"|erson"|"publisher"|"@type"')
_TYPES = re.compile(r'"@type"\s*+:\s*+\[')
_NAMES = frozenset(("author", "name", "givenName", "additionalName", "familyName"))


def is_too_large(html: str) -> bool:
    """Return whether a page has too many tags for trafilatura, or one that is too large."""
    return html.count("<") > _MOST_TAGS or has_too_large_a_tag(html)


def has_too_large_a_tag(html: str) -> bool:
    """Return whether a tag has more attributes than libxml2 should read."""
    return any(
        tag.end() - tag.start() > _MOST_ATTRIBUTES
        and len(_VALUE.sub(" ", tag[0]).split()) > _MOST_ATTRIBUTES
        for tag in _START_TAG.finditer(html)
    )


def deserves_one_opinion(html: str) -> bool:
    """Return whether a page is too large, or has too many short texts, for a second opinion."""
    if len(html) > _LARGE:
        return True
    if html.count("<") ** 2 <= _MOST_PAIRS:
        return False
    return sum(len(_SHORT.findall(part)) ** 2 for part in _LINK.split(html)) > _MOST_PAIRS


def is_too_much_markdown(text: str) -> bool:
    """Return whether a text has more marks of Markdown than its parser should read."""
    return sum(map(text.replace("\r\n", "\n").count, _MARKS)) > _MOST_MARKS


def leave_out_absurd_data(tree: Any) -> None:
    """Take out of a page's tree metadata of a length that nobody would write."""
    for element in tree.xpath(".//meta[@content]"):
        if len(element.get("content")) > _LONGEST_VALUE:
            element.drop_tree()
    for element in tree.xpath(_DATA):
        if _is_absurd(element.text or ""):
            element.drop_tree()


def _is_absurd(data: str) -> bool:
    """Return whether JSON-LD, or a name in it, would keep trafilatura for minutes."""
    if len(data) <= _LONGEST_VALUE:
        return False
    # trafilatura decodes the JSON that it parses, and searches the text of what does not parse.
    decoded = decode_references(_ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), data))
    n_looks = len(_LOOKED_FROM.findall(decoded))
    try:
        parsed = json.loads(data, strict=False)
    except (ValueError, RecursionError):
        n_looks += data.count('\\"')
    else:
        if any(len(name) > _LONGEST_VALUE for name in _iter_names(parsed)):
            return True
        if decoded.count('"') == data.count('"'):
            n_looks = len(_TYPES.findall(data))
    return n_looks * len(data) > _MOST_LOOKED_AT


def _iter_names(data: Any) -> Iterator[str]:
    """Yield the texts anywhere in JSON whose key is one of `_NAMES`."""
    left = [("", data)]
    while left:
        key, value = left.pop()
        if isinstance(value, str):
            if key in _NAMES:
                yield value
        elif isinstance(value, dict):
            left.extend(value.items())
        elif isinstance(value, list):
            left.extend((key, part) for part in value)
