"""Decisions with a stated error: thresholds that hold a precision or a recall, and what to review.

All of it follows from the out-of-fold scores of the training paragraphs, which the artifact keeps.
The promises are for paragraphs drawn like those. The theorems cited are about one model and
paragraphs drawn one by one. Here the scores are those of the folds' models, and the paragraphs of
an article come together; so each training measures how well the promises are kept
(`diagnostics.promises`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from depeche.labels.errors import InputError
from depeche.labels.schema import Schema
from depeche.model.deciding.calibration import DIGITS

CONFIDENCE = 0.9  # with which a precision or a recall that was asked for holds
COVERAGE = 0.8  # share of the paragraphs with a label that are given it or left to a person
NEVER = 2.0  # a threshold that no score reaches
_FIRST_SHARE = 4  # the first threshold takes one in 4 of the paragraphs expected to have a label
_STEP = 1.1  # each further threshold takes so many times as many


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """What a model scored out of fold: `proba` and `Y`, (n_samples, n_labels), scores rounded."""

    proba: NDArray[np.float64]
    Y: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """The precision or the recall that decisions should hold, and what their review should.

    Without either of the first two, a label is given from the threshold with the highest F1 on.
    `coverage` is what `review` promises: see `Limits`.

    Raises
    ------
    InputError
        When a number is not between 0 and 1, or both are asked.
    """

    precision: float | None = None
    recall: float | None = None
    coverage: float = COVERAGE

    def __post_init__(self) -> None:
        for name in ("precision", "recall", "coverage"):
            value = getattr(self, name)
            if value is not None and not 0 < value < 1:
                raise InputError(f"{name} must lie between 0 and 1, not be {value}")
        if self.precision is not None and self.recall is not None:
            raise InputError("precision and recall cannot both be asked for: choose one")

    @property
    def asked(self) -> dict[str, float]:
        """The settings that differ from those of a model without a rule, by name."""
        asked = {"precision": self.precision, "recall": self.recall}
        if self.coverage != COVERAGE:
            asked["coverage"] = self.coverage
        return {name: value for name, value in asked.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The scores from which a label is possible, and from which it is sure, (n_labels,) each.

    In a multi dimension, a label is left out below `possible`, it is given from `sure` on, and
    between the two a person should decide. Of the paragraphs that have a label, at most
    `1 - coverage` are below `possible` (conformal risk control, the loss being a miss: Angelopoulos
    et al. 2022, theorem 1). Of those from `sure` on, at most `1 - coverage` do not have it (with
    `CONFIDENCE`: see `precision_threshold`). In a single dimension, the labels from `possible` on
    are the prediction set, which holds the true label with probability `coverage`, whichever it is
    (split conformal by class: Vovk 2012, "Conditional validity", 3); `sure` is not used.
    """

    possible: NDArray[np.float64]
    sure: NDArray[np.float64]


class Decisions:
    """Thresholds and limits of a model under a rule.

    Parameters
    ----------
    best_f1
        (n_labels,): the thresholds of a rule without precision and recall.
    anchored
        Whether the scores are re-anchored to another prevalence, at which no precision was
        measured: a label is then sure where its score is at least the coverage.
    """

    def __init__(
        self,
        schema: Schema,
        best_f1: NDArray[np.float64],
        held_out: HeldOut,
        rule: Rule,
        *,
        anchored: bool = False,
    ) -> None:
        self.rule = rule
        self._anchored = anchored
        self._schema = schema
        self._held_out = held_out
        self.threshold = (
            best_f1 if rule.precision is None and rule.recall is None else self._asked()
        )

    @cached_property
    def limits(self) -> Limits:
        """The scores between which a person should decide."""
        coverage = self.rule.coverage
        possible, sure = np.zeros(self._schema.n_labels), np.full(self._schema.n_labels, NEVER)
        for dimension, span in self._schema.columns():
            for j in range(span.start, span.stop):
                proba, y = self._held_out.proba[:, j], self._held_out.Y[:, j]
                possible[j] = conformal_limit(proba[y], coverage) if y.any() else NEVER
                if dimension.kind == "multi":
                    measured = not self._anchored
                    sure[j] = precision_threshold(proba, y, coverage) if measured else coverage
        return Limits(possible=possible, sure=sure)

    @property
    def lacking(self) -> list[str]:
        """The labels for which no threshold holds what the rule asks: they are never given."""
        multi = np.zeros(self._schema.n_labels, dtype=bool)
        for dimension, span in self._schema.columns():
            multi[span] = dimension.kind == "multi"
        names = np.array(self._schema.label_names)
        return [str(name) for name in names[multi & (self.threshold >= NEVER)]]

    def given(self, proba: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which labels are given, (n_samples, n_labels), from calibrated scores."""
        proba = proba.round(DIGITS)
        given = np.zeros(proba.shape, dtype=bool)
        for dimension, span in self._schema.columns():
            if dimension.kind == "multi":
                given[:, span] = proba[:, span] >= self.threshold[span]
            else:
                best = proba[:, span].argmax(axis=1)
                given[np.arange(len(proba)), span.start + best] = True
        return given

    def review(self, proba: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which labels a person should decide, (n_samples, n_labels).

        In a multi dimension, those given below `sure`, and those not given from `possible` on. In a
        single dimension, the most probable label and all that are possible, unless the most
        probable one alone is possible.
        """
        proba = proba.round(DIGITS)
        possible = proba >= self.limits.possible
        review = np.where(self.given(proba), proba < self.limits.sure, possible)
        for dimension, span in self._schema.columns():
            if dimension.kind == "single":
                best = np.eye(len(dimension.labels), dtype=bool)[proba[:, span].argmax(axis=1)]
                alone = (possible[:, span] == best).all(axis=1)
                review[:, span] = (possible[:, span] | best) & ~alone[:, None]
        return review

    def _asked(self) -> NDArray[np.float64]:
        """Return the threshold of each label that holds the precision or the recall of the rule."""
        proba, Y = self._held_out.proba, self._held_out.Y
        labels = list(zip(proba.T, Y.T, strict=True))
        if self.rule.precision is not None:
            precision = self.rule.precision
            return np.array([precision_threshold(p, y, precision) for p, y in labels])
        recall = self.rule.recall or 0.0
        return np.array([recall_threshold(p[y], recall) for p, y in labels])


def conformal_limit(scores: NDArray[np.float64], coverage: float) -> float:
    """Return the limit that a new score of the same kind reaches with probability `coverage`.

    It is 0, which every score reaches, when there are too few scores to promise it, and `NEVER`
    when `coverage` is so low that no score needs to reach it.
    """
    k = int((len(scores) + 1) * (1 - coverage) + 1e-9)
    if k > len(scores):
        return NEVER
    return float(np.sort(scores)[k - 1]) if k else 0.0


def recall_threshold(scores: NDArray[np.float64], recall: float) -> float:
    """Return the highest threshold that new scores reach with at least the probability `recall`.

    That holds with `CONFIDENCE`. It is the k-th lowest of n scores, for the largest k with
    P(B(n, 1 - recall) < k) at most 1 - `CONFIDENCE` (distribution-free tolerance limits: Wilks
    1941), and `NEVER` when there are too few scores.
    """
    n = len(scores)
    k = 0
    while k < n and _binomial_tail(n, k, 1 - recall) <= 1 - CONFIDENCE:
        k += 1
    return float(np.sort(scores)[k - 1]) if k else NEVER


def precision_threshold(
    proba: NDArray[np.float64], y: NDArray[np.bool_], precision: float
) -> float:
    """Return the lowest threshold known to give paragraphs of which `precision` have the label.

    Fixed-sequence testing (Angelopoulos et al. 2021, "Learn then test", 3.2.1): thresholds that
    take more and more paragraphs are tested in turn, each at the level 1 - `CONFIDENCE` by the
    exact binomial test, and the last one before the first failure is returned; so the choice holds
    with `CONFIDENCE`. It is `NEVER` when the first one fails. The first one takes a quarter of the
    paragraphs that the scores lead to expect, so that the order of the tests does not depend on
    their labels.
    """
    order = np.argsort(-proba, kind="stable")
    ranked, right = proba[order], np.cumsum(y[order])
    threshold, n = NEVER, max(float(proba.sum()) / _FIRST_SHARE, 1.0)
    while n <= len(ranked):
        taken = int(np.searchsorted(-ranked, -ranked[int(n) - 1], side="right"))  # ties as well
        n_wrong = taken - int(right[taken - 1])
        if _binomial_tail(taken, n_wrong, 1 - precision) > 1 - CONFIDENCE:
            break
        threshold = float(ranked[taken - 1])
        n = max(n * _STEP, taken + 1)
    return threshold


def _binomial_tail(n: int, k: int, p: float) -> float:
    """Return P(X <= k) of the binomial distribution of n trials with probability p."""
    if p == 1:  # as a float: its difference from 1 is too small
        return float(k >= n)
    factorial = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, n + 1)))))
    i = np.arange(k + 1)
    ways = factorial[n] - factorial[i] - factorial[n - i]
    return float(np.exp(ways + i * np.log(p) + (n - i) * np.log1p(-p)).sum())
