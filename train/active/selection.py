"""Chooses the paragraphs to label next: by uncertainty, for rare labels, at random, by diversity.

These are functions of arrays: the app's queue and its simulation (benchmarks/active.py) share them.
A question is what the annotator answers: each label of a multi dimension is one, and each single
dimension.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from depeche.labels.schema import Schema
from depeche.model.scoring.linear import LinearScorer
from depeche.train.active.mix import BATCH, Mix, Reason

Pick = tuple[int, Reason]

_SAMPLE = 1000  # most paragraphs that are compared with one another
_UNCERTAIN = 0.1  # share of the pool that counts as uncertain, question by question


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What is known of the n_samples paragraphs of a pool before any label.

    `X` (n_samples, n_features) holds features of length 1. `article` and `text` (n_samples,) number
    the articles and the texts; near-duplicates have the same number. `rank` (n_samples,) is the
    order of the random share. `reserved` (n_samples,) marks the paragraphs that only the random
    share may ask for, so that those labelled are a random sample of the pool.
    """

    X: sparse.csr_matrix
    article: NDArray[np.int64]
    text: NDArray[np.int64]
    rank: NDArray[np.int64]
    reserved: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """The scores of a pool by a model fitted on the labels so far.

    These are `logits` (n_samples, n_labels), `thresholds` (n_labels,) and `n_positive` (n_labels,),
    the number of paragraphs with each label. `scorer` is the model itself.
    """

    logits: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    n_positive: NDArray[np.int64]
    scorer: LinearScorer


def choose(
    ground: Ground,
    decided: NDArray[np.bool_],
    learnt: Learnt | None,
    schema: Schema,
    mix: Mix,
    rng: np.random.Generator,
    n: int = BATCH,
) -> list[Pick]:
    """Return up to `n` paragraphs to label next, each with its reason, in random order.

    One of several near-duplicates is chosen, unless nothing else is left, and one paragraph of an
    article per batch, while there are other articles. Without a model, diverse paragraphs take the
    place of uncertain and rare ones.

    Parameters
    ----------
    decided
        (n_samples,): whether a paragraph is already labelled or planned.
    """
    once = ~np.isin(ground.text, ground.text[decided])
    batch = _Batch(ground, once if once.any() else ~decided)
    n_uncertain, n_rare, n_random = mix.counts(n)
    batch.take_ranked(n_random)
    if learnt is None:
        batch.take_diverse(n_uncertain + n_rare, decided, rng)
    else:
        batch.take_rare(n_rare, learnt, rng)
        batch.take_uncertain(n_uncertain, doubt(learnt, schema), decided)
    batch.take_ranked(n - len(batch.picks))
    return [batch.picks[i] for i in rng.permutation(len(batch.picks))]


def doubt(learnt: Learnt, schema: Schema) -> NDArray[np.float64]:
    """Return how far each paragraph is from another answer, (n_samples, n_questions).

    For a label of a multi dimension, this is the distance of its logit to its threshold; for a
    single dimension, the distance between its two highest logits. It is infinite where nothing was
    learnt: for a label that no paragraph has, or all have.
    """
    columns = []
    for dimension, span in schema.columns():
        logits, known = learnt.logits[:, span], learnt.n_positive[span] > 0
        if dimension.kind == "multi":
            distance = np.abs(logits - learnt.thresholds[span])
            columns.append(np.where(known, distance, np.inf))
        elif known.sum() > 1:
            top = np.sort(logits[:, known], axis=1)[:, -2:]
            columns.append(top[:, 1:] - top[:, :1])
        else:
            columns.append(np.full((len(logits), 1), np.inf))
    return np.hstack(columns)


class _Batch:
    """A batch that is being filled; each `take_…` adds free paragraphs to `picks`."""

    def __init__(self, ground: Ground, free: NDArray[np.bool_]) -> None:
        self.picks: list[Pick] = []
        self._ground = ground
        self._free = free
        self._fresh = np.ones(len(free), dtype=bool)  # whether its article is not in the batch

    def take_ranked(self, n: int) -> None:
        """Add the next paragraphs of the random order; here an article may come twice."""
        rows = np.flatnonzero(self._free)
        for row in rows[np.argsort(self._ground.rank[rows])]:
            if n and self._free[row]:
                self._add(row, "random")
                n -= 1

    def take_diverse(self, n: int, decided: NDArray[np.bool_], rng: np.random.Generator) -> None:
        """Add the paragraphs that represent most of a sample of the pool."""
        rows = rng.permutation(self._rows())[:_SAMPLE]
        self._cover(n, rows, np.ones(len(rows)), decided, "diverse")

    def take_uncertain(
        self, n: int, distance: NDArray[np.float64], decided: NDArray[np.bool_]
    ) -> None:
        """Add the paragraphs that represent most of those of which a model is uncertain.

        The weight of a paragraph grows with its rank among the least certain ones of each question.
        Ranks are used because questions have no common scale, and so that no question takes all
        places. A paragraph that represents others is no outlier, and unlike the ones labelled last.
        """
        rank = np.argsort(np.argsort(distance, axis=0), axis=0) / len(distance)
        weight = np.where(np.isfinite(distance), np.exp(-rank / _UNCERTAIN), 0).sum(axis=1)
        rows = self._rows()
        rows = rows[np.argsort(-weight[rows], kind="stable")[:_SAMPLE]]
        self._cover(n, rows, weight[rows], decided, "uncertain")

    def _cover(
        self,
        n: int,
        rows: NDArray[np.int64],
        weight: NDArray[np.float64],
        decided: NDArray[np.bool_],
        reason: Reason,
    ) -> None:
        """Add the rows that most raise the sum of each row's similarity to its nearest chosen one.

        This is facility location: Wei, Iyer and Bilmes 2015, "Submodularity in data subset
        selection and active learning".
        """
        if n <= 0 or not len(rows):
            return
        X = self._ground.X[rows]
        like = (X @ X.T).toarray().astype(np.float32)
        nearest = np.zeros(len(rows), dtype=np.float32)
        if decided.any():
            known = self._ground.X[np.flatnonzero(decided)]
            nearest = (X @ known.T).toarray().max(axis=1).astype(np.float32)
        for _ in range(n):
            open = self._open()[rows]
            if not open.any():
                return
            gain = weight.astype(np.float32) @ np.maximum(like - nearest[:, None], 0)
            best = int(np.where(open, gain, -1).argmax())
            nearest = np.maximum(nearest, like[:, best])
            self._add(rows[best], reason)

    def take_rare(self, n: int, learnt: Learnt, rng: np.random.Generator) -> None:
        """Add paragraphs one by one, each with the label that has the fewest examples so far.

        Each is drawn among all to which the model gives the label: those with the highest logits
        would only teach what is known.
        """
        n_positive = np.where(learnt.n_positive > 0, learnt.n_positive, np.inf)
        for _ in range(n):
            label = int(n_positive.argmin())
            given = np.flatnonzero(
                self._open() & (learnt.logits[:, label] >= learnt.thresholds[label])
            )
            if len(given):
                self._add(int(rng.choice(given)), "rare")
            n_positive[label] += 1

    def _rows(self) -> NDArray[np.int64]:
        """Return the rows that may be chosen, of any article."""
        return np.flatnonzero(self._free & ~self._ground.reserved)

    def _open(self) -> NDArray[np.bool_]:
        """Return which rows may be chosen, of new articles while there are any."""
        free: NDArray[np.bool_] = self._free & ~self._ground.reserved
        fresh: NDArray[np.bool_] = free & self._fresh
        return fresh if fresh.any() else free

    def _add(self, row: int, reason: Reason) -> None:
        self.picks.append((int(row), reason))
        self._free &= self._ground.text != self._ground.text[row]
        self._fresh &= self._ground.article != self._ground.article[row]
