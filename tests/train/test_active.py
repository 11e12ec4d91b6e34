"""The queue of `classify label`: what it asks for, that it never waits, that it saves labels."""

from __future__ import annotations

import importlib.util
import json
import sys
from multiprocessing import active_children
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from made_sessions import MULTI, SCHEMA, SINGLE, made_items, press, text_of

from depeche.labels.labelling.label_file import DecisionFile
from depeche.labels.labelling.messages import TEXTS
from depeche.labels.labelling.queue import Item
from depeche.labels.labelling.session import Session
from depeche.labels.paragraphs import LabelledParagraph
from depeche.labels.system.language import Language
from depeche.train.active.mix import BATCH, Mix, draw_of
from depeche.train.active.queue import ActiveQueue
from depeche.train.active.trainer import Chooser, Plan, Question, Setup, Trainer


class Answers:
    """Plans that a test gives, in the place of a trainer's."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.questions: list[Question] = []
        self.plan: Plan | None = None
        self.is_busy = False

    def ask(self, question: Question) -> None:
        self.questions.append(question)

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
    assert [len(question.labels) for question in answers.questions] == [0, BATCH + 3]


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
    plan = Chooser(setup).plan(Question(labels=labels, closed=["p159"]))
    rare = [id for id, reason in plan if reason == "rare"]
    assert len(rare) > 10
    assert all(int(id[1:]) % 2 == 0 for id in rare)
    assert not {id for id, _ in plan} & {"p159", *(id for id, _ in labels)}
    cold = Chooser(setup).plan(Question(labels=[], closed=[]))
    assert {reason for _, reason in cold} == {"diverse"}


def wait_for(trainer: Trainer) -> Plan | None:
    """Return the answer of a trainer; it takes seconds."""
    trainer._n_waiting -= 1
    return trainer._answers.get(timeout=150)


def test_trainer_that_is_killed_is_replaced_with_the_next_question() -> None:
    setup, labels = labelled_setup(60)
    trainer = Trainer(setup)
    trainer.ask(Question(labels=[], closed=[]))
    assert wait_for(trainer)
    for process in active_children():
        process.kill()
        process.join()
    trainer.ask(Question(labels=labels, closed=[]))
    assert wait_for(trainer) is None
    trainer.ask(Question(labels=labels, closed=[]))
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
