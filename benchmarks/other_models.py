"""Other models for `models.py` to compare with ours: scikit-learn, fastText and spaCy."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from peers import pipeline_of

from depeche.labels.schema import Schema
from depeche.model.scoring.spelling import words

Array = NDArray[np.float64]
Labels = NDArray[np.int64]
# (texts, Y, article of each text, texts to score, seed) -> probabilities (n, n_labels)
Model = Callable[[Sequence[str], Labels, Sequence[str], Sequence[str], int], Array]

_FASTTEXT: dict[str, Any] = {"dim": 50, "wordNgrams": 2, "thread": 1, "verbose": 0}
_FASTTEXT_TRIED = [
    {"lr": lr, "epoch": epoch, "minn": minn, "maxn": maxn}
    for lr, epoch in ((0.5, 50), (1.0, 50), (0.5, 100))
    for minn, maxn in ((0, 0), (3, 6))
]
_SPACY_PASSES = 12  # at most; a tenth of the articles is set aside to choose the best one


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

    Its settings are those that score best on a fifth of the first fold's articles, set aside. The
    other folds use them as well, which favours fastText.
    """
    apart = _some_articles(articles, 5, seed)
    proba = np.zeros((len(wanted), Y.shape[1]))
    for dimension, span in schema.columns():
        y, loss = Y[:, span], "ova" if dimension.kind == "multi" else "softmax"
        if (seed, dimension.id) not in chosen:
            fitted, judged = (_part(texts, ~apart), y[~apart]), _part(texts, apart)
            reached = [
                _average_precision(y[apart], _fasttext(*fitted, judged, seed, loss, settings))
                for settings in _FASTTEXT_TRIED
            ]
            chosen[seed, dimension.id] = _FASTTEXT_TRIED[int(np.argmax(reached))]
        proba[:, span] = _fasttext(texts, y, wanted, seed, loss, chosen[seed, dimension.id])
    return proba


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
            # fastText drops a line without a label silently, so these lines get a label.
            given = " ".join(f"__label__{j}" for j in np.flatnonzero(row)) or "__label__none"
            file.write(f"{given} {' '.join(words(text))}\n")
        file.flush()
        model = library.train_supervised(file.name, loss=loss, seed=seed, **settings, **_FASTTEXT)
    proba = np.zeros((len(wanted), Y.shape[1]))
    for i, text in enumerate(wanted):
        for name, value in zip(*model.predict(" ".join(words(text)), k=-1), strict=True):
            if name != "__label__none":
                proba[i, int(name.removeprefix("__label__"))] = value
    return proba


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
    rng, best, proba = random.Random(seed), -1.0, np.zeros((len(wanted), Y.shape[1]))  # noqa: S311
    for _ in range(_SPACY_PASSES):
        rng.shuffle(fitted)
        for start in range(0, len(fitted), 32):
            nlp.update(fitted[start : start + 32], sgd=optimizer, drop=0.2)
        reached = _average_precision(Y[apart], predict(_part(texts, apart)))
        if reached > best:
            best, proba = reached, predict(wanted)
    return proba


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
