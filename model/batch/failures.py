"""The inputs that failed: the first by name, all of them in a file as they come, and how many."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TextIO

from depeche.labels.errors import InputError
from depeche.model.inputs.documents import Failure
from depeche.model.inputs.finding import MOST_NAMED


class Failures:
    """Counts what failed, and keeps the first by name.

    Parameters
    ----------
    file
        Where to list all, a line of JSON each.
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
    """Tells the first warnings as they come, and at the end how many more there were."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._n = 0
        self._tell = tell

    def add(self, warning: str) -> None:
        """Take what a reader should know of an input."""
        self._n += 1
        if self._n <= MOST_NAMED:
            self._tell(warning)

    def end(self) -> None:
        """Tell how many were not told."""
        if self._n > MOST_NAMED:
            self._tell(f"… and {self._n - MOST_NAMED} more warnings")


def error_line(where: str, reason: str) -> str:
    """Return the line of a list of errors about an input that failed."""
    return json.dumps({"input": where, "reason": reason}, ensure_ascii=False) + "\n"


def told_lines(
    first: Sequence[str],
    n_failed: int,
    skipped: Sequence[Failure],
    *,
    listed: str,
    is_list: bool = True,
) -> list[str]:
    """Return what a person is told of inputs that failed or were skipped.

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
    """Return the error of inputs that hold not one article, with what is told of them."""
    return InputError(*lines or ["no article in what was named"])
