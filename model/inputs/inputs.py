"""The inputs of a command as documents: files, folders, patterns, lists, tables, standard input."""

from __future__ import annotations

import io
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path

from depeche.labels.errors import InputError, MissingExtraError
from depeche.model.inputs.columns import ColumnNames, Place, place_of
from depeche.model.inputs.documents import Document, Failure, encodable
from depeche.model.inputs.finding import Found, find_inputs
from depeche.model.inputs.lists import STDIN
from depeche.model.inputs.opening import Ending, Meter, ending_of, opened, reason_of
from depeche.model.inputs.tables import read_table
from depeche.model.reading.reader import MAX_BYTES

__all__ = ["Document", "Failure", "Inputs", "read_file"]

Open = Callable[[str, str | None], AbstractContextManager[io.BufferedReader]]  # path, packing

_USUAL = 1 << 16  # bytes; the longest article of a corpus of 26,422 has half of them


class Inputs:
    """What paths name, as documents, read one at a time and always in the same order.

    Nothing is looked at before the first document, count or size is asked for; then the files are
    listed. Ids are not made unique: two rows may have the same.

    Parameters
    ----------
    paths
        Files, folders, patterns that the shell did not expand, and `-` for an article on standard
        input.
    files_from
        File with more paths, one a line, or divided by NULs when it holds one; `-` for standard
        input.
    include, exclude
        Shell patterns on the path inside the folder or on the file's name. Only files that an
        `include` matches are read, whatever their ending; `exclude` wins.
    text_column, id_column, title_column
        Columns of tables, when they have not one of the usual names.
    """

    def __init__(
        self,
        paths: Sequence[str],
        *,
        files_from: Path | None = None,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        text_column: str | None = None,
        id_column: str | None = None,
        title_column: str | None = None,
    ) -> None:
        if STDIN in paths and str(files_from) == STDIN:
            raise InputError("-: standard input is an article or a list of files, not both")
        self._paths = tuple(paths)
        self._files_from = files_from
        self._include = tuple(include)
        self._exclude = tuple(exclude)
        self._asked = ColumnNames(text=text_column, id=id_column, title=title_column)
        self._meter = Meter()

    def spare(self, outputs: Sequence[Path]) -> None:
        """Look for the files to be read, and refuse outputs that are among them; call it first.

        Raises
        ------
        InputError
            When a file is one of `outputs`, or lies in one that is a folder, by whatever name.
        """
        self._found = self._find(outputs)

    @cached_property
    def _found(self) -> Found:
        return self._find(())

    def _find(self, outputs: Sequence[Path]) -> Found:
        return find_inputs(
            self._paths,
            files_from=self._files_from,
            include=self._include,
            exclude=self._exclude,
            outputs=outputs,
        )

    @property
    def asked(self) -> dict[str, object]:
        """What was asked for, JSON-ready: another command asks for something else."""
        columns = {name: getattr(self._asked, name) for name in ("text", "id", "title")}
        return {
            "paths": [encodable(path) for path in self._paths],
            "files_from": str(self._files_from) if self._files_from else None,
            "include": list(self._include),
            "exclude": list(self._exclude),
            "columns": columns,
        }

    @property
    def is_single(self) -> bool:
        """Whether one article is named, and not a folder, pattern, list or table."""
        if self._files_from is not None or len(self._paths) != 1:
            return False
        path = self._paths[0]
        if path == STDIN:
            return True
        try:
            status = Path(path).stat()
        except (OSError, ValueError):
            return False
        return not stat.S_ISDIR(status.st_mode) and ending_of(path).table is None

    @property
    def n_files(self) -> int:
        """How many files are to be read."""
        return self._found.n_files

    @property
    def total_bytes(self) -> int:
        """Their sizes together, compressed as they lie there; 0 for standard input and pipes."""
        return self._found.total_bytes

    @property
    def done_bytes(self) -> int:
        """How much of `total_bytes` has been read."""
        return self._meter.n_bytes

    @property
    def n_skipped(self) -> dict[str, int]:
        """Files and folders passed over, by reason; see `Found`."""
        return dict(self._found.n_skipped)

    @property
    def skipped(self) -> list[Failure]:
        """The first of those that may well be articles, by name; see `Found`."""
        return self._found.skipped

    @cached_property
    def _standard_input(self) -> Document | Failure:
        return _standard_input()  # which can be read only once

    def __iter__(self) -> Iterator[Document | Failure]:
        self._meter.n_bytes = 0
        for path in self._found.paths:
            if isinstance(path, Failure):
                yield path
            elif path == STDIN:
                yield self._standard_input
            else:
                yield from read_file(path, self._asked, self._open)

    def _open(self, path: str, packing: str | None) -> AbstractContextManager[io.BufferedReader]:
        return opened(path, packing, self._meter)


def read_file(path: str, asked: ColumnNames, open_file: Open) -> Iterator[Document | Failure]:
    """Yield the documents of a file, which bears the name `path` wherever `open_file` finds it."""
    place, ending = place_of(path), ending_of(path)
    try:
        with open_file(path, ending.packing) as file:
            if ending.table is None:
                yield _article(file, ending, place)
            elif ending.table == "parquet":
                from depeche.model.inputs.parquet import read_parquet

                yield from read_parquet(file, place, asked)
            else:
                yield from read_table(file, ending.table, place, asked)
    except OSError as err:
        yield place.failure(reason_of(err))
    except (InputError, MissingExtraError) as err:
        yield place.failure(str(err))


def _article(file: io.BufferedReader, ending: Ending, place: Place) -> Document:
    data = file.read(_USUAL)  # asking for the most at once would make room for it
    if len(data) == _USUAL:
        data += file.read(MAX_BYTES + 1 - _USUAL)
    return Document(id=place.id, where=place.where, data=data, form=ending.form)


def _standard_input() -> Document | Failure:
    if sys.stdin is None:
        return Failure(where=STDIN, reason="standard input is closed")
    try:
        data = sys.stdin.buffer.read(MAX_BYTES + 1)
    except OSError as err:
        return Failure(where=STDIN, reason=reason_of(err))
    return Document(id=STDIN, where=STDIN, data=data)
