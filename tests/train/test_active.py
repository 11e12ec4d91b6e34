"""The queue of `classify label`: what it asks for, that it never waits, that it saves labels."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections import Counter
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from made_sessions import MULTI, SCHEMA, SINGLE, made_items, press, text_of
from scipy import sparse

from depeche.labels.errors import SettingsError
from depeche.labels.labelling.label_file import DecisionFile
from depeche.labels.labelling.messages import TEXTS
from depeche.labels.labelling.queue import Item
from depeche.labels.labelling.session import Session
from depeche.labels.paragraphs import LabelledParagraph
from depeche.labels.system.language import Language
from depeche.model.scoring.features import FeatureSettings
from depeche.model.scoring.linear import LinearScorer
from depeche.train.active.learning import expected_best
from depeche.train.active.mix import BATCH, Mix, draw_of, parse_mix
from depeche.train.active.queue import ActiveQueue
from depeche.train.active.selection import Ground, Learnt, choose, doubt
from depeche.train.active.trainer import Asked, Chooser, Plan, Setup, Trainer

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
    for of_label in distance[rows].T:
        assert (of_label < 0.2).any()


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
    found = expected_best(pool[near], y[near], pool)
    assert found == pytest.approx(max(f1, key=f1.__getitem__), abs=0.3)


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
    found = doubt(learnt, SCHEMA)
    assert found[0].tolist() == pytest.approx([np.inf, *logits[0, 1:n_multi], 0.1])


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


class Answers:
    """Plans that a test gives, in the place of a trainer's."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.asked: list[Asked] = []
        self.plan: Plan | None = None
        self.is_busy = False

    def ask(self, asked: Asked) -> None:
        self.asked.append(asked)

    def answer(self) -> Plan | None:
        plan, self.plan = self.plan, None
        return plan


def made_queue(items: dict[str, Item], lang: Language = "en") -> tuple[ActiveQueue, Answers]:
    made = []

    def planner(setup: Setup) -> Answers:
        made.append(Answers(setup))
        return made[0]

    words, mix = TEXTS[lang].why, Mix(uncertain=0.5, rare=0, random=0.5)
    queue = ActiveQueue(items, {}, schema=SCHEMA, mix=mix, seed=0, words=words, planner=planner)
    return queue, made[0]


def decision_of(item: Item) -> LabelledParagraph:
    return LabelledParagraph(
        id=item.id,
        article=item.article,
        text=item.text,
        kind="body",
        labels={MULTI.id: MULTI.label_ids[:1], SINGLE.id: SINGLE.label_ids[:1]},
        annotator="anne",
        source=None,
        date=None,
    )


def asked_for(queue: ActiveQueue) -> Item:
    item = queue.next()
    assert item is not None
    return item


def test_paragraph_stays_until_told_then_the_plan_is_followed() -> None:
    items = made_items(12)
    queue, answers = made_queue(items)
    first = asked_for(queue)  # nothing is planned yet
    assert queue.why(first) == "at random"
    planned = [id for id in items if id != first.id][:3]
    answers.plan = [(id, "uncertain") for id in planned]
    assert queue.next() == first
    queue.tell(first, decision_of(first))
    assert asked_for(queue).id == planned[0]
    assert queue.why(items[planned[0]]) == "the model is unsure"
    queue.skip(items[planned[0]])
    assert asked_for(queue).id == planned[1]
    queue.tell(items[planned[1]], decision_of(items[planned[1]]))
    queue.tell(items[planned[1]], None)  # taken back
    assert asked_for(queue).id == planned[1]


def test_every_paragraph_comes_once_without_any_plan() -> None:
    items = made_items(30)
    queue, answers = made_queue(items)
    answers.is_busy = True  # for ever
    seen = []
    while (item := queue.next()) is not None:
        seen.append(item.id)
        queue.tell(item, decision_of(item))
    assert sorted(seen) == sorted(items)
    assert seen == sorted(items, key=lambda id: draw_of(id, 0))


def test_plan_is_asked_for_every_batch_and_not_while_one_is_made() -> None:
    items = made_items(60)
    queue, answers = made_queue(items)
    for n in range(1, 2 * BATCH + 1):
        answers.is_busy = n < BATCH + 3
        item = asked_for(queue)
        queue.tell(item, decision_of(item))
    assert [len(asked.labels) for asked in answers.asked] == [0, BATCH + 3]


def test_records_say_how_they_were_drawn(tmp_path: Path) -> None:
    items = made_items(12)
    queue, answers = made_queue(items, "fr")
    lowest = min(items, key=lambda id: draw_of(id, 0))
    answers.plan = [(next(id for id in items if id != lowest), "rare")]
    file = DecisionFile(tmp_path / "mine.jsonl", SCHEMA)
    session = Session(
        items=items, queue=queue, file=file, schema=SCHEMA, annotator="anne", notes=queue.notes
    )
    assert "étiquette rare" in str(press(session, size=(100, 30), lang="fr", see=text_of("place")))
    press(session, "2", "enter", "2", "enter", "left", "3", "enter")
    file.close()
    rows = [json.loads(line) for line in (tmp_path / "mine.jsonl").read_text().splitlines()]
    assert [row["drawn"] for row in rows] == ["rare", "random"]


def test_large_random_share_ends_where_its_sample_would_be_none() -> None:
    items = made_items(40)
    queue, answers = made_queue(items)
    answers.is_busy = True
    drawn = {}
    while (item := queue.next()) is not None:
        drawn[item.id] = queue.notes(item)
        queue.tell(item, decision_of(item))
    marked = {id for id, note in drawn.items() if note == {"drawn": "random"}}
    assert marked == {id for id in items if draw_of(id, 0) < 0.5}


def labelled_setup(n: int) -> tuple[Setup, list[tuple[str, dict[str, tuple[str, ...]]]]]:
    """Return a pool in which a word gives the label away, and labels of the first half."""
    words = ("l’armée engage des chars", "la fusée quitte la base")
    items = {
        f"p{i}": Item(id=f"p{i}", article=f"a{i // 2}", text=f"Jour {i} : {words[i % 2]} mot{i}.")
        for i in range(n)
    }
    made = []

    def planner(setup: Setup) -> Answers:
        made.append(setup)
        return Answers(setup)

    mix = Mix(uncertain=0, rare=1, random=0)
    ActiveQueue(items, {}, schema=SCHEMA, mix=mix, seed=0, words={}, planner=planner)
    labels = [
        (f"p{i}", {MULTI.id: MULTI.label_ids[i % 2 : 1 + i % 2], SINGLE.id: SINGLE.label_ids[:1]})
        for i in range(n // 2)
    ]
    return made[0], [pair for i, pair in enumerate(labels) if i % 2 or i % 10 == 0]


def test_trained_on_a_batch_it_finds_the_rare_label() -> None:
    setup, labels = labelled_setup(160)
    plan = Chooser(setup).plan(Asked(labels=labels, closed=["p159"]))
    rare = [id for id, reason in plan if reason == "rare"]
    assert len(rare) > 10
    assert all(int(id[1:]) % 2 == 0 for id in rare)
    assert not {id for id, _ in plan} & {"p159", *(id for id, _ in labels)}
    assert {reason for _, reason in Chooser(setup).plan(Asked(labels=[], closed=[]))} == {"diverse"}


def wait_for(trainer: Trainer) -> Plan | None:
    """Return the answer of a trainer; it takes seconds."""
    trainer._n_waiting -= 1
    return trainer._answers.get(timeout=150)


def test_trainer_that_is_killed_is_replaced_with_the_next_question() -> None:
    setup, labels = labelled_setup(60)
    trainer = Trainer(setup)
    trainer.ask(Asked(labels=[], closed=[]))
    assert wait_for(trainer)
    for process in active_children():
        process.kill()
        process.join()
    trainer.ask(Asked(labels=labels, closed=[]))
    assert wait_for(trainer) is None
    trainer.ask(Asked(labels=labels, closed=[]))
    plan = wait_for(trainer)
    assert plan
    assert not {id for id, _ in plan} & {id for id, _ in labels}


@pytest.mark.slow
def test_queue_is_ahead_of_random_order(orangesum: Path) -> None:
    spec = importlib.util.spec_from_file_location("active", ROOT / "benchmarks" / "active.py")
    assert spec
    assert spec.loader
    active = importlib.util.module_from_spec(spec)
    sys.modules["active"] = active  # dataclasses look their module up
    spec.loader.exec_module(active)
    corpus, points = active.load_corpus(orangesum, Mix()), (300, 400, 500)
    queue, random = (
        [f1 for seed in (100, 101) for f1 in active.simulate(corpus, seed, mix, points, every=100)]
        for mix in (Mix(), None)
    )
    assert np.mean(queue) > np.mean(random)
