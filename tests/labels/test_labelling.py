"""`classify label`: what each key does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import write_rows, write_schema
from made_sessions import (
    FIRST,
    MULTI,
    SCHEMA,
    SECOND,
    SINGLE,
    Start,
    decide,
    press,
    rows,
    text_of,
)
from textual.app import App

from depeche.labels.labelling.keys import assign_keys
from depeche.labels.labelling.label_file import journal_of
from depeche.labels.labelling.messages import TEXTS
from depeche.labels.labelling.screens.app import LabelApp
from depeche.labels.labelling.screens.guidelines import help_text
from depeche.labels.labelling.screens.lines import Lines
from depeche.labels.paragraphs import sha256_of
from depeche.labels.records import read_labels
from depeche.labels.schema import read_schema


def test_twenty_paragraphs_are_labelled_in_the_order_shown(start: Start, tmp_path: Path) -> None:
    session = start(20)
    expected = list(session.queue._open)  # type: ignore[attr-defined]
    press(session, *[FIRST, "2", "enter"] * 20)
    assert session.item is None
    assert session.n_done == 20
    session.file.close()
    records = read_labels(tmp_path / "mine.jsonl", SCHEMA)
    assert [record.id for record in records] == expected
    assert {record.labels[SINGLE.id] for record in records} == {SINGLE.label_ids[1:2]}
    assert {(r.annotator, r.source, r.date) for r in records} == {("anne", "made", "2024-12-31")}
    assert not journal_of(tmp_path / "mine.jsonl").exists()


def test_decision_is_on_disk_before_the_next_paragraph(start: Start, tmp_path: Path) -> None:
    session = start()
    shown = session.item
    press(session, FIRST, SECOND, FIRST, "3", "enter")
    assert shown is not None
    (row,) = rows(journal_of(tmp_path / "mine.jsonl"))
    assert (row["id"], row[MULTI.id]) == (shown.id, [MULTI.label_ids[1]])
    assert row[SINGLE.id] == SINGLE.label_ids[2]


def test_enter_without_a_choice_says_what_is_missing(start: Start) -> None:
    session = start()
    status = press(session, FIRST, "enter", lang="fr", see=text_of("status"))
    assert "Reste à choisir" in str(status)
    assert session.n_done == 0


def test_digits_without_shift_on_a_french_keyboard(start: Start) -> None:
    session = start()
    press(session, "é", "enter")
    assert session.counts[SINGLE.id, SINGLE.label_ids[1]] == 1


def test_undo_takes_back_one_decision_after_another(start: Start, tmp_path: Path) -> None:
    session = start()
    first = session.item
    press(session, FIRST, "1", "enter", "2", "enter", "3", "enter", "u", "u", "u", "u")
    assert session.item == first
    assert session.n_done == 0
    assert not session.file.records
    assert session.draft.has(MULTI.id, MULTI.label_ids[0])  # to be mended, not made anew
    session.file.close()
    assert not (tmp_path / "mine.jsonl").exists()


def test_undo_reaches_into_an_earlier_session_and_spares_other_annotators(start: Start) -> None:
    session = start()
    decide(session, 0, 1)
    first, second = session.file.records
    session.file.close()
    path = session.file.path
    lines = rows(path)
    write_rows(path, [lines[0] | {"annotator": "paul", "outlet": "x"}, lines[1]])
    again = start()
    decide(again, -1, -1)
    assert list(again.file.records) == [first]
    assert again.item is not None
    assert again.item.id == second


def test_correction_keeps_the_place_and_undo_brings_the_old_labels_back(
    start: Start, tmp_path: Path
) -> None:
    session = start()
    press(session, "1", "enter", "2", "enter", "left", "left", "3", "enter")
    first = next(iter(session.file.records.values()))
    assert first.labels[SINGLE.id] == SINGLE.label_ids[2:3]
    assert session.n_done == 2
    press(session, "u")
    first = next(iter(session.file.records.values()))
    assert first.labels[SINGLE.id] == SINGLE.label_ids[:1]
    assert session.counts[SINGLE.id, SINGLE.label_ids[2]] == 0
    session.file.close()
    assert len(rows(tmp_path / "mine.jsonl")) == 2


def test_correction_keeps_what_others_noted_in_the_record(start: Start) -> None:
    session = start()
    decide(session, 0)
    session.file.close()
    path = session.file.path
    write_rows(path, [rows(path)[0] | {"outlet": "agency", "comment": "old"}])
    again = start()
    press(again, "left", "c", *["backspace"] * 3, "enter", "2", "enter")
    again.file.close()
    (row,) = rows(path)
    assert (row["outlet"], row[SINGLE.id]) == ("agency", SINGLE.label_ids[1])
    assert "comment" not in row


def test_votes_and_spans_of_a_settled_record_outlive_a_correction(start: Start) -> None:
    session = start()
    decide(session, 0)
    session.file.close()
    path = session.file.path
    (row,) = rows(path)
    span = {"doc": 1, "start": 0, "end": 9, "sha256": sha256_of(str(row["text"]))}
    labels = {d.id: row[d.id] for d in SCHEMA.dimensions}
    votes = {"paul": labels, "zoé": labels | {SINGLE.id: SINGLE.label_ids[1]}}
    write_rows(path, [row | {"source": "orangesum", "votes": votes, **span}])
    again = start()
    press(again, "left", "2", "enter")
    again.file.close()
    (settled,) = rows(path)
    assert settled[SINGLE.id] == SINGLE.label_ids[1]
    assert (settled["votes"], settled["source"], settled["doc"]) == (votes, "orangesum", 1)
    assert settled["text"] == row["text"]


def test_skipped_paragraph_comes_again_last(start: Start) -> None:
    session = start(3)
    skipped = session.item
    press(session, FIRST, "right", "2", "enter", "2", "enter")
    assert session.item == skipped
    assert session.draft.has(MULTI.id, MULTI.label_ids[0])  # what was chosen is kept


def test_boilerplate_unsure_and_comment_are_in_the_record(start: Start) -> None:
    session = start()
    keys = ["b", "enter", "2", "!", "c", *"à voir", "enter", "enter"]
    press(session, *keys)
    first, second = session.file.records.values()
    assert (first.kind, first.labels) == ("boilerplate", {})
    assert (second.kind, second.flag, second.comment) == ("body", "unsure", "à voir")
    assert [item.id for item in session.find("", "marked", 9)[0]] == sorted([first.id, second.id])


def test_search_goes_to_any_paragraph_without_accents(start: Start) -> None:
    session = start()

    def see(app: App[None]) -> int:
        return app.screen.query_one(Lines).n_lines

    assert press(session, "/", *"elod", see=see) == 8
    assert press(session, "/", *"elod", "escape", "/", *"mot5", see=see) == 1
    press(session, "/", *"MOT5", "enter", "1", "enter", "left")
    assert list(session.file.records) == ["a1:5"]
    assert press(session, "/", "tab", "tab", see=see) == 1
    press(session, "left", "/", "escape")
    assert session.item is not None


def test_larger_terminal_shows_as_many_lines_of_a_list_as_it_can(start: Start) -> None:
    async def run() -> tuple[int, int]:
        app = LabelApp(start(60), TEXTS["en"])
        async with app.run_test(size=(80, 20)) as pilot:
            await pilot.press("slash", *["pagedown"] * 6)
            await pilot.resize_terminal(80, 40)
            await pilot.pause()
            lines = app.screen.query_one(Lines)
            return lines.first, lines.n_lines - lines.size.height

    first, last = asyncio.run(run())
    assert first == last > 0


def test_guidelines_or_definitions_are_shown(start: Start, tmp_path: Path) -> None:
    def see(app: App[None]) -> str:
        lines = app.screen.query_one(Lines)
        return "\n".join(lines.line(i).plain for i in range(lines.n_lines))

    shown = str(press(start(), "?", see=see))
    assert "Annotation guidelines" in shown
    assert "|" not in shown
    path = write_schema(tmp_path / "s.toml", {"tone": ("single", ["warm", "cold"])})
    other = read_schema(path)
    text = help_text(other, assign_keys(other), TEXTS["fr"])
    assert "**2 cold**: cold" in text
    assert "Annotation guidelines" not in text


def test_suggestion_shows_only_once_a_paragraph_is_decided(start: Start) -> None:
    session = start(model=True)
    assert "77%" not in str(press(session, FIRST, "1", see=text_of("panel")))
    assert "77%" not in str(press(session, "enter", see=text_of("panel")))
    assert "77%" in str(press(session, "left", see=text_of("panel")))
    assert "77%" in str(press(session, "right", "s", see=text_of("panel")))


@pytest.mark.parametrize(("suggests", "is_shown"), [("always", True), ("never", False)])
def test_suggestion_at_once_or_never(start: Start, suggests: str, is_shown: bool) -> None:
    session = start(model=True, suggests=suggests)
    assert (session.suggestion is not None) == is_shown
    assert session.ask() == is_shown
    decide(session, 1)
    session.back()
    assert (session.suggestion is not None) == is_shown


def test_model_is_named_beside_what_was_kept_where_it_differs(start: Start) -> None:
    assert "model: " in str(press(start(model=True), "1", "enter", see=text_of("status")))


@pytest.mark.parametrize(
    ("dimensions", "keys", "expected"),
    [
        ({"tone": ("single", ["warm", "cold"])}, ["2"], {"tone": "cold"}),
        ({"topics": ("multi", ["a", "b", "c"])}, [], {"topics": []}),
        (
            {"themes": ("multi", [f"theme{i}" for i in range(20)])},
            ["t", "h", "z"],
            {"themes": ["theme0", "theme1"]},
        ),
        ({"theme": ("single", [f"theme{i}" for i in range(20)])}, ["h"], {"theme": "theme11"}),
        (
            {"tone": ("single", ["warm", "cold"]), "sure": ("single", ["yes", "no"])},
            ["1", "tab", "2"],
            {"tone": "warm", "sure": "no"},
        ),
    ],
    ids=["one single", "one multi", "twenty", "twenty single", "two single"],
)
def test_other_schemas(
    start: Start,
    tmp_path: Path,
    dimensions: dict[str, tuple[str, Sequence[str]]],
    keys: Sequence[str],
    expected: dict[str, object],
) -> None:
    session = start(schema=read_schema(write_schema(tmp_path / "s.toml", dimensions)))
    press(session, *keys, "enter", size=(120, 36) if len(keys) == 3 else (80, 24))
    session.file.close()
    (row,) = rows(tmp_path / "mine.jsonl")
    assert row.items() >= expected.items()


def test_keys_are_distinct_and_leave_the_commands_alone(tmp_path: Path) -> None:
    ids = [f"{a}{b}" for a in "buscq" for b in "abcdefgh"]
    keys = assign_keys(read_schema(write_schema(tmp_path / "s.toml", {"many": ("multi", ids)})))
    assert len(keys.letters) == len(ids)
    assert not set("bcqsu") & set(keys.letters)
