"""Where a schema's keywords stand in a text, to be shown."""

from __future__ import annotations

import re

from depeche.labels.schema import Schema

_APOSTROPHES = "['’ʼ]"


def keyword_pattern(schema: Schema) -> re.Pattern[str] | None:
    """Return what finds any keyword of any label; None when there are none."""
    labels = [label for dimension in schema.dimensions for label in dimension.labels]
    words = sorted({_pattern(word) for label in labels for word in label.keywords})
    if not words:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE)


def _pattern(keyword: str) -> str:
    """Return a keyword as a regular expression, `*` as any ending of a word."""
    parts = []
    for part in keyword.split():
        word = re.escape(part.rstrip("*"))
        ending = (r"\w*+" if word else r"\w++") if part.endswith("*") else ""
        parts.append(re.sub("['’]", _APOSTROPHES, word) + ending)
    return r"\s++".join(parts)
