"""Compares the scores of our model and of others on the same paragraphs and folds.

    pip install 'depeche[bench]' spacy
    python benchmarks/models.py [--orangesum DIR] [--seeds N ...] [--only NAME ...]

Every model is fitted on the paragraphs of four folds and scores the fifth; folds keep an article
together. Decisions are made in two ways: by the model's defaults (from 0.5 on, or the likeliest),
and as ours are made, with calibration and thresholds from the other folds, so that models are
compared and not thresholds. Scores are means over the seeds. Intervals are those of the difference
to ours on the first seed, bootstrapped by article. There is no bar.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from corpus import CORPUS
from numpy.typing import NDArray
from other_models import Array, Labels, Model, fasttext, scikit_learn, spacy

from depeche.labels.dataset import SHIPPED, LabelledSet, load_labels
from depeche.labels.schema import Schema, read_schema
from depeche.model.deciding.calibration import sigmoid
from depeche.model.deciding.decisions import Decisions, HeldOut, Rule
from depeche.model.scoring.features import FeatureExtractor
from depeche.train import Split
from depeche.train.calibrating import fit_calibration
from depeche.train.evaluation.baselines import constant_given, keyword_given
from depeche.train.evaluation.bootstrap import bootstrap, full_scores, intervals
from depeche.train.evaluation.metrics import indicator
from depeche.train.splits import split_folds
from depeche.train.tfidf.settings import TrainSettings
from depeche.train.tfidf.training import score_out_of_fold
from depeche.train.training import calibrate_out_of_fold, decide_by_best_f1

_N_FOLDS = 5
_LEAST = 1e-6  # probability; scores are turned into logits
_MEASURES = {"multi": ("micro_f1", "macro_f1", "mean_average_precision"), "single": ("macro_f1",)}


@dataclass(frozen=True, kw_only=True)
class Data:
    """Labelled paragraphs and one seed's folds of them."""

    labels: LabelledSet
    Y: Labels
    fold: NDArray[np.int64]
    seed: int


def ours(data: Data, chosen: NDArray[np.bool_] | None = None) -> Array:
    """Return the logits of our model, as `classify train` fits it, on all or some paragraphs."""
    settings, schema = TrainSettings(seed=data.seed), data.labels.schema
    counts = FeatureExtractor(settings.features).count(data.labels.texts)
    return score_out_of_fold(
        counts, data.Y, data.fold, settings, schema, progress=lambda _: None, only=chosen
    ).logits


def ours_of_some(data: Data, chosen: NDArray[np.bool_]) -> tuple[Array, NDArray[np.bool_]]:
    """Return probabilities and decisions of our model without the other paragraphs.

    They are those of all paragraphs, but the model, its calibration and its thresholds come from
    the chosen ones.
    """
    schema, logits = data.labels.schema, ours(data, chosen)
    proba, given = np.zeros(data.Y.shape), np.zeros(data.Y.shape, dtype=bool)
    for k in range(_N_FOLDS):
        here, rest = data.fold == k, (data.fold != k) & chosen
        calibration = fit_calibration(logits[rest], data.Y[rest], data.fold[rest], schema)
        proba[here] = calibration.predict_proba(logits[here], schema)
        given[here] = decide_by_best_f1(calibration, proba[here], schema)
    return proba, given


def out_of_fold(model: Model, data: Data) -> Array:
    """Return the logits of another model."""
    texts, articles = np.array(data.labels.texts, object), np.array(data.labels.articles, object)
    proba = np.zeros(data.Y.shape)
    for k in range(_N_FOLDS):
        here = data.fold == k
        wanted = list(texts[here])
        proba[here] = model(
            list(texts[~here]), data.Y[~here], list(articles[~here]), wanted, data.seed
        )
    proba = proba.clip(_LEAST, 1 - _LEAST)
    return np.asarray(np.log(proba / (1 - proba)))


def from_half_on(proba: Array, schema: Schema) -> NDArray[np.bool_]:
    """Return the decisions with a threshold of 0.5 for all labels, or the likeliest label."""
    shape = (0, schema.n_labels)
    nothing = HeldOut(proba=np.empty(shape), Y=np.empty(shape, dtype=bool))
    return Decisions(schema, np.full(schema.n_labels, 0.5), nothing, Rule()).given(proba)


class Scores:
    """The scores of each way to decide, seed by seed, and the decisions of the first seed."""

    def __init__(self, labels: LabelledSet) -> None:
        self.labels = labels
        self.Y = indicator(labels)
        self.by_seed: dict[str, list[dict[str, Any]]] = {}
        self.given: dict[str, NDArray[np.bool_]] = {}
        self.proba: dict[str, Array] = {}

    def add(self, how: str, given: NDArray[np.bool_], proba: Array | None = None) -> None:
        """Add the decisions of one seed, with scores unless the way ranks nothing."""
        scores = full_scores(self.Y, given, self.labels.schema, proba=proba)
        self.by_seed.setdefault(how, []).append(scores)
        self.given.setdefault(how, given)
        if proba is not None:
            self.proba.setdefault(how, proba)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orangesum", type=Path, default=CORPUS.parent / "orangesum")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--only", nargs="*", choices=("scikit-learn", "fastText", "spaCy"))
    options = parser.parse_args()
    schema = read_schema()
    labels = load_labels(SHIPPED, schema, orangesum=options.orangesum)
    models: dict[str, Model] = {
        "scikit-learn": scikit_learn,
        "fastText": partial(fasttext, schema=schema, chosen={}),
        "spaCy": spacy,
    }
    if options.only is not None:
        models = {name: models[name] for name in options.only}
    scores = Scores(labels)
    for seed in options.seeds:
        fold = split_folds(labels, scores.Y, Split.article, _N_FOLDS, seed)
        add_seed(scores, Data(labels=labels, Y=scores.Y, fold=fold, seed=seed), models)
    keywords = keyword_given(labels.texts, scores.Y, schema)
    if keywords is not None:
        scores.add("keywords of the codebook", keywords)
    scores.add("always the same", constant_given(scores.Y, schema))
    _print(scores)


def add_seed(scores: Scores, data: Data, models: Mapping[str, Model]) -> None:
    """Add what every model gives on the folds of one seed."""
    schema = data.labels.schema
    shipped_texts = {paragraph.id for paragraph in load_labels(SHIPPED, schema).paragraphs}
    alone = ours_of_some(data, np.array([p.id in shipped_texts for p in data.labels.paragraphs]))
    logits = {"ours": ours(data)}
    logits |= {name: out_of_fold(model, data) for name, model in models.items()}
    for name, values in logits.items():
        calibrated = calibrate_out_of_fold(values, data.Y, data.fold, Split.article, schema)
        scores.add(name, calibrated.given, calibrated.proba)
        if name != "ours":
            scores.add(f"{name}, its defaults", from_half_on(sigmoid(values), schema), values)
    scores.add("ours, without OrangeSum's texts", alone[1], alone[0])


def _print(scores: Scores) -> None:
    """Print the means over the seeds, and the interval by which ours is ahead."""
    schema = scores.labels.schema
    measures = [(d.id, measure) for d in schema.dimensions for measure in _MEASURES[d.kind]]
    width = max(map(len, scores.by_seed)) + 2
    print(" " * width + "".join(f"{f'{d} {m}':>34}" for d, m in measures))
    resampled = {
        how: bootstrap(scores.Y, given, scores.labels.articles, schema, proba=scores.proba.get(how))
        for how, given in scores.given.items()
    }
    for how, seeds in scores.by_seed.items():
        cells = []
        for d, m in measures:
            if m not in seeds[0][d]:
                cells.append("")
                continue
            cell = f"{np.mean([float(seed[d][m][0]) for seed in seeds]):.3f}"
            if how != "ours":
                ahead = {"difference": resampled["ours"][d][m] - resampled[how][d][m]}
                low, high = intervals(ahead)["difference"]
                cell += f" ours ahead {low:+.3f} to {high:+.3f}"
            cells.append(cell)
        print(f"{how:{width}}" + "".join(f"{cell:>34}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
