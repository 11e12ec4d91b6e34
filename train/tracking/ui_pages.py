"""Pages of MLflow's UI: the runs with useful columns, and two runs side by side."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from depeche.labels.errors import TrackingError
from depeche.train.tracking.connection import connect
from depeche.train.tracking.log import EXPERIMENT, TRAININGS

_METRICS = ("micro_f1", "macro_f1", "mean_average_precision", "accuracy")
_N_RUNS = 50  # newest runs whose columns are shown
_N_PARAMS = 5  # at most so many parameters as columns
# MLflow 3 keeps a view that is shared, or saved under a name, as such a tag of the experiment, and
# opens it at `viewStateShareKey`. Without one its table shows no metric at all.
_VIEW_TAG = "mlflow.sharedViewState."
_VIEW = EXPERIMENT
_TRAINING = "workflowType=machine_learning"  # else the menu is that of language models
_PADDING, _CHARACTER = 36, 7  # pixels; MLflow cuts the names of narrower columns


@dataclass(frozen=True, kw_only=True)
class Pages:
    """Pages of MLflow's UI, as paths after the address of the server.

    `comparison` is None while there is a single run.
    """

    runs: str
    comparison: str | None


def prepare_pages() -> Pages:
    """Save the view of the runs in the store, and return the pages to look at.

    Raises
    ------
    TrackingError
        When the store cannot be reached, or has no runs.
    """
    with connect() as mlflow:
        client = mlflow.MlflowClient()
        experiment = client.get_experiment_by_name(EXPERIMENT)
        runs = (
            client.search_runs([experiment.experiment_id], TRAININGS, max_results=_N_RUNS)
            if experiment
            else []
        )
        if not runs:
            raise TrackingError("no runs to look at yet: run classify train first")
        view = _saved_view(columns(runs), created=experiment.creation_time)
        if experiment.tags.get(_VIEW_TAG + _VIEW) != view:
            client.set_experiment_tag(experiment.experiment_id, _VIEW_TAG + _VIEW, view)
    id = experiment.experiment_id
    ids = [run.info.run_id for run in runs[:2]]
    return Pages(
        runs=f"/#/experiments/{id}/runs?{_TRAINING}&viewStateShareKey={_VIEW}",
        comparison=f"/#/compare-runs?runs={_quote(ids)}&experiments={_quote([id])}&{_TRAINING}"
        if len(ids) == 2
        else None,
    )


def columns(runs: Sequence[Any]) -> list[str]:
    """Return the columns to show, as MLflow writes them: scores, backend, and some parameters.

    The scores are the overall ones of each dimension in the newest run. The parameters are those
    that are not the same in all runs, since they tell the runs apart.
    """
    params = sorted({key for run in runs for key in run.data.params})
    differing = [key for key in params if len({run.data.params.get(key) for run in runs}) > 1]
    logged = runs[0].data.metrics
    dimensions = sorted({key.split(".")[0] for key in logged})
    # Dimensions of several labels come first: only they have a micro F1.
    dimensions.sort(key=lambda dimension: f"{dimension}.micro_f1" not in logged)
    scores = [f"{dimension}.{metric}" for dimension in dimensions for metric in _METRICS]
    return [
        *(f"metrics.`{key}`" for key in scores if key in logged),
        "tags.`backend`",
        *(f"params.`{key}`" for key in differing[:_N_PARAMS]),
    ]


def _saved_view(shown: list[str], *, created: int) -> str:
    """Return a view in the form that MLflow's UI saves under a name."""
    widths = {column: _PADDING + _CHARACTER * len(column.split("`")[1]) for column in shown}
    state = {"selectedColumns": shown, "columnOrder": shown, "columnWidths": widths}
    view = {"name": EXPERIMENT, "createdAt": created, "state": json.dumps(state)}
    return json.dumps(view)


def _quote(ids: list[str]) -> str:
    return quote(json.dumps(ids, separators=(",", ":")))
