"""What `classify tag` is asked for, and whether it can be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from depeche.labels.errors import MissingExtraError, UsageError
from depeche.labels.system.places import is_device
from depeche.model.inputs.columns import ColumnNames
from depeche.model.outputs.formats import Engine, Format, format_of

BATCH = "batch"  # instead of a file of prevalences
_TABLES = (Format.csv, Format.parquet)
_SHARDS = (Format.jsonl, Format.parquet)
FILES = (Format.parquet, Format.html, Format.sidecar)  # that cannot go to standard output


@dataclass(frozen=True, kw_only=True)
class TagRequest:
    """What is asked for; None where the default holds.

    Parameters
    ----------
    output
        File to write, with Ray a folder or its address; None for standard output.
    errors
        File that lists the inputs that failed or were skipped.
    model
        Folder of the model.
    precision, recall, coverage
        See `Rule`.
    prevalence
        File with the share of paragraphs with each label, or `BATCH` to estimate these.
    paragraphs
        Whether a table has one row per paragraph.
    jobs
        Number of processes.
    address
        Of a Ray cluster.
    fresh
        Whether to begin anew, whatever is there.
    """

    paths: Sequence[str] = ()
    files_from: Path | None = None
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    columns: ColumnNames = field(default_factory=ColumnNames)
    form: Format | None = None
    output: str | None = None
    errors: Path | None = None
    model: Path | None = None
    explain: bool = False
    precision: float | None = None
    recall: float | None = None
    coverage: float | None = None
    prevalence: str | None = None
    paragraphs: bool = False
    jobs: int | None = None
    engine: Engine = Engine.local
    address: str | None = None
    fresh: bool = False


def check_request(request: TagRequest) -> None:
    """Refuse options that do not go together, whatever the inputs are.

    Raises
    ------
    UsageError
        Which says what to give.
    """
    if not request.paths and request.files_from is None:
        raise UsageError("give a file, a folder, or - for standard input")
    if request.engine is Engine.ray:
        _check_for_cluster(request)
    elif request.address is not None:
        raise UsageError("--address is for --engine ray")


def _check_for_cluster(request: TagRequest) -> None:
    if request.errors is not None:
        raise UsageError("--errors: with --engine ray, OUTPUT/_errors lists them")
    if request.output is None:
        raise UsageError("--engine ray needs --output: a folder, or its address")
    if request.prevalence == BATCH:
        raise UsageError(
            "--prevalence batch reads everything first: estimate it on a sample without "
            "--engine ray, and give the shares as a JSON file"
        )
    form = cluster_form(request)
    if form not in _SHARDS:
        raise UsageError("--engine ray writes --format jsonl and parquet")
    check_form(request, form)


def cluster_form(request: TagRequest) -> Format:
    """Return the format of the shards that a cluster writes."""
    return request.form or format_of(Path(request.output or ""))


def check_form(request: TagRequest, form: Format) -> None:
    """Refuse a format that cannot be written where it should be, or not as it should be.

    Raises
    ------
    UsageError
        When options do not go together.
    MissingExtraError
        When the library that writes it is not installed: not after hours of work.
    """
    output = Path(request.output) if request.output is not None else None
    if form in FILES and (output is None or is_device(output)):
        raise UsageError(f"--format {form.value} needs --output, a file or folder")
    if request.paragraphs and form not in _TABLES:
        raise UsageError("--paragraphs is for --format csv and parquet")
    if form is Format.parquet and find_spec("pyarrow") is None:
        raise MissingExtraError("pyarrow", "batch")
