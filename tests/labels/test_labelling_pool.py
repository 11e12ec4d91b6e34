"""What `classify label` and `classify adjudicate` ask for, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ROOT, SEEDS, Classify, write_rows
from made_sessions import (
    FIRST,
    MULTI,
    SCHEMA,
    SINGLE,
    iter_open,
    press,
    text_of,
)

from depeche.labels.errors import LabelsError
from depeche.labels.labelling.label_file import DecisionFile
from depeche.labels.labelling.queue import folded
from depeche.labels.labelling.session import Session
from depeche.labels.records import read_labels
from depeche.model.inputs.inputs import Inputs
from depeche.train.active.order import PoolOrder, RandomOrder
from depeche.train.active.pool import read_disputed_pool, read_labelled_pool, read_pool


def test_pool_holds_each_text_once_and_knows_what_is_labelled(tmp_path: Path) -> None:
    texts = [f"Le ministre numéro {i} a reçu son homologue à Paris mardi." for i in range(3)]
    for name, order in (("a", (0, 1)), ("b", (1, 2))):
        path = tmp_path / "crawl" / f"{name}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n\n".join(texts[i] for i in order))
    inputs = Inputs([str(tmp_path / "crawl")])
    pool = read_pool(inputs, {}, source="crawl")
    assert [item.text for item in pool.items.values()] == texts
    assert pool.n_repeated == 1
    row: dict[str, object] = {
        "id": "other",
        "article": "x",
        "text": texts[1].upper(),
        "kind": "body",
    }
    row |= {d.id: [] if d.kind == "multi" else d.label_ids[0] for d in SCHEMA.dimensions}
    known = {r.id: r for r in read_labels(write_rows(tmp_path / "k.jsonl", [row]), SCHEMA)}
    again = read_pool(inputs, known, source="crawl")
    assert list(again.items)[1] == "other"
    assert list(again.items)[::2] == list(pool.items)[::2]  # ids stay
    queue = RandomOrder(again.items, known, seed=0)
    assert [item.id for item in iter_open(queue)] == [
        item.id for item in iter_open(RandomOrder(pool.items, [list(pool.items)[1]], seed=0))
    ]


def test_blind_pool_has_the_paragraphs_of_a_labels_file_without_labels() -> None:
    pool, annotators = read_labelled_pool(ROOT / "labels" / "seeds.jsonl", {}, SCHEMA, None)
    bodies = [r for r in read_labels(ROOT / "labels" / "seeds.jsonl", SCHEMA) if r.kind == "body"]
    assert list(pool.items) == [record.id for record in bodies]
    assert "lm-1" in annotators
    assert not any(hasattr(item, "labels") for item in pool.items.values())


@pytest.fixture
def readings(tmp_path: Path) -> list[Path]:
    """Return the files of two readers of one article: they differ on its last two paragraphs."""
    given = {"anna": [(0, 0), (0, 0), (0, 1)], "bruno": [(0, 0), (0, 1), (1, 2)]}
    return [
        write_rows(
            tmp_path / f"{name}.jsonl",
            [
                {"id": f"p{i}", "article": "x", "text": f"Texte mot{i}.", "annotator": name}
                | {MULTI.id: [MULTI.label_ids[topic]], SINGLE.id: SINGLE.label_ids[stance]}
                for i, (topic, stance) in enumerate(answers)
            ],
        )
        for name, answers in given.items()
    ]


def test_disputes_show_who_gave_what_and_the_most_disputed_come_first(
    readings: list[Path], tmp_path: Path
) -> None:
    pool = read_disputed_pool(readings, {}, SCHEMA, None)
    assert list(pool.items) == ["p2", "p1"]
    assert (pool.items["p1"].before, pool.items["p1"].after) == ("Texte mot0.", "Texte mot2.")
    file = DecisionFile(tmp_path / "settled.jsonl", SCHEMA)
    queue = PoolOrder(pool.items, file.records)
    session = Session(items=pool.items, queue=queue, file=file, schema=SCHEMA, annotator="carla")
    seen = str(press(session, see=text_of("panel")))
    lines = {line.split()[2]: line for line in seen.splitlines() if line.split()[2:]}
    names = [SCHEMA.dimensions[0].labels[0].en, *(x.en for x in SINGLE.labels[1:])]
    assert [lines[name].split()[3:4] for name in names] == [["anna"], ["anna"], ["bruno"]]
    file.close()


def test_disputes_are_settled_with_both_votes_kept(readings: list[Path], tmp_path: Path) -> None:
    pool = read_disputed_pool(readings, {}, SCHEMA, None)
    file = DecisionFile(tmp_path / "settled.jsonl", SCHEMA)
    queue = PoolOrder(pool.items, file.records)
    session = Session(items=pool.items, queue=queue, file=file, schema=SCHEMA, annotator="carla")
    assert "Still to choose" in str(press(session, "enter", see=text_of("status")))
    press(session, FIRST, "2", "enter", "1", "enter")
    assert session.item is None
    file.close()
    first, second = read_labels(tmp_path / "settled.jsonl", SCHEMA)
    assert (first.annotator, first.labels[MULTI.id]) == ("carla", MULTI.label_ids[:1])
    assert second.labels == second.votes["anna"]  # what both gave was chosen already
    assert [v[SINGLE.id] for v in first.votes.values()] == [(x,) for x in SINGLE.label_ids[1:3]]
    again = read_disputed_pool(readings, {}, SCHEMA, None)
    assert PoolOrder(again.items, {"p2": first}).next() == again.items["p1"]


def test_file_of_disputes_is_settled_like_the_files_of_annotators(
    readings: list[Path], tmp_path: Path, classify: Classify
) -> None:
    path = tmp_path / "disputes.jsonl"
    classify("agreement", *readings, "--disputes", path)
    votes = {i.id: i.votes for i in read_disputed_pool([path], {}, SCHEMA, None).items.values()}
    items = read_disputed_pool(readings, {}, SCHEMA, None).items.values()
    assert votes == {item.id: item.votes for item in items}
    with pytest.raises(LabelsError, match="no votes in it: give the files of two annotators"):
        read_disputed_pool(readings[:1], {}, SCHEMA, None)


def test_blind_reading_comes_in_the_order_of_the_file(tmp_path: Path) -> None:
    articles = "abab"
    records = [
        {"id": str(i), "article": a, "text": f"Texte mot{i}."}
        | {MULTI.id: [], SINGLE.id: SINGLE.label_ids[0]}
        for i, a in enumerate(articles)
    ]
    pool, _ = read_labelled_pool(write_rows(tmp_path / "q.jsonl", records), {}, SCHEMA, None)
    assert [item.id for item in iter_open(PoolOrder(pool.items, {"1": None}))] == ["0", "2", "3"]
    assert pool.items["2"].before == "Texte mot0."


def test_folded_forgets_case_accents_and_punctuation() -> None:
    assert (
        folded("L’ŒUVRE, dit-il : « été »")
        == folded("l'oeuvre dit il ÉTÉ")
        == "l oeuvre dit il ete"
    )


def test_command_without_a_terminal_is_refused(classify: Classify) -> None:
    done = classify("label", SEEDS, "--labels", "mine.jsonl", "--annotator", "anne")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("classify: classify label needs a terminal")


def test_pool_as_its_own_labels_file_is_refused(classify: Classify) -> None:
    done = classify("label", "a.jsonl", "--labels", "./a.jsonl", "--annotator", "anne", "--blind")
    assert done.returncode == 1
    assert "give the labels a file of their own" in done.stderr
