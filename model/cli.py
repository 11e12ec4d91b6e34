"""The model room's commands `info` and `export`; `classify tag` is in `batch.cli`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from depeche.labels.exchange.formats import Format, Prediction, format_of
from depeche.labels.options import ForceOption, JsonOption, OrangesumOption, SchemaOption
from depeche.labels.schema import DEFAULT_SCHEMA, read_schema
from depeche.labels.system.terminal import show_json, show_lines, tell

if TYPE_CHECKING:
    from depeche.model.tagging import Model

ModelOption = Annotated[
    Path | None,
    typer.Option(help="Folder of the model.", show_default="the model in use: see classify info"),
]


def tell_model(asked: Path | None, loaded: Model) -> None:
    """Say on stderr which model is in use, where no option names it and it is not the shipped."""
    from depeche.model.tagging import unnamed_model

    line = unnamed_model(loaded) if asked is None else None
    if line is not None:
        tell(line)


def info(model: ModelOption = None, as_json: JsonOption = False) -> None:
    """Show the model in use: its schema, data, scores and digest.

    Example: classify info --json
    """
    from depeche.model.champion import find_promotion
    from depeche.model.tagging import load_model, model_in_use

    folder = model_in_use(model)
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
        show_json(found)
        return
    lines = [f"{found['name']} {found['version']} ({found['backend']}) in {folder}"]
    if promotion:
        lines.append(f"run     {promotion.run_id}, champion since {promotion.date[:10]}")
    lines.append(f"digest  {found['sha256']}")
    lines.append(f"schema  {loaded.schema.name} {loaded.schema.digest[:12]}")
    for dimension in loaded.schema.dimensions:
        labels = ", ".join(dimension.label_ids)
        lines.append(f"        {dimension.id} ({dimension.kind}): {labels}")
    n_paragraphs, n_articles = artifact.data["n_paragraphs"], artifact.data["n_articles"]
    lines.append(f"data    {n_paragraphs} paragraphs of {n_articles} articles")
    for name, digest in artifact.data["files"].items():
        lines.append(f"        {name} {digest[:12]}")
    for dimension in loaded.schema.dimensions:
        overall = artifact.scores[dimension.id].items()
        numbers = [f"{name} {value:.3f}" for name, value in overall if isinstance(value, float)]
        lines.append(f"scores  {dimension.id}: {', '.join(numbers)}")
    lines.append(f"        {artifact.scores['signature']}")
    show_lines(lines)


def export(
    labels: Annotated[Path, typer.Argument(metavar="LABELS", help="File of labelled paragraphs.")],
    output: Annotated[
        Path, typer.Argument(metavar="OUTPUT", help="File to write, or a dataset's folder.")
    ],
    to: Annotated[
        Format | None,
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
        bool, typer.Option("--indicators", help="In CSV, a column a label, 0 or 1.")
    ] = False,
    force: ForceOption = False,
) -> None:
    """Write labelled paragraphs for Label Studio, doccano, Prodigy, a table or Hugging Face.

    What is exported can be imported again and is the same, whatever the format.

    Example: classify export mine.jsonl tasks.json --predict

    Example: classify export labels/seeds.jsonl seeds --to huggingface
    """
    from depeche.labels.exchange.exporting import export_labels

    form = to or format_of(output)
    predict = predict or model is not None
    if predict and form is not Format.label_studio:
        raise typer.BadParameter("--predict and --model are for --to label-studio")
    if indicators and form is not Format.csv:
        raise typer.BadParameter("--indicators is for --to csv")
    found = read_schema(schema)

    def answers(texts: Sequence[str]) -> list[Prediction]:
        from depeche.model.outputs.predictions import predictions
        from depeche.model.tagging import load_model

        loaded = load_model(model)
        tell_model(model, loaded)
        return predictions(loaded, texts, found)

    summary = export_labels(
        labels,
        output,
        form,
        found,
        orangesum=orangesum,
        predict=answers if predict else None,
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
