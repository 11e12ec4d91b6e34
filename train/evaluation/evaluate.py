"""What a model is worth on labelled paragraphs, as JSON-ready data for every report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from depeche.labels.dataset import LabelledSet
from depeche.labels.schema import Schema, check_same_schema
from depeche.model.artifact import text_digest
from depeche.model.deciding.calibration import DIGITS, sigmoid, softmax
from depeche.model.deciding.rollup import MIN_SHARE, article_scores, mean_proba, shares_of_body
from depeche.model.tagging import Model
from depeche.train.evaluation.baselines import constant_given, keyword_given
from depeche.train.evaluation.bootstrap import bootstrap, intervals
from depeche.train.evaluation.metrics import calibration_error, indicator, score, signature

FEWEST_POSITIVES = 20  # of a label; with fewer its scores say little
_EDGE = 0.02  # a threshold this close to 0 or 1 rests on a handful of paragraphs
_MOST_ERRORS = 60


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Labelled paragraphs, and the scores and decisions of a model on them.

    `Y`, `logits`, `proba` and `given` are (n_samples, n_labels), in the order of `labels`.
    """

    labels: LabelledSet
    Y: NDArray[np.int64]
    logits: NDArray[np.float64]
    proba: NDArray[np.float64]
    given: NDArray[np.bool_]

    @property
    def schema(self) -> Schema:
        """The schema of the columns."""
        return self.labels.schema

    @property
    def uncalibrated(self) -> NDArray[np.float64]:
        """Scores as they would be without calibration."""
        proba = np.empty_like(self.logits)
        for dimension, span in self.schema.columns():
            squash = sigmoid if dimension.kind == "multi" else softmax
            proba[:, span] = squash(self.logits[:, span])
        return proba


def score_model(model: Model, labels: LabelledSet) -> Scored:
    """Return the scores and decisions of a model on labelled paragraphs.

    Raises
    ------
    SchemaError
        When the model and the labels have different schemas.
    """
    check_same_schema(model.schema, labels.schema, ours_is="the model", theirs_is="the label files")
    logits = model.artifact.scorer.logits(labels.texts)
    proba = model.artifact.calibration.predict_proba(logits, model.schema)
    return Scored(
        labels=labels,
        Y=indicator(labels),
        logits=logits,
        proba=proba,
        given=model.decisions.given(proba),
    )


def evaluate_model(model: Model, scored: Scored) -> dict[str, Any]:
    """Return the evaluation of paragraphs that `score_model` scored, with its signature.

    `n_seen` counts the paragraphs on which the model was trained: the scores are out of sample
    only where it is 0.
    """
    labels = scored.labels
    digests = np.array([text_digest(text) for text in labels.texts], dtype=np.uint64)
    n_seen = int(np.isin(digests, model.artifact.seen).sum())
    version = model.artifact.version
    return {
        "signature": signature(
            labels, model=model.artifact.sha256[:12], seen=n_seen, depeche=version
        ),
        "n_paragraphs": len(labels.paragraphs),
        "n_seen": n_seen,
        **evaluate(scored, model),
    }


def evaluate(scored: Scored, model: Model) -> dict[str, Any]:
    """Return the evaluation of scored paragraphs.

    It has one field per dimension with its scores, as `metrics.score` returns them, and:

    `intervals`
        The same, each number as the [low, high] of its 95 % interval, bootstrapped by article.
    `baselines`
        Scores of `constant` answers and of the codebook's `keywords`, where it has any.
    `calibration`
        For each label the method, and the expected calibration error `before` and `after`.
    `articles`
        `n` and the scores of whole articles, labels and tags rolled up by the same rule.
    `sources`
        For each source, `n` and the dimensions' scores.
    `warnings`
        What a user should know before relying on the scores, one line each.
    `errors`
        The wrong decisions of which the model was surest, worst first, with its evidence.

    Parameters
    ----------
    model
        The model that names the calibration and gives the evidence of errors. Where it was trained
        on a paragraph, its evidence shows what it learned from it.
    """
    Y, proba, given, schema = scored.Y, scored.proba, scored.given, scored.schema
    return {
        **score(Y, proba, given, schema),
        "intervals": intervals(bootstrap(Y, given, scored.labels.articles, schema, proba=proba)),
        "baselines": _baselines(scored),
        "calibration": _calibration(scored, model),
        "articles": _articles(scored, model),
        "sources": _sources(scored),
        "warnings": _warnings(scored, model),
        "errors": _errors(scored, model),
    }


def _baselines(scored: Scored) -> dict[str, Any]:
    Y, schema = scored.Y, scored.schema
    decisions = {"constant": constant_given(Y, schema)}
    keywords = keyword_given(scored.labels.texts, Y, schema)
    if keywords is not None:
        decisions["keywords"] = keywords
    return {
        name: _without_ranking(score(Y, given.astype(float), given, schema))
        for name, given in decisions.items()
    }


def _without_ranking(scores: dict[str, Any]) -> dict[str, Any]:
    """Return scores without average precision, which decisions alone do not have."""
    return {
        key: _without_ranking(value) if isinstance(value, dict) else value
        for key, value in scores.items()
        if "average_precision" not in key
    }


def _calibration(scored: Scored, model: Model) -> dict[str, Any]:
    before = scored.uncalibrated
    return {
        name: {
            "method": model.artifact.calibration.method[j],
            "before": round(calibration_error(before[:, j], scored.Y[:, j]), DIGITS),
            "after": round(calibration_error(scored.proba[:, j], scored.Y[:, j]), DIGITS),
        }
        for j, name in enumerate(scored.schema.label_names)
    }


def _articles(scored: Scored, model: Model) -> dict[str, Any]:
    """Return the scores of articles, from the paragraphs of each that are labelled."""
    names, article = np.unique(np.array(scored.labels.articles), return_inverse=True)
    order = np.argsort(article, kind="stable")
    length = np.array([len(text) for text in scored.labels.texts])[order]
    start = np.searchsorted(article[order], np.arange(len(names)))
    shape = (len(names), scored.schema.n_labels)
    Y, proba, given = np.zeros(shape, np.int64), np.zeros(shape), np.zeros(shape, bool)
    for dimension, span in scored.schema.columns():
        labelled, scores = scored.Y[order, span] > 0, scored.proba[order, span]
        if dimension.kind == "single":
            proba[:, span] = mean_proba(scores, length, start)
            rows = np.arange(len(names))
            Y[rows, span.start + mean_proba(labelled, length, start).argmax(axis=1)] = 1
            given[rows, span.start + proba[:, span].argmax(axis=1)] = True
        else:
            proba[:, span] = article_scores(scores, length, start)
            Y[:, span] = shares_of_body(labelled, length, start) >= MIN_SHARE
            carried = shares_of_body(scored.given[order, span], length, start)
            given[:, span] = carried >= MIN_SHARE
    return {"n": len(names), **score(Y, proba, given, scored.schema)}


def _sources(scored: Scored) -> dict[str, Any]:
    sources = np.array(scored.labels.sources)
    return {
        str(source): {
            "n": int((sources == source).sum()),
            **score(
                scored.Y[sources == source],
                scored.proba[sources == source],
                scored.given[sources == source],
                scored.schema,
            ),
        }
        for source in np.unique(sources)
    }


def _warnings(scored: Scored, model: Model) -> list[str]:
    warnings = []
    for dimension, span in scored.schema.columns():
        for j in range(span.start, span.stop):
            name, n_given = scored.schema.label_names[j], int(scored.given[:, j].sum())
            n_positive = int(scored.Y[:, j].sum())
            threshold = model.decisions.threshold[j]
            if n_positive < FEWEST_POSITIVES:
                warnings.append(
                    f"{name}: {n_positive} of these paragraphs have it: its scores say little; "
                    f"label at least {FEWEST_POSITIVES}"
                )
            elif n_given in (0, len(scored.Y)) and n_given != n_positive:
                often = "every" if n_given else "no"
                warnings.append(f"{name}: given to {often} paragraph: the model has not learned it")
            if dimension.kind == "multi" and not _EDGE <= threshold <= 1 - _EDGE:
                warnings.append(
                    f"{name}: threshold at the edge, {threshold:.3f}: its scores are poor"
                )
    return warnings


def _errors(scored: Scored, model: Model) -> list[dict[str, Any]]:
    wrong = scored.given != (scored.Y > 0)
    surprise = np.where(wrong, np.abs(scored.proba - scored.Y), -1.0)
    worst = np.argsort(-surprise, axis=None, kind="stable")[: min(_MOST_ERRORS, int(wrong.sum()))]
    rows, columns = np.unravel_index(worst, wrong.shape)
    texts = [scored.labels.texts[i] for i in rows]
    evidence = model.evidence(texts, np.eye(wrong.shape[1], dtype=bool)[columns])
    errors = []
    for i, j, behind in zip(rows, columns, evidence, strict=True):
        paragraph = scored.labels.paragraphs[i]
        errors.append(
            {
                "id": paragraph.id,
                "article": paragraph.article,
                "source": paragraph.source,
                "label": scored.schema.label_names[j],
                "error": "given" if scored.given[i, j] else "missed",
                "score": round(float(scored.proba[i, j]), DIGITS),
                "text": paragraph.text,
                "evidence": behind[scored.schema.label_names[j]],
            }
        )
    return errors
