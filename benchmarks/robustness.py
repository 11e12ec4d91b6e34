"""Measures scores of the same paragraphs, out of fold, as they are and as others may write them.

    python benchmarks/robustness.py [--orangesum DIR] [--seed N]

The model of each fold is fitted on unchanged paragraphs, and scores changed ones. Calibration and
thresholds come from the other folds, unchanged. There is no bar.
"""

from __future__ import annotations

import argparse
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
from corpus import CORPUS
from numpy.typing import NDArray

from depeche.labels.dataset import SHIPPED, LabelledSet, load_labels
from depeche.labels.schema import read_schema
from depeche.model.scoring.features import FeatureExtractor
from depeche.train.calibrating import fit_calibration
from depeche.train.evaluation.metrics import indicator, main_scores, score
from depeche.train.splits import split_folds
from depeche.train.tfidf.fitting import fit_scorer
from depeche.train.tfidf.settings import TrainSettings
from depeche.train.training import decide_by_best_f1

_TYPOS = 0.05  # share of the words
_LETTERS = "abcdefghijklmnopqrstuvwxyzéèà"
_STRAIGHT = str.maketrans({"«": '"', "»": '"', "“": '"', "”": '"', "’": "'", "‘": "'"})


def without_accents(text: str) -> str:
    """Return a text without its accents."""
    letters = unicodedata.normalize("NFD", text)
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def with_typos(text: str) -> str:
    """Return a text with a letter changed, left out, doubled or swapped in some of its words."""
    rng = np.random.default_rng(len(text))
    return " ".join(
        _mistyped(word, rng) if len(word) > 2 and rng.random() < _TYPOS else word
        for word in text.split(" ")
    )


def _mistyped(word: str, rng: np.random.Generator) -> str:
    i = int(rng.integers(len(word) - 1))
    first, second = word[i : i + 2]
    letter = _LETTERS[rng.integers(len(_LETTERS))]
    changes = (letter + second, second, first + first + second, second + first)
    return word[:i] + changes[rng.integers(4)] + word[i + 2 :]


CHANGES: dict[str, Callable[[str], str]] = {
    "as they are": str,
    "without accents": without_accents,
    "in capitals": str.upper,
    "straight quotation marks": lambda text: text.translate(_STRAIGHT),
    f"typos in {_TYPOS:.0%} of words": with_typos,
}


def main() -> None:
    """Print the main scores of each change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orangesum", type=Path, default=CORPUS.parent / "orangesum")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    schema, settings = read_schema(), TrainSettings(seed=options.seed)
    labels = load_labels(SHIPPED, schema, orangesum=options.orangesum)
    Y = indicator(labels)
    fold = split_folds(labels, Y, settings.split, settings.n_folds, settings.seed)
    logits = score_changes(labels, Y, fold, settings)
    plain = logits["as they are"]
    for name, changed in logits.items():
        proba, given = np.zeros(Y.shape), np.zeros(Y.shape, dtype=bool)
        for k in range(settings.n_folds):
            here = fold == k
            calibration = fit_calibration(plain[~here], Y[~here], fold[~here], schema)
            proba[here] = calibration.predict_proba(changed[here], schema)
            given[here] = decide_by_best_f1(calibration, proba[here], schema)
        scores = main_scores(score(Y, proba, given, schema), schema)
        cells = "  ".join(f"{dimension} {value:.4f}" for dimension, value in scores.items())
        print(f"{name:<26}  {cells}", flush=True)


def score_changes(
    labels: LabelledSet, Y: NDArray[np.int64], fold: NDArray[np.int64], settings: TrainSettings
) -> dict[str, NDArray[np.float64]]:
    """Return the logits of the paragraphs after each change, by models fitted without the fold."""
    counts = FeatureExtractor(settings.features).count(labels.texts)
    changed = {name: list(map(change, labels.texts)) for name, change in CHANGES.items()}
    logits = {name: np.zeros(Y.shape) for name in changed}
    for k in range(settings.n_folds):
        scorer = fit_scorer(counts.rows_where(fold != k), Y[fold != k], settings)
        here = np.flatnonzero(fold == k)
        for name, texts in changed.items():
            logits[name][here] = scorer.logits([texts[i] for i in here])
    return logits


if __name__ == "__main__":
    main()
