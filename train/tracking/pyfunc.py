"""The model as MLflow serves it: texts in, records out.

MLflow keeps this file, a copy of `depeche.labels` and `depeche.model`, and the artifact with each
run, and runs it where Dépêche is not installed. So it may import only these, MLflow and what they
need.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from depeche.labels.errors import InputError
from depeche.model.deciding.decisions import Rule
from depeche.model.tagging import Model, load_model


class Tagger(PythonModel):
    """Tags each text as `classify` tags a file of it."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the artifact that was logged."""
        self._model = load_model(Path(context.artifacts["model"]))

    # MLflow reads the type hints: it refuses what is no list of strings, and would warn of `Any`.
    def predict(  # type: ignore[override]  # MLflow takes it without `context` as well
        self, model_input: list[str], params: dict[str, Any] | None = None
    ) -> list[dict[str, object]]:
        """Return the record of each text, in order; an unreadable text has only an `error`.

        Parameters
        ----------
        params
            `explain`, and the numbers of `decisions.Rule`. False or zero, which is what
            MLflow fills in, asks for nothing.
        """
        given = {name: value for name, value in (params or {}).items() if value}
        explain = bool(given.pop("explain", False))
        try:
            model = Model(self._model.artifact, Rule(**given))
        except InputError as err:
            raise MlflowException.invalid_parameter_value(str(err)) from err
        return model.tag(model_input, explain=explain)


set_model(Tagger())
