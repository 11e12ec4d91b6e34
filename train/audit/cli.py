"""The command `classify audit`."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Annotated

import typer

from depeche.labels.dataset import SHIPPED
from depeche.labels.files import check_outputs, open_output
from depeche.labels.options import JsonOption, OrangesumOption, SchemaOption
from depeche.labels.schema import DEFAULT_SCHEMA, read_schema
from depeche.labels.system.terminal import show_json, show_lines, tell
from depeche.train import MOST_SEED
from depeche.train.cli import check_extra, load_labelled

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
        int, typer.Option(min=1, help="Findings for each dimension and reason, at most.")
    ] = 20,
    output: Annotated[
        Path | None, typer.Option(help="File for the findings, .csv or .jsonl, with the texts.")
    ] = None,
    queue: Annotated[
        Path | None,
        typer.Option(help="File for the records of these paragraphs: classify label takes it."),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, max=MOST_SEED, help="Governs the folds and the solver.")
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """Find the labels that look wrong, the most doubtful first, and annotators who drift.

    Each paragraph is scored by a model that saw neither its article nor a near-duplicate of it. A
    label looks wrong when confident learning says so; besides, near-duplicates with different
    labels, and paragraphs that hold a keyword of the schema which nearly always goes with a label,
    and lack it. --queue writes the paragraphs for a second reader.

    Example: classify audit mine.jsonl --top 50 --output doubts.csv

    Example: classify audit mine.jsonl --queue doubts.jsonl; classify label doubts.jsonl --blind
    --labels again.jsonl --annotator paul
    """
    check_extra()
    from depeche.train.audit.files import check_format, write_findings, write_queue

    paths = labels or list(SHIPPED)
    if output is not None:
        check_format(output)
    texts = [orangesum] if orangesum else []
    check_outputs((output, queue), inputs=[*paths, schema, *texts])
    start = time.monotonic()

    def progress(step: str) -> None:
        tell(step, start=f"{time.monotonic() - start:6.1f} s  ")

    found = load_labelled(paths, read_schema(schema), orangesum)
    from depeche.train.audit.audit import audit_labels  # after the mistakes that need no libraries
    from depeche.train.audit.report import audit_lines

    result = audit_labels(found, top=top, seed=seed, progress=progress)
    if output is not None:
        with open_output(output) as out:
            write_findings(result.findings, out, form=output.suffix.lower())
        progress(f"{len(result.findings)} findings in {output}")
    if queue is not None:
        with open_output(queue) as out:
            written = write_queue(result, paths, out)
        progress(f"{len(written)} paragraphs in {queue}")
    if as_json:
        show_json(result.to_dict())
        return
    width = shutil.get_terminal_size(fallback=(_WIDTH, 24)).columns
    show_lines(audit_lines(result, width=width))
