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

import io
import json
import pickle
import re
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from depeche.labels.errors import BatchError, ClassifyError
from depeche.labels.files import check_folder
from depeche.labels.schema import Schema
from depeche.model.batch.engine import Job
from depeche.model.batch.failures import error_line, nothing_read
from depeche.model.batch.run import iter_outcomes
from depeche.model.batch.summary import Progress, Summary
from depeche.model.cluster.session import cause_of, check_ray, ray_session
from depeche.model.cluster.sources import Source, Sources, Stretch, iter_stretches
from depeche.model.cluster.stores import Folder, is_uri, place_of
from depeche.model.inputs.columns import ColumnNames
from depeche.model.inputs.finding import MOST_NAMED
from depeche.model.outputs.formats import Format
from depeche.model.outputs.rows import write_parquet
from depeche.model.tagging import Model

SUCCESS = "_SUCCESS"
ERRORS = "_errors"

_OWN = re.compile(rf"{SUCCESS}|(part-|{ERRORS}/part-)\d+-\d+\.(jsonl|parquet)")
_LEAST, _MOST = 250_000, 16_000_000  # bytes of text in a stretch
_STRETCHES = 8  # or more for each actor, so that all end at about the same time
_ACTORS_A_READER = 16  # reading a table takes a small part of the time of tagging it
_MOST_BLOCKS = 4096  # into which the list of files is divided
_TRIES = 5  # more for a stretch whose machine was lost


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What every machine of a cluster is told."""

    output: str
    form: Format
    paragraphs: bool
    job: Job
    asked: ColumnNames
    n_bytes: int
    version: str = field(default_factory=lambda: version("depeche"))


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
        failures: list[tuple[str, list[str]]] = []
        written: set[str] = set()
        with ray_session(self.address, self.n_jobs) as n_jobs:
            folder.remove(replaced)
            for shard in self._shards(n_jobs):
                _add(summary, shard)
                written.update(shard["files"])
                if shard["failures"]:
                    failures.append((shard["name"], shard["failures"]))
                    failures = sorted(failures)[:MOST_NAMED]
                summary.failures = [told for _, some in failures for told in some][:MOST_NAMED]
                self.inputs.done_bytes += shard["n_bytes"]
                progress(summary)
        if not summary.n_articles:
            raise nothing_read(summary.told_lines(self.inputs, self.listed))
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

    def _check_inputs(self) -> None:
        """Refuse an output that holds an input, by whichever address."""
        output = place_of(self.output)
        for source in self.inputs.found:
            if isinstance(source, Source):
                place = place_of(source.base)
                place = f"{place}/{source.relative}" if source.relative else place
                if place.startswith(f"{output.rstrip('/')}/"):
                    raise BatchError(f"{self.output}: is among the inputs: give another name")

    def _shards(self, n_jobs: int) -> Iterator[dict[str, Any]]:
        """Yield what became of each stretch, as they are done."""
        import ray
        from ray.data import ActorPoolStrategy, DataContext, TaskPoolStrategy, from_items
        from ray.util.annotations import RayDeprecationWarning

        least = max(_LEAST, self.inputs.total_bytes // (n_jobs * _STRETCHES))
        plan = Plan(
            output=self.output if is_uri(self.output) else str(Path(self.output).resolve()),
            form=self.form,
            paragraphs=self.paragraphs,
            job=self.job,
            asked=self.asked,
            n_bytes=min(least, _MOST),
        )
        groups = list(enumerate(self.inputs.groups(plan.n_bytes)))
        context = DataContext.get_current()
        context.target_max_block_size = 1  # so that each stretch goes to whichever actor is free
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        # A machine may be lost, but not this one; and a stretch that kills its actor must end.
        lasting = {"max_restarts": -1, "max_task_retries": _TRIES} if self.address else {}
        # How Ray would rather be called is our concern and not that of whoever tags articles.
        warnings.filterwarnings("ignore", category=RayDeprecationWarning)
        warnings.filterwarnings("ignore", module=r"ray\.data\.")
        shards = (
            from_items(
                [{"group": pickle.dumps(group)} for group in groups],
                override_num_blocks=min(len(groups), _MOST_BLOCKS),
            )
            .flat_map(
                _Reader(plan),
                num_cpus=0,  # so that actors on all cores leave room for it
                compute=TaskPoolStrategy(size=-(-n_jobs // _ACTORS_A_READER)),
            )
            .map(
                _Tagger,  # type: ignore[arg-type] # Ray makes one in each actor, and calls that
                fn_constructor_args=(ray.put(_files(self.job.folder)), plan),
                num_cpus=1,  # and num_gpus, the day that a backend uses one
                compute=ActorPoolStrategy(size=n_jobs),
                ray_remote_args_fn=lambda: lasting or {"max_restarts": 0, "max_task_retries": 0},
            )
        )
        try:
            for row in shards.iter_rows():
                if row["error"]:
                    raise BatchError(f"{row['error']}; the output is incomplete")
                yield json.loads(row["shard"])
        except BatchError:
            raise
        except Exception as err:
            raise cause_of(err) from err


def check_replaceable(folder: Folder, *, fresh: bool) -> list[str]:
    """Return the files of an earlier output that are to go, its mark first.

    Raises
    ------
    BatchError
        When something is there, unless it is an output and `fresh` says that it may go.
    """
    names = folder.names()
    foreign = [name for name in names if not _OWN.fullmatch(name)]
    if foreign:
        raise BatchError(
            f"{folder.name}: holds files that classify did not write ({foreign[0]}"
            + (f" and {len(foreign) - 1} more" if foreign[1:] else "")
            + "): give another name"
        )
    if names and not fresh:
        what = "holds an output" if SUCCESS in names else "holds an incomplete output"
        raise BatchError(f"{folder.name}: {what}: give another name, or --fresh to replace it")
    return sorted(names, key=lambda name: name != SUCCESS)


def _files(folder: Path) -> dict[str, bytes]:
    """Return the files of a model, which each machine is given once."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


class _Reader:
    """Cuts a group of files into stretches, one after the other."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def __call__(self, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
        number, group = pickle.loads(row["group"])  # noqa: S301 - as `_shards` packed it
        for stretch in iter_stretches(number, group, self._plan.asked, self._plan.n_bytes):
            yield {"stretch": pickle.dumps(stretch)}


class _Tagger:
    """Holds the model, tags stretches and writes them; our own errors are told, not raised."""

    def __init__(self, files: Any, plan: Plan) -> None:
        import ray

        self._plan = plan
        self._model: Model | None = None
        if version("depeche") == plan.version:
            with tempfile.TemporaryDirectory() as folder:
                for name, data in ray.get(files).items():
                    (Path(folder) / name).write_bytes(data)
                self._model = replace(plan.job, folder=Path(folder)).load()

    def __call__(self, row: dict[str, Any]) -> dict[str, str]:
        stretch: Stretch = pickle.loads(row["stretch"])  # noqa: S301 - as `_Reader` packed it
        try:
            return {"shard": json.dumps(self._made(stretch)), "error": ""}
        except ClassifyError as err:
            return {"shard": "", "error": str(err)}

    def _made(self, stretch: Stretch) -> dict[str, Any]:
        """Return what became of a stretch, once it is written."""
        if self._model is None:
            raise BatchError(
                f"a machine of the cluster has depeche {version('depeche')}, this one "
                f"{self._plan.version}: install the same on all"
            )
        summary = Summary(schema=self._model.schema)
        lines, failed = [], []
        for entry, line in iter_outcomes(stretch.items, self._plan.job, self._model, 1):
            summary.add(entry, kept=False)
            if entry.reason:
                failed.append(error_line(entry.where, entry.reason).encode())
            else:
                lines.append(line)
        files = {}
        if lines:
            shard = self._shard(lines, self._model.schema)
            files[f"{stretch.name}.{self._plan.form.value}"] = shard
        if failed:
            files[f"{ERRORS}/{stretch.name}.jsonl"] = b"".join(failed)
        folder = Folder(self._plan.output)
        for name, data in files.items():
            folder.write(name, data)
        told = {name: getattr(summary, name) for name in (*_COUNTS, "failures")}
        return told | {
            "name": stretch.name,
            "files": list(files),
            "n_bytes": stretch.n_bytes,
            "given": summary.given.tolist(),
        }

    def _shard(self, lines: list[bytes], schema: Schema) -> bytes:
        if self._plan.form is Format.jsonl:
            return b"".join(lines)
        file = io.BytesIO()
        write_parquet(map(json.loads, lines), schema, file, paragraphs=self._plan.paragraphs)
        return file.getvalue()


_COUNTS = (
    *("n_articles", "n_paragraphs", "n_lines_skipped", "n_foreign", "n_failed"),
    "n_new_paragraphs",
)


def _add(summary: Summary, shard: dict[str, Any]) -> None:
    for name in _COUNTS:
        setattr(summary, name, getattr(summary, name) + shard[name])
    summary.given += shard["given"]
