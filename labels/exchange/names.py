"""The labels of all dimensions in one list, for tools that have a single list of labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from depeche.labels.paragraphs import LabelledParagraph
from depeche.labels.schema import Dimension, Schema


def name_of(schema: Schema, dimension: Dimension, label: str) -> str:
    """Return the name of a label in the list: its id, or `dimension:label` where two share it."""
    n_having = sum(label in d.label_ids for d in schema.dimensions)
    return label if n_having == 1 else f"{dimension.id}:{label}"


def names_of(schema: Schema) -> list[tuple[str, Dimension, str]]:
    """Return each name of the list with its dimension and label, in schema order."""
    return [(name_of(schema, d, x), d, x) for d in schema.dimensions for x in d.label_ids]


def given_names(paragraph: LabelledParagraph, schema: Schema) -> list[str]:
    """Return the names of a paragraph's labels, in schema order."""
    return [
        name_of(schema, dimension, label)
        for dimension in schema.dimensions
        for label in paragraph.labels.get(dimension.id, ())
    ]


def put_labels(
    record: dict[str, object], given: Mapping[str, Sequence[str]], schema: Schema
) -> None:
    """Put labels by dimension into a record; the check of records refuses what is not allowed.

    A single dimension gets its one label; where several were given, their list; else nothing.
    """
    if record.get("kind", "body") != "body" and not any(given.values()):
        return
    for dimension in schema.dimensions:
        labels = list(given.get(dimension.id, ()))
        if dimension.kind == "multi":
            record[dimension.id] = labels
        elif labels:
            record[dimension.id] = labels[0] if len(labels) == 1 else labels


def find_labels(
    names: object, schema: Schema, field: str, faults: list[str]
) -> dict[str, list[str]]:
    """Return the labels in a list of names, by dimension; a name may be `dimension:label`."""
    known: dict[str, tuple[str, str]] = {}
    for name, dimension, label in names_of(schema):
        known[name] = known[f"{dimension.id}:{label}"] = (dimension.id, label)
    given: dict[str, list[str]] = {dimension.id: [] for dimension in schema.dimensions}
    if not isinstance(names, list):
        faults.append(f"{field}: must be a list of labels, not {names!r:.80}")
        return given
    for name in names:
        if not isinstance(name, str) or name not in known:
            allowed = ", ".join(name for name, _, _ in names_of(schema))
            faults.append(f"{field}: unknown label {name!r:.80}; allowed: {allowed}")
        else:
            dimension_id, label = known[name]
            given[dimension_id].append(label)
    return given
