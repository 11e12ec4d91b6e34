"""What is known of a paragraph beside its text and its labels, as other tools carry it along."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from depeche.labels.paragraphs import FIELDS, ORANGESUM, LabelledParagraph, sha256_of, to_record
from depeche.labels.schema import Schema

KEY = "meta"  # where doccano, Prodigy and our Label Studio tasks have it
SPAN, OTHER = f"{KEY}.span", f"{KEY}.other"  # in columns: no id of a dimension has a dot
_FIELDS = tuple(name for name in FIELDS if name != "text")


def about(paragraph: LabelledParagraph, schema: Schema) -> dict[str, Any]:
    """Return what is known of a paragraph, its text, labels and missing fields left out.

    Fields that mean nothing to us stand beside ours, or in `other` where ours have such names.
    """
    record = to_record(replace(paragraph, other={}), schema)
    found = {key: record[key] for key in _FIELDS if key in record}
    if paragraph.span is not None:
        found["span"] = asdict(paragraph.span)
    known = {*_FIELDS, "span", "other", "text"}
    found |= {key: value for key, value in paragraph.other.items() if key not in known}
    hidden = {key: value for key, value in paragraph.other.items() if key in known}
    return found | ({"other": hidden} if hidden else {})


def from_about(text: object, found: dict[str, Any], faults: list[str]) -> dict[str, Any]:
    """Return the record without labels of a text and what is known of it, `about`'s inverse.

    A text that is OrangeSum's becomes a span again, if it is the one that was labelled.
    """
    record = {key: value for key, value in found.items() if key not in ("span", "other")}
    other = found.get("other")
    if isinstance(other, dict):
        record |= {key: value for key, value in other.items() if key not in (*_FIELDS, "text")}
    span = found.get("span")
    if isinstance(span, dict):
        if not isinstance(text, str) or sha256_of(text) != span.get("sha256"):
            faults.append("text: not the text of OrangeSum that was labelled: its hash differs")
        return record | span
    if record.get("source") == ORANGESUM:
        faults.append(
            f"source: the text of {ORANGESUM!r:.80} is not ours to keep, and its span is missing: "
            "export the paragraph anew"
        )
    return record | {"text": text}
