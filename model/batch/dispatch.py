"""From a request to what is written: which engine tags, and where the records go."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from depeche.labels.errors import UsageError
from depeche.labels.files import check_outputs, check_spared, followed_output
from depeche.labels.system.places import is_device, is_file
from depeche.model.batch.engine import Job
from depeche.model.batch.place import batch_files, check_place
from depeche.model.batch.progress import run_with_progress
from depeche.model.batch.request import (
    BATCH,
    FILES,
    TagRequest,
    check_form,
    check_request,
    cluster_form,
)
from depeche.model.batch.run import Batch, estimate
from depeche.model.batch.streaming import Stream
from depeche.model.cores import count_cores
from depeche.model.deciding.decisions import COVERAGE, Rule
from depeche.model.deciding.prevalence import read_prevalence
from depeche.model.inputs.inputs import Inputs
from depeche.model.manifest import MANIFEST
from depeche.model.outputs.formats import Engine, Format, format_of
from depeche.model.tagging import Model, load_model, model_in_use, unnamed_model

_SMALL = 4_000_000  # bytes of input that one process tags sooner than several start
_ONE = (Format.table, Format.json)  # of one article, or a list

Tell = Callable[[str], None]


def tag_inputs(request: TagRequest, tell: Tell) -> int:
    """Tag what is asked for, write it, and return how many inputs failed.

    `tell` is given what a person should know, one line at a time.

    Raises
    ------
    UsageError
        When options do not go together.
    ClassifyError
        When nothing can be tagged, or the output cannot be written.
    """
    check_request(request)
    if request.engine is Engine.ray:
        return _tag_on_cluster(request, tell)
    return _tag_here(request, tell)


def _tag_on_cluster(request: TagRequest, tell: Tell) -> int:
    model = _load_model(request, tell)
    from depeche.model.cluster.run import ClusterBatch  # the one import of what needs Ray
    from depeche.model.cluster.sources import find_sources

    batch = ClusterBatch(
        inputs=find_sources(
            request.paths,
            files_from=request.files_from,
            include=request.include,
            exclude=request.exclude,
        ),
        output=request.output or "",
        form=cluster_form(request),
        asked=request.columns,
        job=_job(request, model, explain=request.explain),
        model=model,
        n_jobs=request.jobs,
        address=request.address,
        paragraphs=request.paragraphs,
        fresh=request.fresh,
    )
    return run_with_progress(batch, tell)


def _tag_here(request: TagRequest, tell: Tell) -> int:
    inputs = _inputs(request)
    target = _target(request, single=inputs.is_single)
    _check_outputs(request, target, inputs)
    model = _load_model(request, tell)
    if request.prevalence == BATCH:
        model = estimate(model, inputs)
        shares = model.identity["asked"]["prevalence"].items()
        text = ", ".join(f"{name} {share:.1%}" for name, share in shares)
        tell(f"estimated share of paragraphs: {text}")
    job = _job(request, model, explain=request.explain or target.form is Format.table)
    n_jobs = 1 if inputs.is_single else _n_jobs(request.jobs, inputs)
    if target.output is None or not target.has_journal:
        return Stream(
            inputs=inputs,
            output=target.output,
            form=target.form,
            job=job,
            model=model,
            n_jobs=n_jobs,
            paragraphs=request.paragraphs,
            single=inputs.is_single,
            errors=request.errors,
        ).run(tell)
    batch = Batch(
        inputs=inputs,
        output=target.output,
        form=target.form,
        job=job,
        model=model,
        n_jobs=n_jobs,
        paragraphs=request.paragraphs,
        fresh=request.fresh,
    )
    return run_with_progress(batch, tell)


def _inputs(request: TagRequest) -> Inputs:
    return Inputs(
        request.paths,
        files_from=request.files_from,
        include=request.include,
        exclude=request.exclude,
        text_column=request.columns.text,
        id_column=request.columns.id,
        title_column=request.columns.title,
    )


@dataclass(frozen=True, kw_only=True)
class _Target:
    """Where records go (None for standard output), in which format, with a journal or at once."""

    output: Path | None
    form: Format
    has_journal: bool


def _target(request: TagRequest, *, single: bool) -> _Target:
    """Return where the records of one article go, or of several inputs.

    Raises
    ------
    UsageError
        When options do not go together.
    """
    output = Path(request.output) if request.output is not None else None
    form = request.form or _usual_format(output, single=single)
    check_form(request, form)
    if output is not None:
        output = followed_output(output)
    is_simple = (single and form not in FILES) or form in _ONE
    has_journal = output is not None and not is_simple and not is_device(output)
    if has_journal and request.errors is not None:
        raise UsageError("--errors: .depeche/OUTPUT/errors.jsonl lists what fails of a batch")
    return _Target(output=output, form=form, has_journal=has_journal)


def _usual_format(output: Path | None, *, single: bool) -> Format:
    """Return the format when none is asked for."""
    if output is not None:
        return format_of(output)
    on_terminal = single and sys.stdout is not None and sys.stdout.isatty()
    return Format.table if on_terminal else Format.jsonl


def _check_outputs(request: TagRequest, target: _Target, inputs: Inputs) -> None:
    """Refuse outputs that cannot be written, or that are among what is read."""
    if target.output is None and request.errors is None:
        return
    inputs_of_model = _model_and_shares(request)
    if target.output is not None and target.has_journal:
        check_place(target.output, target.form)
        outputs = batch_files(target.output)
        for path in outputs:
            check_spared(path, inputs_of_model)
    else:
        outputs = [path for path in (target.output, request.errors) if path is not None]
        check_outputs(outputs, inputs=inputs_of_model)
    inputs.spare(outputs)


def _model_and_shares(request: TagRequest) -> Sequence[Path]:
    """Return what is read besides the inputs."""
    folder = model_in_use(request.model)
    paths = [folder] if is_file(folder / MANIFEST) else []  # else loading it says that it is none
    if request.prevalence not in (None, BATCH):
        paths.append(Path(str(request.prevalence)))
    return paths


def _load_model(request: TagRequest, tell: Tell) -> Model:
    """Return the model that decides as is asked; say which labels it cannot give so."""
    rule = Rule(
        precision=request.precision,
        recall=request.recall,
        coverage=COVERAGE if request.coverage is None else request.coverage,
    )
    model = load_model(request.model, rule)
    line = unnamed_model(model) if request.model is None else None
    if line is not None:
        tell(line)
    if request.prevalence is not None and request.prevalence != BATCH:
        shares = read_prevalence(Path(request.prevalence), model.schema)
        model = Model(model.artifact, rule, shares)
    asked = f"precision of {request.precision}"
    if request.recall is not None:
        asked = f"recall of {request.recall}"
    for name in model.decisions.lacking:
        tell(f"no threshold holds a {asked} for {name}: it is never given")
    return model


def _job(request: TagRequest, model: Model, *, explain: bool) -> Job:
    """Return what other processes load."""
    return Job(
        folder=model_in_use(request.model),
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
