"""`classify audit`: what it ranks first, what it writes, and when it says that somebody drifts."""

import csv
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, Classify, run_classify, write_rows, write_schema
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchmarks.audit import SHARE, measure
from depeche.labels.dataset import SHIPPED, LabelledSet, load_labels
from depeche.labels.labelling.session import Session
from depeche.labels.paragraphs import LabelledParagraph, read_labels
from depeche.labels.schema import Dimension, Schema, read_schema
from depeche.train.active.opening import open_labels
from depeche.train.active.order import RandomOrder
from depeche.train.active.pool import read_labelled_pool
from depeche.train.audit.contradictions import broken_rules
from depeche.train.audit.doubts import confident_answers, find_doubts
from depeche.train.audit.drift import FEWEST, Shift, find_drift

PARTS = {"rubrique": ("single", ["sport", "culture", "monde"]), "thèmes": ("multi", ["eau", "feu"])}
TWINS = ("p40", "p43")  # of different articles


def made_rows() -> list[dict[str, Any]]:
    """Return paragraphs whose words say which labels they have, as their labels do."""
    chance = random.Random(1)
    rows = []
    for i in range(120):
        section = PARTS["rubrique"][1][i % 3]
        themes = [x for x in PARTS["thèmes"][1] if chance.random() < 0.3]
        words = [f"{x}{chance.randrange(3)}" for x in [section, *themes] for _ in range(3)]
        words += [f"mot{chance.randrange(200)}" for _ in range(8)]
        rows.append(
            {
                **{"id": f"p{i}", "article": f"a{i // 2}", "rubrique": section, "thèmes": themes},
                **{"text": " ".join(chance.sample(words, len(words))) + ".", "annotator": "anne"},
            }
        )
    rows[43] |= {key: rows[40][key] for key in ("rubrique", "thèmes", "text")}
    return rows


WRONG = {  # dimension and paragraph to the label in question
    **{("rubrique", "p7"): "monde", ("rubrique", "p8"): "culture"},
    **{("thèmes", "p33"): "eau", ("thèmes", "p31"): "eau", ("thèmes", "p40"): "feu"},
}


@dataclass(frozen=True)
class Audited:
    """A folder in which labels were audited, some of them `WRONG`, and what was printed."""

    folder: Path
    options: tuple[object, ...]
    result: dict[str, Any]

    def of(self, reason: str) -> list[dict[str, Any]]:
        return [f for f in self.result["findings"] if f["reason"] == reason]


def write_made(folder: Path) -> Path:
    """Write made labels of which some are wrong, and return their schema."""
    rows = made_rows()
    for (dimension, id), label in WRONG.items():
        row = rows[int(id[1:])]
        row[dimension] = label if dimension == "rubrique" else sorted({label} ^ set(row[dimension]))
    write_rows(folder / "mine.jsonl", rows)
    schema = write_schema(folder / "schema.toml", PARTS)
    text = schema.read_text().replace('definition="eau"', 'definition="eau"\nkeywords=["eau0"]')
    schema.write_text(text)
    return schema


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Audited:
    folder = tmp_path_factory.mktemp("audited")
    options = ("audit", "mine.jsonl", "--schema", write_made(folder), "--top", 3)
    files = ("--output", "found.jsonl", "--queue", "queue.jsonl")
    done = run_classify(*options, *files, "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return Audited(folder, options, json.loads(done.stdout))


def test_wrong_labels_of_any_schema_come_first(audited: Audited) -> None:
    first = audited.of("model")
    found = {(f["dimension"], f["id"]): f["label"] for f in first if f["looks_wrong"]}
    assert found.items() >= WRONG.items()
    for dimension in PARTS:
        doubts = [f["doubt"] for f in first if f["dimension"] == dimension]
        assert doubts == sorted(doubts, reverse=True)
    for f in first:
        assert f["given"] or f["instead"] is None
        assert f["doubt"] == pytest.approx(1 - f["score"] if f["given"] else f["score"], abs=2e-4)


def test_contradictions_name_what_is_contradicted(audited: Audited) -> None:
    (twins,) = audited.of("duplicate")
    assert ({twins["id"], twins["twin"]}, twins["label"]) == (set(TWINS), "feu")
    (broken,) = audited.of("keyword")
    assert (broken["id"], broken["label"], broken["keyword"]) == ("p33", "eau", "eau0")
    assert [a["name"] for a in audited.result["annotators"]] == ["anne"]


def test_table_tells_what_is_given_why_it_is_doubtful_and_how_the_text_begins(
    audited: Audited,
) -> None:
    done = run_classify(*audited.options, "--output", "f.csv", cwd=audited.folder, COLUMNS="70")
    assert done.returncode == 0, done.stderr
    table = done.stdout.split("\n\n")[0].splitlines()
    assert table[0] == "rubrique, labels that look wrong: 2"
    assert {line.split()[1] for line in table[2:6:2]} == {"monde", "culture"}
    assert all("looks wrong: " in line for line in table[2:6:2])
    assert {line.split(":")[0].strip() for line in table[3:7:2]} == {"p7", "p8"}
    assert max(map(len, table)) <= 70
    assert "near-duplicate p4" in done.stdout
    assert "'eau0': " in done.stdout
    assert "No annotator drifts beyond noise." in done.stdout
    assert done.stdout.splitlines()[-1] == audited.result["signature"]
    expected = audited.result["findings"]
    rows = list(csv.DictReader((audited.folder / "f.csv").read_text().splitlines()))
    assert rows == [{k: "" if v is None else str(v) for k, v in f.items()} for f in expected]
    lines = (audited.folder / "found.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == expected


def test_queue_holds_the_records_most_doubtful_first_and_is_labelled_blind(
    audited: Audited, tmp_path: Path
) -> None:
    lines = (audited.folder / "mine.jsonl").read_text().splitlines()
    queue = (audited.folder / "queue.jsonl").read_text().splitlines()
    assert set(queue) < set(lines)
    ids = [json.loads(line)["id"] for line in queue]
    assert len(set(ids)) == len(ids)
    assert set(ids) == {f["id"] for f in audited.result["findings"]}
    assert ids[0] == audited.result["findings"][0]["id"]
    schema = read_schema(audited.folder / "schema.toml")
    with open_labels(tmp_path / "again.jsonl", schema) as file:
        pool, _ = read_labelled_pool(audited.folder / "queue.jsonl", file.records, schema, None)
        session = Session(
            items=pool.items,
            queue=RandomOrder(pool.items, file.records, seed=0),
            file=file,
            schema=schema,
            annotator="paul",
            suggests="never",
        )
        while session.item is not None:
            session.draft.toggle(schema.dimensions[0], "sport")
            assert session.confirm() == []
    assert {p.id for p in read_labels(tmp_path / "again.jsonl", schema)} == set(ids)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["mine.jsonl", "--output", "x.txt"], "x.txt: findings are written to a name that ends in"),
        (
            ["mine.jsonl", "--queue", "mine.jsonl"],
            "mine.jsonl: is read, and would be overwritten: give",
        ),
        (["none.jsonl"], "none.jsonl: cannot read the labels: No such file or directory"),
        (["few.jsonl"], "2 groups (by article, near-duplicates together) are too few for 5 folds"),
    ],
)
def test_what_cannot_work_is_said_in_one_line(
    classify: Classify, tmp_path: Path, args: Sequence[str], message: str
) -> None:
    schema = write_made(tmp_path)
    write_rows(tmp_path / "few.jsonl", made_rows()[:4])
    done = classify("audit", *args, "--schema", schema)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"classify: {message}")


MULTI, SINGLE = (
    Dimension(id="x", kind=kind, fr="x", en="x", labels=read_schema().dimensions[1].labels)
    for kind in ("multi", "single")
)
SCORES = arrays(np.float64, (12, 3), elements=st.floats(0.001, 0.999))
ANSWERS = arrays(np.int64, (12, 3), elements=st.integers(0, 1))


def one_each(places: Sequence[int]) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.eye(3, dtype=np.int64)[list(places)]


@given(SCORES, ANSWERS, st.permutations(range(12)))
def test_doubts_do_not_depend_on_the_order_of_the_paragraphs(
    proba: Any, Y: Any, order: list[int]
) -> None:
    plain, moved = find_doubts(MULTI, Y, proba), find_doubts(MULTI, Y[order], proba[order])
    assert (plain.doubt[order] == moved.doubt).all()
    assert ((plain.doubt >= 0) & (plain.doubt <= 1)).all()
    rows, cells = plain.ranked()
    ranked = plain.doubt[rows, cells]
    assert (np.diff(ranked) <= 0).all()
    assert sorted(zip(rows, cells, strict=True)) == [(i, j) for i in range(12) for j in range(3)]


@given(SCORES, ANSWERS)
def test_yes_and_no_are_treated_alike(proba: Any, Y: Any) -> None:
    plain, turned = find_doubts(MULTI, Y, proba), find_doubts(MULTI, 1 - Y, 1 - proba)
    assert np.allclose(plain.doubt, turned.doubt)


@given(SCORES, st.lists(st.integers(0, 2), min_size=12, max_size=12))
def test_a_single_answer_is_doubted_by_what_the_others_get(proba: Any, places: list[int]) -> None:
    proba = proba / proba.sum(axis=1, keepdims=True)
    found = find_doubts(SINGLE, one_each(places), proba)
    assert found.label[:, 0].tolist() == places
    assert (found.instead != found.label).all()
    assert np.allclose(found.doubt[:, 0], [1 - proba[i, j] for i, j in enumerate(places)])


def test_an_answer_looks_wrong_when_another_reaches_what_it_usually_gets() -> None:
    proba = np.array([[0.9, 0.1], [0.7, 0.3], [0.3, 0.7], [0.2, 0.8], [0.15, 0.85], [0.5, 0.5]])
    given_ = np.array([0, 0, 1, 1, 0, 1])
    # On average 0.58 for the first where it is given, 0.67 for the second.
    assert confident_answers(proba, given_).tolist() == [0, 0, 1, 1, 1, 1]
    assert confident_answers(proba, np.zeros(6, dtype=np.int64)).tolist() == [0] * 6


def test_keyword_is_a_rule_only_where_nearly_all_others_with_it_have_the_label(
    tmp_path: Path,
) -> None:
    path = write_schema(tmp_path / "schema.toml", {"x": ("multi", ["feu"])})
    path.write_text(path.read_text() + 'keywords = ["flamme*", "rouge"]\n')
    (dimension,) = read_schema(path).dimensions
    texts = [f"Les flammes {i} montent." for i in range(11)] + ["Un mur rouge."] * 11 + ["Rien."]
    Y = np.array([[1]] * 10 + [[0]] + [[1]] * 8 + [[0]] * 3 + [[1]])
    found = broken_rules(dimension, Y, texts)
    assert list(found) == [(10, 0)]
    rule = found[10, 0]
    assert (rule.keyword, rule.n_labelled, rule.n_others) == ("flamme*", 10, 10)


def shifts_of(schema: Schema, late: float, sources: str, seed: int) -> tuple[Shift, ...]:
    """Return an annotator's shifts, who in the last half gives `feu` more often by `late`."""
    rng = np.random.default_rng(seed)
    n = 4 * FEWEST
    expected = rng.uniform(0.1, 0.7, (n, 2))
    rate = expected + np.outer(np.arange(n) >= n / 2, [0, late])
    paragraphs = tuple(
        LabelledParagraph(
            id=f"p{i}",
            article=f"a{i // 2}",
            text="x",
            kind="body",
            labels={},
            annotator="anne",
            date=None,
            source=sources[i * len(sources) // n],
        )
        for i in range(n)
    )
    labels = LabelledSet(schema=schema, paragraphs=paragraphs, digests={}, n_left_out=0)
    Y = (rng.random((n, 2)) < rate).astype(np.int64)
    (anne,) = find_drift(labels, Y, expected, rng.random(n) < 0.1)
    assert (anne.name, anne.n_paragraphs) == ("anne", n)
    return anne.shifts


@pytest.fixture
def themes(tmp_path: Path) -> Schema:
    return read_schema(write_schema(tmp_path / "x.toml", {"thèmes": ("multi", ["eau", "feu"])}))


def test_drift_is_told_with_its_label_and_interval(themes: Schema) -> None:
    shifts = shifts_of(themes, 0.25, "a", seed=4)
    assert [shift.label for shift in shifts] == [None, "eau", "feu"]
    (real,) = [shift for shift in shifts if shift.real]
    assert real.label == "feu"
    assert 0 < real.low < 0.25 < real.high
    assert real.difference == pytest.approx(real.last - real.first)


def test_noise_is_called_drift_once_in_twenty_times(themes: Schema) -> None:
    called = [any(s.real for s in shifts_of(themes, 0.0, "a", seed)) for seed in range(200)]
    assert 0.01 <= np.mean(called) <= 0.1


def test_what_differs_with_the_source_is_no_drift(themes: Schema) -> None:
    assert shifts_of(themes, 0.25, "ab", seed=0) == ()


def test_no_annotators_or_too_few_paragraphs_give_no_shifts(tmp_path: Path) -> None:
    schema = read_schema(write_schema(tmp_path / "schema.toml", {"x": ("multi", ["eau"])}))
    rows: list[dict[str, object]] = [
        {"id": f"p{i}", "article": f"p{i}", "text": "x", "x": [], "annotator": "zoé" if i else None}
        for i in range(FEWEST)
    ]
    labels = load_labels([write_rows(tmp_path / "x.jsonl", rows)], schema)
    zeros = np.zeros((FEWEST, 1))
    (zoe,) = find_drift(labels, zeros.astype(np.int64), zeros, np.zeros(FEWEST, dtype=bool))
    assert (zoe.name, zoe.n_paragraphs, zoe.shifts) == ("zoé", FEWEST - 1, ())
    nobody = load_labels([write_rows(tmp_path / "y.jsonl", rows[:1])], schema)
    assert find_drift(nobody, zeros[:1].astype(np.int64), zeros[:1], np.zeros(1, dtype=bool)) == ()


def shipped(orangesum: Path) -> LabelledSet:
    return load_labels(SHIPPED, read_schema(ROOT / "labels" / "schema.toml"), orangesum=orangesum)


@pytest.mark.slow
def test_half_of_the_first_answers_of_several_labels_were_turned_round(orangesum: Path) -> None:
    whole = shipped(orangesum)
    kept = set(sorted(set(whole.articles))[::2])
    half = whole.chosen([i for i, article in enumerate(whole.articles) if article in kept])
    for found, dimension in zip(measure(half, 0), half.schema.dimensions, strict=True):
        assert found.audit >= (0.5 if dimension.kind == "multi" else 5 * SHARE)
