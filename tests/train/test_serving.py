"""Models in MLflow: logged so that they run elsewhere, served, and looked at in its UI."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import mlflow
import pytest
from conftest import ROOT, SEEDS, put_store, run_classify
from made_servers import ask, free_port, post, running, server_of_mlflow

from depeche.model.artifact import load_artifact
from depeche.train.tracking.connection import connect
from depeche.train.tracking.log import CHAMPION_ALIAS, REGISTERED
from depeche.train.tracking.store import open_store

SEED = sorted(SEEDS.glob("*.txt"))[3]
CHROMIUM = Path("/usr/bin/chromium")

# Run where our checkout cannot be imported: what is found comes from the logged model.
TAG_ELSEWHERE = """
import importlib.util, json, os, sys
sys.path = [p for p in sys.path if not os.path.exists(os.path.join(p, "depeche"))]
assert importlib.util.find_spec("depeche") is None
from contextlib import contextmanager
from collections.abc import Iterator
import mlflow
tagger = mlflow.pyfunc.load_model(sys.argv[1])
texts = json.load(sys.stdin)
records = [tagger.predict(texts), tagger.predict(texts, params={"explain": True})]
import depeche.labels, depeche.model
for package in (depeche, depeche.labels, depeche.model):
    assert package.__file__.startswith(sys.argv[1]), package.__file__
json.dump(records, sys.stdout)
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Path:
    """Return a folder in which a model was trained on the seeds and registered as champion."""
    folder = tmp_path_factory.mktemp("store")
    put_store(empty_store, folder)
    train_on_seeds(folder)
    (run,) = newest_runs(folder)
    with pytest.MonkeyPatch.context() as patch:
        # MLflow looks for the model in the store of the process, whatever that of its client.
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlruns' / 'mlflow.db'}")
        with connect() as connected:
            version = connected.register_model(f"runs:/{run.info.run_id}/model", REGISTERED)
            client = connected.MlflowClient()
            client.set_registered_model_alias(REGISTERED, CHAMPION_ALIAS, version.version)
    return folder


def train_on_seeds(folder: Path, *options: object) -> None:
    labels = ROOT / "labels" / "seeds.jsonl"
    done = run_classify("train", "--labels", labels, "--folds", 2, *options, cwd=folder)
    assert done.returncode == 0, done.stderr


def newest_runs(folder: Path) -> list[Any]:
    client = mlflow.MlflowClient(f"sqlite:///{folder / 'mlruns' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("depeche")
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id]))


def logged_model(folder: Path) -> Path:
    """Return the folder in which MLflow keeps the only model logged."""
    (path,) = (folder / "mlruns" / "artifacts").rglob("MLmodel")
    return path.parent


def records_of_classify(folder: Path, *args: object, text: str) -> dict[str, Any]:
    done = run_classify("-", "--model", "mlruns/last", *args, stdin=text, cwd=folder)
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout), "id": "0"}


def test_logged_model_holds_the_artifact_once_and_no_label_files_or_pickle(store: Path) -> None:
    files = [p for p in (store / "mlruns" / "artifacts").rglob("*") if p.is_file()]
    assert sum(p.name == "weights.npy" for p in files) == 1
    assert not [p for p in files if p.suffix in {".pkl", ".pickle"}]
    assert {p.name for p in files if p.suffix == ".jsonl"} == {"held_out.jsonl"}
    assert not [p for p in files if p.name.startswith("test_") or p.name == "cli.py"]
    signature = mlflow.models.Model.load(logged_model(store)).signature
    assert signature is not None
    assert signature.params is not None
    params = {param.name: param.default for param in signature.params}
    assert params == {"explain": False, "precision": 0.0, "recall": 0.0, "coverage": 0.0}


def test_logged_model_tags_where_nothing_of_ours_is_installed(store: Path, tmp_path: Path) -> None:
    text = SEED.read_text()
    page = f"<!doctype html><meta charset=iso-8859-1><article><p>{text}</p></article>"
    done = subprocess.run(
        [sys.executable, "-I", "-c", TAG_ELSEWHERE, logged_model(store)],
        input=json.dumps([text, "", page]),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    plain, explained = json.loads(done.stdout)
    assert plain[0] == records_of_classify(store, text=text)
    assert explained[0] == records_of_classify(store, "--explain", text=text)
    assert explained[0]["paragraphs"][0]["evidence"]
    assert plain[1] == {"id": "1", "error": "empty: there is no text to tag"}
    assert plain[2]["offsets"] == "extracted"
    assert "é" in plain[2]["paragraphs"][0]["text"]


def test_artifact_of_a_run_comes_back(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store / 'mlruns' / 'mlflow.db'}")
    (run,) = newest_runs(store)
    with open_store() as opened:
        folder = opened.fetch_model(opened.find(run.info.run_id), tmp_path)
    assert load_artifact(folder).sha256 == run.data.tags["model_sha256"]


def test_serve_answers_with_records_on_this_machine_alone(store: Path) -> None:
    port = free_port()
    text = SEED.read_text()
    with running("serve", "--port", port, cwd=store) as process:
        assert process.stderr is not None
        assert "models:/depeche@champion answers" in process.stderr.readline()
        assert f"curl http://127.0.0.1:{port}/invocations" in process.stderr.readline()
        records = ask(port, [text, ""], explain=True)
        listening = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
        assert f"0100007F:{port:04X} 00000000:0000 0A" in listening
        assert f"{'0' * 8}:{port:04X}" not in listening
    assert records[0] == records_of_classify(store, "--explain", text=text)
    assert records[1] == {"id": "1", "error": "empty: there is no text to tag"}


def status_and_answer(port: int, request: object) -> tuple[int, Any]:
    is_csv = isinstance(request, str)
    headers = {"Content-Type": "text/csv" if is_csv else "application/json"}
    status, answer = post(port, request if is_csv else json.dumps(request), headers)
    return status, answer if status == 200 else set(answer) >= {"error_code", "message"}


@pytest.mark.slow
def test_server_of_mlflow_answers_as_ours_does(store: Path) -> None:
    text = SEED.read_text()
    texts = [text, "", "\ud800 " + text, f"<html><body><p>{text}</p></body></html>", "a" * 11**7]
    requests = [
        {"inputs": texts},
        {"inputs": [text] * 300},
        {"inputs": []},
        *(
            {"inputs": [text], "params": p}
            for p in (None, {}, {"explain": True}, {"explain": None})
        ),
        *({"inputs": [text], "params": {"recall": x}} for x in (0.9, 0, 1, -1, None, "1", True)),
        {"inputs": [text], "params": {"precision": 0.9, "coverage": 0.5}},
        {"inputs": [text], "params": {"precision": 0.9, "recall": 0.5}},
        {"inputs": text},
        {"instances": [text]},
        [text],
        f'texte\n"{text}"\n\n"{text[:60]}"\n',
    ]
    theirs, ours = free_port(), free_port()
    with server_of_mlflow(store, theirs):
        expected = [status_and_answer(theirs, request) for request in requests]
    with running("serve", "--port", ours, cwd=store) as process:
        assert process.stderr is not None
        process.stderr.readline()
        for request, answer in zip(requests, expected, strict=True):
            assert status_and_answer(ours, request) == answer
    assert {status for status, _ in expected} == {200, 400}


@pytest.mark.slow
def test_logged_requirements_are_all_that_a_fresh_environment_needs(
    store: Path, tmp_path: Path
) -> None:
    venv.create(tmp_path / "fresh", with_pip=True)
    python = tmp_path / "fresh" / "bin" / "python"
    requirements = logged_model(store) / "requirements.txt"
    pip = [str(python), "-m", "pip", "install", "-q", "--retries", "1"]
    done = subprocess.run(
        [*pip, "-r", str(requirements)], capture_output=True, text=True, check=False
    )
    if "from versions: none" in done.stderr:
        pytest.skip("needs a package index that pip can reach")
    assert done.returncode == 0, done.stderr
    text = SEED.read_text()
    done = subprocess.run(
        [python, "-I", "-c", TAG_ELSEWHERE, logged_model(store)],
        input=json.dumps([text]),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0] == [records_of_classify(store, text=text)]


@pytest.mark.slow
def test_ui_shows_runs_with_their_scores_and_compares_two(
    tmp_path: Path, empty_store: Path
) -> None:
    sync = pytest.importorskip(
        "playwright.sync_api", reason="needs playwright: pip install '.[dev]'"
    )
    if not CHROMIUM.exists():
        pytest.skip("needs chromium: apt-get install chromium")
    put_store(empty_store, tmp_path)
    train_on_seeds(tmp_path, "--seed", 0)
    train_on_seeds(tmp_path, "--seed", 1)
    runs = newest_runs(tmp_path)
    shots = Path(os.environ.get("CLASSIFY_SCREENSHOTS", tmp_path)).absolute()
    shots.mkdir(parents=True, exist_ok=True)
    browser = tmp_path / "browser"  # that of a graphical session notes what it is to open
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path / "opened"}\n')
    browser.chmod(0o755)
    session = {"DISPLAY": ":99", "BROWSER": f"{browser} %s"}
    with (
        running("ui", "--port", free_port(), cwd=tmp_path, **session) as process,
        sync.sync_playwright() as playwright,
    ):
        assert process.stdout is not None
        pages = dict(process.stdout.readline().split() for _ in range(2))
        assert list(pages) == ["runs", "compare"]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": 1600, "height": 900})
        check_pages(page, pages, runs, shots)
        chromium.close()
        opened = (tmp_path / "opened").read_text().strip()
    assert opened == pages["runs"]


def check_pages(page: Any, pages: dict[str, str], runs: list[Any], shots: Path) -> None:
    """Wait for what each page must show, and take pictures of them."""
    page.goto(pages["runs"])
    page.locator('[data-component-id="mlflow.assistant.chat_panel.close"]').click()
    for name in ("topics.micro_f1", "stance.accuracy", "seed"):
        page.get_by_role("columnheader", name=name).first.wait_for()
    for run in runs:
        page.get_by_text(run.info.run_name).first.wait_for()
        page.get_by_text(f"{run.data.metrics['topics.micro_f1']:.5f}"[:6]).first.wait_for()
    page.screenshot(path=shots / "runs.png")
    page.goto(pages["compare"])
    page.get_by_text("Show diff only").first.wait_for()
    for run in runs:
        page.get_by_text(run.info.run_name).first.wait_for()
    page.get_by_text("penalty_c", exact=True).first.wait_for()
    page.screenshot(path=shots / "compare.png")
    page.get_by_text("stance.macro_f1", exact=True).first.scroll_into_view_if_needed()
    for run in runs:
        value = round(run.data.metrics["stance.macro_f1"], 3)
        page.get_by_text(str(value), exact=True).first.wait_for()
    page.screenshot(path=shots / "compare-scores.png")
