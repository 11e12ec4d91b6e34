"""The train room's commands."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
import webbrowser
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from depeche.labels.cli import JsonOption, OrangesumOption, SchemaOption
from depeche.labels.dataset import SHIPPED, LabelledSet, load_labels
from depeche.labels.errors import InputError, MissingExtraError
from depeche.labels.files import check_folder, check_no_link, check_spared, open_output
from depeche.labels.schema import DEFAULT_SCHEMA, Schema, check_same_schema, read_schema
from depeche.labels.system.terminal import show_json, show_lines, tell
from depeche.model.options import ModelOption, tell_model
from depeche.train import DEFAULT_BASE, MOST_SEED, Backend

if TYPE_CHECKING:
    from depeche.train.backends import Trainer
    from depeche.train.evaluation.evaluation import Scored

LAST = Path("mlruns") / "last"
ARTIFACTS = Path("mlruns") / "artifacts"  # of our own store
TRIALS = Path("mlruns") / "tune.db"
TUNED = Path("mlruns") / "tuned.json"

PortOption = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]

LabelsOption = Annotated[
    list[Path] | None,
    typer.Option(
        help="File of labelled paragraphs; repeat for several.",
        show_default="the three files that ship in labels/",
    ),
]
SettingsOption = Annotated[
    Path | None,
    typer.Option(help="JSON file of settings, as classify tune writes it; options go before it."),
]
SeedOption = Annotated[
    int | None,
    typer.Option(min=0, max=MOST_SEED, help="Governs the folds and the solver.", show_default="0"),
]
FoldsOption = Annotated[int | None, typer.Option(min=2, help="Number of folds.", show_default="5")]
SplitOption = Annotated[
    Literal["article", "source", "date", "random"] | None,
    typer.Option(help="What folds keep together.", show_default="article"),
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
    from depeche.model.artifact import check_destination, lock_folder
    from depeche.train.diagnostics import evaluate_training
    from depeche.train.reports.card import model_card
    from depeche.train.tracking.connection import check_loggable
    from depeche.train.tracking.log import log_run

    check_loggable()
    trainer = _trainer(
        backend,
        settings,
        {"seed": seed, "n_folds": folds, "split": split},
        {
            "epochs": epochs,
            "batch_size": batch_size,
            "learning_rate": learning_rate,
            "max_length": max_length,
        },
        base=base,
        full_precision=full_precision,
        teacher=teacher,
        unlabelled=unlabelled or [],
    )
    start = time.monotonic()

    def progress(step: str) -> None:
        tell(step, start=f"{time.monotonic() - start:6.1f} s  ")

    check_destination(output)
    read = [*(labels or SHIPPED), schema, *([settings] if settings else [])]
    check_spared(output, [*read, *map(Path, unlabelled or [])])
    found = load_labelled(labels or list(SHIPPED), read_schema(schema), orangesum)
    n_articles = len(set(found.articles))
    progress(f"{len(found.paragraphs)} paragraphs of {n_articles} articles")
    with lock_folder(output):
        training = trainer.train(found, progress)
        evaluation = evaluate_training(training, progress=progress)
        training = training.with_evaluation(evaluation)
        training = training.save(output, card=model_card(training.artifact))
        progress(f"model in {output}")
        trainer.forget()
        _print_scores(training.artifact.scores, found.schema, as_json=as_json)
        run_id = log_run(training, evaluation, output)
    progress(f"run {run_id} in MLflow: classify ui shows it")
    page = ARTIFACTS / run_id / "artifacts" / "evaluation" / "evaluation.html"
    if page.is_file():
        progress(f"report in {page}")


def tune(
    labels: LabelsOption = None,
    schema: SchemaOption = DEFAULT_SCHEMA,
    orangesum: OrangesumOption = None,
    trials: Annotated[
        int,
        typer.Option(min=1, max=100_000, help="Trials in all; those of an earlier run count."),
    ] = 30,
    seed: SeedOption = None,
    folds: FoldsOption = None,
    split: SplitOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search the training settings, and judge the best on a fold that the search never saw.

    Interrupted, the same command goes on where it stopped. The best go to mlruns/tuned.json.

    Example: classify tune --orangesum ../OrangeSum --trials 50
    """
    check_extra("optuna")
    from depeche.train.backends import choose_settings
    from depeche.train.settings import write_settings
    from depeche.train.tracking.connection import check_loggable
    from depeche.train.tuning.report import tuning_lines
    from depeche.train.tuning.runs import TuningRuns
    from depeche.train.tuning.tuning import tune as search

    check_loggable()
    start = time.monotonic()

    def progress(step: str) -> None:
        tell(step, start=f"{time.monotonic() - start:6.1f} s  ")

    defaults = choose_settings(None, {"seed": seed, "n_folds": folds, "split": split})
    check_folder(TUNED.parent)
    found = load_labelled(labels or list(SHIPPED), read_schema(schema), orangesum)
    with TuningRuns() as runs:
        tuning = search(
            found,
            defaults,
            n_trials=trials,
            storage=TRIALS,
            report=progress,
            record=runs.record,
        )
        write_settings(tuning.best, TUNED)
        run_id = runs.finish(tuning)
    progress(f"run {run_id} in MLflow: classify ui shows it")
    page = ARTIFACTS / run_id / "artifacts" / "evaluation" / "evaluation.html"
    if page.is_file():
        progress(f"report in {page}")
    if as_json:
        result = {**tuning.to_dict(), "run": run_id, "file": str(TUNED)}
        show_json(result)
        return
    given = _data_options(labels, schema, orangesum)
    show_lines(tuning_lines(tuning, path=TUNED, given=given))


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
    from depeche.train.evaluation.evaluation import evaluate_model, score_model
    from depeche.train.reports.report import REPORT_FILES

    if report is not None:
        check_folder(report)
        read = [*labels, *(path for path in (schema, orangesum) if path)]
        for name in REPORT_FILES:
            check_no_link(report / name)
            check_spared(report / name, read)
    loaded = load_model(model)
    tell_model(model, loaded)
    if schema is not None:
        check_same_schema(
            loaded.schema, read_schema(schema), ours_is="the model", theirs_is=str(schema)
        )
    found = load_labelled(labels, loaded.schema, orangesum)
    scored = score_model(loaded, found)
    scores = evaluate_model(loaded, scored)
    if scores["n_seen"]:
        tell(
            f"the model was trained on {scores['n_seen']} of these {scores['n_paragraphs']} "
            "paragraphs: the scores are not out of sample"
        )
    if report is not None:
        _write_report(report, scored, scores, loaded.artifact.name)
    _print_scores(scores, loaded.schema, as_json=as_json)


def _write_report(folder: Path, scored: Scored, scores: dict[str, Any], model: str) -> None:
    from depeche.train.reports.plots import plots
    from depeche.train.reports.report import report_files

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise InputError(f"{folder}: cannot be made: {err.strerror}") from err
    files = report_files(scores, scored.schema, plots(scored, scores), model)
    for name, text in files.items():
        with open_output(folder / name) as file:
            file.write(text)
    tell(f"report in {folder / 'evaluation.html'}")


def runs(
    limit: Annotated[
        int | None, typer.Option(min=1, help="Show so many at most.", show_default="all")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the runs, newest first: scores, data digest, and the champion.

    Example: classify runs --limit 10
    """
    from depeche.train.tracking.store import open_store, store_is_there
    from depeche.train.tracking.tables import run_lines

    found, champion = [], None
    if store_is_there():
        with open_store() as store:
            found, champion = store.runs(limit), store.champion()
    if as_json:
        rows = [run.to_dict() | {"champion": run.id == champion} for run in found]
        show_json(rows)
    elif found:
        show_lines(run_lines(found, champion))
    else:
        show_lines(["no run yet: classify train makes one"])


RunArgument = typer.Argument(
    help="Id of a run, its first 4 or more characters, its name, or champion.", show_default=False
)


def compare(
    a: Annotated[str, RunArgument],
    b: Annotated[str, RunArgument],
    as_json: JsonOption = False,
) -> None:
    """Compare two runs trained on the same data: B - A for each score, with 95 % intervals.

    Example: classify compare champion 1f2e3d4c

    Both are scored on the same resampled articles. The intervals in the table are those of single
    scores. A difference is called real (*) when, among the F1 of all labels and the first score of
    each dimension, it passes Benjamini and Hochberg's procedure: of the differences so called, one
    in twenty is expected to be noise. Intervals cover the choice of articles, not that of seeds.
    """
    from depeche.train.evaluation.comparison import compare_runs
    from depeche.train.tracking.store import open_store
    from depeche.train.tracking.tables import comparison_lines

    with open_store() as store:
        comparison = compare_runs(store, store.find(a), store.find(b))
    if as_json:
        show_json(comparison.to_dict())
    else:
        show_lines(comparison_lines(comparison))


def promote(
    run: Annotated[str | None, RunArgument] = None,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Make the champion before the present one it again.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Promote a run that is worse or cannot be compared.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a run the champion: the model in use here, and alias champion in MLflow's registry.

    Example: classify promote 1f2e3d4c

    Refused when the run is worse than the champion beyond noise: when, for any dimension, the 95 %
    interval of the difference of its first score (see classify compare) lies below 0.
    """
    from depeche.model.champion import CHAMPION
    from depeche.train.tracking.promotion import promote as promote_run
    from depeche.train.tracking.promotion import roll_back
    from depeche.train.tracking.store import open_store
    from depeche.train.tracking.tables import promotion_lines

    if (run is None) != rollback:
        raise typer.BadParameter("give a run, or --rollback alone")
    with open_store() as store:
        done = promote_run(store, store.find(run), force=force) if run else roll_back(store)
    if as_json:
        show_json(asdict(done))
    else:
        show_lines(promotion_lines(done, CHAMPION.as_posix()))


def _trainer(
    backend: Backend,
    path: Path | None,
    given: dict[str, object],
    of_encoders: dict[str, object],
    *,
    base: str | None,
    full_precision: bool,
    teacher: str | None,
    unlabelled: list[str],
) -> Trainer:
    """Return how to train, as the options ask."""
    from depeche.train import backends

    if backend is Backend.camembert:
        if teacher or unlabelled:
            raise typer.BadParameter("--teacher and --unlabelled are for --backend tfidf")
        check_encoder_extra()
        return backends.EncoderTrainer(
            settings=backends.choose_encoder_settings(path, given | of_encoders),
            base=base or DEFAULT_BASE,
            shrink=not full_precision,
        )
    for name, value in {"base": base, "full_precision": full_precision, **of_encoders}.items():
        if value:
            raise typer.BadParameter(f"--{name.replace('_', '-')} is for --backend camembert")
    settings = backends.choose_settings(path, given)
    if teacher and unlabelled:
        return backends.StudentTrainer(settings=settings, teacher=teacher, unlabelled=unlabelled)
    if teacher or unlabelled:
        raise typer.BadParameter("--teacher and --unlabelled go together")
    return backends.LinearTrainer(settings=settings)


def _data_options(labels: list[Path] | None, schema: Path, orangesum: Path | None) -> list[str]:
    """Return the options that name the same data again."""
    given = [word for path in labels or () for word in ("--labels", str(path))]
    given += ["--schema", str(schema)] if schema != DEFAULT_SCHEMA else []
    return given + (["--orangesum", str(orangesum)] if orangesum else [])


def ui(
    port: PortOption = 5000,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the addresses only.")
    ] = False,
) -> None:
    """Look at the runs in MLflow's UI, until Ctrl-C.

    Prints where the runs are listed with their scores, and where the last two are compared. With a
    server at $MLFLOW_TRACKING_URI these are its pages, and nothing is started.

    Example: classify ui --port 5002
    """
    check_extra()
    from depeche.train.tracking.connection import store_uri
    from depeche.train.tracking.serving import check_port, run_ui
    from depeche.train.tracking.ui_pages import prepare_pages

    served = store_uri().startswith(("http://", "https://"))
    if not served:
        check_port("127.0.0.1", port)
    pages = prepare_pages()

    def show(url: str) -> None:
        show_lines([f"runs     {url}{pages.runs}"])
        if pages.comparison:
            show_lines([f"compare  {url}{pages.comparison}"])
        if not no_browser and _is_graphical():
            webbrowser.open(url + pages.runs)

    if served:
        show(store_uri().rstrip("/"))
        return
    with run_ui(host="127.0.0.1", port=port) as server:
        show(server.url)
        tell("Ctrl-C to stop", start="")
        server.wait()


def serve(
    port: PortOption = 5001,
    host: Annotated[
        str, typer.Option(help="Address to listen on; others reach it if not 127.0.0.1.")
    ] = "127.0.0.1",
    model_uri: Annotated[
        str | None,
        typer.Option(
            help="Logged model, as models:/NAME@ALIAS or runs:/ID/model.",
            show_default="the champion",
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Name by which requests may call this machine besides HOST; repeat for several.",
        ),
    ] = None,
) -> None:
    """Serve the champion over HTTP, until Ctrl-C: texts in, records out.

    Example: classify serve --port 5003
    """
    check_extra()
    from depeche.train.tracking.service.hosts import is_host
    from depeche.train.tracking.serving import CHAMPION_URI, open_service

    for name in allow_host or ():
        if not is_host(name):
            raise typer.BadParameter(f"{name!r}: give a name or an address, without a port")
    uri = model_uri or CHAMPION_URI
    with open_service(uri, host=host, port=port, allowed=allow_host or ()) as service:
        example = {"inputs": ["Un accord a été signé lundi."], "params": {"explain": True}}
        body = json.dumps(example, ensure_ascii=False)
        tell(f"{uri} answers; Ctrl-C to stop", start="")
        tell(
            f"curl {service.url}/invocations -H 'Content-Type: application/json' "
            f"-d {shlex.quote(body)}",
            start="",
        )
        service.run()


def _is_graphical() -> bool:
    return sys.platform in ("darwin", "win32") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def check_extra(*more: str) -> None:
    """Raise when the libraries of the extra `train`, and what is needed more, are not installed."""
    from importlib.util import find_spec

    known = (("scikit-learn", "sklearn"), ("matplotlib",) * 2, ("mlflow",) * 2)
    for library, module in (*known, *((name, name) for name in more)):
        if find_spec(module) is None:
            raise MissingExtraError(library, "train")


def check_encoder_extra() -> None:
    """Raise when a library of the extra `camembert` is not installed."""
    from importlib.util import find_spec

    for library in ("torch", "transformers", "onnx", "onnxruntime", "onnxscript"):
        if find_spec(library) is None:
            raise MissingExtraError(library, "camembert")


def load_labelled(paths: list[Path], schema: Schema, orangesum: Path | None) -> LabelledSet:
    """Return the body paragraphs of some files, and say on stderr how many have no text."""
    found = load_labels(paths, schema, orangesum=orangesum)
    if found.n_left_out:
        tell(
            f"{found.n_left_out} paragraphs left out, whose text is OrangeSum's: to have them, "
            "git clone https://github.com/Tixierae/OrangeSum and give --orangesum OrangeSum; "
            "the README (Train) tells what a model loses without them"
        )
    return found


def _print_scores(scores: dict[str, Any], schema: Schema, *, as_json: bool) -> None:
    """Print scores on stdout, and what a user should know of them on stderr."""
    for warning in scores["warnings"]:
        tell(warning)
    if as_json:
        show_json(scores)
        return
    from depeche.train.reports.card import overall, score_rows, sentences

    lines: list[str] = []
    for dimension in schema.dimensions:
        lines += [
            f"{row[0]:<16}" + "".join(f"{cell:>18}" for cell in row[1:]).rstrip()
            for row in score_rows(dimension, scores)
        ]
        lines += [f"{'':16}{overall(dimension, scores)}", ""]
    show_lines([*lines, *sentences(scores, schema), scores["signature"]])
