"""A batch from its inputs to its output: goes on where it stopped, and says what it did."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from depeche.labels.errors import BatchError, InputError
from depeche.labels.system.places import OpenElsewhereError
from depeche.model.batch.engine import Job, iter_tagged, read_documents
from depeche.model.batch.failures import failure_lines, nothing_read, write_errors
from depeche.model.batch.journal import Journal, open_journal
from depeche.model.batch.log import iter_kept
from depeche.model.batch.outcomes import Tagged, document_or_failed
from depeche.model.batch.place import errors_of
from depeche.model.batch.summary import Progress, Summary
from depeche.model.inputs.documents import Document, Failure
from depeche.model.inputs.finding import MOST_NAMED
from depeche.model.inputs.inputs import Inputs
from depeche.model.outputs.formats import Format
from depeche.model.reading.article import Article
from depeche.model.tagging import Model

_JOURNAL = 2  # its version: another one cannot go on with it
_AT_ONCE = 128  # articles whose scores are taken at once for the prevalence


def estimate(model: Model, inputs: Iterable[Document | Failure]) -> Model:
    """Return the model re-anchored to the prevalence estimated in the inputs that can be read."""
    scores = [np.empty((0, model.schema.n_labels))]
    waiting: list[Document] = []
    plain = Model(model.artifact)

    def score() -> None:
        articles = [a for a in read_documents(waiting) if isinstance(a, Article)]
        scores.append(plain.predict_proba([p.flowed for a in articles for p in a.paragraphs]))
        waiting.clear()

    for item in inputs:
        if isinstance(item, Document):
            waiting.append(item)
            if len(waiting) == _AT_ONCE:
                score()
    score()
    proba = np.concatenate(scores)
    return model.anchored_to(proba) if len(proba) else model


def iter_outcomes(
    inputs: Iterable[Document | Failure], job: Job, model: Model, n_jobs: int
) -> Iterator[Tagged]:
    """Yield what becomes of each input, in order, with nothing kept for another time."""
    for chunk in iter_tagged(map(document_or_failed, inputs), job, n_jobs, model):
        yield from chunk


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A batch that writes a file or folder.

    Parameters
    ----------
    paragraphs
        Whether a table has one row per paragraph.
    fresh
        Whether to begin anew, whatever is there.
    """

    inputs: Inputs
    output: Path
    form: Format
    job: Job
    model: Model
    n_jobs: int = 1
    paragraphs: bool = False
    fresh: bool = False

    @property
    def listed(self) -> str:
        """Where the inputs that failed or were skipped are listed, for a person."""
        return f"all are listed in {errors_of(self.output)}"

    def run(self, progress: Progress) -> Summary:
        """Tag what is not tagged yet, put the output in its place and return what was done.

        Raises
        ------
        BatchError
            When the output is another command's or cannot be written; what is done is kept.
        InputError
            When not one input could be read.
        """
        summary = Summary(schema=self.model.schema)
        try:
            with open_journal(self.output, self._job, fresh=self.fresh) as journal:
                self._tag(journal, summary, progress)
                if not summary.n_articles:
                    raise self._nothing(journal, summary)
                summary.unchanged = journal.is_finished
                if not summary.unchanged:
                    self._finish(journal, summary)
        except OSError as err:
            kept = "; what is done is kept: the same command goes on where it stopped"
            if not summary.n_articles:
                kept = ""
            raise BatchError(f"{self.output}: cannot be written: {_reason_of(err)}{kept}") from err
        return summary

    @property
    def _job(self) -> dict[str, Any]:
        """What is asked for: a journal goes on only where it is the same."""
        return {
            "journal": _JOURNAL,
            "version": version("depeche"),
            "model": self.model.identity,
            "format": self.form.value,
            "explain": self.job.explain,
            "paragraphs": self.paragraphs,
            "inputs": self.inputs.asked,
        }

    def _tag(self, journal: Journal, summary: Summary, progress: Progress) -> None:
        """Tag the inputs that the journal does not have."""
        items = self._undone(journal, summary, progress)
        for chunk in iter_tagged(items, self.job, self.n_jobs, self.model):
            for tagged in chunk:
                journal.log.append(tagged)
                summary.add(tagged.entry, kept=False)
            progress(summary)
        journal.log.commit()

    def _undone(
        self, journal: Journal, summary: Summary, progress: Progress
    ) -> Iterator[Document | Tagged]:
        """Yield the inputs from the first on that the journal does not have as it is."""
        for item in self.inputs:
            entry = journal.keep(item, summary.schema.n_labels)
            if entry is not None:
                summary.add(entry, kept=True)
                continue
            known = journal.known(item) if isinstance(item, Document) else None
            if known is not None:
                summary.find_again(known.entry)
            yield known or document_or_failed(item)
        journal.keep(None, summary.schema.n_labels)  # there may have been more inputs before
        progress(summary)

    def _nothing(self, journal: Journal, summary: Summary) -> InputError:
        """Return the error of a batch without one article; leave a list if not all are named."""
        is_list = max(summary.n_failed, len(self.inputs.skipped)) > MOST_NAMED
        self._list_errors(journal, is_list=is_list)
        journal.discard()
        return nothing_read(
            failure_lines(
                summary.failures,
                summary.n_failed,
                self.inputs.skipped,
                listed=self.listed,
                is_list=False,
            )
        )

    def _finish(self, journal: Journal, summary: Summary) -> None:
        """Put the output in its place, and the list of what failed or was skipped into its own."""
        made = None if self.form is Format.jsonl else self._make(journal, summary)
        is_list = summary.n_failed > 0 or len(self.inputs.skipped) > MOST_NAMED
        self._list_errors(journal, is_list=is_list)
        journal.finish(made)

    def _list_errors(self, journal: Journal, *, is_list: bool) -> None:
        """Replace the list of what failed or was skipped, or remove it."""
        path = errors_of(self.output)
        if is_list:
            entries = (tagged.entry for tagged, *_ in iter_kept(journal.log.entries, None))
            write_errors(path, entries, self.inputs.skipped)
        else:
            path.unlink(missing_ok=True)

    def _make(self, journal: Journal, summary: Summary) -> Path:
        """Write the output beside the records and return where."""
        # What writes tables is not waited for at the start of `classify ARTICLE`.
        from depeche.model.outputs.rows import write_csv, write_parquet, write_sidecars

        path, schema = journal.new_path(), self.model.schema
        with journal.records.open("rb") as lines:
            records = map(json.loads, lines)
            if self.form is Format.csv:
                with path.open("w", encoding="utf-8-sig", newline="") as file:  # the mark: Excel
                    write_csv(records, schema, file, paragraphs=self.paragraphs)
            elif self.form is Format.parquet:
                write_parquet(records, schema, path, paragraphs=self.paragraphs)
            elif self.form is Format.sidecar:
                write_sidecars(records, path)
            else:
                from depeche.model.outputs.html import write_page

                with path.open("w", encoding="utf-8", newline="\n") as file:
                    write_page(
                        records, schema, file, title=self.output.stem, n_failed=summary.n_failed
                    )
        return path


def _reason_of(err: OSError) -> str:
    """Return why an output cannot be written: Arrow's own words would fill lines."""
    if isinstance(err, OpenElsewhereError):
        return str(err.strerror)
    return os.strerror(err.errno) if err.errno else str(err)
