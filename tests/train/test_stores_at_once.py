"""Stores and folders that several processes use at once, or that a killed one left."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Classify
from made_runs import few_labels

from depeche.labels.errors import ArtifactError, TrackingError
from depeche.model.artifact import lock_folder
from depeche.train.tracking.database import check_database, make_database
from depeche.train.tuning.study import open_study


def start(*args: str, cwd: Path) -> "subprocess.Popen[str]":
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("CLASSIFY_", "MLFLOW_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "depeche.classify", *args],
        cwd=cwd,
        env=clean,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_first_trainings_at_once_log_a_run_each(classify: Classify, tmp_path: Path) -> None:
    options = few_labels(tmp_path)
    started = [start("train", *options, "--output", f"m{i}", cwd=tmp_path) for i in range(3)]
    looking = [start("runs", cwd=tmp_path) for _ in range(3)]
    for process in (*started, *looking):
        _, messages = process.communicate(timeout=300)
        assert process.returncode == 0, messages
    assert len(classify("runs", "--json").stdout.split('"id"')) == 4
    assert {path.name for path in (tmp_path / "mlruns").iterdir()} == {"artifacts", "mlflow.db"}


@pytest.mark.slow
def test_databases_made_at_once_are_one(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib, depeche.train.tracking.database as d\n"
        "d.make_database(pathlib.Path(sys.argv[1]))"
    )
    path = tmp_path / "mlruns" / "mlflow.db"
    made = [
        subprocess.Popen([sys.executable, "-W", "ignore", "-c", code, str(path)], cwd=ROOT)
        for _ in range(2)
    ]
    assert [process.wait(timeout=300) for process in made] == [0, 0]
    check_database(path, str(path))
    assert [p.name for p in path.parent.iterdir()] == ["mlflow.db"]


@pytest.mark.slow
def test_database_half_made_by_a_killed_process_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    left = tmp_path / "mlruns" / ".new-store.killed"
    left.mkdir(parents=True)
    (left / "mlflow.db").write_bytes(b"SQLite format 3\0")
    (tmp_path / "mlruns" / ".mlflow.db.lock").touch()
    make_database(Path("mlruns/mlflow.db"))
    check_database(Path("mlruns/mlflow.db"), "own")
    assert [p.name for p in (tmp_path / "mlruns").iterdir()] == ["mlflow.db"]


def test_folder_of_a_model_is_held_by_one_training(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys, depeche.model.artifact as a\n"
        "with a.lock_folder(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    folder = tmp_path / "deep" / "m"
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", code, str(folder)]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=ROOT) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        expected = "another classify train is writing it"
        with pytest.raises(ArtifactError, match=expected), lock_folder(folder):
            pass
        holder.kill()
    with lock_folder(folder):
        (folder.parent / "kept").touch()
    assert [path.name for path in folder.parent.iterdir()] == ["kept"]
    with lock_folder(tmp_path / "new" / "deep" / "m"):
        pass
    with (
        pytest.raises(ArtifactError, match="cannot be written"),
        lock_folder(tmp_path / "new" / ("m" * 255)),
    ):
        pass
    assert not (tmp_path / "new").exists()


def test_two_searches_at_once_are_kept_apart(tmp_path: Path) -> None:
    path = tmp_path / "tune.db"
    with (
        open_study(path, "a"),
        pytest.raises(TrackingError, match="another classify tune is using"),
        open_study(path, "a"),
    ):
        pass
