"""Plots of an evaluation: precision and recall, confusion, reliability, learning curve."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, confusion_matrix, precision_recall_curve

from depeche.labels.schema import Dimension, Schema
from depeche.train.diagnostics import NEXT
from depeche.train.evaluation.evaluate import Scored
from depeche.train.evaluation.metrics import MEASURES, N_BINS, equal_mass_bins, main_measure
from depeche.train.reports.drawing import (
    Axes,
    Figure,
    FontProperties,
    LineCollection,
    NullLocator,
    findfont,
    get_font,
)

_WIDTH = 7.0  # inches: 700 px at matplotlib's own 100 dots an inch
_BLUE, _ORANGE, _GREY = "#0072b2", "#d55e00", "#c8c8c8"  # Okabe and Ito 2008: for every eye
_LONGEST = 20  # characters of a name above a panel, of which four stand in a row
_LONGEST_TITLE = 36  # characters of a name above the figure
_NO_GLYPH = "□"
_FEW = 6  # up to so many labels, the cells of a confusion have room for two lines


def plots(scored: Scored, evaluation: dict[str, Any] | None) -> dict[str, Figure]:
    """Return the figures of scored paragraphs by file name.

    These are precision and recall of each multi dimension, the confusion of each single one, the
    reliability of both, and the learning curve where the evaluation has one.

    Parameters
    ----------
    evaluation
        The result of `evaluate.evaluate`, with the fields of `train.diagnostics`.
    """
    figures, before = {}, scored.uncalibrated
    for dimension, span in scored.schema.columns():
        Y, proba, given = scored.Y[:, span], scored.proba[:, span], scored.given[:, span]
        if dimension.kind == "multi":
            name = f"precision_recall_{dimension.id}.png"
            figures[name] = _precision_recall(dimension, Y, proba, given)
        else:
            figures[f"confusion_{dimension.id}.png"] = _confusion(dimension, Y, given)
        figures[f"reliability_{dimension.id}.png"] = _reliability(
            dimension, Y, before[:, span], proba
        )
    if evaluation is not None and "learning" in evaluation:
        figures["learning_curve.png"] = _learning_curve(evaluation["learning"], scored.schema)
    return figures


def _panels(n: int, *, title: str, xlabel: str, ylabel: str) -> tuple[Figure, list[Axes]]:
    """Return a figure with `n` square panels that share their axes, at most four in a row.

    With one panel per label, no colour has to stand for a label and no name hides another.
    """
    n_columns = 2 if n in (2, 4) else min(n, 3 if n <= 9 else 4)
    n_rows = math.ceil(n / n_columns)
    size = min(_WIDTH / n_columns, 3.2)
    figure = Figure(figsize=(_WIDTH, size * n_rows + 0.9), layout="constrained")
    grid = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    panels = list(grid.flat)
    for axes in panels[n:]:
        axes.set_axis_off()
    # Set once, since the panels share it, so that no panel stretches the others.
    panels[0].set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
    panels[0].set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    panels[0].set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    for axes in panels[:n]:
        axes.set_box_aspect(1)
        axes.tick_params(labelsize=8)
        axes.grid(alpha=0.25)
    for j in range(max(0, n - n_columns), n):  # the lowest panel of each column shows the ticks
        panels[j].tick_params(labelbottom=True)
    figure.suptitle(title, fontsize=11)
    figure.supxlabel(xlabel, fontsize=10)
    figure.supylabel(ylabel, fontsize=10)
    return figure, panels[:n]


def _short(name: str, longest: int = _LONGEST) -> str:
    """Return a name as it is shown above a panel, cut to `longest` characters.

    Nothing in it is read as a formula, and a character that the font lacks becomes a box.
    """
    font = get_font(findfont(FontProperties()))
    name = " ".join(name.split())
    name = name if len(name) <= longest else f"{name[: longest - 1].rstrip()}…"
    shown = (c if font.get_char_index(ord(c)) and c.isprintable() else _NO_GLYPH for c in name)
    return "".join(shown).replace("$", r"\$")


def _title(dimension: Dimension) -> str:
    """Return a dimension's name as it is shown above a figure."""
    return _short(dimension.fr, _LONGEST_TITLE)


def _precision_recall(
    dimension: Dimension,
    Y: NDArray[np.int64],
    proba: NDArray[np.float64],
    given: NDArray[np.bool_],
) -> Figure:
    figure, panels = _panels(
        len(dimension.labels),
        title=f"{_title(dimension)}: precision and recall\ndot: the decisions; grey: "
        "the other labels",
        xlabel="recall",
        ylabel="precision",
    )
    curves = [
        precision_recall_curve(Y[:, j], proba[:, j])[:2] if Y[:, j].any() else None
        for j in range(len(panels))
    ]
    others = [np.column_stack([curve[1], curve[0]]) for curve in curves if curve is not None]
    for j, (axes, label) in enumerate(zip(panels, dimension.labels, strict=True)):
        axes.add_collection(LineCollection(others, colors=_GREY, linewidths=0.8), autolim=False)
        mine, name = curves[j], _short(label.fr)
        if mine is None:
            axes.set_title(f"{name}\nno paragraph has it", fontsize=9)
            continue
        average = average_precision_score(Y[:, j], proba[:, j])
        axes.step(mine[1], mine[0], where="post", color=_BLUE, linewidth=1.8)
        axes.set_title(f"{name}\naverage precision {average:.3f}", fontsize=9)
        if given[:, j].any():
            n_right = int((Y[:, j] & given[:, j]).sum())
            recall, precision = n_right / Y[:, j].sum(), n_right / given[:, j].sum()
            axes.plot(recall, precision, "o", color=_ORANGE, markersize=6, zorder=3)
    return figure


def _confusion(dimension: Dimension, Y: NDArray[np.int64], given: NDArray[np.bool_]) -> Figure:
    names = [_short(label.fr) for label in dimension.labels]
    n, ids = len(names), list(range(len(names)))
    table = confusion_matrix(Y.argmax(axis=1), given.argmax(axis=1), labels=ids)
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(_WIDTH, 5.4 if n <= _FEW else 7.0), layout="constrained")
    axes = figure.add_subplot(xlabel="given", ylabel="labelled")
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    size = 10 if n <= _FEW else 7
    axes.set_xticks(ids, names, rotation=30 if n <= _FEW else 90, fontsize=size)
    for tick in axes.get_xticklabels():
        tick.set_horizontalalignment("right" if n <= _FEW else "center")
    axes.set_yticks(ids, names, fontsize=size)
    for i, j in np.argwhere(table):  # empty cells stay empty, so that mistakes stand out
        percent = f"{100 * share[i, j]:.0f}"
        text = f"{table[i, j]}\n{percent} %" if n <= _FEW else percent
        color = "white" if share[i, j] > 0.65 else "black"
        axes.text(j, i, text, ha="center", va="center", color=color, fontsize=size)
    axes.set_title(f"{_title(dimension)}: label given, for each right label (% of the row)")
    axes.title.set_fontsize(11)
    return figure


def _reliability(
    dimension: Dimension,
    Y: NDArray[np.int64],
    before: NDArray[np.float64],
    after: NDArray[np.float64],
) -> Figure:
    """Return one reliability diagram per label, over the bins of `metrics.calibration_error`."""
    figure, panels = _panels(
        len(dimension.labels),
        title=f"{_title(dimension)}: do scores mean what they say?\nhollow squares: before "
        "calibration; dots: after; dotted line: perfect",
        xlabel=f"mean score, in {N_BINS} bins of equal mass",
        ylabel="share with the label",
    )
    for j, (axes, label) in enumerate(zip(panels, dimension.labels, strict=True)):
        axes.plot([0, 1], [0, 1], color="black", linewidth=0.8, linestyle=":")
        for proba, color, marker in (
            (before[:, j], _ORANGE, "s"),
            (after[:, j], _BLUE, "o"),
        ):
            bins = equal_mass_bins(proba)
            axes.plot(
                [proba[rows].mean() for rows in bins],
                [Y[rows, j].mean() for rows in bins],
                color=color,
                marker=marker,
                markersize=4,
                markerfacecolor="white" if marker == "s" else color,
                linewidth=1,
            )
        axes.set_title(_short(label.fr), fontsize=9)
    return figure


def _learning_curve(learning: dict[str, Any], schema: Schema) -> Figure:
    """Return one panel per dimension; a hollow dot shows the gain of `NEXT` more paragraphs."""
    points = learning["points"]
    sizes = [point["n"] for point in points]
    n_panels = len(schema.dimensions)
    n_columns = min(n_panels, 2)
    n_rows = math.ceil(n_panels / n_columns)
    figure = Figure(figsize=(_WIDTH, 3.2 * n_rows + 0.4), layout="constrained")
    grid = figure.subplots(n_rows, n_columns, squeeze=False)
    for axes in list(grid.flat)[n_panels:]:
        axes.set_axis_off()
    for axes, dimension in zip(grid.flat, schema.dimensions, strict=False):
        scores, more = [point[dimension.id] for point in points], learning["next"][dimension.id]
        axes.plot(sizes, scores, "o-", color=_BLUE)
        axes.plot(
            [sizes[-1], sizes[-1] + NEXT],
            [scores[-1], scores[-1] + more],
            "o:",
            color=_ORANGE,
            markerfacecolor="white",
            zorder=1,
        )
        for n, value in zip(sizes, scores, strict=True):
            axes.annotate(
                f"{value:.3f}",
                (n, value),
                xytext=(0, 7),
                textcoords="offset points",
                ha="right",
                fontsize=9,
            )
        axes.set_xscale("log")
        axes.set_xticks(sizes, [f"{n:,}" for n in sizes], fontsize=8)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.margins(x=0.22, y=0.25)
        axes.grid(alpha=0.25)
        axes.set_title(_title(dimension), fontsize=10)
        axes.set_ylabel(MEASURES[main_measure(dimension)], fontsize=9)
    figure.suptitle(f"Scores by number of training paragraphs; hollow: {NEXT} more", fontsize=11)
    return figure
