"""Confident learning: how likely each label of a paragraph is wrong, from out-of-fold scores.

The method is that of Northcutt, Jiang and Chuang 2021, "Confident learning: estimating uncertainty
in dataset labels". Each label of a multi dimension is a separate question, answered yes or no.
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

    In a multi dimension, each label that a paragraph may have is a cell. In a single dimension, a
    paragraph has one cell: the label that it has.

    `doubt`
        Probability, in [0, 1], that the answer is another one.
    `wrong`
        Whether confident learning takes the answer for wrong.
    `label`, `instead`
        The label in question and the more likely one, as positions in the dimension. In a multi
        dimension both are the cell's label.
    """

    doubt: _Floats
    wrong: NDArray[np.bool_]
    label: _Ints
    instead: _Ints

    def ranked(self) -> tuple[_Ints, _Ints]:
        """Return the rows and columns of all cells, the most doubtful first, ties in row order."""
        order = np.argsort(-self.doubt, axis=None, kind="stable")
        rows, cells = np.unravel_index(order, self.doubt.shape)
        return rows.astype(np.int64), cells.astype(np.int64)


def find_doubts(dimension: Dimension, Y: _Ints, proba: _Floats) -> Doubts:
    """Return the doubts about the answers of a dimension.

    The doubt is one minus the calibrated probability of the answer given (the paper's
    self-confidence). Its scale is the same for a label that is given and for one that is not,
    however rare the label. The paper's normalised margin first subtracts the threshold of each
    answer: a paragraph without a rare label that might have it then ranks before one that has it
    for no reason. With 5 % of the answers turned round, 49 % of the first 5 % of the ranking were
    turned ones by the margin, and 78 % by self-confidence (of stances 29 and 40 %; measured on
    other seeds than those of `benchmarks/audit.py`).

    Parameters
    ----------
    Y, proba
        (n_samples, n_labels) of the dimension: labels, and scores by models that saw neither the
        paragraph nor its article, calibrated.
    """
    if dimension.kind == "single":
        given = Y.argmax(axis=1)
        answers = confident_answers(proba, given)
        others = np.where(Y > 0, -1.0, proba).argmax(axis=1)
        return Doubts(
            doubt=1 - np.take_along_axis(proba, given[:, None], axis=1),
            wrong=(answers != given)[:, None],
            label=given[:, None],
            instead=np.where(answers != given, answers, others)[:, None],
        )
    wrong = np.empty(Y.shape, dtype=bool)
    for j in range(Y.shape[1]):
        no_and_yes = np.column_stack([1 - proba[:, j], proba[:, j]])
        wrong[:, j] = confident_answers(no_and_yes, Y[:, j]) != Y[:, j]
    label = np.broadcast_to(np.arange(Y.shape[1]), Y.shape)
    return Doubts(doubt=np.abs(Y - proba), wrong=wrong, label=label, instead=label)


def confident_answers(proba: _Floats, given: _Ints) -> _Ints:
    """Return the answer that confident learning takes for the true one, (n_samples,).

    An answer qualifies if its probability reaches the mean probability over the paragraphs that
    were given that answer (the paper's equation 1). The likeliest qualified answer is returned, or
    the one given if none qualifies.

    Parameters
    ----------
    proba
        (n_samples, n_answers).
    given
        (n_samples,): columns of the answers given.
    """
    n_answers = proba.shape[1]
    threshold = np.full(n_answers, np.inf)  # infinite for an answer never given
    for k in range(n_answers):
        if (given == k).any():
            threshold[k] = proba[given == k, k].mean()
    reached = proba >= threshold
    likeliest = np.where(reached, proba, -1.0).argmax(axis=1)
    return np.where(reached.any(axis=1), likeliest, given)
