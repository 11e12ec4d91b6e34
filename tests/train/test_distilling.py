"""Distillation: the linear model, taught by another one's probabilities."""

from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import Classify, run_classify, some_labels, write_rows, write_schema

from depeche.labels.dataset import LabelledSet, load_labels
from depeche.labels.schema import read_schema
from depeche.model.tagging import SHIPPED, load_model
from depeche.train.distilling import Lesson, Teacher, prepare_lesson, train_student
from depeche.train.evaluation.metrics import indicator
from depeche.train.tfidf.settings import TrainSettings

SPORT = ["but", "match", "stade", "ligue", "arbitre", "tribune", "maillot", "coupe", "penalty"]
OTHER = ["loi", "vote", "ministre", "budget", "texte", "mairie", "décret", "motion", "scrutin"]


def silent(_: str) -> None:
    pass


def paragraphs(n: int, rng: random.Random) -> list[tuple[str, bool]]:
    """Return made-up paragraphs of three telling words each, and whether they are about sport."""
    made = []
    for _ in range(n):
        sport = rng.random() < 0.5
        words = rng.sample(SPORT if sport else OTHER, 3)
        made.append((f"Hier {words[0]} avec {words[1]} puis {words[2]}.", sport))
    return made


@pytest.fixture
def labels(tmp_path: Path) -> LabelledSet:
    schema = write_schema(tmp_path / "s.toml", {"sujets": ("multi", ["sport"])})
    rows: list[dict[str, object]] = [
        {"id": f"p{i}", "article": f"a{i}", "text": text, "sujets": ["sport"] if sport else []}
        for i, (text, sport) in enumerate(paragraphs(48, random.Random(0)))
    ]
    return load_labels([write_rows(tmp_path / "labels.jsonl", rows)], read_schema(schema))


def test_student_learns_from_its_teacher_and_is_scored_on_what_neither_was_fitted_on(
    labels: LabelledSet,
) -> None:
    more = paragraphs(400, random.Random(1))
    lesson = Lesson(
        teacher="t",
        texts=[text for text, _ in more],
        proba=np.array([[0.97 if sport else 0.04] for _, sport in more]),
        held_out=frozenset(f"p{i}" for i in range(8, 48)),
    )
    training = train_student(labels, TrainSettings(), lesson, progress=silent)
    assert training.out_of_fold.rows.tolist() == list(range(8, 48))
    scores = training.measured["distilled"]
    assert scores["n_unlabelled"] == 400
    assert scores["student"]["sujets"] > scores["alone"]["sujets"]
    assert scores["student"]["sujets"] > 0.95
    assert training.artifact.settings["teacher"] == "t"


def test_wrong_teacher_spoils_the_student(labels: LabelledSet) -> None:
    """What the teacher says is what is learnt: one that answers the contrary is followed."""
    more = paragraphs(400, random.Random(1))
    lesson = Lesson(
        teacher="t",
        texts=[text for text, _ in more],
        proba=np.array([[0.03 if sport else 0.97] for _, sport in more]),
        held_out=frozenset(f"p{i}" for i in range(8, 48)),
    )
    logits = train_student(labels, TrainSettings(), lesson, progress=silent).out_of_fold.logits
    sport = indicator(labels)[8:, 0] == 1
    assert logits[sport].mean() < logits[~sport].mean()


def test_paragraphs_with_labels_are_left_out_of_the_lesson(tmp_path: Path) -> None:
    text = "Le ministre a reçu son homologue mardi à Paris, a indiqué le palais dans un communiqué."
    schema = read_schema()
    row: dict[str, object] = {"id": "p", "article": "a", "text": text}
    row |= {d.id: [] if d.kind == "multi" else d.label_ids[0] for d in schema.dimensions}
    labels = load_labels([write_rows(tmp_path / "labels.jsonl", [row])], schema)
    article = tmp_path / "a.txt"
    article.write_text(f"{text.upper()}\n\n{text.replace('mardi', 'jeudi')}\n")
    teacher = Teacher(run=SimpleNamespace(id="t"), model=load_model(SHIPPED), held_out=frozenset())  # type: ignore[arg-type]
    lesson = prepare_lesson(teacher, labels, [str(article)], progress=silent)
    assert lesson.texts == [text.replace("mardi", "jeudi")]
    assert lesson.proba.shape == (1, schema.n_labels)


def test_teacher_and_articles_go_together(classify: Classify) -> None:
    for options in (("--teacher", "x"), ("--unlabelled", "x")):
        done = classify("train", *options)
        assert done.returncode == 2
        assert "--teacher and --unlabelled go together" in " ".join(done.stderr.split())


def test_teacher_that_held_nothing_out_is_refused(trained: Path, tmp_path: Path) -> None:
    done = run_classify(
        *("train", *some_labels(tmp_path), "--output", tmp_path / "m"),
        *("--teacher", only_run(trained), "--unlabelled", "some.jsonl"),
        cwd=trained,
    )
    assert done.returncode == 1
    assert "its model was fitted on every paragraph" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "m").exists()


def only_run(folder: Path) -> str:
    lines = run_classify("runs", cwd=folder).stdout.splitlines()
    return lines[1].split()[0]
