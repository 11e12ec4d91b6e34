"""Bootstrap by article: how far each score would move had other articles been labelled.

Why articles are resampled, and how, is said in `labels.bootstrap`, which draws the resamples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from depeche.labels.bootstrap import N_RESAMPLES, Floats, draw_resamples
from depeche.labels.schema import Dimension, Schema

_CHUNK = 250  # resamples at a time where a weight a paragraph is needed: 6 MB for 6,000 paragraphs


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

    The definitions are those of the full sample: means are over the labels with support there, and
    a label that a resample misses has F1 0. Average precision is there with `proba`; it is NaN in
    resamples without the label, and its mean leaves those labels out. The same groups in the same
    order and the same seed give the same resamples, so that two models can be compared in pairs.

    Parameters
    ----------
    Y, given, proba
        (n_samples, n_labels): labels, decisions, calibrated scores.
    groups
        Article of each paragraph.
    """
    group = _group_numbers(groups)
    n_groups = int(group.max()) + 1
    weights = draw_resamples(n_groups, n_resamples=n_resamples, seed=seed)
    return _weighted_scores(Y, given, proba, group, weights.astype(np.float64), schema)


def full_scores(
    Y: NDArray[np.int64],
    given: NDArray[np.bool_],
    schema: Schema,
    *,
    proba: Floats | None = None,
) -> dict[str, Any]:
    """Return the scores that `bootstrap` resamples, each (1,), of the paragraphs as they are."""
    group = np.zeros(len(Y), dtype=np.int64)
    return _weighted_scores(Y, given, proba, group, np.ones((1, 1)), schema)


def intervals(resampled: dict[str, Any], level: float = 0.95) -> dict[str, Any]:
    """Return [low, high] of each score, nested as `bootstrap`'s result; None where it has none.

    Percentile intervals: `level` of the resamples lie between low and high.
    """
    found: dict[str, Any] = {}
    for key, value in resampled.items():
        if isinstance(value, dict):
            found[key] = intervals(value, level)
        elif np.isnan(value).all():
            found[key] = None
        else:
            tail = 50 * (1 - level)
            found[key] = np.nanpercentile(value, [tail, 100 - tail]).tolist()
    return found


def _group_numbers(groups: Sequence[str]) -> NDArray[np.int64]:
    return np.asarray(np.unique(np.asarray(groups, dtype=str), return_inverse=True)[1])


def _weighted_scores(
    Y: NDArray[np.int64],
    given: NDArray[np.bool_],
    proba: Floats | None,
    group: NDArray[np.int64],
    weights: Floats,
    schema: Schema,
) -> dict[str, Any]:
    """Return the scores under each row of `weights`, (n_rows, n_groups) whole numbers."""

    def total(values: NDArray[Any]) -> Floats:
        """Sum (n_samples, k) values over each row's paragraphs: (n_rows, k)."""
        sums = np.zeros((weights.shape[1], values.shape[1]))
        np.add.at(sums, group, values)
        return np.asarray(weights @ sums)

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
    total: Callable[[NDArray[Any]], Floats],
    average: Floats | None,
) -> dict[str, Any]:
    found, support, n_given = total(Y * given), total(Y), total(given)
    precision, recall = _ratio(found, n_given), _ratio(found, support)
    f1 = _ratio(2 * found, support + n_given)
    present = Y.any(axis=0)
    labels = {
        label: {"precision": precision[:, j], "recall": recall[:, j], "f1": f1[:, j]}
        | ({} if average is None else {"average_precision": average[j]})
        for j, label in enumerate(dimension.label_ids)
    }
    macro_f1 = f1[:, present].mean(axis=1) if present.any() else np.zeros(len(f1))
    if dimension.kind == "single":
        right = Y.argmax(axis=1) == given.argmax(axis=1)
        n_right, n = total(np.column_stack([right, np.ones(len(Y))])).T
        return {"macro_f1": macro_f1, "accuracy": n_right / n, "labels": labels}
    overall = {
        "micro_f1": _ratio(2 * found.sum(axis=1), (support + n_given).sum(axis=1)),
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
    found = np.empty((Y.shape[1], len(weights)))
    for start in range(0, len(weights), _CHUNK):
        # Whole numbers below 2**24: exact in single precision.
        chunk = np.ascontiguousarray(weights[start : start + _CHUNK].T, dtype=np.float32)
        for j in range(Y.shape[1]):
            found[j, start : start + _CHUNK] = _average_precision(
                Y[:, j] > 0, proba[:, j], chunk, group
            )
    return found


def _average_precision(
    y: NDArray[np.bool_], proba: Floats, weights: NDArray[np.float32], group: NDArray[np.int64]
) -> Floats:
    """Return the mean precision at the positives, (n_resamples,), NaN without positives.

    Precision is that of all paragraphs with at least the same score, ties included, as
    scikit-learn's `average_precision_score` has it.
    """
    order = np.argsort(-proba, kind="stable")
    y, proba = y[order], proba[order]
    if not y.any():
        return np.full(weights.shape[1], np.nan)
    of_row = weights[group[order]]
    last = np.searchsorted(-proba, -proba[y], side="right") - 1  # of each positive's ties
    n_ranked = np.cumsum(of_row, axis=0)[last]
    positive = of_row[y]
    n_found = np.cumsum(positive, axis=0)[np.cumsum(y)[last] - 1]
    precision = _ratio(n_found, n_ranked)
    # A positive of weight 0 adds nothing, whatever its precision.
    return _ratio((positive * precision).sum(axis=0), positive.sum(axis=0), empty=np.nan)


def _ratio(above: NDArray[Any], below: NDArray[Any], *, empty: float = 0.0) -> Floats:
    """Return above / below, `empty` where below is 0."""
    out = np.full(above.shape, empty)
    np.divide(above, below, out=out, where=below > 0)
    return out
