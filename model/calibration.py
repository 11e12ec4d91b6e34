"""From logits to probabilities and decisions, by what the artifact of a model stores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labels.schema import Schema

DIGITS = 4  # of a score; decisions are taken on the score as it is shown


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """How scores become probabilities and tags, one entry a label in schema order.

    A label's calibrated logit is `slope * logit + offset`; a multi dimension takes its sigmoid
    (Platt 1999), a single one the softmax over its labels (vector scaling: Guo et al. 2017, "On
    calibration of modern neural networks", 4.2). A label of a multi dimension is given from
    `threshold` on; of a single one the most probable is given, and `threshold` is not used.
    """

    slope: NDArray[np.float64]
    offset: NDArray[np.float64]
    threshold: NDArray[np.float64]

    def predict_proba(self, logits: NDArray[np.float64], schema: Schema) -> NDArray[np.float64]:
        """Return calibrated probabilities, (n_samples, n_labels), from logits of that shape."""
        scaled = logits * self.slope + self.offset
        proba = np.empty_like(scaled)
        for dimension, span in schema.columns():
            part = scaled[:, span]
            proba[:, span] = sigmoid(part) if dimension.kind == "multi" else softmax(part)
        return proba

    def decide(self, proba: NDArray[np.float64], schema: Schema) -> NDArray[np.bool_]:
        """Return which labels are given, (n_samples, n_labels)."""
        proba = proba.round(DIGITS)
        given = np.zeros(proba.shape, dtype=bool)
        for dimension, span in schema.columns():
            if dimension.kind == "multi":
                given[:, span] = proba[:, span] >= self.threshold[span]
            else:
                best = proba[:, span].argmax(axis=1)
                given[np.arange(len(proba)), span.start + best] = True
        return given


def sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 / (1 + exp(-logits)) without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)))


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the softmax over the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))
