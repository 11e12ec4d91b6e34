"""Decisions with a stated error: thresholds that hold a precision or a recall, and when to ask.

All of it follows from the out-of-fold scores of the training paragraphs, which the artifact keeps.
The promises are for paragraphs drawn like those. The theorems cited are about one model and
paragraphs drawn one by one; here the scores are those of the folds' models and paragraphs come by
the article, so each training measures how they are kept (`diagnostics.promises`).
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
COVERAGE = 0.8  # of the paragraphs that have a label, given it or left to a person
NEVER = 2.0  # a threshold that no score reaches
_FIRST_SHARE = 4  # of the paragraphs expected to have a label, the first threshold takes one in 4
_STEP = 1.1  # each further one takes so many times as many


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """What a model scored out of fold: `proba` and `Y`, (n_samples, n_labels), scores rounded."""

    proba: NDArray[np.float64]
    Y: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What is asked of the decisions; at most one of `precision` and `recall`.

    Without either, a label is given from the threshold with the highest F1 on. `coverage` is what
    `review` promises: see `Limits`.

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
        """What differs from what a model does of itself."""
        asked = {"precision": self.precision, "recall": self.recall}
        if self.coverage != COVERAGE:
            asked["coverage"] = self.coverage
        return {name: value for name, value in asked.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The scores from which a label is possible, and from which it is sure, (n_labels,) each.

    Of a multi dimension: below `possible` a label is left out, from `sure` on it is given, and
    between the two a person should decide. Of the paragraphs that have a label, at most
    `1 - coverage` are below `possible` (conformal risk control, the loss being a miss: Angelopoulos
    et al. 2022, theorem 1); of those from `sure` on, at most `1 - coverage` do not have it (with
    `CONFIDENCE`: see `precision_threshold`). Of a single one: the
    labels from `possible` on are the prediction set, which holds the true one with `coverage`,
    whichever it is (split conformal by class: Vovk 2012, "Conditional validity", 3); `sure` is not
    used.
    """

    possible: NDArray[np.float64]
    sure: NDArray[np.float64]


class Decisions:
    """Thresholds and limits of a model under a rule.

    Parameters
    ----------
    best_f1
        (n_labels,): the thresholds when nothing else is asked.
    anchored
        Whether the scores are re-anchored to another prevalence, at which no precision was
        measured: a label is then sure when its score says so.
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
        """When a decision is left to a person."""
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
        """Labels for which no threshold holds what was asked: they are never given."""
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

        Of a multi dimension: those given below `sure`, and those not given from `possible` on. Of a
        single one: the most probable and all that are possible, unless it alone is possible.
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
        """Return the threshold of each label that holds the precision or the recall asked for."""
        proba, Y = self._held_out.proba, self._held_out.Y
        if self.rule.precision is not None:
            found = [
                precision_threshold(p, y, self.rule.precision)
                for p, y in zip(proba.T, Y.T, strict=True)
            ]
        else:
            asked = self.rule.recall or 0.0
            found = [recall_threshold(p[y], asked) for p, y in zip(proba.T, Y.T, strict=True)]
        return np.array(found)


def conformal_limit(scores: NDArray[np.float64], coverage: float) -> float:
    """Return the limit that a new score of the same kind reaches with probability `coverage`.

    0 when there are too few scores to promise it: every score reaches that. `NEVER` when it is next
    to nothing that is asked for.
    """
    k = int((len(scores) + 1) * (1 - coverage) + 1e-9)
    if k > len(scores):
        return NEVER
    return float(np.sort(scores)[k - 1]) if k else 0.0


def recall_threshold(scores: NDArray[np.float64], recall: float) -> float:
    """Return the highest threshold that new scores reach with probability `recall` or more.

    With `CONFIDENCE`: the k-th lowest of n scores, for the largest k with P(B(n, 1 - recall) < k)
    at most 1 - `CONFIDENCE` (distribution-free tolerance limits: Wilks 1941). `NEVER` when there
    are too few scores.
    """
    n = len(scores)
    k = 0
    while k < n and _binomial_tail(n, k, 1 - recall) <= 1 - CONFIDENCE:
        k += 1
    return float(np.sort(scores)[k - 1]) if k else NEVER


def precision_threshold(
    proba: NDArray[np.float64], y: NDArray[np.bool_], precision: float
) -> float:
    """Return the lowest threshold found to give paragraphs of which `precision` have the label.

    Fixed-sequence testing (Angelopoulos et al. 2021, "Learn then test", 3.2.1): thresholds that
    take more and more paragraphs are tested in turn, each at the level 1 - `CONFIDENCE` by the
    exact binomial test, and the last before the first failure is taken; so the whole choice holds
    with `CONFIDENCE`. `NEVER` when the first one fails; it takes a quarter of the paragraphs that
    the scores lead to expect, so that the order of the tests does not depend on their labels.
    """
    order = np.argsort(-proba, kind="stable")
    ranked, right = proba[order], np.cumsum(y[order])
    found, n = NEVER, max(float(proba.sum()) / _FIRST_SHARE, 1.0)
    while n <= len(ranked):
        taken = int(np.searchsorted(-ranked, -ranked[int(n) - 1], side="right"))  # ties as well
        n_wrong = taken - int(right[taken - 1])
        if _binomial_tail(taken, n_wrong, 1 - precision) > 1 - CONFIDENCE:
            break
        found = float(ranked[taken - 1])
        n = max(n * _STEP, taken + 1)
    return found


def _binomial_tail(n: int, k: int, p: float) -> float:
    """Return P(X <= k) of the binomial distribution of n trials with probability p."""
    if p == 1:  # 1 less what is too small to make a difference to it
        return float(k >= n)
    factorial = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, n + 1)))))
    i = np.arange(k + 1)
    ways = factorial[n] - factorial[i] - factorial[n - i]
    return float(np.exp(ways + i * np.log(p) + (n - i) * np.log1p(-p)).sum())
