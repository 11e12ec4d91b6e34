"""A batch that is killed, or whose disk is full, is as if it had not been."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from made_batches import Warm, text, write_articles

from depeche.model.batch.files import checksum_of

FORMATS = ("jsonl", "csv", "parquet", "html", "sidecar")
KILLED = (-9, -14)  # by SIGKILL, by the clock


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """Return a folder with articles, a table, a page, and some that fail."""
    folder = tmp_path / "in"
    write_articles(folder, 7)
    rows = [{"id": f"n-{i % 2}", "text": text(i, 1)} for i in range(20, 23)]
    (folder / "a0004b.jsonl").write_text("\n".join([*map(json.dumps, rows), "{}", ""]))
    (folder / "a0002b.txt").touch()
    (folder / "z.txt").write_bytes(b"\0")
    return folder


def command(form: str, *more: object) -> list[object]:
    return ["tag", "../in", "--output", "out", "--format", form, *more]


def check(folder: Path, expected: Path) -> None:
    """Check that a run left the same as another, and nothing else."""
    for name in ("out", ".depeche/out/errors.jsonl"):
        assert checksum_of(folder / name) == checksum_of(expected / name), name
    assert {path.name for path in folder.iterdir()} == {"out", ".depeche"}
    assert {path.name for path in (folder / ".depeche").iterdir()} == {"out"}
    journal = {path.name for path in (folder / ".depeche" / "out").iterdir()}
    known = {"job.json", "done.log", "finished.json", "errors.jsonl"}
    assert journal - {"records.jsonl"} == known


def made(parent: Path, name: str) -> Path:
    path = parent / name
    path.mkdir()
    return path


def n_steps(folder: Path) -> int:
    return int((folder.parent / "steps").read_text())


def left_in_session(session: int) -> list[str]:
    """Return the processes of a session that are alive, by their number."""
    alive = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, its = path.read_text().rpartition(")")[2].split()[:4]
        except OSError:  # it has just ended
            continue
        if int(its) == session and state != "Z":
            alive.append(path.parent.name)
    return alive


def test_kill_at_steps_of_a_small_batch_loses_nothing(warm: Warm, tmp_path: Path) -> None:
    write_articles(tmp_path / "in", 2)
    (tmp_path / "in" / "a0000b.txt").touch()
    expected = made(tmp_path, "expected")
    assert warm(expected, *command("jsonl")) == 3
    for n in range(1, n_steps(expected) + 1, 2):  # the slow tests do every one
        folder = made(tmp_path, str(n))
        assert warm(folder, *command("jsonl"), kill_at=n) in (*KILLED, 3)
        assert warm(folder, *command("jsonl")) == 3
        check(folder, expected)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
def test_kill_at_every_step_of_the_end_loses_nothing(
    warm: Warm, tmp_path: Path, inputs: Path, form: str
) -> None:
    expected = made(tmp_path, "expected")
    assert warm(expected, *command(form)) == 3
    steps = n_steps(expected)
    for n in range(steps - (16 if form in ("jsonl", "sidecar") else 9), steps + 1):
        folder = made(tmp_path, str(n))
        warm(folder, *command(form), kill_at=n)
        assert warm(folder, *command(form)) == 3
        check(folder, expected)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["jsonl", "csv", "sidecar"])
def test_kill_at_every_step_of_a_second_run_loses_nothing(
    warm: Warm, tmp_path: Path, inputs: Path, form: str
) -> None:
    first = made(tmp_path, "first")
    assert warm(first, *command(form)) == 3
    (inputs / "a0003.txt").unlink()
    (inputs / "a0001.txt").write_text(text(99))
    (inputs / "a0002b.txt").write_text(text(98))
    expected = made(tmp_path, "expected")
    assert warm(expected, *command(form)) == 3
    second = tmp_path / "second"
    shutil.copytree(first, second)
    assert warm(second, *command(form)) == 3
    check(second, expected)
    steps = n_steps(second)
    for n in range(1, steps + 1):
        if 18 < n < steps - 14 and n % 9:  # appends, each like the other
            continue
        if form == "sidecar" and n < steps - 14:  # as for csv
            continue
        folder = tmp_path / str(n)
        shutil.copytree(first, folder)
        warm(folder, *command(form), kill_at=n)
        assert warm(folder, *command(form)) == 3
        check(folder, expected)


@pytest.mark.slow
def test_fifty_kills_at_random_lose_nothing(warm: Warm, tmp_path: Path, inputs: Path) -> None:
    rng = random.Random(11)
    n_kills = 0
    for form, jobs, n_wanted in (
        *(("jsonl", 1, 20), ("jsonl", 2, 6), ("csv", 1, 7), ("csv", 2, 3)),
        *(("parquet", 1, 5), ("html", 1, 4), ("sidecar", 1, 5)),
    ):
        expected = made(tmp_path, f"{form}-{jobs}")
        started = time.monotonic()
        assert warm(expected, *command(form, "--jobs", jobs)) == 3
        took = time.monotonic() - started
        n_done = n_runs = 0
        while n_done < n_wanted:
            folder = made(tmp_path, f"{form}-{jobs}-{n_runs}")
            n_runs += 1
            for _ in range(rng.randint(1, 3)):  # in a row
                status = warm(
                    folder,
                    *command(form, "--jobs", jobs),
                    kill_after=rng.uniform(0.02, took),
                )
                n_done += status in KILLED
                if jobs == 2:
                    check_no_orphan(warm.pid)
            assert warm(folder, *command(form, "--jobs", jobs)) == 3
            check(folder, expected)
        n_kills += n_done
    assert n_kills >= 50


def check_no_orphan(session: int) -> None:
    limit = time.monotonic() + 30
    while left := left_in_session(session):
        assert time.monotonic() < limit, left
        time.sleep(0.02)  # they end by themselves, once they see that their parent has


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")
def test_no_worker_outlives_a_killed_parent(warm: Warm, tmp_path: Path, inputs: Path) -> None:
    folder = made(tmp_path, "out")
    assert warm(folder, *command("jsonl", "--jobs", 2), kill_at=14) == -9
    check_no_orphan(warm.pid)


def mount(folder: Path, size: int, *, again: bool = False) -> None:
    options = f"{'remount,' if again else ''}size={size}"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"needs the right to mount a tmpfs: {done.stderr.strip()}")


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
@pytest.mark.parametrize(
    ("form", "share"),
    [
        *(("jsonl", 0.02), ("jsonl", 0.4), ("jsonl", 0.8), ("csv", 0.3), ("csv", 0.85)),
        *(("parquet", 0.5), ("parquet", 0.9), ("html", 0.8), ("sidecar", 0.6), ("sidecar", 0.9)),
    ],
)
def test_full_disk_is_one_line_and_the_same_command_goes_on(
    warm: Warm, tmp_path: Path, inputs: Path, form: str, share: float
) -> None:
    write_articles(inputs / "more", 40)
    expected = made(tmp_path, "expected")
    assert warm(expected, *command(form)) == 3
    written = [*(expected / ".depeche" / "out").iterdir(), *(expected / "out").rglob("*")]
    used = sum(max(path.stat().st_blocks, 8) * 512 for path in written)
    used += 0 if (expected / "out").is_dir() else (expected / "out").stat().st_blocks * 512
    folder = made(tmp_path, "disk")
    mount(folder, max(int(used * share), 20_480))
    try:
        assert warm(folder, *command(form)) == 1
        messages = (folder.parent / "stderr").read_text()
        assert messages.startswith("classify: out: cannot be written: No space left on device"), (
            messages
        )
        assert messages.count("\n") == 1
        if share >= 0.3:
            assert "the same command goes on where it stopped" in messages
        mount(folder, 64 << 20, again=True)
        assert warm(folder, *command(form)) == 3
        check(folder, expected)
    finally:
        subprocess.run(["umount", str(folder)], check=True)
