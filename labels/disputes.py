"""Paragraphs in dispute: written for adjudication, settled, and kept with all votes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from labels.errors import LabelsError
from labels.paragraphs import LabelledParagraph, Labels, format_labels, read_labels
from labels.schema import Dimension, Schema
from labels.votes import Votes, disputed_dimensions, in_order
from labels.writing import open_output


def read_disputes(path: Path, schema: Schema) -> list[LabelledParagraph]:
    """Return the paragraphs of a file of disputes: votes of two annotators or more, no labels.

    Raises
    ------
    LabelsError
        With one line per fault of the file.
    """
    return read_labels(path, schema, reading="disputes")


def unsettled(
    disputes: Iterable[LabelledParagraph], settled: Iterable[LabelledParagraph]
) -> list[LabelledParagraph]:
    """Return the disputes that are not yet settled, in order: what is left to ask."""
    done = {p.id for p in settled}
    return [p for p in disputes if p.id not in done]


def undisputed_labels(paragraph: LabelledParagraph, schema: Schema) -> Labels:
    """Return the labels of the dimensions on which all votes are the same."""
    disputed = disputed_dimensions(paragraph, schema)
    first = next(iter(paragraph.votes.values()))
    return {d.id: first[d.id] for d in schema.dimensions if d not in disputed}


def settle(
    paragraph: LabelledParagraph, labels: Labels, schema: Schema, *, annotator: str | None
) -> LabelledParagraph:
    """Return a paragraph with the labels settled on, its votes kept.

    Parameters
    ----------
    labels
        The labels of the dimensions in dispute; those of the others may be left out.
    annotator
        Who settled it.

    Raises
    ------
    LabelsError
        When a dimension in dispute is left open, or the labels are not the schema's.
    """
    chosen = undisputed_labels(paragraph, schema) | labels
    for dimension in schema.dimensions:
        if dimension.id not in chosen:
            raise LabelsError(f"{paragraph.id}: {dimension.id} is in dispute: choose its labels")
        _check_labels(paragraph.id, dimension, chosen[dimension.id])
    return replace(paragraph, labels=in_order(chosen, schema), annotator=annotator)


def agreed_paragraphs(votes: Votes) -> list[LabelledParagraph]:
    """Return the paragraphs on which all annotators agree, settled with their labels."""
    schema = votes.schema
    return [
        settle(p, {}, schema, annotator=None)
        for p in votes.paragraphs
        if not disputed_dimensions(p, schema)
    ]


def write_paragraphs(path: Path, paragraphs: Sequence[LabelledParagraph], schema: Schema) -> None:
    """Write disputes, or settled paragraphs with their votes, as JSON lines; whole or not at all.

    A stand-off paragraph that has been given its text keeps it beside its span: who settles it
    reads it there.

    Raises
    ------
    InputError
        When the file cannot be written.
    """
    with open_output(path) as file:
        file.write(format_labels(paragraphs, schema, with_texts=True))


def _check_labels(name: str, dimension: Dimension, labels: Sequence[str]) -> None:
    allowed = f"allowed: {', '.join(dimension.label_ids)}"
    for label in labels:
        if label not in dimension.label_ids:
            raise LabelsError(f"{name}: {dimension.id}: unknown label {label!r}; {allowed}")
    if dimension.kind == "single" and len(labels) != 1:
        raise LabelsError(f"{name}: {dimension.id}: exactly one label is needed; {allowed}")
