"""Measures scoring alone, on one thread: its speed beside fastText's, and that it is exact.

    python benchmarks/scoring.py speed CORPUS.jsonl.gz ROUNDS all  # seconds, as JSON
    python benchmarks/scoring.py exact CORPUS.jsonl.gz             # scores that differ, as JSON

fastText computes the same: the scores of all labels from words, word pairs and character n-grams
(wordNgrams 2, minn 3, maxn 5), with one decision per label (loss ova). A `cold` model was just
loaded and meets each word for the first time; a `warm` one scores the texts again. `batch.py` runs
both commands and holds their bars: 4 times the speed of fastText, and no score that differs.
"""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from corpus import iter_articles, paragraphs_of
from peers import labelled
from running import ROOT

from depeche.model.scoring.features import FeatureExtractor
from depeche.model.tagging import SHIPPED, load_model

_AT_ONCE = 400  # paragraphs
_DIMS = (100, 10)  # fastText's default, and one that is enough for seven labels
_ONE_IN = 60  # paragraphs is also scored in pure Python: 2,000 in all of the corpus


def read_paragraphs(corpus: Path) -> list[str]:
    """Return every paragraph of a corpus, each as one line."""
    with gzip.open(corpus, "rt", encoding="utf-8") as lines:
        return [
            " ".join(paragraph.split())
            for article in iter_articles(lines)
            for paragraph in paragraphs_of(article["text"])
        ]


def batches(texts: list[str]) -> Iterator[list[str]]:
    """Yield the texts in batches."""
    return (texts[i : i + _AT_ONCE] for i in range(0, len(texts), _AT_ONCE))


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU time of some work."""
    start = time.process_time()
    work()
    return time.process_time() - start


def speed(texts: list[str], rounds: int, labelled_texts: str) -> dict[str, float]:
    """Return the least seconds of each way to score; without fastText only ours."""
    ways: dict[str, Callable[[], object]] = {}
    for name, model in fasttext_models(labelled_texts):
        ways[f"{name} list"] = lambda m=model: [
            m.predict(batch, k=-1, threshold=0) for batch in batches(texts)
        ]
        ways[f"{name} loop"] = lambda m=model: [m.predict(t, k=-1, threshold=0) for t in texts]
    load_model(SHIPPED).predict_proba(texts[:10])
    times: dict[str, list[float]] = {}
    for _ in range(rounds):
        ours = load_model(SHIPPED)

        def score(model: Any = ours) -> None:
            for batch in batches(texts):
                model.predict_proba(batch)

        for name, work in {"cold": score, "warm": score, **ways}.items():
            times.setdefault(name, []).append(seconds(work))
    return {name: min(rounds_of_one) for name, rounds_of_one in times.items()}


def fasttext_models(labelled_texts: str) -> Iterator[tuple[str, Any]]:
    """Yield fastText's models of the shipped labels, by name; none where it is not installed."""
    try:
        import fasttext
    except ImportError:
        return
    fasttext.FastText.eprint = lambda *args: None
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        for example in labelled(labelled_texts).paragraphs:
            names = [name for labels in example.labels.values() for name in sorted(labels)]
            text = " ".join(example.text.split())
            file.write(" ".join([*(f"__label__{name}" for name in names), text]) + "\n")
        file.flush()
        settings = {"loss": "ova", "wordNgrams": 2, "minn": 3, "maxn": 5, "thread": 1, "verbose": 0}
        for dim in _DIMS:
            yield f"fastText dim {dim}", fasttext.train_supervised(file.name, dim=dim, **settings)


def exact(texts: list[str]) -> dict[str, int]:
    """Return how many paragraphs were compared, and in how many any score differs.

    The scorer's fast way is compared with its plain one, which counts features and looks them up;
    and with the reference of the tests, one feature at a time in Python's integers.
    """
    sys.path.append(str(ROOT / "tests"))
    from plain_features import plain_logits

    scorer = load_model(SHIPPED).artifact.scorer
    n_counted = n_plain = n_tried = 0
    for i, batch in enumerate(batches(texts)):
        logits = scorer.logits(batch)
        counts = FeatureExtractor(scorer.settings).count(batch)
        n_counted += int((logits != scorer.logits_of_counts(counts)).any(axis=1).sum())
        for row in range(-i * _AT_ONCE % _ONE_IN, len(batch), _ONE_IN):
            n_tried += 1
            n_plain += logits[row].tolist() != plain_logits(scorer, batch[row])
    return {"n": len(texts), "counted": n_counted, "n_plain": n_tried, "plain": n_plain}


if __name__ == "__main__":
    paragraphs = read_paragraphs(Path(sys.argv[2]))
    if sys.argv[1] == "speed":
        print(json.dumps(speed(paragraphs, int(sys.argv[3]), sys.argv[4])))
    else:
        print(json.dumps(exact(paragraphs)))
