"""The schema: which dimensions and labels are predicted, read from a TOML file."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from depeche.labels.errors import SchemaError
from depeche.labels.formats.parsing import parse_toml

KINDS = ("multi", "single")
DEFAULT_SCHEMA = Path(__file__).parent / "schema.toml"

# Keys of labelled paragraphs and article records: a dimension cannot have such a name.
_LABELS_FIELDS = (
    "id",
    "article",
    "text",
    "kind",
    "annotator",
    "source",
    "date",
    "doc",
    "outlet",
    "flag",
    "comment",
    "votes",
    "drawn",
)
_RECORD_FIELDS = (
    "sha256",
    "title",
    "site",
    "author",
    "language",
    "encoding",
    "offsets",
    "note",
    "paragraphs",
    "skipped",
    "model",
)
_PARAGRAPH_FIELDS = ("index", "start", "end", "scores", "review", "evidence")
RESERVED = frozenset(_LABELS_FIELDS + _RECORD_FIELDS + _PARAGRAPH_FIELDS)
# Ids of labels are parts of names of metrics, for which MLflow accepts these characters.
ID = re.compile(r"\w[\w-]*")
# Ids of dimensions and labels are parts of names of files (at most 255 bytes) and of metrics in
# MLflow (at most 250 characters), and the name of a schema is part of a tag there.
MOST_BYTES = 100
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MOST_LABELS = 1000  # of all dimensions together


@dataclass(frozen=True, kw_only=True)
class Label:
    """One label of a dimension: its id, its two display names, its definition and its keywords.

    Keywords are words or phrases that a reader would search for; `*` at the end of a word stands
    for any ending.
    """

    id: str
    fr: str
    en: str
    definition: str
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """A question about each paragraph, answered by any number of its labels or by exactly one."""

    id: str
    kind: Literal["multi", "single"]
    fr: str
    en: str
    labels: tuple[Label, ...]

    @cached_property
    def label_ids(self) -> tuple[str, ...]:
        """Ids of the labels, in schema order."""
        return tuple(label.id for label in self.labels)


@dataclass(frozen=True, kw_only=True)
class Schema:
    """The dimensions predicted together, under a name and a version."""

    name: str
    version: int
    dimensions: tuple[Dimension, ...]

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of what labels and models must share: version, ids, kinds, order.

        Names, definitions and keywords are left out, so that better words do not make a model
        useless. A change of meaning takes a new `version`.
        """
        bound = [self.version, [[d.id, d.kind, d.label_ids] for d in self.dimensions]]
        return hashlib.sha256(json.dumps(bound, ensure_ascii=False).encode()).hexdigest()

    @property
    def n_labels(self) -> int:
        """Number of labels over all dimensions, which is the number of score columns of a model."""
        return sum(len(d.labels) for d in self.dimensions)

    @cached_property
    def label_names(self) -> tuple[str, ...]:
        """Name of each score column: the id of its label, or `dimension.id` where two share it."""
        ids = [label.id for d in self.dimensions for label in d.labels]
        return tuple(
            label.id if ids.count(label.id) == 1 else f"{d.id}.{label.id}"
            for d in self.dimensions
            for label in d.labels
        )

    def columns(self) -> list[tuple[Dimension, slice]]:
        """Return each dimension with the slice of score columns that holds its labels."""
        spans, start = [], 0
        for dimension in self.dimensions:
            spans.append((dimension, slice(start, start + len(dimension.labels))))
            start += len(dimension.labels)
        return spans

    def to_dict(self) -> dict[str, Any]:
        """Return the schema as JSON-ready data, the inverse of `parse_schema`."""
        return {
            "name": self.name,
            "version": self.version,
            "dimension": [
                {
                    "id": d.id,
                    "kind": d.kind,
                    "fr": d.fr,
                    "en": d.en,
                    "label": [asdict(label) for label in d.labels],
                }
                for d in self.dimensions
            ],
        }


def check_same_schema(ours: Schema, theirs: Schema, *, ours_is: str, theirs_is: str) -> None:
    """Raise `SchemaError`, with both digests, unless two schemas have the same digest."""
    if ours.digest != theirs.digest:
        raise SchemaError(
            f"{ours_is} has schema {ours.name} {ours.digest[:12]}, but {theirs_is} has "
            f"{theirs.name} {theirs.digest[:12]}: use labels and a model of the same schema"
        )


def read_schema(path: Path = DEFAULT_SCHEMA) -> Schema:
    """Return the schema of a TOML file.

    Raises
    ------
    SchemaError
        When the file is absent, is not TOML, or breaks the format.
    """
    try:
        data = parse_toml(path.read_text(encoding="utf-8"))
    except OSError as err:
        raise SchemaError(f"{path}: cannot read the schema: {err.strerror}") from err
    except ValueError as err:
        raise SchemaError(f"{path}: not a TOML file: {err}") from err
    return parse_schema(data, where=str(path))


def parse_schema(data: dict[str, Any], *, where: str) -> Schema:
    """Return the schema that TOML or JSON data describes; `where` starts each error message."""
    _check_keys(data, {"name", "version", "dimension"}, where)
    if not isinstance(data["name"], str) or type(data["version"]) is not int:
        raise SchemaError(f"{where}: name must be a text and version a whole number")
    _check_length(data["name"], f"{where}: name")
    _check_line(data["name"], f"{where}: name")
    entries = data["dimension"]
    if not isinstance(entries, list) or not entries:
        raise SchemaError(f"{where}: at least one [[dimension]] is needed")
    if len(entries) > _MOST_LABELS:
        raise SchemaError(f"{where}: {len(entries)} dimensions; {_MOST_LABELS} are allowed")
    dimensions = tuple(_parse_dimension(entry, where) for entry in entries)
    _check_dimensions(dimensions, where)
    return Schema(name=data["name"], version=data["version"], dimensions=dimensions)


def _check_dimensions(dimensions: tuple[Dimension, ...], where: str) -> None:
    """Raise unless the ids of dimensions can stand beside all other fields of a record."""
    ids = [d.id for d in dimensions]
    _check_ids(ids, f"{where}: dimension")
    for name in ids:
        taken = RESERVED | {other for other in ids if other != name}
        if {name, f"{name}_scores"} & taken:
            raise SchemaError(f"{where}: a dimension cannot be called {name!r}: it is a field")
    n_labels = sum(len(d.labels) for d in dimensions)
    if n_labels > _MOST_LABELS:
        raise SchemaError(f"{where}: {n_labels} labels; {_MOST_LABELS} are allowed")


def _parse_dimension(entry: Any, where: str) -> Dimension:
    here = f"{where}: [[dimension]]"
    _check_keys(entry, {"id", "kind", "fr", "en", "label"}, here)
    here = f"{where}: dimension {entry['id']!r:.80}"
    if entry["kind"] not in KINDS:
        raise SchemaError(f"{here}: kind is {entry['kind']!r:.80}; allowed: {', '.join(KINDS)}")
    least = 1 if entry["kind"] == "multi" else 2
    if not isinstance(entry["label"], list) or len(entry["label"]) < least:
        raise SchemaError(f"{here}: at least {least} [[dimension.label]] needed")
    labels = []
    for raw in entry["label"]:
        required = {"id", "fr", "en", "definition"}
        _check_keys(raw, required, f"{here}: [[dimension.label]]", optional={"keywords"})
        keywords = raw.get("keywords", [])
        if not isinstance(keywords, list | tuple) or not all(
            isinstance(word, str) and word.strip(" *") for word in keywords
        ):
            raise SchemaError(f"{here}: keywords must be a list of words, not {keywords!r:.80}")
        fields = {key: _text(raw, key, here) for key in sorted(required)}
        labels.append(Label(**fields, keywords=tuple(keywords)))
    _check_ids([label.id for label in labels], f"{here}: label")
    return Dimension(
        id=_text(entry, "id", here),
        kind=entry["kind"],
        fr=_text(entry, "fr", here),
        en=_text(entry, "en", here),
        labels=tuple(labels),
    )


def _text(entry: dict[str, Any], key: str, where: str) -> str:
    value = entry[key]
    if not isinstance(value, str) or not value.strip():
        raise SchemaError(f"{where}: {key} must be a text that is not empty, not {value!r:.80}")
    if key != "definition":  # which may have several lines
        _check_line(value, f"{where}: {key}")
    return value


def _check_line(value: str, what: str) -> None:
    if _CONTROL.search(value):
        raise SchemaError(f"{what} {value!r:.80} has a line break or another control character")


def _check_keys(entry: Any, keys: set[str], where: str, *, optional: Collection[str] = ()) -> None:
    if not isinstance(entry, dict):
        raise SchemaError(f"{where}: a table is needed, not {entry!r:.80}")
    missing, unknown = sorted(keys - entry.keys()), sorted(entry.keys() - keys - set(optional))
    if missing:
        raise SchemaError(f"{where}: missing {', '.join(missing)}")
    if unknown:
        raise SchemaError(
            f"{where}: unknown key {', '.join(unknown):.200}; "
            f"allowed: {', '.join(sorted({*keys, *optional}))}"
        )


def _check_ids(ids: list[str], where: str) -> None:
    seen: set[str] = set()
    for name in ids:
        if not isinstance(name, str) or not ID.fullmatch(name):
            raise SchemaError(f"{where} id {name!r:.80}: only letters, digits, _ and - are allowed")
        _check_length(name, f"{where} id")
        if name in seen:
            raise SchemaError(f"{where} id {name!r} is given twice")
        seen.add(name)


def _check_length(name: str, what: str) -> None:
    if len(name.encode(errors="replace")) > MOST_BYTES:
        raise SchemaError(
            f"{what} {name!r:.80} is too long: at most {MOST_BYTES} bytes, of which an accented "
            "letter takes two"
        )
