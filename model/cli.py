"""The model room's commands: `classify tag` and `classify info`."""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from labels.errors import InputError
from labels.schema import Schema
from model.article import Article

if TYPE_CHECKING:
    from model.tagging import Model

ModelOption = Annotated[
    Path | None,
    typer.Option(help="Folder of the model.", show_default="the model in use: see classify info"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


_BATCH = "batch"  # instead of a file of prevalences


class Format(StrEnum):
    """What `classify tag` writes."""

    table = "table"
    json = "json"
    jsonl = "jsonl"


def tag(
    paths: Annotated[
        list[str],
        typer.Argument(help="Text, HTML or Markdown files, folders of them, or - for stdin."),
    ],
    format_: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="json: one record, or a list for several inputs; jsonl: a record a line.",
            show_default="table for one article on a terminal, else jsonl",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="File to write.", show_default="stdout")
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
) -> None:
    """Tag French articles: topics and stance of each paragraph and of the whole.

    Example: classify seeds/000_b367d460ec9ad0bd.txt

    Exit status: 0 done, 1 failed, 2 wrong usage, 3 done but some inputs failed (named on stderr).
    """
    loaded = _asked_model(model, precision, recall, coverage, prevalence)
    single = len(paths) == 1 and not Path(paths[0]).is_dir()
    if format_ is None:
        on_terminal = single and output is None and sys.stdout is not None and sys.stdout.isatty()
        format_ = Format.table if on_terminal else Format.jsonl
    explain = explain or format_ is Format.table
    failures: list[InputError] = []
    articles: Iterable[Article] = _articles(paths, failures)
    if prevalence == _BATCH:
        articles = list(articles)
        if articles:
            loaded = loaded.anchored_to(articles)
            _tell_prevalence(loaded)
    records = (loaded.tag(article, explain=explain) for article in articles)
    with open_output(output) as file:
        n_done = _write_records(records, file, format_, single=single, schema=loaded.schema)
        if not n_done:
            raise InputError("\n".join(map(str, failures)))
    for failure in failures:
        typer.echo(f"classify: {failure}", err=True)
    if failures:
        raise typer.Exit(3)


def _asked_model(
    folder: Path | None,
    precision: float | None,
    recall: float | None,
    coverage: float | None,
    prevalence: str | None,
) -> Model:
    """Return the model that decides as was asked; labels it cannot give so are named on stderr."""
    from model.decisions import COVERAGE, Rule
    from model.prevalence import read_prevalence
    from model.tagging import Model, load_model

    rule = Rule(
        precision=precision,
        recall=recall,
        coverage=COVERAGE if coverage is None else coverage,
    )
    loaded = load_model(folder, rule)
    if prevalence is not None and prevalence != _BATCH:
        shares = read_prevalence(Path(prevalence), loaded.schema)
        loaded = Model(loaded.artifact, rule, shares)
    asked = f"precision of {precision}" if recall is None else f"recall of {recall}"
    for name in loaded.decisions.lacking:
        typer.echo(
            f"classify: no threshold holds a {asked} for {name}: it is never given", err=True
        )
    return loaded


def _tell_prevalence(model: Model) -> None:
    shares = model.identity["asked"]["prevalence"].items()
    told = ", ".join(f"{name} {share:.1%}" for name, share in shares)
    typer.echo(f"classify: estimated share of paragraphs: {told}", err=True)


def _articles(paths: list[str], failures: list[InputError]) -> Iterator[Article]:
    """Yield the article of each input; those that cannot be read go to `failures`."""
    from model.reading import find_files, parse_article, read_article

    for path in paths:
        try:
            names = [path] if path == "-" else find_files(path)
        except InputError as err:
            failures.append(err)
            continue
        for name in names:
            try:
                if name == "-":
                    article = parse_article(_stdin(), id="-")
                else:
                    article = read_article(Path(name))
            except InputError as err:
                failures.append(err)
                continue
            for warning in article.warnings:
                typer.echo(f"classify: {name}: {warning}", err=True)
            yield article


def _stdin() -> bytes:
    if sys.stdin is None:
        raise InputError("-: standard input is closed")
    return sys.stdin.buffer.read()


def _write_records(
    records: Iterator[dict[str, Any]], file: TextIO, form: Format, *, single: bool, schema: Schema
) -> int:
    """Write records as they come and return how many there were."""
    n_done = 0
    for n_done, record in enumerate(records, start=1):
        if form is Format.table:
            from rich.console import Console

            from model.table import article_table

            console = Console(file=file, highlight=False)
            console.print(article_table(record, schema, console.width))
        elif form is Format.jsonl:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
        elif single:
            file.write(json.dumps(record, ensure_ascii=False, indent=2) + "\n")
        else:
            file.write(
                ("[" if n_done == 1 else ",") + "\n" + json.dumps(record, ensure_ascii=False)
            )
        file.flush()
    if form is Format.json and not single and n_done:
        file.write("\n]\n")
    return n_done


@contextmanager
def open_output(path: Path | None) -> Iterator[TextIO]:
    """Give stdout, or a file that takes its name only once it is complete.

    A link is followed, and a device or a pipe is written to as it is.
    """
    where = "standard output" if path is None else str(path)
    try:
        if path is None:
            yield _stdout()
            return
        target = path.resolve()
        if target.is_dir():
            raise InputError(f"{path}: a folder: give the name of a file to write")
        if target.exists() and not target.is_file():
            with target.open("w", encoding="utf-8") as file:
                yield file
            return
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                yield file
            Path(name).chmod(0o666 & ~_umask())
            Path(name).replace(target)
        finally:
            Path(name).unlink(missing_ok=True)
    except BrokenPipeError:
        raise  # typer ends quietly when a reader such as head has had enough
    except OSError as err:
        if path is None:  # what is still to be flushed has nowhere to go
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise InputError(f"{where}: cannot be written: {err.strerror}") from err


def _stdout() -> TextIO:
    """Return standard output, in UTF-8 unless it is a terminal's own."""
    if sys.stdout is None:
        raise InputError("standard output is closed: give --output FILE")
    if isinstance(sys.stdout, io.TextIOWrapper):
        if sys.stdout.isatty():
            sys.stdout.reconfigure(errors="replace")
        else:
            sys.stdout.reconfigure(encoding="utf-8")
    return sys.stdout


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def info(model: ModelOption = None, as_json: JsonOption = False) -> None:
    """Show the model in use: its schema, data, scores and digest.

    Example: classify info --json
    """
    from model.champion import find_promotion, resolve_champion
    from model.tagging import load_model, model_in_use

    folder = resolve_champion(model) if model else model_in_use()
    promotion = find_promotion(folder)
    loaded = load_model(folder)
    artifact = loaded.artifact
    found = {
        "folder": str(folder),
        "run_id": promotion.run_id if promotion else None,
        **loaded.identity,
        "backend": artifact.backend,
        "labels": {d.id: list(d.label_ids) for d in loaded.schema.dimensions},
        "thresholds": dict(
            zip(loaded.schema.label_names, artifact.calibration.threshold.tolist(), strict=True)
        ),
        "calibration": dict(
            zip(loaded.schema.label_names, artifact.calibration.method, strict=True)
        ),
        "prevalence": dict(
            zip(loaded.schema.label_names, artifact.prevalence.round(4).tolist(), strict=True)
        ),
        "settings": artifact.settings,
        "data": artifact.data,
        "scores": artifact.scores,
    }
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    typer.echo(f"{found['name']} {found['version']} ({found['backend']}) in {folder}")
    if promotion:
        typer.echo(f"run     {promotion.run_id}, champion since {promotion.date[:10]}")
    typer.echo(f"digest  {found['sha256']}")
    typer.echo(f"schema  {loaded.schema.name} {loaded.schema.digest[:12]}")
    for dimension in loaded.schema.dimensions:
        labels = ", ".join(dimension.label_ids)
        typer.echo(f"        {dimension.id} ({dimension.kind}): {labels}")
    n_paragraphs, n_articles = artifact.data["n_paragraphs"], artifact.data["n_articles"]
    typer.echo(f"data    {n_paragraphs} paragraphs of {n_articles} articles")
    for name, digest in artifact.data["files"].items():
        typer.echo(f"        {name} {digest[:12]}")
    for dimension in loaded.schema.dimensions:
        overall = artifact.scores[dimension.id].items()
        numbers = [f"{name} {value:.3f}" for name, value in overall if isinstance(value, float)]
        typer.echo(f"scores  {dimension.id}: {', '.join(numbers)}")
    typer.echo(f"        {artifact.scores['signature']}")
