"""What a batch never does to files that it did not make: its journal and its lock."""

from __future__ import annotations

import os
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from made_batches import Tag
from made_files import DEAR, contents

from depeche.model.batch.failures import write_errors
from depeche.model.batch.files import checksum_of, new_file, open_at
from depeche.model.batch.journal import open_journal
from depeche.model.batch.outcomes import Entry, Tagged
from depeche.model.inputs.documents import Document, Failure
from depeche.model.inputs.inputs import Inputs
from depeche.model.locks import locked

STRANGE: dict[str, Callable[[Path, Path], object]] = {
    "a link": lambda path, dear: path.symlink_to(dear),
    "a file with several names": lambda path, dear: path.hardlink_to(dear),
    "a pipe": lambda path, _: os.mkfifo(path),
    "a folder": lambda path, _: path.mkdir(),
}
NAMES = (
    *("lock", "job.json", "new-job.json", "records.jsonl", "done.log", "new-done.log"),
    *("new-records.jsonl", "finished.json", "new-finished.json", "errors.jsonl"),
    *("new-errors.jsonl", "earlier-records.jsonl", "earlier-done.log", "new-out.csv"),
    *("old-out.csv", "else"),
)


@pytest.mark.parametrize("kind", STRANGE)
def test_what_classify_did_not_make_in_a_journal_is_named_and_left(
    here: Path, tag: Tag, kind: str
) -> None:
    dear = here / "dear.md"
    dear.write_text(DEAR)
    journal = here / ".depeche" / "out.csv"
    journal.mkdir(parents=True)
    for name in NAMES:
        if kind == "a folder" and name.startswith(("new-", "old-")):
            continue  # of an output of folders
        STRANGE[kind](journal / name, dear)
        before = contents(here)
        fresh = ["--fresh"] if kind == "a link" or name == "job.json" else []
        assert tag("in", "--output", "out.csv", *fresh) == (
            1,
            f"classify: .depeche/out.csv/{name}: {kind}, which classify did not make: move it "
            "away, or give another --output\n",
        )
        assert contents(here) == before
        (journal / name).rmdir() if kind == "a folder" else (journal / name).unlink()


@pytest.mark.parametrize("place", [".depeche", ".depeche/out.jsonl"])
@pytest.mark.parametrize("kind", ["a link", "a pipe", "a file"])
def test_journal_that_is_no_folder_is_named_and_left(
    here: Path, tag: Tag, kind: str, place: str
) -> None:
    (here / "other").mkdir()
    if place != ".depeche":
        (here / ".depeche").mkdir()
    if kind in STRANGE:
        STRANGE[kind](here / place, here / "other")
    else:
        (here / place).write_text(DEAR)
    before = contents(here)
    status, messages = tag("in", "--output", "out.jsonl")
    assert (status, messages.split(",")[0]) == (1, f"classify: {place}: {kind}")
    assert contents(here) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a folder to another user needs root")
@pytest.mark.parametrize("place", [".depeche", ".depeche/out.jsonl"])
def test_journal_of_another_user_is_named_and_left(here: Path, tag: Tag, place: str) -> None:
    (here / ".depeche" / "out.jsonl").mkdir(parents=True)
    os.chown(here / place, 65534, -1)
    status, messages = tag("in", "--output", "out.jsonl")
    assert status == 1
    assert messages.startswith(f"classify: {place}: another user's folder")
    assert list((here / ".depeche" / "out.jsonl").iterdir()) == []


def test_link_that_comes_once_a_journal_is_open_is_not_followed(here: Path) -> None:
    dear = here / "dear.md"
    dear.write_text(DEAR)
    folder = here / ".depeche" / "o.jsonl"
    with open_journal(here / "o.jsonl", {"format": "jsonl"}, fresh=False) as journal:
        for name in ("new-records.jsonl", "new-finished.json", "new-errors.jsonl", "finished.json"):
            (folder / name).symlink_to(dear)
        assert journal.keep(Failure(where="a", reason="empty"), 1) is None
        journal.log.append(Tagged(Entry("a", "a", "k", "empty"), b""))
        write_errors(folder / "errors.jsonl", [], [])
        journal.finish(None)
    assert not (folder / "finished.json").is_symlink()
    for name in ("done.log", "records.jsonl"):
        with open_journal(here / "p.jsonl", {"format": "jsonl"}, fresh=True) as journal:
            (here / ".depeche" / "p.jsonl" / name).symlink_to(dear)
            with pytest.raises(OSError, match="symbolic links"):
                journal.keep(Failure(where="a", reason="empty"), 1)
        (here / ".depeche" / "p.jsonl" / name).unlink()
    (here / "link").symlink_to(dear)
    with pytest.raises(OSError, match="symbolic links"):
        open_at(here / "link", 0)
    with new_file(here / "link") as file:
        file.write(b"new")
    assert dear.read_text() == DEAR


def test_file_beside_the_output_is_never_taken_for_a_list_of_errors(here: Path, tag: Tag) -> None:
    for name in ("out.csv.errors.jsonl", "errors.jsonl"):
        (here / name).write_text(DEAR)
    (here / "out.csv.journal").mkdir()
    (here / "out.csv.journal" / "job.json").symlink_to("../errors.jsonl")  # no journal of 0.1
    before = contents(here)
    assert tag("in", "--output", "out.csv")[0] == 3
    assert contents(here).items() >= before.items()


@pytest.mark.parametrize("form", ["csv", "sidecar"])
@pytest.mark.parametrize("is_done", [True, False])
def test_journal_of_version_0_1_is_named_in_one_line_and_left(
    here: Path, tag: Tag, form: str, is_done: bool
) -> None:
    asked = ["in", "--output", "out", "--format", form]
    assert tag(*asked)[0] == 3
    made = checksum_of(here / "out")
    (here / ".depeche" / "out").rename(here / "out.journal")
    (here / ".depeche").rmdir()
    if not is_done:
        shutil.rmtree(here / "out") if form == "sidecar" else (here / "out").unlink()
    before = contents(here)
    for _ in range(2):
        assert tag(*asked) == (
            1,
            "classify: out.journal: the journal of depeche 0.1, which this version does not use: "
            "give another --output, or --fresh to tag all again and replace the output\n",
        )
        assert contents(here) == before
    assert tag(*asked, "--fresh")[0] == 3
    assert checksum_of(here / "out") == made
    assert "nothing is new" in tag(*asked)[1]  # though the old journal is still there


def test_hidden_journals_and_outputs_are_no_inputs(here: Path, tag: Tag) -> None:
    assert tag("in", "--output", "in/a.jsonl")[0] == 3
    assert tag("in", "--output", "in/b.csv", "--format", "csv")[0] == 3
    (here / "in" / "c.jsonl").write_text("{}\n")
    (here / "in" / "c.jsonl.errors.jsonl").write_text("{}\n")
    (here / "in" / "c.jsonl.journal").mkdir()  # of version 0.1
    (here / "in" / "c.jsonl.journal" / "job.json").write_text("{}\n")
    status, messages = tag("in", "--output", "o.jsonl", "--include", "*")
    assert (status, "6 output files" in messages) == (3, True)
    assert "5 articles" in messages
    assert tag("in/*", "--output", "p.jsonl")[0] == 3
    assert (here / "p.jsonl").read_text() == (here / "o.jsonl").read_text()


@pytest.mark.parametrize(
    "fields",
    [b"[]", b"{}", b"7", b"[" * 5000, b'["in/a0000.txt"]', b"[1, 2, 3]"]
    + [
        b'["in/a0000.txt", "in/a0000.txt", "KEY", "", %s, [], []]' % more
        for more in (
            b'-1, 0, 1, 0, "fr"',
            b'"x", 0, 1, 0, "fr"',
            b"0, 0, 1, 0, 7",
        )
    ]
    + [b'["in/a0000.txt", "in/a0000.txt", "KEY", "", 0, 0, 1, 0, "fr", [999], []]'],
)
def test_entries_of_another_hand_are_not_taken(here: Path, tag: Tag, fields: bytes) -> None:
    asked = ["in", "--output", "out.csv"]
    assert tag(*asked)[0] == 3
    made = (here / "out.csv").read_bytes()
    (here / ".depeche" / "out.csv" / "finished.json").unlink()
    document = next(iter(Inputs([str(here / "in")])))
    assert isinstance(document, Document)
    fields = fields.replace(b"KEY", document.key.encode())
    line = b"%08x %b\n" % (zlib.crc32(fields), fields)
    (here / ".depeche" / "out.csv" / "done.log").write_bytes(line)
    assert tag(*asked)[0] == 3
    assert (here / "out.csv").read_bytes() == made


def test_lock_is_never_a_link(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to("dear")
    with pytest.raises(OSError, match="symbolic links"), locked(tmp_path / "lock"):
        pass
    assert not (tmp_path / "dear").exists()


@pytest.mark.parametrize("name", ["job.json", "finished.json", "done.log"])
def test_file_of_a_journal_nested_deep_is_no_journal(here: Path, tag: Tag, name: str) -> None:
    assert tag("in", "--output", "out.csv")[0] == 3
    (here / ".depeche" / "out.csv" / name).write_text("[" * 100_000)
    status, messages = tag("in", "--output", "out.csv")
    assert (status, "exists, and not by this command" in messages) == (
        (1, True) if name == "job.json" else (3, False)
    )
