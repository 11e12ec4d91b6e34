"""`classify ui` and `classify serve` where they have nothing to show, and the UI's columns."""

from __future__ import annotations

import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import Classify, put_store

from depeche.train.tracking.ui_pages import columns


def test_columns_are_overall_scores_and_what_tells_runs_apart_in_any_schema() -> None:
    def run(seed: str) -> Any:
        params = {"seed": seed, "penalty_c": "10.0"}
        metrics = {"ton.accuracy": 0.5, "ton.macro_f1": 0.4, "ton.dur.f1": 0.3}
        metrics |= {"sujets.macro_f1": 0.6, "sujets.sport.f1": 0.7, "sujets.micro_f1": 0.8}
        return SimpleNamespace(data=SimpleNamespace(params=params, metrics=metrics))

    assert columns([run("1"), run("0")]) == [
        "metrics.`sujets.micro_f1`",
        "metrics.`sujets.macro_f1`",
        "metrics.`ton.macro_f1`",
        "metrics.`ton.accuracy`",
        "tags.`backend`",
        "params.`seed`",
    ]


@pytest.mark.parametrize("command", ["ui", "serve"])
def test_no_store_is_said_and_none_is_made(
    command: str, classify: Classify, tmp_path: Path
) -> None:
    done = classify(command)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == ("classify: mlruns/mlflow.db: no run yet: classify train makes one\n")
    assert not any(tmp_path.iterdir())


def test_store_without_runs_or_champion_is_said(
    classify: Classify, tmp_path: Path, empty_store: Path
) -> None:
    put_store(empty_store, tmp_path)
    done = classify("ui")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "classify: no runs to look at yet: run classify train first\n"
    done = classify("serve")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "classify: no champion yet: classify promote RUN\n"


@pytest.mark.parametrize("command", ["ui", "serve"])
def test_port_that_is_taken_is_said(command: str, classify: Classify) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = classify(command, "--port", port)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"classify: 127.0.0.1, port {port}: nothing can listen there: Address already in use; "
        "if the port is taken, give another with --port\n"
    )
