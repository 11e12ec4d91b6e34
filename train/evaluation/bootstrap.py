"""Bootstrap by article: how much each score would change if other articles had been labelled.

`labels.bootstrap` draws the resamples and says why. Scores are functions of counts, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from depeche.labels.bootstrap import (
    N_RESAMPLES,
    Floats,
    Sums,
    draw_resamples,
    number_articles,
    weighted_sums,
)
from depeche.labels.schema import Dimension, Schema

_CHUNK = 250  # resamples at a time where each paragraph needs a weight: 6 MB for 6,000 paragraphs


def bootstrap(
    Y: NDArray[np.int64],
    given: NDArray[np.bool_],
    groups: Sequence[str],
    schema: Schema,
    *,
    proba: Floats | None = None,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> dict[str, Any]:
    """Return the scores of `metrics.score` on resampled groups, each (n_resamples,).

    The definitions are those of the full sample: means are over the labels that have support in
    it, and a label that is absent from a resample has F1 0. Average precision needs `proba`; it is
    NaN in resamples without the label, and its mean leaves those labels out. The same groups in
    the same order with the same seed give the same resamples: two models can be compared in pairs.

    Parameters
    ----------
    Y, given, proba
        (n_samples, n_labels): labels, decisions, calibrated scores.
    groups
        Article of each paragraph.
    """
    group, n_groups = number_articles(groups)
    weights = draw_resamples(n_groups, n_resamples=n_resamples, seed=seed).astype(np.float64)
    return _weighted_scores(Y, given, proba, group, weights, schema)


def full_scores(
    Y: NDArray[np.int64],
    given: NDArray[np.bool_],
    schema: Schema,
    *,
    proba: Floats | None = None,
) -> dict[str, Any]:
    """Return the scores of the sample itself, each (1,), as `bootstrap` computes them."""
    group = np.zeros(len(Y), dtype=np.int64)
    return _weighted_scores(Y, given, proba, group, np.ones((1, 1)), schema)


def intervals(resampled: dict[str, Any], level: float = 0.95) -> dict[str, Any]:
    """Return [low, high] of each score, nested as in `bootstrap`; None for a score without value.

    These are percentile intervals: a share `level` of the resamples lies between low and high.
    """
    bounds: dict[str, Any] = {}
    for key, value in resampled.items():
        if isinstance(value, dict):
            bounds[key] = intervals(value, level)
        elif np.isnan(value).all():
            bounds[key] = None
        else:
            tail = 50 * (1 - level)
            bounds[key] = np.nanpercentile(value, [tail, 100 - tail]).tolist()
    return bounds


def _weighted_scores(
    Y: NDArray[np.int64],
    given: NDArray[np.bool_],
    proba: Floats | None,
    group: NDArray[np.int64],
    weights: Floats,
    schema: Schema,
) -> dict[str, Any]:
    """Return the scores under each row of `weights`, (n_rows, n_groups) integers."""
    total = weighted_sums(group, weights)
    average = None if proba is None else _average_precisions(Y, proba, weights, group)
    return {
        dimension.id: _score_dimension(
            dimension,
            Y[:, span],
            given[:, span].astype(np.int64),
            total,
            None if average is None else average[span],
        )
        for dimension, span in schema.columns()
    }


def _score_dimension(
    dimension: Dimension,
    Y: NDArray[np.int64],
    given: NDArray[np.int64],
    total: Sums,
    average: Floats | None,
) -> dict[str, Any]:
    n_right, support, n_given = total(Y * given), total(Y), total(given)
    precision, recall = _ratio(n_right, n_given), _ratio(n_right, support)
    f1 = _ratio(2 * n_right, support + n_given)
    present = Y.any(axis=0)
    labels = {
        label: {"precision": precision[:, j], "recall": recall[:, j], "f1": f1[:, j]}
        | ({} if average is None else {"average_precision": average[j]})
        for j, label in enumerate(dimension.label_ids)
    }
    macro_f1 = f1[:, present].mean(axis=1) if present.any() else np.zeros(len(f1))
    if dimension.kind == "single":
        right = Y.argmax(axis=1) == given.argmax(axis=1)
        n_accurate, n = total(np.column_stack([right, np.ones(len(Y))])).T
        return {"macro_f1": macro_f1, "accuracy": n_accurate / n, "labels": labels}
    overall = {
        "micro_f1": _ratio(2 * n_right.sum(axis=1), (support + n_given).sum(axis=1)),
        "macro_f1": macro_f1,
    }
    if average is not None:
        known = ~np.isnan(average)
        overall["mean_average_precision"] = np.divide(
            np.where(known, average, 0).sum(axis=0),
            known.sum(axis=0),
            out=np.full(average.shape[1], np.nan),
            where=known.any(axis=0),
        )
    return {**overall, "labels": labels}


def _average_precisions(
    Y: NDArray[np.int64], proba: Floats, weights: Floats, group: NDArray[np.int64]
) -> Floats:
    """Return average precision, (n_labels, n_resamples)."""
    averages = np.empty((Y.shape[1], len(weights)))
    for start in range(0, len(weights), _CHUNK):
        # Integers below 2**24: exact in single precision.
        chunk = np.ascontiguousarray(weights[start : start + _CHUNK].T, dtype=np.float32)
        for j in range(Y.shape[1]):
            averages[j, start : start + _CHUNK] = _average_precision(
                Y[:, j] > 0, proba[:, j], chunk, group
            )
    return averages


def _average_precision(
    y: NDArray[np.bool_], proba: Floats, weights: NDArray[np.float32], group: NDArray[np.int64]
) -> Floats:
    """Return the mean precision at the positives, (n_resamples,), NaN without positives.

    The precision at a positive is that of all paragraphs with at least its score, ties included, as
    in scikit-learn's `average_precision_score`.
    """
    order = np.argsort(-proba, kind="stable")
    y, proba = y[order], proba[order]
    if not y.any():
        return np.full(weights.shape[1], np.nan)
    row_weights = weights[group[order]]
    last = np.searchsorted(-proba, -proba[y], side="right") - 1  # of each positive's ties
    n_ranked = np.cumsum(row_weights, axis=0)[last]
    positive = row_weights[y]
    n_positive = np.cumsum(positive, axis=0)[np.cumsum(y)[last] - 1]
    precision = _ratio(n_positive, n_ranked)
    # A positive of weight 0 adds nothing, whatever its precision.
    return _ratio((positive * precision).sum(axis=0), positive.sum(axis=0), empty=np.nan)


def _ratio(above: NDArray[Any], below: NDArray[Any], *, empty: float = 0.0) -> Floats:
    """Return above / below, `empty` where below is 0."""
    out = np.full(above.shape, empty)
    np.divide(above, below, out=out, where=below > 0)
    return out
