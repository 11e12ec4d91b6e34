"""The inputs that failed: the first by name, all of them in a file as they come, and how many."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TextIO

from depeche.labels.errors import InputError
from depeche.labels.system.places import put_in_place
from depeche.model.batch.files import new_file
from depeche.model.batch.outcomes import Entry
from depeche.model.inputs.documents import Failure
from depeche.model.inputs.finding import MOST_NAMED


class Failures:
    """Counts the inputs that failed, and keeps the first by name.

    Parameters
    ----------
    file
        Where to list all, one line of JSON for each.
    """

    def __init__(self, file: TextIO | None = None) -> None:
        self.n = 0
        self.first: list[str] = []
        self._file = file

    def add(self, where: str, reason: str) -> None:
        """Take an input that failed, and why."""
        self.n += 1
        if len(self.first) < MOST_NAMED:
            self.first.append(f"{where}: {reason}")
        if self._file is not None:
            self._file.write(error_line(where, reason))


class Warnings:
    """Shows the first warnings as they come, and at the end how many more there were."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._n = 0
        self._tell = tell

    def add(self, warning: str) -> None:
        """Take what a reader should know about an input."""
        self._n += 1
        if self._n <= MOST_NAMED:
            self._tell(warning)

    def end(self) -> None:
        """Say how many were not shown."""
        if self._n > MOST_NAMED:
            self._tell(f"… and {self._n - MOST_NAMED} more warnings")


def error_line(where: str, reason: str) -> str:
    """Return the line about an input that failed in a list of errors."""
    return json.dumps({"input": where, "reason": reason}, ensure_ascii=False) + "\n"


def write_errors(path: Path, entries: Iterable[Entry], skipped: Sequence[Failure]) -> None:
    """Write the list of the inputs that failed or were skipped, complete or not at all."""
    new = path.with_name(f"new-{path.name}")
    with new_file(new) as file:
        for entry in entries:
            if entry.reason:
                file.write(error_line(entry.where, entry.reason).encode())
        file.writelines(error_line(one.where, one.reason).encode() for one in skipped)
    put_in_place(new, path)


def failure_lines(
    first: Sequence[str],
    n_failed: int,
    skipped: Sequence[Failure],
    *,
    listed: str,
    is_list: bool = True,
) -> list[str]:
    """Return the lines that tell a person which inputs failed or were skipped.

    The first of each by name; then how many of each, where not all are named or there is a list.

    Parameters
    ----------
    listed
        Where they are listed, or how to get a list.
    is_list
        Whether there is a list of what failed.
    """
    lines = [*first, *(f"{one.where}: {one.reason}" for one in skipped[:MOST_NAMED])]
    if max(n_failed, len(skipped)) > MOST_NAMED or (is_list and n_failed):
        lines.append(f"{n_failed} failed, {len(skipped)} skipped: {listed}")
    return lines


def nothing_read(lines: Sequence[str]) -> InputError:
    """Return the error of inputs without a single article; `lines` say why."""
    return InputError(*lines or ["no article in what was named"])
