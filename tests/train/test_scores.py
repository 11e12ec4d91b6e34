"""Scores, thresholds and calibration, against plain references."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import accuracy_score, f1_score

from depeche.labels.dataset import FOLDER, load_labels
from depeche.labels.schema import read_schema
from depeche.model.deciding.calibration import sigmoid, softmax
from depeche.train.calibrating import best_threshold, fit_calibration
from depeche.train.diagnostics import _worth
from depeche.train.evaluation.baselines import constant_given
from depeche.train.evaluation.metrics import indicator, score

SCHEMA = read_schema()


def test_worth_of_more_labels_follows_the_power_law_of_the_points() -> None:
    points = [{"n": n, "topics": 1 - 3 * n**-0.4} for n in (1000, 2000, 4000)]
    expected = 3 * 4000**-0.4 - 3 * 4500**-0.4
    assert _worth(points, "topics") == pytest.approx(expected)


def test_constant_answer_is_the_best_there_is() -> None:
    rng = np.random.default_rng(0)
    Y = (rng.random((200, 7)) < [0.3, 0.02, 0.25, 0.01, 0, 0, 0]).astype(np.int64)
    Y[:, 5] = 1
    given_ = constant_given(Y, SCHEMA)
    best = max(
        f1_score(Y[:, :4], np.tile(row, (200, 1)), average="micro", zero_division=0)
        for row in product((0, 1), repeat=4)
    )
    assert f1_score(Y[:, :4], given_[:, :4], average="micro") == pytest.approx(best)
    assert given_[:, 4:].tolist() == [[False, True, False]] * 200


@given(
    arrays(np.float64, 12, elements=st.floats(0, 1)),
    arrays(np.int64, 12, elements=st.integers(0, 1)),
)
def test_threshold_has_the_best_f1_of_all(proba: np.ndarray, y: np.ndarray) -> None:
    proba = proba.round(2)
    threshold = best_threshold(proba, y)
    if not y.any():
        assert threshold == 0.5
        return
    best = max(f1_score(y, proba >= t, zero_division=0) for t in {*proba, 0.0})
    assert f1_score(y, proba >= threshold) == pytest.approx(best)


def test_calibration_recovers_the_probabilities_that_made_the_labels() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(scale=2, size=(4000, 7))
    Y = (rng.random((4000, 7)) < sigmoid(0.5 * logits - 1)).astype(np.int64)
    stances = [rng.choice(3, p=p) for p in softmax(0.7 * logits[:, 4:])]
    Y[:, 4:] = np.eye(3, dtype=np.int64)[stances]
    calibration = fit_calibration(logits, Y, np.arange(4000) % 5, SCHEMA)
    assert set(calibration.method[:4]) <= {"sigmoid", "isotonic"}
    assert calibration.slope[:4] == pytest.approx(0.5, abs=0.06)
    assert calibration.offset[:4] == pytest.approx(-1, abs=0.12)
    assert calibration.slope[4:] == pytest.approx(0.7, abs=0.06)


@settings(max_examples=30)
@given(st.integers(0, 10**6))
def test_scores_agree_with_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    Y = rng.integers(0, 2, (30, 7))
    Y[:, 4:] = np.eye(3, dtype=np.int64)[rng.integers(0, 3, 30)]
    given_ = rng.integers(0, 2, (30, 7))
    given_[:, 4:] = np.eye(3, dtype=np.int64)[rng.integers(0, 3, 30)]
    scores = score(Y, rng.random((30, 7)), given_.astype(bool), SCHEMA)
    topics, stance = scores["topics"], scores["stance"]
    assert topics["micro_f1"] == pytest.approx(f1_score(Y[:, :4], given_[:, :4], average="micro"))
    assert topics["macro_f1"] == pytest.approx(f1_score(Y[:, :4], given_[:, :4], average="macro"))
    y, predicted = Y[:, 4:].argmax(1), given_[:, 4:].argmax(1)
    assert stance["accuracy"] == pytest.approx(accuracy_score(y, predicted))
    assert stance["macro_f1"] == pytest.approx(f1_score(y, predicted, average="macro"))


def test_labels_without_examples_do_not_spoil_the_means() -> None:
    Y = np.zeros((4, 7), dtype=np.int64)
    Y[:2, 0] = 1
    Y[:, 4] = 1
    scores = score(Y, Y.astype(float), Y.astype(bool), SCHEMA)
    assert scores["topics"]["macro_f1"] == 1.0
    assert scores["topics"]["labels"]["space"]["average_precision"] is None


def test_indicator_has_a_column_a_label_in_schema_order() -> None:
    labels = load_labels([FOLDER / "seeds.jsonl"], SCHEMA)
    Y = indicator(labels)
    assert Y[0].tolist() == [1, 0, 1, 0, 1, 0, 0]
    assert (Y[:, 4:].sum(axis=1) == 1).all()
