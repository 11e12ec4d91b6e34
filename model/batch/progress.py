"""A batch as a person sees it: its progress on a terminal, then what it did."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from depeche.model.batch.summary import Progress, Summary
    from depeche.model.inputs.documents import Failure


class Measured(Protocol):
    """Inputs that know how much of them is read."""

    @property
    def total_bytes(self) -> int:
        """How much there is to read."""

    @property
    def done_bytes(self) -> int:
        """How much has been read."""

    @property
    def n_skipped(self) -> dict[str, int]:
        """Number of files that were passed over, by reason."""

    @property
    def skipped(self) -> Sequence[Failure]:
        """Those of them that may well be articles."""


class Runnable(Protocol):
    """A batch, whatever it runs on."""

    @property
    def inputs(self) -> Measured:
        """What is tagged."""

    @property
    def listed(self) -> str:
        """Where the inputs that failed are listed, for a person."""

    def run(self, progress: Progress) -> Summary:
        """Tag the inputs and return what was done."""


def run_with_progress(batch: Runnable, tell: Callable[[str], None]) -> int:
    """Run a batch with its progress on a terminal; return how many inputs failed.

    `tell` is given the lines that say what it did.
    """
    with _progress(batch.inputs) as progress:
        summary = batch.run(progress)
    for line in summary.failure_lines(batch.inputs.skipped, batch.listed):
        tell(line)
    for line in summary.lines(batch.inputs.n_skipped):
        tell(line)
    return summary.n_failed


@contextmanager
def _progress(inputs: Measured) -> Iterator[Progress]:
    """Show on a terminal how far a batch is, how fast it goes and how long it will take."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda summary: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.fields[done]} articles"),
        BarColumn(),
        TextColumn("{task.percentage:.0f} %, {task.fields[rate]:.0f} a second, left"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=inputs.total_bytes or None, done=0, rate=0.0)

        def progress(summary: Summary) -> None:
            bar.update(
                task,
                completed=inputs.done_bytes,
                done=summary.n_articles + summary.n_failed,
                rate=summary.rate,
            )

        yield progress
