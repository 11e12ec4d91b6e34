"""Confident learning: how likely each label of a paragraph is wrong, from out-of-fold scores.

After Northcutt, Jiang and Chuang 2021, "Confident learning: estimating uncertainty in dataset
labels". A label of a multi dimension is a question of its own, with the answers yes and no.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from depeche.labels.schema import Dimension

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Doubts:
    """How doubtful the answers of a dimension are, each array (n_samples, n_cells).

    A cell is a label that a paragraph has or has not; of a single dimension there is one cell a
    paragraph, with the label that it has.

    `doubt`
        Probability, in [0, 1], that the answer is another one.
    `wrong`
        Whether confident learning takes it for wrong.
    `label`, `instead`
        The label in question, and of a single dimension the one it would rather be; places in the
        dimension. Of a multi dimension both are the cell's label.
    """

    doubt: _Floats
    wrong: NDArray[np.bool_]
    label: _Ints
    instead: _Ints

    def ranked(self) -> tuple[_Ints, _Ints]:
        """Return the rows and columns of all cells, the most doubtful first; ties in order."""
        order = np.argsort(-self.doubt, axis=None, kind="stable")
        rows, cells = np.unravel_index(order, self.doubt.shape)
        return rows.astype(np.int64), cells.astype(np.int64)


def find_doubts(dimension: Dimension, Y: _Ints, proba: _Floats) -> Doubts:
    """Return the doubts about the answers of a dimension.

    The doubt is one less the calibrated probability of the answer given (the paper's
    self-confidence): the same scale for a label given and one not given, however rare. The paper's
    normalised margin subtracts each answer's threshold first, which puts any paragraph without a
    rare label that might have it before those that have it for no reason: with 5 % of answers
    turned round, 49 % of the first 5 % were such, by self-confidence 78 % (of stances 29 and 40 %;
    on other seeds than those of `benchmarks/audit.py`).

    Parameters
    ----------
    Y, proba
        (n_samples, n_labels) of the dimension: labels, and scores by models that saw neither the
        paragraph nor its article, calibrated.
    """
    if dimension.kind == "single":
        given = Y.argmax(axis=1)
        found = confident_answers(proba, given)
        others = np.where(Y > 0, -1.0, proba).argmax(axis=1)
        return Doubts(
            doubt=1 - np.take_along_axis(proba, given[:, None], axis=1),
            wrong=(found != given)[:, None],
            label=given[:, None],
            instead=np.where(found != given, found, others)[:, None],
        )
    wrong = np.empty(Y.shape, dtype=bool)
    for j in range(Y.shape[1]):
        answers = np.column_stack([1 - proba[:, j], proba[:, j]])
        wrong[:, j] = confident_answers(answers, Y[:, j]) != Y[:, j]
    label = np.broadcast_to(np.arange(Y.shape[1]), Y.shape)
    return Doubts(doubt=np.abs(Y - proba), wrong=wrong, label=label, instead=label)


def confident_answers(proba: _Floats, given: _Ints) -> _Ints:
    """Return the answer that confident learning takes for the true one, (n_samples,).

    The likeliest of those whose probability reaches what it is on average where that answer is
    given (the paper's equation 1); the answer given where none does.

    Parameters
    ----------
    proba
        (n_samples, n_answers).
    given
        (n_samples,): places of the answers given.
    """
    n_answers = proba.shape[1]
    threshold = np.full(n_answers, np.inf)  # of an answer never given: nothing reaches it
    for k in range(n_answers):
        if (given == k).any():
            threshold[k] = proba[given == k, k].mean()
    reached = proba >= threshold
    likeliest = np.where(reached, proba, -1.0).argmax(axis=1)
    return np.where(reached.any(axis=1), likeliest, given)
