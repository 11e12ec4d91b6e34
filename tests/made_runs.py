"""Runs for the tests of compare and promote, logged as by `classify train` but not trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from conftest import write_rows

import depeche.train.tracking.connection
import depeche.train.tracking.log
from depeche.labels.dataset import FOLDER, LabelledSet, load_labels
from depeche.labels.schema import Schema, read_schema
from depeche.model.artifact import Artifact, load_artifact
from depeche.model.scoring.features import FeatureExtractor
from depeche.model.tagging import SHIPPED
from depeche.train.evaluation.metrics import indicator, score
from depeche.train.tfidf.settings import TrainSettings
from depeche.train.tfidf.training import LinearTraining
from depeche.train.training import OutOfFold


def made_training(labels: LabelledSet, artifact: Artifact, *, shuffled: bool) -> LinearTraining:
    """Return a training whose predictions are mostly right, or those of other paragraphs."""
    rng = np.random.default_rng(0)
    Y = indicator(labels)
    proba = 0.45 * Y + 0.55 * rng.random(Y.shape)
    if shuffled:
        proba = rng.permutation(proba)
    given = proba >= 0.5
    given[:, 4:] = np.eye(3, dtype=bool)[proba[:, 4:].argmax(1)]
    scores = {"signature": "made", **score(Y, proba, given, labels.schema)}
    data = {"digest": labels.digest, "files": {}, "n_paragraphs": len(Y), "n_articles": len(Y)}
    artifact = replace(artifact, scores=scores, data=data, schema=labels.schema)
    out_of_fold = OutOfFold(
        rows=np.arange(len(Y)),
        fold=np.arange(len(Y)) % 5,
        Y=Y,
        logits=np.log(proba / (1 - proba)),
        proba=proba,
        given=given,
    )
    return LinearTraining(
        artifact=artifact,
        settings=TrainSettings(),
        labels=labels,
        counts=FeatureExtractor(TrainSettings().features).count(labels.texts[:1]),
        Y=Y,
        out_of_fold=out_of_fold,
    )


def log_all() -> None:
    """Log the runs good, shuffled (same data), other (other data) and codebook (other schema)."""
    # Plots and tables take seconds each, and nothing here looks at them.
    depeche.train.tracking.log._log_evaluation = lambda *_: None
    schema = read_schema()
    composed = load_labels([FOLDER / "composed.jsonl"], schema)
    made = {
        "good": (composed, False),
        "shuffled": (composed, True),
        "other": (load_labels([FOLDER / "seeds.jsonl"], schema), False),
        "codebook": (replace(composed, schema=_next_version(schema)), False),
    }
    mlflow = depeche.train.tracking.connection.import_mlflow()
    for name, (labels, shuffled) in made.items():
        training = made_training(labels, load_artifact(SHIPPED), shuffled=shuffled)
        training = training.save(Path("mlruns") / "last", card=name)
        evaluation = training.artifact.scores | {"calibration": {}}
        run_id = depeche.train.tracking.log.log_run(training, evaluation, Path("mlruns") / "last")
        mlflow.MlflowClient().update_run(run_id, name=name)


def _next_version(schema: Schema) -> Schema:
    return replace(schema, version=schema.version + 1)


def few_labels(folder: Path) -> list[str]:
    """Return options that name a dozen labelled paragraphs."""
    rows = [
        {"id": f"{i}", "article": f"{i}", "text": f"Mot{i} dit{i}.", "topics": [], "stance": s}
        for i, s in enumerate(["neutral", "critical"] * 6)
    ]
    return ["--labels", str(write_rows(folder / "x.jsonl", rows))]
