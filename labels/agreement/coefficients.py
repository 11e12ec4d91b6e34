"""Coefficients of agreement as functions of counts, NaN where they are not defined.

Counts come in rows, one for the sample and one for each of its resamples, so that a value and its
interval are computed by the same code.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def cohen_kappa(n: Floats, both: Floats, first: Floats, second: Floats) -> Floats:
    """Return Cohen's kappa of two annotators, (n_rows,), NaN where chance explains everything.

    J. Cohen (1960), "A coefficient of agreement for nominal scales", Educational and Psychological
    Measurement 20(1): the agreement beyond that of two annotators who keep their shares but answer
    at random.

    Parameters
    ----------
    n
        (n_rows,): number of units that both have judged.
    both, first, second
        (n_rows, n_categories): units put into the category by both, by the first, by the second.
    """
    by_chance = (first * second).sum(axis=1)
    return ratio(n * both.sum(axis=1) - by_chance, n * n - by_chance)


def binary_kappa(n: Floats, both: Floats, first: Floats, second: Floats) -> Floats:
    """Return Cohen's kappa of each category against the rest, (n_rows, n_categories)."""
    n = n[:, None]
    by_chance = first * second + (n - first) * (n - second)
    agreed = n - first - second + 2 * both
    return ratio(n * agreed - by_chance, n * n - by_chance)


def positive_agreement(both: Floats, first: Floats, second: Floats) -> Floats:
    """Return the agreement on a category, among the units that either annotator puts into it.

    The specific agreement of R. L. Spitzer and J. L. Fleiss (1974), which equals the F1 of one
    annotator against the other (G. Hripcsak and A. S. Rothschild 2005, "Agreement, the F-measure,
    and reliability in information retrieval", JAMIA 12(3)). NaN where nobody gives the category.
    """
    return ratio(2 * both, first + second)


def krippendorff_alpha(disagreement: Floats, values: Floats, distance: Floats) -> Floats:
    """Return Krippendorff's alpha, (n_rows,), NaN where all values are the same.

    K. Krippendorff (2011), "Computing Krippendorff's alpha-reliability", section E: any number of
    annotators, each of whom may have left out units; only units with two values or more count.

    Parameters
    ----------
    disagreement
        (n_rows,): sum of `unit_disagreement` over the units.
    values
        (n_rows, n_values): how often each value is given in those units.
    distance
        (n_values, n_values): squared difference of two values, 0 on the diagonal; for nominal
        values 1 elsewhere (`nominal_distance`).
    """
    n = values.sum(axis=1)
    expected = ((values @ distance) * values).sum(axis=1)
    return 1 - ratio((n - 1) * disagreement, expected)


def unit_disagreement(values: Floats, distance: Floats) -> Floats:
    """Return the differences between the values of each unit, (n_units,).

    They are summed over ordered pairs and divided by one less than the unit's number of values.

    Parameters
    ----------
    values
        (n_units, n_values): how many annotators give each value to the unit, two or more in all.
    """
    return np.asarray(
        ((values @ distance) * values).sum(axis=1) / (values.sum(axis=1) - 1), dtype=np.float64
    )


def nominal_distance(n_values: int) -> Floats:
    """Return the distance of values that are the same or not, (n_values, n_values)."""
    return 1 - np.eye(n_values)


def masi_distance(sets: Sequence[frozenset[str]]) -> Floats:
    """Return the distances of sets of labels, (n_sets, n_sets), 0 for equal and 1 for disjoint.

    It is 1 - Jaccard x monotonicity, where monotonicity is 1 for equal sets, 2/3 where one holds
    the other, 1/3 where they overlap: R. Passonneau (2006), "Measuring agreement on set-valued
    items (MASI) for semantic and pragmatic annotation", LREC. The empty set, which the paper leaves
    out, is disjoint from all others.
    """
    labels = sorted(frozenset().union(*sets))
    members = np.array([[label in s for label in labels] for s in sets], dtype=np.float64)
    members = members.reshape(len(sets), len(labels))
    size = members.sum(axis=1)
    shared = members @ members.T
    smaller, larger = np.minimum.outer(size, size), np.maximum.outer(size, size)
    monotonicity = np.where(shared == smaller, np.where(smaller == larger, 1, 2 / 3), 1 / 3)
    jaccard = np.where(shared > 0, shared / np.maximum(size[:, None] + size - shared, 1), 0)
    distance = 1 - jaccard * monotonicity
    np.fill_diagonal(distance, 0)
    return np.asarray(distance, dtype=np.float64)


def ratio(above: Floats, below: Floats) -> Floats:
    """Return above / below, NaN where below is 0."""
    above, below = np.broadcast_arrays(above, below)
    quotient = np.full(above.shape, np.nan)
    np.divide(above, below, out=quotient, where=below != 0)
    return quotient
