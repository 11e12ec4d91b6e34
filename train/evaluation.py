"""Scoring a model on labelled paragraphs."""

from __future__ import annotations

from typing import Any

import numpy as np

from labels.dataset import LabelledSet
from labels.schema import check_same_schema
from model.artifact import text_digest
from model.tagging import Model
from train.metrics import indicator, score, signature


def evaluate_model(model: Model, labels: LabelledSet) -> dict[str, Any]:
    """Return the model's scores on labelled paragraphs, with their signature.

    `n_seen` counts the paragraphs that the model was trained on: scores are out of sample only
    where it is 0.

    Raises
    ------
    SchemaError
        When the model and the labels have different schemas.
    """
    check_same_schema(model.schema, labels.schema, ours_is="the model", theirs_is="the label files")
    proba = model.predict_proba(labels.texts)
    given = model.artifact.calibration.decide(proba, model.schema)
    digests = np.array([text_digest(text) for text in labels.texts], dtype=np.uint64)
    n_seen = int(np.isin(digests, model.artifact.seen).sum())
    return {
        "signature": signature(
            labels, model=model.artifact.sha256[:12], seen=n_seen, depeche=model.artifact.version
        ),
        "n_paragraphs": len(labels.paragraphs),
        "n_seen": n_seen,
        **score(indicator(labels), proba, given, model.schema),
    }
