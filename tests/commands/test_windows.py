"""Windows, which these tests pretend on other systems: see made_windows.py for how far."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import ROOT, run_classify, some_labels

from depeche.labels.system import places
from depeche.labels.system.processes import interrupts_held
from depeche.labels.system.terminal import READABLE
from depeche.model import locks

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pretends Windows by Linux's /proc")
EXTRAS = (
    *("matplotlib.pyplot", "mlflow", "mlflow.pyfunc", "onnxruntime", "optuna", "ray", "ray.data"),
    *("sklearn.linear_model", "textual.app", "torch", "transformers", "uvicorn"),
    *("pyarrow.parquet", "starlette.applications", "textual.drivers.linux_driver", "waitress"),
)
IMPORT_ALL = """
import importlib, pkgutil, depeche
for module in pkgutil.walk_packages(depeche.__path__, "depeche."):
    if "_kernel-" not in module.name:  # a library that ctypes loads
        importlib.import_module(module.name)
"""


def pretended(*args: object, libraries: tuple[str, ...] = ()) -> list[str]:
    """Return the command of classify, or of `-c CODE`, that takes itself to run on Windows."""
    installed = [name for name in libraries if find_spec(name.partition(".")[0])]
    imports = [f"--import={name}" for name in installed]
    return [sys.executable, str(ROOT / "tests" / "made_windows.py"), *imports, *map(str, args)]


def run_pretended(
    *args: object, cwd: Path, libraries: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        pretended(*args, libraries=libraries),
        cwd=cwd,
        env=clean_environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=400,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def clean_environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CLASSIFY_", "MLFLOW_"))}
    return kept | {"COLUMNS": "100"} | more


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")


# --- what Windows lacks ---


@pytest.mark.slow
def test_every_module_imports_on_windows(tmp_path: Path) -> None:
    done = run_pretended("-c", IMPORT_ALL, cwd=tmp_path, libraries=EXTRAS)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_types_hold_on_windows() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--platform", "win32", "-p", "depeche"],
        cwd=ROOT / "tests",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_tag_on_windows_gives_the_same_records(articles: Path) -> None:
    usual = run_classify("tag", "in", "--format", "jsonl", cwd=articles)
    for n_known in (0, 3):  # the second run finds all done, and no lock in its way
        done = run_pretended("tag", "in", "--jobs", "2", "--output", "o.jsonl", cwd=articles)
        assert done.returncode == 0, done.stderr
        assert ("3 tagged before" in done.stderr) == (n_known == 3)
    assert (articles / "o.jsonl").read_bytes() == usual.stdout.encode()
    (articles / "in" / "0.txt").write_text("Un accord a été signé lundi par les deux ministres.")
    done = run_pretended("tag", "in/*.txt", "--output", "o.csv", cwd=articles)
    assert "4 articles" in done.stderr
    done = run_pretended("tag", "in", "--output", "o.jsonl", cwd=articles)  # sets entries aside
    assert "4 articles" in done.stderr
    assert "3 tagged before" in done.stderr
    assert len((articles / "o.jsonl").read_text().splitlines()) == 4


@pytest.mark.parametrize("command", [("ui", "--no-browser"), ("serve",), ("promote", "1234")])
def test_commands_without_a_run_say_so_on_windows(command: tuple[str, ...], tmp_path: Path) -> None:
    done = run_pretended(*command, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "classify: mlruns/mlflow.db: no run yet: classify train makes one\n"


@pytest.mark.slow
def test_a_model_is_trained_promoted_served_and_shown_on_windows(tmp_path: Path) -> None:
    def run(*args: object) -> str:
        done = run_pretended(*args, cwd=tmp_path, libraries=EXTRAS)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("train", *some_labels(tmp_path))
    run_id = json.loads(run("runs", "--json"))[0]["id"]
    run("promote", run_id)
    assert json.loads(run("info", "--json"))["run_id"] == run_id
    stop_once_it_answers(tmp_path, "serve", "--port", "5741")

    # Windows has no process groups that a signal ends, but a program that ends what another began.
    (tmp_path / "bin").mkdir()
    taskkill = tmp_path / "bin" / "taskkill.EXE"
    taskkill.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\npkill -KILL -P "$4"\n')
    taskkill.chmod(0o755)
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    env = {"PATH": path, "PATHEXT": ".EXE"}
    stop_once_it_answers(tmp_path, "ui", "--no-browser", "--port", "5742", **env)
    assert (tmp_path / "asked").read_text().startswith("/F /T /PID ")


def stop_once_it_answers(folder: Path, *command: str, **env: str) -> None:
    """Start a server, press Ctrl-C once it says that it answers, and wait for its end."""
    messages = folder / "stderr.txt"
    with messages.open("wb") as file:
        process = subprocess.Popen(
            pretended(*command, libraries=EXTRAS),
            cwd=folder,
            env=clean_environment(**env),
            stdout=subprocess.DEVNULL,
            stderr=file,
        )
    deadline = time.monotonic() + 300
    while "Ctrl-C to stop" not in messages.read_text():
        assert process.poll() is None, messages.read_text()
        assert time.monotonic() < deadline
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130, messages.read_text()
    assert "Traceback" not in messages.read_text()


# --- locks ---


class Locks:
    """Stands for `msvcrt`: a lock that others hold for a while."""

    LK_UNLCK, LK_LOCK, LK_NBLCK = 0, 1, 2

    def __init__(self, *errors: int) -> None:
        self.calls: list[tuple[int, int]] = []
        self._errors = list(errors)

    def locking(self, descriptor: int, mode: int, n_bytes: int) -> None:
        assert os.lseek(descriptor, 0, os.SEEK_CUR) == 0
        self.calls.append((mode, n_bytes))
        if self._errors:
            raise OSError(self._errors.pop(0), "held")


def use_locks(monkeypatch: pytest.MonkeyPatch, *errors: int) -> Locks:
    monkeypatch.setattr(sys, "platform", "win32")
    held = Locks(*errors)
    monkeypatch.setattr(locks, "msvcrt", held, raising=False)
    return held


def test_a_lock_on_windows_is_one_byte_that_is_freed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = use_locks(monkeypatch)
    with locks.locked(tmp_path / "lock"):
        assert held.calls == [(Locks.LK_NBLCK, 1)]
    assert held.calls == [(Locks.LK_NBLCK, 1), (Locks.LK_UNLCK, 1)]
    assert not (tmp_path / "lock").exists()


def test_a_lock_held_by_another_is_refused_or_waited_for_on_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_locks(monkeypatch, 13)
    with (
        pytest.raises(BlockingIOError, match="held by another process"),
        locks.locked(tmp_path / "lock"),
    ):
        pass
    # Each try waits for ten seconds there, and then tells of a deadlock.
    held = use_locks(monkeypatch, 35, 35)
    with locks.locked(tmp_path / "lock", wait=True):
        assert held.calls == [(Locks.LK_LOCK, 1)] * 3


def test_a_lock_is_not_taken_through_a_link_on_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "O_NOFOLLOW")
    (tmp_path / "lock").symlink_to(tmp_path / "mine")
    with pytest.raises(OSError, match="symbolic links"):
        places.open_itself(str(tmp_path / "lock"), os.O_RDWR)
    assert not (tmp_path / "mine").exists()


def test_what_is_started_on_windows_ignores_ctrl_c(
    monkeypatch: pytest.MonkeyPatch, windows: None
) -> None:
    import ctypes

    calls: list[tuple[object, bool]] = []
    kernel32 = SimpleNamespace(SetConsoleCtrlHandler=lambda *call: calls.append(call))
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel32), raising=False)
    with interrupts_held():
        assert calls == [(None, True)]
    assert calls == [(None, True), (None, False)]


# --- a console of Windows ---


@pytest.mark.parametrize(
    "options", [("--help",), ("tag", "--help"), ("info",), ("tag", "none.txt")]
)
def test_a_cp1252_console_shows_all(options: tuple[str, ...], tmp_path: Path) -> None:
    done = in_cp1252(*options, cwd=tmp_path)
    assert b"Traceback" not in done.stderr
    done.stdout.decode("cp1252")


def test_records_are_utf8_wherever_they_are_sent(tmp_path: Path) -> None:
    text = "Le ministre de Łódź a signé le traité → avec son homologue à Kyïv."
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    for options in (("tag", "a.txt"), ("tag", "a.txt", "--format", "json")):
        done = in_cp1252(*options, cwd=tmp_path)
        assert json.loads(done.stdout.decode("utf-8"))["paragraphs"][0]["text"] == text
        assert b"\r" not in done.stdout


def test_bars_and_letters_that_a_console_lacks_are_replaced() -> None:
    assert "██▏ é → Ł".encode("cp1252", READABLE).decode("cp1252") == "##| é ? ?"


def in_cp1252(*options: object, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "depeche.classify", *map(str, options)],
        cwd=cwd,
        env=clean_environment(PYTHONIOENCODING="cp1252", PYTHONUTF8="0"),
        capture_output=True,
        check=False,
    )
