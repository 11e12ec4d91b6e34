"""Training and scoring: honest folds, metrics, determinism, other schemas, tracking."""

import json
import random
from pathlib import Path

import mlflow
import numpy as np
import pytest
from conftest import ROOT, SEEDS, Classify, some_labels, write_rows, write_schema
from made_scorers import linear_scorer

from depeche import load_model
from depeche.labels.dataset import FOLDER, load_labels
from depeche.labels.schema import read_schema
from depeche.model.artifact import load_artifact
from depeche.train.diagnostics import random_gap
from depeche.train.evaluation.held_out import read_held_out
from depeche.train.evaluation.metrics import score
from depeche.train.tfidf.settings import TrainSettings
from depeche.train.tfidf.training import train_model

SCHEMA = read_schema()


def silent(_: str) -> None:
    pass


@pytest.mark.slow
def test_planted_leak_is_seen_at_random_and_does_not_change_grouped_scores(tmp_path: Path) -> None:
    """Each paragraph stands in two articles, and its label can only be known from its copy."""
    rng = np.random.default_rng(0)
    rows = [
        {
            **{"id": f"{copy}{i}", "article": f"{copy}{i}", "topics": ["space"] * int(given_)},
            "text": " ".join(f"mot{i}x{k}" for k in range(12)) + ".",
            "stance": "neutral",
        }
        for i, given_ in enumerate(rng.random(150) < 0.5)
        for copy in "ab"
    ]
    once = load_labels([write_rows(tmp_path / "once.jsonl", rows[::2])], SCHEMA)
    twice = load_labels([write_rows(tmp_path / "twice.jsonl", rows)], SCHEMA)
    plain, leaking = (train_model(x, TrainSettings(), progress=silent) for x in (once, twice))
    honest, planted = (
        t.artifact.scores["topics"]["labels"]["space"]["average_precision"]
        for t in (plain, leaking)
    )
    assert planted == pytest.approx(honest, abs=0.12)
    assert planted < 0.65
    assert random_gap(leaking, progress=silent)["gap"]["topics"] > 0.1


def test_scores_are_out_of_sample(tmp_path: Path) -> None:
    """Labels that have nothing to do with the texts score no better than chance."""
    rng = random.Random(0)
    rows = [
        json.loads(line)
        for line in (FOLDER / "composed.jsonl").read_text().splitlines()
        if '"kind": "body"' in line
    ]
    for row in rows:
        row["topics"] = ["space"] if rng.random() < 0.3 else []
        row["stance"] = rng.choice(["supportive", "neutral", "critical"])
    labels = load_labels([write_rows(tmp_path / "x.jsonl", rows)], SCHEMA)
    scores = train_model(labels, TrainSettings(), progress=silent).artifact.scores
    assert scores["topics"]["labels"]["space"]["average_precision"] < 0.42
    assert scores["stance"]["macro_f1"] < 0.42


@pytest.mark.slow
def test_same_data_settings_and_seed_give_the_same_bytes(
    trained: Path, classify: Classify, tmp_path: Path
) -> None:
    done = classify("train", *some_labels(tmp_path), "--json")
    assert done.returncode == 0
    for path in (trained / "mlruns" / "last").iterdir():
        assert (tmp_path / "mlruns" / "last" / path.name).read_bytes() == path.read_bytes()
    assert done.stdout == (trained / "stdout.json").read_text()


def test_training_without_orangesum_says_what_it_leaves_out(trained: Path) -> None:
    messages = (trained / "stderr.txt").read_text()
    assert "40 paragraphs left out, whose text is OrangeSum's" in messages
    assert "git clone https://github.com/Tixierae/OrangeSum" in messages
    assert "fold 5 of 5" in messages


def test_run_in_mlflow_has_parameters_scores_digests_plots_and_the_artifact(trained: Path) -> None:
    artifact = load_artifact(trained / "mlruns" / "last")
    client = mlflow.MlflowClient(f"sqlite:///{trained / 'mlruns' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("depeche")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    scores = json.loads((trained / "stdout.json").read_text())
    assert run.data.metrics["topics.micro_f1"] == round(scores["topics"]["micro_f1"], 4)
    assert run.data.metrics["topics.space.f1"] == round(
        scores["topics"]["labels"]["space"]["f1"], 4
    )
    assert run.data.metrics["stance.macro_f1"] == round(scores["stance"]["macro_f1"], 4)
    assert run.data.params["penalty_c"] == "3.0"
    assert run.data.tags["model_sha256"] == artifact.sha256
    assert run.data.tags["data.seeds.jsonl"] == artifact.data["files"]["seeds.jsonl"]
    assert run.data.tags["signature"] == scores["signature"]
    assert run.info.artifact_uri.startswith((trained / "mlruns" / "artifacts").as_uri())
    logged = Path(run.info.artifact_uri.removeprefix("file://"))
    held_out = read_held_out(logged / "evaluation" / "held_out.jsonl", artifact.schema)
    expected = score(held_out.Y, held_out.proba, held_out.given, artifact.schema)
    assert expected["topics"]["micro_f1"] == scores["topics"]["micro_f1"]
    assert expected["stance"]["accuracy"] == scores["stance"]["accuracy"]
    assert sorted(path.name for path in (logged / "plots").iterdir()) == [
        "confusion_stance.png",
        "precision_recall_topics.png",
        "reliability_stance.png",
        "reliability_topics.png",
    ]


def test_store_out_of_reach_is_said_and_the_model_is_kept(
    classify: Classify, tmp_path: Path
) -> None:
    rows = [
        {"id": f"{i}", "article": f"{i}", "text": f"Mot{i} dit{i}.", "topics": [], "stance": s}
        for i, s in enumerate(["neutral", "critical"] * 6)
    ]
    labels = write_rows(tmp_path / "x.jsonl", rows)
    done = classify("train", "--labels", labels, MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("classify: http://127.0.0.1:9: MLflow's store cannot be reached")
    assert "the model itself is complete in mlruns/last" in last
    assert "Traceback" not in done.stderr
    assert load_model(tmp_path / "mlruns" / "last").schema == SCHEMA


def test_evaluate_scores_new_labels_and_says_what_it_has_seen(
    trained: Path, classify: Classify, tmp_path: Path
) -> None:
    rows = [
        {
            "id": "n1",
            "article": "n",
            "text": "L'Union européenne a gelé les avoirs de douze oligarques.",
            "topics": ["sanctions"],
            "stance": "neutral",
        }
    ]
    mine = write_rows(tmp_path / "mine.jsonl", rows)
    done = classify("evaluate", "--labels", mine, "--model", trained / "mlruns/last", "--json")
    assert done.returncode == 0
    assert (
        "classify: sanctions: 1 of these paragraphs have it: its scores say little" in done.stderr
    )
    assert "not out of sample" not in done.stderr
    scores = json.loads(done.stdout)
    assert scores["topics"]["labels"]["sanctions"]["support"] == 1
    assert (scores["n_paragraphs"], scores["n_seen"]) == (1, 0)
    assert "|seen:0|" in scores["signature"]
    done = classify(
        "evaluate", "--labels", FOLDER / "seeds.jsonl", "--model", trained / "mlruns/last"
    )
    assert "trained on 32 of these 32 paragraphs: the scores are not out of sample" in done.stderr


def test_labels_of_another_schema_are_refused_with_both_digests(
    classify: Classify, tmp_path: Path
) -> None:
    path = write_schema(tmp_path / "s.toml", {"x": ("single", ["a", "b"])})
    done = classify("evaluate", "--labels", FOLDER / "seeds.jsonl", "--schema", path)
    assert done.returncode == 1
    assert SCHEMA.digest[:12] in done.stderr
    assert read_schema(path).digest[:12] in done.stderr


def test_too_few_articles_for_the_folds_is_said(classify: Classify, tmp_path: Path) -> None:
    row = {"id": "a", "article": "x", "text": "Un mot.", "topics": [], "stance": "neutral"}
    labels = write_rows(tmp_path / "x.jsonl", [row])
    done = classify("train", "--labels", labels)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "classify: 1 groups (by article, near-duplicates together) are too few for 5 folds: label "
        "more articles or ask for fewer folds"
    )
    assert not (tmp_path / "mlruns").exists()


def test_folder_that_is_no_model_is_refused_before_the_training(
    classify: Classify, tmp_path: Path
) -> None:
    (tmp_path / "thesis").mkdir()
    done = classify("train", "--output", "thesis")
    assert done.returncode == 1
    assert done.stderr == ("classify: thesis: exists and is not a model; choose another folder\n")


@pytest.mark.slow
def test_shipped_model_is_what_the_documented_command_gives(
    classify: Classify, orangesum: Path, tmp_path: Path
) -> None:
    done = classify("train", "--orangesum", orangesum, "--output", tmp_path / "m", "--json")
    assert done.returncode == 0, done.stderr
    shipped, trained = load_artifact(ROOT / "model" / "default"), load_artifact(tmp_path / "m")
    assert (trained.data, trained.settings) == (shipped.data, shipped.settings)
    # To the byte on one machine; another processor or numpy rounds logarithms differently.
    for ours, theirs in (
        (linear_scorer(trained).weights, linear_scorer(shipped).weights),
        (trained.calibration.threshold, shipped.calibration.threshold),
    ):
        assert np.abs(ours.astype(float) - theirs.astype(float)).max() < 0.02
    scores = shipped.scores
    assert json.loads(done.stdout)["topics"]["micro_f1"] == pytest.approx(
        scores["topics"]["micro_f1"], abs=0.005
    )
    assert scores["topics"]["micro_f1"] >= 0.79
    assert scores["topics"]["macro_f1"] >= 0.795
    assert scores["stance"]["macro_f1"] >= 0.69
    page = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    for dimension, names in {"topics": ("micro_f1", "macro_f1"), "stance": ("macro_f1",)}.items():
        for name in names:
            assert f"{scores[dimension][name]:.3f}" in page
    assert scores["signature"] in page


def test_seeds_have_five_files() -> None:
    assert len(list(SEEDS.glob("*.txt"))) == 5
