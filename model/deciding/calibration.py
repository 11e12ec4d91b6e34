"""Makes probabilities of logits, by the calibration that an artifact holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from depeche.labels.schema import Schema

DIGITS = 4  # of a score; it is rounded to them before any decision, as it is shown


@dataclass(frozen=True, kw_only=True)
class Knots:
    """A rising curve through points, `logits` to `calibrated`; beyond them its slope is 1."""

    logits: NDArray[np.float64]
    calibrated: NDArray[np.float64]

    def __call__(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the calibrated logits of any shape."""
        inside = np.interp(logits, self.logits, self.calibrated)
        beyond = np.minimum(logits - self.logits[0], 0) + np.maximum(logits - self.logits[-1], 0)
        return np.asarray(inside + beyond)


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """How logits become probabilities, one entry per label in schema order.

    A label's logit becomes `slope * logit + offset`, to which its `knots` are applied where it has
    any. A multi dimension takes the sigmoid of that, a single one the softmax over its labels.
    `method` names how each was fitted (see `train.calibrating`). From `threshold` on, the score
    with the highest F1, a label of a multi dimension is given unless a rule asks otherwise.
    """

    method: Sequence[str]
    slope: NDArray[np.float64]
    offset: NDArray[np.float64]
    threshold: NDArray[np.float64]
    knots: dict[int, Knots] = field(default_factory=dict)

    def predict_proba(self, logits: NDArray[np.float64], schema: Schema) -> NDArray[np.float64]:
        """Return calibrated probabilities, (n_samples, n_labels), from logits of that shape."""
        scaled = logits * self.slope + self.offset
        for j, knots in self.knots.items():
            scaled[:, j] = knots(scaled[:, j])
        proba = np.empty_like(scaled)
        for dimension, span in schema.columns():
            part = scaled[:, span]
            proba[:, span] = sigmoid(part) if dimension.kind == "multi" else softmax(part)
        return proba


def sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 / (1 + exp(-logits)) without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)))


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the softmax over the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))
