"""Coefficients of agreement: published examples, other implementations, invariances."""

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations, permutations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_votes import close, krippendorffs_four, measured, value, votes_of
from sklearn.metrics import cohen_kappa_score, f1_score

from depeche.labels.agreement.agreement import Measures, measure_agreement
from depeche.labels.agreement.coefficients import cohen_kappa, masi_distance

# Published examples


def test_alpha_of_two_observers_and_binary_data_is_krippendorffs() -> None:
    meg, owen = "0100000010", "1110010000"
    agreement = measured("single", "01", {"Meg": meg, "Owen": owen})
    assert value(agreement, "alpha") == pytest.approx(0.0952, abs=5e-5)  # his 0.095 is 2/21
    assert value(agreement, "alpha") == pytest.approx(2 / 21)
    # As labels of two answers, 0 and 1 are the same question.
    assert value(agreement, "alpha", "1") == pytest.approx(2 / 21)


def test_alpha_of_two_observers_and_nominal_data_is_krippendorffs() -> None:
    agreement = measured("single", "abcde", {"Ben": "aabbdcccedda", "Gerry": "babbbccceddd"})
    assert value(agreement, "alpha") == pytest.approx(0.692, abs=5e-4)
    assert value(agreement, "alpha") == pytest.approx(310 / 448)


def test_alpha_of_four_observers_with_missing_values_is_krippendorffs() -> None:
    agreement = measured("single", "12345", krippendorffs_four())
    assert value(agreement, "alpha") == pytest.approx(0.743, abs=5e-4)
    assert len(agreement.votes.paragraphs) == 11  # one value in a unit cannot agree with another


def test_kappa_is_cohens() -> None:
    table = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]], dtype=float)
    rows = [x[None] for x in (np.diag(table), table.sum(axis=1), table.sum(axis=0))]
    assert cohen_kappa(np.array([table.sum()]), *rows) == pytest.approx(58 / 118)
    # The same from answers, and the table given back.
    first = [label for i, label in enumerate("abc") for _ in range(int(table[i].sum()))]
    second = [label for row in table for j, label in enumerate("abc") for _ in range(int(row[j]))]
    agreement = measured("single", "abc", {"A": first, "B": second})
    assert value(agreement, "kappa") == pytest.approx(0.4915, abs=5e-5)
    assert value(agreement, "observed") == pytest.approx(0.7)
    assert agreement.dimensions[0].pairs[0].confusion == table.tolist()


def test_kappa_of_two_by_two_is_that_of_the_textbooks() -> None:
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: 0.4
    first, second = ["y"] * 25 + [""] * 25, ["y"] * 20 + [""] * 5 + ["y"] * 10 + [""] * 15
    agreement = measured("multi", ["y"], {"A": first, "B": second})
    assert value(agreement, "kappa", "y") == pytest.approx(0.4)
    assert value(agreement, "positive", "y") == pytest.approx(40 / 55)


def test_masi_distance_is_passonneaus() -> None:
    sets = [frozenset(x) for x in ("abc", "ab", "bd", "de", "")]
    assert masi_distance(sets)[0] == pytest.approx([0, 1 - 4 / 9, 1 - 1 / 12, 1, 1])
    assert masi_distance(sets)[4].tolist() == [1, 1, 1, 1, 0]


# Other implementations

ANSWERS = st.lists(st.tuples(*[st.sampled_from("abc")] * 2), min_size=1, max_size=30)
SETS = st.sets(st.sampled_from("abc")).map(lambda x: "".join(sorted(x)))
MISSING = st.lists(st.tuples(*[st.none() | SETS] * 3), min_size=1, max_size=20)


@given(ANSWERS)
@settings(max_examples=30)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:A single label was found:UserWarning")
def test_kappa_and_positive_agreement_equal_scikit_learns(answers: list[tuple[str, str]]) -> None:
    first, second = (list(x) for x in zip(*answers, strict=True))
    agreement = measured("single", "abc", {"A": first, "B": second}, n_resamples=0)
    assert close(value(agreement, "kappa"), cohen_kappa_score(first, second))
    for label in "abc":
        a, b = ([x == label for x in answer] for answer in (first, second))
        assert close(value(agreement, "kappa", label), cohen_kappa_score(a, b))
        assert close(value(agreement, "positive", label), f1_score(a, b, zero_division=np.nan))


def plain_alpha(units: list[list[frozenset[str]]], distance: Mapping[Any, float]) -> float:
    """Return alpha by its definition, over all ordered pairs of values."""
    units = [unit for unit in units if len(unit) > 1]
    values = [x for unit in units for x in unit]
    observed = sum(
        sum(distance[pair] for pair in permutations(unit, 2)) / (len(unit) - 1) for unit in units
    ) / max(len(values), 1)
    pairs = list(permutations(values, 2))
    expected = sum(distance[pair] for pair in pairs) / max(len(pairs), 1)
    return 1 - observed / expected if expected else math.nan


SUBSETS = [frozenset(x) for n in range(4) for x in combinations("abc", n)]
NOMINAL = {(x, y): float(x != y) for x, y in product(SUBSETS, repeat=2)}
MASI = dict(zip(product(SUBSETS, repeat=2), masi_distance(SUBSETS).ravel(), strict=True))


@given(MISSING)
@settings(max_examples=30)
def test_alpha_of_sets_and_of_labels_equals_its_definition(
    answers: list[tuple[str | None, ...]],
) -> None:
    units = [[frozenset(x) for x in unit if x is not None] for unit in answers]
    if not any(len(unit) > 1 for unit in units):
        return
    columns = dict(zip("ABC", zip(*answers, strict=True), strict=True))
    agreement = measured("multi", "abc", columns, n_resamples=0)
    assert close(value(agreement, "alpha"), plain_alpha(units, MASI))
    for label in "abc":
        has = [[x & {label} for x in unit] for unit in units]
        assert close(value(agreement, "alpha", label), plain_alpha(has, NOMINAL))


# Invariances


@given(MISSING, st.permutations("ABC"), st.randoms(use_true_random=False))
@settings(max_examples=20)
def test_order_of_annotators_and_paragraphs_changes_nothing(
    answers: list[tuple[str | None, ...]], names: list[str], random: object
) -> None:
    columns = dict(zip("ABC", zip(*answers, strict=True), strict=True))
    votes = votes_of("multi", "abc", columns, [str(i // 2) for i in range(len(answers))])
    if not votes.paragraphs:
        return
    shuffled = list(votes.paragraphs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    other = replace(votes, annotators=tuple(names), paragraphs=tuple(shuffled))
    (a,), (b,) = (measure_agreement(v, n_resamples=20).dimensions for v in (votes, other))
    assert votes.digest == other.digest
    assert a.n_disputed == b.n_disputed
    assert_alike(a.measures, b.measures)
    for label in "abc":
        assert_alike(a.labels[label].measures, b.labels[label].measures)


def assert_alike(first: Measures, second: Measures) -> None:
    """Check that two tables of estimates have the same values and intervals."""
    for measure in first:
        for end in ("value", "low", "high"):
            one, two = getattr(first[measure], end), getattr(second[measure], end)
            assert (one is None) == (two is None)
            assert one is None or one == pytest.approx(two, abs=1e-9)


def test_values_of_three_annotators_are_means_over_their_pairs() -> None:
    answers = krippendorffs_four()
    del answers["D"]
    together = measured("single", "12345", answers)
    pairs = [
        measured("single", "12345", {a: answers[a], b: answers[b]})
        for a, b in combinations("ABC", 2)
    ]
    for measure in ("kappa", "observed"):
        mean = np.mean([value(pair, measure) for pair in pairs])
        assert value(together, measure) == pytest.approx(mean)
    (dimension,) = together.dimensions
    assert [pair.annotators for pair in dimension.pairs] == list(combinations("ABC", 2))
    for pair, alone in zip(dimension.pairs, pairs, strict=True):
        assert pair.measures == alone.dimensions[0].measures or pair.measures["alpha"].value == (
            pytest.approx(value(alone, "alpha"))
        )
