"""Files by URI, in object stores and on HDFS, and folders of shards there or on a disk."""

from __future__ import annotations

import io
import os
import posixpath
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from depeche.labels.errors import BatchError, InputError, MissingExtraError
from depeche.labels.system.places import followed
from depeche.labels.system.terminal import escaped
from depeche.model.inputs.documents import Failure
from depeche.model.inputs.finding import Found
from depeche.model.inputs.opening import ENDINGS, Meter, ending_of, reason_of, unpacked
from depeche.model.inputs.patterns import matches_any

_WITH_FOLDERS = ("local", "hdfs")  # elsewhere a name with slashes needs no folder to stand in


def is_uri(path: str) -> bool:
    """Return whether a path is a URI, such as `s3://bucket/articles`."""
    return "://" in path


def named(uri: str) -> str:
    """Return a URI as records and messages name it: without its password and options.

    >>> named("s3://key:secret@bucket/articles/?region=eu-west-3")
    's3://bucket/articles'
    """
    scheme, _, rest = uri.partition("?")[0].partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}".rstrip("/")


def place_of(address: str) -> str:
    """Return what a URI or a path stands for, whichever way it is written.

    >>> place_of("s3://key:secret@bucket/a/../b/?region=eu-west-3"), place_of("file:///srv/b/")
    ('s3://bucket/b', '/srv/b')
    """
    if not is_uri(address):
        return os.fspath(followed(Path(address)))
    scheme, _, rest = named(address).partition("://")
    host, _, path = rest.partition("/")
    path = posixpath.normpath(f"/{unquote(path)}")
    if scheme in ("file", "local"):
        return os.fspath(followed(Path(path)))
    return f"{scheme}://{host}{path}"


def find_in_store(
    uri: str, *, include: Sequence[str], exclude: Sequence[str]
) -> tuple[Found, list[int]]:
    """Return the files under a URI as `find_inputs` does a folder's, and their sizes.

    The names are parts of what `named` returns. Names that begin with `_` are hidden as well, as
    they are to Hadoop's tools.
    """
    name = named(uri)
    try:
        listed = _listed(uri)
    except OSError as err:
        return _failed(name, reason_of(err)), [0]
    except InputError as err:
        return _failed(name, str(err)), [0]
    chosen: list[tuple[str, int]] = []
    n_skipped = {"hidden": 0, "excluded": 0, "other ending": 0}
    skipped: list[Failure] = []
    for relative, size in listed:
        path = f"{name}/{relative}" if relative else name
        reason = _reason_to_skip(relative, include, exclude)
        if reason is None:
            chosen.append((path, size))
            continue
        n_skipped[reason] += 1
        if reason == "other ending":
            skipped.append(Failure(where=escaped(path), reason=f"skipped: {reason}"))
    if not chosen:
        return _failed(name, f"no article under this address ({ENDINGS})"), [0]
    paths: list[str | Failure] = [path for path, _ in chosen]
    sizes = [size for _, size in chosen]
    files = Found(
        paths=paths,
        n_files=len(paths),
        total_bytes=sum(sizes),
        n_skipped={reason: n for reason, n in n_skipped.items() if n},
        skipped=skipped,
    )
    return files, sizes


def _reason_to_skip(relative: str, include: Sequence[str], exclude: Sequence[str]) -> str | None:
    """Return why a file under a URI is not read, None where it is; `relative` is its path there."""
    if any(part.startswith((".", "_")) for part in relative.split("/")):
        return "hidden"
    if matches_any(exclude, relative) or (include and not matches_any(include, relative)):
        return "excluded"
    last = relative.rpartition("/")[2]
    return "other ending" if relative and not (ending_of(last).known or include) else None


def _failed(name: str, reason: str) -> Found:
    return Found(paths=[Failure(where=escaped(name), reason=" ".join(reason.split()))])


def _listed(uri: str) -> list[tuple[str, int]]:
    """Return path and size of each file under a URI, sorted; of a file itself, an empty path."""
    from pyarrow.fs import FileSelector, FileType

    store, base = _store_of(uri)
    about = store.get_file_info(base)
    if about.type == FileType.File:
        return [("", about.size)]
    if about.type == FileType.NotFound:
        raise InputError("no such file or folder")
    files = store.get_file_info(FileSelector(base, recursive=True))
    start = len(base.rstrip("/")) + 1
    return sorted((f.path[start:], f.size) for f in files if f.type == FileType.File)


@contextmanager
def opened_in_store(
    uri: str, relative: str, packing: str | None, meter: Meter
) -> Iterator[io.BufferedReader]:
    """Give the bytes of a file under a URI, unpacked; as `opened` does of a file on a disk."""
    store, base = _store_of(uri)
    with store.open_input_file(f"{base}/{relative}" if relative else base) as raw:
        yield unpacked(raw, packing, meter)


def _store_of(uri: str) -> tuple[Any, str]:
    """Return the file system of a URI, or of a path on this machine, and the path in it.

    Raises
    ------
    InputError
        When the URI is none that pyarrow knows.
    MissingExtraError
        When pyarrow is not installed.
    """
    try:
        import pyarrow
        from pyarrow.fs import FileSystem, LocalFileSystem
    except ImportError as err:
        raise MissingExtraError("pyarrow", "batch") from err
    if not is_uri(uri):
        return LocalFileSystem(), os.fspath(followed(Path(uri)))
    try:
        store, base = FileSystem.from_uri(uri)
    except (pyarrow.ArrowException, ValueError) as err:
        reason = " ".join(str(err).replace(uri, named(uri)).split())  # a password may stand in it
        raise InputError(f"not an address that can be opened: {reason}") from err
    return store, base.rstrip("/")


class Folder:
    """A folder of shards, at a URI or on a disk, whose files are written whole.

    Parameters
    ----------
    address
        Path or URI.
    """

    def __init__(self, address: str) -> None:
        self.name = named(address) if is_uri(address) else address
        try:
            self._store, self._base = _store_of(address)
        except InputError as err:
            raise BatchError(f"{self.name}: {err}") from err

    def names(self) -> list[str]:
        """Return the paths of the files in it, sorted; none where there is no such folder.

        Raises
        ------
        BatchError
            When it is a file, or cannot be listed.
        """
        from pyarrow.fs import FileSelector, FileType

        self._check_links()
        try:
            if self._store.get_file_info(self._base).type == FileType.File:
                raise BatchError(f"{self.name}: is a file; a cluster writes a folder of shards")
            selector = FileSelector(self._base, allow_not_found=True, recursive=True)
            files = self._store.get_file_info(selector)
        except OSError as err:
            raise BatchError(f"{self.name}: {reason_of(err)}") from err
        start = len(self._base) + 1
        return sorted(file.path[start:] for file in files if file.type == FileType.File)

    def _check_links(self) -> None:
        """Refuse links in a folder on a disk, which would lead what is written elsewhere."""
        if self._store.type_name != "local":
            return
        for top, folders, files in os.walk(self._base):
            for path in (Path(top, name) for name in sorted((*folders, *files))):
                if path.is_symlink() or not (path.is_file() or path.is_dir()):
                    relative = path.relative_to(self._base).as_posix()
                    raise BatchError(
                        f"{self.name}/{relative}: a link or device, which classify did not make: "
                        "give another name"
                    )

    def write(self, name: str, data: bytes) -> None:
        """Write a file, over one of that name.

        Raises
        ------
        BatchError
            When it cannot be written.
        """
        path = f"{self._base}/{name}"
        try:
            if self._store.type_name in _WITH_FOLDERS:
                self._store.create_dir(path.rpartition("/")[0], recursive=True)
            with self._store.open_output_stream(path) as file:
                file.write(data)
        except OSError as err:
            raise BatchError(f"{self.name}/{name}: cannot be written: {_line(err)}") from err

    def remove(self, names: Sequence[str]) -> None:
        """Remove files.

        Raises
        ------
        BatchError
            When one cannot be removed.
        """
        try:
            for name in names:
                self._store.delete_file(f"{self._base}/{name}")
        except OSError as err:
            raise BatchError(f"{self.name}: cannot be replaced: {_line(err)}") from err


def _line(err: OSError) -> str:
    return " ".join(str(err.strerror or err).split())
