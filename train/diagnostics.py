"""What only a training can measure: leakage, what more labels would be worth, promises kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from depeche.labels.schema import Schema
from depeche.model.deciding.calibration import DIGITS
from depeche.model.deciding.decisions import NEVER, Decisions, Rule
from depeche.model.tagging import Model
from depeche.train import Split
from depeche.train.evaluation.evaluate import evaluate
from depeche.train.evaluation.metrics import main_scores, score
from depeche.train.settings import TrainSettings
from depeche.train.splits import NOT_SCORED, split_folds, train_rows
from depeche.train.training import LinearTraining, Progress, Training, score_out_of_fold

NEXT = 500  # paragraphs whose worth the learning curve tells
_FEWEST_FOR_CURVE = 200  # paragraphs
_SHARES = (0.25, 0.5)  # of each fold's training paragraphs; the whole is known already
_PROMISED = (0.8, 0.9)  # precision and coverage whose keeping is measured


def evaluate_training(training: Training, *, progress: Progress) -> dict[str, Any]:
    """Return the evaluation of the out-of-fold scores, with what only a training can measure.

    The fields of `evaluation.evaluate`, and `signature`, `n_paragraphs`, `promises`, and what
    the backend measured. Where models are quick to fit, for folds by article or source `leakage`,
    and `learning` where there are enough paragraphs.
    """
    found = {
        "signature": training.artifact.scores["signature"],
        "n_paragraphs": len(training.out_of_fold.rows),
        **evaluate(training.scored, Model(training.artifact)),
        "promises": promises(training),
    }
    measured = dict(training.measured)
    found["warnings"] += measured.pop("warnings", [])
    found |= measured
    progress("evaluation")
    split = training.settings.split
    if isinstance(training, LinearTraining) and split in (Split.article, Split.source):
        found["leakage"] = random_gap(training, progress=progress)
        if len(training.Y) >= _FEWEST_FOR_CURVE and training.n_groups >= _FEWEST_FOR_CURVE / 10:
            found["learning"] = learning_curve(training, progress=progress)
    return found


def random_gap(training: LinearTraining, *, progress: Progress) -> dict[str, Any]:
    """Return what a random split would seem to gain: `random` and `grouped` scores, and the `gap`.

    In a random split paragraphs of one article, and copies of a paragraph, stand on both sides; the
    gap is what a model gets from having seen them.
    """
    settings = training.settings
    random = replace(settings, split=Split.random)
    fold = split_folds(training.labels, training.Y, Split.random, settings.n_folds, settings.seed)
    schema = training.labels.schema
    found = score_out_of_fold(
        training.counts, training.Y, fold, random, schema, progress=lambda _: None
    )
    progress("the same folds at random, to see what leaks")
    seeming = main_scores(score(found.Y, found.proba, found.given, schema), schema)
    honest = main_scores(training.artifact.scores, schema)
    return {
        "random": seeming,
        settings.split.value: honest,
        "gap": {name: seeming[name] - honest[name] for name in honest},
    }


def learning_curve(training: LinearTraining, *, progress: Progress) -> dict[str, Any]:
    """Return the scores of models fitted on parts of the paragraphs, and what more would bring.

    `points`: the number of paragraphs fitted on and the main score of each dimension. `next`: by
    how much `NEXT` more paragraphs of the same kind would raise each score, by the power law of the
    points (Cortes et al. 1993, "Learning curves: asymptotic values and rate of convergence", with
    an asymptote of 1).
    """
    settings, schema = training.settings, training.labels.schema
    points = [_point(training, share, settings, schema) for share in _SHARES]
    progress("learning curve")
    scored = training.out_of_fold
    n_folds = int(scored.fold.max()) + 1
    whole = np.full(len(training.Y), NOT_SCORED)
    whole[scored.rows] = scored.fold
    n = int(np.mean([train_rows(whole, k, settings.split).sum() for k in range(n_folds)]))
    points.append({"n": n, **main_scores(training.artifact.scores, schema)})
    return {"points": points, "next": {d.id: _worth(points, d.id) for d in schema.dimensions}}


def promises(training: Training) -> dict[str, Any]:
    """Return how decisions keep their word on paragraphs that they were not drawn from.

    For each level: by label, `threshold`, `precision` and `recall` when that precision is asked
    for, and `review` (share of the paragraphs left to a person), `covered` (of the paragraphs that
    have the label, those not left out against the limits) when that coverage is. Each fold is
    decided by the limits and thresholds that the other folds call for; precision is None where no
    threshold holds it.
    """
    return {f"{level}": _promise(training, level) for level in _PROMISED}


def _promise(training: Training, level: float) -> dict[str, Any]:
    schema, found = training.labels.schema, training.out_of_fold
    given, review = np.zeros(found.Y.shape, bool), np.zeros(found.Y.shape, bool)
    possible = np.zeros(found.Y.shape, bool)
    nothing = np.full(schema.n_labels, NEVER)
    for k in np.unique(found.fold):
        here = found.fold == k
        precise = Decisions(schema, nothing, found.held_out(~here), Rule(precision=level))
        given[here] = precise.given(found.proba[here])
        covering = Decisions(
            schema,
            training.artifact.calibration.threshold,
            found.held_out(~here),
            Rule(coverage=level),
        )
        review[here] = covering.review(found.proba[here])
        possible[here] = found.proba[here].round(DIGITS) >= covering.limits.possible
    Y = found.Y > 0
    kinds = [d.kind for d in schema.dimensions for _ in d.labels]
    labels = {}
    for j, name in enumerate(schema.label_names):
        y, n_given = Y[:, j], int(given[:, j].sum())
        labels[name] = {
            "review": float(review[:, j].mean()),
            "covered": float(possible[y, j].mean()) if y.any() else None,
        }
        if kinds[j] == "multi":
            labels[name] |= {
                "precision": float(y[given[:, j]].mean()) if n_given else None,
                "recall": float(given[y, j].mean()) if y.any() else None,
            }
    return labels


def _point(
    training: LinearTraining, share: float, settings: TrainSettings, schema: Schema
) -> dict[str, Any]:
    """Return the main scores when each fold's model is fitted on a share of its paragraphs."""
    scored = training.out_of_fold
    fold = np.full(len(training.Y), NOT_SCORED)
    fold[scored.rows] = scored.fold
    _, article = np.unique(np.array(training.labels.articles), return_inverse=True)
    n_articles = int(article.max()) + 1
    order = np.random.default_rng(settings.seed).permutation(n_articles)
    kept_article = order < np.ceil(share * n_articles)  # a smaller share is part of a larger one
    found = score_out_of_fold(
        training.counts,
        training.Y,
        fold,
        settings,
        schema,
        progress=lambda _: None,
        only=kept_article[article],
    )
    n_folds = int(fold.max()) + 1
    kept = kept_article[article]
    n = np.mean([(train_rows(fold, k, settings.split) & kept).sum() for k in range(n_folds)])
    return {
        "n": int(n),
        **main_scores(score(found.Y, found.proba, found.given, schema), schema),
    }


def _worth(points: list[dict[str, Any]], dimension: str) -> float:
    """Return by how much `NEXT` more paragraphs raise a score, by the points' power law."""
    n = np.array([point["n"] for point in points], dtype=float)
    missing = np.array([1 - point[dimension] for point in points]).clip(1e-6)
    slope, intercept = np.polyfit(np.log(n), np.log(missing), 1)
    after, now = (np.exp(intercept + slope * np.log(size)) for size in (n[-1] + NEXT, n[-1]))
    return float(max(now - after, 0.0))
