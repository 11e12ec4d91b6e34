"""Logging a training in MLflow: one run, with its scores, reports and model."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import depeche.labels
import depeche.model
from depeche.labels.errors import TrackingError
from depeche.labels.schema import Schema
from depeche.labels.system.processes import find_program
from depeche.model.deciding.calibration import DIGITS
from depeche.train.evaluation.held_out import format_held_out
from depeche.train.tracking.connection import OUR_STORE, STORE, connect, store_uri

if TYPE_CHECKING:  # commands that only look at runs do not wait for scikit-learn
    from depeche.train.training import Training

EXPERIMENT = "depeche"
REGISTERED = "depeche"  # name of the registered model
CHAMPION_ALIAS = "champion"  # of its version in use
TRAININGS = "tags.data LIKE '%'"  # the runs that are trainings, not tunings or their trials
HELD_OUT = "evaluation/held_out.jsonl"
HELD_OUT_SCHEMA = "evaluation/schema.json"

_LONGEST_KEY = 250  # characters, of MLflow's tags
_NOT_IN_KEYS = re.compile(r"[^\w\-. :/]")  # of MLflow's tags
# What the logged model needs where it is loaded: what `depeche.model` imports, and MLflow itself.
_REQUIRED = ("lxml", "lxml_html_clean", "markdown-it-py", "mlflow", "numpy", "trafilatura")
_REQUIRED_BY = {"camembert": ("onnxruntime", "tokenizers")}  # in addition, by backend
# Files of `labels` and `model` that are copied: no label files, no models, no command lines.
_CODE = frozenset((".py", ".npz", ".toml"))
_COMMAND_LINES = ("cli.py", "options.py")
# The params of the logged model; false or zero asks for nothing.
_PARAMS: dict[str, Any] = {"explain": False, "precision": 0.0, "recall": 0.0, "coverage": 0.0}
_EXAMPLE = ["Le ministre a reçu lundi son homologue, et un accord a été signé dans la soirée."]


def log_run(training: Training, evaluation: dict[str, Any], folder: Path) -> str:
    """Log a training in MLflow's store and return the id of its run.

    Parameters
    ----------
    evaluation
        Of the training, as `diagnostics.evaluate_training` returns it.
    folder
        Where the artifact was saved; the run gets a copy of it.

    Raises
    ------
    TrackingError
        When the store cannot be reached or written.
    """
    kept = f"the model itself is complete in {folder}"
    with writable_store(kept) as mlflow, mlflow.start_run(tags=_tags(training)) as run:
        mlflow.log_params(_params(training))
        mlflow.log_metrics(_metrics(evaluation, training.artifact.schema))
        for step, scores in enumerate(evaluation.get("passes", ()), 1):
            mlflow.log_metrics(dict(flatten_scores(scores, "pass.")), step=step)
        _log_evaluation(mlflow, training, evaluation)
        _log_held_out(mlflow, training)
        _log_model(mlflow, folder, training.artifact.backend)
    return str(run.info.run_id)


@contextmanager
def writable_store(kept: str) -> Iterator[Any]:
    """Yield MLflow, set to our store and experiment, which are made where there are none.

    Parameters
    ----------
    kept
        Says in an error what the user still has when the store cannot be reached or written.
    """
    try:
        with connect(create=True) as mlflow:
            _set_experiment(mlflow)
            yield mlflow
    except TrackingError as err:
        raise TrackingError(f"{err}; {kept}") from err


def flatten_scores(scores: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """Yield each number of nested scores under its path, as `topics.micro_f1`."""
    for key, value in scores.items():
        if isinstance(value, Mapping):
            yield from flatten_scores(value, prefix if key == "labels" else f"{prefix}{key}.")
        elif isinstance(value, int | float):
            yield f"{prefix}{key}", float(value)


def _metrics(evaluation: dict[str, Any], schema: Schema) -> dict[str, float]:
    """Return the numbers to compare runs by, each under its path."""
    chosen = {d.id: evaluation[d.id] for d in schema.dimensions}
    chosen["calibration_error"] = {
        name: error["after"] for name, error in evaluation["calibration"].items()
    }
    if "leakage" in evaluation:
        chosen["leakage"] = evaluation["leakage"]["gap"]
    if "int8" in evaluation:
        chosen["int8"] = evaluation["int8"]
    return {name: round(value, DIGITS) for name, value in flatten_scores(chosen)}


def _set_experiment(mlflow: Any) -> None:
    """Choose our experiment; a new one in our own store keeps its artifacts beside the store."""
    if mlflow.get_experiment_by_name(EXPERIMENT) is None:
        location = (STORE / "artifacts").resolve().as_uri() if store_uri() == OUR_STORE else None
        try:
            mlflow.create_experiment(EXPERIMENT, artifact_location=location)
        except mlflow.exceptions.MlflowException as err:
            if err.error_code != "RESOURCE_ALREADY_EXISTS":  # made by another process just now
                raise
    mlflow.set_experiment(EXPERIMENT)


def _tags(training: Training) -> dict[str, str]:
    artifact = training.artifact
    tags = {
        "backend": artifact.backend,
        "signature": artifact.scores["signature"],
        "model_sha256": artifact.sha256,
        "schema": f"{artifact.schema.name} {artifact.schema.digest}",
        "data": artifact.data["digest"],
        **{_data_key(name): digest for name, digest in artifact.data["files"].items()},
    }
    commit = _git_commit()
    return tags | ({"mlflow.source.git.commit": commit} if commit else {})


def _data_key(name: str) -> str:
    """Return the tag of a label file: its name, cut where it is too long for MLflow."""
    key = f"data.{_NOT_IN_KEYS.sub('_', name)}"
    if len(key) <= _LONGEST_KEY:
        return key
    return f"{key[: _LONGEST_KEY - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _params(training: Training) -> dict[str, Any]:
    settings = dict(training.artifact.settings)
    features = settings.pop("features", {})
    return {
        **settings,
        **{f"features.{key}": value for key, value in features.items()},
        **{key: value for key, value in training.artifact.data.items() if key.startswith("n_")},
    }


def _log_evaluation(mlflow: Any, training: Training, evaluation: dict[str, Any]) -> None:
    """Log the plots, and the evaluation as a page, as Markdown and as JSON."""
    from depeche.train.reports.files import report_files
    from depeche.train.reports.plots import plots

    figures = plots(training.scored, evaluation)
    for name, figure in figures.items():
        mlflow.log_figure(figure, f"plots/{name}")
    files = report_files(evaluation, training.artifact.schema, figures, training.artifact.name)
    for name, text in files.items():
        mlflow.log_text(text, f"evaluation/{name}")


def _log_held_out(mlflow: Any, training: Training) -> None:
    """Log the out-of-fold scores of each paragraph, and the schema to read them with."""
    scored = training.scored
    lines = format_held_out(scored.labels, scored.Y, scored.proba, scored.given)
    mlflow.log_text(lines, HELD_OUT)
    mlflow.log_dict(training.artifact.schema.to_dict(), HELD_OUT_SCHEMA)


def _log_model(mlflow: Any, folder: Path, backend: str) -> None:
    """Log the artifact as a model that tags where nothing of ours is installed."""
    with tempfile.TemporaryDirectory(prefix="classify-") as temporary:
        required = (*_REQUIRED, *_REQUIRED_BY.get(backend, ()))
        code = [_copy_code(Path(temporary))]
        mlflow.pyfunc.log_model(
            name="model",
            python_model=str(Path(__file__).with_name("pyfunc.py")),
            artifacts={"model": str(folder)},
            code_paths=code,
            pip_requirements=[f"{name}=={version(name)}" for name in required],
            input_example=(_EXAMPLE, _PARAMS),
        )


def _copy_code(folder: Path) -> str:
    """Copy the part of our package that a prediction needs, and return the path of the copy."""
    copy = folder / "depeche"
    copy.mkdir()
    shutil.copyfile(Path(depeche.__file__), copy / "__init__.py")
    for package in (depeche.labels, depeche.model):
        source = Path(package.__path__[0])
        for path in source.rglob("*"):
            if path.suffix in _CODE and path.name not in _COMMAND_LINES:
                target = copy / source.name / path.relative_to(source)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
    return str(copy)


def _git_commit() -> str | None:
    """Return the commit checked out in the current folder, None outside a repository."""
    git = find_program("git")
    if git is None:
        return None
    # A folder's own settings may name programs to run.
    command = [git, "--no-pager", "-c", "core.fsmonitor=false", "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
