"""Learns from the labels while the app runs, in another process, whose crash harms nothing."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from queue import SimpleQueue
from typing import TYPE_CHECKING

from depeche.labels.schema import Schema
from depeche.labels.system.processes import starting
from depeche.train.active.mix import BATCH, Mix, Reason

if TYPE_CHECKING:
    if sys.platform == "win32":
        from multiprocessing.connection import PipeConnection as Connection
    else:
        from multiprocessing.connection import Connection

    import numpy as np
    from numpy.typing import NDArray

    from depeche.train.active.selection import Learnt

Labels = dict[str, tuple[str, ...]]
Plan = list[tuple[str, Reason]]

_AHEAD = 2  # batches in a plan: enough to label while a training lasts
_LOWER_PRIORITY = 5


@dataclass(frozen=True, kw_only=True)
class Texts:
    """Paragraphs as columns: ids, articles and texts."""

    ids: tuple[str, ...]
    articles: tuple[str, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What does not change: the pool, the labelled paragraphs outside it, and the settings."""

    pool: Texts
    others: Texts
    schema: Schema
    mix: Mix
    seed: int


@dataclass(frozen=True, kw_only=True)
class Question:
    """A request for a plan: the labels so far by id, and further ids that must not be chosen."""

    labels: Sequence[tuple[str, Labels]]
    closed: Sequence[str]


class Chooser:
    """Plans the next paragraphs from the labels so far."""

    def __init__(self, setup: Setup) -> None:
        from depeche.model.scoring.features import FeatureExtractor
        from depeche.train.active.learning import ground_of
        from depeche.train.tfidf.settings import TrainSettings

        self._setup = setup
        self._settings = TrainSettings(seed=setup.seed)
        pool, others = setup.pool, setup.others
        extractor = FeatureExtractor(self._settings.features)
        self._pool_counts = extractor.count(pool.texts)
        self._counts = extractor.count([*pool.texts, *others.texts])
        self._articles = [*pool.articles, *others.articles]
        self._row = {id: row for row, id in enumerate((*pool.ids, *others.ids))}
        self._ground = ground_of(
            pool.ids,
            pool.articles,
            pool.texts,
            self._pool_counts,
            reserve=setup.mix.random,
            seed=setup.seed,
        )

    def plan(self, question: Question) -> Plan:
        """Return the next paragraphs to label, a few batches of them."""
        import numpy as np

        from depeche.train.active.selection import choose

        setup, n = self._setup, len(self._setup.pool.ids)
        closed = {*question.closed, *(id for id, _ in question.labels)}
        decided = np.array([id in closed for id in setup.pool.ids], dtype=bool)
        learnt = self._learn([pair for pair in question.labels if pair[0] in self._row])
        rng = np.random.default_rng([setup.seed, len(closed)])
        plan: Plan = []
        for _ in range(_AHEAD if n else 0):
            picks = choose(self._ground, decided, learnt, setup.schema, setup.mix, rng)
            plan += [(setup.pool.ids[row], reason) for row, reason in picks]
            decided[[row for row, _ in picks]] = True
        return plan

    def _learn(self, labels: Sequence[tuple[str, Labels]]) -> Learnt | None:
        """Return a model's scores of the pool; None with fewer labels than a batch."""
        import numpy as np

        from depeche.train.active.learning import learn

        if len(labels) < BATCH:
            return None
        rows = np.array([self._row[id] for id, _ in labels])
        Y = _indicator([given for _, given in labels], self._setup.schema)
        articles = np.array([self._articles[row] for row in rows], dtype=object).astype(str)
        groups = np.unique(articles, return_inverse=True)[1]
        labelled = self._counts.rows_at(rows)
        return learn(labelled, Y, groups, self._pool_counts, self._settings)


class Trainer:
    """Asks another process for plans; the caller never waits.

    If the process died, the next question starts another.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._questions: SimpleQueue[Question] = SimpleQueue()
        self._answers: SimpleQueue[Plan | None] = SimpleQueue()
        self._n_waiting = 0
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def is_busy(self) -> bool:
        """Whether a plan is being made."""
        return self._n_waiting > 0

    def ask(self, question: Question) -> None:
        """Ask for a plan."""
        self._n_waiting += 1
        self._questions.put(question)

    def answer(self) -> Plan | None:
        """Return the newest plan, once; None if there is no new one."""
        newest = None
        while not self._answers.empty():
            self._n_waiting -= 1
            newest = self._answers.get() or newest
        return newest

    def _run(self) -> None:
        """Pass questions to the process and its answers back; the answer is None if it died."""
        process: Connection | None = None
        while True:
            question = self._questions.get()
            try:
                if process is None:
                    process = _start()
                    process.send(self._setup)
                process.send(question)
                self._answers.put(process.recv())
            except (EOFError, OSError):
                process = None
                self._answers.put(None)


def _start() -> Connection:
    """Start a process that ends with this one, and return the connection to it."""
    # A fork of this process would share its terminal, its locks and the states of its threads.
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    with starting():
        context.Process(target=serve, args=(theirs,), daemon=True).start()
    theirs.close()
    return ours


def serve(connection: Connection) -> None:
    """Answer questions until the connection closes; this runs in the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_LOWER_PRIORITY)  # so that the app answers keys at once
    with open(os.devnull, "r+b") as nothing:  # noqa: PTH123 - the screen is the app's
        os.dup2(nothing.fileno(), 1)
        os.dup2(nothing.fileno(), 2)
    try:
        chooser = Chooser(connection.recv())
        while True:
            connection.send(chooser.plan(connection.recv()))
    except (EOFError, BrokenPipeError):
        return


def _indicator(labels: Sequence[Labels], schema: Schema) -> NDArray[np.int64]:
    """Return Y, (n_samples, n_labels)."""
    import numpy as np

    return np.array(
        [
            [x in given.get(d.id, ()) for d in schema.dimensions for x in d.label_ids]
            for given in labels
        ],
        dtype=np.int64,
    )
