"""Fits the TF-IDF model quickly on the labels so far, to choose what to label next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from depeche.model.deciding.calibration import sigmoid
from depeche.model.scoring.features import Counts
from depeche.model.scoring.linear import LinearScorer, weigh
from depeche.model.scoring.word_vectors import in_units
from depeche.train.active.mix import draw_of
from depeche.train.active.selection import Ground, Learnt
from depeche.train.calibrating import fit_sigmoid
from depeche.train.splits import grouped_folds, near_duplicates
from depeche.train.tfidf.direction_features import sum_vectors
from depeche.train.tfidf.fitting import fit_scorer
from depeche.train.tfidf.settings import TrainSettings

_FOLDS = 3  # into which the labels so far are split, for the thresholds
_DIMS = 32  # dimensions of word vectors: more bring little with few labels, and take longer
_FEWEST = 2  # paragraphs with and without a label that a threshold needs; with fewer it is 0


def ground_of(
    ids: Sequence[str],
    articles: Sequence[str],
    texts: Sequence[str],
    counts: Counts,
    *,
    reserve: float,
    seed: int,
) -> Ground:
    """Return what is known of a pool before any label, for `selection`.

    Parameters
    ----------
    counts
        Features of the texts.
    reserve
        Share of the pool that is asked for only at random.
    """
    n = len(ids)
    draws = [draw_of(id, seed) for id in ids]
    first, second = near_duplicates(texts)
    pairs = sparse.coo_matrix((np.ones(len(first)), (first, second)), shape=(n, n))
    df = np.bincount(counts.indices, minlength=TrainSettings().features.n_features)
    idf = np.where(df >= 2, np.log((1 + n) / (1 + df)) + 1, 0).astype(np.float32)
    X = weighted(counts, idf)
    X.eliminate_zeros()
    return Ground(
        X=sparse.diags(1 / np.maximum(np.sqrt(X.multiply(X).sum(axis=1)).A1, 1e-12)) @ X,
        article=np.unique(np.array(articles, dtype=object).astype(str), return_inverse=True)[1],
        text=connected_components(pairs, directed=False)[1].astype(np.int64),
        rank=np.argsort(np.argsort(draws)).astype(np.int64),
        reserved=np.array(draws) < reserve,
    )


def learn(
    labelled: Counts,
    Y: NDArray[np.int64],
    groups: NDArray[np.int64],
    pool: Counts,
    settings: TrainSettings,
) -> Learnt:
    """Return the logits of a pool by a model fitted on labelled paragraphs, with thresholds.

    The labelled paragraphs were chosen, so they are no sample of the pool, and the thresholds that
    are best for them are not best for the pool. But how likely a label is at a logit depends little
    on that choice: it is learnt from out-of-fold logits (Platt 1999). The thresholds are those of
    the highest F1 to be expected on the pool.

    Parameters
    ----------
    Y, groups
        (n_labelled, n_labels) and (n_labelled,): labels, and the groups that folds keep together.
    """
    settings = replace(settings, vector_dims=_DIMS)
    scorer = fit_scorer(labelled, Y, settings)
    n_positive = Y.sum(axis=0)
    logits = logits_of(scorer, pool)
    out_of_fold = out_of_fold_logits(labelled, Y, groups, settings)
    return Learnt(
        logits=logits,
        thresholds=np.array(
            [
                expected_best(labelled_logits, y, pool_logits)
                for labelled_logits, y, pool_logits in zip(
                    out_of_fold.T, Y.T, logits.T, strict=True
                )
            ]
        ),
        n_positive=np.where(n_positive < len(Y), n_positive, 0),
        scorer=scorer,
    )


def out_of_fold_logits(
    counts: Counts, Y: NDArray[np.int64], groups: NDArray[np.int64], settings: TrainSettings
) -> NDArray[np.float64]:
    """Return the logits of models fitted without the paragraph's fold, (n_samples, n_labels)."""
    logits = np.zeros(Y.shape)
    n_folds = min(_FOLDS, len(np.unique(groups)))
    if n_folds < 2:
        return logits
    fold = grouped_folds(groups, Y, n_folds, settings.seed, what="article")
    for k in range(n_folds):
        here = np.flatnonzero(fold == k)
        scorer = fit_scorer(counts.rows_where(fold != k), Y[fold != k], settings)
        logits[here] = logits_of(scorer, counts.rows_at(here))
    return logits


def expected_best(
    logits: NDArray[np.float64], y: NDArray[np.int64], pool: NDArray[np.float64]
) -> float:
    """Return the threshold with the highest expected F1 on the logits of a pool.

    Parameters
    ----------
    logits, y
        (n_labelled,), out of fold.
    """
    if min(y.sum(), len(y) - y.sum()) < _FEWEST:
        return 0.0
    slope, offset = fit_sigmoid(logits, y)
    ranked = np.sort(pool)[::-1]
    proba = sigmoid(slope * ranked + offset)
    f1 = 2 * np.cumsum(proba) / (np.arange(1, len(pool) + 1) + proba.sum())
    return float(ranked[f1.argmax()])


def logits_of(scorer: LinearScorer, counts: Counts) -> NDArray[np.float64]:
    """Return the logits of paragraphs, (n_samples, n_labels), four times as fast as the scorer.

    They differ from the scorer's by the rounding of its weights, which does not matter for an
    order.
    """
    of_tables = weighted(counts, scorer.idf) @ scorer.weights.astype(float)
    of_vectors = scorer.form.logits(in_units(sum_vectors(counts, scorer.form.words)))
    return np.asarray(of_tables + scorer.bias + of_vectors)


def weighted(counts: Counts, idf: NDArray[np.float32]) -> sparse.csr_matrix:
    """Return the weighted features, (n_samples, n_features)."""
    parts = (weigh(counts, idf), counts.indices, counts.indptr)
    return sparse.csr_matrix(parts, shape=(counts.n_samples, len(idf)))
