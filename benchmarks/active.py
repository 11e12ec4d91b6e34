"""Simulates how many labels the queue of `classify label` needs, compared with random order.

    python benchmarks/active.py ../OrangeSum              # an hour of one core
    python benchmarks/active.py ../OrangeSum --seeds 100 101 --mix uncertain=1

The shipped paragraphs (OrangeSum's need a clone of Tixierae/OrangeSum) stand for a pool, and their
labels for the annotator. Only topics count. For each seed, a fifth of the articles is set aside,
with near-duplicates kept together; the rest is labelled in the queue's order and in random order. A
model is fitted on the labels so far and scored on the fifth: micro F1 at the thresholds with the
highest F1 to be expected on the pool (`learning.learn`, which sees neither texts nor labels of the
fifth). The queue's model is fitted every 25 labels, as in the app.

Choices were made on seeds 100 to 112; the reported seeds are 0 to 19. Bar: none here; the slow test
in tests/train/test_active.py asks that the queue be ahead on average.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from depeche.labels.dataset import SHIPPED, load_labels
from depeche.labels.schema import Schema, read_schema
from depeche.model.scoring.features import Counts, FeatureExtractor
from depeche.train.active.learning import ground_of, learn, logits_of
from depeche.train.active.mix import BATCH, Mix, draw_of, parse_mix
from depeche.train.active.selection import Ground, Learnt, choose
from depeche.train.evaluation.metrics import indicator
from depeche.train.splits import grouped_folds, leak_groups
from depeche.train.tfidf.settings import TrainSettings

QUEUE_AT = range(100, 1001, 100)  # numbers of labels at which the queue is scored
RANDOM_AT = (200, 400, 600, 800, 1000, 1500)  # and random order; its last score is the goal

RANDOM = Mix(uncertain=0, rare=0, random=1)


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Labelled paragraphs; `Y` (n_samples, n_topics), `groups` (n_samples,) to keep together."""

    schema: Schema
    ground: Ground
    counts: Counts
    Y: NDArray[np.int64]
    groups: NDArray[np.int64]
    ids: list[str]


def load_corpus(orangesum: Path | None, mix: Mix) -> Corpus:
    """Return the shipped paragraphs with a codebook of only their multi dimensions."""
    codebook = read_schema()
    labels = load_labels(SHIPPED, codebook, orangesum=orangesum)
    multi = [(d, span) for d, span in codebook.columns() if d.kind == "multi"]
    counts = FeatureExtractor(TrainSettings().features).count(labels.texts)
    ids = [paragraph.id for paragraph in labels.paragraphs]
    return Corpus(
        schema=replace(codebook, dimensions=tuple(d for d, _ in multi)),
        ground=ground_of(ids, labels.articles, labels.texts, counts, reserve=mix.random, seed=0),
        counts=counts,
        Y=np.hstack([indicator(labels)[:, span] for _, span in multi]),
        groups=leak_groups(labels.texts, labels.articles),
        ids=ids,
    )


def simulate(
    corpus: Corpus, seed: int, mix: Mix | None, points: Sequence[int], every: int = BATCH
) -> Iterator[float]:
    """Yield the micro F1 at each point, on the articles set aside; no mix means random order."""
    fold = grouped_folds(corpus.groups, corpus.Y, 5, seed, what="article")
    pool, aside = np.flatnonzero(fold != 0), np.flatnonzero(fold == 0)
    draws = np.array([draw_of(corpus.ids[i], seed) for i in pool])
    ground = Ground(
        X=corpus.ground.X[pool],
        article=corpus.ground.article[pool],
        text=corpus.ground.text[pool],
        rank=np.argsort(np.argsort(draws)),
        reserved=draws < (mix or RANDOM).random,
    )
    decided, order = np.zeros(len(pool), dtype=bool), np.empty(0, dtype=np.int64)
    pool_counts, aside_counts = corpus.counts.rows_at(pool), corpus.counts.rows_at(aside)
    learnt: Learnt | None = None
    rng = np.random.default_rng(seed)
    settings = TrainSettings()
    fits = set(points)
    if mix is not None:
        fits |= {BATCH, *range(every, points[-1], every)}
    while len(order) < points[-1]:
        n = min(fit for fit in fits if fit > len(order)) - len(order)
        picks = choose(ground, decided, learnt, corpus.schema, mix or RANDOM, rng, n)
        new = np.array([row for row, _ in picks])
        decided[new], order = True, np.concatenate([order, new])
        rows = pool[order]
        labelled = corpus.counts.rows_at(rows)
        learnt = learn(labelled, corpus.Y[rows], corpus.groups[rows], pool_counts, settings)
        if len(order) in points:
            yield micro_f1(logits_of(learnt.scorer, aside_counts), learnt, corpus.Y[aside])


def micro_f1(logits: NDArray[np.float64], learnt: Learnt, Y: NDArray[np.int64]) -> float:
    """Return the micro F1 of logits under the thresholds learnt."""
    given, true = logits >= learnt.thresholds, Y > 0
    return float(2 * (given & true).sum() / (given.sum() + true.sum()))


def table(queue: NDArray[np.float64], random: NDArray[np.float64]) -> Iterator[str]:
    """Yield the lines of both curves, (n_seeds, n_points) each, then a summary."""
    yield "labels          queue         random  difference, seeds ahead"
    for n in sorted({*QUEUE_AT, *RANDOM_AT}):
        a, b = _scores_at(queue, QUEUE_AT, n), _scores_at(random, RANDOM_AT, n)
        line = f"{n:>6}  {_cell(a)}  {_cell(b)}"
        if a is not None and b is not None:
            line += f"  {(a - b).mean():+.3f}, {(a > b).sum()} of {len(a)}"
        yield line
    goal = random[:, -1]
    yield (
        f"the F1 of {RANDOM_AT[-1]} random labels, {goal.mean():.3f}, is reached by the queue with "
        f"{_first(queue.mean(axis=0) >= goal.mean())} labels"
    )
    firsts = [_first(a >= b) for a, b in zip(queue, goal, strict=True)]
    yield f"seed by seed with {', '.join(firsts)}"


def _scores_at(
    curves: NDArray[np.float64], points: Sequence[int], n: int
) -> NDArray[np.float64] | None:
    return curves[:, points.index(n)] if n in points else None


def _cell(f1: NDArray[np.float64] | None) -> str:
    return " " * 13 if f1 is None else f"{f1.mean():.3f} ± {f1.std():.3f}"


def _first(is_reached: NDArray[np.bool_]) -> str:
    points = np.flatnonzero(is_reached)
    return str(QUEUE_AT[points[0]]) if len(points) else f"more than {QUEUE_AT[-1]}"


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("orangesum", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=range(20))
    parser.add_argument("--mix", type=parse_mix, default=Mix())
    options = parser.parse_args()
    begun = time.perf_counter()
    corpus = load_corpus(options.orangesum, options.mix)
    queue, random = [], []
    for seed in options.seeds:
        queue.append(list(simulate(corpus, seed, options.mix, QUEUE_AT)))
        random.append(list(simulate(corpus, seed, None, RANDOM_AT)))
        cells = [" ".join(f"{f1:.3f}" for f1 in curves[-1]) for curves in (queue, random)]
        print(f"seed {seed}: queue {cells[0]} | random {cells[1]}", flush=True)
    print(f"--mix {options.mix}")
    print("\n".join(table(np.array(queue), np.array(random))))
    print(f"{time.perf_counter() - begun:.0f} s, {time.process_time():.0f} s of one core")


if __name__ == "__main__":
    main()
