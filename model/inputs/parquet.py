"""The documents of a Parquet file, a few rows in memory at a time."""

from __future__ import annotations

import io
from collections.abc import Iterator

from depeche.labels.errors import InputError
from depeche.labels.formats.parquet import Contents, iter_rows
from depeche.labels.system.terminal import escaped
from depeche.model.inputs.columns import ColumnNames, Columns, Place, find_columns, row_document
from depeche.model.inputs.documents import Document, Failure
from depeche.model.inputs.opening import reason_of


def read_parquet(
    file: io.BufferedReader, place: Place, asked: ColumnNames
) -> Iterator[Document | Failure]:
    """Yield the document of each row, by its number from 1; where the file breaks, a failure.

    Raises
    ------
    MissingExtraError
        When pyarrow is not installed.
    """
    chosen: list[Columns] = []

    def choose(contents: Contents) -> list[str]:
        columns = _find(contents, asked)
        chosen.append(columns)
        return columns.names

    number = 0
    try:
        for row in iter_rows(file, choose):
            number += 1
            if isinstance(row, str):
                yield place.failure(row, number)
            else:
                cells = dict(zip(chosen[-1].names, row, strict=True))
                yield row_document(cells, chosen[-1], place, number)
        if not number:
            yield place.failure("no row in it")
    except InputError as err:
        yield place.failure(escaped(str(err)), number + 1 if number else None)
    except OSError as err:
        yield place.failure(reason_of(err), number + 1 if number else None)


def _find(contents: Contents, asked: ColumnNames) -> Columns:
    """Return which column is which.

    Raises
    ------
    InputError
        When there is no column of texts, or two have the name of one that is looked for.
    """
    names = [column.name for column in contents.columns]
    columns = find_columns(names, asked)
    for name in columns.names:
        if names.count(name) > 1:
            raise InputError(f"{names.count(name)} columns are named {name!r}: rename all but one")
    text = next(column for column in contents.columns if column.name == columns.text)
    if not text.is_text:
        raise InputError(f"column {text.name!r} holds {text.kind}, not texts: see --text-column")
    return columns
