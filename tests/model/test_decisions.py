"""Decisions keep what they promise, on scores that they were not drawn from."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import SEEDS, Classify
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import binom

from depeche import load_model
from depeche.labels.schema import read_schema
from depeche.model.deciding.decisions import (
    NEVER,
    Decisions,
    HeldOut,
    Rule,
    _binomial_tail,
    conformal_limit,
    precision_threshold,
    recall_threshold,
)
from depeche.model.reading.reader import read_article
from depeche.model.tagging import SHIPPED
from depeche.train.evaluation.metrics import calibration_error

SCHEMA = read_schema()
SHARES = dict(zip(SCHEMA.label_names, [0.05, 0.01, 0.05, 0.01, 0.2, 0.6, 0.2], strict=True))
MODEL = load_model(SHIPPED)
HELD_OUT = MODEL.artifact.held_out  # the shipped model's out-of-fold scores and labels
TOPICS, STANCES = range(4), range(4, 7)


def half(rng: np.random.Generator) -> np.ndarray:
    return rng.random(len(HELD_OUT.Y)) < 0.5


def decisions(chosen: np.ndarray, rule: Rule) -> Decisions:
    held_out = HeldOut(proba=HELD_OUT.proba[chosen], Y=HELD_OUT.Y[chosen])
    return Decisions(SCHEMA, MODEL.artifact.calibration.threshold, held_out, rule)


def test_topics_are_calibrated() -> None:
    for j in TOPICS:
        assert calibration_error(HELD_OUT.proba[:, j], HELD_OUT.Y[:, j].astype(int)) <= 0.03


def test_precision_that_was_asked_for_is_reached_on_other_paragraphs() -> None:
    rng = np.random.default_rng(0)
    precision: list[list[float]] = [[] for _ in TOPICS]
    recall: list[list[float]] = [[] for _ in TOPICS]
    for _ in range(50):
        chosen = half(rng)
        tags = decisions(chosen, Rule(precision=0.9)).given(HELD_OUT.proba[~chosen])
        for j in TOPICS:
            y, given_ = HELD_OUT.Y[~chosen, j], tags[:, j]
            if given_.any():  # half the paragraphs may be too few to promise it
                precision[j].append(float(y[given_].mean()))
                recall[j].append(float(given_[y].mean()))
    for j in TOPICS:
        assert len(precision[j]) >= 10
        assert np.mean(precision[j]) >= 0.88
        assert np.mean(recall[j]) >= 0.25


@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_coverage_that_was_asked_for_is_reached_within_two_points(coverage: float) -> None:
    rng = np.random.default_rng(0)
    covered = np.zeros((200, SCHEMA.n_labels))
    for split in range(200):
        chosen = half(rng)
        for j in range(SCHEMA.n_labels):
            proba, y = HELD_OUT.proba[:, j], HELD_OUT.Y[:, j]
            limit = conformal_limit(proba[chosen & y], coverage)
            covered[split, j] = (proba[~chosen & y] >= limit).mean()
    assert covered.mean(axis=0) == pytest.approx(coverage, abs=0.02)


def test_what_is_not_left_to_a_person_keeps_the_promise() -> None:
    rng = np.random.default_rng(0)
    chosen = half(rng)
    decided = decisions(chosen, Rule(coverage=0.9))
    proba, Y = HELD_OUT.proba[~chosen], HELD_OUT.Y[~chosen]
    tags, review = decided.given(proba), decided.review(proba)
    for j in TOPICS:
        sure = tags[:, j] & ~review[:, j]
        left_out = ~tags[:, j] & ~review[:, j]
        assert not sure.any() or Y[sure, j].mean() >= 0.88
        assert left_out[Y[:, j]].mean() <= 0.13
        assert review[:, j].mean() < 0.4
    kept = (tags | review)[:, STANCES]
    assert kept[Y[:, STANCES]].mean() >= 0.88
    assert 0.2 < review[:, STANCES].any(axis=1).mean() < 0.8


def test_single_dimension_in_review_lists_all_that_is_possible() -> None:
    decided = decisions(np.ones(len(HELD_OUT.Y), dtype=bool), Rule())
    doubtful, clear = [0, 0, 0, 0, 0.35, 0.3, 0.35], [0, 0, 0, 0, 0.01, 0.98, 0.01]
    review = decided.review(np.array([doubtful, clear]))
    assert review[0, [4, 6]].all()
    assert not review[1].any()


def test_single_dimension_of_which_nothing_is_possible_is_left_to_a_person() -> None:
    decided = decisions(np.ones(len(HELD_OUT.Y), dtype=bool), Rule(coverage=0.5))
    assert (decided.limits.possible[4:] > [0.3, 0.5, 0.3]).all()
    review = decided.review(np.array([[0, 0, 0, 0, 0.3, 0.4, 0.3]]))
    assert review[0, 4:].tolist() == [False, True, False]


@given(arrays(np.float64, (3, 7), elements=st.floats(0, 1)), st.floats(0.05, 0.9))
def test_asking_for_more_coverage_never_shortens_the_list(proba: np.ndarray, low: float) -> None:
    every = np.ones(len(HELD_OUT.Y), dtype=bool)
    proba[:, 4:] = (proba[:, 4:] + 1e-3) / (proba[:, 4:] + 1e-3).sum(axis=1, keepdims=True)
    fewer, more = (decisions(every, Rule(coverage=c)).review(proba) for c in (low, low + 0.09))
    assert (more[:, :4] >= fewer[:, :4]).all()


@pytest.mark.parametrize("n", [30, 400])
def test_thresholds_hold_what_they_promise_nine_times_in_ten(n: int) -> None:
    rng = np.random.default_rng(0)
    wide = rng.beta(0.5, 1, 200_000)
    truth = rng.random(200_000) < wide
    broken_precision = broken_recall = 0
    for _ in range(300):
        proba = rng.beta(0.5, 1, n)
        y = rng.random(n) < proba
        threshold = precision_threshold(proba, y, 0.8)
        broken_precision += threshold < NEVER and truth[wide >= threshold].mean() < 0.8
        threshold = recall_threshold(proba[y], 0.8)
        broken_recall += threshold < NEVER and (wide[truth] >= threshold).mean() < 0.8
    assert broken_precision <= 0.13 * 300
    assert broken_recall <= 0.13 * 300


@given(st.integers(1, 300), st.data(), st.floats(0.01, 0.99))
def test_binomial_tail_agrees_with_scipy(n: int, data: st.DataObject, p: float) -> None:
    k = data.draw(st.integers(0, n))
    assert _binomial_tail(n, k, p) == pytest.approx(binom.cdf(k, n, p), abs=1e-9)


def test_label_without_paragraphs_is_never_given_on_request() -> None:
    nothing = HeldOut(proba=np.full((50, 7), 0.5), Y=np.zeros((50, 7), dtype=bool))
    for rule in (Rule(precision=0.9), Rule(recall=0.9)):
        never = Decisions(SCHEMA, np.full(7, 0.5), nothing, rule)
        assert never.lacking == ["military", "space", "diplomacy", "sanctions"]
        assert not never.given(np.ones((1, 7)))[:, :4].any()


@pytest.mark.parametrize("coverage", [0.7, 0.8, 0.9])
def test_prediction_sets_agree_with_mapie(coverage: float) -> None:
    from mapie.classification import SplitConformalClassifier
    from sklearn.base import BaseEstimator, ClassifierMixin

    class Given(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
        """Takes scores for features, so that mapie sees exactly ours."""

        def fit(self) -> "Given":
            self.classes_ = np.arange(3)
            return self

        def predict_proba(self, X: np.ndarray) -> np.ndarray:
            return X

        def predict(self, X: np.ndarray) -> np.ndarray:
            return np.asarray(X.argmax(axis=1))

    rng = np.random.default_rng(0)
    chosen = half(rng)
    proba, y = HELD_OUT.proba[:, 4:], HELD_OUT.Y[:, 4:].argmax(axis=1)
    proba = proba / proba.sum(axis=1, keepdims=True)  # mapie takes no rounded scores
    exact = HeldOut(proba=HELD_OUT.proba[chosen].copy(), Y=HELD_OUT.Y[chosen])
    exact.proba[:, 4:] = proba[chosen]
    limits = Decisions(SCHEMA, np.zeros(7), exact, Rule(coverage=coverage)).limits.possible[4:]
    for k in range(3):  # by class: mapie is given the paragraphs of one at a time
        theirs = SplitConformalClassifier(
            Given().fit(), confidence_level=coverage, conformity_score="lac", prefit=True
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that there is one class
            theirs.conformalize(proba[chosen & (y == k)], y[chosen & (y == k)])
        _, sets = theirs.predict_set(proba[~chosen])
        assert (sets[:, k, 0] == (proba[~chosen][:, k] >= limits[k] - 1e-9)).all()


def test_missed_labels_are_controlled_as_by_mapie() -> None:
    from mapie.risk_control import MultiLabelClassificationController

    rng = np.random.default_rng(0)
    chosen = half(rng)
    limits = decisions(chosen, Rule(coverage=0.9)).limits.possible
    grid = np.round(np.arange(0, 0.6, 0.01), 4)
    for j in (0, 2):  # it takes seconds a label
        mine = HELD_OUT.proba[chosen & HELD_OUT.Y[:, j], j]
        theirs = MultiLabelClassificationController(
            predict_function=lambda X: X,
            risk="recall",
            method="crc",
            target_level=0.9,
            predict_params=grid,
        )
        theirs.calibrate(mine[:, None], np.ones((len(mine), 1), dtype=int))
        assert float(theirs.best_predict_param[0]) == pytest.approx(limits[j], abs=0.011)


@pytest.fixture
def tagged(classify: Classify, tmp_path: Path) -> Callable[..., list[dict[str, object]]]:
    def run(*options: object) -> list[dict[str, object]]:
        done = classify(SEEDS, "--format", "jsonl", "--model", SHIPPED, *options)
        assert done.returncode == 0, done.stderr
        (tmp_path / "stderr.txt").write_text(done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


def test_command_line_asks_for_a_precision_and_names_what_cannot_hold_it(
    tagged: Callable[..., list[dict[str, object]]], tmp_path: Path
) -> None:
    records = tagged("--precision", 0.999)
    messages = (tmp_path / "stderr.txt").read_text()
    assert "no threshold holds a precision of 0.999 for military: it is never given" in messages
    assert all(not record["topics"] for record in records)
    assert records[0]["model"]["asked"] == {"precision": 0.999}  # type: ignore[index]


def test_command_line_re_anchors_scores(
    tagged: Callable[..., list[dict[str, object]]], tmp_path: Path
) -> None:
    (tmp_path / "p.json").write_text(json.dumps(SHARES))
    (before, *_), (after, *_) = tagged(), tagged("--prevalence", tmp_path / "p.json")
    assert after["model"]["asked"]["prevalence"] == SHARES  # type: ignore[index]
    for old, new in zip(before["paragraphs"], after["paragraphs"], strict=True):  # type: ignore[call-overload]
        assert all(new["scores"][name] <= old["scores"][name] for name in old["scores"])
    tagged("--prevalence", "batch")
    assert "estimated share of paragraphs: military" in (tmp_path / "stderr.txt").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--precision", 1.5), "precision must lie between 0 and 1, not be 1.5"),
        (("--precision", 0.9, "--recall", 0.9), "cannot both be asked for"),
        (("--precision", 0.9, "--prevalence", "batch"), "ask for it without --prevalence"),
    ],
)
def test_what_cannot_be_promised_is_refused_in_one_line(
    classify: Classify, options: tuple[object, ...], message: str
) -> None:
    done = classify(SEEDS, *options)
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_review_of_a_record_is_what_decisions_leave_to_a_person() -> None:
    names, n_doubted = np.array(SCHEMA.label_names), 0
    for path in sorted(SEEDS.glob("*.txt")):
        for paragraph in MODEL.records([read_article(path)])[0]["paragraphs"]:
            scores = [*paragraph["scores"].values(), *paragraph["stance_scores"].values()]
            review = MODEL.decisions.review(np.array([scores]))[0]
            assert paragraph["review"] == list(names[review])
            n_doubted += len(paragraph["review"])
    assert n_doubted
