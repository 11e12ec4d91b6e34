"""Fitting the TF-IDF backend: the weights of its scorer."""

from __future__ import annotations

from threading import Lock

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from depeche.model.scoring.features import Counts
from depeche.model.scoring.linear import LinearScorer, weigh
from depeche.model.scoring.word_vectors import WordVectors
from depeche.train.tfidf.direction_features import Directions
from depeche.train.tfidf.settings import TrainSettings
from depeche.train.tfidf.word_vectors import load_vectors

# Smoothing of the log-count ratios. Wang and Manning 2012 add 1 to counts; here features are
# weighted and of length 1, and their sums are about a tenth of counts.
_ALPHA = 0.1
_LEAST_WEIGHT = 0.02  # of an example made of a probability; smaller ones cost time and say nothing
# liblinear's random numbers belong to the process: two fits at a time would share them by chance.
_LIBLINEAR = Lock()
_MOST_STEPS = 60  # of L-BFGS; scores were measured with this number, more were not tried


def fit_scorer(
    counts: Counts, Y: NDArray[np.int64] | NDArray[np.float64], settings: TrainSettings
) -> LinearScorer:
    """Return a scorer fitted on paragraphs.

    For each label it is the mean of two L2-regularised logistic regressions with balanced classes:
    one on the weighted features, the directions of the paragraphs' word vectors and the products of
    their components; one on the features scaled by their naive-Bayes log-count ratio (Wang and
    Manning 2012, "Baselines and bigrams", 2.3). The mean has one weight per feature, and a
    quadratic form of the direction.

    Parameters
    ----------
    counts
        Of n_samples paragraphs.
    Y
        (n_samples, n_labels) indicator matrix, or probabilities of the labels: then a paragraph
        counts both as an example for the label and as one against it, each with its weight.
    """
    idf = _fit_idf(counts, settings)
    X = _matrix(counts, idf)
    used = np.flatnonzero(idf)
    X = X[:, used]
    share = settings.naive_bayes_share
    vectors = load_vectors() if settings.vector_dims else WordVectors.of_no_words()
    directions = Directions.fit(counts, vectors, settings.vector_dims)
    plain, plain_bias = _fit_labels(X, directions.D, Y, settings.penalty_c, settings.seed)
    form, form_bias = directions.form((1 - share) * plain[len(used) :])
    weights = np.zeros((len(idf), Y.shape[1]), dtype=np.float16)
    bias = (1 - share) * plain_bias + form_bias
    for j, y in enumerate(Y.T):
        ratio = _log_count_ratio(X, y)
        times_ratio = sparse.csr_matrix((X.data * ratio[X.indices], X.indices, X.indptr), X.shape)
        scaled, scaled_bias = _fit_label(times_ratio, y, settings.naive_bayes_c, settings.seed)
        weights[used, j] = (1 - share) * plain[: len(used), j] + share * scaled * ratio
        bias[j] += share * scaled_bias
    return LinearScorer(settings.features, idf, weights, bias.astype(np.float32), form)


def _fit_idf(counts: Counts, settings: TrainSettings) -> NDArray[np.float32]:
    """Return the smoothed inverse document frequency of each column, 0 below `min_df`."""
    df = np.bincount(counts.indices, minlength=settings.features.n_features)
    idf = np.log((1 + counts.n_samples) / (1 + df)) + 1
    return np.where(df >= settings.min_df, idf, 0).astype(np.float32)


def _matrix(counts: Counts, idf: NDArray[np.float32]) -> sparse.csr_matrix:
    """Return the weighted features, (n_samples, n_features)."""
    parts = (weigh(counts, idf), counts.indices, counts.indptr)
    return sparse.csr_matrix(parts, shape=(counts.n_samples, len(idf)))


def _fit_labels(
    X: sparse.csr_matrix,
    D: NDArray[np.float32],
    Y: NDArray[np.int64] | NDArray[np.float64],
    penalty_c: float,
    seed: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return weights of the columns of X, then of D, (n_columns, n_labels), and the biases.

    Where D has no columns, `_fit_label` fits each label. Else L-BFGS fits all labels at once, which
    is many times as fast on dense columns; then Y must be labels, not probabilities.
    """
    if not D.shape[1]:
        fitted = [_fit_label(X, y, penalty_c, seed) for y in Y.T]
        return np.column_stack([w for w, _ in fitted]), np.array([bias for _, bias in fitted])
    n, n_positive = len(Y), Y.sum(axis=0)
    size = np.where(Y == 1, n_positive, n - n_positive)
    importance = (penalty_c * n / 2 / size).astype(np.float32)
    sign = (2 * Y - 1).astype(np.float32)
    weights = _minimize_loss(X.astype(np.float32), D, sign, importance)
    alone = (n_positive == 0) | (n_positive == n)  # without examples of both kinds: no weights
    weights[:, alone] = 0
    weights[-1, alone] = np.log((n_positive + 0.5) / (n - n_positive + 0.5))[alone]
    return weights[:-1], weights[-1]


def _minimize_loss(
    X: sparse.csr_matrix,
    D: NDArray[np.float32],
    sign: NDArray[np.float32],
    importance: NDArray[np.float32],
) -> NDArray[np.float64]:
    """Return the weights of X and of D, then the biases, that minimise the logistic loss.

    Parameters
    ----------
    sign, importance
        (n_samples, n_labels): 1 or -1 for an example for or against a label, and its weight.
    """
    n_labels, n_sparse = sign.shape[1], X.shape[1]
    n_rows = n_sparse + D.shape[1] + 1
    X_transposed = X.T.tocsr()

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        every = flat.reshape(n_rows, n_labels)
        W = every.astype(np.float32)
        margin = sign * (X @ W[:n_sparse] + D @ W[n_sparse:-1] + W[-1])
        residual = -sign * importance / (1 + np.exp(np.minimum(margin, 80)))
        gradient = every.copy()
        gradient[:n_sparse] += X_transposed @ residual
        gradient[n_sparse:-1] += D.T @ residual
        gradient[-1] += residual.sum(axis=0)
        missed = importance * np.logaddexp(np.float32(0), -margin)
        return float(missed.sum(dtype=np.float64) + (every**2).sum() / 2), gradient.ravel()

    limits = {"maxiter": _MOST_STEPS, "maxcor": 6}
    start = np.zeros(n_rows * n_labels)
    weights = minimize(loss, start, jac=True, method="L-BFGS-B", options=limits).x
    return np.asarray(weights.reshape(n_rows, n_labels))


def _fit_label(
    X: sparse.csr_matrix,
    y: NDArray[np.int64] | NDArray[np.float64],
    penalty_c: float,
    seed: int,
) -> tuple[NDArray[np.float64], float]:
    """Return weights and bias of one label; a label without examples of both kinds gets none."""
    n_positive = y.sum()
    if y.max() < _LEAST_WEIGHT or y.min() > 1 - _LEAST_WEIGHT:
        return np.zeros(X.shape[1]), float(np.log((n_positive + 0.5) / (len(y) - n_positive + 0.5)))
    # The dual solver takes a third of the time of the others on 180,000 columns.
    model = LogisticRegression(
        C=penalty_c,
        class_weight=None if _is_soft(y) else "balanced",
        solver="liblinear",
        dual=True,
        max_iter=1000,
        tol=1e-3,
        random_state=seed,
    )
    with _LIBLINEAR:
        if _is_soft(y):
            examples, target, weights = _both_ways(X, y.astype(np.float64))
            model.fit(examples, target, weights)
        else:
            model.fit(X, y)
    return model.coef_[0], float(model.intercept_[0])


def _is_soft(y: NDArray[np.int64] | NDArray[np.float64]) -> bool:
    return bool(((y > 0) & (y < 1)).any())


def _both_ways(
    X: sparse.csr_matrix, y: NDArray[np.float64]
) -> tuple[sparse.csr_matrix, NDArray[np.int64], NDArray[np.float64]]:
    """Return each paragraph as an example for a label and as one against it, with their weights.

    The weights of each of the two kinds sum to half the number of paragraphs, as scikit-learn's
    `balanced` makes them.
    """
    rows = [np.flatnonzero(weight >= _LEAST_WEIGHT) for weight in (y, 1 - y)]
    weights = [y[rows[0]], 1 - y[rows[1]]]
    target = np.repeat([1, 0], [len(kind) for kind in rows])
    balanced = [weight * len(y) / (2 * weight.sum()) for weight in weights]
    return X[np.concatenate(rows)], target, np.concatenate(balanced)


def _log_count_ratio(
    X: sparse.csr_matrix, y: NDArray[np.int64] | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the log of how much likelier each feature is with a label than without it."""
    if _is_soft(y):
        positive, negative = (np.asarray(X.T @ share).ravel() + _ALPHA for share in (y, 1 - y))
    else:
        positive, negative = (
            np.asarray(X[np.flatnonzero(y == value)].sum(axis=0)).ravel() + _ALPHA
            for value in (1, 0)
        )
    ratio: NDArray[np.float64] = np.log(positive / positive.sum()) - np.log(
        negative / negative.sum()
    )
    return ratio
