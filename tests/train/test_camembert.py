"""The camembert backend: a tiny encoder fine-tuned, shrunk and used through the command line."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import mlflow
import numpy as np
import pytest
from conftest import ROOT, SEEDS, Classify, put_store, run_classify, some_labels
from made_encoder import MAX_LENGTH, make_tiny_base, needs_torch
from made_servers import ask, free_port, running

from depeche import load_model
from depeche.labels.dataset import FOLDER, load_labels
from depeche.labels.schema import read_schema
from depeche.model.artifact import load_artifact, save_artifact
from depeche.model.scoring.encoder import EncoderScorer
from depeche.model.tagging import SHIPPED
from depeche.train.encoder.base import Base, load_encoder, load_tokenizer

SCHEMA = read_schema()
ARTICLE = SEEDS / "004_f09b997ef4421a0e.txt"
OPTIONS = (
    *("--backend", "camembert", "--max-length", MAX_LENGTH, "--learning-rate", "0.003"),
    *("--epochs", 3),
)


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_base(tmp_path_factory)


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory, base: Path) -> Path:
    """Return the folder of an artifact: the tiny base with a new head, shrunk, but not trained."""
    from depeche.model.scoring.windows import Windower
    from depeche.train.encoder.exporting import export_encoder, quantize

    tiny, shipped = Base(name="tiny", folder=base), load_artifact(SHIPPED)
    tokenizer, _ = load_tokenizer(tiny)
    texts = load_labels([FOLDER / "composed.jsonl"], SCHEMA).texts
    windows = [
        w for of_text in Windower(tokenizer, MAX_LENGTH, 0.25).windows(texts) for w in of_text
    ]
    small = quantize(export_encoder(load_encoder(tiny, SCHEMA.n_labels, 0), MAX_LENGTH), windows)
    settings = {"max_length": MAX_LENGTH, "overlap": 0.25}
    artifact = replace(
        shipped,
        name="tiny",
        backend="camembert",
        scorer=EncoderScorer(small, tokenizer, MAX_LENGTH, 0.25, SCHEMA),
        settings=shipped.settings | settings,
    )
    folder = tmp_path_factory.mktemp("untrained") / "model"
    save_artifact(artifact, folder, card="")
    return folder


@pytest.fixture(scope="session")
def tuned(tmp_path_factory: pytest.TempPathFactory, empty_store: Path, base: Path) -> Path:
    """Return a folder in which the tiny base was fine-tuned."""
    folder = tmp_path_factory.mktemp("tuned")
    put_store(empty_store, folder)
    done = run_classify(
        "train", *some_labels(folder), *OPTIONS, "--base", base, "--json", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    (folder / "stdout.json").write_text(done.stdout)
    (folder / "stderr.txt").write_text(done.stderr)
    return folder


@pytest.fixture(scope="session")
def no_torch(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of a machine on which torch and its kin cannot be imported."""
    folder = tmp_path_factory.mktemp("no_torch")
    for name in ("torch", "transformers", "onnx", "onnxscript", "huggingface_hub"):
        (folder / f"{name}.py").write_text(f"raise ModuleNotFoundError('no {name} here')\n")
    return {"PYTHONPATH": str(folder)}


@pytest.mark.slow
@needs_torch
def test_encoder_tags_with_evidence_where_torch_cannot_be_imported(
    untrained: Path, no_torch: dict[str, str], classify: Classify
) -> None:
    done = classify(ARTICLE, "--model", untrained, "--explain", "--format", "json", **no_torch)
    assert (done.returncode, done.stderr) == (0, "")
    record = json.loads(done.stdout)
    assert record["model"]["name"] == "tiny"
    for paragraph in record["paragraphs"]:
        assert set(paragraph["evidence"]) == {*paragraph["topics"], paragraph["stance"]}
        for behind in paragraph["evidence"].values():
            assert behind
            assert all(words in paragraph["text"] for words, _ in behind)


@pytest.mark.slow
@needs_torch
def test_scores_do_not_depend_on_what_else_is_scored_or_by_how_many_processes(
    untrained: Path, classify: Classify
) -> None:
    model = load_model(untrained)
    texts = [p["text"] for p in model.tag([ARTICLE.read_text()])[0]["paragraphs"]]
    together = model.predict_proba(texts)
    assert (np.concatenate([model.predict_proba([text]) for text in texts]) == together).all()
    assert model.predict_proba([]).shape == (0, SCHEMA.n_labels)
    one, two = (classify(SEEDS, "--model", untrained, "--jobs", n).stdout for n in (1, 2))
    assert one
    assert one == two


@needs_torch
@pytest.mark.slow
def test_training_tells_what_it_reads_and_what_shrinking_costs(tuned: Path) -> None:
    messages = (tuned / "stderr.txt").read_text()
    assert "paragraphs are longer than 64 tokens: read in overlapping windows" in messages
    assert "tokens of a word, a French one about 1.2" in messages
    assert "pass 3 of 3: loss" in messages
    assert "8 bits keep" in messages
    assert "Warning" not in messages
    scores = json.loads((tuned / "stdout.json").read_text())
    assert "|folds:1 of 5 by article|" in scores["signature"]
    assert set(scores["int8"]["loss"]) == {d.id for d in SCHEMA.dimensions}
    assert 0 < scores["int8"]["kept"] <= 1
    assert len(scores["passes"]) == 3
    assert not (tuned / "mlruns" / "checkpoints").exists() or not any(
        (tuned / "mlruns" / "checkpoints").iterdir()
    )


@needs_torch
@pytest.mark.slow
def test_run_has_the_metrics_of_each_pass_and_a_model_with_its_requirements(tuned: Path) -> None:
    client = mlflow.MlflowClient(f"sqlite:///{tuned / 'mlruns' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("depeche")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.data.tags["backend"] == "camembert"
    assert run.data.params["base"] == "tiny"
    losses = client.get_metric_history(run.info.run_id, "pass.loss")
    assert [metric.step for metric in losses] == [1, 2, 3]
    assert "int8.loss.topics" in run.data.metrics
    (required,) = (tuned / "mlruns" / "artifacts").rglob("requirements.txt")
    names = {line.split("==")[0] for line in required.read_text().split()}
    assert {"onnxruntime", "tokenizers"} <= names
    assert not {"torch", "transformers"} & names


@needs_torch
@pytest.mark.slow
def test_artifact_holds_no_pickle_and_its_card_says_what_it_is(tuned: Path) -> None:
    folder = tuned / "mlruns" / "last"
    suffixes = {path.suffix for path in folder.iterdir()}
    assert suffixes == {".json", ".md", ".npy", ".onnx"}
    assert load_artifact(folder).scorer.files()["encoder.onnx"]
    card = (folder / "README.md").read_text()
    assert "The encoder tiny, fine-tuned" in card
    assert "bag of words" not in card


def test_options_of_encoders_are_refused_for_other_backends(classify: Classify) -> None:
    done = classify("train", "--epochs", 3)
    assert done.returncode == 2
    assert "for --backend camembert" in done.stderr


def train_until(line: str, folder: Path, *options: object) -> None:
    """Start a training, and kill it once it tells a line."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("CLASSIFY_", "MLFLOW_"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "depeche.classify", "train", *map(str, options)],
        cwd=folder,
        env=clean,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr is not None
    with process.stderr as messages:
        assert any(line in text for text in messages)
        process.send_signal(signal.SIGKILL)
    process.wait()


@needs_torch
@pytest.mark.slow
@pytest.mark.parametrize("line", ["pass 1 of 3", "pass 2 of 3", "exported"])
def test_killed_training_goes_on_to_the_same_bytes(
    line: str, tuned: Path, base: Path, tmp_path: Path, empty_store: Path
) -> None:
    put_store(empty_store, tmp_path)
    options = [*some_labels(tmp_path), *OPTIONS, "--base", base, "--json"]
    train_until(line, tmp_path, *options)
    assert not (tmp_path / "mlruns" / "last").exists()
    done = run_classify("train", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    if line != "pass 1 of 3":  # which may be killed before it is kept
        assert "going on after pass" in done.stderr
    assert done.stdout == (tuned / "stdout.json").read_text()
    for path in (tuned / "mlruns" / "last").iterdir():
        assert (tmp_path / "mlruns" / "last" / path.name).read_bytes() == path.read_bytes()


@needs_torch
@pytest.mark.slow
def test_runs_of_both_backends_are_compared_and_promoted(
    tuned: Path, base: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "here"
    shutil.copytree(tuned, folder)
    done = run_classify("train", *some_labels(folder), cwd=folder)
    assert done.returncode == 0, done.stderr
    rows = json.loads(run_classify("runs", "--json", cwd=folder).stdout)
    ids = {row["backend"]: row["id"] for row in rows}
    assert set(ids) == {"tfidf", "camembert"}
    done = run_classify("compare", ids["tfidf"], ids["camembert"], "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    n_both = json.loads(done.stdout)["n_paragraphs"]
    assert n_both == len(load_artifact(folder / "mlruns" / "last").held_out.Y) or n_both < 60
    done = run_classify("promote", ids["camembert"], "--force", cwd=folder)
    assert done.returncode == 0, done.stderr
    model = json.loads(run_classify("info", "--json", cwd=folder).stdout)
    assert (model["backend"], model["run_id"]) == ("camembert", ids["camembert"])
    text = ARTICLE.read_text()
    done = run_classify("-", "--explain", stdin=text, cwd=folder)
    record = {**json.loads(done.stdout), "id": "0"}
    assert record["model"]["name"] == "depeche-camembert"
    port = free_port()
    with running("serve", "--port", port, cwd=folder) as process:
        assert process.stderr is not None
        assert "models:/depeche@champion answers" in process.stderr.readline()
        assert ask(port, [text], explain=True) == [record]


@needs_torch
@pytest.mark.slow
def test_all_folds_are_scored_when_asked_and_the_model_is_fitted_on_everything(
    base: Path, tmp_path: Path, empty_store: Path
) -> None:
    put_store(empty_store, tmp_path)
    options = [*some_labels(tmp_path), *OPTIONS, "--base", base, "--folds", 2, "--full-precision"]
    done = run_classify("train", *options, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    scores = json.loads(done.stdout)
    assert "|folds:2 by article|" in scores["signature"]
    assert scores["n_paragraphs"] == load_artifact(tmp_path / "mlruns/last").data["n_paragraphs"]
    assert "int8" not in scores
    assert "all: pass" in done.stderr


@needs_torch
@pytest.mark.slow
def test_windows_longer_than_the_base_reads_are_said(base: Path, classify: Classify) -> None:
    done = classify(
        *("train", "--labels", ROOT / "labels" / "seeds.jsonl", "--backend", "camembert"),
        *("--base", base),
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"classify: tiny: reads {MAX_LENGTH} tokens at once: give that or less with --max-length"
    )
