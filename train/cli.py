"""The train room's commands: `classify train`, `evaluate`, `ui` and `serve`."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
import webbrowser
from pathlib import Path
from typing import Annotated, Any

import typer

from labels.dataset import SHIPPED, LabelledSet, load_labels
from labels.errors import MissingExtraError
from labels.schema import DEFAULT_SCHEMA, Schema, check_same_schema, read_schema
from model.cli import JsonOption, ModelOption

LAST = Path("mlruns") / "last"

PortOption = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]

OrangesumOption = Annotated[
    Path | None,
    typer.Option(
        envvar="CLASSIFY_ORANGESUM",
        help="Clone of github.com/Tixierae/OrangeSum, for the texts of stand-off paragraphs.",
    ),
]


def train(
    labels: Annotated[
        list[Path] | None,
        typer.Option(
            help="File of labelled paragraphs; repeat for several.",
            show_default="the three files that ship in labels/",
        ),
    ] = None,
    schema: Annotated[
        Path, typer.Option(help="Schema of the labels.", show_default="labels/schema.toml")
    ] = DEFAULT_SCHEMA,
    orangesum: OrangesumOption = None,
    output: Annotated[Path, typer.Option(help="Folder of the model.")] = LAST,
    seed: Annotated[int, typer.Option(min=0, help="Governs the folds and the solver.")] = 0,
    folds: Annotated[int, typer.Option(min=2, help="Folds, grouped by article.")] = 5,
    as_json: JsonOption = False,
) -> None:
    """Train a model on labelled paragraphs, and log it as a run in MLflow.

    Example: classify train --orangesum ../OrangeSum
    """
    _check_extra()
    from model.artifact import check_destination
    from train.card import model_card
    from train.settings import TrainSettings
    from train.tracking import log_run
    from train.training import train_model

    start = time.monotonic()

    def progress(step: str) -> None:
        typer.echo(f"{time.monotonic() - start:6.1f} s  {step}", err=True)

    check_destination(output)
    found = _load(labels or list(SHIPPED), read_schema(schema), orangesum)
    n_articles = len(set(found.articles))
    progress(f"{len(found.paragraphs)} paragraphs of {n_articles} articles")
    training = train_model(found, TrainSettings(seed=seed, n_folds=folds), progress=progress)
    training = training.save(output, card=model_card(training.artifact))
    progress(f"model in {output}")
    _print_scores(training.artifact.scores, found.schema, as_json=as_json)
    run_id = log_run(training, output)
    progress(f"run {run_id} in MLflow")


def evaluate(
    labels: Annotated[list[Path], typer.Option(help="File of labelled paragraphs.")],
    model: ModelOption = None,
    schema: Annotated[
        Path | None,
        typer.Option(help="Schema of the label files.", show_default="the model's"),
    ] = None,
    orangesum: OrangesumOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score a model on labelled paragraphs.

    Example: classify evaluate --labels mine.jsonl --json
    """
    _check_extra()
    from model.tagging import load_model
    from train.evaluation import evaluate_model

    loaded = load_model(model)
    if schema is not None:
        check_same_schema(
            loaded.schema, read_schema(schema), ours_is="the model", theirs_is=str(schema)
        )
    found = _load(labels, loaded.schema, orangesum)
    scores = evaluate_model(loaded, found)
    if scores["n_seen"]:
        typer.echo(
            f"classify: the model was trained on {scores['n_seen']} of these "
            f"{scores['n_paragraphs']} paragraphs: the scores are not out of sample",
            err=True,
        )
    _print_scores(scores, loaded.schema, as_json=as_json)


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
    _check_extra()
    from train.serving import check_port, run_ui
    from train.tracking import store_uri
    from train.views import prepare_pages

    served = store_uri().startswith(("http://", "https://"))
    if not served:
        check_port("127.0.0.1", port)
    pages = prepare_pages()

    def show(url: str) -> None:
        typer.echo(f"runs     {url}{pages.runs}")
        if pages.comparison:
            typer.echo(f"compare  {url}{pages.comparison}")
        if not no_browser and _is_graphical():
            webbrowser.open(url + pages.runs)

    if served:
        show(store_uri().rstrip("/"))
        return
    with run_ui(host="127.0.0.1", port=port) as server:
        show(server.url)
        typer.echo("Ctrl-C to stop", err=True)
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
) -> None:
    """Serve the champion over HTTP, until Ctrl-C: texts in, records out.

    Example: classify serve --port 5003
    """
    _check_extra()
    from train.serving import CHAMPION_URI, run_model

    uri = model_uri or CHAMPION_URI
    with run_model(uri, host=host, port=port) as server:
        example = {"inputs": ["Un accord a été signé lundi."], "params": {"explain": True}}
        body = json.dumps(example, ensure_ascii=False)
        typer.echo(
            f"{uri} answers; Ctrl-C to stop\ncurl {server.url}/invocations "
            f"-H 'Content-Type: application/json' -d {shlex.quote(body)}",
            err=True,
        )
        server.wait()


def _is_graphical() -> bool:
    return sys.platform in ("darwin", "win32") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def _check_extra() -> None:
    """Raise when the libraries of the extra `train` are not installed."""
    from importlib.util import find_spec

    for library, module in (("scikit-learn", "sklearn"), ("matplotlib",) * 2, ("mlflow",) * 2):
        if find_spec(module) is None:
            raise MissingExtraError(library, "train")


def _load(paths: list[Path], schema: Schema, orangesum: Path | None) -> LabelledSet:
    found = load_labels(paths, schema, orangesum=orangesum)
    if found.n_left_out:
        typer.echo(
            f"classify: {found.n_left_out} paragraphs left out, whose text is OrangeSum's: to have "
            "them, git clone https://github.com/Tixierae/OrangeSum and give --orangesum OrangeSum",
            err=True,
        )
    return found


def _print_scores(scores: dict[str, Any], schema: Schema, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(scores, ensure_ascii=False, indent=2))
        return
    from train.card import overall, score_rows

    for dimension in schema.dimensions:
        for row in score_rows(dimension, scores[dimension.id]):
            typer.echo(f"{row[0]:<16}" + "".join(f"{cell:>19}" for cell in row[1:]).rstrip())
        typer.echo(f"{'':16}{overall(scores[dimension.id])}\n")
    typer.echo(scores["signature"])
