"""Which paragraphs are chosen next: by the shares asked for, from what a model has learnt."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from made_sessions import MULTI, SCHEMA, SINGLE
from scipy import sparse

from depeche.labels.errors import SettingsError
from depeche.model.scoring.features import FeatureSettings
from depeche.model.scoring.linear import LinearScorer
from depeche.train.active.learning import expected_best
from depeche.train.active.mix import BATCH, Mix, parse_mix
from depeche.train.active.selection import Ground, Learnt, choose, doubt
from depeche.train.active.trainer import Plan

NO_SCORER = LinearScorer(
    FeatureSettings(table_bits=8),
    np.zeros(512, np.float32),
    np.zeros((512, 2), np.float16),
    np.zeros(2, np.float32),
)
ONE_LABEL = replace(SCHEMA, dimensions=(replace(MULTI, labels=MULTI.labels[:2]),))


def made_ground(n: int, n_reserved: int = 0, n_articles: int | None = None) -> Ground:
    """Return a pool of paragraphs with random features; the first ones are reserved."""
    chance = np.random.default_rng(0)
    X = sparse.random(n, 50, 0.2, format="csr", random_state=chance)
    return Ground(
        X=X,
        article=np.arange(n) % (n_articles or n),
        text=np.arange(n),
        rank=np.arange(n),
        reserved=np.arange(n) < n_reserved,
    )


def made_learnt(n: int) -> Learnt:
    """Return logits from -1 to 1, those of the second label rising from another row on."""
    first = np.linspace(-1, 0.9, n)  # no two equally far from 0
    return Learnt(
        logits=np.column_stack([first, np.roll(first, n // 3)]),
        thresholds=np.zeros(2),
        n_positive=np.array([30, 3]),
        scorer=NO_SCORER,
    )


def chosen(ground: Ground, learnt: Learnt | None, mix: Mix, n: int = BATCH) -> Plan:
    decided = np.zeros(len(ground.text), dtype=bool)
    picks = choose(ground, decided, learnt, ONE_LABEL, mix, np.random.default_rng(0), n)
    return [(str(row), reason) for row, reason in picks]


def test_batch_has_the_shares_asked_for() -> None:
    mix = Mix(uncertain=0.5, rare=0.25, random=0.25)
    picks = chosen(made_ground(200, 50), made_learnt(200), mix, 20)
    assert Counter(reason for _, reason in picks) == {"uncertain": 10, "rare": 5, "random": 5}
    assert len({row for row, _ in picks}) == 20
    cold = chosen(made_ground(200, 50), None, mix, 20)
    assert Counter(reason for _, reason in cold) == {"diverse": 15, "random": 5}


def test_reserved_paragraphs_come_at_random_alone_and_in_their_order() -> None:
    picks = chosen(made_ground(200, 50), made_learnt(200), Mix())
    assert all((int(row) < 50) == (reason == "random") for row, reason in picks)
    drawn = sorted(int(row) for row, reason in picks if reason == "random")
    assert drawn == list(range(len(drawn)))


def test_uncertain_ones_are_among_the_nearest_to_some_threshold() -> None:
    learnt = made_learnt(400)
    picks = chosen(made_ground(400), learnt, Mix(uncertain=1, rare=0, random=0), 10)
    rows = [int(row) for row, _ in picks]
    assert {reason for _, reason in picks} == {"uncertain"}
    distance = np.abs(learnt.logits)
    assert np.mean(np.min(distance[rows], axis=1)) < np.mean(np.min(distance, axis=1)) / 2
    for to_threshold in distance[rows].T:
        assert (to_threshold < 0.2).any()


def test_uncertain_ones_stand_for_others_and_not_twice_for_the_same() -> None:
    ground = made_ground(60)
    X = np.zeros((60, 50))
    X[:30, 0] = X[30:59, 1] = X[59, 2] = 1  # two kinds, and an outlier
    learnt = replace(made_learnt(60), logits=np.zeros((60, 2)))
    mix = Mix(uncertain=1, rare=0, random=0)
    picks = chosen(replace(ground, X=sparse.csr_matrix(X)), learnt, mix, 2)
    assert sorted(int(row) // 30 for row, _ in picks) == [0, 1]
    assert "59" not in [row for row, _ in picks]


def test_threshold_is_that_of_the_pool_and_not_of_what_was_chosen() -> None:
    chance = np.random.default_rng(0)
    pool = chance.normal(-2, 2, 20_000)
    y = (chance.random(20_000) < 1 / (1 + np.exp(-pool))).astype(np.int64)
    near = np.argsort(np.abs(pool))[:4000]  # as one who asks of the uncertain ones gets them
    f1 = {
        t: 2 * (y[pool >= t].sum()) / ((pool >= t).sum() + y.sum()) for t in np.linspace(-2, 2, 41)
    }
    threshold = expected_best(pool[near], y[near], pool)
    assert threshold == pytest.approx(max(f1, key=f1.__getitem__), abs=0.3)


def test_rare_ones_are_given_the_label_with_fewest_examples() -> None:
    learnt = made_learnt(300)
    picks = chosen(made_ground(300), learnt, Mix(uncertain=0, rare=1, random=0), 10)
    assert {reason for _, reason in picks} == {"rare"}
    assert all(learnt.logits[int(row), 1] >= 0 for row, _ in picks)


def test_article_comes_once_a_batch_while_there_are_others() -> None:
    mix = Mix(uncertain=1, rare=0, random=0)
    picks = chosen(made_ground(300, n_articles=10), made_learnt(300), mix, 10)
    assert len({int(row) % 10 for row, _ in picks}) == 10
    assert len(chosen(made_ground(300, n_articles=10), made_learnt(300), mix)) == BATCH


def test_near_duplicates_come_once_and_the_others_last() -> None:
    ground = replace(made_ground(40), text=np.arange(40) // 2)
    decided = np.zeros(40, dtype=bool)
    chance = np.random.default_rng(0)
    first = [row for row, _ in choose(ground, decided, None, ONE_LABEL, Mix(), chance)]
    assert len(first) == 20  # of forty
    assert len({row // 2 for row in first}) == 20
    decided[first] = True
    second = [row for row, _ in choose(ground, decided, None, ONE_LABEL, Mix(), chance)]
    assert sorted(first + second) == list(range(40))


def test_doubt_is_of_known_labels_and_between_the_two_best_of_a_single_dimension() -> None:
    n_multi, n_single = len(MULTI.labels), len(SINGLE.labels)
    logits = np.tile(np.arange(n_multi + n_single) / 10, (2, 1))
    thresholds, n_positive = np.zeros(logits.shape[1]), np.ones(logits.shape[1], dtype=np.int64)
    n_positive[0] = 0
    learnt = Learnt(logits=logits, thresholds=thresholds, n_positive=n_positive, scorer=NO_SCORER)
    distance = doubt(learnt, SCHEMA)
    assert distance[0].tolist() == pytest.approx([np.inf, *logits[0, 1:n_multi], 0.1])


@pytest.mark.parametrize(
    "text",
    ["uncertain=1,odd=0", "random=0.5", "random=x", "random", "rare=-1,random=2", "rare=nan"],
)
def test_shares_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="--mix"):
        parse_mix(text)


def test_shares_are_read_as_they_are_written() -> None:
    assert parse_mix("rare=0.25, random=0.75") == Mix(uncertain=0, rare=0.25, random=0.75)
    assert parse_mix(str(Mix())) == Mix()
