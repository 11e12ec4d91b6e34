"""The command `classify tag`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from depeche.labels.errors import MissingExtraError
from depeche.labels.files import check_outputs, check_spared, followed_output
from depeche.labels.system.places import is_device, is_file
from depeche.labels.system.terminal import tell
from depeche.model.batch.progress import run_told
from depeche.model.cli import ModelOption, tell_model
from depeche.model.cores import count_cores
from depeche.model.outputs.formats import Engine, Format, format_of

if TYPE_CHECKING:
    from depeche.model.batch.engine import Job
    from depeche.model.inputs.inputs import Inputs
    from depeche.model.tagging import Model

_BATCH = "batch"  # instead of a file of prevalences
_MOST_JOBS = 10_000  # on a cluster; on one machine `at_most_jobs` starts far fewer
_SMALL = 4_000_000  # bytes of input that one process tags sooner than several start
_ONE = (Format.table, Format.json)  # of one article, or a list
_TABLES = (Format.csv, Format.parquet)
_SHARDS = (Format.jsonl, Format.parquet)
_FILES = (Format.parquet, Format.html, Format.sidecar)  # that cannot go to standard output


def tag(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            help="Articles (.txt, .md, .html), tables of them (.jsonl, .csv, .tsv, .parquet), "
            ".gz and .zst of these, folders, patterns in quotes, or - for an article on stdin.",
            show_default=False,
        ),
    ] = None,
    format_: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="json: one record, or a list for several inputs; jsonl: a record a line; csv, "
            "parquet: a row an article; html: a page to read; sidecar: a folder of .json files.",
            show_default="by OUTPUT's ending; table for one article on a terminal, else jsonl",
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            "--output",
            metavar="PATH",
            help="File to write; with --engine ray, a folder or its address.",
            show_default="stdout",
        ),
    ] = None,
    errors: Annotated[
        Path | None,
        typer.Option(
            help="File that lists each input that failed or was skipped, and why, as JSON lines.",
            show_default="OUTPUT.errors.jsonl beside a batch",
        ),
    ] = None,
    model: ModelOption = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Add the words behind each tag to the records.")
    ] = False,
    precision: Annotated[
        float | None,
        typer.Option(
            help="Give a topic only where so large a share of its tags is right.",
            show_default="the thresholds with the highest F1",
        ),
    ] = None,
    recall: Annotated[
        float | None,
        typer.Option(
            help="Give a topic to so large a share of the paragraphs that have it.",
            show_default="the thresholds with the highest F1",
        ),
    ] = None,
    coverage: Annotated[
        float | None,
        typer.Option(
            help="Of the paragraphs that have a label, the share that are given it or have it in "
            "'review'.",
            show_default="0.8",
        ),
    ] = None,
    prevalence: Annotated[
        str | None,
        typer.Option(
            help="Re-anchor scores to the share of paragraphs with each label: a JSON file, or "
            "'batch' to estimate it from these articles.",
            show_default="the training paragraphs'",
        ),
    ] = None,
    paragraphs: Annotated[
        bool, typer.Option("--paragraphs", help="In a table, a row for each paragraph.")
    ] = False,
    text_column: Annotated[
        str | None, typer.Option(help="Column of a table's texts.", show_default="by its name")
    ] = None,
    id_column: Annotated[
        str | None, typer.Option(help="Column of their ids.", show_default="by its name")
    ] = None,
    title_column: Annotated[
        str | None, typer.Option(help="Column of their titles.", show_default="by its name")
    ] = None,
    files_from: Annotated[
        Path | None,
        typer.Option(help="File with more paths, one a line or divided by NULs; - for stdin."),
    ] = None,
    include: Annotated[
        list[str] | None,
        typer.Option(help="In folders, read only what this pattern matches; may be repeated."),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(help="In folders, leave out what this pattern matches; may be repeated."),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=_MOST_JOBS,
            help="Processes.",
            show_default="one a core, for a few MB or more",
        ),
    ] = None,
    engine: Annotated[
        Engine, typer.Option(help="local: on this machine; ray: on a cluster, see docs/cluster.md.")
    ] = Engine.local,
    address: Annotated[
        str | None,
        typer.Option(help="Ray cluster to tag on.", show_default="Ray starts on this machine"),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin anew, and replace OUTPUT whoever wrote it.")
    ] = False,
) -> None:
    """Tag French articles: topics and stance of each paragraph and of the whole.

    With --output, a batch that was stopped goes on where it stopped when the same command is given
    again; OUTPUT.journal beside it keeps what is done, OUTPUT.errors.jsonl lists what failed or was
    skipped. The result of one article, and json, is written at once, over what was there.

    Example: classify seeds/000_b367d460ec9ad0bd.txt

    Example: classify tag crawl/ --output tags.csv

    Exit status: 0 done, 1 failed, 2 wrong usage, 3 done but some inputs failed: the first 20
    are named on stderr.
    """
    from depeche.model.inputs.inputs import Inputs

    if not paths and files_from is None:
        raise typer.BadParameter("give a file, a folder, or - for standard input")
    output = Path(target) if target is not None else None
    if engine is Engine.ray:
        if errors is not None:
            raise typer.BadParameter("--errors: with --engine ray, OUTPUT/_errors lists them")
        form = _cluster_form(format_, target, prevalence, paragraphs=paragraphs)
        loaded = _asked_model(model, precision, recall, coverage, prevalence)
        job = _job(loaded, model, explain=explain)
        from depeche.model.cluster.run import ClusterBatch
        from depeche.model.cluster.sources import find_sources
        from depeche.model.inputs.columns import ColumnNames

        n_failed = run_told(
            ClusterBatch(
                inputs=find_sources(
                    paths or [],
                    files_from=files_from,
                    include=include or [],
                    exclude=exclude or [],
                ),
                output=target or "",
                form=form,
                asked=ColumnNames(text=text_column, id=id_column, title=title_column),
                job=job,
                model=loaded,
                n_jobs=jobs,
                address=address,
                paragraphs=paragraphs,
                fresh=fresh,
            ),
            tell,
        )
        raise typer.Exit(3 if n_failed else 0)
    if address is not None:
        raise typer.BadParameter("--address is for --engine ray")
    inputs = Inputs(
        paths or [],
        files_from=files_from,
        include=include or [],
        exclude=exclude or [],
        text_column=text_column,
        id_column=id_column,
        title_column=title_column,
    )
    single = inputs.is_single
    form = format_ or _usual_format(output, single=single)
    _check_usage(form, output, paragraphs=paragraphs)
    if output is not None:
        output = followed_output(output)
    simple = (single and form not in _FILES) or form in _ONE
    journaled = output is not None and not simple and not is_device(output)
    if journaled and errors is not None:
        raise typer.BadParameter("--errors: OUTPUT.errors.jsonl lists what fails of a batch")
    if output is not None or errors is not None:
        read = _model_and_shares(model, prevalence)
        inputs.spare(_checked_outputs(output, errors, form, read, journaled=journaled))
    loaded = _asked_model(model, precision, recall, coverage, prevalence)
    if prevalence == _BATCH:
        from depeche.model.batch.run import estimate

        loaded = estimate(loaded, inputs)
        _tell_prevalence(loaded)
    job = _job(loaded, model, explain=explain or form is Format.table)
    n_jobs = 1 if single else _n_jobs(jobs, inputs)
    if output is None or not journaled:
        from depeche.model.batch.streaming import write_outcomes

        n_failed = write_outcomes(
            *(inputs, output, form, loaded, job, n_jobs),
            tell=tell,
            single=single,
            paragraphs=paragraphs,
            errors=errors,
        )
    else:
        from depeche.model.batch.run import Batch

        n_failed = run_told(
            Batch(
                inputs=inputs,
                output=output,
                form=form,
                job=job,
                model=loaded,
                n_jobs=n_jobs,
                paragraphs=paragraphs,
                fresh=fresh,
            ),
            tell,
        )
    if n_failed:
        raise typer.Exit(3)


def _checked_outputs(
    output: Path | None,
    errors: Path | None,
    form: Format,
    read: Sequence[Path],
    *,
    journaled: bool,
) -> list[Path]:
    """Return all that is to be written, which can be and is not `read`."""
    if output is None or not journaled:
        check_outputs((output, errors), inputs=read)
        return [path for path in (output, errors) if path is not None]
    from depeche.model.batch.place import check_place, journal_files

    check_place(output, form)
    outputs = journal_files(output)
    for path in outputs:
        check_spared(path, read)
    return outputs


def _model_and_shares(model: Path | None, prevalence: str | None) -> list[Path]:
    """Return what is read besides the inputs."""
    from depeche.model.manifest import MANIFEST
    from depeche.model.tagging import model_in_use

    folder = model_in_use(model)
    read = [folder] if is_file(folder / MANIFEST) else []  # else it is not a model, as is told soon
    return read if prevalence in (None, _BATCH) else [*read, Path(str(prevalence))]


def _usual_format(output: Path | None, *, single: bool) -> Format:
    """Return the format when none is asked for."""
    if output is not None:
        return format_of(output)
    on_terminal = single and sys.stdout is not None and sys.stdout.isatty()
    return Format.table if on_terminal else Format.jsonl


def _check_usage(form: Format, output: Path | None, *, paragraphs: bool) -> None:
    if form in _FILES and (output is None or is_device(output)):
        raise typer.BadParameter(f"--format {form.value} needs --output, a file or folder")
    if paragraphs and form not in _TABLES:
        raise typer.BadParameter("--paragraphs is for --format csv and parquet")
    if form is Format.parquet and find_spec("pyarrow") is None:  # not after hours of work
        raise MissingExtraError("pyarrow", "batch")


def _cluster_form(
    form: Format | None, target: str | None, prevalence: str | None, *, paragraphs: bool
) -> Format:
    """Return the format of a cluster's shards."""
    if target is None:
        raise typer.BadParameter("--engine ray needs --output: a folder, or its address")
    if prevalence == _BATCH:
        raise typer.BadParameter(
            "--prevalence batch reads everything first: estimate it on a sample without "
            "--engine ray, and give the shares as a JSON file"
        )
    form = form or format_of(Path(target))
    if form not in _SHARDS:
        raise typer.BadParameter("--engine ray writes --format jsonl and parquet")
    _check_usage(form, Path(target), paragraphs=paragraphs)
    return form


def _asked_model(
    folder: Path | None,
    precision: float | None,
    recall: float | None,
    coverage: float | None,
    prevalence: str | None,
) -> Model:
    """Return the model that decides as was asked; labels it cannot give so are named on stderr."""
    from depeche.model.deciding.decisions import COVERAGE, Rule
    from depeche.model.deciding.prevalence import read_prevalence
    from depeche.model.tagging import Model, load_model

    rule = Rule(
        precision=precision,
        recall=recall,
        coverage=COVERAGE if coverage is None else coverage,
    )
    loaded = load_model(folder, rule)
    tell_model(folder, loaded)
    if prevalence is not None and prevalence != _BATCH:
        shares = read_prevalence(Path(prevalence), loaded.schema)
        loaded = Model(loaded.artifact, rule, shares)
    asked = f"precision of {precision}" if recall is None else f"recall of {recall}"
    for name in loaded.decisions.lacking:
        tell(f"no threshold holds a {asked} for {name}: it is never given")
    return loaded


def _tell_prevalence(model: Model) -> None:
    shares = model.identity["asked"]["prevalence"].items()
    told = ", ".join(f"{name} {share:.1%}" for name, share in shares)
    tell(f"estimated share of paragraphs: {told}")


def _job(model: Model, folder: Path | None, *, explain: bool) -> Job:
    """Return what other processes load."""
    from depeche.model.batch.engine import Job
    from depeche.model.tagging import model_in_use

    return Job(
        folder=model_in_use(folder),
        rule=model.decisions.rule,
        prevalence=model.prevalence,
        explain=explain,
    )


def _n_jobs(asked: int | None, inputs: Inputs) -> int:
    """Return the number of processes: as asked, else by the cores where there is much to do."""
    if asked is not None:
        return asked
    if inputs.total_bytes < _SMALL:
        return 1
    return count_cores()
