"""Ctrl-C at any moment: one line, status 130, no traceback."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, put_store

from depeche.labels.errors import InputError
from depeche.labels.system import stopping

# In `sitecustomize`: Ctrl-C as the nth module, or one of a name, is looked for, once ours begin.
HOOK = """
import os, signal, sys
wanted = os.environ["STOP_AT"]

class InCallback:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

class Finder:
    n = 0
    def find_spec(self, name, path=None, target=None):
        if "depeche.labels.system.stopping" not in sys.modules:
            return None
        Finder.n += 1
        if wanted in (name, str(Finder.n)):
            signal.raise_signal(signal.SIGINT)
        if wanted == f"callback of {name}":
            InCallback()
        if wanted == f"other error in {name}":
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt:
                raise SystemError("initialization failed without raising an exception")

sys.meta_path.insert(0, Finder())
if wanted == "ignored":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wanted = "typer"
"""


def run(stop_at: str, *args: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    hooks = cwd / "hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / "sitecustomize.py").write_text(HOOK)
    (cwd / "a.txt").write_text("Un accord de coopération a été signé lundi à Paris.")
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("CLASSIFY_", "MLFLOW_"))}
    return subprocess.run(
        [sys.executable, "-m", "depeche.classify", *args],
        cwd=cwd,
        env=clean | {"PYTHONPATH": os.pathsep.join([str(hooks), str(ROOT)]), "STOP_AT": stop_at},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


def check_stopped(done: "subprocess.CompletedProcess[str]") -> None:
    assert done.stderr == "classify: stopped\n"
    assert (done.returncode, done.stdout) == (130, "")


@pytest.mark.parametrize("module", ["typer", "depeche.train.active.cli", "numpy._core.multiarray"])
def test_stop_in_the_imports_of_the_start(module: str, tmp_path: Path) -> None:
    check_stopped(run(module, "a.txt", cwd=tmp_path))


@pytest.mark.parametrize("how", ["", "callback of ", "other error in "])
def test_stop_in_an_import_of_a_command(how: str, tmp_path: Path) -> None:
    check_stopped(run(f"{how}depeche.model.artifact", "tag", "a.txt", cwd=tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("nth", range(20, 300, 40))
def test_stop_at_any_import_of_a_start(nth: int, tmp_path: Path) -> None:
    check_stopped(run(str(nth), "a.txt", "--format", "json", cwd=tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("how", ["", "other error in "])
@pytest.mark.parametrize(
    ("module", "command"),
    [
        ("mlflow", ("runs",)),
        ("sqlalchemy", ("runs",)),
        ("mlflow.store.tracking.sqlalchemy_store", ("runs",)),
        ("pyarrow", ("tag", "a.txt", "--output", "t.parquet")),
        ("pyarrow.lib", ("tag", "a.txt", "--output", "t.parquet")),
        ("lxml.etree", ("tag", "a.html")),
        ("sklearn", ("train", "--labels", str(ROOT / "labels" / "seeds.jsonl"))),
        ("scipy.sparse", ("train", "--labels", str(ROOT / "labels" / "seeds.jsonl"))),
    ],
)
def test_stop_in_the_imports_of_a_library(
    how: str, module: str, command: tuple[str, ...], empty_store: Path, tmp_path: Path
) -> None:
    put_store(empty_store, tmp_path)
    (tmp_path / "a.html").write_text("<!doctype html><html><body><p>Un accord a été signé.</p>")
    done = run(how + module, *command, cwd=tmp_path)
    assert done.stderr.splitlines()[-1] == "classify: stopped"
    assert "Traceback" not in done.stderr
    assert done.returncode == 130


def test_stop_that_is_ignored_stays_ignored(tmp_path: Path) -> None:
    done = run("ignored", "a.txt", "--format", "json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_error_of_ours_after_ctrl_c_is_told_and_another_is_not() -> None:
    before = signal.getsignal(signal.SIGINT)

    def fail(err: Exception, *, asked: bool) -> None:
        with stopping.interruptible(InputError):
            try:
                if asked:
                    signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt:
                pass
            raise err

    with pytest.raises(InputError):
        fail(InputError("x"), asked=True)
    with pytest.raises(KeyboardInterrupt):
        fail(ValueError("x"), asked=True)
    with pytest.raises(ValueError, match="x"):
        fail(ValueError("x"), asked=False)
    assert signal.getsignal(signal.SIGINT) is before
