"""The answers of annotators to one dimension as arrays, and the coefficients of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from depeche.labels.agreement.coefficients import (
    binary_kappa,
    cohen_kappa,
    krippendorff_alpha,
    masi_distance,
    nominal_distance,
    positive_agreement,
    ratio,
    unit_disagreement,
)
from depeche.labels.agreement.votes import Votes
from depeche.labels.bootstrap import Floats, Sums
from depeche.labels.schema import Dimension

Measure = Literal["kappa", "alpha", "positive", "observed"]
# Each measure has (1 + n_resamples, n_labels + 1) values: one column per label, and the last one
# for the entire dimension.
Rows = dict[Measure, Floats]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """The answers to one dimension as arrays.

    `given` (n_paragraphs, n_annotators, n_labels) is 1 where an annotator gives the label. `place`
    (n_paragraphs, n_annotators) is the number of the set of labels given. Both are 0 where
    `present` (n_paragraphs, n_annotators) is False. `distance` (n_sets, n_sets) says how far apart
    two sets are.
    """

    dimension: Dimension
    annotators: tuple[str, ...]
    present: NDArray[np.bool_]
    given: Floats
    place: NDArray[np.int64]
    distance: Floats

    def of_pair(self, i: int, j: int) -> Answers:
        """Return the answers of two annotators to their common paragraphs."""
        both = self.present[:, i] & self.present[:, j]
        return Answers(
            dimension=self.dimension,
            annotators=(self.annotators[i], self.annotators[j]),
            present=np.column_stack([both, both]),
            given=self.given[:, [i, j]] * both[:, None, None],
            place=self.place[:, [i, j]] * both[:, None],
            distance=self.distance,
        )

    @cached_property
    def shares(self) -> Floats:
        """Share of each annotator's answers that give each label, (n_annotators, n_labels)."""
        n = self.present.sum(axis=0)[:, None].astype(np.float64)
        return ratio(self.given.sum(axis=0), n)

    @cached_property
    def set_counts(self) -> Floats:
        """How many annotators give each set of labels, (n_paragraphs, n_sets)."""
        counts = np.zeros((len(self.place), len(self.distance)))
        for place, present in zip(self.place.T, self.present.T, strict=True):
            rows = np.flatnonzero(present)
            counts[rows, place[rows]] += 1
        return counts

    @property
    def disputed(self) -> NDArray[np.int64]:
        """Number of paragraphs with different answers, by label and, last, on the dimension."""
        n = self.present.sum(axis=1)[:, None]
        by_label = self.given.sum(axis=1)
        by_set = self.set_counts.max(axis=1, keepdims=True)
        differ = np.hstack([(by_label > 0) & (by_label < n), by_set < n])
        return np.asarray(differ.sum(axis=0), dtype=np.int64)


def answers_of(dimension: Dimension, votes: Votes) -> Answers:
    """Return the answers to a dimension of all votes."""
    n, m = len(votes.paragraphs), len(votes.annotators)
    label_sets = sorted({vote[dimension.id] for p in votes.paragraphs for vote in p.votes.values()})
    number = {answer: k for k, answer in enumerate(label_sets)}
    present, place = np.zeros((n, m), dtype=bool), np.zeros((n, m), dtype=np.int64)
    for row, paragraph in enumerate(votes.paragraphs):
        for column, annotator in enumerate(votes.annotators):
            if annotator in paragraph.votes:
                present[row, column] = True
                place[row, column] = number[paragraph.votes[annotator][dimension.id]]
    distance = masi_distance([frozenset(answer) for answer in label_sets])  # single: nominal
    members = np.array([[float(x in answer) for x in dimension.label_ids] for answer in label_sets])
    return Answers(
        dimension=dimension,
        annotators=votes.annotators,
        present=present,
        given=members[place] * present[:, :, None],
        place=place,
        distance=distance,
    )


def pair_rows(pair: Answers, sums: Sums) -> Rows:
    """Return the measures of two annotators, NaN where they have no value."""
    first, second = pair.given[:, 0], pair.given[:, 1]
    common = pair.present[:, 0]
    alike = common & (pair.place[:, 0] == pair.place[:, 1])
    counts = sums(np.column_stack([common, alike, first * second, first, second]))
    n, same = counts[:, 0], counts[:, 1]
    both, first, second = np.split(counts[:, 2:], 3, axis=1)
    if pair.dimension.kind == "single":
        kappa, positive = cohen_kappa(n, both, first, second), np.full(len(n), np.nan)
    else:
        totals = (x.sum(axis=1) for x in (both, first, second))
        kappa, positive = np.full(len(n), np.nan), positive_agreement(*totals)
    observed = ratio(n[:, None] - first - second + 2 * both, n[:, None])
    return {
        "kappa": np.column_stack([binary_kappa(n, both, first, second), kappa]),
        "alpha": alpha_rows(pair, sums),
        "positive": np.column_stack([positive_agreement(both, first, second), positive]),
        "observed": np.column_stack([observed, ratio(same, n)]),
    }


def alpha_rows(answers: Answers, sums: Sums) -> Floats:
    """Return Krippendorff's alpha of all annotators, (1 + n_resamples, n_labels + 1)."""
    several = answers.present.sum(axis=1) > 1
    n_yes = answers.given.sum(axis=1)
    n_no = answers.present.sum(axis=1)[:, None] - n_yes
    tables = [(np.column_stack(x), nominal_distance(2)) for x in zip(n_no.T, n_yes.T, strict=True)]
    tables.append((answers.set_counts, answers.distance))
    columns: list[Floats] = []
    for counted, distance in tables:
        values = counted * several[:, None]
        disagreement = np.zeros(len(values))
        disagreement[several] = unit_disagreement(values[several], distance)
        columns.append(np.column_stack([values, disagreement]))
    ends = np.cumsum([block.shape[1] for block in columns])[:-1]
    totals = np.split(sums(np.hstack(columns)), ends, axis=1)
    return np.column_stack(
        [
            krippendorff_alpha(total[:, -1], total[:, :-1], distance)
            for total, (_, distance) in zip(totals, tables, strict=True)
        ]
    )
