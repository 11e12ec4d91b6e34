"""CSV: one row per paragraph; one column per dimension with its labels, or one per label."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from depeche.labels.errors import LabelsError
from depeche.labels.exchange.about import from_about
from depeche.labels.exchange.columns import from_cells, order_of, to_cells
from depeche.labels.exchange.formats import Entry, Export, Exported, Reading
from depeche.labels.exchange.json_files import read_text
from depeche.labels.exchange.names import put_labels
from depeche.labels.formats.cells import format_cell, parse_cell
from depeche.labels.formats.delimited import iter_rows
from depeche.labels.paragraphs import FIELDS, LabelledParagraph
from depeche.labels.schema import Dimension, Schema

_JOINED = "|"
_SPLIT = re.compile(r"[|;,]")
_BITS = {"0": False, "1": True, "false": False, "true": True, "": False}

Columns = dict[str, dict[str, str]]  # dimension -> label -> column; "" for joined labels


def write(export: Export, name: str) -> Exported:
    """Return one file. Cells that would be formulas get an apostrophe, which import removes."""
    schema = export.schema
    labels = [d.id for d in schema.dimensions]
    if export.indicators:
        labels = [f"{d.id}:{x}" for d in schema.dimensions for x in d.label_ids]
    names = _all_names(schema)

    def is_taken(key: str) -> bool:
        return key in names or key.partition(":")[0] in (d.id for d in schema.dimensions)

    rows = [to_cells(paragraph, schema, is_taken) for paragraph in export.paragraphs]
    header = order_of(rows, labels)
    for row, paragraph in zip(rows, export.paragraphs, strict=True):
        row |= _label_cells(paragraph, schema, indicators=export.indicators)
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")  # so that a lone \r is quoted as well
    writer.writerow(map(format_cell, header))
    writer.writerows([format_cell(row.get(column, "")) for column in header] for row in rows)
    return Exported(files={name: file.getvalue()})


def _label_cells(
    paragraph: LabelledParagraph, schema: Schema, *, indicators: bool
) -> dict[str, str]:
    if paragraph.kind != "body":
        return {}
    cells: dict[str, str] = {}
    for d in schema.dimensions:
        given = paragraph.labels[d.id]
        if indicators:
            cells |= {f"{d.id}:{x}": "1" if x in given else "0" for x in d.label_ids}
        else:
            cells[d.id] = _JOINED.join(given)
    return cells


def read(path: Path, schema: Schema) -> Reading:
    """Return the rows of a file whose cells are divided by commas, semicolons, tabs or bars.

    Raises
    ------
    LabelsError
        When the file is no such table, or lacks a column.
    """
    reading = Reading()
    (_, header), *rows = _rows(path) or [(1, [])]
    names = [name.strip() for name in header]
    columns = _find_columns(path, names, schema)
    for line, row in rows:
        if not any(row):
            continue
        place = f"line {line}"
        if len(row) != len(header):
            fault = f"{len(row)} cells, but the header has {len(header)}"
            reading.entries.append(Entry(place=place, record={}, faults=(fault,)))
            continue
        faults: list[str] = []
        record = _record(dict(zip(names, row, strict=True)), columns, schema, faults)
        reading.entries.append(Entry(place=place, record=record, faults=tuple(faults)))
    return reading


def _record(
    cells: dict[str, str], columns: Columns, schema: Schema, faults: list[str]
) -> dict[str, Any]:
    """Return the record of a row."""
    of_labels = {column for by_label in columns.values() for column in by_label.values()}
    facts = {key: cell for key, cell in cells.items() if key and key not in of_labels}
    record = from_about(cells["text"], from_cells(facts, faults), faults)
    given = {d.id: _given(cells, columns[d.id], d, faults) for d in schema.dimensions}
    put_labels(record, given, schema)
    return record


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return each row with the number of the line that it starts on."""
    try:
        rows = list(iter_rows(read_text(path), _has_text))
    except ValueError as err:
        raise LabelsError(f"{path}:{err}") from err
    return [(line, [parse_cell(cell) for cell in row]) for line, row in rows]


def _has_text(names: Sequence[str]) -> int:
    """Return 1 where a column is called text, else 0."""
    return int("text" in (name.strip() for name in names))


def _all_names(schema: Schema) -> dict[str, tuple[str, str]]:
    """Return each name that a column of 0 and 1 may have, with its dimension and label."""
    ids = [label for d in schema.dimensions for label in d.label_ids]
    names: dict[str, tuple[str, str]] = {}
    for d in schema.dimensions:
        for label in d.label_ids:
            alone = [label] if ids.count(label) == 1 else []
            forms = (*alone, f"{d.id}.{label}", f"{d.id}:{label}")
            names |= dict.fromkeys(forms, (d.id, label))
    for field in FIELDS:
        names.pop(field, None)
    return names


def _find_columns(path: Path, header: list[str], schema: Schema) -> Columns:
    """Return which columns hold the labels of each dimension."""
    _check_header(path, header)
    columns: Columns = {d.id: {} for d in schema.dimensions}
    known = _all_names(schema) | {d.id: (d.id, "") for d in schema.dimensions}
    for name in header:
        if name in known:
            dimension, label = known[name]
            columns[dimension][label] = name
        elif ":" in name and name.partition(":")[0] in columns:
            allowed = ", ".join(name for name in known if ":" in name)
            raise LabelsError(f"{path}:1: column {name!r:.80} is no label; allowed: {allowed}")
    for d in schema.dimensions:
        _check_columns(path, d, columns[d.id])
    return columns


def _check_header(path: Path, header: list[str]) -> None:
    """Raise unless there is a column of texts, and no name stands twice."""
    if "text" not in header:
        raise LabelsError(f"{path}:1: no column 'text'; columns are {', '.join(header) or 'none'}")
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise LabelsError(f"{path}:1: column {twice[0]!r:.80} is there twice")


def _check_columns(path: Path, dimension: Dimension, columns: dict[str, str]) -> None:
    """Raise unless a dimension has one column of labels, or a column for each of its labels."""
    lacking = [f"{dimension.id}:{x}" for x in dimension.label_ids if x not in columns]
    if "" in columns and len(columns) > 1:
        both = ", ".join(columns.values())
        raise LabelsError(f"{path}:1: columns {both} all hold labels: keep one, or one per label")
    if "" not in columns and lacking:
        raise LabelsError(
            f"{path}:1: no column {dimension.id!r}, nor {', '.join(lacking)}: give the labels of "
            "each paragraph in one column, or 0 and 1 in one column per label"
        )


def _given(
    cells: dict[str, str], columns: dict[str, str], dimension: Dimension, faults: list[str]
) -> list[str]:
    """Return the labels of a row; the check of records finds the unknown ones."""
    if "" in columns:
        parts = (part.strip() for part in _SPLIT.split(cells[columns[""]]))
        return [part for part in parts if part]
    given = []
    for label in dimension.label_ids:
        bit = _BITS.get(cells[columns[label]].strip().lower())
        if bit is None:
            faults.append(f"{columns[label]}: must be 0 or 1, not {cells[columns[label]]!r:.80}")
        elif bit:
            given.append(label)
    return given
