"""What runs on the machines of a cluster: readers cut stretches, taggers write shards."""

from __future__ import annotations

import io
import json
import pickle
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from depeche.labels.errors import BatchError, ClassifyError
from depeche.model.batch.engine import Job
from depeche.model.batch.failures import error_line
from depeche.model.batch.run import iter_outcomes
from depeche.model.batch.summary import Summary
from depeche.model.cluster.sources import Stretch, iter_stretches
from depeche.model.cluster.stores import Folder
from depeche.model.inputs.columns import ColumnNames
from depeche.model.outputs.formats import Format
from depeche.model.outputs.rows import write_parquet
from depeche.model.tagging import Model

ERRORS = "_errors"  # folder of the lists of what failed; tools pass over names that begin with _
COUNTS = (  # of a summary, which shards add up
    "n_articles",
    "n_paragraphs",
    "n_lines_skipped",
    "n_foreign",
    "n_failed",
    "n_new_paragraphs",
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What every machine of a cluster needs to know."""

    output: str
    form: Format
    paragraphs: bool
    job: Job
    asked: ColumnNames
    n_bytes: int
    version: str = field(default_factory=lambda: version("depeche"))


def files_of_model(folder: Path) -> dict[str, bytes]:
    """Return the files of a model; each machine gets them once."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


class Reader:
    """Cuts a group of files into stretches, one after the other."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def __call__(self, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the stretches of the group in a row."""
        number, group = pickle.loads(row["group"])  # noqa: S301 - as `ClusterBatch` packed it
        for stretch in iter_stretches(number, group, self._plan.asked, self._plan.n_bytes):
            yield {"stretch": pickle.dumps(stretch)}


class Tagger:
    """Holds the model, tags stretches and writes them; our own errors are returned, not raised."""

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
        """Return what became of the stretch in a row, or why it could not be tagged."""
        stretch: Stretch = pickle.loads(row["stretch"])  # noqa: S301 - as `Reader` packed it
        try:
            return {"shard": json.dumps(self._write(stretch)), "error": ""}
        except ClassifyError as err:
            return {"shard": "", "error": str(err)}

    def _write(self, stretch: Stretch) -> dict[str, Any]:
        """Write the shard of a stretch and return what became of it."""
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
            files[f"{stretch.name}.{self._plan.form.value}"] = self._content(lines, self._model)
        if failed:
            files[f"{ERRORS}/{stretch.name}.jsonl"] = b"".join(failed)
        folder = Folder(self._plan.output)
        for name, content in files.items():
            folder.write(name, content)
        return {
            **{name: getattr(summary, name) for name in (*COUNTS, "failures")},
            "name": stretch.name,
            "files": list(files),
            "n_bytes": stretch.n_bytes,
            "given": summary.given.tolist(),
        }

    def _content(self, lines: list[bytes], model: Model) -> bytes:
        """Return the bytes of a shard."""
        if self._plan.form is Format.jsonl:
            return b"".join(lines)
        file = io.BytesIO()
        records = map(json.loads, lines)
        write_parquet(records, model.schema, file, paragraphs=self._plan.paragraphs)
        return file.getvalue()
