"""Rolls the scores of paragraphs up to their articles, many at once.

Everywhere, rows are paragraphs, those of an article together; `length` (n_paragraphs,) is their
number of characters and `start` (n_articles,) the row where each article starts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# The codebook (labels/GUIDELINES.md, "Whole articles"): a topic holds for an article when about a
# fifth of its body, or more, is about it.
MIN_SHARE = 0.2


def article_scores(
    proba: NDArray[np.float64], length: NDArray[np.int64], start: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the highest score that is reached by paragraphs making `MIN_SHARE` of the body.

    So an article's score reaches the threshold exactly when the paragraphs whose score does make at
    least `MIN_SHARE` of its body: one rule for paragraphs and articles.

    Parameters
    ----------
    proba
        (n_paragraphs, n_labels): the labels' scores in each paragraph.

    Returns
    -------
    ndarray
        (n_articles, n_labels).
    """
    n_each = np.diff(start, append=len(proba))
    article = np.repeat(np.arange(len(start)), n_each)
    enough = np.repeat(MIN_SHARE * np.add.reduceat(length, start), n_each)
    scores = np.empty((len(start), proba.shape[1]))
    for j, column in enumerate(proba.T):
        order = np.lexsort((-column, article))  # highest first within each article
        running = np.cumsum(length[order])
        before = running[start] - length[order][start]
        reached = np.flatnonzero(running - np.repeat(before, n_each) >= enough)
        scores[:, j] = column[order[reached[np.searchsorted(reached, start)]]]
    return scores


def shares_of_body(
    given: NDArray[np.bool_], length: NDArray[np.int64], start: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the share of the body's characters in the paragraphs given a label, in [0, 1].

    (n_articles, n_labels), from (n_paragraphs, n_labels).
    """
    carried = np.add.reduceat(given * length[:, None], start, axis=0)
    return np.asarray(carried / np.add.reduceat(length, start)[:, None])


def mean_proba(
    proba: NDArray[np.float64] | NDArray[np.bool_],
    length: NDArray[np.int64],
    start: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the mean of the paragraphs' scores, weighted by their length.

    (n_articles, n_labels), from (n_paragraphs, n_labels). So `neutral` wins where evaluations
    balance, as the codebook asks.
    """
    summed = np.add.reduceat(proba * length[:, None], start, axis=0)
    return np.asarray(summed / np.add.reduceat(length, start)[:, None])
