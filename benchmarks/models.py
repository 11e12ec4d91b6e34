"""Scores of the same paragraphs by our model and by others, on the same folds.

    pip install 'depeche[bench]' spacy
    python benchmarks/models.py [--orangesum DIR] [--seeds N ...] [--only NAME ...]

Every model is fitted on the paragraphs of four folds and scores the fifth; folds keep an article
together. Decisions are made in two ways: as the model's own defaults make them (from 0.5 on, or the
likeliest), and as ours are made, calibrated and cut by what the other folds call for, so that what
is compared is the model and not its thresholds. Scores are means over the seeds; intervals are of
the difference to ours, bootstrapped by article, on the first seed.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from corpus import CORPUS
from numpy.typing import NDArray
from peers import pipeline_of

from depeche.labels.dataset import SHIPPED, LabelledSet, load_labels
from depeche.labels.schema import Schema, read_schema
from depeche.model.deciding.calibration import sigmoid
from depeche.model.deciding.decisions import Decisions, HeldOut, Rule
from depeche.model.scoring.features import FeatureExtractor
from depeche.model.scoring.spelling import words
from depeche.train import Split
from depeche.train.calibrating import fit_calibration
from depeche.train.evaluation.baselines import constant_given, keyword_given
from depeche.train.evaluation.bootstrap import bootstrap, full_scores, intervals
from depeche.train.evaluation.metrics import indicator
from depeche.train.settings import TrainSettings
from depeche.train.splits import split_folds
from depeche.train.training import calibrate_out_of_fold, decide_by_best_f1, score_out_of_fold

Array = NDArray[np.float64]
Labels = NDArray[np.int64]
# (texts, Y, article of each text, texts to score, seed) -> probabilities (n, n_labels)
Model = Callable[[Sequence[str], Labels, Sequence[str], Sequence[str], int], Array]

_N_FOLDS = 5
_LEAST = 1e-6  # probability; scores are turned into logits
_MEASURES = {"multi": ("micro_f1", "macro_f1", "mean_average_precision"), "single": ("macro_f1",)}
_FASTTEXT: dict[str, Any] = {"dim": 50, "wordNgrams": 2, "thread": 1, "verbose": 0}
_FASTTEXT_TRIED = [
    {"lr": lr, "epoch": epoch, "minn": minn, "maxn": maxn}
    for lr, epoch in ((0.5, 50), (1.0, 50), (0.5, 100))
    for minn, maxn in ((0, 0), (3, 6))
]
_SPACY_PASSES = 12  # at most; the best of them by a tenth of the articles set aside


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
    """Return probabilities and decisions of our model as it is without the other paragraphs.

    Those of all paragraphs, though it is fitted, calibrated and cut by the chosen ones alone.
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
        proba[here] = model(
            *(list(texts[~here]), data.Y[~here], list(articles[~here])),
            *(list(texts[here]), data.seed),
        )
    proba = proba.clip(_LEAST, 1 - _LEAST)
    return np.asarray(np.log(proba / (1 - proba)))


def scikit_learn(
    texts: Sequence[str], Y: Labels, articles: Sequence[str], wanted: Sequence[str], seed: int
) -> Array:
    """Score by TF-IDF of words 1-2 and characters 3-5 and balanced logistic regressions."""
    return np.asarray(pipeline_of("char_wb").fit(texts, Y).predict_proba(wanted))


def fasttext(
    texts: Sequence[str],
    Y: Labels,
    articles: Sequence[str],
    wanted: Sequence[str],
    seed: int,
    *,
    schema: Schema,
    chosen: dict[tuple[int, str], dict[str, Any]],
) -> Array:
    """Score by fastText: one-vs-all for the labels of multi dimensions, softmax for single ones.

    Its settings are those that score best on a fifth of the first fold's articles set aside; the
    other folds take them as well, which is in its favour.
    """
    apart = _some_articles(articles, 5, seed)
    found = np.zeros((len(wanted), Y.shape[1]))
    for dimension, span in schema.columns():
        y, loss = Y[:, span], "ova" if dimension.kind == "multi" else "softmax"
        if (seed, dimension.id) not in chosen:
            fitted, judged = (_part(texts, ~apart), y[~apart]), _part(texts, apart)
            reached = [
                _average_precision(y[apart], _fasttext(*fitted, judged, seed, loss, settings))
                for settings in _FASTTEXT_TRIED
            ]
            chosen[seed, dimension.id] = _FASTTEXT_TRIED[int(np.argmax(reached))]
        found[:, span] = _fasttext(texts, y, wanted, seed, loss, chosen[seed, dimension.id])
    return found


def _fasttext(
    texts: Sequence[str],
    Y: Labels,
    wanted: Sequence[str],
    seed: int,
    loss: str,
    settings: dict[str, Any],
) -> Array:
    import fasttext as library

    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        for text, row in zip(texts, Y, strict=True):
            # A line without a label is left out in silence: what has none gets one of its own.
            given = " ".join(f"__label__{j}" for j in np.flatnonzero(row)) or "__label__none"
            file.write(f"{given} {' '.join(words(text))}\n")
        file.flush()
        model = library.train_supervised(file.name, loss=loss, seed=seed, **settings, **_FASTTEXT)
    found = np.zeros((len(wanted), Y.shape[1]))
    for i, text in enumerate(wanted):
        for name, proba in zip(*model.predict(" ".join(words(text)), k=-1), strict=True):
            if name != "__label__none":
                found[i, int(name.removeprefix("__label__"))] = proba
    return found


def spacy(
    texts: Sequence[str], Y: Labels, articles: Sequence[str], wanted: Sequence[str], seed: int
) -> Array:
    """Score by spaCy's textcat_multilabel with its default model, all labels at once."""
    import spacy as library
    from spacy.training import Example
    from spacy.util import fix_random_seed

    fix_random_seed(seed)
    nlp = library.blank("fr")
    component: Any = nlp.add_pipe("textcat_multilabel")
    names = [str(j) for j in range(Y.shape[1])]
    for name in names:
        component.add_label(name)

    def predict(some: Sequence[str]) -> Array:
        docs = nlp.pipe(some, batch_size=64)
        return np.array([[doc.cats[name] for name in names] for doc in docs])

    apart = _some_articles(articles, 10, seed)
    fitted = [
        Example.from_dict(
            nlp.make_doc(text), {"cats": dict(zip(names, row.astype(float), strict=True))}
        )
        for text, row in zip(_part(texts, ~apart), Y[~apart], strict=True)
    ]
    nlp.initialize(lambda: fitted)
    optimizer = nlp.resume_training()
    rng, best, found = random.Random(seed), -1.0, np.zeros((len(wanted), Y.shape[1]))  # noqa: S311
    for _ in range(_SPACY_PASSES):
        rng.shuffle(fitted)
        for start in range(0, len(fitted), 32):
            nlp.update(fitted[start : start + 32], sgd=optimizer, drop=0.2)
        reached = _average_precision(Y[apart], predict(_part(texts, apart)))
        if reached > best:
            best, found = reached, predict(wanted)
    return found


def from_half_on(proba: Array, schema: Schema) -> NDArray[np.bool_]:
    """Return the decisions of a threshold of 0.5 for all, and of the likeliest."""
    shape = (0, schema.n_labels)
    nothing = HeldOut(proba=np.empty(shape), Y=np.empty(shape, dtype=bool))
    return Decisions(schema, np.full(schema.n_labels, 0.5), nothing, Rule()).given(proba)


def _some_articles(articles: Sequence[str], part: int, seed: int) -> NDArray[np.bool_]:
    """Return which paragraphs are of one article in `part`, drawn at random."""
    names, article = np.unique(np.array(articles, str), return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(names))
    return np.asarray(order[article] < len(names) / part)


def _part(texts: Sequence[str], chosen: NDArray[np.bool_]) -> list[str]:
    return [texts[i] for i in np.flatnonzero(chosen)]


def _average_precision(Y: Labels, proba: Array) -> float:
    from sklearn.metrics import average_precision_score

    present = Y.any(axis=0)
    return float(average_precision_score(Y[:, present], proba[:, present]))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orangesum", type=Path, default=CORPUS.parent / "orangesum")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--only", nargs="*", choices=("scikit-learn", "fastText", "spaCy"))
    options = parser.parse_args()
    schema = read_schema()
    labels = load_labels(SHIPPED, schema, orangesum=options.orangesum)
    Y = indicator(labels)
    models: dict[str, Model] = {
        "scikit-learn": scikit_learn,
        "fastText": partial(fasttext, schema=schema, chosen={}),
        "spaCy": spacy,
    }
    found: dict[str, list[dict[str, Any]]] = {}
    decided: dict[str, NDArray[np.bool_]] = {}  # of the first seed, with its scores
    ranked: dict[str, Array] = {}
    own = {
        p.id for p in load_labels(SHIPPED, schema).paragraphs
    }  # paragraphs whose text is shipped

    def add(how: str, given: NDArray[np.bool_], proba: Array) -> None:
        found.setdefault(how, []).append(full_scores(Y, given, schema, proba=proba))
        decided.setdefault(how, given)
        ranked.setdefault(how, proba)

    for seed in options.seeds:
        fold = split_folds(labels, Y, Split.article, _N_FOLDS, seed)
        data = Data(labels=labels, Y=Y, fold=fold, seed=seed)
        logits = {"ours": ours(data)}
        alone = ours_of_some(data, np.array([p.id in own for p in labels.paragraphs]))
        for name in models if options.only is None else options.only:
            logits[name] = out_of_fold(models[name], data)
        for name, scores in logits.items():
            calibrated = calibrate_out_of_fold(scores, Y, fold, Split.article, schema)
            for how, given, proba in (
                (name, calibrated.given, calibrated.proba),
                (f"{name}, its defaults", from_half_on(sigmoid(scores), schema), scores),
            ):
                if how == "ours, its defaults":
                    continue
                add(how, given, proba)
        add("ours, without OrangeSum's texts", alone[1], alone[0])
    for how, given in (
        ("keywords of the codebook", keyword_given(labels.texts, Y, schema)),
        ("always the same", constant_given(Y, schema)),
    ):
        if given is not None:
            found[how], decided[how] = [full_scores(Y, given, schema)], given
    _print(found, decided, ranked, labels, Y)


def _print(
    found: dict[str, list[dict[str, Any]]],
    decided: dict[str, NDArray[np.bool_]],
    ranked: dict[str, Array],
    labels: LabelledSet,
    Y: Labels,
) -> None:
    """Print the means over the seeds, and how far ours is ahead, with its interval."""
    schema = labels.schema
    measures = [(d.id, measure) for d in schema.dimensions for measure in _MEASURES[d.kind]]
    width = max(map(len, found)) + 2
    print(" " * width + "".join(f"{f'{d} {m}':>34}" for d, m in measures))
    resampled = {
        how: bootstrap(Y, given, labels.articles, schema, proba=ranked.get(how))
        for how, given in decided.items()
    }
    for how, seeds in found.items():
        cells = []
        for d, m in measures:
            if m not in seeds[0][d]:
                cells.append("")
                continue
            cell = f"{np.mean([float(scores[d][m][0]) for scores in seeds]):.3f}"
            if how != "ours":
                ahead = {"of": resampled["ours"][d][m] - resampled[how][d][m]}
                low, high = intervals(ahead)["of"]
                cell += f" ours ahead {low:+.3f} to {high:+.3f}"
            cells.append(cell)
        print(f"{how:{width}}" + "".join(f"{cell:>34}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
