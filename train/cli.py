"""The commands `classify train` and `classify evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from depeche.labels.errors import InputError
from depeche.labels.files import check_folder, check_no_link, check_spared, open_output
from depeche.labels.options import JsonOption, OrangesumOption, SchemaOption
from depeche.labels.schema import DEFAULT_SCHEMA, Schema, check_same_schema, read_schema
from depeche.labels.system.terminal import show_json, show_lines, tell
from depeche.model.options import ModelOption, tell_model
from depeche.train import DEFAULT_BASE, Backend
from depeche.train.options import (
    LabelsOption,
    SeedOption,
    SplitOption,
    check_encoder_extra,
    check_extra,
    load_labelled,
    start_progress,
    tell_run,
)

if TYPE_CHECKING:
    from depeche.train.evaluation.evaluate import Scored

LAST = Path("mlruns") / "last"


SettingsOption = Annotated[
    Path | None,
    typer.Option(help="JSON file of settings, as classify tune writes it; options go before it."),
]


def train(
    labels: LabelsOption = None,
    schema: SchemaOption = DEFAULT_SCHEMA,
    orangesum: OrangesumOption = None,
    output: Annotated[Path, typer.Option(help="Folder of the model.")] = LAST,
    backend: Annotated[
        Backend,
        typer.Option(help="tfidf: words and characters; camembert: a fine-tuned encoder."),
    ] = Backend.tfidf,
    base: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|PATH",
            help="camembert: encoder to fine-tune, a name on the Hugging Face hub or a folder.",
            show_default=DEFAULT_BASE,
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(help="camembert: passes over the paragraphs at most.", show_default="6"),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="camembert: windows run together.", show_default="16")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="camembert: the highest rate.", show_default="3e-05")
    ] = None,
    max_length: Annotated[
        int | None,
        typer.Option(
            help="camembert: tokens read at once; longer paragraphs are read in windows.",
            show_default="256",
        ),
    ] = None,
    full_precision: Annotated[
        bool,
        typer.Option("--full-precision", help="camembert: do not round the weights to 8 bits."),
    ] = False,
    teacher: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="tfidf: learn from this run's model as well."),
    ] = None,
    unlabelled: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH", help="Articles that the teacher tags for it; repeatable."),
    ] = None,
    settings: SettingsOption = None,
    seed: SeedOption = None,
    folds: Annotated[
        int | None,
        typer.Option(
            min=2, help="Number of folds.", show_default="5; camembert: one in five held out"
        ),
    ] = None,
    split: SplitOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a model on labelled paragraphs, and log it as a run in MLflow.

    A killed fine-tuning goes on where it was when the same command is given again.

    Example: classify train --orangesum ../OrangeSum

    Example: classify train --backend camembert --base models/camembert-base
    """
    check_extra()
    from depeche.labels.dataset import SHIPPED
    from depeche.model.artifact import check_destination, lock_folder
    from depeche.train.backends import make_encoder_trainer, make_linear_trainer, train_and_save
    from depeche.train.tracking.connection import check_loggable
    from depeche.train.tracking.log import log_run

    check_loggable()
    options: dict[str, object] = {"seed": seed, "n_folds": folds, "split": split}
    encoder_options: dict[str, object] = {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "max_length": max_length,
    }
    for_encoders = {**encoder_options, "base": base, "full_precision": full_precision}
    _check_backend(backend, for_encoders, teacher, unlabelled)
    if backend is Backend.camembert:
        check_encoder_extra()
        options |= encoder_options
        trainer = make_encoder_trainer(settings, options, base=base, shrink=not full_precision)
    else:
        trainer = make_linear_trainer(settings, options, teacher=teacher, unlabelled=unlabelled)
    progress = start_progress()
    check_destination(output)
    inputs = [*(labels or SHIPPED), schema, settings, *map(Path, unlabelled or [])]
    check_spared(output, [path for path in inputs if path])
    labelled = load_labelled(labels, read_schema(schema), orangesum)
    with lock_folder(output):
        training, evaluation = train_and_save(trainer, labelled, output, progress=progress)
        _show_scores(training.artifact.scores, labelled.schema, as_json=as_json)
        tell_run(log_run(training, evaluation, output), progress)


def evaluate(
    labels: Annotated[list[Path], typer.Option(help="File of labelled paragraphs.")],
    model: ModelOption = None,
    schema: Annotated[
        Path | None,
        typer.Option(help="Schema of the label files.", show_default="the model's"),
    ] = None,
    orangesum: OrangesumOption = None,
    report: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the evaluation as a page, as Markdown and as JSON: scores, "
            "calibration, and the worst errors with their words."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Score a model on labelled paragraphs.

    Example: classify evaluate --labels mine.jsonl --report evaluation
    """
    check_extra()
    from depeche.model.tagging import load_model
    from depeche.train.evaluation.evaluate import evaluate_model, score_model

    if report is not None:
        _check_report(report, [*labels, *(path for path in (schema, orangesum) if path)])
    loaded = load_model(model)
    tell_model(model, loaded)
    if schema is not None:
        check_same_schema(
            loaded.schema, read_schema(schema), ours_is="the model", theirs_is=str(schema)
        )
    scored = score_model(loaded, load_labelled(labels, loaded.schema, orangesum))
    scores = evaluate_model(loaded, scored)
    if scores["n_seen"]:
        tell(
            f"the model was trained on {scores['n_seen']} of these {scores['n_paragraphs']} "
            "paragraphs: the scores are not out of sample"
        )
    if report is not None:
        _write_report(report, scored, scores, loaded.artifact.name)
    _show_scores(scores, loaded.schema, as_json=as_json)


def _check_report(folder: Path, inputs: list[Path]) -> None:
    """Raise `InputError` where a report cannot be written, or would replace an input."""
    from depeche.train.reports.files import REPORT_FILES

    check_folder(folder)
    for name in REPORT_FILES:
        check_no_link(folder / name)
        check_spared(folder / name, inputs)


def _write_report(folder: Path, scored: Scored, scores: dict[str, Any], model: str) -> None:
    """Write the evaluation as a page, as Markdown and as JSON."""
    from depeche.train.reports.files import report_files
    from depeche.train.reports.plots import plots

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise InputError(f"{folder}: cannot be made: {err.strerror}") from err
    files = report_files(scores, scored.schema, plots(scored, scores), model)
    for name, text in files.items():
        with open_output(folder / name) as file:
            file.write(text)
    tell(f"report in {folder / 'evaluation.html'}")


def _check_backend(
    backend: Backend,
    for_encoders: dict[str, object],
    teacher: str | None,
    unlabelled: list[str] | None,
) -> None:
    """Raise `typer.BadParameter` where an option was given that the backend does not have."""
    if backend is Backend.camembert:
        if teacher or unlabelled:
            raise typer.BadParameter("--teacher and --unlabelled are for --backend tfidf")
        return
    for name, value in for_encoders.items():
        if value:
            raise typer.BadParameter(f"--{name.replace('_', '-')} is for --backend camembert")
    if bool(teacher) != bool(unlabelled):
        raise typer.BadParameter("--teacher and --unlabelled go together")


def _show_scores(scores: dict[str, Any], schema: Schema, *, as_json: bool) -> None:
    """Print scores on stdout, and what a user should know of them on stderr."""
    for warning in scores["warnings"]:
        tell(warning)
    if as_json:
        show_json(scores)
        return
    from depeche.train.reports.card import overall, score_rows, sentences

    lines: list[str] = []
    for dimension in schema.dimensions:
        for name, *cells in score_rows(dimension, scores):
            lines.append(f"{name:<16}" + "".join(f"{cell:>18}" for cell in cells).rstrip())
        lines += [f"{'':16}{overall(dimension, scores)}", ""]
    show_lines([*lines, *sentences(scores, schema), scores["signature"]])
