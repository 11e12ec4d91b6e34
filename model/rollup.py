"""From the paragraphs of an article to the article."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# The codebook (labels/GUIDELINES.md, "Whole articles"): a topic holds for an article when about a
# fifth of its body or more is about it.
MIN_SHARE = 0.2


def article_score(proba: NDArray[np.float64], length: NDArray[np.int64]) -> float:
    """Return the highest score that the paragraphs making a fifth of the body reach.

    Given from the threshold on, exactly when paragraphs that are given the label make at least
    `MIN_SHARE` of the body: one rule for paragraphs and articles.

    Parameters
    ----------
    proba
        (n_paragraphs,): the label's score in each paragraph.
    length
        (n_paragraphs,): characters of each paragraph.
    """
    order = np.argsort(-proba, kind="stable")
    reached = np.cumsum(length[order]) >= MIN_SHARE * length.sum()
    return float(proba[order][reached.argmax()])


def share_of_body(given: NDArray[np.bool_], length: NDArray[np.int64]) -> float:
    """Return the share of the body's characters in the paragraphs given a label, in [0, 1]."""
    return float(length[given].sum() / length.sum())


def mean_proba(proba: NDArray[np.float64], length: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean of the paragraphs' scores, (n_labels,), each by the room it gets.

    So `neutral` wins where evaluations balance, as the codebook asks.
    """
    return np.asarray(length @ proba / length.sum())
