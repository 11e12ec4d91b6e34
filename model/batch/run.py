"""A batch from its inputs to its output: goes on where it stopped, and says what it did."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from depeche.labels.errors import BatchError, InputError
from depeche.labels.system.places import OpenElsewhereError
from depeche.model.batch.engine import Job, iter_tagged, read_documents
from depeche.model.batch.entries import Entry, Tagged
from depeche.model.batch.failures import nothing_read, told_lines
from depeche.model.batch.journal import Journal
from depeche.model.batch.place import errors_of
from depeche.model.batch.summary import Progress, Summary
from depeche.model.inputs.documents import Document, Failure
from depeche.model.inputs.finding import MOST_NAMED
from depeche.model.inputs.inputs import Inputs
from depeche.model.outputs.formats import Format
from depeche.model.reading.article import Article
from depeche.model.tagging import Model

if TYPE_CHECKING:
    pass

_JOURNAL = 1  # its version: another one cannot go on with it
_AT_ONCE = 128  # articles whose scores are taken at once for the prevalence


def estimate(model: Model, inputs: Iterable[Document | Failure]) -> Model:
    """Return the model re-anchored to the prevalence estimated in the inputs that can be read."""
    found = [np.empty((0, model.schema.n_labels))]
    waiting: list[Document] = []
    plain = Model(model.artifact)

    def score() -> None:
        read = [a for a in read_documents(waiting) if isinstance(a, Article)]
        found.append(plain.predict_proba([p.flowed for a in read for p in a.paragraphs]))
        waiting.clear()

    for item in inputs:
        if isinstance(item, Document):
            waiting.append(item)
            if len(waiting) == _AT_ONCE:
                score()
    score()
    proba = np.concatenate(found)
    return model.anchored_to(proba) if len(proba) else model


def iter_outcomes(
    inputs: Iterable[Document | Failure], job: Job, model: Model, n_jobs: int
) -> Iterator[Tagged]:
    """Yield what becomes of each input, in order, with nothing kept for another time."""
    for chunk in iter_tagged(map(_failed_or_document, inputs), job, n_jobs, model):
        yield from chunk


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A batch that writes a file or folder.

    Parameters
    ----------
    paragraphs
        Whether a table has a row a paragraph.
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
        asked = {
            "journal": _JOURNAL,
            "version": version("depeche"),
            "model": self.model.identity,
            "format": self.form.value,
            "explain": self.job.explain,
            "paragraphs": self.paragraphs,
            "inputs": self.inputs.asked,
        }
        moves = self.form is Format.jsonl
        try:
            with Journal(self.output, asked, fresh=self.fresh) as journal:
                items = self._undone(journal, summary, progress)
                for chunk in iter_tagged(items, self.job, self.n_jobs, self.model):
                    for tagged in chunk:
                        journal.append(tagged)
                        summary.add(tagged.entry, kept=False)
                    progress(summary)
                if not summary.n_articles:
                    raise self._nothing(journal, summary)
                summary.unchanged = journal.is_finished
                if not summary.unchanged:
                    journal.commit()
                    made = None if moves else self._make(journal, summary)
                    journal.finish(made, self.inputs.skipped)
        except OSError as err:
            raise BatchError(
                f"{self.output}: cannot be written: {_reason_of(err)}"
                + "; what is done is kept: the same command goes on where it stopped"
                * (summary.n_articles > 0)
            ) from err
        return summary

    def _nothing(self, journal: Journal, summary: Summary) -> InputError:
        """Return the error of a batch without one article, of which a list of errors may be left.

        That is where not all could be named.
        """
        told = told_lines(
            summary.failures,
            summary.n_failed,
            self.inputs.skipped,
            listed=self.listed,
            is_list=False,
        )
        if max(summary.n_failed, len(self.inputs.skipped)) > MOST_NAMED:
            journal.commit()
            journal.put_errors(self.inputs.skipped)
        journal.discard()
        return nothing_read(told)

    def _undone(
        self, journal: Journal, summary: Summary, progress: Progress
    ) -> Iterator[Document | Tagged]:
        """Yield the inputs from the first on that the journal does not have as it is."""
        keeping = True
        for item in self.inputs:
            if keeping:
                entry = journal.next_kept()
                if entry is not None and _is_of(entry, item, summary.schema.n_labels):
                    journal.keep()
                    summary.add(entry, kept=True)
                    continue
                keeping = False
                journal.begin()
            known = _known(item, journal)
            if known is not None:
                summary.find_again(known.entry)
            yield known or _failed_or_document(item)
        if keeping:  # there may have been more inputs before
            journal.end_kept()
        progress(summary)

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


def _is_of(entry: Entry, item: Document | Failure, n_labels: int) -> bool:
    """Whether an entry tells of just this input, and of labels that there are."""
    if any(column >= n_labels for column in entry.given):
        return False
    if isinstance(item, Failure):
        return (entry.where, entry.reason, entry.key) == (item.where, item.reason, "")
    return (entry.where, entry.id, entry.key) == (item.where, item.id, item.key)


def _known(item: Document | Failure, journal: Journal) -> Tagged | None:
    """Return what an earlier run made of an input that stood elsewhere in it."""
    if isinstance(item, Failure):
        return None
    found = journal.known(item.id, item.key)
    return found._replace(entry=found.entry._replace(where=item.where)) if found else None


def _failed_or_document(item: Document | Failure) -> Document | Tagged:
    if isinstance(item, Failure):
        return Tagged(Entry(item.where, "", "", item.reason), b"")
    return item
