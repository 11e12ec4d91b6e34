"""`classify audit`: what it ranks first, what it writes, and when it says that somebody drifts."""

import csv
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Classify, run_classify, write_rows, write_schema

from benchmarks.audit import SHARE, measure
from depeche.labels.dataset import SHIPPED, LabelledSet, load_labels
from depeche.labels.labelling.session import Session
from depeche.labels.records import read_labels
from depeche.labels.schema import read_schema
from depeche.train.active.opening import open_labels
from depeche.train.active.order import RandomOrder
from depeche.train.active.pool import read_labelled_pool

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
                "id": f"p{i}",
                "article": f"a{i // 2}",
                "rubrique": section,
                "thèmes": themes,
                "text": " ".join(chance.sample(words, len(words))) + ".",
                "annotator": "anne",
            }
        )
    rows[43] |= {key: rows[40][key] for key in ("rubrique", "thèmes", "text")}
    return rows


WRONG = {  # dimension and paragraph to the label in question
    ("rubrique", "p7"): "monde",
    ("rubrique", "p8"): "culture",
    ("thèmes", "p33"): "eau",
    ("thèmes", "p31"): "eau",
    ("thèmes", "p40"): "feu",
}


@dataclass(frozen=True)
class Audited:
    """A folder in which labels were audited, some of them `WRONG`, and what was printed."""

    folder: Path
    options: tuple[object, ...]
    result: dict[str, Any]

    def select(self, reason: str) -> list[dict[str, Any]]:
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
    first = audited.select("model")
    wrong = {(f["dimension"], f["id"]): f["label"] for f in first if f["looks_wrong"]}
    assert wrong.items() >= WRONG.items()
    for dimension in PARTS:
        doubts = [f["doubt"] for f in first if f["dimension"] == dimension]
        assert doubts == sorted(doubts, reverse=True)
    for f in first:
        assert f["given"] or f["instead"] is None
        assert f["doubt"] == pytest.approx(1 - f["score"] if f["given"] else f["score"], abs=2e-4)


def test_contradictions_name_what_is_contradicted(audited: Audited) -> None:
    (twins,) = audited.select("duplicate")
    assert ({twins["id"], twins["twin"]}, twins["label"]) == (set(TWINS), "feu")
    (broken,) = audited.select("keyword")
    assert (broken["id"], broken["label"], broken["keyword"]) == ("p33", "eau", "eau0")
    assert [a["name"] for a in audited.result["annotators"]] == ["anne"]


@pytest.fixture(scope="module")
def table(audited: Audited) -> str:
    """Return what the audit prints in a terminal of 70 columns; it writes `f.csv` besides."""
    done = run_classify(*audited.options, "--output", "f.csv", cwd=audited.folder, COLUMNS="70")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_table_shows_what_is_given_why_it_is_doubtful_and_how_the_text_begins(
    table: str,
) -> None:
    lines = table.split("\n\n")[0].splitlines()
    assert lines[0] == "rubrique, labels that look wrong: 2"
    assert {line.split()[1] for line in lines[2:6:2]} == {"monde", "culture"}
    assert all("looks wrong: " in line for line in lines[2:6:2])
    assert {line.split(":")[0].strip() for line in lines[3:7:2]} == {"p7", "p8"}
    assert max(map(len, lines)) <= 70


def test_table_shows_contradictions_drift_and_the_signature(audited: Audited, table: str) -> None:
    assert "near-duplicate p4" in table
    assert "'eau0': " in table
    assert "No annotator drifts beyond noise." in table
    assert table.splitlines()[-1] == audited.result["signature"]


@pytest.mark.usefixtures("table")
def test_findings_are_written_as_rows(audited: Audited) -> None:
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


def shipped(orangesum: Path) -> LabelledSet:
    return load_labels(SHIPPED, read_schema(ROOT / "labels" / "schema.toml"), orangesum=orangesum)


@pytest.mark.slow
def test_half_of_the_first_answers_of_several_labels_were_turned_round(orangesum: Path) -> None:
    labels = shipped(orangesum)
    kept = set(sorted(set(labels.articles))[::2])
    half = labels.chosen([i for i, article in enumerate(labels.articles) if article in kept])
    for shares, dimension in zip(measure(half, 0), half.schema.dimensions, strict=True):
        assert shares.audit >= (0.5 if dimension.kind == "multi" else 5 * SHARE)
