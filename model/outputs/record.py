"""The record of an article: what every output format holds, defined once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from depeche.labels.schema import Dimension, Schema
from depeche.model.deciding.calibration import DIGITS
from depeche.model.deciding.decisions import Decisions
from depeche.model.deciding.rollup import article_scores, mean_proba, shares_of_body
from depeche.model.reading.article import Article, Passage

Evidence = dict[str, list[list[Any]]]  # of a paragraph: by label, [words, log-odds] pairs


def build_records(
    articles: Sequence[Article],
    proba: NDArray[np.float64],
    *,
    schema: Schema,
    decisions: Decisions,
    model: dict[str, Any],
    evidence: Sequence[Evidence] | None = None,
) -> list[dict[str, Any]]:
    """Return the records of articles as JSON-ready data.

    `proba` holds the calibrated scores of the body paragraphs of all articles, (n_paragraphs,
    n_labels), `evidence` the words behind them, and `model` is `Model.identity`.
    """
    if not articles:
        return []
    proba = proba.round(DIGITS)
    given = decisions.given(proba)
    paragraphs = _paragraph_fields(articles)
    _add_labels(paragraphs, schema, proba, given, decisions.review(proba))
    if evidence is not None:
        for fields, words in zip(paragraphs, evidence, strict=True):
            fields["evidence"] = words
    start = np.cumsum([0, *(len(article.paragraphs) for article in articles)])
    length = np.array([len(fields["text"]) for fields in paragraphs])
    spans = [slice(*span) for span in pairwise(start.tolist())]
    tags = _article_tags(proba, given, length, start, schema, decisions.threshold)
    return [
        {
            **_article_fields(article),
            **tag,
            "paragraphs": paragraphs[span],
            "skipped": [_skipped(passage) for passage in article.skipped],
            "model": model,
        }
        for article, tag, span in zip(articles, tags, spans, strict=True)
    ]


def _paragraph_fields(articles: Sequence[Article]) -> list[dict[str, Any]]:
    """Return what is known about the paragraphs of all articles before they are tagged."""
    return [
        {
            "index": j,
            "start": passage.start,
            "end": passage.end,
            "text": passage.text,
            "language": passage.language,
        }
        for article in articles
        for j, passage in enumerate(article.paragraphs)
    ]


def _skipped(p: Passage) -> dict[str, Any]:
    return {"start": p.start, "end": p.end, "kind": p.kind, "text": p.text}


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
    stated = {"source": article.source, "note": article.note}
    return fields | {name: value for name, value in stated.items() if value}


def _article_tags(
    proba: NDArray[np.float64],
    given: NDArray[np.bool_],
    length: NDArray[np.int64],
    start: NDArray[np.int64],
    schema: Schema,
    threshold: NDArray[np.float64],
) -> list[dict[str, Any]]:
    """Return the labels of each article, one field per dimension.

    Parameters
    ----------
    length
        (n_paragraphs,): characters of each paragraph.
    start
        (n_articles + 1,): the row of `proba` where each article starts, and where the last ends.
    """
    first = start[:-1]
    tags: list[dict[str, Any]] = [{} for _ in first]
    for dimension, span in schema.columns():
        if dimension.kind == "multi":
            scores = article_scores(proba[:, span], length, first)
            shares = shares_of_body(given[:, span], length, first).round(DIGITS)
            labels = _carried_labels(
                scores, shares, given[:, span], start, dimension.label_ids, threshold[span]
            )
            for tag, carried in zip(tags, labels, strict=True):
                tag[dimension.id] = carried
        else:
            mean = mean_proba(proba[:, span], length, first).round(DIGITS)
            best, named = mean.argmax(axis=1).tolist(), _by_name(dimension.label_ids, mean)
            for tag, j, scored in zip(tags, best, named, strict=True):
                tag[dimension.id] = {"label": dimension.label_ids[j], "scores": scored}
    return tags


def _carried_labels(
    scores: NDArray[np.float64],
    shares: NDArray[np.float64],
    given: NDArray[np.bool_],
    start: NDArray[np.int64],
    names: Sequence[str],
    threshold: NDArray[np.float64],
) -> list[list[dict[str, Any]]]:
    """Return the labels of each article in one multi dimension, the highest score first.

    Parameters
    ----------
    scores, shares
        (n_articles, n_labels).
    given
        (n_paragraphs, n_labels).
    """
    labels: list[list[dict[str, Any]]] = [[] for _ in scores]
    rows, columns = np.nonzero(scores >= threshold)
    order = np.lexsort((-scores[rows, columns], rows))
    for i, j in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        carried = given[start[i] : start[i + 1], j]
        labels[i].append(
            {
                "label": names[j],
                "score": float(scores[i, j]),
                "share": float(shares[i, j]),
                "paragraphs": np.flatnonzero(carried).tolist(),
            }
        )
    return labels


def scores_key(schema: Schema, dimension: Dimension) -> str:
    """Return the field of a paragraph that holds a dimension's scores."""
    return "scores" if dimension is schema.dimensions[0] else f"{dimension.id}_scores"


def _add_labels(
    paragraphs: Sequence[dict[str, Any]],
    schema: Schema,
    proba: NDArray[np.float64],
    given: NDArray[np.bool_],
    review: NDArray[np.bool_],
) -> None:
    """Add tags, scores and what to review to the fields of each paragraph."""
    for dimension, span in schema.columns():
        ids, key = dimension.label_ids, scores_key(schema, dimension)
        is_multi = dimension.kind == "multi"
        tags = _names(given[:, span], ids)
        scored = _by_name(ids, proba[:, span])
        for fields, scores, names in zip(paragraphs, scored, tags, strict=True):
            fields[dimension.id] = names if is_multi else names[0]
            fields[key] = scores
    for fields, names in zip(paragraphs, _names(review, schema.label_names), strict=True):
        fields["review"] = names


def _by_name(names: Sequence[str], scores: NDArray[np.float64]) -> Iterable[dict[str, float]]:
    """Return each row's scores by the names of its columns."""
    return map(dict, map(zip, repeat(names), scores.tolist()))


def _names(flags: NDArray[np.bool_], names: Sequence[str]) -> list[list[str]]:
    """Return the names of the columns that each row has; most have none."""
    given: list[list[str]] = [[] for _ in flags]
    rows, columns = np.nonzero(flags)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        given[row].append(names[column])
    return given
