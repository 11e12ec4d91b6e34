"""The files that a cluster is to read: found on this machine, read on any, in stretches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from io import BufferedReader
from pathlib import Path

from depeche.labels.errors import InputError
from depeche.model.cluster.stores import find_in_store, is_uri, named, opened_in_store
from depeche.model.inputs.columns import ColumnNames
from depeche.model.inputs.documents import Document, Failure
from depeche.model.inputs.finding import Found, find_inputs
from depeche.model.inputs.inputs import read_file
from depeche.model.inputs.lists import STDIN
from depeche.model.inputs.opening import Meter, is_pipe_of_shell, opened

_BYTES_MORE = 200  # that an input counts for besides its text, about


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file: its `name` in ids and messages, and where any machine finds it.

    `base` is a URI with all its options and `relative` the path under it, or `base` is the path
    of a file on a disk that all machines see.
    """

    name: str
    base: str
    relative: str = ""
    size: int = 0

    def read(self, asked: ColumnNames, meter: Meter) -> Iterator[Document | Failure]:
        """Yield its documents, as on one machine."""
        yield from read_file(self.name, asked, partial(self._open, meter=meter))

    def _open(
        self, name: str, packing: str | None, meter: Meter
    ) -> AbstractContextManager[BufferedReader]:
        if is_uri(self.base):
            return opened_in_store(self.base, self.relative, packing, meter)
        return opened(self.base, packing, meter)


@dataclass(kw_only=True)
class Sources:
    """The files to read; whoever reads them sets `done_bytes`."""

    files: list[Source | Failure] = field(default_factory=list)
    total_bytes: int = 0
    done_bytes: int = 0
    n_skipped: dict[str, int] = field(default_factory=dict)
    skipped: list[Failure] = field(default_factory=list)

    def add(self, inputs: Found, files: Iterable[Source | Failure]) -> None:
        """Add the files of some inputs, and what was passed over among them."""
        for reason, n in inputs.n_skipped.items():
            self.n_skipped[reason] = self.n_skipped.get(reason, 0) + n
        self.skipped += inputs.skipped
        for file in files:
            self.files.append(file)
            self.total_bytes += file.size if isinstance(file, Source) else 0

    def groups(self, n_bytes: int) -> list[list[Source | Failure]]:
        """Return the files in order, in groups of at least `n_bytes`."""
        groups: list[list[Source | Failure]] = []
        size = n_bytes
        for source in self.files:
            if size >= n_bytes:
                groups.append([])
                size = 0
            groups[-1].append(source)
            size += _BYTES_MORE + (source.size if isinstance(source, Source) else 0)
        return groups


def find_sources(
    paths: Sequence[str],
    *,
    files_from: Path | None,
    include: Sequence[str],
    exclude: Sequence[str],
) -> Sources:
    """Return what paths and URIs name, each in turn, with those of a list last.

    Raises
    ------
    InputError
        When standard input or what a command prints is named, which other machines cannot read.
    """
    unreadable = [path for path in paths if path == STDIN or is_pipe_of_shell(path)]
    if unreadable:
        raise InputError(f"{unreadable[0]}: a cluster reads files: save it as one")
    sources = Sources()
    local = [path for path in paths if not is_uri(path)]
    if local or files_from is not None:
        inputs = find_inputs(local, files_from=files_from, include=include, exclude=exclude)
        sources.add(inputs, map(_on_disk, inputs.paths))
    for uri in filter(is_uri, paths):
        inputs, sizes = find_in_store(uri, include=include, exclude=exclude)
        sources.add(inputs, map(partial(_in_store, uri), inputs.paths, sizes))
    return sources


def _on_disk(path: str | Failure) -> Source | Failure:
    if isinstance(path, Failure):
        return path
    return Source(name=path, base=str(Path.cwd() / path), size=Path(path).stat().st_size)


def _in_store(uri: str, path: str | Failure, size: int) -> Source | Failure:
    if isinstance(path, Failure):
        return path
    relative = path.removeprefix(named(uri)).lstrip("/")
    return Source(name=path, base=uri, relative=relative, size=size)


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Inputs that are tagged and written together."""

    name: str
    n_bytes: int  # read for it, compressed as they lie there
    items: list[Document | Failure]


def iter_stretches(
    number: int, group: Sequence[Source | Failure], asked: ColumnNames, n_bytes: int
) -> Iterator[Stretch]:
    """Yield what a group of files holds, in stretches of about `n_bytes`, always the same."""
    meter = Meter()
    items: list[Document | Failure] = []
    n_read = size = n = 0
    for source in group:
        for item in source.read(asked, meter) if isinstance(source, Source) else [source]:
            items.append(item)
            size += _BYTES_MORE + (len(item.data) if isinstance(item, Document) else 0)
            if size >= n_bytes:
                yield Stretch(
                    name=f"part-{number:06d}-{n:04d}", n_bytes=meter.n_bytes - n_read, items=items
                )
                items, n_read, size, n = [], meter.n_bytes, 0, n + 1
    if items:
        yield Stretch(
            name=f"part-{number:06d}-{n:04d}", n_bytes=meter.n_bytes - n_read, items=items
        )
