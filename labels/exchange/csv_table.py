"""CSV: a row a paragraph; a column a dimension with its labels joined, or one a label, 0 or 1."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from depeche.labels.errors import LabelsError
from depeche.labels.exchange.about import from_about
from depeche.labels.exchange.columns import from_cells, order_of, to_cells
from depeche.labels.exchange.formats import Entry, Export, Exported, Reading
from depeche.labels.exchange.json_files import read_text
from depeche.labels.exchange.names import put_labels
from depeche.labels.formats.cells import format_cell, parse_cell
from depeche.labels.paragraphs import FIELDS, LabelledParagraph
from depeche.labels.schema import Dimension, Schema

_JOINED = "|"
_SPLIT = re.compile(r"[|;,]")
_DELIMITERS = ",;\t|"
_EXCEL = re.compile(r"sep=(.)\r?\n")  # a first line by which Excel tells the delimiter
_LONGEST_CELL = 1 << 27
_BITS = {"0": False, "1": True, "false": False, "true": True, "": False}

Columns = dict[str, dict[str, str]]  # dimension -> label -> column; "" has joined labels


def write(export: Export, name: str) -> Exported:
    """Return one file; what would be a formula gets an apostrophe, which import takes away."""
    schema = export.schema
    columns = {d.id: [d.id] for d in schema.dimensions}
    if export.indicators:
        columns = {d.id: [f"{d.id}:{x}" for x in d.label_ids] for d in schema.dimensions}
    labels = [column for found in columns.values() for column in found]
    names = _all_names(schema)

    def is_taken(key: str) -> bool:
        return key in names or key.partition(":")[0] in columns

    rows = [
        to_cells(p, schema, is_taken) | _label_cells(p, schema, indicators=export.indicators)
        for p in export.paragraphs
    ]
    header = order_of(({k: v for k, v in row.items() if k not in labels} for row in rows), labels)
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
    """Return the rows of a file divided by commas, semicolons, tabs or bars.

    Raises
    ------
    LabelsError
        When the file is no such table, or lacks a column.
    """
    reading = Reading()
    (_, header), *rows = _rows(path) or [(1, [])]
    names = [name.strip() for name in header]
    columns = _find_columns(path, names, schema)
    of_labels = {column for found in columns.values() for column in found.values()}
    for line, row in rows:
        if not any(row):
            continue
        place = f"line {line}"
        if len(row) != len(header):
            fault = f"{len(row)} cells, but the header has {len(header)}"
            reading.entries.append(Entry(place=place, record={}, faults=(fault,)))
            continue
        faults: list[str] = []
        cells = dict(zip(names, row, strict=True))
        known = {key: cell for key, cell in cells.items() if key and key not in of_labels}
        record = from_about(cells["text"], from_cells(known, faults), faults)
        given = {d.id: _given(cells, columns[d.id], d, faults) for d in schema.dimensions}
        put_labels(record, given, schema)
        reading.entries.append(Entry(place=place, record=record, faults=tuple(faults)))
    return reading


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return each row with the line it begins on."""
    text = read_text(path)
    told = _EXCEL.match(text)
    text = text[told.end() :] if told else text
    delimiter = told[1] if told else _delimiter(text.split("\n", 1)[0])
    found = []
    line = first = 2 if told else 1
    limit = csv.field_size_limit(_LONGEST_CELL)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in rows:
            found.append((line, [parse_cell(cell) for cell in row]))
            line = rows.line_num + first
    except csv.Error as err:
        raise LabelsError(f"{path}:{line}: not CSV: {err}") from err
    finally:
        csv.field_size_limit(limit)
    return found


def _delimiter(header: str) -> str:
    """Return the delimiter that makes a column called text, and then most columns."""

    def columns(delimiter: str) -> tuple[bool, int]:
        names = [name.strip(' "\r') for name in header.split(delimiter)]
        return "text" in names, len(names)

    return max(_DELIMITERS, key=columns)


def _all_names(schema: Schema) -> dict[str, tuple[str, str]]:
    """Return each name that a column of 0 and 1 may have, with its dimension and label."""
    ids = [label for d in schema.dimensions for label in d.label_ids]
    found: dict[str, tuple[str, str]] = {}
    for d in schema.dimensions:
        for label in d.label_ids:
            alone = [label] if ids.count(label) == 1 else []
            names = (*alone, f"{d.id}.{label}", f"{d.id}:{label}")
            found |= dict.fromkeys(names, (d.id, label))
    for field in FIELDS:
        found.pop(field, None)
    return found


def _find_columns(path: Path, header: list[str], schema: Schema) -> Columns:
    """Return where each dimension's labels are, from the header."""
    if "text" not in header:
        raise LabelsError(f"{path}:1: no column 'text'; columns are {', '.join(header) or 'none'}")
    doubled = {name for name in header if name and header.count(name) > 1}
    if doubled:
        raise LabelsError(f"{path}:1: column {sorted(doubled)[0]!r:.80} is there twice")
    columns: Columns = {d.id: {} for d in schema.dimensions}
    names = _all_names(schema)
    for name in header:
        if name in columns:
            columns[name][""] = name
        elif name in names:
            dimension, label = names[name]
            columns[dimension][label] = name
        elif name.partition(":")[0] in columns and ":" in name:
            allowed = ", ".join(name for name in names if ":" in name)
            raise LabelsError(f"{path}:1: column {name!r:.80} is no label; allowed: {allowed}")
    for d in schema.dimensions:
        _check_columns(path, d, columns[d.id])
    return columns


def _check_columns(path: Path, dimension: Dimension, found: dict[str, str]) -> None:
    """Raise unless a dimension has one column of labels, or a column for each of its labels."""
    lacking = [f"{dimension.id}:{x}" for x in dimension.label_ids if x not in found]
    if "" in found and len(found) > 1:
        both = ", ".join(found.values())
        raise LabelsError(f"{path}:1: columns {both} all hold labels: keep one, or one a label")
    if "" not in found and lacking:
        raise LabelsError(
            f"{path}:1: no column {dimension.id!r}, nor {', '.join(lacking)}: give the labels of "
            "each paragraph in one column, or 0 and 1 in one a label"
        )


def _given(
    cells: dict[str, str], columns: dict[str, str], dimension: Dimension, faults: list[str]
) -> list[str]:
    """Return the labels of a row; the check of records says which are unknown."""
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
