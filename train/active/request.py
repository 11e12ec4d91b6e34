"""A request to label: what to read, and in which order to ask for its paragraphs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from depeche.labels.errors import LabelsError
from depeche.labels.labelling.label_file import DecisionFile
from depeche.labels.labelling.queue import Suggestion
from depeche.labels.labelling.session import Session
from depeche.labels.paragraphs import LabelledParagraph
from depeche.labels.schema import Schema
from depeche.model.inputs.inputs import Inputs
from depeche.train.active.mix import Mix
from depeche.train.active.order import PoolOrder, RandomOrder
from depeche.train.active.pool import Pool, read_labelled_pool, read_pool
from depeche.train.active.queue import ActiveQueue


@dataclass(frozen=True, kw_only=True)
class LabelRequest:
    """What to label and how, as the options of `classify label` say.

    `pool` names articles, folders or tables. With `suggests` "never", it names a labels file, which
    is labelled again blindly: the screen shows neither its labels nor suggestions.
    """

    pool: str
    annotator: str
    schema: Schema
    mix: Mix
    seed: int
    suggests: Literal["never", "after", "always"]
    text_column: str | None = None
    id_column: str | None = None
    orangesum: Path | None = None

    @property
    def is_blind(self) -> bool:
        """Whether the labels of a file are given again without seeing them."""
        return self.suggests == "never"

    @property
    def uses_model(self) -> bool:
        """Whether the order of the paragraphs depends on what a model learns."""
        return not self.is_blind and self.mix.random != 1

    def read_pool(
        self, records: Mapping[str, LabelledParagraph], *, report: Callable[[int], None]
    ) -> Pool:
        """Return the paragraphs to label.

        Parameters
        ----------
        records
            The records of the labels file, by id.
        report
            Called now and then with the number of paragraphs so far.

        Raises
        ------
        LabelsError
            When blind and the annotator labelled the file before.
        """
        if not self.is_blind:
            inputs = Inputs([self.pool], text_column=self.text_column, id_column=self.id_column)
            return read_pool(inputs, records, source=_source(self.pool), report=report)
        pool, others = read_labelled_pool(Path(self.pool), records, self.schema, self.orangesum)
        if self.annotator in others:
            raise LabelsError(
                f"{self.pool}: labelled by {self.annotator!r}: give another --annotator"
            )
        return pool

    def make_session(
        self,
        pool: Pool,
        file: DecisionFile,
        words: Mapping[str, str],
        suggest: Callable[[str], Suggestion] | None,
        can_learn: bool,
    ) -> Session:
        """Return the session in which the paragraphs of a pool are labelled.

        Parameters
        ----------
        words
            The text to show for each reason.
        suggest
            Returns the suggestion of a model for a text; without it there are no suggestions.
        can_learn
            Whether models can be fitted here.
        """
        queue = self._make_queue(pool, file.records, words, suggest, can_learn)
        return Session(
            items=pool.items,
            queue=queue,
            file=file,
            schema=self.schema,
            annotator=self.annotator,
            suggests=self.suggests,
            notes=queue.notes,
        )

    def _make_queue(
        self,
        pool: Pool,
        records: Mapping[str, LabelledParagraph],
        words: Mapping[str, str],
        suggest: Callable[[str], Suggestion] | None,
        can_learn: bool,
    ) -> ActiveQueue | PoolOrder:
        if self.is_blind:
            return PoolOrder(pool.items, records)
        if not (self.uses_model and can_learn):
            return RandomOrder(pool.items, records, seed=self.seed, suggest=suggest)
        return ActiveQueue(
            pool.items,
            records,
            schema=self.schema,
            mix=self.mix,
            seed=self.seed,
            words=words,
            suggest=suggest,
        )


def _source(pool: str) -> str:
    """Return the name of a folder or file, as the source of articles that state none."""
    path = Path(pool)
    if path.is_file():
        return path.stem
    folder = path if path.is_dir() else path.parent
    return folder.resolve().name
