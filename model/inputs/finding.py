"""Which files the inputs name: folders walked, patterns expanded, each file once, in order."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from depeche.labels.errors import InputError
from depeche.labels.system.places import files_of, is_no_name, with_slashes
from depeche.labels.system.terminal import escaped
from depeche.model.inputs.documents import Failure
from depeche.model.inputs.earlier_outputs import earlier_outputs
from depeche.model.inputs.lists import STDIN, read_list
from depeche.model.inputs.opening import ENDINGS, ending_of, is_pipe_of_shell, reason_of
from depeche.model.inputs.patterns import Glob, is_pattern, matches_any

MOST_NAMED = 20  # failed, and skipped, on stderr
UNREAD = ("archive", "other ending")  # reasons to skip what may well be an article
_NO_FILE = "not a file that can be read"
_A_TEXT = "too long for the name of a file; a text is read from standard input: give -"
_LONGEST_NAME = 255  # characters, of a file or folder
_LONGEST = 80  # characters shown of what is too long to be a path


@dataclass(frozen=True, kw_only=True)
class Found:
    """The files to read in order, among them what cannot be, and what was passed over.

    `n_skipped` counts by reason: hidden, excluded, other ending, archive (files or whole folders),
    output (of an earlier command, with its journal), and doubles, which are read where they come
    first. `skipped` names those that were skipped for the reasons of `UNREAD`.
    """

    paths: list[str | Failure] = field(default_factory=list)
    n_files: int = 0
    total_bytes: int = 0
    n_skipped: dict[str, int] = field(default_factory=dict)
    skipped: list[Failure] = field(default_factory=list)


def find_inputs(
    paths: Sequence[str],
    *,
    files_from: Path | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    outputs: Sequence[Path] = (),
) -> Found:
    """Return the files that `paths` and the lines of `files_from` name, in their order.

    A folder stands for its files with a known ending, sorted, then its subfolders'. A pattern that
    no file is called by is expanded. `-` is standard input, in `paths` an article and as
    `files_from` a list of paths, one a line, or divided by NULs when it holds one.

    Raises
    ------
    InputError
        When a file is found that is one of `outputs`, or lies in one that is a folder, by whatever
        name or link.
    """
    finder = _Finder(include, exclude, outputs)
    for path in paths:
        finder.add(path)
    if files_from is not None:
        finder.add_listed(files_from)
    return Found(
        paths=finder.paths,
        n_files=finder.n_files,
        total_bytes=finder.total_bytes,
        n_skipped=dict(+finder.n_skipped),
        skipped=finder.skipped,
    )


class _Finder:
    def __init__(
        self, include: Sequence[str], exclude: Sequence[str], outputs: Sequence[Path]
    ) -> None:
        self.paths: list[str | Failure] = []
        self.n_files = 0
        self.total_bytes = 0
        self.n_skipped: Counter[str] = Counter()
        self._include = [with_slashes(pattern) for pattern in include]
        self._exclude = [with_slashes(pattern) for pattern in exclude]
        self.skipped: list[Failure] = []
        self._seen: set[object] = set()
        self._written = {key: path for top in outputs for key, path in files_of(top).items()}

    def add(self, path: str, *, listed: bool = False) -> None:
        """Add what a path names; in a list, a path is no more than a path."""
        if not path:
            self._fail("''", "an empty path; give a file, a folder, or - for standard input")
        elif path == STDIN and not listed:
            if self._is_new(STDIN):
                self._spare_stdin()
                self.paths.append(STDIN)
                self.n_files += 1
        else:
            self._add_path(path, listed=listed)

    def _add_path(self, path: str, *, listed: bool) -> None:
        try:
            status = Path(path).stat()
        except (FileNotFoundError, NotADirectoryError):
            self._add_missing(path, listed=listed)
        except OSError as err:
            if err.errno == errno.ENAMETOOLONG:
                self._fail(f"{path[:_LONGEST]}…", _A_TEXT)
            elif is_no_name(err):
                self._add_missing(path, listed=listed)
            else:
                self._fail(path, reason_of(err))
        except ValueError as err:
            self._fail(path, f"no path of a file: {err}")
        else:
            clean = str(Path(path))
            clean = f".{os.sep}{clean}" if clean == STDIN else clean
            if stat.S_ISDIR(status.st_mode):
                self._add_folder(clean)
            elif self._is_chosen(Path(path).as_posix()):
                self._add_file(clean, status)

    def _add_missing(self, path: str, *, listed: bool) -> None:
        """Add what is no path of a file: a pattern, perhaps, or a text."""
        if max(map(len, Path(path).parts), default=0) > _LONGEST_NAME:  # as Windows does not tell
            self._fail(f"{path[:_LONGEST]}…", _A_TEXT)
        elif is_pattern(path) and not listed:
            self._add_folder(path, Glob(Path(path).as_posix()))
        else:
            more = "" if listed else ", nor a command: see classify --help"
            self._fail(path, f"no such file or folder{more}")

    def add_listed(self, source: Path) -> None:
        """Add what the lines of a file name."""
        name = "the list on standard input" if str(source) == STDIN else str(source)
        try:
            if str(source) == STDIN:
                self._spare_stdin()
            else:
                self._spare(source.stat())
            paths = read_list(source)
        except OSError as err:
            self._fail(name, reason_of(err))
            return
        if not paths:
            self._fail(name, "empty: give a path a line")
        for path in paths:
            self.add(path, listed=True)

    def _spare(self, status: os.stat_result) -> None:
        """Raise when a file that is to be read is to be written as well."""
        output = self._written.get((status.st_dev, status.st_ino))
        if output is not None:
            raise InputError(f"{output}: is read, and would be overwritten: give another name")

    def _spare_stdin(self) -> None:
        if self._written and sys.stdin is not None:
            try:
                self._spare(os.fstat(sys.stdin.fileno()))
            except (OSError, ValueError):  # no file
                return

    def _skip(self, path: str, reason: str) -> None:
        """Count what is passed over, and name what may well be an article."""
        self.n_skipped[reason] += 1
        if reason in UNREAD:
            self.skipped.append(Failure(where=escaped(path), reason=f"skipped: {reason}"))

    def _fail(self, path: str, reason: str) -> None:
        self.paths.append(Failure(where=escaped(path), reason=reason))

    def _is_new(self, key: object) -> bool:
        """Return whether a file was not met before; when it was, count it."""
        if key in self._seen:
            self.n_skipped["double"] += 1
            return False
        self._seen.add(key)
        return True

    def _is_chosen(self, relative: str) -> bool:
        """Return whether the patterns let a file in; when they do not, count it."""
        chosen = not matches_any(self._exclude, relative) and (
            not self._include or matches_any(self._include, relative)
        )
        if not chosen:
            self.n_skipped["excluded"] += 1
        return chosen

    def _add_file(self, path: str, status: os.stat_result) -> None:
        """Add a file that is to be read whatever its ending."""
        self._spare(status)
        # An inode is a file unless it has several names: those are files of their own.
        once = status.st_nlink == 1 and status.st_ino
        if not self._is_new((status.st_dev, status.st_ino) if once else str(Path(path).resolve())):
            return
        refusal = ending_of(path).refusal
        if not (stat.S_ISREG(status.st_mode) or is_pipe_of_shell(path)):
            refusal = _NO_FILE
        if refusal:
            self._fail(path, refusal)
            return
        self.paths.append(path)
        self.n_files += 1
        self.total_bytes += status.st_size

    def _add_folder(self, path: str, glob: Glob | None = None) -> None:
        """Add the files of a folder, or those of them that a pattern names."""
        top = str(Path(glob.base if glob else path))
        n_before, skipped_before = len(self.paths), self.n_skipped.copy()
        for entry, relative in self._walk(top, glob):
            self._add_entry(entry, relative, glob)
        skipped = self.n_skipped - skipped_before
        if len(self.paths) > n_before or skipped["double"]:
            return
        if glob:
            self._fail(path, "no such file or folder, and no article that matches this pattern")
            return
        reason = f"no article in this folder ({ENDINGS})"
        if skipped:
            counts = ", ".join(f"{n} {reason}" for reason, n in skipped.items())
            reason += f"; passed over: {counts}; --include 'PATTERN' takes other endings"
        self._fail(path, reason)

    def _add_entry(self, entry: os.DirEntry[str], relative: str, glob: Glob | None) -> None:
        """Add a file of a folder, if it is to be read."""
        if not self._is_chosen(relative):
            return
        path = entry.path.removeprefix(f".{os.sep}")
        ending = ending_of(entry.name)
        if not (ending.known or self._include or (glob and glob.spells(entry.name))):
            self._skip(path, "archive" if ending.refusal else "other ending")
            return
        try:
            self._add_file(path, Path(entry.path).stat())  # entry.stat() has no inode on Windows
        except OSError as err:
            self._fail(path, _NO_FILE if entry.is_symlink() else reason_of(err))

    def _walk(self, top: str, glob: Glob | None) -> Iterator[tuple[os.DirEntry[str], str]]:
        """Yield the files that are not hidden, each folder visited once, with their path in it."""
        visited: set[tuple[int, int]] = set()
        ahead = [(top, "")]
        while ahead:
            folder, prefix = ahead.pop()
            try:
                entries = _entries(folder, visited)
            except OSError as err:
                if not (glob and folder == top):
                    self._fail(folder, reason_of(err))
                continue
            folders = []
            outputs = earlier_outputs(entries)
            for entry in entries:
                relative = prefix + entry.name
                if self._is_passed_over(entry.name, outputs, glob):
                    continue
                if _is_folder(entry):
                    if self._enters(relative, glob):
                        folders.append((entry.path, f"{relative}/"))
                elif not glob or glob.takes(relative):
                    yield entry, relative
            ahead += reversed(folders)

    def _is_passed_over(self, name: str, outputs: set[str], glob: Glob | None) -> bool:
        """Return whether a name is hidden or an earlier output; where no pattern is, count it."""
        reason = "output" if name in outputs else "hidden" if name.startswith(".") else None
        if reason and not glob:
            self.n_skipped[reason] += 1
        return reason is not None

    def _enters(self, relative: str, glob: Glob | None) -> bool:
        """Return whether the patterns let a folder in; when one excludes it, count it."""
        if glob and not glob.enters(relative):
            return False
        if matches_any(self._exclude, relative):
            self.n_skipped["excluded"] += 1
            return False
        return True


def _entries(folder: str, visited: set[tuple[int, int]]) -> list[os.DirEntry[str]]:
    """Return what is in a folder, sorted; nothing where it was visited before, by any name."""
    status = Path(folder).stat()
    if (status.st_dev, status.st_ino) in visited:
        return []
    visited.add((status.st_dev, status.st_ino))
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that cannot be followed
        return False
