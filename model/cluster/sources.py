"""The files that a cluster is to read: found on this machine, read on any, in stretches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from io import BufferedReader
from pathlib import Path

from depeche.labels.errors import InputError
from depeche.model.cluster.stores import find_in_store, is_uri, named, opened_in_store
from depeche.model.inputs.columns import ColumnNames
from depeche.model.inputs.documents import Document, Failure
from depeche.model.inputs.finding import find_inputs
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
    """What was found; `done_bytes` is set by whoever reads it."""

    found: list[Source | Failure] = field(default_factory=list)
    total_bytes: int = 0
    done_bytes: int = 0
    n_skipped: dict[str, int] = field(default_factory=dict)
    skipped: list[Failure] = field(default_factory=list)

    def groups(self, n_bytes: int) -> list[list[Source | Failure]]:
        """Return the files in order, so many together that each group has `n_bytes` or more."""
        groups: list[list[Source | Failure]] = []
        size = n_bytes
        for source in self.found:
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
        found = find_inputs(local, files_from=files_from, include=include, exclude=exclude)
        sources.n_skipped = dict(found.n_skipped)
        sources.skipped = list(found.skipped)
        for path in found.paths:
            sources.found.append(path if isinstance(path, Failure) else _on_disk(path))
    for uri in filter(is_uri, paths):
        found, sizes = find_in_store(uri, include=include, exclude=exclude)
        for reason, n in found.n_skipped.items():
            sources.n_skipped[reason] = sources.n_skipped.get(reason, 0) + n
        sources.skipped += found.skipped
        for path, size in zip(found.paths, sizes, strict=True):
            sources.found.append(path if isinstance(path, Failure) else _in_store(path, uri, size))
    sources.total_bytes = sum(s.size for s in sources.found if isinstance(s, Source))
    return sources


def _on_disk(path: str) -> Source:
    return Source(name=path, base=str(Path.cwd() / path), size=Path(path).stat().st_size)


def _in_store(path: str, uri: str, size: int) -> Source:
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
    """Yield what a group of files holds, in stretches of about `n_bytes`; the same ever again."""
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
