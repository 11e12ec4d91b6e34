"""Measures what each part of the model is worth: its scores out of fold without that part.

    python benchmarks/ablation.py [--orangesum DIR] [--seed N] [--card model/default]

The folds are drawn with a seed on which parts were chosen, not with the seeds of published scores.
`--card` writes the table into the card of an artifact, in place of the old one. There is no bar.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from corpus import CORPUS
from models import from_half_on
from numpy.typing import NDArray

import depeche.train.tfidf.direction_features as directions
from depeche.labels.dataset import SHIPPED, load_labels
from depeche.labels.schema import read_schema
from depeche.model.artifact import load_artifact, save_artifact
from depeche.model.scoring.features import FeatureExtractor, FeatureSettings
from depeche.train.evaluation.metrics import MEASURES, indicator, score
from depeche.train.splits import split_folds
from depeche.train.tfidf.settings import TrainSettings
from depeche.train.tfidf.training import score_out_of_fold

_TITLE = "## What each part is worth"
_NOTHING = "nothing: the model"
_NO_GRAMS = FeatureSettings(char_min=32, char_max=32)  # words have fewer characters


def variants(settings: TrainSettings) -> Iterator[tuple[str, TrainSettings]]:
    """Yield the part that is left out, and the settings without it."""
    yield _NOTHING, settings
    yield "products of the direction's components", settings
    yield "word vectors", replace(settings, vector_dims=0)
    yield "naive-Bayes regression", replace(settings, naive_bayes_share=0.0)
    yield "plain regression, and the vectors in it", replace(settings, naive_bayes_share=1.0)
    yield "character n-grams", replace(settings, features=_NO_GRAMS)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orangesum", type=Path, default=CORPUS.parent / "orangesum")
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--card", type=Path)
    options = parser.parse_args()
    schema, settings = read_schema(), TrainSettings(seed=options.seed)
    labels = load_labels(SHIPPED, schema, orangesum=options.orangesum)
    Y = indicator(labels)
    fold = split_folds(labels, Y, settings.split, settings.n_folds, settings.seed)
    named = [
        (dimension.id, measure)
        for dimension in schema.dimensions
        for measure in MEASURES
        if (measure != "accuracy" if dimension.kind == "multi" else measure == "macro_f1")
    ]
    lines = [
        "| without | " + " | ".join(f"{d} {MEASURES[m]}" for d, m in named) + " |",
        "| --- |" + " ---: |" * len(named),
    ]

    def add(name: str, proba: NDArray[np.float64], given: NDArray[np.bool_]) -> None:
        scores = score(Y, proba, given, schema)
        lines.append(f"| {name} | " + " | ".join(f"{scores[d][m]:.3f}" for d, m in named) + " |")
        print(lines[-1], flush=True)

    print("\n".join(lines))
    quadratic = directions._QUADRATIC
    for name, changed in variants(settings):
        directions._QUADRATIC = 0.0 if name.startswith("products") else quadratic
        counts = FeatureExtractor(changed.features).count(labels.texts)
        scored = score_out_of_fold(counts, Y, fold, changed, schema, progress=lambda _: None)
        add(name, scored.proba, scored.given)
        if name == _NOTHING:
            add("thresholds: 0.5 for all", scored.proba, from_half_on(scored.proba, schema))
    if options.card is not None:
        _write(options.card, lines, len(Y), options.seed)


def _write(folder: Path, lines: list[str], n_paragraphs: int, seed: int) -> None:
    """Save an artifact with the table in its card, before the section on reading scores."""
    artifact, card = load_artifact(folder), (folder / "README.md").read_text(encoding="utf-8")
    section = (
        f"{_TITLE}\n\nOut of fold on the {n_paragraphs} paragraphs, folds drawn with seed {seed} "
        "(parts were chosen on\nsuch folds, not on those of the scores above), by "
        "`benchmarks/ablation.py`:\n\n"
    )
    start, before = card.find(_TITLE), card.index("## Reading the scores")
    head = card[: before if start < 0 else start]
    save_artifact(artifact, folder, card=head + section + "\n".join(lines) + "\n\n" + card[before:])


if __name__ == "__main__":
    main()
