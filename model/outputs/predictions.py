"""A model's tags as pre-annotations for another tool."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from depeche.labels.exchange.formats import Prediction
from depeche.labels.schema import Schema, check_same_schema
from depeche.model.deciding.calibration import DIGITS
from depeche.model.tagging import Model


def predict_labels(model: Model, texts: Sequence[str], schema: Schema) -> list[Prediction]:
    """Return the tags and scores of paragraphs, in order.

    Raises
    ------
    SchemaError
        When the model has another schema than the labels.
    """
    check_same_schema(schema, model.schema, ours_is="the label file", theirs_is="the model")
    proba = model.predict_proba(texts).round(DIGITS)
    given = model.decisions.given(proba)
    name = f"{model.artifact.name} {model.artifact.version}"
    predictions = []
    for row, chosen in zip(proba, given, strict=True):
        labels, scores = {}, {}
        for dimension, span in schema.columns():
            ids = dimension.label_ids
            labels[dimension.id] = tuple(ids[i] for i in np.flatnonzero(chosen[span]))
            scores[dimension.id] = dict(zip(ids, row[span].tolist(), strict=True))
        predictions.append(Prediction(model=name, labels=labels, scores=scores))
    return predictions
