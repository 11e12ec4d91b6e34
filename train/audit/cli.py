"""The command `classify audit`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from depeche.labels.files import check_outputs, open_output
from depeche.labels.options import JsonOption, OrangesumOption, SchemaOption
from depeche.labels.schema import DEFAULT_SCHEMA, read_schema
from depeche.labels.system.terminal import show_json, show_lines
from depeche.train import MOST_SEED
from depeche.train.options import check_extra, load_labelled, start_progress

_WIDTH = 100  # of lines that go to no terminal


def audit(
    labels: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Files of labelled paragraphs.",
            show_default="the three files that ship in labels/",
        ),
    ] = None,
    schema: SchemaOption = DEFAULT_SCHEMA,
    orangesum: OrangesumOption = None,
    top: Annotated[
        int, typer.Option(min=1, help="Most findings for each dimension and reason.")
    ] = 20,
    output: Annotated[
        Path | None, typer.Option(help="File for the findings, .csv or .jsonl, with the texts.")
    ] = None,
    queue: Annotated[
        Path | None,
        typer.Option(help="File for the records of these paragraphs, as input for classify label."),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, max=MOST_SEED, help="Governs the folds and the solver.")
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """Find the labels that look wrong, the most doubtful first, and annotators who drift.

    Each paragraph is scored by a model that saw neither its article nor a near-duplicate of it. A
    label looks wrong when confident learning says so. The audit also lists near-duplicates with
    different labels, and paragraphs that lack a label although they hold a keyword that nearly
    always goes with it. --queue writes the paragraphs for a second reader.

    Example: classify audit mine.jsonl --top 50 --output doubts.csv

    Example: classify audit mine.jsonl --queue doubts.jsonl; classify label doubts.jsonl --blind
    --labels again.jsonl --annotator paul
    """
    check_extra()
    from depeche.labels.dataset import SHIPPED
    from depeche.train.audit.files import check_format, write_findings, write_queue

    paths = labels or list(SHIPPED)
    check_format(output)
    check_outputs((output, queue), inputs=[*paths, schema, *filter(None, [orangesum])])
    progress = start_progress()
    labelled = load_labelled(paths, read_schema(schema), orangesum)
    from depeche.train.audit.audit import audit_labels  # slow to import: after the checks
    from depeche.train.audit.report import audit_lines

    audited = audit_labels(labelled, top=top, seed=seed, progress=progress)
    if output is not None:
        with open_output(output) as file:
            write_findings(audited.findings, file, form=output.suffix.lower())
        progress(f"{len(audited.findings)} findings in {output}")
    if queue is not None:
        with open_output(queue) as file:
            queued = write_queue(audited, paths, file)
        progress(f"{len(queued)} paragraphs in {queue}")
    if as_json:
        show_json(audited.to_dict())
        return
    show_lines(audit_lines(audited, width=shutil.get_terminal_size((_WIDTH, 24)).columns))
