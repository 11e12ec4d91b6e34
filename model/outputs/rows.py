"""What a batch writes: records, or rows of their flattening, in the formats that people use."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from itertools import count, islice
from pathlib import Path
from typing import IO, Any

from depeche.labels.errors import MissingExtraError
from depeche.labels.formats.cells import format_cell
from depeche.labels.schema import Schema
from depeche.model.outputs.record import scores_key

_ROWS_AT_ONCE = 5_000  # of a table in columns
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')
_LONGEST_NAME = 120  # bytes; systems allow 255
_DEEPEST = 8
_LONGEST_PATH = 160  # characters, of the 260 that Windows takes from the drive on
# Windows takes these for devices, with any ending.
_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?= *(?:\.|$))", re.IGNORECASE
)

_PARAGRAPH_COLUMNS = {
    "index": "count",
    "start": "count",
    "end": "count",
    "text": "text",
    "language": "text",
}

Record = dict[str, Any]


def article_row(record: Record, schema: Schema) -> dict[str, Any]:
    """Return a record as one row: for each dimension a list of labels and the score of each label.

    In a multi dimension, the score of a label that the article is not given is None.
    """
    row = _about(record) | {"n_paragraphs": len(record["paragraphs"])}
    for dimension in schema.dimensions:
        tags = record[dimension.id]
        if dimension.kind == "multi":
            row[dimension.id] = [tag["label"] for tag in tags]
            scores = {tag["label"]: tag["score"] for tag in tags}
        else:
            row[dimension.id], scores = tags["label"], tags["scores"]
        row |= {f"{dimension.id}.{label}": scores.get(label) for label in dimension.label_ids}
    row["n_to_review"] = sum(bool(p["review"]) for p in record["paragraphs"])
    return row | {"model": record["model"]["sha256"]}


def paragraph_rows(record: Record, schema: Schema) -> Iterator[dict[str, Any]]:
    """Yield one row per paragraph of a record."""
    about = _about(record)
    for paragraph in record["paragraphs"]:
        row = about | {key: paragraph[key] for key in _PARAGRAPH_COLUMNS}
        for dimension in schema.dimensions:
            row[dimension.id] = paragraph[dimension.id]
            scores = paragraph[scores_key(schema, dimension)]
            row |= {f"{dimension.id}.{label}": scores[label] for label in dimension.label_ids}
        row["review"] = paragraph["review"]
        yield row | {"model": record["model"]["sha256"]}


def _about(record: Record) -> dict[str, Any]:
    fields = ("id", "sha256", "title", "date", "author", "site", "source", "language")
    return {field: record.get(field) for field in fields}


def _rows(
    records: Iterable[Record], schema: Schema, *, paragraphs: bool
) -> Iterator[dict[str, Any]]:
    for record in records:
        if paragraphs:
            yield from paragraph_rows(record, schema)
        else:
            yield article_row(record, schema)


def column_types(schema: Schema, *, paragraphs: bool) -> dict[str, str]:
    """Return the columns of a table in order, each "text", "labels", "score" or "count"."""
    about = dict.fromkeys(_about({}), "text")
    columns = about | (_PARAGRAPH_COLUMNS if paragraphs else {"n_paragraphs": "count"})
    for dimension in schema.dimensions:
        columns[dimension.id] = "labels" if dimension.kind == "multi" else "text"
        columns |= {f"{dimension.id}.{label}": "score" for label in dimension.label_ids}
    columns |= {"review": "labels"} if paragraphs else {"n_to_review": "count"}
    return columns | {"model": "text"}


def write_csv(
    records: Iterable[Record], schema: Schema, file: IO[str], *, paragraphs: bool
) -> None:
    """Write rows as CSV: several labels joined by a space, and no formula: see `formats.cells`."""
    columns = column_types(schema, paragraphs=paragraphs)
    writer = csv.writer(_Lines(file))
    writer.writerow(columns)
    for row in _rows(records, schema, paragraphs=paragraphs):
        writer.writerow([spreadsheet_cell(row[name]) for name in columns])


class _Lines:
    r"""A file of rows that end in \n; csv writes \r\n, so that it quotes a \r within a cell."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, row: str) -> int:
        return self._file.write(row.removesuffix("\r\n") + "\n")


def spreadsheet_cell(value: object) -> object:
    """Return a value as a cell of CSV that no spreadsheet takes for a formula."""
    if isinstance(value, list):
        value = " ".join(value)
    if isinstance(value, str):
        return format_cell(value.replace("\0", ""))
    return value


def write_parquet(
    records: Iterable[Record], schema: Schema, file: Path | IO[bytes], *, paragraphs: bool
) -> None:
    """Write rows as Parquet, lists of labels as lists.

    Raises
    ------
    MissingExtraError
        When pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as err:
        raise MissingExtraError("pyarrow", "batch") from err
    types = {
        "text": pa.string(),
        "labels": pa.list_(pa.string()),
        "score": pa.float64(),
        "count": pa.int64(),
    }
    columns = column_types(schema, paragraphs=paragraphs)
    form = pa.schema([(name, types[kind]) for name, kind in columns.items()])
    rows = _rows(records, schema, paragraphs=paragraphs)
    with pq.ParquetWriter(file, form) as writer:
        while part := list(islice(rows, _ROWS_AT_ONCE)):
            writer.write_table(pa.Table.from_pylist(part, schema=form))


def write_sidecars(records: Iterable[Record], folder: Path) -> None:
    """Write one .json file per record, under a path like its id; none leaves the folder."""
    folder.mkdir()
    taken: set[str] = set()
    for record in records:
        name = sidecar_name(record["id"])
        if name.casefold() in taken:
            digest = _digest(record["id"])
            names = (f"{name}-{digest}-{n}" for n in count(1))
            name = next(free for free in names if free.casefold() not in taken)
        taken.add(name.casefold())
        path = folder / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(record, ensure_ascii=False, indent=2)
        path.write_text(text + "\n", encoding="utf-8", newline="\n")


def sidecar_name(id: str) -> str:
    """Return the path, inside a folder, of the file about an article.

    >>> sidecar_name("../crawl/a.txt"), sidecar_name("https://x.fr/a?b=1"), sidecar_name("a./aux.b")
    ('crawl/a.txt', 'https_/x.fr/a_b=1', 'a._/aux_.b')
    """
    parts = [_name_of(part) for part in id.split("/") if part.strip(". ")]
    folders = [
        f"{part}_" if part.lower().endswith(".json") or part.endswith((".", " ")) else part
        for part in parts[-_DEEPEST:-1]
    ]
    names = [*folders, *parts[-1:]]
    while len("/".join(names)) > _LONGEST_PATH:
        del names[0]
    return "/".join(names) or "_"


def _name_of(part: str) -> str:
    """Return a name that every system takes, like a part of an id."""
    name = _NOT_IN_NAMES.sub("_", part)
    if len(name.encode()) > _LONGEST_NAME:
        name = _shortened(name)
    return _DEVICE.sub(lambda match: f"{match[0]}_", name, count=1) if _DEVICE.match(name) else name


def _shortened(name: str) -> str:
    return f"{name[: _LONGEST_NAME // 6]}-{_digest(name)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
