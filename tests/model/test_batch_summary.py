"""What a batch tells, what may be asked of it, and what its tables and folders hold."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, SEEDS, Classify, write_rows
from made_batches import Tag, ids, rows_of, text, write_articles

from depeche.labels.schema import read_schema
from depeche.model.batch.log import iter_kept
from depeche.model.batch.outcomes import Entry
from depeche.model.outputs.rows import sidecar_name, write_csv, write_sidecars


def test_summary_counts_what_the_records_say(here: Path, tag: Tag) -> None:
    (here / "in" / ".hidden.txt").touch()
    (here / "in" / "picture.png").touch()
    (here / "in" / "menu.txt").write_text("Publicité\n\n" + text(60))
    (here / "in" / "english.txt").write_text(
        "The minister met his counterpart to talk about peace in the region, the palace said.\n"
    )
    status, messages = tag("in", "in/a0000.txt", "--output", "out.jsonl")
    rows = rows_of(here / "out.jsonl")
    lines = messages.splitlines()
    n_paragraphs = sum(len(row["paragraphs"]) for row in rows)
    assert status == 3
    assert lines[0] == "classify: in/a0002b.txt: empty: there is no text to tag"
    assert lines[1] == "classify: in/picture.png: skipped: other ending"
    assert lines[2] == (
        "classify: 1 failed, 1 skipped: all are listed in .depeche/out.jsonl/errors.jsonl"
    )
    assert lines[3] == f"classify: 7 articles, {n_paragraphs} paragraphs"
    for line, dimension in zip(lines[4:6], read_schema().dimensions, strict=True):
        counts = []
        for label in dimension.label_ids:
            values = [row[dimension.id] for row in rows]
            given = [x if isinstance(x, list) else [x] for x in values]
            n = sum(any(tag["label"] == label for tag in tags) for tags in given)
            counts.append(f"{label} {n}")
        assert line == f"classify: {dimension.id}: {', '.join(counts)}"
    n_lines = sum(len(row["skipped"]) for row in rows)
    noun = "line" if n_lines == 1 else "lines"
    assert lines[6] == (
        "classify: 1 double file, 1 hidden file, 1 other ending file, "
        f"{n_lines} heading or boilerplate {noun} skipped; 1 not French; 1 failed"
    )
    assert rows_of(here / ".depeche" / "out.jsonl" / "errors.jsonl") == [
        {"input": "in/a0002b.txt", "reason": "empty: there is no text to tag"},
        {"input": "in/picture.png", "reason": "skipped: other ending"},
    ]
    (here / "in" / "a0002b.txt").unlink()
    assert tag("in", "in/a0000.txt", "--output", "out.jsonl")[0] == 0
    assert not (here / ".depeche" / "out.jsonl" / "errors.jsonl").exists()


def test_many_failures_are_told_in_part_and_listed_whole(here: Path, tag: Tag) -> None:
    for i in range(30):
        (here / "in" / f"empty{i:02}.txt").touch()
    messages = tag("in", "--output", "out.jsonl")[1]
    assert messages.count("there is no text to tag") == 20
    assert "classify: 31 failed, 0 skipped: all are listed in .depeche/out.jsonl/errors" in messages
    assert len(rows_of(here / ".depeche" / "out.jsonl" / "errors.jsonl")) == 31


def test_inputs_are_named_by_lists_patterns_and_standard_input(
    here: Path, classify: Classify
) -> None:
    listed = "in/a0001.txt\nin/a0000.txt\n"
    done = classify("tag", "--files-from", "-", "--output", "o.jsonl", stdin=listed, cwd=here)
    assert (done.returncode, ids(here / "o.jsonl")) == (0, ["in/a0001.txt", "in/a0000.txt"])
    done = classify("tag", "-", "in", "--output", "p.jsonl", stdin=text(9), cwd=here)
    assert (done.returncode, len(ids(here / "p.jsonl"))) == (3, 6)
    assert ids(here / "p.jsonl")[0] == "-"
    done = classify("-", "--prevalence", "batch", stdin=text(9), cwd=here)
    assert json.loads(done.stdout)["id"] == "-"


def test_include_and_exclude_choose(here: Path, tag: Tag) -> None:
    tag("in", "--output", "o.jsonl", "--include", "*[012].txt", "--exclude", "a0001*")
    assert ids(here / "o.jsonl") == ["in/a0000.txt", "in/a0002.txt"]


@pytest.mark.parametrize(
    "args",
    [
        ["--paragraphs", "--format", "jsonl"],
        ["--paragraphs", "--format", "html", "--output", "x.html"],
        *(["--format", form] for form in ("html", "parquet", "sidecar")),
        ["--format", "html", "--output", "/dev/null"],
        ["--jobs", "0"],
    ],
)
def test_usage_that_makes_no_sense_is_exit_status_two(tag: Tag, args: list[str]) -> None:
    assert tag("in", *args)[0] == 2


def test_several_processes_give_the_same_bytes(here: Path, tag: Tag) -> None:
    write_articles(here / "in", 9)
    for jobs in (1, 2):
        assert tag("in", "--output", f"{jobs}.jsonl", "--jobs", jobs)[0] == 3
    assert (here / "1.jsonl").read_bytes() == (here / "2.jsonl").read_bytes()


def test_article_twice_in_a_table_is_two_records(here: Path, tag: Tag) -> None:
    row = {"id": "x", "text": text(1)}
    write_rows(here / "t.jsonl", [row, row, {"id": "x", "text": text(2)}, {"text": text(1)}])
    for _ in range(2):
        tag("t.jsonl", "--output", "o.jsonl")
        rows = rows_of(here / "o.jsonl")
        assert [r["id"] for r in rows] == ["x", "x", "x", "t.jsonl:4"]
        assert rows[0] == rows[1]
        assert rows[2]["sha256"] != rows[0]["sha256"] == rows[3]["sha256"]
    tag("t.jsonl", "--output", "side", "--format", "sidecar")
    assert len(list((here / "side").iterdir())) == 4


def test_one_article_is_written_at_once_over_what_was_there(here: Path, tag: Tag) -> None:
    (here / "x.jsonl").write_text("old")
    assert tag("in/a0000.txt", "--output", "x.jsonl") == (0, "")
    assert ids(here / "x.jsonl") == ["in/a0000.txt"]
    assert tag("in/a0001.txt", "--output", "x.jsonl") == (0, "")
    assert ids(here / "x.jsonl") == ["in/a0001.txt"]
    assert {path.name for path in here.iterdir()} == {"in", "x.jsonl"}
    assert tag("in/a0002b.txt", "--output", "x.jsonl")[0] == 1
    assert ids(here / "x.jsonl") == ["in/a0001.txt"]


def test_one_article_as_a_page_or_table_is_one(here: Path, tag: Tag) -> None:
    for form in ("html", "parquet", "csv"):
        assert tag("in/a0000.txt", "--output", f"x.{form}")[0] == 0
    assert (here / "x.html").read_text().startswith("<!DOCTYPE html>")
    assert (here / "x.parquet").read_bytes().startswith(b"PAR1")
    assert (here / "x.csv").read_text(encoding="utf-8-sig").startswith("id,")


def test_help_says_what_a_batch_keeps(classify: Classify) -> None:
    messages = " ".join(classify("tag", "--help").stdout.split())
    assert ".depeche/OUTPUT beside it keeps what is done" in messages
    assert (
        "The result of one article, and json, is written at once, over what was there" in messages
    )


# Outputs of made-up records


def record(**about: Any) -> dict[str, Any]:
    """Return the record of a seed, with other fields."""
    global _RECORD
    if not _RECORD:
        from depeche.model.tagging import load_model

        _RECORD = load_model().tag([text(0)])[0]
    record: dict[str, Any] = json.loads(json.dumps(_RECORD))
    return record | about


_RECORD: dict[str, Any] = {}
HOSTILE = (
    *("=1+1", "+33 6", "@SUM(A1)", "-2", "\tx", "\rx", '=HYPERLINK("http://x")', "</script>"),
    *("a\rb", "a\nb", "a\r\nb", "\u2028x", "\x01\x1f", "😀", "\u202eabc", '"', ",;", "'=1", " x "),
)


def test_cells_of_a_table_are_never_formulas_and_otherwise_unchanged(tmp_path: Path) -> None:
    schema = read_schema()
    records = [record(id=cell, title=cell, source=cell) for cell in HOSTILE]
    with (tmp_path / "o.csv").open("w", encoding="utf-8-sig", newline="") as file:
        write_csv(iter(records), schema, file, paragraphs=False)
    with (tmp_path / "o.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(HOSTILE)
    for row, cell in zip(rows, HOSTILE, strict=True):
        for name in ("id", "title", "source"):
            assert not row[name].startswith(("=", "+", "-", "@", "\t", "\r"))
            assert row[name] in (cell, f"'{cell}")


IDS = (
    *("../../etc/passwd", "/etc/passwd", "a", "a.json/b", "a.JSON/b", "A", "a", "", ".", "..", "/"),
    *("x" * 3000, "é" * 3000, "/".join("d" * 500), "a/../b", "a\\..\\b", "a\0b", "a\nb", "C:\\x"),
    *("https://x.fr/a?b=1", "<script>", "\u202e", "-rf", "con", "a.json_/b", "X.json", "x.JSON"),
)


def test_sidecars_stay_in_their_folder_whatever_the_ids(tmp_path: Path) -> None:
    folder = tmp_path / "side"
    write_sidecars((record(id=id) for id in IDS), folder)
    assert [path.name for path in tmp_path.iterdir()] == ["side"]
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert sorted(json.loads(path.read_text())["id"] for path in files) == sorted(IDS)
    names = [str(path.relative_to(folder)).casefold() for path in folder.rglob("*")]
    assert len(names) == len(set(names)) or "a.json" in names
    for id in IDS:
        name = sidecar_name(id)
        assert ".." not in name.split("/")
        assert not name.startswith("/")
        assert max(len(part.encode()) for part in name.split("/")) < 200


def test_entries_that_are_not_complete_end_the_reading(tmp_path: Path) -> None:
    entries = [Entry(f"{i}.txt", str(i), "k", "empty") for i in range(3)]
    lines = [entry.to_line() for entry in entries]
    for broken in (lines[1][:-1], lines[1][1:], lines[1].replace(b"empty", b"EMPTY"), b"\n", b"x"):
        (tmp_path / "done").write_bytes(lines[0] + broken + lines[2])
        kept = [tagged.entry for tagged, *_ in iter_kept(tmp_path / "done", None)]
        assert [entry.where for entry in kept] == ["0.txt"]
    assert list(iter_kept(tmp_path / "none", None)) == []


def test_seeds_are_the_same_through_a_batch_and_standard_output(here: Path, tag: Tag) -> None:
    assert tag(SEEDS, "--output", "o.jsonl")[0] == 0
    assert tag(SEEDS)[0] == 0
    assert (here / "o.jsonl").read_text() == (here.parent / "stdout").read_text()
    assert ROOT / "seeds" == SEEDS
