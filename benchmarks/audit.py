"""Measures how many of the labels that were turned round at random the audit ranks first.

    python benchmarks/audit.py --orangesum ../shared/corpus/orangesum

5 % of the shipped labels are turned round. In a multi dimension these are 5 % of all answers (a
label that a paragraph has or lacks); in a single one, 5 % of the paragraphs get another label.
Then the audit ranks all answers, and the table shows which share of its first 5 % was turned round,
beside the same share of a random order. Labels that were wrong from the start count as mistakes of
the audit, and its ranking was chosen on other seeds. Bar: at least half in the multi dimension.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from depeche.labels.dataset import SHIPPED, LabelledSet, load_labels
from depeche.labels.paragraphs import LabelledParagraph
from depeche.labels.schema import Dimension, read_schema
from depeche.train.audit.audit import audit_labels
from depeche.train.audit.findings import Audit

SHARE = 0.05
SEEDS = 5


@dataclass(frozen=True, kw_only=True)
class Shares:
    """Shares of the first 5 % of a dimension's answers that were turned round, by two orders.

    `added` and `removed` are the shares of all added and removed labels that are among the audit's
    first 5 %; in a single dimension no label is only removed.
    """

    dimension: str
    audit: float
    random: float
    added: float
    removed: float


def turned_round(
    labels: LabelledSet, rng: np.random.Generator
) -> tuple[LabelledSet, set[tuple[str, str, str]]]:
    """Return the set with 5 % of its answers turned round, and (dimension, id, label) of each.

    The label is the one added or removed; in a single dimension it is the new one.
    """
    changed = [dict(p.labels) for p in labels.paragraphs]
    turned: set[tuple[str, str, str]] = set()
    for dimension in labels.schema.dimensions:
        for i, label in _drawn(labels, dimension, rng):
            has = changed[i][dimension.id]
            if dimension.kind == "single":
                others = [x for x in dimension.label_ids if x not in has]
                label = others[rng.integers(len(others))]
                changed[i][dimension.id] = (label,)
            else:
                kept = set(has) ^ {label}
                changed[i][dimension.id] = tuple(x for x in dimension.label_ids if x in kept)
            turned.add((dimension.id, labels.paragraphs[i].id, label))
    pairs = zip(labels.paragraphs, changed, strict=True)
    paragraphs: tuple[LabelledParagraph, ...] = tuple(replace(p, labels=c) for p, c in pairs)
    return replace(labels, paragraphs=paragraphs), turned


def _drawn(
    labels: LabelledSet, dimension: Dimension, rng: np.random.Generator
) -> Iterator[tuple[int, str]]:
    """Yield 5 % of the answers: rows of paragraphs, with labels in a multi dimension."""
    names = dimension.label_ids if dimension.kind == "multi" else ("",)
    n_answers = len(labels.paragraphs) * len(names)
    for answer in rng.choice(n_answers, round(SHARE * n_answers), replace=False).tolist():
        yield answer // len(names), names[answer % len(names)]


def measure(labels: LabelledSet, seed: int) -> list[Shares]:
    """Return the shares for each dimension, after the audit of labels turned round by a seed."""
    rng = np.random.default_rng(seed)
    noisy, turned = turned_round(labels, rng)
    n_answers = {
        d.id: len(labels.paragraphs) * (len(d.labels) if d.kind == "multi" else 1)
        for d in labels.schema.dimensions
    }
    most = round(SHARE * max(n_answers.values()))
    audit = audit_labels(noisy, top=most, seed=seed, progress=lambda _: None)
    return [
        _shares(dimension.id, n_answers[dimension.id], noisy, turned, audit, rng)
        for dimension in labels.schema.dimensions
    ]


def _shares(
    dimension: str,
    n_answers: int,
    noisy: LabelledSet,
    turned: set[tuple[str, str, str]],
    audit: Audit,
    rng: np.random.Generator,
) -> Shares:
    """Return the shares for one dimension."""
    n = round(SHARE * n_answers)
    first = audit.select(dimension, "model")[:n]
    hits = [f for f in first if (dimension, f.paragraph.id, f.label) in turned]
    here = {key for key in turned if key[0] == dimension}
    has = {(p.id, x) for p in noisy.paragraphs for x in p.labels[dimension]}
    n_added = sum(key[1:] in has for key in here)
    n_removed = len(here) - n_added
    hits_added = sum(f.given for f in hits)
    by_chance = rng.choice(n_answers, n, replace=False) < len(here)
    return Shares(
        dimension=dimension,
        audit=len(hits) / n,
        random=float(by_chance.mean()),
        added=hits_added / max(n_added, 1),
        removed=(len(hits) - hits_added) / n_removed if n_removed else float("nan"),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--orangesum", type=Path, help="clone of Tixierae/OrangeSum")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    options = parser.parse_args()
    labels = load_labels(SHIPPED, read_schema(), orangesum=options.orangesum)
    print(
        f"{len(labels.paragraphs)} paragraphs, {SHARE:.0%} turned round; of the first {SHARE:.0%}"
    )
    print(f"{'seed':>4}  {'dimension':<12}{'audit':>8}{'random':>8}   found of added, of removed")
    every: list[Shares] = []
    for seed in range(options.seeds):
        for shares in measure(labels, seed):
            every.append(shares)
            print(
                f"{seed:>4}  {shares.dimension:<12}{shares.audit:>8.3f}{shares.random:>8.3f}"
                f"{shares.added:>17.3f}{shares.removed:>12.3f}",
                flush=True,
            )
    for dimension in labels.schema.dimensions:
        here = [shares for shares in every if shares.dimension == dimension.id]
        audit, chance = (np.mean([getattr(f, key) for f in here]) for key in ("audit", "random"))
        print(f"mean  {dimension.id:<12}{audit:>8.3f}{chance:>8.3f}")


if __name__ == "__main__":
    main()
