"""The record of an article: what every output format holds, defined once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from labels.schema import Dimension, Schema
from model.article import Article
from model.calibration import DIGITS
from model.decisions import Decisions
from model.rollup import article_score, mean_proba, share_of_body


def build_record(
    article: Article,
    proba: NDArray[np.float64],
    *,
    schema: Schema,
    decisions: Decisions,
    model: dict[str, Any],
    evidence: list[dict[str, list[list[Any]]]] | None = None,
) -> dict[str, Any]:
    """Return the record of an article as JSON-ready data.

    Parameters
    ----------
    proba
        (n_paragraphs, n_labels): calibrated scores of the body paragraphs.
    model
        What identifies the model: see `model.tagging.Model.identity`.
    evidence
        For each paragraph and label, `[words, log-odds]` pairs.
    """
    proba = proba.round(DIGITS)
    given, review = decisions.given(proba), decisions.review(proba)
    return {
        **_article_fields(article),
        **_article_tags(article, proba, given, schema, decisions.threshold),
        "paragraphs": [
            {
                "index": i,
                "start": passage.start,
                "end": passage.end,
                "text": passage.text,
                "language": passage.language,
                **_paragraph_labels(schema, proba[i], given[i], review[i]),
                **({"evidence": evidence[i]} if evidence is not None else {}),
            }
            for i, passage in enumerate(article.paragraphs)
        ],
        "skipped": [
            {"start": p.start, "end": p.end, "kind": p.kind, "text": p.text}
            for p in article.skipped
        ],
        "model": model,
    }


def _article_fields(article: Article) -> dict[str, Any]:
    """Return what is known of an article before it is tagged."""
    fields = {
        "id": article.id,
        "sha256": article.sha256,
        "title": article.title,
        "date": article.date,
        "author": article.author,
        "site": article.site,
        "language": article.language,
        "encoding": article.encoding,
        "offsets": "extracted" if article.extracted else "input",
    }
    return fields | ({"note": article.note} if article.note else {})


def _article_tags(
    article: Article,
    proba: NDArray[np.float64],
    given: NDArray[np.bool_],
    schema: Schema,
    threshold: NDArray[np.float64],
) -> dict[str, Any]:
    """Return the labels of the whole article, a field a dimension."""
    length = np.array([len(p.text) for p in article.paragraphs])
    tags: dict[str, Any] = {}
    for dimension, span in schema.columns():
        if dimension.kind == "multi":
            thresholds = threshold[span]
            tags[dimension.id] = _article_labels(
                dimension, proba[:, span], given[:, span], thresholds, length
            )
        else:
            mean = mean_proba(proba[:, span], length).round(DIGITS)
            tags[dimension.id] = {
                "label": dimension.label_ids[int(mean.argmax())],
                "scores": _named(dimension, mean),
            }
    return tags


def scores_key(schema: Schema, dimension: Dimension) -> str:
    """Return the field of a paragraph that holds a dimension's scores."""
    return "scores" if dimension is schema.dimensions[0] else f"{dimension.id}_scores"


def _article_labels(
    dimension: Dimension,
    scores: NDArray[np.float64],
    given: NDArray[np.bool_],
    thresholds: NDArray[np.float64],
    length: NDArray[np.int64],
) -> list[dict[str, Any]]:
    """Return the labels that the article as a whole is given, highest score first."""
    labels = []
    for j, label in enumerate(dimension.label_ids):
        score = article_score(scores[:, j], length)
        if score >= thresholds[j]:
            labels.append(
                {
                    "label": label,
                    "score": score,
                    "share": round(share_of_body(given[:, j], length), DIGITS),
                    "paragraphs": np.flatnonzero(given[:, j]).tolist(),
                }
            )
    return sorted(labels, key=lambda entry: -entry["score"])


def _paragraph_labels(
    schema: Schema,
    proba: NDArray[np.float64],
    given: NDArray[np.bool_],
    review: NDArray[np.bool_],
) -> dict[str, Any]:
    """Return tags, scores and what to review of one paragraph, over all dimensions."""
    fields: dict[str, Any] = {}
    for dimension, span in schema.columns():
        scores, tags = proba[span], given[span]
        names = [name for name, tag in zip(dimension.label_ids, tags, strict=True) if tag]
        fields[dimension.id] = names if dimension.kind == "multi" else names[0]
        fields[scores_key(schema, dimension)] = _named(dimension, scores)
    fields["review"] = [schema.label_names[j] for j in np.flatnonzero(review)]
    return fields


def _named(dimension: Dimension, scores: NDArray[np.float64]) -> dict[str, float]:
    return dict(zip(dimension.label_ids, scores.tolist(), strict=True))
