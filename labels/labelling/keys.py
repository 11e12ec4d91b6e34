"""Which key stands for which label; it depends on nothing but the schema."""

from __future__ import annotations

import string
from dataclasses import dataclass

from depeche.labels.schema import Schema

COMMANDS = "bcqsu"  # letters that are commands of the app
DIGITS = "1234567890"
# The same keys on a French keyboard, whose upper row gives digits only with Shift.
AZERTY = dict(zip("&é\"'(-è_çà", DIGITS, strict=True))


@dataclass(frozen=True, kw_only=True)
class Keys:
    """The keys of a schema's labels.

    `letters` maps a letter to (dimension id, label id). `by_label` maps (dimension id, label id) to
    the key shown beside the label, which is empty once all letters are taken. Digits stand for the
    labels of the single dimension that has the focus.
    """

    letters: dict[str, tuple[str, str]]
    by_label: dict[tuple[str, str], str]
    singles: tuple[str, ...]


def assign_keys(schema: Schema) -> Keys:
    """Return the keys of a schema's labels.

    A label of a multi dimension gets the first free letter of its id, else the first free letter
    of the alphabet, else a capital. The labels of a single dimension are numbered; from the
    eleventh on they get letters too.
    """
    letters: dict[str, tuple[str, str]] = {}
    by_label: dict[tuple[str, str], str] = {}
    for dimension in schema.dimensions:
        for place, label in enumerate(dimension.label_ids):
            if dimension.kind == "single" and place < len(DIGITS):
                by_label[dimension.id, label] = DIGITS[place]
                continue
            key = _first_free(label.lower(), letters)
            if key:
                letters[key] = (dimension.id, label)
            by_label[dimension.id, label] = key
    singles = tuple(d.id for d in schema.dimensions if d.kind == "single")
    return Keys(letters=letters, by_label=by_label, singles=singles)


def _first_free(name: str, taken: dict[str, tuple[str, str]]) -> str:
    """Return a free letter for a name, or "" when none is left."""
    candidates = [c for c in name if c in string.ascii_lowercase]
    candidates += [*string.ascii_lowercase, *name.upper(), *string.ascii_uppercase]
    free = (c for c in candidates if c in string.ascii_letters)
    return next((c for c in free if c not in taken and c not in COMMANDS), "")
