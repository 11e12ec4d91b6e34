"""Training and scoring: honest folds, metrics, determinism, other schemas, tracking."""

import json
import random
from dataclasses import replace
from itertools import product
from pathlib import Path

import mlflow
import numpy as np
import pytest
from conftest import ROOT, SEEDS, Classify, some_labels, write_rows, write_schema
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from made_scorers import linear_scorer
from sklearn.metrics import accuracy_score, f1_score

from depeche import load_model
from depeche.labels.dataset import FOLDER, LabelledSet, load_labels
from depeche.labels.errors import LabelsError
from depeche.labels.schema import read_schema
from depeche.model.artifact import load_artifact
from depeche.model.deciding.calibration import sigmoid, softmax
from depeche.model.scoring.features import FeatureExtractor
from depeche.train import Split
from depeche.train.calibrating import best_threshold, fit_calibration
from depeche.train.diagnostics import _worth, random_gap
from depeche.train.evaluation.baselines import constant_given
from depeche.train.evaluation.held_out import read_held_out
from depeche.train.evaluation.metrics import indicator, score
from depeche.train.splits import (
    grouped_folds,
    leak_groups,
    near_duplicates,
    split_folds,
    train_rows,
)
from depeche.train.tfidf.settings import TrainSettings
from depeche.train.tfidf.training import score_out_of_fold, train_model

SCHEMA = read_schema()


def silent(_: str) -> None:
    pass


def test_folds_keep_groups_whole_spread_labels_and_depend_on_the_seed_alone() -> None:
    rng = np.random.default_rng(0)
    groups, Y = np.arange(300) // 3, (rng.random((300, 2)) < [0.1, 0.5]).astype(np.int64)
    fold = grouped_folds(groups, Y, 5, 0, what="article")
    assert sorted(set(fold)) == [0, 1, 2, 3, 4]
    for group in set(groups):
        assert len(set(fold[groups == group])) == 1
    held = np.array([[(fold == k).sum(), *Y[fold == k].sum(axis=0)] for k in range(5)])
    assert (np.ptp(held, axis=0) <= 3).all()
    assert (fold == grouped_folds(groups, Y, 5, 0, what="article")).all()
    assert (fold != grouped_folds(groups, Y, 5, 1, what="article")).any()


WIRE = "Le ministre a reçu son homologue à Paris pour parler de la paix dans toute la région."


def test_near_duplicates_share_a_group_whatever_their_articles() -> None:
    texts = [
        WIRE,
        "La sonde a quitté l'orbite de la Terre hier soir, selon l'agence spatiale.",
        WIRE.upper().replace("À PARIS ", ""),
        "Un tout autre texte, sans aucun rapport avec les précédents ni les suivants.",
    ]
    assert [pair.tolist() for pair in near_duplicates(texts)] == [[0], [2]]
    groups = leak_groups(texts, ["a", "b", "c", "b"])
    assert groups[0] == groups[2]
    assert groups[1] == groups[3]
    assert groups[0] != groups[1]


def dated(tmp_path: Path) -> LabelledSet:
    rows = [
        {
            **{"id": f"{i}", "article": f"a{i // 2}", "text": f"Phrase numéro {i} du jour {i}."},
            **{"topics": ["space"][: i % 2], "stance": "neutral", "source": f"s{i % 4 // 2}"},
            **({"date": f"2024-01-{1 + i // 2:02}"} if i < 48 else {}),
        }
        for i in range(60)
    ]
    return load_labels([write_rows(tmp_path / "x.jsonl", rows)], SCHEMA)


def test_folds_by_date_are_scored_by_what_came_before(tmp_path: Path) -> None:
    labels = dated(tmp_path)
    fold = split_folds(labels, indicator(labels), Split.date, 3, 0)
    dates = np.array([p.date or "" for p in labels.paragraphs])
    assert set(fold) == {-1, 0, 1, 2}
    assert (fold[dates == ""] == -1).all()
    for k in range(3):
        assert max(dates[train_rows(fold, k, Split.date)]) < min(dates[fold == k])


def test_scores_by_date_are_calibrated_by_what_came_before(tmp_path: Path) -> None:
    """Labels of the last stretch, whatever they are, do not move the scores of the one before."""
    labels = dated(tmp_path)
    fold = split_folds(labels, indicator(labels), Split.date, 3, 0)
    settings_ = TrainSettings(split=Split.date, n_folds=3)
    counts = FeatureExtractor(settings_.features).count(labels.texts)
    Y = indicator(labels)
    changed = Y.copy()
    changed[fold == 2, 1] ^= 1
    one, two = (
        score_out_of_fold(counts, y, fold, settings_, SCHEMA, progress=silent) for y in (Y, changed)
    )
    assert set(one.fold) == {1, 2}
    assert (one.proba[one.fold == 1] == two.proba[two.fold == 1]).all()


def test_dates_that_do_not_divide_are_said(tmp_path: Path) -> None:
    labels = dated(tmp_path)
    same = tuple(replace(p, date="2024-03-01" if p.date else None) for p in labels.paragraphs[:40])
    labels = replace(labels, paragraphs=(*same, *labels.paragraphs[40:]))
    with pytest.raises(LabelsError, match=r"share a date|dates are too few"):
        split_folds(labels, indicator(labels), Split.date, 3, 0)


def test_worth_of_more_labels_follows_the_power_law_of_the_points() -> None:
    points = [{"n": n, "topics": 1 - 3 * n**-0.4} for n in (1000, 2000, 4000)]
    expected = 3 * 4000**-0.4 - 3 * 4500**-0.4
    assert _worth(points, "topics") == pytest.approx(expected)


def test_constant_answer_is_the_best_there_is() -> None:
    rng = np.random.default_rng(0)
    Y = (rng.random((200, 7)) < [0.3, 0.02, 0.25, 0.01, 0, 0, 0]).astype(np.int64)
    Y[:, 5] = 1
    given_ = constant_given(Y, SCHEMA)
    best = max(
        f1_score(Y[:, :4], np.tile(row, (200, 1)), average="micro", zero_division=0)
        for row in product((0, 1), repeat=4)
    )
    assert f1_score(Y[:, :4], given_[:, :4], average="micro") == pytest.approx(best)
    assert given_[:, 4:].tolist() == [[False, True, False]] * 200


def test_folds_by_source_keep_sources_whole(tmp_path: Path) -> None:
    labels = dated(tmp_path)
    fold = split_folds(labels, indicator(labels), Split.source, 2, 0)
    assert {tuple(sorted(set(fold[np.array(labels.sources) == s]))) for s in ("s0", "s1")} == {
        (0,),
        (1,),
    }
    with pytest.raises(LabelsError, match=r"2 groups .by source.* are too few for 5 folds"):
        split_folds(labels, indicator(labels), Split.source, 5, 0)


@given(
    arrays(np.float64, 12, elements=st.floats(0, 1)),
    arrays(np.int64, 12, elements=st.integers(0, 1)),
)
def test_threshold_has_the_best_f1_of_all(proba: np.ndarray, y: np.ndarray) -> None:
    proba = proba.round(2)
    threshold = best_threshold(proba, y)
    if not y.any():
        assert threshold == 0.5
        return
    best = max(f1_score(y, proba >= t, zero_division=0) for t in {*proba, 0.0})
    assert f1_score(y, proba >= threshold) == pytest.approx(best)


def test_calibration_recovers_the_probabilities_that_made_the_labels() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(scale=2, size=(4000, 7))
    Y = (rng.random((4000, 7)) < sigmoid(0.5 * logits - 1)).astype(np.int64)
    stances = [rng.choice(3, p=p) for p in softmax(0.7 * logits[:, 4:])]
    Y[:, 4:] = np.eye(3, dtype=np.int64)[stances]
    found = fit_calibration(logits, Y, np.arange(4000) % 5, SCHEMA)
    assert set(found.method[:4]) <= {"sigmoid", "isotonic"}
    assert found.slope[:4] == pytest.approx(0.5, abs=0.06)
    assert found.offset[:4] == pytest.approx(-1, abs=0.12)
    assert found.slope[4:] == pytest.approx(0.7, abs=0.06)


@settings(max_examples=30)
@given(st.integers(0, 10**6))
def test_scores_agree_with_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    Y = rng.integers(0, 2, (30, 7))
    Y[:, 4:] = np.eye(3, dtype=np.int64)[rng.integers(0, 3, 30)]
    given_ = rng.integers(0, 2, (30, 7))
    given_[:, 4:] = np.eye(3, dtype=np.int64)[rng.integers(0, 3, 30)]
    scores = score(Y, rng.random((30, 7)), given_.astype(bool), SCHEMA)
    topics, stance = scores["topics"], scores["stance"]
    assert topics["micro_f1"] == pytest.approx(f1_score(Y[:, :4], given_[:, :4], average="micro"))
    assert topics["macro_f1"] == pytest.approx(f1_score(Y[:, :4], given_[:, :4], average="macro"))
    y, predicted = Y[:, 4:].argmax(1), given_[:, 4:].argmax(1)
    assert stance["accuracy"] == pytest.approx(accuracy_score(y, predicted))
    assert stance["macro_f1"] == pytest.approx(f1_score(y, predicted, average="macro"))


def test_labels_without_examples_do_not_spoil_the_means() -> None:
    Y = np.zeros((4, 7), dtype=np.int64)
    Y[:2, 0] = 1
    Y[:, 4] = 1
    scores = score(Y, Y.astype(float), Y.astype(bool), SCHEMA)
    assert scores["topics"]["macro_f1"] == 1.0
    assert scores["topics"]["labels"]["space"]["average_precision"] is None


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


def test_same_data_settings_and_seed_give_the_same_bytes(
    trained: Path, classify: Classify, tmp_path: Path
) -> None:
    done = classify("train", *some_labels(tmp_path), "--json")
    assert done.returncode == 0
    for path in (trained / "mlruns" / "last").iterdir():
        assert (tmp_path / "mlruns" / "last" / path.name).read_bytes() == path.read_bytes()
    assert done.stdout == (trained / "stdout.json").read_text()


def test_training_without_orangesum_says_what_it_leaves_out(trained: Path) -> None:
    told = (trained / "stderr.txt").read_text()
    assert "40 paragraphs left out, whose text is OrangeSum's" in told
    assert "git clone https://github.com/Tixierae/OrangeSum" in told
    assert "fold 5 of 5" in told


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
    found = score(held_out.Y, held_out.proba, held_out.given, artifact.schema)
    assert found["topics"]["micro_f1"] == scores["topics"]["micro_f1"]
    assert found["stance"]["accuracy"] == scores["stance"]["accuracy"]
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


def test_indicator_has_a_column_a_label_in_schema_order() -> None:
    labels = load_labels([FOLDER / "seeds.jsonl"], SCHEMA)
    Y = indicator(labels)
    assert Y[0].tolist() == [1, 0, 1, 0, 1, 0, 0]
    assert (Y[:, 4:].sum(axis=1) == 1).all()


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
