"""Tuning: the outer fold stays unseen, nothing is lost, the result can be trained with."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import mlflow
import numpy as np
import optuna
import pytest
from conftest import Classify, put_store, write_rows, write_schema
from mlflow.entities import Run

from depeche.labels.dataset import LabelledSet, load_labels
from depeche.labels.errors import InputError, TrackingError
from depeche.labels.schema import read_schema
from depeche.train import Split
from depeche.train.tfidf.settings import TrainSettings, read_settings, write_settings
from depeche.train.tuning.nested import Verdict, divide
from depeche.train.tuning.study import open_study
from depeche.train.tuning.tuning import SPACE, params_of, study_name, tune, with_params

# Small, since each trial fits every label six times.
DIMENSIONS: dict[str, tuple[str, Sequence[str]]] = {
    "thèmes": ("multi", ["t0", "t1"]),
    "ton": ("single", ["x", "y", "z"]),
}
# A core each: on these data more threads only wait for one another.
ONE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def silent(_: str) -> None:
    pass


def write_articles(folder: Path) -> tuple[Path, Path]:
    """Write twenty articles of three paragraphs, whose words tell most labels, and the schema."""
    rng = random.Random(0)
    rows: list[dict[str, object]] = []
    for article in range(20):
        for i in range(3):
            topic = i if rng.random() < 0.8 else rng.randrange(3)
            words = [f"mot{topic}{rng.choice('abcdef')}" for _ in range(2)]
            words += [f"bruit{rng.randrange(60)}" for _ in range(5)]
            row = {"id": f"{article}-{i}", "article": f"a{article}", "text": " ".join(words)}
            rows.append({**row, "thèmes": [["t0"], ["t1"], []][i], "ton": "xyz"[i]})
    schema = write_schema(folder / "schema.toml", DIMENSIONS)
    return write_rows(folder / "x.jsonl", rows), schema


@pytest.fixture
def labels(tmp_path: Path) -> LabelledSet:
    path, schema = write_articles(tmp_path)
    return load_labels([path], read_schema(schema))


def runs_of(folder: Path) -> tuple[list[Run], list[Run]]:
    """Return the tunings and the trials in a folder's MLflow database."""
    client = mlflow.MlflowClient(f"sqlite:///{folder / 'mlruns' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("depeche")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    kinds = [run.data.tags["kind"] for run in runs]
    return tuple(  # type: ignore[return-value]
        [run for run, kind in zip(runs, kinds, strict=True) if kind == name]
        for name in ("tune", "trial")
    )


@pytest.mark.slow
def test_tuning_goes_on_where_it_stopped_and_is_logged(
    classify: Classify, tmp_path: Path, empty_store: Path
) -> None:
    put_store(empty_store, tmp_path)
    mine, schema = write_articles(tmp_path)
    tune_mine = ("tune", "--labels", mine, "--schema", schema)
    done = classify(*tune_mine, "--trials", 2, **ONE)
    assert done.returncode == 0, done.stderr
    assert "1 (default)" in done.stdout
    assert "outer fold, which the search never saw: 12 paragraphs of 4 articles" in done.stdout
    assert "folds:1 of 5 by article|seed:0" in done.stdout
    assert f"next: classify train --labels {mine} --schema {schema}" in done.stdout.splitlines()[-1]
    assert classify("runs").stdout == "no run yet: classify train makes one\n"
    assert [line.split("  ")[-1].split(":")[0] for line in done.stderr.splitlines()[1:3]] == [
        "trial 1 of 2",
        "trial 2 of 2",
    ]
    done = classify(*tune_mine, "--trials", 4, "--json", **ONE)
    assert done.returncode == 0, done.stderr
    assert "2 trials are done, best" in done.stderr
    assert "trial 2 of" not in done.stderr
    assert "trial 3 of 4" in done.stderr
    assert "trial 4 of 4" in done.stderr
    tuning = json.loads(done.stdout)
    assert sorted(trial["number"] for trial in tuning["trials"]) == [1, 2, 3, 4]
    (parent,), trials = runs_of(tmp_path)
    assert (parent.info.run_id, parent.info.status) == (tuning["run"], "FINISHED")
    assert parent.data.metrics["outer.difference"] == tuning["outer"]["difference"]
    assert {run.data.tags["mlflow.parentRunId"] for run in trials} == {tuning["run"]}
    logged = {int(run.data.tags["trial"]): run.data for run in trials}
    assert {n: data.metrics["inner"] for n, data in logged.items()} == {
        trial["number"]: trial["score"] for trial in tuning["trials"]
    }
    assert logged[1].params["penalty_c"] == "3.0"
    settings = read_settings(tmp_path / "mlruns" / "tuned.json")
    assert settings.to_dict() == tuning["settings"]
    assert [path.name for path in (tmp_path / "mlruns").glob("*.tmp")] == []


@pytest.mark.slow
def test_search_never_sees_the_outer_fold(labels: LabelledSet, tmp_path: Path) -> None:
    """Other texts and labels there, and the search does the very same; only the verdict differs."""
    settings = TrainSettings()
    outside = {p.id for p in divide(labels, settings).outer.paragraphs}
    assert len(outside) == 12
    paragraphs = list(labels.paragraphs)
    for i in range(0, len(paragraphs), 3):
        # Turned within the article, so that the folds, which are stratified, stay as they are.
        turned = [paragraphs[i + (j + 1) % 3].labels for j in range(3)]
        for j in range(3):
            if paragraphs[i].id in outside:
                text = f"charabia{i} {paragraphs[i + j].text} sans{j}"
                paragraphs[i + j] = replace(paragraphs[i + j], labels=turned[j], text=text)
    spoilt = replace(labels, paragraphs=tuple(paragraphs))
    assert {p.id for p in divide(spoilt, settings).outer.paragraphs} == outside
    honest, other = (
        tune(some, settings, n_trials=2, storage=tmp_path / "tune.db", progress=silent)
        for some in (labels, spoilt)
    )
    assert honest.study != other.study
    assert [(t.number, t.params, t.scores) for t in honest.trials] == [
        (t.number, t.params, t.scores) for t in other.trials
    ]
    assert np.mean(list(other.verdict.default.values())) < 0.3
    assert np.mean(list(honest.verdict.default.values())) > 0.6


@pytest.mark.slow
def test_interrupted_search_draws_what_an_uninterrupted_one_does(
    labels: LabelledSet, tmp_path: Path
) -> None:
    settings = TrainSettings()
    at_once = tune(labels, settings, n_trials=3, storage=tmp_path / "one.db", progress=silent)
    path, n_recorded = tmp_path / "two.db", 0

    def cut_off(study: str, _: object) -> None:
        """Stop after the first trial, with another under way."""
        nonlocal n_recorded
        n_recorded += 1
        if n_recorded == 2:
            optuna.load_study(study_name=study, storage=f"sqlite:///{path}").ask(SPACE)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune(labels, settings, n_trials=3, storage=path, progress=silent, record=cut_off)
    resumed = tune(labels, settings, n_trials=3, storage=path, progress=silent)
    assert [t.params for t in resumed.trials] == [t.params for t in at_once.trials]
    assert len({tuple(t.params.values()) for t in resumed.trials}) == 3


def test_store_that_is_none_is_said(tmp_path: Path) -> None:
    path = tmp_path / "tune.db"
    path.write_text("not a database, but a text of some length. " * 40)
    with pytest.raises(TrackingError, match=r"tune\.db: the store of trials cannot be read"):  # noqa: SIM117
        with open_study(path, "a"):
            pass


@pytest.mark.parametrize("name", ["tune.db", "tune.lock"])
def test_store_that_is_a_link_is_not_followed(tmp_path: Path, name: str) -> None:
    with closing(sqlite3.connect(tmp_path / "others.db")) as others:
        others.execute("CREATE TABLE dear (x)")
    before = (tmp_path / "others.db").read_bytes()
    (tmp_path / name).symlink_to("others.db")
    with pytest.raises(InputError, match="a link, which is not followed"):  # noqa: SIM117
        with open_study(tmp_path / "tune.db", "a"):
            pass
    assert (tmp_path / "others.db").read_bytes() == before


def test_other_data_seed_or_folds_are_other_studies(labels: LabelledSet) -> None:
    fewer = replace(labels, paragraphs=labels.paragraphs[:-1])
    names = {
        study_name(divide(some, settings), settings)
        for some in (labels, fewer)
        for settings in (TrainSettings(), TrainSettings(seed=1), TrainSettings(n_folds=4))
    }
    assert len(names) == 6


def test_by_date_the_latest_are_set_aside(labels: LabelledSet) -> None:
    dated = replace(
        labels,
        paragraphs=tuple(
            replace(p, date=f"2024-01-{int(p.article[1:]) + 1:02}") for p in labels.paragraphs
        ),
    )
    division = divide(dated, TrainSettings(split=Split.date, n_folds=4))
    assert max(p.date or "" for p in division.seen.paragraphs) < min(
        p.date or "" for p in division.outer.paragraphs
    )


def test_default_settings_lie_in_the_space_that_is_searched() -> None:
    params = params_of(TrainSettings())
    assert with_params(TrainSettings(), params) == TrainSettings()
    assert all(SPACE[name]._contains(value) for name, value in params.items())


@pytest.mark.parametrize(
    ("interval", "outcome"),
    [((0.01, 0.03), "better"), ((-0.01, 0.03), "no difference"), ((-0.03, -0.01), "worse")],
)
def test_settings_are_better_only_beyond_the_interval(
    interval: tuple[float, float], outcome: str
) -> None:
    verdict = Verdict(
        signature="",
        n_paragraphs=1,
        n_articles=1,
        tuned={},
        default={},
        difference=0.02,
        interval=interval,
    )
    assert verdict.outcome == outcome


@contextmanager
def tuning_under_way(folder: Path, *labels: Path) -> Iterator["subprocess.Popen[str]"]:
    """Start a tuning, and give it back when its second trial is done."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("CLASSIFY_", "MLFLOW_"))}
    command = [sys.executable, "-m", "depeche.classify", "tune", "--trials", "6"]
    command += ["--labels", str(labels[0]), "--schema", str(labels[1])]
    with subprocess.Popen(
        command, cwd=folder, env=clean | ONE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "trial 2 of 6" in line:
                break
        yield process


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["killed", "Ctrl-C"])
def test_tuning_cut_off_is_completed_by_the_same_command(
    how: signal.Signals, classify: Classify, tmp_path: Path, empty_store: Path
) -> None:
    put_store(empty_store, tmp_path)
    mine, schema = write_articles(tmp_path)
    with tuning_under_way(tmp_path, mine, schema) as process:
        process.send_signal(how)
        assert process.stderr is not None
        rest = process.stderr.read().splitlines()
    if how is signal.SIGINT:
        assert process.returncode == 130
        assert rest[-1] == "classify: stopped"
        (parent,), _ = runs_of(tmp_path)
        assert parent.info.status == "KILLED"
    assert not (tmp_path / "mlruns" / "tuned.json").exists()
    done = classify("tune", "--labels", mine, "--schema", schema, "--trials", 6, "--json", **ONE)
    assert done.returncode == 0, done.stderr
    assert "trial 1 of 6" not in done.stderr
    (parent,), trials = runs_of(tmp_path)
    assert parent.info.status == "FINISHED"
    assert sorted(int(run.data.tags["trial"]) for run in trials) == [1, 2, 3, 4, 5, 6]
    at_once = tune(
        load_labels([mine], read_schema(schema)),
        TrainSettings(),
        n_trials=6,
        storage=tmp_path / "other.db",
        progress=silent,
    )
    assert json.loads(done.stdout)["trials"] == at_once.to_dict()["trials"]


@pytest.mark.slow
def test_train_takes_settings_and_options_go_before_them(
    classify: Classify, tmp_path: Path, empty_store: Path
) -> None:
    put_store(empty_store, tmp_path)
    write_settings(TrainSettings(seed=3, n_folds=4, penalty_c=5.0), tmp_path / "s.json")
    mine, schema = write_articles(tmp_path)
    options = ("--labels", mine, "--schema", schema, "--settings", "s.json", "--seed", 1)
    done = classify("train", *options, **ONE)
    assert done.returncode == 0, done.stderr
    assert "folds:4 by article" in done.stdout
    assert "seed:1" in done.stdout
    manifest = json.loads((tmp_path / "mlruns" / "last" / "manifest.json").read_text())
    assert manifest["settings"]["penalty_c"] == 5.0
