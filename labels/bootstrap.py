"""The bootstrap by article: estimates of coefficients, with intervals.

Paragraphs of an article resemble each other, so each resample draws entire articles (the cluster
bootstrap: Davison and Hinkley 1997, "Bootstrap methods and their application", 3.8). Coefficients
are functions of counts, and counts are sums over articles: a resample is a row of article weights
times a table of counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Sums = Callable[[NDArray[Any]], Floats]

N_RESAMPLES = 2000
LEVEL = 0.95
# Share of resamples without a value above which there is no interval: about the share that a label
# in three articles has.
_MOST_UNDEFINED = 0.05


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A coefficient and its interval, each None where it has no value.

    `note` says why, or what to know when reading it. `n_undefined` counts the resamples in which
    the coefficient has no value.
    """

    value: float | None
    low: float | None
    high: float | None
    n_undefined: int
    note: str | None = None


def draw_resamples(n_articles: int, *, n_resamples: int, seed: int) -> NDArray[np.int64]:
    """Draw how often each article is in each resample, (n_resamples, n_articles)."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(n_articles, np.full(n_articles, 1 / n_articles), size=n_resamples)


def number_articles(articles: Sequence[str]) -> tuple[NDArray[np.int64], int]:
    """Return the number of each paragraph's article, (n_paragraphs,), and how many there are."""
    names, article = np.unique(np.asarray(articles, dtype=str), return_inverse=True)
    return np.asarray(article), len(names)


def weighted_sums(article: NDArray[np.int64], weights: Floats) -> Sums:
    """Return a function that sums (n_paragraphs, k) values under each row of weights.

    Parameters
    ----------
    article
        (n_paragraphs,): the number of each paragraph's article.
    weights
        (n_rows, n_articles); the function returns (n_rows, k).
    """
    order = np.argsort(article, kind="stable")
    starts = np.searchsorted(article[order], np.arange(weights.shape[1]))

    def sums(values: NDArray[Any]) -> Floats:
        by_article = np.add.reduceat(values[order].astype(np.float64), starts, axis=0)
        return np.asarray(weights @ by_article)

    return sums


def article_sums(articles: Sequence[str], *, n_resamples: int, seed: int) -> Sums:
    """Return a function that sums (n_paragraphs, k) values, giving (1 + n_resamples, k).

    Row 0 is the sample, the others are resamples of its articles. There are no resamples where all
    paragraphs belong to one article. The order of the paragraphs does not matter.
    """
    article, n = number_articles(articles)
    drawn = draw_resamples(n, n_resamples=n_resamples if n > 1 else 0, seed=seed)
    return weighted_sums(article, np.vstack([np.ones((1, n)), drawn]))


def estimate(rows: Floats, *, note: str | None = None) -> Estimate:
    """Return the value of row 0 with the percentile interval of the other rows.

    Resamples without a value are left out, and the note counts them; where they are too many, there
    is no interval.

    Parameters
    ----------
    rows
        (1 + n_resamples,), as functions of `article_sums` give them; NaN for no value.
    note
        Why row 0 has no value, or what to know about its value.
    """
    if np.isnan(rows[0]):
        return Estimate(value=None, low=None, high=None, n_undefined=0, note=note)
    value, drawn = float(rows[0]), rows[1:]
    undefined = np.isnan(drawn)
    n_undefined = int(undefined.sum())
    notes = [note] if note else []
    low = high = None
    if not len(drawn):
        notes.append("no interval: all paragraphs are of one article")
    elif n_undefined > _MOST_UNDEFINED * len(drawn):
        notes.append("no interval: it stands in too few articles")
    else:
        tail = 50 * (1 - LEVEL)
        low, high = map(float, np.percentile(drawn[~undefined], [tail, 100 - tail]))
        if n_undefined:
            notes.append(f"interval without the resamples that have no value ({n_undefined})")
        if value == low == high == 1:
            notes.append("no disagreement seen, so that the interval is too narrow")
    return Estimate(
        value=value, low=low, high=high, n_undefined=n_undefined, note="; ".join(notes) or None
    )


def mean_rows(rows: Sequence[Floats]) -> Floats:
    """Return the mean of several coefficients, without those that have no value in the sample.

    A resample has no mean where one of the coefficients that count has no value in it.

    Parameters
    ----------
    rows
        Each (1 + n_resamples, …).
    """
    stacked = np.stack(rows)
    defined = ~np.isnan(stacked[:, :1])
    n_defined = defined.sum(axis=0)
    total = np.where(defined, stacked, 0).sum(axis=0)
    return np.asarray(np.where(n_defined > 0, total / np.maximum(n_defined, 1), np.nan))
