"""A batch on a Ray cluster, or with Ray on this machine: files in, a folder of shards out.

Ray Data streams: readers, which cost next to nothing, cut the files into stretches of documents
with the local engine's own reader; actors, a core each, hold the model, tag a stretch and write it
as a shard; only counts come back. A shard is named by its place in the inputs, so that a stretch
that is tagged twice, since a machine was lost, is written once.

```
OUTPUT/part-GROUP-STRETCH.jsonl           records, or rows as .parquet
OUTPUT/_errors/part-GROUP-STRETCH.jsonl   what failed; tools pass over names that begin with _
OUTPUT/_SUCCESS                           counts, once all is there
```
"""

from __future__ import annotations

import json
import pickle
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from depeche.labels.errors import BatchError
from depeche.labels.files import check_folder
from depeche.model.batch.engine import Job
from depeche.model.batch.failures import nothing_read
from depeche.model.batch.summary import Progress, Summary
from depeche.model.cluster.session import cause_of, check_ray, ray_session
from depeche.model.cluster.shards import COUNTS, ERRORS, Plan, Reader, Tagger, files_of_model
from depeche.model.cluster.sources import Source, Sources
from depeche.model.cluster.stores import Folder, is_uri, place_of
from depeche.model.inputs.columns import ColumnNames
from depeche.model.inputs.finding import MOST_NAMED
from depeche.model.outputs.formats import Format
from depeche.model.tagging import Model

SUCCESS = "_SUCCESS"

_OURS = re.compile(rf"{SUCCESS}|(part-|{ERRORS}/part-)\d+-\d+\.(jsonl|parquet)")
_LEAST, _MOST = 250_000, 16_000_000  # bytes of text in a stretch
_STRETCHES = 8  # or more for each actor, so that all end at about the same time
_ACTORS_A_READER = 16  # reading a table takes a small part of the time of tagging it
_MOST_BLOCKS = 4096  # into which the list of files is divided
_TRIES = 5  # more for a stretch whose machine was lost


@dataclass(frozen=True, kw_only=True)
class ClusterBatch:
    """A batch that writes a folder of shards.

    Parameters
    ----------
    output
        Path or URI of the folder.
    n_jobs
        Actors; None for one a core.
    address
        Of a Ray cluster; None to start Ray on this machine, for this batch alone.
    """

    inputs: Sources
    output: str
    form: Format
    asked: ColumnNames
    job: Job
    model: Model
    n_jobs: int | None = None
    address: str | None = None
    paragraphs: bool = False
    fresh: bool = False

    @property
    def listed(self) -> str:
        """Where the inputs that failed are listed, for a person."""
        return f"failed inputs are listed in {Folder(self.output).name}/{ERRORS}"

    def run(self, progress: Progress) -> Summary:
        """Tag all inputs and return what was done.

        Raises
        ------
        MissingExtraError
            When Ray is not installed.
        BatchError
            When the output is another command's, or the cluster fails.
        InputError
            When the output cannot be written, or not one input could be read.
        """
        check_ray()
        self._check_inputs()
        folder = Folder(self.output)
        replaced = check_replaceable(folder, fresh=self.fresh)
        if not is_uri(self.output):
            check_folder(Path(self.output))
        summary = Summary(schema=self.model.schema)
        with ray_session(self.address, self.n_jobs) as n_jobs:
            folder.remove(replaced)
            written = self._tag(n_jobs, summary, progress)
        if not summary.n_articles:
            raise nothing_read(summary.failure_lines(self.inputs.skipped, self.listed))
        if lost := sorted(written.difference(folder.names())):
            raise BatchError(
                f"{folder.name}: {len(lost)} shards are not there, such as {lost[0]}: OUTPUT is a "
                "folder that all machines share, or the address of a store"
            )
        counts = {
            "articles": summary.n_articles,
            "paragraphs": summary.n_paragraphs,
            "failed": summary.n_failed,
            "model": self.model.identity["sha256"],
        }
        folder.write(SUCCESS, json.dumps(counts).encode() + b"\n")
        return summary

    def _tag(self, n_jobs: int, summary: Summary, progress: Progress) -> set[str]:
        """Tag all inputs, count what is done, and return the names of the files written."""
        failures: list[tuple[str, list[str]]] = []  # the first of them, by the name of their shard
        written: set[str] = set()
        for shard in self._shards(n_jobs):
            for name in COUNTS:
                setattr(summary, name, getattr(summary, name) + shard[name])
            summary.given += shard["given"]
            written.update(shard["files"])
            if shard["failures"]:
                failures.append((shard["name"], shard["failures"]))
                failures = sorted(failures)[:MOST_NAMED]
            summary.failures = [line for _, lines in failures for line in lines][:MOST_NAMED]
            self.inputs.done_bytes += shard["n_bytes"]
            progress(summary)
        return written

    def _check_inputs(self) -> None:
        """Refuse an output that holds an input, by whichever address."""
        output = place_of(self.output)
        for source in self.inputs.files:
            if isinstance(source, Source):
                place = place_of(source.base)
                place = f"{place}/{source.relative}" if source.relative else place
                if place.startswith(f"{output.rstrip('/')}/"):
                    raise BatchError(f"{self.output}: is among the inputs: give another name")

    def _shards(self, n_jobs: int) -> Iterator[dict[str, Any]]:
        """Yield what became of each stretch, as they are done."""
        try:
            for row in self._rows(n_jobs):
                if row["error"]:
                    raise BatchError(f"{row['error']}; the output is incomplete")
                yield json.loads(row["shard"])
        except BatchError:
            raise
        except Exception as err:
            raise cause_of(err) from err

    def _rows(self, n_jobs: int) -> Iterator[dict[str, Any]]:
        """Yield what taggers return, as Ray Data streams it."""
        import ray
        from ray.data import ActorPoolStrategy, TaskPoolStrategy, from_items

        _quieten()
        plan = self._plan(n_jobs)
        groups = list(enumerate(self.inputs.groups(plan.n_bytes)))
        # A machine may be lost, but not this one; and a stretch that kills its actor must end.
        restarts = {"max_restarts": 0, "max_task_retries": 0}
        if self.address:
            restarts = {"max_restarts": -1, "max_task_retries": _TRIES}
        shards = (
            from_items(
                [{"group": pickle.dumps(group)} for group in groups],
                override_num_blocks=min(len(groups), _MOST_BLOCKS),
            )
            .flat_map(
                Reader(plan),
                num_cpus=0,  # so that actors on all cores leave room for it
                compute=TaskPoolStrategy(size=-(-n_jobs // _ACTORS_A_READER)),
            )
            .map(
                Tagger,  # type: ignore[arg-type] # Ray makes one in each actor, and calls that
                fn_constructor_args=(ray.put(files_of_model(self.job.folder)), plan),
                num_cpus=1,  # and num_gpus, the day that a backend uses one
                compute=ActorPoolStrategy(size=n_jobs),
                ray_remote_args_fn=lambda: restarts,
            )
        )
        yield from shards.iter_rows()

    def _plan(self, n_jobs: int) -> Plan:
        """Return what every machine needs to know."""
        least = max(_LEAST, self.inputs.total_bytes // (n_jobs * _STRETCHES))
        return Plan(
            output=self.output if is_uri(self.output) else str(Path(self.output).resolve()),
            form=self.form,
            paragraphs=self.paragraphs,
            job=self.job,
            asked=self.asked,
            n_bytes=min(least, _MOST),
        )


def _quieten() -> None:
    """Have Ray Data hand out stretches one by one, and say nothing to whoever tags articles."""
    from ray.data import DataContext
    from ray.util.annotations import RayDeprecationWarning

    context = DataContext.get_current()
    context.target_max_block_size = 1  # so that each stretch goes to whichever actor is free
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    # How Ray would rather be called is our concern and not theirs.
    warnings.filterwarnings("ignore", category=RayDeprecationWarning)
    warnings.filterwarnings("ignore", module=r"ray\.data\.")


def check_replaceable(folder: Folder, *, fresh: bool) -> list[str]:
    """Return the files of an earlier output that are to go, its mark first.

    Raises
    ------
    BatchError
        When something is there, unless it is an output and `fresh` says that it may go.
    """
    names = folder.names()
    foreign = [name for name in names if not _OURS.fullmatch(name)]
    if foreign:
        more = f" and {len(foreign) - 1} more" if foreign[1:] else ""
        raise BatchError(
            f"{folder.name}: holds files that classify did not write ({foreign[0]}{more}): "
            "give another name"
        )
    if names and not fresh:
        what = "holds an output" if SUCCESS in names else "holds an incomplete output"
        raise BatchError(f"{folder.name}: {what}: give another name, or --fresh to replace it")
    return sorted(names, key=lambda name: name != SUCCESS)
