"""What is kept and shown of many failures, and numbers that make no sense."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from made_batches import Tag, rows_of, text


def test_failed_and_skipped_inputs_are_named_in_part_and_listed_whole(here: Path, tag: Tag) -> None:
    rows = [json.dumps({"text": text(1)}), *["1"] * 50]
    (here / "in" / "t.jsonl").write_text("\n".join(rows))
    for i in range(30):
        (here / "in" / f"p{i:02}.png").touch()
        (here / "in" / f"p{i:02}.zip").touch()
    for more in (["--errors", "e.jsonl"], []):
        status, messages = tag("in", *more)
        lines = messages.splitlines()
        assert status == 3
        assert len(lines) == 41
        assert sum(": skipped: " in line for line in lines) == 20
        where = "all are listed in e.jsonl" if more else "--errors FILE lists them all"
        assert lines[-1].startswith(f"classify: 51 failed, 60 skipped: {where}")
    listed = rows_of(here / "e.jsonl")
    assert len(listed) == 51 + 60
    assert listed[-1] == {"input": "in/p29.zip", "reason": "skipped: archive"}
    assert listed[1] == {
        "input": "in/t.jsonl:2",
        "reason": "not an object: write each article as one, with its text",
    }
    messages = tag("in", "--output", "o.csv")[1]
    assert (
        "classify: 51 failed, 60 skipped: all are listed in .depeche/o.csv/errors.jsonl" in messages
    )
    assert rows_of(here / ".depeche" / "o.csv" / "errors.jsonl") == listed


def test_list_is_left_where_nothing_could_be_read(here: Path, tag: Tag) -> None:
    (here / "bad.jsonl").write_text("1\n" * 70)
    for options, listed in (
        (["--errors", "e.jsonl"], "e.jsonl"),
        (["--output", "o.csv"], ".depeche/o.csv/errors.jsonl"),
    ):
        for _ in range(2):
            status, messages = tag("bad.jsonl", *options)
            assert (status, messages.count("\n")) == (1, 21)
            assert f"70 failed, 0 skipped: all are listed in {listed}" in messages
            assert len(rows_of(here / listed)) == 70
    assert [path.name for path in (here / ".depeche" / "o.csv").iterdir()] == ["errors.jsonl"]
    assert not (here / "o.csv").exists()


def test_warnings_are_told_in_part(here: Path, tag: Tag) -> None:
    row = json.dumps({"text": "The minister met his counterpart to talk about peace, they said."})
    (here / "english.jsonl").write_text(f"{row}\n" * 45)
    status, messages = tag("english.jsonl")
    assert status == 0
    assert messages.count("\n") == 21
    assert messages.endswith("classify: … and 25 more warnings\n")


@pytest.mark.parametrize("options", [["--errors", "/dev/null"], ["--output", "o.jsonl"]])
def test_memory_does_not_grow_with_failures(here: Path, options: list[str]) -> None:
    peaks = []
    for n in (10_000, 100_000):
        (here / "bad.jsonl").write_text(json.dumps({"text": text(1)}) + "\n" + "1\n" * n)
        code = "import resource, sys; from depeche import classify\ntry: classify.main()\nfinally: "
        code += "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=open('peak', 'w'))"
        subprocess.run(
            [sys.executable, "-c", code, "tag", "bad.jsonl", *options, "--fresh"],
            cwd=here,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=False,
        )
        peaks.append(int((here / "peak").read_text()))
    assert peaks[1] < peaks[0] * 1.15, peaks


@pytest.mark.slow
def test_three_million_bad_rows_fit_into_little_memory(here: Path) -> None:
    import zstandard

    packed = zstandard.ZstdCompressor().compressobj()
    with (here / "bad.jsonl.zst").open("wb") as file:
        for _ in range(6):
            file.write(packed.compress(b"1\n" * (1 << 19)))
        file.write(packed.flush())
    done = subprocess.run(
        [sys.executable, "-m", "depeche.classify", "tag", "bad.jsonl.zst", "--errors", "e.jsonl"],
        cwd=here,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)),
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 21)
    with (here / "e.jsonl").open() as lines:
        assert sum(1 for _ in lines) == 6 << 19


def test_more_processes_than_are_of_use_are_not_started(here: Path, tag: Tag) -> None:
    for jobs, output in (("9999", "many.jsonl"), ("1", "one.jsonl")):
        assert tag("in", "--jobs", jobs, "--output", output)[0] == 3  # one of them is empty
    assert (here / "many.jsonl").read_bytes() == (here / "one.jsonl").read_bytes()


@pytest.mark.parametrize("jobs", ["10001", "100000", str(10**20), "0", "-1"])
def test_number_of_processes_is_bounded(here: Path, tag: Tag, jobs: str) -> None:
    status, messages = tag("in", "--jobs", jobs)
    assert (status, "--jobs" in messages) == (2, True)


@pytest.mark.parametrize("number", ["1e-300", "5e-324", "1e-17", "0.9999999999999999"])
@pytest.mark.parametrize("option", ["precision", "recall", "coverage"])
def test_share_at_an_end_of_what_a_number_holds_is_no_fault(
    here: Path, tag: Tag, option: str, number: str
) -> None:
    status, messages = tag("in/a0000.txt", f"--{option}", number)
    assert (status, "Warning" in messages) == (0, False)
    assert json.loads((here.parent / "stdout").read_text())["id"] == "in/a0000.txt"


@pytest.mark.parametrize(
    "number", ["nan", "inf", "-inf", "0", "1", "-1e-300", "0.99999999999999999"]
)
@pytest.mark.parametrize("option", ["precision", "recall", "coverage"])
def test_share_that_is_none_is_refused(here: Path, tag: Tag, option: str, number: str) -> None:
    status, messages = tag("in/a0000.txt", f"--{option}", number)
    assert (status, messages.count("\n")) == (1, 1)
    assert "must lie between 0 and 1" in messages
