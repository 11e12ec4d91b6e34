"""Fitting the calibration of a model: for each label, the method that loses least out of fold."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression, minimize

from depeche.labels.schema import Schema
from depeche.model.deciding.calibration import DIGITS, Calibration, Knots, sigmoid, softmax

_MOST_STEPS, _CLOSE, _RIDGE = 50, 1e-7, 1e-10
_LEAST_SLOPE = 1e-3
_FEWEST_IN_KNOT = 200  # paragraphs; steps of fewer are noise, as measured
# (slope, offset, knots) of one label, or of all labels of a single dimension together.
_Fitted = tuple[float, "NDArray[np.float64] | float", Knots | None]
_Array = NDArray[np.float64]


def fit_calibration(
    logits: _Array, Y: NDArray[np.int64], fold: NDArray[np.int64], schema: Schema
) -> Calibration:
    """Return the calibration, and the thresholds of highest F1, fitted on out-of-fold logits.

    Each method calibrates each fold by the others; the method with the lowest log loss is then
    fitted on all folds. The labels of a multi dimension have `temperature` (a slope), `sigmoid` (a
    slope and an offset: Platt 1999) or `isotonic` (centred isotonic regression after the sigmoid:
    Oron and Flournoy 2017; it rises everywhere, so that the order of the scores stays). A single
    dimension has, for its softmax, `temperature` (Guo et al. 2017, 4.2) or `vector`, which adds one
    offset per label.

    Parameters
    ----------
    logits, Y
        (n_samples, n_labels), of paragraphs that the scorer was not fitted on.
    fold
        (n_samples,): the fold of each paragraph.
    """
    n_labels = schema.n_labels
    slope, offset, threshold = np.ones(n_labels), np.zeros(n_labels), np.full(n_labels, 0.5)
    method, knots = [""] * n_labels, {}
    for dimension, span in schema.columns():
        if dimension.kind == "single":
            name = _cheapest(_OF_SINGLE, _softmax_loss, logits[:, span], Y[:, span], fold)
            method[span] = [name] * len(dimension.labels)
            slope[span], offset[span], _ = _OF_SINGLE[name](logits[:, span], Y[:, span])
            continue
        for j in range(span.start, span.stop):
            x, y = logits[:, j], Y[:, j]
            method[j] = _cheapest(_OF_MULTI, _sigmoid_loss, x, y, fold)
            slope[j], offset[j], label_knots = _OF_MULTI[method[j]](x, y)
            if label_knots is not None:
                knots[j] = label_knots
            proba = sigmoid(_apply((slope[j], offset[j], label_knots), x))
            # The F1 that the scores themselves let expect: the F1 on the labels of these very
            # paragraphs is noisier, and its threshold gave 0.2 points less on other paragraphs.
            threshold[j] = best_threshold(proba, proba if y.any() else y)
    return Calibration(method=method, slope=slope, offset=offset, threshold=threshold, knots=knots)


def best_threshold(proba: _Array, y: NDArray[np.int64] | _Array) -> float:
    """Return the threshold with the highest F1; 0.5 when the label has no example.

    `y`, (n_samples,), holds labels or their probabilities. With probabilities the F1 is the
    expected one, but for the spread of its denominator (Lipton, Elkan and Narayanaswamy 2014,
    "Optimal thresholding of classifiers to maximize F1 measure"). The threshold lies halfway
    between the last score above it and the first one below, rounded to `DIGITS` digits.
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


def fit_sigmoid(logits: _Array, y: NDArray[np.int64]) -> tuple[float, float]:
    """Return the slope and the offset that calibrate logits by Platt's method."""
    slope, offset, _ = _fit_sigmoid(logits, y)
    return slope, float(offset)


def _cheapest(
    methods: Mapping[str, Callable[[_Array, NDArray[np.int64]], _Fitted]],
    loss: Callable[[_Array, NDArray[np.int64]], float],
    logits: _Array,
    Y: NDArray[np.int64],
    fold: NDArray[np.int64],
) -> str:
    """Return the method whose loss is lowest on folds that it was not fitted on.

    With a single fold nothing can be held out: then it is the first method.
    """
    losses = dict.fromkeys(methods, 0.0)
    folds = np.unique(fold)
    for k in folds if len(folds) > 1 else ():
        held_out = fold == k
        for name, fit in methods.items():
            fitted = fit(logits[~held_out], Y[~held_out])
            losses[name] += loss(_apply(fitted, logits[held_out]), Y[held_out])
    return min(losses, key=losses.__getitem__)


def _apply(fitted: _Fitted, logits: _Array) -> _Array:
    slope, offset, knots = fitted
    scaled = slope * logits + offset
    return scaled if knots is None else knots(scaled)


def _sigmoid_loss(calibrated: _Array, y: NDArray[np.int64]) -> float:
    return float((np.logaddexp(0, calibrated) - y * calibrated).sum())


def _softmax_loss(calibrated: _Array, Y: NDArray[np.int64]) -> float:
    return float((np.logaddexp.reduce(calibrated, axis=1) - (Y * calibrated).sum(axis=1)).sum())


def _fit_sigmoid(logits: _Array, y: NDArray[np.int64], *, with_offset: bool = True) -> _Fitted:
    """Return slope and offset by Platt's method, with his targets short of 0 and 1.

    Platt 1999, "Probabilistic outputs for support vector machines", 2.2, solved by Newton's method
    with halved steps, as in Lin, Lin and Weng 2007, "A note on Platt's probabilistic outputs".
    """
    n_positive = int(y.sum())
    low, high = 1 / (len(y) - n_positive + 2), (n_positive + 1) / (n_positive + 2)
    target = np.where(y == 1, high, low)
    X = np.column_stack([logits, np.ones(len(y))]) if with_offset else logits[:, None]

    def loss(weights: _Array) -> float:
        scaled = X @ weights
        return float((np.logaddexp(0, scaled) - target * scaled).mean())

    weights = np.eye(1, X.shape[1])[0]
    for _ in range(_MOST_STEPS):
        proba = sigmoid(X @ weights)
        gradient = X.T @ (proba - target) / len(y)
        curvature = (X.T * (proba * (1 - proba))) @ X / len(y) + _RIDGE * np.eye(X.shape[1])
        step = np.linalg.solve(curvature, gradient)
        here = loss(weights)
        while loss(weights - step) > here and np.abs(step).max() > _CLOSE:
            step /= 2
        weights = weights - step
        if np.abs(step).max() <= _CLOSE:
            break
    # A slope below 0 would turn the order of the scores round: such logits say nothing.
    if weights[0] < _LEAST_SLOPE:
        return _LEAST_SLOPE, float(np.log(target.mean() / (1 - target.mean()))), None
    return float(weights[0]), float(weights[1]) if with_offset else 0.0, None


def _fit_temperature(logits: _Array, y: NDArray[np.int64]) -> _Fitted:
    return _fit_sigmoid(logits, y, with_offset=False)


def _fit_isotonic(logits: _Array, y: NDArray[np.int64]) -> _Fitted:
    """Return Platt's slope and offset, and the centres of the steps of an isotonic regression."""
    slope, offset, _ = _fit_sigmoid(logits, y)
    scaled = slope * logits + offset
    order = np.argsort(scaled, kind="stable")
    parts = np.array_split(order, max(len(y) // _FEWEST_IN_KNOT, 1))
    size = np.array([len(part) for part in parts])
    centre = np.array([scaled[part].mean() for part in parts])
    share = np.array([y[part].mean() for part in parts])
    steps = isotonic_regression(share, weights=size)
    first = steps.blocks[:-1]
    n = np.add.reduceat(size, first)
    x = np.add.reduceat(centre * size, first) / n
    p = (steps.x[first] * n + 0.5) / (n + 1)  # short of 0 and 1
    rising = np.concatenate(([True], (np.diff(x) > 0) & (np.diff(np.maximum.accumulate(p)) > 0)))
    x, p = x[rising], p[rising]
    return slope, offset, Knots(logits=x, calibrated=np.log(p / (1 - p)))


def _fit_softmax(logits: _Array, Y: NDArray[np.int64], *, with_offset: bool = True) -> _Fitted:
    """Return the slope, and the offset of each label, that minimise the log loss of the softmax."""
    n_labels = Y.shape[1]
    target = (Y + 1 / len(Y)) / (1 + n_labels / len(Y))

    def loss(parameters: _Array) -> tuple[float, _Array]:
        proba = softmax(parameters[0] * logits + parameters[1:])
        residual = (proba - target) / len(Y)
        gradient = np.concatenate(([(residual * logits).sum()], residual.sum(axis=0)))
        return float(-(target * np.log(proba)).sum() / len(Y)), gradient

    start = np.concatenate(([1.0], np.zeros(n_labels)))
    bounds = [(_LEAST_SLOPE, None)] + [(None, None) if with_offset else (0, 0)] * n_labels
    slope, *offset = minimize(loss, start, jac=True, bounds=bounds).x
    return float(slope), np.array(offset), None


def _fit_softmax_temperature(logits: _Array, Y: NDArray[np.int64]) -> _Fitted:
    return _fit_softmax(logits, Y, with_offset=False)


_OF_MULTI = {"sigmoid": _fit_sigmoid, "temperature": _fit_temperature, "isotonic": _fit_isotonic}
_OF_SINGLE = {"vector": _fit_softmax, "temperature": _fit_softmax_temperature}
