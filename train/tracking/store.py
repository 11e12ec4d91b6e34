"""MLflow's store as the commands see it: runs with their predictions and models, the registry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from depeche.labels.errors import SchemaError, TrackingError
from depeche.labels.formats.parsing import parse_json
from depeche.labels.schema import Schema, parse_schema
from depeche.model.champion import CHAMPION, STORE_FILE, read_promotions
from depeche.model.manifest import MANIFEST
from depeche.train.evaluation.held_out import Predictions, read_held_out
from depeche.train.tracking.connection import (
    OUR_STORE,
    connect,
    first_line,
    store_uri,
    without_password,
)
from depeche.train.tracking.log import (
    CHAMPION_ALIAS,
    EXPERIMENT,
    HELD_OUT,
    HELD_OUT_SCHEMA,
    REGISTERED,
    TRAININGS,
)

_LEAST_PREFIX = 4  # characters of an id
_MODEL = "model"  # a run's model: a folder of its artifacts, or the name of a logged model
_MAIN = ("micro_f1", "macro_f1")  # of multi dimensions, of single ones


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run as MLflow keeps it.

    `data` and `schema` are digests, `split` is what the folds kept together. `scores` maps each
    dimension to its main score: micro F1 of multi dimensions, macro F1 of single ones. A field that
    the run lacks is empty or None.
    """

    id: str
    name: str
    date: str
    status: str
    backend: str
    n_paragraphs: int | None
    data: str
    schema: str
    split: str
    model_sha256: str
    scores: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return the run as JSON-ready data."""
        return asdict(self)

    def __str__(self) -> str:
        return f"run {self.id[:8]} ({self.name})"


class Store:
    """MLflow's store and registry at `uri`; see `open_store`."""

    def __init__(self, mlflow: Any, uri: str) -> None:
        self._mlflow = mlflow
        self._client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
        self.uri = uri
        self.name = without_password(uri)  # for messages

    def runs(self, limit: int | None = None) -> list[Run]:
        """Return the trainings' runs, newest first."""
        experiment = self._client.get_experiment_by_name(EXPERIMENT)
        runs: list[Run] = []
        token = None
        while experiment is not None:
            page = self._client.search_runs(
                [experiment.experiment_id],
                TRAININGS,
                max_results=1000 if limit is None else min(1000, limit - len(runs)),
                order_by=["attributes.start_time DESC"],
                page_token=token,
            )
            runs += map(_parse_run, page)
            token = page.token
            if not token or (limit is not None and len(runs) >= limit):
                break
        return runs

    def find(self, reference: str) -> Run:
        """Return the run with an id, a prefix of it, a name, or the alias `champion`.

        Raises
        ------
        TrackingError
            When no run has it, or several have.
        """
        if reference == CHAMPION_ALIAS:
            run_id = self.champion()
            if run_id is None:
                raise TrackingError("there is no champion yet: classify promote RUN makes one")
            reference = run_id
        runs = [run for run in self.runs() if _answers(run, reference)]
        if not runs:
            raise TrackingError(
                f"{self.name}: no run {reference!r}: give the name of a run or {_LEAST_PREFIX} or "
                "more characters of its id; classify runs lists them"
            )
        if len(runs) > 1:
            several = ", ".join(run.id[:12] for run in runs[:5])
            raise TrackingError(f"{self.name}: {len(runs)} runs answer to {reference!r}: {several}")
        return runs[0]

    def held_out(self, run: Run, folder: Path) -> tuple[Schema, Predictions]:
        """Return the schema and held-out predictions of a run, fetched through `folder`."""
        path = self._fetch(run, HELD_OUT_SCHEMA, folder)
        try:
            schema = parse_schema(parse_json(path.read_text(encoding="utf-8")), where=str(path))
        except (OSError, ValueError, SchemaError) as err:
            raise TrackingError(f"{run}: its schema cannot be read: {err}") from err
        return schema, read_held_out(self._fetch(run, HELD_OUT, folder), schema)

    def fetch_model(self, run: Run, folder: Path) -> Path:
        """Copy the model of a run into `folder` and return the artifact's own folder in it."""
        fetched = self._fetch(run, _MODEL, folder)
        manifests = sorted(fetched.rglob(MANIFEST), key=lambda path: len(path.parts))
        if not manifests:
            raise TrackingError(f"{run}: no {MANIFEST} in its model: train the run anew")
        return manifests[0].parent

    def champion(self) -> str | None:
        """Return the id of the run with the alias, else of the one promoted in this folder."""
        models = self._client.search_registered_models(filter_string=f"name = '{REGISTERED}'")
        aliases = models[0].aliases if models else {}
        if CHAMPION_ALIAS in aliases:
            version = self._client.get_model_version(REGISTERED, aliases[CHAMPION_ALIAS])
            return str(version.run_id)
        promotions = read_promotions(CHAMPION)
        return promotions[-1].run_id if promotions else None

    def version(self, run_id: str) -> str | None:
        """Return the version of a run's model in the registry, None where it is not registered."""
        wanted = f"name = '{REGISTERED}' and run_id = '{run_id}'"
        versions = self._client.search_model_versions(filter_string=wanted)
        return str(max(int(v.version) for v in versions)) if versions else None

    def register(self, run: Run) -> str:
        """Return the version of a run's model in the registry, registered where it is not yet."""
        version = self.version(run.id)
        if version is not None:
            return version
        if not self._client.search_registered_models(filter_string=f"name = '{REGISTERED}'"):
            self._client.create_registered_model(REGISTERED)
        logged = self._client.get_run(run.id)
        source, model_id = f"{logged.info.artifact_uri}/{_MODEL}", None
        for output in logged.outputs.model_outputs if logged.outputs else ():
            if self._client.get_logged_model(output.model_id).name == _MODEL:
                source, model_id = f"models:/{output.model_id}", output.model_id
        registered = self._client.create_model_version(
            REGISTERED, source=source, run_id=run.id, model_id=model_id
        )
        return str(registered.version)

    def set_champion(self, version: str) -> None:
        """Move the alias to a version."""
        self._client.set_registered_model_alias(REGISTERED, CHAMPION_ALIAS, version)

    def _fetch(self, run: Run, path: str, folder: Path) -> Path:
        try:
            fetched = self._mlflow.artifacts.download_artifacts(
                run_id=run.id, artifact_path=path, dst_path=str(folder), tracking_uri=self.uri
            )
        except (self._mlflow.exceptions.MlflowException, OSError) as err:
            raise TrackingError(
                f"{run}: its {path} is not in the store: train the run anew ({first_line(err)})"
            ) from err
        return Path(fetched)


def list_runs(limit: int | None = None) -> tuple[list[Run], str | None]:
    """Return the trainings' runs, newest first, and the id of the champion's.

    Nothing where there is no store: MLflow would make one, which takes seconds.
    """
    if store_uri() == OUR_STORE and not STORE_FILE.is_file():
        return [], None
    with open_store() as store:
        return store.runs(limit), store.champion()


@contextmanager
def open_store() -> Iterator[Store]:
    """Yield the store at `$MLFLOW_TRACKING_URI`, else `mlruns/mlflow.db`.

    Its faults in the block become `TrackingError`.

    Raises
    ------
    TrackingError
        When the store is not there, cannot be reached or written.
    """
    with connect() as mlflow:
        yield Store(mlflow, store_uri())


def _answers(run: Run, reference: str) -> bool:
    """Return whether a reference is the name of a run, or the start of its id."""
    if run.name == reference:
        return True
    return len(reference) >= _LEAST_PREFIX and run.id.startswith(reference)


def _parse_run(run: Any) -> Run:
    tags, n_paragraphs = run.data.tags, run.data.params.get("n_paragraphs", "")
    scores: dict[str, float] = {}
    for metric in reversed(_MAIN):
        for name, value in sorted(run.data.metrics.items()):
            dimension, _, last = name.rpartition(".")
            if last == metric and dimension and "." not in dimension:
                scores[dimension] = value
    started = datetime.fromtimestamp(run.info.start_time / 1000).astimezone()
    return Run(
        id=run.info.run_id,
        name=run.info.run_name or "",
        date=started.isoformat(timespec="seconds"),
        status=run.info.status,
        backend=tags.get("backend", ""),
        n_paragraphs=int(n_paragraphs) if n_paragraphs.isdecimal() else None,
        data=tags.get("data", ""),
        schema=tags.get("schema", "").rpartition(" ")[2],
        split=run.data.params.get("split", ""),
        model_sha256=tags.get("model_sha256", ""),
        scores=dict(sorted(scores.items())),
    )
