"""Re-anchors scores to how frequent each label is in the texts at hand.

A calibrated score holds where labels are as frequent as among the training paragraphs, which were
drawn to have enough of each. Where only the frequencies differ, and not what paragraphs with a
label look like, Bayes' rule gives the score that holds there.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from depeche.labels.errors import InputError
from depeche.labels.formats.parsing import parse_json
from depeche.labels.schema import Schema

_TINY = 1e-6
_MOST_ROUNDS = 1000
_PRIOR = 50  # paragraphs


def read_prevalence(path: Path, schema: Schema) -> NDArray[np.float64]:
    """Return the share of paragraphs with each label, (n_labels,), that a JSON file gives by label.

    Raises
    ------
    InputError
        When the file cannot be read, names a label twice, not at all or wrongly, or a share is not
        between 0 and 1; the shares of a single dimension must sum to 1.
    """
    try:
        share_of = parse_json(path.read_text(encoding="utf-8"))
    except OSError as err:
        raise InputError(f"{path}: cannot be read: {err.strerror}") from err
    except ValueError as err:
        raise InputError(f"{path}: not JSON: {err}") from err
    names = schema.label_names
    if not isinstance(share_of, dict) or set(share_of) != set(names):
        raise InputError(f"{path}: give the share of each label, as in {_example(schema)}")
    shares = [share_of[name] for name in names]
    if not all(isinstance(share, int | float) and 0 < share < 1 for share in shares):
        raise InputError(f"{path}: each share must lie between 0 and 1: {_example(schema)}")
    prevalence = np.array(shares, dtype=np.float64)
    for dimension, span in schema.columns():
        if dimension.kind == "single" and abs(prevalence[span].sum() - 1) > 0.001:
            raise InputError(
                f"{path}: the shares of {', '.join(dimension.label_ids)} must sum to 1, "
                f"not {prevalence[span].sum():.3f}"
            )
    return prevalence


def anchor(
    proba: NDArray[np.float64],
    trained: NDArray[np.float64],
    prevalence: NDArray[np.float64],
    schema: Schema,
) -> NDArray[np.float64]:
    """Return calibrated scores as they hold at another prevalence.

    Saerens, Latinne and Decaestecker 2002, "Adjusting the outputs of a classifier to new a priori
    probabilities", equation 4.

    Parameters
    ----------
    proba
        (n_samples, n_labels).
    trained, prevalence
        (n_labels,): shares among the training paragraphs, and those wanted.
    """
    anchored = np.empty_like(proba)
    ratio = prevalence.clip(_TINY, 1 - _TINY) / trained.clip(_TINY, 1 - _TINY)
    rest = (1 - prevalence).clip(_TINY) / (1 - trained).clip(_TINY)
    for dimension, span in schema.columns():
        weighted = proba[:, span] * ratio[span]
        if dimension.kind == "multi":
            total = weighted + (1 - proba[:, span]) * rest[span]
        else:
            total = weighted.sum(axis=1, keepdims=True)
        anchored[:, span] = weighted / total
    return anchored


def estimate_prevalence(
    proba: NDArray[np.float64], trained: NDArray[np.float64], schema: Schema
) -> NDArray[np.float64]:
    """Return the share of each label among unlabelled paragraphs, (n_labels,).

    By expectation maximisation (Saerens et al. 2002, equations 8 and 9): each round re-anchors the
    scores to the last shares and takes their mean, here together with `_PRIOR` paragraphs of the
    trained shares. Without these, a label would seem to be in all or none of a handful of texts.
    """
    prevalence = trained.copy()
    for _ in range(_MOST_ROUNDS):
        before = prevalence
        expected = anchor(proba, trained, before, schema).sum(axis=0)
        prevalence = (expected + _PRIOR * trained) / (len(proba) + _PRIOR)
        if np.abs(prevalence - before).max() < _TINY:
            break
    return prevalence


def _example(schema: Schema) -> str:
    """Return the text of a file as it should be."""
    shares = [
        round(1 / len(dimension.labels), 3) if dimension.kind == "single" else 0.05
        for dimension in schema.dimensions
        for _ in dimension.labels
    ]
    return json.dumps(dict(zip(schema.label_names, shares, strict=True)), ensure_ascii=False)
