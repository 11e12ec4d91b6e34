"""Batches that are interrupted, meet another one, or lose their reader."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from made_batches import Tag, ids, text, write_articles


@pytest.mark.parametrize("jobs", [1, 2])
def test_interrupt_ends_quietly_and_the_batch_goes_on(here: Path, tag: Tag, jobs: int) -> None:
    if jobs == 1:
        (here / "in" / "a.txt").write_text("\n\n".join(text(i) for i in range(900)))  # a chunk
    asked = ["in", "-", "--output", "out.jsonl", "--jobs", str(jobs)]
    process = subprocess.Popen(
        [sys.executable, "-m", "depeche.classify", "tag", *asked],
        cwd=here,
        stdin=subprocess.PIPE,  # from which nothing comes
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    records = here / ".depeche" / "out.jsonl" / "records.jsonl"
    # One process is stopped when it has written something, several as they start.
    while not (records.exists() and (jobs == 2 or records.stat().st_size)):
        assert process.poll() is None
    time.sleep(0.2 * (jobs == 1))  # so that it waits for standard input
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to all of them
    process.wait()
    with process:
        assert process.stderr is not None
        assert (process.returncode, process.stderr.read()) == (130, "classify: stopped\n")
    assert not (here / "out.jsonl").exists()
    messages = tag("in", "-", "--output", "out.jsonl")[1]
    assert ("; 1 tagged before" in messages) == (jobs == 1)
    assert ids(here / "out.jsonl")[-5:] == [f"in/a000{i}.txt" for i in range(5)]


def test_second_command_at_one_output_is_refused(here: Path, tag: Tag) -> None:
    os.mkfifo(here / "pipe")
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "depeche.classify", "tag", "in", "--files-from", "pipe", "-"),
            *("--output", "out.jsonl"),
        ],
        cwd=here,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with (here / "pipe").open("w") as pipe:
        pipe.write("in/a0000.txt\n")
    while not (here / ".depeche" / "out.jsonl" / "job.json").exists():
        pass  # it waits for an article
    assert tag("in", "--output", "out.jsonl") == (
        1,
        "classify: out.jsonl: another command is writing it: let it end first\n",
    )
    process.communicate(text(70).encode())
    assert process.returncode == 3
    assert ids(here / "out.jsonl") == [*(f"in/a000{i}.txt" for i in range(5)), "-"]


def test_reader_that_has_had_enough_ends_it_quietly(here: Path) -> None:
    write_articles(here / "in", 60)
    done = subprocess.run(
        f"{sys.executable} -m depeche.classify tag in | head -n 1",
        shell=True,
        cwd=here,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.count("\n") == 1
    assert done.stderr == "classify: in/a0002b.txt: empty: there is no text to tag\n" or (
        done.stderr == ""
    )
