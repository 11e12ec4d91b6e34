"""The labels file of the app and its journal: no decision is lost or there twice."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from conftest import write_rows
from made_sessions import (
    SCHEMA,
    Start,
    decide,
    press,
    text_of,
)

from depeche.labels.errors import LabelsError
from depeche.labels.labelling.label_file import DecisionFile, journal_of
from depeche.labels.records import read_labels
from depeche.train.active.opening import open_labels


def test_journal_with_a_torn_last_line_gives_the_whole_ones(start: Start, tmp_path: Path) -> None:
    session = start()
    decide(session, 0, 1, -1, 2)
    journal = journal_of(tmp_path / "mine.jsonl")
    data = journal.read_bytes()
    session.file.close()
    (tmp_path / "mine.jsonl").unlink()
    for end in range(len(data) - 60, len(data), 7):
        journal.write_bytes(data[:end])
        file = DecisionFile(tmp_path / "mine.jsonl", SCHEMA)
        assert len(file.records) == 1
        file.close()
        assert len(read_labels(tmp_path / "mine.jsonl", SCHEMA)) == 1
        (tmp_path / "mine.jsonl").unlink()


def test_journal_folded_twice_gives_the_same(start: Start, tmp_path: Path) -> None:
    session = start()
    decide(session, 0, 1)
    journal = journal_of(tmp_path / "mine.jsonl")
    data = journal.read_bytes()
    session.file.close()
    once = (tmp_path / "mine.jsonl").read_bytes()
    journal.write_bytes(data)  # as a kill between the two steps leaves it
    DecisionFile(tmp_path / "mine.jsonl", SCHEMA).close()
    assert (tmp_path / "mine.jsonl").read_bytes() == once


def test_journal_broken_in_the_middle_is_refused(start: Start, tmp_path: Path) -> None:
    journal_of(tmp_path / "mine.jsonl").write_text("{\nx\n{}\n")
    with pytest.raises(LabelsError, match=r"journal\.jsonl:1: not JSON"):
        start()


def test_full_disk_is_said_and_leaves_the_paragraph(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = start()
    shown = session.item

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    status = press(session, "1", "enter", size=(200, 24), see=text_of("status"))
    assert "No space left" in str(status)
    monkeypatch.undo()
    assert session.item == shown
    assert not session.file.records
    assert journal_of(session.file.path).read_bytes() == b""


def test_disk_that_is_full_at_the_end_keeps_the_file_and_the_decisions(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    session = start()
    press(session, "1", "enter")
    session.file.close()
    once = (tmp_path / "mine.jsonl").read_bytes()
    for step in ("fsync", "replace", "unlink"):
        session = start()
        press(session, "1", "enter")

        def fail(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os if step == "fsync" else Path, step, fail)
            with pytest.raises(LabelsError, match=r"mine\.jsonl: cannot be written: No space left"):
                session.file.close()
            session.file.close()
        left = journal_of(tmp_path / "mine.jsonl").read_bytes()
        assert left.count(b"\n") == 1
        if step != "unlink":
            assert (tmp_path / "mine.jsonl").read_bytes() == once
        start().file.close()
        again = (tmp_path / "mine.jsonl").read_bytes()
        assert again == once + left
        assert {path.name for path in tmp_path.iterdir()} == {"mine.jsonl"}
        once = again


def test_flag_that_is_none_is_refused(tmp_path: Path) -> None:
    row = {"id": "a", "article": "a", "text": "x", "kind": "heading", "flag": "odd", "comment": 1}
    with pytest.raises(LabelsError, match=r"comment: must be a text.*\n.*flag: unknown 'odd'"):
        read_labels(write_rows(tmp_path / "k.jsonl", [row]), SCHEMA)


def test_second_app_on_a_file_is_refused(tmp_path: Path) -> None:
    with (
        open_labels(tmp_path / "mine.jsonl", SCHEMA),
        pytest.raises(LabelsError, match="another classify label is writing it"),
        open_labels(tmp_path / "mine.jsonl", SCHEMA),
    ):
        pass
