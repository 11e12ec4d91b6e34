"""Plots of out-of-fold scores: precision and recall of each label, confusion of single ones."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, confusion_matrix, precision_recall_curve

from labels.schema import Dimension, Schema


def plots(
    Y: NDArray[np.int64], proba: NDArray[np.float64], given: NDArray[np.bool_], schema: Schema
) -> dict[str, Figure]:
    """Return a figure a dimension, by file name; arguments as in `train.metrics.score`."""
    figures = {}
    for dimension, span in schema.columns():
        if dimension.kind == "multi":
            figures[f"precision_recall_{dimension.id}.png"] = _precision_recall(
                dimension, Y[:, span], proba[:, span], given[:, span]
            )
        else:
            figures[f"confusion_{dimension.id}.png"] = _confusion(
                dimension, Y[:, span], given[:, span]
            )
    return figures


def _precision_recall(
    dimension: Dimension,
    Y: NDArray[np.int64],
    proba: NDArray[np.float64],
    given: NDArray[np.bool_],
) -> Figure:
    figure = Figure(figsize=(7, 5.2), layout="constrained")
    axes = figure.add_subplot(
        xlabel="recall", ylabel="precision", xlim=(0, 1.01), ylim=(0, 1.01), box_aspect=1
    )
    for j, label in enumerate(dimension.labels):
        if not Y[:, j].any():
            continue
        precision, recall, _ = precision_recall_curve(Y[:, j], proba[:, j])
        average = average_precision_score(Y[:, j], proba[:, j])
        (line,) = axes.step(
            recall, precision, where="post", label=f"{label.en} (average precision {average:.2f})"
        )
        found = int((Y[:, j] & given[:, j]).sum())
        if given[:, j].any():
            at = (found / Y[:, j].sum(), found / given[:, j].sum())
            axes.plot(*at, "o", color=line.get_color())
    axes.set_title(f"{dimension.en}, out of fold; the dots are at the thresholds")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def _confusion(dimension: Dimension, Y: NDArray[np.int64], given: NDArray[np.bool_]) -> Figure:
    names = [label.en for label in dimension.labels]
    ids = list(range(len(names)))
    table = confusion_matrix(Y.argmax(axis=1), given.argmax(axis=1), labels=ids)
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    size = 2.8 + 0.9 * len(names)
    figure = Figure(figsize=(size + 0.6, size), layout="constrained")
    axes = figure.add_subplot(xlabel="predicted", ylabel="labelled")
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(ids, names, rotation=30, ha="right")
    axes.set_yticks(ids, names)
    for i in ids:
        for j in ids:
            axes.text(
                j,
                i,
                f"{table[i, j]}\n{share[i, j]:.0%}",
                ha="center",
                va="center",
                color="white" if share[i, j] > 0.5 else "black",
            )
    axes.set_title(f"{dimension.en}, out of fold")
    return figure
