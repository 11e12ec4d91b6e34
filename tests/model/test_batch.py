"""Batches: what a user is promised of `classify tag … --output OUT`."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from made_batches import Tag, Warm, text, write_articles

from depeche.model.batch.files import checksum_of
from depeche.model.tagging import SHIPPED

FORMATS = ("jsonl", "csv", "parquet", "html", "sidecar")
SLOW_CSV = pytest.param("csv", marks=pytest.mark.slow)


def made_files(here: Path, output: str) -> list[int | None]:
    """Return the checksums of an output and of the list of what failed."""
    return [checksum_of(here / output), checksum_of(here / ".depeche" / output / "errors.jsonl")]


def state(path: Path) -> tuple[int, int, int | None]:
    return path.stat().st_ino, path.stat().st_mtime_ns, checksum_of(path)


CHANGES: dict[str, tuple[Callable[[Path], object], int]] = {  # with the articles tagged before
    "added in the middle": (lambda f: (f / "a0001b.txt").write_text(text(50)), 5),
    "changed": (lambda f: (f / "a0001.txt").write_text(text(51)), 5),
    "mended": (lambda f: (f / "a0002b.txt").write_text(text(52)), 6),
    "renamed": (lambda f: (f / "a0003.txt").rename(f / "b.txt"), 6),
    "removed": (lambda f: (f / "a0000.txt").unlink(), 6),
    "added at the end": (lambda f: (f / "z.txt").write_text(text(53)), 6),
    "last removed": (lambda f: (f / "z.txt").unlink(), 6),
    "now empty": (lambda f: (f / "b.txt").write_text(""), 5),
}


@pytest.mark.parametrize("form", ["jsonl", SLOW_CSV])
def test_changed_inputs_give_what_a_new_batch_gives(here: Path, tag: Tag, form: str) -> None:
    assert tag("in", "--output", f"out.{form}")[0] == 3
    for change, (make, n_kept) in CHANGES.items():
        make(here / "in")
        status, messages = tag("in", "--output", f"out.{form}")
        assert f"; {n_kept} tagged before" in messages, change
        assert tag("in", "--output", f"new.{form}", "--fresh")[0] == status
        kept, new = (made_files(here, f"{name}.{form}") for name in ("out", "new"))
        assert kept == new, change


@pytest.mark.parametrize("form", FORMATS)
def test_second_run_with_nothing_new_does_nothing(here: Path, tag: Tag, form: str) -> None:
    first = tag("in", "--output", "out", "--format", form)
    assert first[0] == 3
    assert "nothing is new" not in first[1]
    before = state(here / "out")
    status, messages = tag("in", "--output", "out", "--format", form)
    assert status == 3
    assert (
        "5 articles, 10 paragraphs; 5 tagged before; nothing is new, the output is left" in messages
    )
    assert state(here / "out") == before
    # deleted: made again, the same
    shutil.rmtree(here / "out") if form == "sidecar" else (here / "out").unlink()
    assert tag("in", "--output", "out", "--format", form)[0] == 3
    assert checksum_of(here / "out") == before[2]


@pytest.mark.parametrize("form", ["jsonl", "csv", "sidecar"])
def test_output_of_other_hands_is_refused_until_fresh(here: Path, tag: Tag, form: str) -> None:
    asked = ["in", "--output", "out", "--format", form]
    tag(*asked)
    made = checksum_of(here / "out")
    file = next((here / "out").rglob("*.json")) if form == "sidecar" else here / "out"
    file.write_text(file.read_text().replace("a", "b", 1))  # of the same size
    edited = state(here / "out")
    refused = "keep it under another name, or give --fresh to replace it\n"
    assert tag(*asked) == (1, f"classify: out: changed since it was made: {refused}")
    assert state(here / "out") == edited
    assert tag(*asked, "--fresh")[0] == 3
    assert checksum_of(here / "out") == made
    shutil.rmtree(here / ".depeche" / "out")
    status, messages = tag(*asked)
    if form == "sidecar":
        assert (status, messages) == (
            1,
            "classify: out: a folder with other files: give a new or an empty one\n",
        )
        return
    assert (status, messages) == (
        1,
        "classify: out: exists, and not by this command: "
        "give another name, or --fresh to replace it\n",
    )
    assert not (here / ".depeche" / "out").exists()
    assert tag(*asked, "--fresh")[0] == 3
    assert checksum_of(here / "out") == made


def test_other_settings_model_or_format_are_refused(here: Path, tag: Tag, tmp_path: Path) -> None:
    tag("in", "--output", "out")
    other = tmp_path / "model"
    make_other_model(other)
    before = state(here / "out")
    for more, differing in [
        (["--explain"], "explain"),
        (["--model", str(other)], "model"),
        (["--recall", "0.8"], "model"),
        (["--format", "csv"], "format"),
        (["--exclude", "*.md"], "inputs"),
    ]:
        assert tag("in", "--output", "out", *more) == (
            1,
            f"classify: out: made by another command or model (not the same {differing}): "
            "give another name, or --fresh to replace it\n",
        )
    assert state(here / "out") == before
    assert tag("in", "--output", "out", "--format", "csv", "--fresh")[0] == 3
    assert (here / "out").read_text().startswith("\ufeffid,")
    assert tag("in", "--output", "out", "--format", "sidecar", "--fresh")[0] == 3
    assert sorted(path.name for path in (here / "out" / "in").iterdir())[0] == "a0000.txt.json"
    messages = tag("in", "--output", "out", "--format", "csv", "--fresh")
    assert messages == (1, "classify: out: a folder: give the name of a file to write\n")


def make_other_model(folder: Path) -> None:
    from dataclasses import replace

    from depeche.model.artifact import load_artifact, save_artifact

    save_artifact(replace(load_artifact(SHIPPED), version="other"), folder, card="")


@pytest.mark.parametrize("form", ["jsonl", SLOW_CSV])
def test_broken_journal_never_gives_a_wrong_output(here: Path, tag: Tag, form: str) -> None:
    asked = ["in", "--output", f"out.{form}"]
    tag(*asked)
    made = made_files(here, f"out.{form}")
    rng = random.Random(5)
    journal = here / ".depeche" / f"out.{form}"
    names = [name for name in ("done.log", "records.jsonl") if (journal / name).exists()]
    for i in range(9):
        (journal / "finished.json").unlink(missing_ok=True)  # else nothing of it is looked at
        path = journal / rng.choice(names)
        data = bytearray(path.read_bytes())
        offset = rng.randrange(len(data))
        if i % 3:
            data[offset] ^= 1 << rng.randrange(8)
            path.write_bytes(data)
        else:
            path.write_bytes(data[:offset])
        assert tag(*asked)[0] == 3
        assert made_files(here, f"out.{form}") == made, (i, path.name, offset)
    for name in ("job.json", "finished.json"):
        path = journal / name
        content = path.read_bytes()
        for broken in (b"", b"{}", content.replace(b"m", b"n")):
            path.write_bytes(broken)
            status, messages = tag(*asked)
            assert status in (1, 3)
            assert made_files(here, f"out.{form}") == made
            assert status == 3 or (messages.count("\n") == 1 and "--fresh" in messages)
        path.write_bytes(content)


def test_journal_without_its_job_is_begun_anew(here: Path, tag: Tag) -> None:
    tag("in", "--output", "out.csv", "--explain")
    (here / "out.csv").unlink()
    (here / ".depeche" / "out.csv" / "job.json").write_text("{")
    tag("in", "--output", "out.csv")
    messages = (here.parent / "stderr").read_text()
    assert "tagged before" not in messages


@pytest.mark.parametrize("n_lost", [0, 2])
def test_records_whose_inputs_are_gone_are_cut(here: Path, tag: Tag, n_lost: int) -> None:
    """A kill came after records were written, before their entries; then files were removed."""
    tag("in", "--output", "out.csv")
    journal = here / ".depeche" / "out.csv"
    (here / "out.csv").unlink()
    (journal / "finished.json").unlink()
    done = (journal / "done.log").read_bytes().splitlines(keepends=True)
    (journal / "done.log").write_bytes(b"".join(done[: len(done) - n_lost]))
    for name in ("a0003.txt", "a0004.txt"):
        (here / "in" / name).unlink()
    assert tag("in", "--output", "out.csv")[0] == 3
    assert (here / "out.csv").read_text(encoding="utf-8-sig").count("\nin/a") == 3


def test_work_done_outlives_a_run_that_finds_no_input(here: Path, tag: Tag) -> None:
    tag("in", "--output", "out.csv")
    made = checksum_of(here / "out.csv")
    (here / "out.csv").unlink()
    (here / "in").rename(here / "away")
    assert tag("in", "--output", "out.csv")[0] == 1
    assert tag("in", "--output", "out.csv")[0] == 1
    (here / "away").rename(here / "in")
    status, messages = tag("in", "--output", "out.csv")
    assert "; 5 tagged before" in messages
    assert (status, checksum_of(here / "out.csv")) == (3, made)


def test_work_done_outlives_changes_between_kills(here: Path, tag: Tag, warm: Warm) -> None:
    tag("in", "--output", "out.jsonl")
    for i in (3, 2, 1):  # each before all others, so that what is done comes later
        (here / "in" / f"A{i}.txt").write_text(text(80 + i))
        assert warm(here, "tag", "in", "--output", "out.jsonl", kill_at=22) == -9
    messages = tag("in", "--output", "out.jsonl")[1]
    assert "; 7 tagged before" in messages or "; 8 tagged before" in messages
    tag("in", "--output", "new.jsonl")
    assert checksum_of(here / "out.jsonl") == checksum_of(here / "new.jsonl")


def test_batch_that_makes_nothing_leaves_nothing(here: Path, tag: Tag) -> None:
    before = sorted(here.iterdir())
    assert tag("none", "--output", "out.csv")[0] == 1
    assert sorted(here.iterdir()) == before


def test_place_that_cannot_be_written_is_one_line(here: Path, tag: Tag) -> None:
    (here / "folder").mkdir()
    (here / "folder" / "x").touch()
    (here / "loop").symlink_to("loop")
    for output, form, reason in [
        ("no/such/out.jsonl", "jsonl", "cannot be written: no folder no/such: make it first"),
        ("folder", "jsonl", "a folder: give the name of a file to write"),
        ("folder", "html", "a folder: give the name of a file to write"),
        ("folder", "sidecar", "a folder with other files: give a new or an empty one"),
        ("/", "csv", "a folder: give the name of a file to write"),
        ("loop", "csv", "a link that leads back to itself: give another name"),
        ("x" * 250, "csv", "cannot be written: File name too long"),
    ]:
        before = sorted(here.iterdir())
        for fresh in ([], ["--fresh"]):
            messages = tag("in", "--output", output, "--format", form, *fresh)
            assert messages == (1, f"classify: {output}: {reason}\n")
        assert sorted(here.iterdir()) == before
    (here / "empty").mkdir()
    assert tag("in", "--output", "empty", "--format", "sidecar")[0] == 3


def test_output_may_be_a_link(here: Path, tag: Tag) -> None:
    (here / "other").mkdir()
    for name in ("link.jsonl", "link.csv"):
        (here / name).symlink_to(f"other/{name}")  # not there yet
        assert tag("in", "--output", name)[0] == 3
        assert "nothing is new" in tag("in", "--output", name)[1]
        assert (here / name).is_symlink()
        assert (here / "other" / name).is_file()


def test_output_in_the_folder_of_its_inputs_is_not_an_input(here: Path, tag: Tag) -> None:
    for form in ("jsonl", "csv"):
        for _ in range(2):
            messages = tag("in", "--output", f"in/out.{form}")[1]
            assert "5 articles, 10 paragraphs" in messages
    assert "3 output files" in messages  # both, and the folder of their journals
    assert "nothing is new" in messages


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user needs root")
def test_what_may_not_be_read_or_written_is_one_line(warm: Warm) -> None:
    folder = Path(tempfile.mkdtemp())  # pytest's own may not be entered by others
    try:
        folder.chmod(0o755)
        write_articles(folder / "in", 2)
        (folder / "in" / "b.txt").write_text(text(9))
        (folder / "in" / "b.txt").chmod(0)
        (folder / "in" / "sub").mkdir(mode=0)
        messages = "classify: in/b.txt: cannot be read: Permission denied\n"
        messages += "classify: in/sub: cannot be read: Permission denied\n"
        assert warm(folder, "tag", "in", uid=65534) == 3
        assert (folder.parent / "stderr").read_text() == messages
        for fresh in ([], ["--fresh"]):
            assert warm(folder, "tag", "in", "--output", "out.csv", *fresh, uid=65534) == 1
            assert (folder.parent / "stderr").read_text() == (
                "classify: out.csv: cannot be written: Permission denied\n"
            )
    finally:
        shutil.rmtree(folder)
