"""The bootstrap: scores on resampled articles are those of scikit-learn on the same paragraphs."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, recall_score

from depeche.labels.schema import Dimension, Label, Schema, read_schema
from depeche.train.evaluation.bootstrap import bootstrap, full_scores, intervals
from depeche.train.evaluation.metrics import score

SCHEMA = read_schema()


def one_label(kind: str = "multi") -> Schema:
    labels = tuple(Label(id=x, fr=x, en=x, definition=x) for x in ("a", "b"))
    return Schema(
        name="t",
        version=1,
        dimensions=(Dimension(id="d", kind=kind, fr="d", en="d", labels=labels),),  # type: ignore[arg-type]
    )


def sample(seed: int, n: int = 60, n_groups: int = 15) -> tuple[Any, ...]:
    """Return Y, proba, given and groups; scores have ties."""
    rng = np.random.default_rng(seed)
    Y = rng.integers(0, 2, (n, 7))
    Y[:, 4:] = np.eye(3, dtype=np.int64)[rng.integers(0, 3, n)]
    proba = (0.3 * Y + 0.7 * rng.random((n, 7))).round(1)
    given_ = proba >= 0.5
    given_[:, 4:] = np.eye(3, dtype=bool)[proba[:, 4:].argmax(1)]
    groups = np.array([f"a{i}" for i in rng.integers(0, n_groups, n)])
    return Y, proba, given_, groups


def rows_of_resamples(groups: np.ndarray, n_resamples: int, seed: int) -> list[np.ndarray]:
    """Return the rows of each resample, drawn as `bootstrap` documents: whole groups, by weight."""
    names, group = np.unique(groups, return_inverse=True)
    weights = np.random.default_rng(seed).multinomial(
        len(names), np.full(len(names), 1 / len(names)), size=n_resamples
    )
    return [np.repeat(np.arange(len(groups)), row[group]) for row in weights]


@settings(max_examples=5)
@given(st.integers(0, 10**6))
def test_resampled_scores_are_scikit_learns_on_the_resampled_paragraphs(seed: int) -> None:
    Y, proba, given_, groups = sample(seed)
    resampled = bootstrap(Y, given_, groups, SCHEMA, proba=proba, n_resamples=4, seed=seed)
    for r, rows in enumerate(rows_of_resamples(groups, 4, seed)):
        topics, guess, scores = Y[rows, :4], given_[rows, :4], proba[rows, :4]
        ours = resampled["topics"]
        for average in ("micro", "macro"):
            theirs = f1_score(topics, guess, average=average, zero_division=0)
            assert ours[f"{average}_f1"][r] == pytest.approx(theirs)
        theirs = [average_precision_score(topics[:, j], scores[:, j]) for j in range(4)]
        assert ours["mean_average_precision"][r] == pytest.approx(np.mean(theirs))
        for j, label in enumerate(ours["labels"].values()):
            assert label["average_precision"][r] == pytest.approx(theirs[j])
            recall = recall_score(topics[:, j], guess[:, j], zero_division=0)
            assert label["recall"][r] == pytest.approx(recall)
        y, predicted = Y[rows, 4:].argmax(1), given_[rows, 4:].argmax(1)
        assert resampled["stance"]["accuracy"][r] == pytest.approx(accuracy_score(y, predicted))
        macro = f1_score(y, predicted, average="macro", labels=[0, 1, 2], zero_division=0)
        assert resampled["stance"]["macro_f1"][r] == pytest.approx(macro)


@pytest.mark.parametrize("empty", [(), (1,), (0, 1, 2, 3)])
def test_full_scores_are_those_of_score(empty: tuple[int, ...]) -> None:
    Y, proba, given_, _ = sample(3)
    Y[:, list(empty)] = 0
    ours, theirs = full_scores(Y, given_, SCHEMA, proba=proba), score(Y, proba, given_, SCHEMA)
    for dimension in SCHEMA.dimensions:
        labels = [(ours, theirs)[i][dimension.id].pop("labels") for i in range(2)]
        pairs = [(ours[dimension.id], theirs[dimension.id])]
        pairs += [(labels[0][x], labels[1][x]) for x in dimension.label_ids]
        for measured, expected in pairs:
            if "support" not in expected:
                assert list(measured) == list(expected)
            for metric, values in measured.items():
                known = np.nan if expected[metric] is None else expected[metric]
                assert values[0] == pytest.approx(known, nan_ok=True)


def test_seed_governs_the_resamples() -> None:
    Y, _, given_, groups = sample(0)
    one, same, other = (
        bootstrap(Y, given_, groups, SCHEMA, n_resamples=5, seed=s)["stance"]["accuracy"]
        for s in (0, 0, 1)
    )
    assert (one == same).all()
    assert (one != other).any()
    assert "mean_average_precision" not in bootstrap(Y, given_, groups, SCHEMA)["topics"]


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    """Recall is 0.7 by construction; 200 samples of 60 articles with a common luck each."""
    rng, schema, n_covered = np.random.default_rng(1), one_label(), 0
    for _ in range(200):
        groups = np.repeat(np.arange(60), 5)
        Y = np.ones((300, 2), dtype=np.int64)
        given_ = rng.random((300, 2)) < rng.beta(7, 3, 60)[groups][:, None]
        drawn = bootstrap(Y, given_, groups.astype(str).tolist(), schema, n_resamples=400)
        low, high = intervals(drawn)["d"]["labels"]["a"]["recall"]
        n_covered += low <= 0.7 <= high
    assert 0.89 <= n_covered / 200 <= 0.99


def test_paragraphs_repeated_within_articles_widen_the_interval() -> None:
    Y, _, given_, _ = sample(5, n=80)
    Y, given_ = np.repeat(Y, 4, axis=0), np.repeat(given_, 4, axis=0)
    articles, alone = [str(i // 4) for i in range(320)], [str(i) for i in range(320)]
    width = [
        np.ptp(intervals(bootstrap(Y, given_, groups, SCHEMA))["topics"]["micro_f1"])
        for groups in (articles, alone)
    ]
    assert width[0] > 1.6 * width[1]  # 2 in expectation: a quarter of the information


def test_intervals_have_the_nesting_of_scores_and_none_without_support() -> None:
    Y, proba, given_, groups = sample(2)
    Y[:, 1] = 0
    bounds = intervals(bootstrap(Y, given_, groups, SCHEMA, proba=proba, n_resamples=50), 0.9)
    known, empty, *_ = bounds["topics"]["labels"].values()
    assert empty["average_precision"] is None
    assert 0 <= known["f1"][0] < known["f1"][1] <= 1
    assert list(bounds["topics"]) == ["micro_f1", "macro_f1", "mean_average_precision", "labels"]
