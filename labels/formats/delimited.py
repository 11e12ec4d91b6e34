"""Tables of cells divided by commas, semicolons, tabs or bars: their dialect, and their rows."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence

_DELIMITERS = ",;\t|"
_STATED = re.compile(r"sep=(.)\r?\n?")
_LONGEST_CELL = 1 << 27  # characters


def stated_delimiter(line: str) -> str | None:
    """Return the delimiter that a first line for Excel such as `sep=;` states, else None."""
    stated = _STATED.fullmatch(line)
    return stated[1] if stated else None


def likely_delimiter(header: str, n_known: Callable[[Sequence[str]], int]) -> str:
    """Return the delimiter that makes the most known columns of a header, then the most columns.

    Parameters
    ----------
    n_known
        Returns how many of the names are those of columns that the table should have.
    """

    def n_columns(delimiter: str) -> tuple[int, int]:
        names = next_row(csv.reader([header.partition("\r")[0]], delimiter=delimiter)) or []
        return n_known(names), len(names)

    return max(_DELIMITERS, key=n_columns)


def next_row(rows: Iterator[list[str]], *, longest_cell: int = _LONGEST_CELL) -> list[str] | None:
    """Return the next row of a csv reader, None at the end.

    The limit for a cell is ours, because csv's is low, and one for all readers.
    """
    limit = csv.field_size_limit(longest_cell)
    try:
        return next(rows, None)
    finally:
        csv.field_size_limit(limit)


def iter_rows(
    text: str, n_known: Callable[[Sequence[str]], int]
) -> Iterator[tuple[int, list[str]]]:
    """Yield each row of a table with the number of the line that it starts on.

    Raises
    ------
    ValueError
        When a row is not CSV: the line that it starts on, and the fault.
    """
    line, _, rest = text.partition("\n")
    delimiter = stated_delimiter(line)
    n_before = 0
    if delimiter is None:
        delimiter = likely_delimiter(line, n_known)
    else:
        text, n_before = rest, 1
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        number = n_before + rows.line_num + 1
        try:
            row = next_row(rows)
        except csv.Error as err:
            raise ValueError(f"{number}: not CSV: {err}") from err
        if row is None:
            return
        yield number, row
