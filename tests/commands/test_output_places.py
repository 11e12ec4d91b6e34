"""A place that cannot be written, or a path that cannot be read, is one line before any work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Classify
from made_batches import Tag, text
from made_files import DEAR, LABELS, OTHER_COMMANDS, contents

from depeche.model.inputs.inputs import Inputs

LONG = "é" * 130
PLACES = ("/proc/x", "/sys/x", "no/such/x", "file/x", "loop", "loop/x", LONG, f"{LONG}/x")


def write_places(folder: Path) -> None:
    (folder / "file").write_text(DEAR)
    (folder / "loop").symlink_to("loop")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux's /proc and /sys")
@pytest.mark.parametrize("place", PLACES)
def test_place_that_cannot_be_written_is_told_before_anything_is_read(
    here: Path, tag: Tag, place: str
) -> None:
    write_places(here)
    before = contents(here)
    for options in (
        *(["--output", place, "--format", form] for form in ("csv", "sidecar", "json")),
        ["--errors", place],
    ):
        # Of a pipe nobody writes to: whoever reads the inputs first waits for ever.
        status, messages = tag("in", "-", *options)
        assert (status, messages.count("\n")) == (1, 1)
        assert messages.startswith("classify: ")
    assert contents(here) == before


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux's /proc and /sys")
@pytest.mark.parametrize("command", OTHER_COMMANDS)
def test_other_commands_tell_a_place_before_the_work(
    tmp_path: Path, classify: Classify, command: tuple[str, ...]
) -> None:
    write_places(tmp_path)
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_text(LABELS)
    before = contents(tmp_path)
    for output in ("/proc/x", "file/x", LONG):
        done = classify(*(word.replace("OUT", output) for word in command))
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
        assert done.stderr.startswith("classify: ")
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "args",
    [
        ["x" * 300],
        [text(3)],
        [f"{'d/' * 3000}a.txt"],
        ["loop"],
        ["loop/a.txt"],
        ["in", "--files-from", "x" * 300],
        ["in/a0000.txt", "--model", "x" * 300],
        ["in/a0000.txt", "--model", "loop"],
        ["in/a0000.txt", "--prevalence", "x" * 300],
        ["in/a0000.txt", "--output", "x" * 300],
        ["in/a0000.txt", "--prevalence", "deep.json"],
    ],
    ids=lambda args: " ".join(args)[:40],
)
def test_path_that_cannot_be_looked_at_is_one_line(here: Path, tag: Tag, args: list[str]) -> None:
    write_places(here)
    (here / "deep.json").write_text("[" * 100_000)
    status, messages = tag(*args)
    assert status in (1, 3)
    lines = [line for line in messages.splitlines() if "a0002b.txt" not in line]
    assert len(lines) == 1
    assert len(lines[0]) < 1000


@pytest.mark.parametrize(
    "command",
    [
        ("import", "LONG.csv", "o.jsonl"),
        ("export", "LONG", "o.csv"),
        ("agreement", "LONG", "LONG"),
        ("schema", "check", "LONG"),
        ("schema", "check", "deep"),
        ("evaluate", "--labels", "deep"),
        ("export", "deep", "o.csv"),
        ("export", str(ROOT / "labels" / "press.jsonl"), "o.csv", "--orangesum", "LONG"),
        ("train", "--settings", "deep"),
    ],
    ids=" ".join,
)
def test_other_commands_tell_such_a_path_in_one_line(
    tmp_path: Path, classify: Classify, command: tuple[str, ...]
) -> None:
    (tmp_path / "deep").write_text("a = " * (command[1] == "check") + "[" * 100_000)
    done = classify(*(word.replace("LONG", "x" * 300) for word in command))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr


def test_path_with_a_nul_or_half_a_character_is_a_failure() -> None:
    for path in ("a\0b", "\ud800.txt"):
        inputs = Inputs([path])
        assert not inputs.is_single
        assert len(list(inputs)) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user needs root")
def test_folder_that_may_not_be_entered_is_one_line(here: Path, classify: Classify) -> None:
    (here / "no").mkdir()
    (here / "in" / "x.csv.journal").mkdir(mode=0)
    (here / "in" / ".depeche").mkdir(mode=0)
    (here / "no" / "a.txt").write_text(text(1))
    os.chown(here / "no", 65534, -1)
    (here / "no").chmod(0o700)
    drop = "-dac_override,-dac_read_search"
    for args in (
        ["no/a.txt"],
        ["no/*.txt"],
        ["in/a0000.txt", "--output", "no/x.json"],
        ["in", "--output", "no/x.csv"],
        ["import", "no/p.csv", "x.jsonl"],
        ["in/a0000.txt", "no/a.txt"],
    ):
        done = subprocess.run(
            [
                *("setpriv", f"--bounding-set={drop}", f"--inh-caps={drop}"),
                *(sys.executable, "-m", "depeche.classify", *args),
            ],
            cwd=here,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (1, 3)
        assert done.stderr.count("\n") == 1, done.stderr
        assert "Permission denied" in done.stderr
