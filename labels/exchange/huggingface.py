"""A folder for the library datasets: Parquet with class labels, and a dataset card."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from depeche.labels.errors import InputError, LabelsError, MissingExtraError
from depeche.labels.exchange.about import from_about
from depeche.labels.exchange.columns import from_cells, order_of, to_cells
from depeche.labels.exchange.dataset_card import dataset_card
from depeche.labels.exchange.formats import Entry, Export, Exported, Reading
from depeche.labels.exchange.names import put_labels
from depeche.labels.formats.parquet import Contents, iter_rows
from depeche.labels.formats.parsing import parse_json
from depeche.labels.schema import Dimension, Schema
from depeche.labels.system.places import is_file, is_folder, reason_of

DATA = "data/train-00000-of-00001.parquet"
CARD = "README.md"
_KEY = b"huggingface"  # key in the metadata of Parquet, where datasets looks for the features


def write(export: Export, name: str) -> Exported:
    """Return the files of a folder that `datasets.load_dataset(FOLDER)` loads."""
    pyarrow = _pyarrow()
    from pyarrow import parquet

    schema = export.schema
    cells = [to_cells(paragraph, schema, lambda _: False) for paragraph in export.paragraphs]
    labels = [dimension.id for dimension in schema.dimensions]
    arrays = {}
    for column in order_of(cells, labels):
        dimension = next((d for d in schema.dimensions if d.id == column), None)
        if dimension is None:
            values: list[Any] = [row.get(column) for row in cells]
            arrays[column] = pyarrow.array(values, pyarrow.string())
        else:
            values = [_numbers(p.labels.get(column), dimension) for p in export.paragraphs]
            kind = pyarrow.int64()
            kind = kind if dimension.kind == "single" else pyarrow.list_(kind)
            arrays[column] = pyarrow.array(values, kind)
    features = {"info": {"features": _features(list(arrays), schema)}}
    table = pyarrow.table(arrays).replace_schema_metadata({_KEY: json.dumps(features)})
    file = io.BytesIO()
    parquet.write_table(table, file)
    card = dataset_card(export, name)
    return Exported(files={CARD: card, DATA: file.getvalue()}, is_folder=True)


def _numbers(given: tuple[str, ...] | None, dimension: Dimension) -> int | list[int] | None:
    if given is None:
        return None
    numbers = [dimension.label_ids.index(label) for label in given]
    return numbers[0] if dimension.kind == "single" else numbers


def _features(columns: list[str], schema: Schema) -> dict[str, Any]:
    """Return the features as datasets writes them; both old and new versions read this form."""
    features: dict[str, Any] = {column: {"dtype": "string", "_type": "Value"} for column in columns}
    for dimension in schema.dimensions:
        label = {"names": list(dimension.label_ids), "_type": "ClassLabel"}
        multi = {"feature": label, "_type": "Sequence"}
        features[dimension.id] = label if dimension.kind == "single" else multi
    return features


def read(path: Path, schema: Schema) -> Reading:
    """Return the rows of the Parquet files in a folder, or of one such file."""
    files = sorted(filter(is_file, path.rglob("*.parquet"))) if is_folder(path) else [path]
    if not files:
        raise LabelsError(f"{path}: no .parquet file in it: save the dataset with to_parquet")
    reading = Reading()
    for file in files:
        here = "" if file == path else f"{file.relative_to(path)}, "
        try:
            _read_file(file, here, schema, reading)
        except OSError as err:
            raise LabelsError(f"{file}: cannot be read: {reason_of(err)}") from err
        except InputError as err:
            raise LabelsError(f"{file}: {err}") from err
    return reading


def _read_file(path: Path, here: str, schema: Schema, reading: Reading) -> None:
    """Add the rows of a file to a reading."""
    names: dict[str, list[str] | None] = {}

    def choose(contents: Contents) -> None:
        names.update(_label_names(path, contents, schema))

    with path.open("rb") as file:
        for number, row in enumerate(iter_rows(file, choose), start=1):
            entry, not_kept = _entry(row, names, schema)
            reading.not_kept.update(not_kept)
            reading.entries.append(
                Entry(place=f"{here}row {number}", record=entry[0], faults=tuple(entry[1]))
            )


def _entry(
    row: dict[str, Any], names: dict[str, list[str] | None], schema: Schema
) -> tuple[tuple[dict[str, Any], list[str]], set[str]]:
    faults: list[str] = []
    other = {key: value for key, value in row.items() if key not in names}
    cells = {key: value for key, value in other.items() if isinstance(value, str)}
    record = from_about(row.get("text"), from_cells(cells, faults), faults)
    given = {d.id: list(_iter_labels(row[d.id], names[d.id], d, faults)) for d in schema.dimensions}
    put_labels(record, given, schema)
    return (record, faults), {k for k in other.keys() - cells.keys() if other[k] is not None}


def _iter_labels(
    value: Any, names: list[str] | None, dimension: Dimension, faults: list[str]
) -> Iterator[str]:
    """Yield the labels of a cell, which holds numbers of class labels, or ids."""
    for label in value if isinstance(value, list) else [value]:
        if label is None:
            continue
        if type(label) is int and names is not None and 0 <= label < len(names):
            yield names[label]
        elif isinstance(label, str):
            yield label
        elif type(label) is int and label >= 0 and names is None:
            faults.append(
                f"{dimension.id}: label number {label}, and the metadata of the file do not say "
                "which labels there are: save the dataset anew with to_parquet"
            )
        elif label != -1:  # which stands for a missing class label
            faults.append(f"{dimension.id}: {label!r:.80} is the number of no label")


def _label_names(path: Path, contents: Contents, schema: Schema) -> dict[str, list[str] | None]:
    """Return the names behind the numbers in the column of each dimension, None for texts."""
    features = _stored_features(contents.metadata.get(_KEY, b"{}"))
    columns = [column.name for column in contents.columns]
    needed = ("text", *(d.id for d in schema.dimensions))
    if any(columns.count(name) != 1 for name in needed):
        raise LabelsError(
            f"{path}: columns {', '.join(needed)} are needed, one of each; it has "
            f"{', '.join(columns)}"
        )
    names: dict[str, list[str] | None] = {}
    for dimension in schema.dimensions:
        names[dimension.id] = _class_names(features.get(dimension.id))
    return names


def _stored_features(data: bytes) -> dict[str, Any]:
    """Return the features in the metadata of a file; none where the metadata have none."""
    try:
        info = parse_json(data)
    except ValueError:
        return {}
    for key in ("info", "features"):
        info = info.get(key) if isinstance(info, dict) else None
    return info if isinstance(info, dict) else {}


def _class_names(feature: object) -> list[str] | None:
    """Return the names of the class labels of a column, None where it has none."""
    if isinstance(feature, dict) and "feature" in feature:  # a list, as old versions write it
        feature = feature["feature"]
    elif isinstance(feature, list) and feature:  # a list, as the oldest versions write it
        feature = feature[0]
    names = feature.get("names") if isinstance(feature, dict) else None
    is_list = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return names if is_list else None


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError as err:
        raise MissingExtraError("pyarrow", "batch") from err
    return pyarrow
