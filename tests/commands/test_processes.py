"""Processes that classify starts: they run no Python of the current folder."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from conftest import ROOT, Classify, put_store, some_labels
from made_batches import text
from made_servers import free_port
from pyarrow import parquet

from depeche.labels.system.processes import find_program, starting
from depeche.train.tracking.log import _git_commit

LIBRARIES = (
    *("alembic", "anyio", "classify", "click", "cloudpickle", "fastapi", "flask", "git", "grpc"),
    *("gunicorn", "h11", "htmldate", "httptools", "joblib", "labels", "lxml", "markdown_it"),
    *("matplotlib", "mlflow", "model", "numpy", "onnxruntime", "optuna", "orjson", "pandas"),
    *("psutil", "py3langid", "pyarrow", "pydantic", "ray", "requests", "rich", "scipy", "sklearn"),
    *("sqlalchemy", "starlette", "textual", "tokenizers", "torch", "trafilatura", "train"),
    *("transformers", "typer", "uvicorn", "uvloop", "watchfiles", "websockets", "yaml"),
)
# As the installed command does, from a folder of its own; `python -m depeche.classify` would itself
# import from the current one.
LAUNCHER = """
if __name__ == "__main__":
    from depeche.classify import main
    main()
"""
LABEL = """
if __name__ == "__main__":
    from depeche.labels.schema import read_schema
    from depeche.train.active.mix import Mix
    from depeche.train.active.trainer import Question, Setup, Texts, Trainer
    none = Texts(ids=(), articles=(), texts=())
    pool = Texts(ids=("a", "b"), articles=("a", "b"), texts=("L’armée.", "La fusée."))
    mix = Mix(uncertain=0, rare=0, random=0)
    setup = Setup(pool=pool, others=none, schema=read_schema(), mix=mix, seed=0)
    trainer = Trainer(setup)
    trainer.ask(Question(labels=[], closed=[]))
    assert trainer._answers.get(timeout=150)
"""


@pytest.fixture
def trapped(tmp_path: Path) -> Path:
    """Return a folder with a file named like each module; what is imported leaves a mark."""
    folder, marks = tmp_path / "trapped", tmp_path / "marks"
    folder.mkdir()
    marks.mkdir()
    for name in {*sys.stdlib_module_names, *LIBRARIES}:
        code = f"open({str(marks / name)!r}, 'w').close()\nraise ImportError('a stranger')\n"
        (folder / f"{name}.py").write_text(code)
    for i in range(3):
        (folder / f"a{i}.txt").write_text(text(i))
    parquet.write_table(pa.table({"text": [text(i) for i in range(3)]}), folder / "b.parquet")
    return folder


def marks(trapped: Path) -> list[str]:
    return sorted(path.name for path in (trapped.parent / "marks").iterdir())


def start(trapped: Path, code: str, *args: object) -> "subprocess.Popen[str]":
    launcher = trapped.parent / "bin" / "classify"
    launcher.parent.mkdir(exist_ok=True)
    launcher.write_text(code)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("CLASSIFY_", "MLFLOW_"))}
    return subprocess.Popen(
        [sys.executable, str(launcher), *map(str, args)],
        cwd=trapped,
        env={k: v for k, v in env.items() if k != "PYTHONSAFEPATH"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(trapped: Path, code: str, *args: object) -> str:
    with start(trapped, code, *args) as process:
        out, err = process.communicate()
    assert process.returncode == 0, err
    return out


def test_a_python_that_nothing_is_done_for_springs_the_trap(trapped: Path) -> None:
    subprocess.run([sys.executable, "-c", "import wave"], cwd=trapped, check=False)
    assert "wave" in marks(trapped)


def test_workers_of_tag_import_nothing_from_the_current_folder(trapped: Path) -> None:
    run(trapped, LAUNCHER, "tag", ".", "--jobs", 2, "--output", "../out.jsonl")
    assert len((trapped.parent / "out.jsonl").read_text().splitlines()) == 6
    assert marks(trapped) == []


def test_trainer_of_label_imports_nothing_from_the_current_folder(trapped: Path) -> None:
    run(trapped, LABEL)
    assert marks(trapped) == []


@pytest.mark.slow
def test_ray_imports_nothing_from_the_current_folder(trapped: Path) -> None:
    pytest.importorskip("ray", reason="the extra ray installs it")
    asked = ("--engine", "ray", "--jobs", 1, "--output", trapped.parent / "out")
    run(trapped, LAUNCHER, "tag", ".", *asked)
    assert json.loads((trapped.parent / "out" / "_SUCCESS").read_text())["articles"] == 6
    assert marks(trapped) == []


@pytest.mark.parametrize("kind", ["settings", "pipe"])
def test_matplotlib_obeys_nothing_in_the_current_folder(
    tmp_path: Path, classify: Classify, kind: str
) -> None:
    path = tmp_path / "matplotlibrc"
    if kind == "pipe":
        os.mkfifo(path)
    else:  # LaTeX, where it is installed, would run what the preamble says
        path.write_text("text.usetex: True\ntext.latex.preamble: \\input{/etc/hosts}\n")
    done = classify(
        "evaluate", "--labels", ROOT / "labels" / "seeds.jsonl", "--report", "r", fresh=True
    )
    assert done.returncode == 0, done.stderr
    assert "report in r" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("command", ["train", "tune"])
def test_training_imports_nothing_from_the_current_folder(
    trapped: Path, empty_store: Path, command: str
) -> None:
    put_store(empty_store, trapped)
    more = ("--trials", 1) if command == "tune" else ()
    run(trapped, LAUNCHER, command, *some_labels(trapped), *more)
    assert marks(trapped) == []


@pytest.mark.slow
def test_ui_imports_nothing_from_the_current_folder(trapped: Path, runs: Path) -> None:
    shutil.copytree(runs / "mlruns", trapped / "mlruns")
    port = free_port()
    with start(trapped, LAUNCHER, "ui", "--port", port) as process:
        assert process.stdout is not None
        assert f"http://127.0.0.1:{port}" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert marks(trapped) == []


@pytest.mark.slow
def test_serve_imports_nothing_from_the_current_folder(trapped: Path, trained: Path) -> None:
    shutil.copytree(trained / "mlruns", trapped / "mlruns")
    (logged,) = json.loads(run(trapped, LAUNCHER, "runs", "--json"))
    run(trapped, LAUNCHER, "promote", logged["id"], "--force")
    with start(trapped, LAUNCHER, "serve", "--port", free_port()) as process:
        assert process.stderr is not None
        assert "answers" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert marks(trapped) == []


@pytest.mark.parametrize("before", [None, "1"])
def test_only_what_is_started_is_told_to_leave_the_current_folder_out(
    before: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    if before is not None:
        monkeypatch.setenv("PYTHONSAFEPATH", before)
    with starting(), starting():
        assert os.environ["PYTHONSAFEPATH"] == "1"
    assert os.environ.get("PYTHONSAFEPATH") == before


def test_git_in_the_current_folder_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "git").write_text(f"#!/bin/sh\ntouch {tmp_path}/run\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", ".")
    assert find_program("git") is None
    assert _git_commit() is None
    assert not (tmp_path / "run").exists()
