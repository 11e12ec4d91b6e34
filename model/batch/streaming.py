"""Records written as they come, with nothing kept for another time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from typing import TextIO

from depeche.labels.files import open_output
from depeche.labels.schema import Schema
from depeche.model.batch.engine import Job
from depeche.model.batch.failures import Failures, Warnings, error_line, nothing_read, told_lines
from depeche.model.batch.run import iter_outcomes
from depeche.model.inputs.inputs import Inputs
from depeche.model.outputs.formats import Format
from depeche.model.tagging import Model


def write_outcomes(
    inputs: Inputs,
    output: Path | None,
    form: Format,
    model: Model,
    job: Job,
    n_jobs: int,
    *,
    tell: Callable[[str], None],
    single: bool,
    paragraphs: bool,
    errors: Path | None = None,
) -> int:
    """Write the records as they come; return how many inputs failed.

    Parameters
    ----------
    tell
        Is given what a person should know of the inputs, a line each: the first warnings, failed
        and skipped inputs, and how many more there are.
    errors
        File that lists all that failed or were skipped.

    Raises
    ------
    InputError
        When not one input could be read, or a file cannot be written.
    """
    with open_output(errors) if errors is not None else nullcontext() as listed:
        failures, warnings = Failures(listed), Warnings(tell)

        def lines() -> Iterator[str]:
            for entry, line in iter_outcomes(inputs, job, model, n_jobs):
                for warning in entry.warnings:
                    warnings.add(f"{entry.where}: {warning}")
                if entry.reason:
                    failures.add(entry.where, entry.reason)
                else:
                    yield line.decode()

        found = lines()
        first = next(found, None)
        if first is not None:
            with open_output(output, is_drawn=form is Format.table) as file:
                whole = chain([first], found)
                if form is Format.csv:
                    from depeche.model.outputs.rows import write_csv

                    write_csv(map(json.loads, whole), model.schema, file, paragraphs=paragraphs)
                else:
                    _write_records(whole, file, form, single=single, schema=model.schema)
        if listed is not None:
            listed.writelines(error_line(one.where, one.reason) for one in inputs.skipped)
    warnings.end()
    told = told_lines(
        failures.first,
        failures.n,
        inputs.skipped,
        listed="--errors FILE lists them all" if errors is None else f"all are listed in {errors}",
        is_list=errors is not None,
    )
    if first is None:
        raise nothing_read(told)
    for line in told:
        tell(line)
    return failures.n


def _write_records(
    lines: Iterator[str], file: TextIO, form: Format, *, single: bool, schema: Schema
) -> None:
    for n, line in enumerate(lines):
        if form is Format.table:
            from rich.console import Console

            from depeche.model.outputs.terminal import article_table

            console = Console(file=file, highlight=False)
            console.print(article_table(json.loads(line), schema, console.width))
        elif form is Format.jsonl:
            file.write(line)
        elif single:
            file.write(json.dumps(json.loads(line), ensure_ascii=False, indent=2) + "\n")
        else:
            file.write(("," if n else "[") + "\n" + line.rstrip("\n"))
        file.flush()
    if form is Format.json and not single:
        file.write("\n]\n")
