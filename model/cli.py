"""The commands `classify tag`, `classify info` and `classify export`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from depeche.labels.exchange import formats as exchange
from depeche.labels.options import ForceOption, JsonOption, OrangesumOption, SchemaOption
from depeche.labels.schema import DEFAULT_SCHEMA, Schema, read_schema
from depeche.labels.system.terminal import show_json, show_lines, tell
from depeche.model.options import ModelOption, tell_model, usage_errors
from depeche.model.outputs.formats import Engine, Format

_MOST_JOBS = 10_000  # on a cluster; on one machine `at_most_jobs` starts far fewer


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
            help="json: one record, or a list for several inputs; jsonl: one record per line; "
            "csv, parquet: one row per article; html: a page to read; sidecar: a folder of .json "
            "files.",
            show_default="by OUTPUT's ending; table for one article on a terminal, else jsonl",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="File to write; with --engine ray, a folder or its address.",
            show_default="stdout",
        ),
    ] = None,
    errors: Annotated[
        Path | None,
        typer.Option(
            help="File that lists each input that failed or was skipped, and why, as JSON lines.",
            show_default=".depeche/OUTPUT/errors.jsonl for a batch",
        ),
    ] = None,
    model: ModelOption = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Add the words behind each tag to the records.")
    ] = False,
    precision: Annotated[
        float | None,
        typer.Option(
            help="Give a topic only where at least this share of its tags is right.",
            show_default="the thresholds with the highest F1",
        ),
    ] = None,
    recall: Annotated[
        float | None,
        typer.Option(
            help="Give a topic to at least this share of the paragraphs that have it.",
            show_default="the thresholds with the highest F1",
        ),
    ] = None,
    coverage: Annotated[
        float | None,
        typer.Option(
            help="Share of the paragraphs with a label that get it, or have it in 'review'.",
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
        bool, typer.Option("--paragraphs", help="Write one row per paragraph into a table.")
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
        typer.Option(help="File with more paths, one per line or divided by NULs; - for stdin."),
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
            show_default="one per core, for a few MB or more",
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
    """Tag French articles: topics and stance of each paragraph and of the article.

    With --output, give the same command again to go on with a batch that was stopped.
    .depeche/OUTPUT beside it keeps what is done, and its errors.jsonl lists what failed or was
    skipped. The result of one article, and json, is written at once, over what was there.

    Example: classify seeds/000_b367d460ec9ad0bd.txt

    Example: classify tag crawl/ --output tags.csv

    Exit status: 0 done, 1 failed, 2 wrong usage, 3 done but some inputs failed (see stderr).
    """
    from depeche.model.batch.dispatch import tag_inputs
    from depeche.model.batch.request import TagRequest
    from depeche.model.inputs.columns import ColumnNames

    request = TagRequest(
        paths=paths or [],
        files_from=files_from,
        include=include or [],
        exclude=exclude or [],
        columns=ColumnNames(text=text_column, id=id_column, title=title_column),
        form=format_,
        output=output,
        errors=errors,
        model=model,
        explain=explain,
        precision=precision,
        recall=recall,
        coverage=coverage,
        prevalence=prevalence,
        paragraphs=paragraphs,
        jobs=jobs,
        engine=engine,
        address=address,
        fresh=fresh,
    )
    with usage_errors():
        if tag_inputs(request, tell):
            raise typer.Exit(3)


def info(model: ModelOption = None, as_json: JsonOption = False) -> None:
    """Show the model in use: its schema, data, scores and digest.

    Example: classify info --json
    """
    from depeche.model.info import model_info

    about, lines = model_info(model)
    if as_json:
        show_json(about)
    else:
        show_lines(lines)


def export(
    labels: Annotated[Path, typer.Argument(metavar="LABELS", help="File of labelled paragraphs.")],
    output: Annotated[
        Path, typer.Argument(metavar="OUTPUT", help="File to write, or a dataset's folder.")
    ],
    to: Annotated[
        exchange.Format | None,
        typer.Option(
            help="Whose file to write.",
            show_default="by OUTPUT's name: .json label-studio, .csv csv",
        ),
    ] = None,
    schema: SchemaOption = DEFAULT_SCHEMA,
    orangesum: OrangesumOption = None,
    predict: Annotated[
        bool,
        typer.Option("--predict", help="Add the model's tags as pre-annotations (Label Studio)."),
    ] = False,
    model: ModelOption = None,
    indicators: Annotated[
        bool, typer.Option("--indicators", help="In CSV, one column per label, 0 or 1.")
    ] = False,
    force: ForceOption = False,
) -> None:
    """Write labelled paragraphs for Label Studio, doccano, Prodigy, a table or Hugging Face.

    What is exported can be imported again and is the same, whatever the format.

    Example: classify export mine.jsonl tasks.json --predict

    Example: classify export labels/seeds.jsonl seeds --to huggingface
    """
    from depeche.labels.exchange.exporting import export_labels

    form = to or exchange.format_of(output)
    predict = predict or model is not None
    if predict and form is not exchange.Format.label_studio:
        raise typer.BadParameter("--predict and --model are for --to label-studio")
    if indicators and form is not exchange.Format.csv:
        raise typer.BadParameter("--indicators is for --to csv")
    known = read_schema(schema)
    summary = export_labels(
        labels,
        output,
        form,
        known,
        orangesum=orangesum,
        predict=partial(_predictions, model, known) if predict else None,
        indicators=indicators,
        force=force,
        read=[schema, *([model] if model else [])],
    )
    if summary.n_left_out:
        tell(
            f"{summary.n_left_out} paragraphs left out, whose text is OrangeSum's: to have them, "
            "git clone https://github.com/Tixierae/OrangeSum and give --orangesum OrangeSum"
        )
    for note in summary.notes:
        tell(note)
    tell(f"{summary.n_paragraphs} paragraphs in {output}")


def _predictions(
    folder: Path | None, schema: Schema, texts: Sequence[str]
) -> list[exchange.Prediction]:
    from depeche.model.outputs.predictions import predict_labels
    from depeche.model.tagging import load_model

    model = load_model(folder)
    tell_model(folder, model)
    return predict_labels(model, texts, schema)
