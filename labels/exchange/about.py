"""The facts on a paragraph beside its text and labels, in the form that other tools carry."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from depeche.labels.paragraphs import FIELDS, ORANGESUM, LabelledParagraph, sha256_of, to_record
from depeche.labels.schema import Schema

KEY = "meta"  # the field that has them in doccano, Prodigy and our Label Studio tasks
SPAN, OTHER = f"{KEY}.span", f"{KEY}.other"  # in columns: no id of a dimension has a dot
_FIELDS = tuple(name for name in FIELDS if name != "text")


def about(paragraph: LabelledParagraph, schema: Schema) -> dict[str, Any]:
    """Return the facts on a paragraph, without its text, its labels and missing fields.

    Fields that mean nothing to us stand beside ours, or in `other` where their names are ours.
    """
    record = to_record(replace(paragraph, other={}), schema)
    facts = {key: record[key] for key in _FIELDS if key in record}
    if paragraph.span is not None:
        facts["span"] = asdict(paragraph.span)
    known = {*_FIELDS, "span", "other", "text"}
    facts |= {key: value for key, value in paragraph.other.items() if key not in known}
    hidden = {key: value for key, value in paragraph.other.items() if key in known}
    return facts | ({"other": hidden} if hidden else {})


def from_about(text: object, facts: dict[str, Any], faults: list[str]) -> dict[str, Any]:
    """Return the record, without labels, of a text and the facts on it: the inverse of `about`.

    A text of OrangeSum becomes a span again, if it is the one that was labelled.
    """
    record = {key: value for key, value in facts.items() if key not in ("span", "other")}
    other = facts.get("other")
    if isinstance(other, dict):
        record |= {key: value for key, value in other.items() if key not in (*_FIELDS, "text")}
    span = facts.get("span")
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
