"""How well a fitting goes: a score that needs no threshold, and signs that it goes wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from depeche.labels.schema import Schema
from depeche.model.deciding.calibration import sigmoid, softmax
from depeche.train.evaluation.metrics import score

_LEAST_FALL = 0.02  # share by which the loss must fall
_FLAT = 1e-2  # logits that differ by less between paragraphs are one answer


def validation_scores(
    logits: NDArray[np.float64], Y: NDArray[np.int64], schema: Schema
) -> dict[str, float]:
    """Return a score per dimension that needs no threshold, and their mean as `score`.

    It is the mean average precision of a multi dimension, the macro F1 of a single one.
    """
    proba, given = np.empty_like(logits), np.zeros(logits.shape, dtype=bool)
    for dimension, span in schema.columns():
        part = logits[:, span]
        proba[:, span] = sigmoid(part) if dimension.kind == "multi" else softmax(part)
        given[:, span] = np.eye(part.shape[1], dtype=bool)[part.argmax(axis=1)]
    scores = score(Y, proba, given, schema)
    main = {
        d.id: (scores[d.id]["mean_average_precision"] or 0.0)
        if d.kind == "multi"
        else scores[d.id]["macro_f1"]
        for d in schema.dimensions
    }
    return main | {"score": float(np.mean(list(main.values())))}


def collapses(logits: NDArray[np.float64], Y: NDArray[np.int64], schema: Schema) -> list[str]:
    """Return a warning for each dimension in which all paragraphs get the same answer."""
    warnings = []
    for dimension, span in schema.columns():
        part, y = logits[:, span], Y[:, span]
        if len(part) < 2 or not (y != y[0]).any():
            continue
        if dimension.kind == "single":
            same = (part.argmax(axis=1) == part[0].argmax()).all()
        else:
            same = (np.ptp(part, axis=0) < _FLAT).all()
        if same:
            warnings.append(
                f"{dimension.id} collapsed: the same answer for every paragraph; give a lower "
                "--learning-rate or another --seed"
            )
    return warnings


def stuck(history: Sequence[dict[str, float]]) -> list[str]:
    """Return a warning where the loss did not fall."""
    losses = [entry["loss"] for entry in history]
    if len(losses) > 1 and min(losses[1:]) > (1 - _LEAST_FALL) * losses[0]:
        return [
            f"the loss did not fall (from {losses[0]:.3f} to {min(losses[1:]):.3f}): give more "
            "--epochs, another --learning-rate or another --base"
        ]
    return []
