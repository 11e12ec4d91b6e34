"""`classify label`: what each key does, and that no decision is lost or there twice."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from fcntl import ioctl
from pathlib import Path
from resource import RLIMIT_FSIZE, setrlimit

import pytest
from conftest import ROOT, SEEDS, Classify, write_rows, write_schema
from made_labelling import MULTI, SCHEMA, SINGLE, made_items, press, text_of
from textual.app import App

from depeche.labels.errors import LabelsError
from depeche.labels.labelling.keys import assign_keys
from depeche.labels.labelling.label_file import DecisionFile, journal_of
from depeche.labels.labelling.messages import TEXTS
from depeche.labels.labelling.queue import Item, Suggestion, folded
from depeche.labels.labelling.screens.app import LabelApp
from depeche.labels.labelling.screens.guidelines import help_text
from depeche.labels.labelling.screens.lines import Lines
from depeche.labels.labelling.session import Session
from depeche.labels.paragraphs import sha256_of
from depeche.labels.records import read_labels
from depeche.labels.schema import DEFAULT_SCHEMA, Schema, read_schema
from depeche.model.inputs.inputs import Inputs
from depeche.train.active.opening import open_labels
from depeche.train.active.order import PoolOrder, RandomOrder
from depeche.train.active.pool import read_disputed_pool, read_labelled_pool, read_pool

KEYS = assign_keys(SCHEMA)
FIRST, SECOND = (KEYS.by_label[MULTI.id, label] for label in MULTI.label_ids[:2])
SUGGESTED = Suggestion(
    labels={d.id: d.label_ids[-1:] for d in SCHEMA.dimensions},
    scores={d.id: dict.fromkeys(d.label_ids, 0.77) for d in SCHEMA.dimensions},
)

Start = Callable[..., Session]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that opens a session on `mine.jsonl`; what is open is closed at the end."""
    files = []

    def begin(n: int = 8, schema: Schema = SCHEMA, model: bool = False, **how: object) -> Session:
        file = DecisionFile(tmp_path / "mine.jsonl", schema)
        files.append(file)
        items = made_items(n)
        suggest = (lambda _: SUGGESTED) if model else None
        queue = RandomOrder(items, file.records, seed=0, suggest=suggest)
        return Session(items=items, queue=queue, file=file, schema=schema, annotator="anne", **how)  # type: ignore[arg-type]

    yield begin
    for file in files:
        file.close()


def decide(session: Session, *places: int) -> None:
    """Decide the next paragraphs, without a screen; -1 takes the last decision back."""
    for place in places:
        if place < 0:
            session.undo()
            continue
        session.draft.toggle(SINGLE, SINGLE.label_ids[place])
        session.confirm()


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_twenty_paragraphs_are_labelled_in_the_order_shown(start: Start, tmp_path: Path) -> None:
    session = start(20)
    expected = list(session.queue._open)  # type: ignore[attr-defined]
    press(session, *[FIRST, "2", "enter"] * 20)
    assert session.item is None
    assert session.n_done == 20
    session.file.close()
    found = read_labels(tmp_path / "mine.jsonl", SCHEMA)
    assert [record.id for record in found] == expected
    assert {record.labels[SINGLE.id] for record in found} == {SINGLE.label_ids[1:2]}
    assert {(r.annotator, r.source, r.date) for r in found} == {("anne", "made", "2024-12-31")}
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
    (found,) = rows(path)
    assert found[SINGLE.id] == SINGLE.label_ids[1]
    assert (found["votes"], found["source"], found["doc"]) == (votes, "orangesum", 1)
    assert found["text"] == row["text"]


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
    row: dict[str, object] = {"id": "other", "article": "x", "kind": "body"}
    row |= {"text": texts[1].upper()}
    row |= {d.id: [] if d.kind == "multi" else d.label_ids[0] for d in SCHEMA.dimensions}
    known = {r.id: r for r in read_labels(write_rows(tmp_path / "k.jsonl", [row]), SCHEMA)}
    again = read_pool(inputs, known, source="crawl")
    assert list(again.items)[1] == "other"
    assert list(again.items)[::2] == list(pool.items)[::2]  # ids stay
    queue = RandomOrder(again.items, known, seed=0)
    assert [item.id for item in iter_open(queue)] == [
        item.id for item in iter_open(RandomOrder(pool.items, [list(pool.items)[1]], seed=0))
    ]


def iter_open(queue: PoolOrder) -> Iterator[Item]:
    """Yield what a queue asks, each closed in turn."""
    while (item := queue.next()) is not None:
        yield item
        queue._open.pop(item.id)


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


def test_disputes_are_settled_with_both_votes_kept(readings: list[Path], tmp_path: Path) -> None:
    pool = read_disputed_pool(readings, {}, SCHEMA, None)
    assert list(pool.items) == ["p2", "p1"]  # the most disputed first
    assert (pool.items["p1"].before, pool.items["p1"].after) == ("Texte mot0.", "Texte mot2.")
    file = DecisionFile(tmp_path / "settled.jsonl", SCHEMA)
    queue = PoolOrder(pool.items, file.records)
    session = Session(items=pool.items, queue=queue, file=file, schema=SCHEMA, annotator="carla")
    seen = str(press(session, see=text_of("panel")))
    lines = {line.split()[2]: line for line in seen.splitlines() if line.split()[2:]}
    names = [SCHEMA.dimensions[0].labels[0].en, *(x.en for x in SINGLE.labels[1:])]
    assert [lines[name].split()[3:4] for name in names] == [["anna"], ["anna"], ["bruno"]]
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
    whole = read_disputed_pool(readings, {}, SCHEMA, None).items.values()
    assert votes == {item.id: item.votes for item in whole}
    with pytest.raises(LabelsError, match="no votes in it: give the files of two annotators"):
        read_disputed_pool(readings[:1], {}, SCHEMA, None)


def test_blind_reading_comes_in_the_order_of_the_file(tmp_path: Path) -> None:
    articles = "abab"
    found = [
        {"id": str(i), "article": a, "text": f"Texte mot{i}."}
        | {MULTI.id: [], SINGLE.id: SINGLE.label_ids[0]}
        for i, a in enumerate(articles)
    ]
    pool, _ = read_labelled_pool(write_rows(tmp_path / "q.jsonl", found), {}, SCHEMA, None)
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


class Terminal:
    """A real terminal of 80 columns and 24 lines with `classify label` in it."""

    def __init__(self, folder: Path, most_bytes: int = -1) -> None:
        self.labels = folder / "mine.jsonl"
        self.journal = journal_of(self.labels)
        self._master, inner = pty.openpty()
        ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        options = ["--labels", str(self.labels), "--annotator", "anne", "--lang", "en"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "depeche.classify", "label", str(SEEDS), *options],
            stdin=inner,
            stdout=inner,
            stderr=inner,
            cwd=folder,
            start_new_session=True,
            env=os.environ | {"TERM": "xterm-256color", "NO_COLOR": "1"},
            preexec_fn=lambda: setrlimit(RLIMIT_FSIZE, (most_bytes, most_bytes)),
        )
        os.close(inner)
        self._seen = b""
        self.last = b""  # what it wrote as it ended

    def type(self, keys: str | bytes) -> None:
        os.write(self._master, keys.encode() if isinstance(keys, str) else keys)

    def wait(self, until: Callable[[bytes], bool]) -> None:
        """Read what the app writes until it is as it should be."""
        while not until(self._seen):
            ready, _, _ = select.select([self._master], [], [], 30)
            assert ready, "the app does not answer"
            self._seen += os.read(self._master, 1 << 16)

    def answer(self, keys: str | bytes) -> tuple[float, bytes]:
        """Return in how many seconds the app has answered some keys, and what it writes."""
        begun = answered = time.monotonic()
        written = b""
        self.type(keys)
        while select.select([self._master], [], [], 0.2)[0]:
            written += os.read(self._master, 1 << 16)
            answered = time.monotonic()
        return answered - begun, written

    def wait_for_end(self) -> int:
        while True:
            try:
                if not (read := os.read(self._master, 1 << 16)):
                    break
                self.last += read
            except OSError:  # the other side is closed
                break
        os.close(self._master)
        return self.process.wait(30)

    def label(self, n: int) -> None:
        self.wait(lambda seen: b"Enter" in seen)
        for i in range(1, n + 1):
            self.type("2\r")
            self.wait(lambda _, i=i: self.journal.read_bytes().count(b"\n") == i)  # type: ignore[misc]


@pytest.mark.slow
def test_escape_is_answered_at_once_and_arrows_are_no_escape(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    terminal.label(1)
    # What any terminal sends for Esc, and what one with Kitty's keyboard protocol sends.
    limits = {"\x1b": 0.19, "\x1b[27u": 0.09}  # s; after the former, Textual waits for 0.1 s
    for escape, limit in limits.items():
        times = []
        for _ in range(5):
            terminal.answer("/")
            _, moved = terminal.answer("\x1b[B")
            assert "▸".encode() in moved
            seconds, closed = terminal.answer(escape)
            assert b"mine.jsonl" in closed
            times.append(seconds)
        assert min(times) < limit
    terminal.answer("c")
    for byte in "é".encode():  # as a slow line brings it
        terminal.answer(bytes([byte]))
    terminal.answer("\r")
    terminal.answer("2\r")
    terminal.type("q")
    assert terminal.wait_for_end() == 0
    assert [row.get("comment") for row in rows(terminal.labels)] == [None, "é"]


@pytest.mark.slow
def test_labels_that_no_longer_fit_on_the_disk_stay_whole_and_come_again(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    terminal.label(12)
    terminal.type("q")
    assert terminal.wait_for_end() == 0
    before = terminal.labels.read_bytes()
    terminal = Terminal(tmp_path, most_bytes=len(before) + 10)
    terminal.label(2)
    terminal.type("q")
    assert terminal.wait_for_end() == 1
    told = terminal.last[terminal.last.rindex(b"classify: ") :]
    assert b"mine.jsonl: cannot be written: File too large: nothing is lost" in told
    assert b"Traceback" not in terminal.last
    assert terminal.labels.read_bytes() == before
    kept = terminal.journal.read_bytes()
    terminal = Terminal(tmp_path)
    terminal.wait(lambda seen: b"Enter" in seen)
    terminal.type("q")
    assert terminal.wait_for_end() == 0
    assert terminal.labels.read_bytes() == before + kept
    assert not terminal.journal.exists()


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
def test_kill_in_the_middle_loses_nothing(tmp_path: Path, how: signal.Signals) -> None:
    terminal = Terminal(tmp_path)
    terminal.label(10)
    os.kill(terminal.process.pid, how)
    terminal.wait_for_end()
    before = rows(terminal.journal if terminal.journal.exists() else terminal.labels)
    if how == signal.SIGKILL:
        with terminal.journal.open("ab") as file:
            file.write(b'{"id": "torn')
    terminal = Terminal(tmp_path)
    terminal.label(10)
    terminal.type("q")
    assert terminal.wait_for_end() == 0
    found = [record.id for record in read_labels(terminal.labels, read_schema(DEFAULT_SCHEMA))]
    assert found[:10] == [row["id"] for row in before]
    assert len(set(found)) == len(found) == 20
    assert not terminal.journal.exists()
