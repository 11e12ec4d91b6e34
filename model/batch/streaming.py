"""Records written as they come, with nothing kept for another time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TextIO

from depeche.labels.files import open_output
from depeche.labels.schema import Schema
from depeche.model.batch.engine import Job
from depeche.model.batch.failures import Failures, Warnings, error_line, failure_lines, nothing_read
from depeche.model.batch.run import iter_outcomes
from depeche.model.inputs.inputs import Inputs
from depeche.model.outputs.formats import Format
from depeche.model.tagging import Model


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A batch whose records are written as they come.

    Parameters
    ----------
    output
        File to write, None for standard output.
    single
        Whether one article was named: as JSON it is no list.
    errors
        File that lists all inputs that failed or were skipped.
    """

    inputs: Inputs
    output: Path | None
    form: Format
    job: Job
    model: Model
    n_jobs: int = 1
    paragraphs: bool = False
    single: bool = False
    errors: Path | None = None

    def run(self, tell: Callable[[str], None]) -> int:
        """Write the records and return how many inputs failed.

        `tell` is given what a person should know about the inputs, one line at a time: the first
        warnings, failed and skipped inputs, and how many more there are.

        Raises
        ------
        InputError
            When not one input could be read, or a file cannot be written.
        """
        warnings = Warnings(tell)
        with open_output(self.errors) if self.errors is not None else nullcontext() as listed:
            failures = Failures(listed)
            is_any = self._write(failures, warnings)
            if listed is not None:
                listed.writelines(error_line(one.where, one.reason) for one in self.inputs.skipped)
        warnings.end()
        lines = failure_lines(
            failures.first,
            failures.n,
            self.inputs.skipped,
            listed=f"all are listed in {self.errors}"
            if self.errors is not None
            else "--errors FILE lists them all",
            is_list=self.errors is not None,
        )
        if not is_any:
            raise nothing_read(lines)
        for line in lines:
            tell(line)
        return failures.n

    def _write(self, failures: Failures, warnings: Warnings) -> bool:
        """Write the records; return whether there is one, else the output is left as it was."""
        lines = self._lines(failures, warnings)
        first = next(lines, None)
        if first is None:
            return False
        with open_output(self.output, is_drawn=self.form is Format.table) as file:
            lines = chain([first], lines)
            if self.form is Format.csv:
                from depeche.model.outputs.rows import write_csv

                records = map(json.loads, lines)
                write_csv(records, self.model.schema, file, paragraphs=self.paragraphs)
            elif self.form is Format.table:
                _write_tables(lines, file, self.model.schema)
            else:
                self._write_json(lines, file)
        return True

    def _lines(self, failures: Failures, warnings: Warnings) -> Iterator[str]:
        """Yield the records as lines of JSON, and note what else becomes of the inputs."""
        for entry, line in iter_outcomes(self.inputs, self.job, self.model, self.n_jobs):
            for warning in entry.warnings:
                warnings.add(f"{entry.where}: {warning}")
            if entry.reason:
                failures.add(entry.where, entry.reason)
            else:
                yield line.decode()

    def _write_json(self, lines: Iterator[str], file: TextIO) -> None:
        for n, line in enumerate(lines):
            if self.form is Format.jsonl:
                file.write(line)
            elif self.single:
                file.write(json.dumps(json.loads(line), ensure_ascii=False, indent=2) + "\n")
            else:
                file.write(("," if n else "[") + "\n" + line.rstrip("\n"))
            file.flush()
        if self.form is Format.json and not self.single:
            file.write("\n]\n")


def _write_tables(lines: Iterator[str], file: TextIO, schema: Schema) -> None:
    from rich.console import Console

    from depeche.model.outputs.terminal import article_table

    for line in lines:
        console = Console(file=file, highlight=False)
        console.print(article_table(json.loads(line), schema, console.width))
        file.flush()
