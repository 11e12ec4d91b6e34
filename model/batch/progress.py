"""A batch as a person sees it: its progress on a terminal, then what it did."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from depeche.model.batch.run import Batch
    from depeche.model.batch.summary import Progress, Summary
    from depeche.model.cluster.run import ClusterBatch
    from depeche.model.cluster.sources import Sources
    from depeche.model.inputs.inputs import Inputs


def run_told(batch: Batch | ClusterBatch, tell: Callable[[str], None]) -> int:
    """Run a batch with its progress on a terminal; return how many inputs failed.

    `tell` is given the lines of what it did.
    """
    with _progress(batch.inputs) as progress:
        summary = batch.run(progress)
    for line in summary.told_lines(batch.inputs, batch.listed):
        tell(line)
    for line in summary.lines(batch.inputs.n_skipped):
        tell(line)
    return summary.n_failed


@contextmanager
def _progress(inputs: Inputs | Sources) -> Iterator[Progress]:
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
