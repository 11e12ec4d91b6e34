"""A tuning in MLflow: one run, and a nested run for each trial."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from depeche.labels.dataset import LabelledSet
from depeche.train import Progress
from depeche.train.tfidf.settings import TrainSettings, write_settings
from depeche.train.tracking.log import EXPERIMENT, writable_store
from depeche.train.tuning.tuning import Trial, Tuning, tune

TRIALS = Path("mlruns") / "tune.db"
TUNED = Path("mlruns") / "tuned.json"

_KEPT = "finished trials are kept, and the same command goes on from there"


def tune_and_log(
    labels: LabelledSet, settings: TrainSettings, *, n_trials: int, progress: Progress
) -> tuple[Tuning, str]:
    """Return a finished tuning and the id of its run; the best settings are written to `TUNED`.

    Raises as `tuning.tune` does, and `SettingsError` when the settings cannot be written.
    """
    with TuningRuns() as runs:
        tuning = tune(
            labels,
            settings,
            n_trials=n_trials,
            storage=TRIALS,
            progress=progress,
            record=runs.record,
        )
        write_settings(tuning.best, TUNED)
        return tuning, runs.finish(tuning)


class TuningRuns:
    """Logs a tuning in MLflow; what is logged already is found by its tags and left alone.

    A context manager: when the tuning ends early, its run says so until the tuning goes on.
    """

    def __init__(self) -> None:
        self._parent = ""
        self._logged: set[int] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._parent and kind is not None:
            with writable_store(_KEPT) as mlflow:
                status = "KILLED" if kind is KeyboardInterrupt else "FAILED"
                mlflow.MlflowClient().set_terminated(self._parent, status)

    def record(self, study: str, trials: Sequence[Trial]) -> None:
        """Log those trials of a study that are not logged yet (`tuning.Record`)."""
        with writable_store(_KEPT) as mlflow:
            client = mlflow.MlflowClient()
            experiment = client.get_experiment_by_name(EXPERIMENT).experiment_id
            if not self._parent:
                self._parent = _parent_run(client, experiment, study)
                self._logged = _logged_trials(client, experiment, self._parent)
            for trial in trials:
                if trial.number not in self._logged:
                    _log_trial(mlflow, client, experiment, self._parent, trial)
                    self._logged.add(trial.number)

    def finish(self, tuning: Tuning) -> str:
        """Log the best settings and the outer scores; return the id of the tuning's run."""
        verdict, best = tuning.verdict, tuning.trials[0]
        metrics = {"inner": best.score, "outer.difference": verdict.difference}
        for name in verdict.tuned:
            metrics[f"outer.{name}.tuned"] = verdict.tuned[name]
            metrics[f"outer.{name}.default"] = verdict.default[name]
        with writable_store(_KEPT) as mlflow:
            client = mlflow.MlflowClient()
            _log_metrics(mlflow, client, self._parent, metrics)
            # Tags, not parameters: a tuning that goes on may find better ones.
            tags = {f"best.{name}": f"{value:g}" for name, value in best.params.items()}
            tags |= {"outcome": verdict.outcome, "signature": verdict.signature}
            for key, value in tags.items():
                client.set_tag(self._parent, key, value)
            client.set_terminated(self._parent, "FINISHED")
        return self._parent


def _parent_run(client: Any, experiment: str, study: str) -> str:
    """Return the run of a study, a new one when it has none in this store."""
    known = client.search_runs([experiment], f"tags.study = '{study}' AND tags.kind = 'tune'")
    if known:
        client.update_run(known[0].info.run_id, status="RUNNING")
        return str(known[0].info.run_id)
    run = client.create_run(
        experiment, run_name=f"tune {study}", tags={"study": study, "kind": "tune"}
    )
    return str(run.info.run_id)


def _logged_trials(client: Any, experiment: str, parent: str) -> set[int]:
    """Return the numbers of the trials that are logged; what was cut off half-way is deleted."""
    logged = set()
    token = None
    while True:
        page = client.search_runs(
            [experiment], f"tags.mlflow.parentRunId = '{parent}'", page_token=token
        )
        for run in page:
            if run.info.status == "FINISHED":
                logged.add(int(run.data.tags["trial"]))
            else:
                client.delete_run(run.info.run_id)
        token = page.token
        if not token:
            return logged


def _log_trial(mlflow: Any, client: Any, experiment: str, parent: str, trial: Trial) -> None:
    run = client.create_run(
        experiment,
        run_name=f"trial {trial.number}",
        start_time=round(1000 * trial.start.timestamp()),
        tags={"mlflow.parentRunId": parent, "kind": "trial", "trial": str(trial.number)},
    )
    params = [mlflow.entities.Param(key, str(value)) for key, value in trial.params.items()]
    client.log_batch(run.info.run_id, params=params)
    scores = {f"inner.{name}": value for name, value in trial.scores.items()}
    _log_metrics(mlflow, client, run.info.run_id, {"inner": trial.score, **scores})
    end = round(1000 * trial.end.timestamp())
    client.set_terminated(run.info.run_id, "FINISHED", end_time=end)


def _log_metrics(mlflow: Any, client: Any, run: str, values: dict[str, float]) -> None:
    now = mlflow.utils.time.get_current_time_millis()
    metrics = [mlflow.entities.Metric(key, value, now, 0) for key, value in values.items()]
    client.log_batch(run, metrics=metrics)
