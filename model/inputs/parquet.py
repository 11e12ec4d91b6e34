"""The documents of a Parquet file, a few rows in memory at a time."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from labels.errors import InputError, MissingExtraError
from model.inputs.columns import ColumnNames, Columns, Place, find_columns, row_document
from model.inputs.documents import Document, Failure
from model.inputs.opening import reason_of

_N_ROWS = 64  # unpacked at once
_BUFFER = 1 << 20  # bytes of a column read at once


def read_parquet(
    file: io.BufferedReader, place: Place, asked: ColumnNames
) -> Iterator[Document | Failure]:
    """Yield the document of each row, by its number from 1; where the file breaks, a failure.

    Raises
    ------
    MissingExtraError
        When pyarrow is not installed.
    """
    try:
        import pyarrow
        from pyarrow.parquet import ParquetFile
    except ImportError as err:
        raise MissingExtraError("pyarrow", "batch") from err
    number = 0
    try:
        table = ParquetFile(file, pre_buffer=False, buffer_size=_BUFFER)
        columns = find_columns(table.schema_arrow.names, asked)
        _check_text(table.schema_arrow.field(columns.text), columns.text)
        for batch in table.iter_batches(batch_size=_N_ROWS, columns=columns.names):
            for row in _rows(batch, columns):
                number += 1
                if isinstance(row, str):
                    yield place.failure(row, number)
                else:
                    yield row_document(row, columns, place, number)
        if not number:
            yield place.failure("no row in it")
    except InputError as err:
        yield place.failure(str(err))
    except (pyarrow.ArrowException, OSError) as err:
        what = reason_of(err) if isinstance(err, OSError) and err.errno else _line(err)
        yield place.failure(what, number + 1 if number else None)


def _line(err: Exception) -> str:
    return f"broken Parquet data, what follows is lost: {' '.join(str(err).split())[:200]}"


def _check_text(field: Any, name: str) -> None:
    """Raise `InputError` when a column is of a type that is no text."""
    from pyarrow import types

    kind = field.type.value_type if types.is_dictionary(field.type) else field.type
    tests = ("string", "large_string", "string_view", "binary", "large_binary", "null")
    if not any(getattr(types, f"is_{test}", lambda _: False)(kind) for test in tests):
        raise InputError(f"column {name!r} holds {field.type}, not texts: see --text-column")


def _rows(batch: Any, columns: Columns) -> Iterator[dict[str, Any] | str]:
    """Yield each row's cells as strings, or why it has none."""
    import pyarrow

    cells = {}
    for name in columns.names:
        column = batch.column(batch.schema.get_field_index(name))
        try:
            cells[name] = column.cast(pyarrow.string()).to_pylist()
        except (pyarrow.ArrowException, UnicodeDecodeError):
            # A list or a struct is no name of anything; a text that is not UTF-8 stands alone.
            if name == columns.text and len(batch) > 1:
                for i in range(len(batch)):
                    yield from _rows(batch.slice(i, 1), columns)
                return
            if name == columns.text:
                yield "text that is not UTF-8"
                return
            cells[name] = [None] * len(batch)
    for i in range(len(batch)):
        yield {name: cells[name][i] for name in cells}
