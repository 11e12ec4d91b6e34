"""The baselines that a model must beat: always the same answer, and the codebook's keywords."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from depeche.labels.schema import Schema
from depeche.model.scoring.spelling import words


def constant_given(Y: NDArray[np.int64], schema: Schema) -> NDArray[np.bool_]:
    """Return the constant decisions with the best micro F1 or accuracy, shaped as `Y`.

    In a multi dimension these are the commonest labels, as many as score best; in a single one, the
    commonest label.
    """
    given = np.zeros(Y.shape, dtype=bool)
    for dimension, span in schema.columns():
        support = Y[:, span].sum(axis=0)
        ranked = np.argsort(-support, kind="stable")
        n_given = np.arange(1, len(ranked) + 1)
        micro_f1 = 2 * np.cumsum(support[ranked]) / (support.sum() + n_given * len(Y))
        most = int(micro_f1.argmax()) + 1 if dimension.kind == "multi" else 1
        given[:, span.start + ranked[:most]] = True
    return given


def keyword_given(
    texts: Sequence[str], Y: NDArray[np.int64], schema: Schema
) -> NDArray[np.bool_] | None:
    """Return the decisions of the schema's keywords, shaped as `Y`; None where it has none.

    In a multi dimension, a label is given if one of its keywords is in the text. In a single
    dimension, the label with the most keywords in the text is given, or the commonest label if
    there is none or a draw.
    """
    if not any(label.keywords for dimension in schema.dimensions for label in dimension.labels):
        return None
    folded = [" ".join(words(text)) for text in texts]
    given = constant_given(Y, schema)
    for dimension, span in schema.columns():
        hits = np.stack([keyword_hits(folded, x.keywords) for x in dimension.labels], axis=1)
        if dimension.kind == "multi":
            given[:, span] = hits > 0
            continue
        most = hits.max(axis=1, keepdims=True)
        first = (hits == most) & (most > 0)
        decided = first.sum(axis=1) == 1
        given[decided, span] = first[decided]
    return given


def keyword_hits(folded: Sequence[str], keywords: Sequence[str]) -> NDArray[np.int64]:
    """Return how often any of the keywords is in each text; texts are `words` joined by spaces."""
    if not keywords:
        return np.zeros(len(folded), dtype=np.int64)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(_pattern, keywords))})(?!\w)")
    return np.array([len(pattern.findall(text)) for text in folded])


def _pattern(keyword: str) -> str:
    """Return a keyword as a regular expression over words, in which `*` is any ending."""
    parts = []
    for part in keyword.split():
        ending = r"\w*" if part.endswith("*") else ""
        parts += [re.escape(" ".join(words(part.rstrip("*")))) + ending]
    return " ".join(parts)
