"""The documents of a table of articles: JSON lines, or rows divided by commas and the like."""

from __future__ import annotations

import csv
import io
import json
from collections import deque
from collections.abc import Iterator
from itertools import chain
from typing import Any

from depeche.labels.errors import InputError
from depeche.labels.formats.delimited import likely_delimiter, next_row, stated_delimiter
from depeche.model.inputs.columns import (
    ColumnNames,
    Columns,
    Place,
    find_columns,
    row_document,
    usual_names,
)
from depeche.model.inputs.documents import Document, Failure
from depeche.model.inputs.opening import Table, reason_of
from depeche.model.inputs.table_lines import MAX_ROW_BYTES, Lines, RowError, too_large

_N_TRIED = 1000  # rows of JSON without a text after which none is expected
_LINE_COST = 64  # bytes that Python needs beside the text of a line
EMPTY = "empty: there is no article in it"


def read_table(
    file: io.BufferedReader, table: Table, place: Place, asked: ColumnNames
) -> Iterator[Document | Failure]:
    """Yield the document of each row of a table, lazily; a bad row is a failure of its own.

    Where the file itself breaks, a last failure says so.
    """
    lines = None
    try:
        lines = Lines(file)
        if table == "jsonl":
            yield from _json_documents(lines, place, asked)
        else:
            yield from _csv_documents(lines, place, asked, tabs=table == "tsv")
    except InputError as err:
        yield place.failure(str(err), lines.number + 1 if lines and lines.number > 1 else None)
    except OSError as err:
        yield place.failure(reason_of(err))


def _json_documents(lines: Lines, place: Place, asked: ColumnNames) -> Iterator[Document | Failure]:
    """Yield the document of each object; where none of the first has a text, the file fails."""
    without: list[Failure] = []  # until a row shows what the columns are
    columns: Columns | None = None
    names: tuple[str, ...] | None = None
    seen = False  # a row with a text
    for item in _json_objects(lines, place):
        if isinstance(item, Failure):
            yield item
            continue
        if tuple(item) != names:
            names, columns, lacking = tuple(item), None, ""
            try:
                columns = find_columns(names, asked, lenient=seen)
            except InputError as err:
                lacking = str(err)
        if columns is not None:
            yield from without
            without, seen = [], True
            yield row_document(item, columns, place, lines.number)
        elif seen:
            yield place.failure(lacking, lines.number)
        else:
            without.append(place.failure(lacking, lines.number))
            if len(without) == _N_TRIED:
                break
    if without:
        yield place.failure(without[0].reason)


def _json_objects(lines: Lines, place: Place) -> Iterator[dict[str, Any] | Failure]:
    """Yield the object of each line that is not blank."""
    blank = True
    while True:
        try:
            line = next(lines, None)
            if line is None:
                break
            if line.isspace():
                continue
            row = _json_object(line, first=blank)
        except RowError as err:
            yield place.failure(str(err), lines.number)
        else:
            yield row
        blank = False
    if blank:
        yield place.failure(EMPTY)


def _json_object(line: str, *, first: bool) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except RecursionError as err:
        raise RowError("JSON nested too deep") from err
    except ValueError as err:
        if first and line.strip() == "[":
            reason = "a list in JSON over several lines: write one object a line, as jq -c '.[]'"
            raise InputError(reason) from err
        where = f", character {err.pos + 1}" if isinstance(err, json.JSONDecodeError) else ""
        what = err.msg if isinstance(err, json.JSONDecodeError) else "too large a number"
        raise RowError(f"not JSON: {what}{where}") from err
    if not isinstance(row, dict):
        raise RowError("not an object: write each article as one, with its text")
    return row


def _csv_documents(
    lines: Lines, place: Place, asked: ColumnNames, *, tabs: bool
) -> Iterator[Document | Failure]:
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        yield place.failure(EMPTY)
        return
    delimiter = "\t" if tabs else likely_delimiter(first, lambda names: usual_names(names, asked))
    stated = stated_delimiter(first)
    feed = _Feed(lines, first if stated is None else None)
    rows = csv.reader(feed, delimiter=stated or delimiter, strict=True)
    try:
        header = next_row(rows, longest_cell=MAX_ROW_BYTES) or []
        columns = find_columns(header, asked)
    except (csv.Error, InputError) as err:
        yield place.failure(_csv_reason(err))
        return
    blank = True
    for number, row in _csv_rows(feed, rows, len(header), tabs=delimiter == "\t"):
        blank = False
        if isinstance(row, str):
            yield place.failure(row, number)
        else:  # the first of two columns with one name
            cells = dict(zip(reversed(header), reversed(row), strict=True))
            yield row_document(cells, columns, place, number)
    if blank:
        yield place.failure("no row under its header")


def _csv_rows(
    feed: _Feed, rows: Iterator[list[str]], n_cells: int, *, tabs: bool
) -> Iterator[tuple[int, list[str] | str]]:
    """Yield the number of the line where a row starts with its cells, or with why it has none."""
    while True:
        feed.start_row()
        number = feed.number + 1
        try:
            row = next_row(rows, longest_cell=MAX_ROW_BYTES)
            if row is None:
                return
            if not any(cell and not cell.isspace() for cell in row):
                continue
            if len(row) != n_cells:
                raise csv.Error(f"{len(row)} cells, but the header has {n_cells}")
        except (csv.Error, RowError) as err:
            unquoted = _unquoted(feed.line, n_cells, err) if tabs else None
            yield number, unquoted or _csv_reason(err)
            if tabs:
                feed.back_to_second_line()
            else:
                feed.skip_row()
        else:
            yield number, row


def _unquoted(line: str, n_cells: int, err: Exception) -> list[str] | None:
    """Return the cells of a line whose quotes are only quotes, as many programs write tabs."""
    cells = line.rstrip("\r\n").split("\t")
    return cells if isinstance(err, csv.Error) and len(cells) == n_cells else None


def _csv_reason(err: Exception) -> str:
    if not isinstance(err, csv.Error):
        return str(err)
    if "new-line" in str(err):
        return "lines end in a lone carriage return: save the table with the line ends of today"
    if "unexpected end" in str(err):
        return "a quote that is never closed"
    if "expected after" in str(err):
        return "a quote within a quoted cell, where it is written twice"
    return str(err)


class _Feed:
    """Lines for a csv reader, which remembers those of a row so as to find the end of a bad one."""

    def __init__(self, lines: Lines, first: str | None) -> None:
        self._lines = lines
        self._ahead = deque([first] if first is not None else [])
        self.start_row()

    @property
    def number(self) -> int:
        """Number of the last line given."""
        return self._lines.number - len(self._ahead)

    @property
    def line(self) -> str:
        """First line of the row, empty when there is none."""
        return self._row[0] if self._row else ""

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = self._ahead.popleft() if self._ahead else next(self._lines)
        self._row.append(line)
        self._n_chars += len(line) + _LINE_COST
        if self._n_chars > MAX_ROW_BYTES:
            raise csv.Error(too_large())
        return line

    def start_row(self) -> None:
        """Forget the lines of the row before."""
        self._row: list[str] = []
        self._n_chars = 0
        self._n_quotes = self._lines.n_quotes

    def back_to_second_line(self) -> None:
        """Give the lines of the row again, all but its first."""
        self._ahead = deque(chain(self._row[1:], self._ahead))

    def skip_row(self) -> None:
        """Pass over lines until the quotes of the row are even: then it is at its end."""
        while (self._lines.n_quotes - self._n_quotes) % 2:
            try:
                if next(self._lines, None) is None:
                    return
            except RowError:
                continue
