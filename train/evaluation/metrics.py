"""Scores of decisions against labels, and the signature that makes scores comparable."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, precision_recall_fscore_support

from depeche.labels.dataset import LabelledSet
from depeche.labels.schema import Dimension, Schema

MEASURES = {  # the overall scores of a dimension, with the names that people read
    "micro_f1": "micro F1",
    "macro_f1": "macro F1",
    "mean_average_precision": "mean average precision",
    "accuracy": "accuracy",
}
N_BINS = 15  # of calibration errors and reliability diagrams


def indicator(labels: LabelledSet) -> NDArray[np.int64]:
    """Return Y, (n_samples, n_labels): 1 where a paragraph has a label, in schema order."""
    Y = np.zeros((len(labels.paragraphs), labels.schema.n_labels), dtype=np.int64)
    for dimension, span in labels.schema.columns():
        for i, paragraph in enumerate(labels.paragraphs):
            for label in paragraph.labels[dimension.id]:
                Y[i, span.start + dimension.label_ids.index(label)] = 1
    return Y


def score(
    Y: NDArray[np.int64], proba: NDArray[np.float64], given: NDArray[np.bool_], schema: Schema
) -> dict[str, Any]:
    """Return the scores of each dimension and of each of its labels.

    A multi dimension has micro and macro F1 and mean average precision; a single one, macro F1 and
    accuracy. A label has precision, recall, F1, average precision and support, the number of
    paragraphs that have it. Means are over the labels with support; average precision without
    support is None.

    Parameters
    ----------
    Y, proba, given
        (n_samples, n_labels): labels, calibrated scores, decisions.
    """
    scores = {}
    for dimension, span in schema.columns():
        scores[dimension.id] = _score_dimension(
            dimension, Y[:, span], proba[:, span], given[:, span].astype(np.int64)
        )
    return scores


def _score_dimension(
    dimension: Dimension,
    Y: NDArray[np.int64],
    proba: NDArray[np.float64],
    given: NDArray[np.int64],
) -> dict[str, Any]:
    precision, recall, f1, support = precision_recall_fscore_support(Y, given, zero_division=0.0)
    present = support > 0
    average = [
        float(average_precision_score(Y[:, j], proba[:, j])) if present[j] else None
        for j in range(Y.shape[1])
    ]
    labels = {
        label: {
            "precision": float(precision[j]),
            "recall": float(recall[j]),
            "f1": float(f1[j]),
            "average_precision": average[j],
            "support": int(support[j]),
        }
        for j, label in enumerate(dimension.label_ids)
    }
    macro_f1 = float(f1[present].mean()) if present.any() else 0.0
    if dimension.kind == "single":
        accuracy = float((Y.argmax(axis=1) == given.argmax(axis=1)).mean())
        return {"macro_f1": macro_f1, "accuracy": accuracy, "labels": labels}
    n_decisions = int(Y.sum() + given.sum())
    known = [value for value in average if value is not None]
    return {
        "micro_f1": 2 * int((Y * given).sum()) / n_decisions if n_decisions else 0.0,
        "macro_f1": macro_f1,
        "mean_average_precision": float(np.mean(known)) if known else None,
        "labels": labels,
    }


def main_scores(scores: dict[str, Any], schema: Schema) -> dict[str, float]:
    """Return one number per dimension: its main measure."""
    return {d.id: scores[d.id][main_measure(d)] for d in schema.dimensions}


def main_measure(dimension: Dimension) -> str:
    """Return the key of the one score that stands for a dimension, as in `MEASURES`."""
    return "micro_f1" if dimension.kind == "multi" else "macro_f1"


def equal_mass_bins(proba: NDArray[np.float64], n_bins: int = N_BINS) -> list[NDArray[np.int64]]:
    """Return the rows of each bin, lowest scores first; their sizes differ by one row at most."""
    bins = np.array_split(np.argsort(proba, kind="stable"), n_bins)
    return [rows for rows in bins if len(rows)]


def calibration_error(
    proba: NDArray[np.float64], y: NDArray[np.int64], n_bins: int = N_BINS
) -> float:
    """Return the expected calibration error of one label, in [0, 1], over bins of equal mass.

    It is the mean distance, over the bins, between the mean score and the share of paragraphs that
    have the label (Naeini et al. 2015, "Obtaining well calibrated probabilities using Bayesian
    binning").
    """
    gaps = [abs(proba[b].mean() - y[b].mean()) * len(b) for b in equal_mass_bins(proba, n_bins)]
    return float(sum(gaps) / len(y))


def signature(labels: LabelledSet, **settings: object) -> str:
    """Return the settings that make scores comparable, as one line like sacrebleu's signatures.

    >>> signature(labels, folds="5 by article")  # doctest: +SKIP
    'data:0a1b2c3d4e5f|n:5741|schema:depeche-1:0a1b2c3d|folds:5 by article'
    """
    schema = labels.schema
    known = {
        "data": labels.digest[:12],
        "n": len(labels.paragraphs),
        "schema": f"{schema.name}-{schema.version}:{schema.digest[:8]}",
    }
    return "|".join(f"{key}:{value}" for key, value in {**known, **settings}.items())
