"""What only a training can measure: leakage, the worth of more labels, promises kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from depeche.labels.schema import Schema
from depeche.model.deciding.calibration import DIGITS
from depeche.model.deciding.decisions import NEVER, Decisions, Rule
from depeche.model.tagging import Model
from depeche.train import Progress, Split
from depeche.train.evaluation.evaluate import evaluate
from depeche.train.evaluation.metrics import main_scores, score
from depeche.train.splits import NOT_SCORED, split_folds, train_rows
from depeche.train.tfidf.settings import TrainSettings
from depeche.train.tfidf.training import LinearTraining, score_out_of_fold
from depeche.train.training import Training

NEXT = 500  # more paragraphs, whose worth the learning curve estimates
_FEWEST_FOR_CURVE = 200  # paragraphs
_SHARES = (0.25, 0.5)  # of each fold's training paragraphs; the score of all is known already
_PROMISED = (0.8, 0.9)  # levels of precision and coverage to measure


def evaluate_training(training: Training, *, progress: Progress) -> dict[str, Any]:
    """Return the evaluation of the out-of-fold scores, with what only a training can measure.

    It has the fields of `evaluation.evaluate`, `signature`, `n_paragraphs`, `promises`, and what
    the backend measured. The `tfidf` backend, whose models are quick to fit, adds `leakage` for
    folds by article or source, and `learning` where there are enough paragraphs.
    """
    evaluation = {
        "signature": training.artifact.scores["signature"],
        "n_paragraphs": len(training.out_of_fold.rows),
        **evaluate(training.scored, Model(training.artifact)),
        "promises": promises(training),
    }
    measured = dict(training.measured)
    evaluation["warnings"] += measured.pop("warnings", [])
    evaluation |= measured
    progress("evaluation")
    split = training.settings.split
    if isinstance(training, LinearTraining) and split in (Split.article, Split.source):
        evaluation["leakage"] = random_gap(training, progress=progress)
        if len(training.Y) >= _FEWEST_FOR_CURVE and training.n_groups >= _FEWEST_FOR_CURVE / 10:
            evaluation["learning"] = learning_curve(training, progress=progress)
    return evaluation


def random_gap(training: LinearTraining, *, progress: Progress) -> dict[str, Any]:
    """Return the main scores of a random split, those of the settings' split, and their `gap`.

    A random split puts paragraphs of one article, and copies of a paragraph, on both sides: the gap
    is what a model gains by having seen them.
    """
    settings = training.settings
    random = replace(settings, split=Split.random)
    fold = split_folds(training.labels, training.Y, Split.random, settings.n_folds, settings.seed)
    schema = training.labels.schema
    scored = score_out_of_fold(
        training.counts, training.Y, fold, random, schema, progress=lambda _: None
    )
    progress("the same folds at random, to see what leaks")
    seeming = main_scores(score(scored.Y, scored.proba, scored.given, schema), schema)
    honest = main_scores(training.artifact.scores, schema)
    return {
        "random": seeming,
        settings.split.value: honest,
        "gap": {name: seeming[name] - honest[name] for name in honest},
    }


def learning_curve(training: LinearTraining, *, progress: Progress) -> dict[str, Any]:
    """Return the scores of models fitted on parts of the paragraphs, and the worth of more.

    `points` have the number of paragraphs, `n`, and the main score of each dimension. `next` says
    by how much `NEXT` more paragraphs of the same kind would raise each score, by the power law of
    the points (Cortes et al. 1993, "Learning curves: asymptotic values and rate of convergence",
    with an asymptote of 1).
    """
    settings, schema = training.settings, training.labels.schema
    points = [_point(training, share, settings, schema) for share in _SHARES]
    progress("learning curve")
    every = np.ones(len(training.Y), dtype=bool)
    n = _mean_size(_folds(training), every, settings.split)
    points.append({"n": n, **main_scores(training.artifact.scores, schema)})
    return {"points": points, "next": {d.id: _worth(points, d.id) for d in schema.dimensions}}


def promises(training: Training) -> dict[str, Any]:
    """Return how well decisions keep their promises on paragraphs that they were not drawn from.

    For each level and each label: `precision` and `recall` when that precision is asked for (multi
    dimensions only; precision is None where no paragraph is given the label); when that coverage is
    asked for, `review`, the share of paragraphs left to a person, and `covered`, the share of the
    label's paragraphs that are given it or left to a person. The limits and thresholds for each
    fold come from the other folds.
    """
    return {f"{level}": _promise(training, level) for level in _PROMISED}


def _promise(training: Training, level: float) -> dict[str, Any]:
    """Return, for each label, how decisions keep one level: see `promises`."""
    schema, scored = training.labels.schema, training.out_of_fold
    given, review, possible = (np.zeros(scored.Y.shape, bool) for _ in range(3))
    never = np.full(schema.n_labels, NEVER)
    threshold = training.artifact.calibration.threshold
    for k in np.unique(scored.fold):
        here = scored.fold == k
        proba, others = scored.proba[here], scored.held_out(~here)
        given[here] = Decisions(schema, never, others, Rule(precision=level)).given(proba)
        covering = Decisions(schema, threshold, others, Rule(coverage=level))
        review[here] = covering.review(proba)
        possible[here] = proba.round(DIGITS) >= covering.limits.possible
    Y = scored.Y > 0
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
    fold = _folds(training)
    _, article = np.unique(np.array(training.labels.articles), return_inverse=True)
    n_articles = int(article.max()) + 1
    order = np.random.default_rng(settings.seed).permutation(n_articles)
    # A smaller share is a part of a larger one.
    kept = (order < np.ceil(share * n_articles))[article]
    scored = score_out_of_fold(
        training.counts,
        training.Y,
        fold,
        settings,
        schema,
        progress=lambda _: None,
        only=kept,
    )
    scores = main_scores(score(scored.Y, scored.proba, scored.given, schema), schema)
    return {"n": _mean_size(fold, kept, settings.split), **scores}


def _folds(training: LinearTraining) -> NDArray[np.int64]:
    """Return the fold of each paragraph, `NOT_SCORED` for those only trained on, (n_samples,)."""
    fold = np.full(len(training.Y), NOT_SCORED)
    fold[training.out_of_fold.rows] = training.out_of_fold.fold
    return fold


def _mean_size(fold: NDArray[np.int64], kept: NDArray[np.bool_], split: Split) -> int:
    """Return how many of the kept paragraphs a fold's model is fitted on, on average."""
    n_folds = int(fold.max()) + 1
    return int(np.mean([(train_rows(fold, k, split) & kept).sum() for k in range(n_folds)]))


def _worth(points: list[dict[str, Any]], dimension: str) -> float:
    """Return by how much `NEXT` more paragraphs raise a score, by the points' power law."""
    n = np.array([point["n"] for point in points], dtype=float)
    missing = np.array([1 - point[dimension] for point in points]).clip(1e-6)
    slope, intercept = np.polyfit(np.log(n), np.log(missing), 1)
    after, now = (np.exp(intercept + slope * np.log(size)) for size in (n[-1] + NEXT, n[-1]))
    return float(max(now - after, 0.0))
