"""Fitting: the weights of the linear scorer, and the calibration of its scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from labels.schema import Schema
from model.calibration import DIGITS, Calibration, sigmoid, softmax
from model.features import Counts
from model.linear import LinearScorer, weigh
from train.settings import TrainSettings

# Smoothing of the log-count ratios. Wang and Manning 2012 add 1 to counts; these are weighted
# features of length 1, whose sums are about a tenth of counts.
_ALPHA = 0.1


def fit_scorer(counts: Counts, Y: NDArray[np.int64], settings: TrainSettings) -> LinearScorer:
    """Return a linear scorer fitted on paragraphs.

    For each label, the mean of two L2-regularised logistic regressions with balanced classes: on
    the weighted features, and on the features scaled by their naive-Bayes log-count ratio (Wang
    and Manning 2012, "Baselines and bigrams", 2.3). Both are linear, so their mean is one weight
    a feature.

    Parameters
    ----------
    counts
        Of n_samples paragraphs.
    Y
        (n_samples, n_labels) indicator matrix, single dimensions as one column a label.
    """
    idf = _fit_idf(counts, settings)
    X = _matrix(counts, idf)
    used = np.flatnonzero(idf)
    X = X[:, used]
    share = settings.naive_bayes_share
    weights = np.zeros((len(idf), Y.shape[1]), dtype=np.float16)
    bias = np.zeros(Y.shape[1], dtype=np.float32)
    for j, y in enumerate(Y.T):
        plain, plain_bias = _fit_label(X, y, settings.penalty_c, settings.seed)
        ratio = _log_count_ratio(X, y)
        scaled, scaled_bias = _fit_label(
            (X @ sparse.diags(ratio)).tocsr(), y, settings.naive_bayes_c, settings.seed
        )
        weights[used, j] = (1 - share) * plain + share * scaled * ratio
        bias[j] = (1 - share) * plain_bias + share * scaled_bias
    return LinearScorer(settings.features, idf, weights, bias)


def _fit_idf(counts: Counts, settings: TrainSettings) -> NDArray[np.float32]:
    """Return the smoothed inverse document frequency of each column, 0 below `min_df`."""
    df = np.bincount(counts.indices, minlength=settings.features.n_features)
    idf = np.log((1 + counts.n_samples) / (1 + df)) + 1
    return np.where(df >= settings.min_df, idf, 0).astype(np.float32)


def _matrix(counts: Counts, idf: NDArray[np.float32]) -> sparse.csr_matrix:
    """Return the weighted features, (n_samples, n_features)."""
    parts = (weigh(counts, idf), counts.indices, counts.indptr)
    return sparse.csr_matrix(parts, shape=(counts.n_samples, len(idf)))


def _fit_label(
    X: sparse.csr_matrix, y: NDArray[np.int64], penalty_c: float, seed: int
) -> tuple[NDArray[np.float64], float]:
    """Return weights and bias of one label; a label without examples of both kinds gets none."""
    n_positive = int(y.sum())
    if n_positive in (0, len(y)):
        return np.zeros(X.shape[1]), float(np.log((n_positive + 0.5) / (len(y) - n_positive + 0.5)))
    # The dual solver takes a third of the time of the others on 180,000 columns.
    model = LogisticRegression(
        C=penalty_c,
        class_weight="balanced",
        solver="liblinear",
        dual=True,
        max_iter=1000,
        tol=1e-3,
        random_state=seed,
    ).fit(X, y)
    return model.coef_[0], float(model.intercept_[0])


def _log_count_ratio(X: sparse.csr_matrix, y: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return ln of how much likelier each feature is in a label's paragraphs than in the others."""
    positive, negative = (
        np.asarray(X[np.flatnonzero(y == value)].sum(axis=0)).ravel() + _ALPHA for value in (1, 0)
    )
    ratio: NDArray[np.float64] = np.log(positive / positive.sum()) - np.log(
        negative / negative.sum()
    )
    return ratio


def fit_calibration(
    logits: NDArray[np.float64], Y: NDArray[np.int64], schema: Schema
) -> Calibration:
    """Return the calibration and the thresholds that out-of-fold logits call for.

    Parameters
    ----------
    logits, Y
        (n_samples, n_labels), of paragraphs that the scorer was not fitted on.
    """
    slope, offset = np.ones(schema.n_labels), np.zeros(schema.n_labels)
    threshold = np.full(schema.n_labels, 0.5)
    for dimension, span in schema.columns():
        if dimension.kind == "single":
            slope[span], offset[span] = _fit_softmax(logits[:, span], Y[:, span])
            continue
        for j in range(span.start, span.stop):
            slope[j], offset[j] = _fit_sigmoid(logits[:, j], Y[:, j])
            threshold[j] = best_threshold(sigmoid(slope[j] * logits[:, j] + offset[j]), Y[:, j])
    return Calibration(slope=slope, offset=offset, threshold=threshold)


def _fit_sigmoid(logits: NDArray[np.float64], y: NDArray[np.int64]) -> tuple[float, float]:
    """Return slope and offset by Platt's method, with his targets short of 0 and 1.

    Platt 1999, "Probabilistic outputs for support vector machines", 2.2.
    """
    n_positive = int(y.sum())
    low, high = 1 / (len(y) - n_positive + 2), (n_positive + 1) / (n_positive + 2)
    target = np.where(y == 1, high, low)

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scaled = parameters[0] * logits + parameters[1]
        residual = sigmoid(scaled) - target
        value = np.logaddexp(0, scaled) - target * scaled
        return float(value.mean()), np.array([(residual * logits).mean(), residual.mean()])

    # A slope below 0 would turn the model's order round.
    found = minimize(loss, np.array([1.0, 0.0]), jac=True, bounds=[(1e-3, None), (None, None)])
    return float(found.x[0]), float(found.x[1])


def _fit_softmax(
    logits: NDArray[np.float64], Y: NDArray[np.int64]
) -> tuple[float, NDArray[np.float64]]:
    """Return one slope and an offset a label that minimise the log loss of the softmax."""
    n_labels = Y.shape[1]
    target = (Y + 1 / len(Y)) / (1 + n_labels / len(Y))

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        proba = softmax(parameters[0] * logits + parameters[1:])
        residual = (proba - target) / len(Y)
        gradient = np.concatenate(([(residual * logits).sum()], residual.sum(axis=0)))
        return float(-(target * np.log(proba)).sum() / len(Y)), gradient

    start = np.concatenate(([1.0], np.zeros(n_labels)))
    bounds = [(1e-3, None)] + [(None, None)] * n_labels
    found = minimize(loss, start, jac=True, bounds=bounds)
    return float(found.x[0]), found.x[1:]


def best_threshold(proba: NDArray[np.float64], y: NDArray[np.int64]) -> float:
    """Return the threshold with the highest F1; 0.5 when the label has no example.

    Halfway between the last score taken and the first one left, to `DIGITS` digits.
    """
    if not y.any():
        return 0.5
    order = np.argsort(-proba, kind="stable")
    ranked = proba[order]
    f1 = 2 * np.cumsum(y[order]) / (np.arange(1, len(y) + 1) + y.sum())
    last_of_ties = np.append(ranked[1:] < ranked[:-1], True)
    best = int(np.argmax(np.where(last_of_ties, f1, 0)))
    below = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return round(float(ranked[best] + below) / 2, DIGITS)
