"""Finds the keywords of a schema in a text, to mark them."""

from __future__ import annotations

import re

from depeche.labels.schema import Schema

_APOSTROPHES = "['’ʼ]"


def keyword_pattern(schema: Schema) -> re.Pattern[str] | None:
    """Return a pattern for any keyword of any label; None where there are no keywords."""
    labels = [label for dimension in schema.dimensions for label in dimension.labels]
    words = sorted({_pattern(word) for label in labels for word in label.keywords})
    if not words:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE)


def _pattern(keyword: str) -> str:
    """Return the regular expression of a keyword; `*` stands for any ending of a word."""
    parts = []
    for part in keyword.split():
        word = re.escape(part.rstrip("*"))
        ending = (r"\w*+" if word else r"\w++") if part.endswith("*") else ""
        parts.append(re.sub("['’]", _APOSTROPHES, word) + ending)
    return r"\s++".join(parts)
