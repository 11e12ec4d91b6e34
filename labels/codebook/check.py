"""What a schema defines, in words, and which parts of it are likely mistakes."""

from __future__ import annotations

import textwrap
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator

from depeche.labels.schema import Dimension, Label, Schema

FEWEST_CHARACTERS = 20  # of a definition: annotators read shorter ones in different ways


def schema_lines(schema: Schema, *, width: int) -> list[str]:
    """Return what a schema defines: dimensions, labels, definitions and keywords."""
    lines = [
        f"{schema.name}, version {schema.version}, digest {schema.digest[:12]}: "
        f"{_count(len(schema.dimensions), 'dimension')}, {_count(schema.n_labels, 'label')}"
    ]
    for dimension in schema.dimensions:
        how_many = "exactly one" if dimension.kind == "single" else "any number"
        names = f"{dimension.fr} / {dimension.en}"
        n_labels = _count(len(dimension.labels), "label")
        lines += ["", f"{dimension.id} ({names}): {how_many} of {n_labels}"]
        for label in dimension.labels:
            n_keywords = _count(len(label.keywords), "keyword")
            lines.append(f"  {label.id} ({label.fr} / {label.en}), {n_keywords}")
            lines += textwrap.wrap(
                label.definition, width, initial_indent="    ", subsequent_indent="    "
            )
    return lines


def schema_warnings(schema: Schema) -> list[str]:
    """Return one line for each part that is allowed but likely a mistake."""
    warnings = [*_alike("dimensions", (d.id for d in schema.dimensions))]
    for dimension in schema.dimensions:
        here = dimension.id
        warnings += [f"{here}: {fault}" for fault in _dimension_faults(dimension)]
        for label in dimension.labels:
            warnings += [f"{here}: {label.id}: {fault}" for fault in _label_faults(label)]
    return warnings


def _dimension_faults(dimension: Dimension) -> Iterator[str]:
    labels = dimension.labels
    yield from _alike("labels", (label.id for label in labels))
    for what, values in (
        ("French name", {label.id: _folded(label.fr) for label in labels}),
        ("English name", {label.id: _folded(label.en) for label in labels}),
        ("definition", {label.id: _folded(label.definition) for label in labels}),
        ("keywords", {x.id: frozenset(map(_folded, x.keywords)) for x in labels if x.keywords}),
    ):
        seen: dict[object, str] = {}
        for name, value in values.items():
            if seen.setdefault(value, name) != name:
                yield f"{seen[value]} and {name} have the same {what}"
    if not any(label.keywords for label in labels):
        yield "no label has keywords: a model cannot be measured against rules"


def _label_faults(label: Label) -> Iterator[str]:
    if _folded(label.definition) in {_folded(x) for x in (label.id, label.fr, label.en)}:
        yield "its definition only repeats its name: say what it applies to, and what not"
    elif len(label.definition.strip()) < FEWEST_CHARACTERS:
        yield (
            f"its definition has fewer than {FEWEST_CHARACTERS} characters: "
            "say what it applies to, and what not"
        )
    counts = Counter(map(_folded, label.keywords))
    for keyword, n in counts.items():
        if n > 1:
            yield f"keyword {keyword!r} is given {n} times"
        if any("*" in word.rstrip("*") for word in keyword.split()):
            yield f"keyword {keyword!r}: a * stands for an ending, and only at the end of a word"


def _alike(what: str, ids: Iterable[str]) -> Iterator[str]:
    """Yield a warning for ids that differ only by case: readers and disks confuse them."""
    seen: dict[str, str] = {}
    for name in ids:
        first = seen.setdefault(_folded(name), name)
        if first != name:
            yield f"{what} {first} and {name} differ only by case"


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", " ".join(text.split())).casefold()


def _count(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"
