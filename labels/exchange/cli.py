"""The command `classify import`; `classify export` is in `model.cli`, as it may ask the model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from depeche.labels.exchange.formats import Format, format_of
from depeche.labels.options import ForceOption, SchemaOption
from depeche.labels.schema import DEFAULT_SCHEMA, read_schema
from depeche.labels.system.terminal import tell


def import_(
    input_: Annotated[
        Path,
        typer.Argument(metavar="INPUT", help="File that a tool exported, or folder of a dataset."),
    ],
    output: Annotated[
        Path, typer.Argument(metavar="OUTPUT", help="File of labelled paragraphs to write.")
    ],
    from_: Annotated[
        Format | None,
        typer.Option(
            "--from",
            help="Tool that wrote INPUT.",
            show_default="by INPUT's name: .json label-studio, .csv and .tsv csv, a folder "
            "huggingface",
        ),
    ] = None,
    schema: SchemaOption = DEFAULT_SCHEMA,
    annotator: Annotated[
        str | None,
        typer.Option(help="Who labelled.", show_default="as INPUT says for each paragraph"),
    ] = None,
    force: ForceOption = False,
) -> None:
    """Turn a file of Label Studio, doccano or Prodigy, or a table, into labelled paragraphs.

    Where several annotators labelled the same paragraph, each gets a file: OUTPUT-ANNOTATOR.

    Example: classify import project-1.json mine.jsonl

    Example: classify import admin.jsonl admin-labels.jsonl --from doccano --annotator admin
    """
    from depeche.labels.exchange.importing import import_labels

    imported = import_labels(
        input_,
        output,
        from_ or format_of(input_),
        read_schema(schema),
        annotator=annotator,
        force=force,
        read=[schema],
    )
    for note in imported.notes:
        tell(note)
    for path, paragraphs in imported.files.items():
        n_articles = len({p.article for p in paragraphs})
        tell(f"{len(paragraphs)} paragraphs of {n_articles} articles in {path}")
