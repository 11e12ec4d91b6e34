"""The command `classify tune`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from depeche.labels.files import check_folder
from depeche.labels.options import JsonOption, OrangesumOption, SchemaOption
from depeche.labels.schema import DEFAULT_SCHEMA, read_schema
from depeche.labels.system.terminal import show_json, show_lines
from depeche.train.options import (
    FoldsOption,
    LabelsOption,
    SeedOption,
    SplitOption,
    check_extra,
    load_labelled,
    start_progress,
    tell_run,
)


def tune(
    labels: LabelsOption = None,
    schema: SchemaOption = DEFAULT_SCHEMA,
    orangesum: OrangesumOption = None,
    trials: Annotated[
        int,
        typer.Option(min=1, max=100_000, help="Trials in all; those of an earlier run count."),
    ] = 30,
    seed: SeedOption = None,
    folds: FoldsOption = None,
    split: SplitOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search the training settings, and judge the best on a fold that the search never saw.

    Interrupted, the same command goes on where it stopped. The best go to mlruns/tuned.json.

    Example: classify tune --orangesum ../OrangeSum --trials 50
    """
    check_extra("optuna")
    from depeche.train.backends import choose_settings
    from depeche.train.tracking.connection import check_loggable
    from depeche.train.tuning.report import tuning_lines
    from depeche.train.tuning.runs import TUNED, tune_and_log

    check_loggable()
    progress = start_progress()
    defaults = choose_settings(None, {"seed": seed, "n_folds": folds, "split": split})
    check_folder(TUNED.parent)
    labelled = load_labelled(labels, read_schema(schema), orangesum)
    tuning, run_id = tune_and_log(labelled, defaults, n_trials=trials, progress=progress)
    tell_run(run_id, progress)
    if as_json:
        show_json({**tuning.to_dict(), "run": run_id, "file": str(TUNED)})
        return
    options = _label_options(labels, schema, orangesum)
    show_lines(tuning_lines(tuning, path=TUNED, label_options=options))


def _label_options(labels: list[Path] | None, schema: Path, orangesum: Path | None) -> list[str]:
    """Return the options that name the same labels in another command."""
    options = [word for path in labels or () for word in ("--labels", str(path))]
    if schema != DEFAULT_SCHEMA:
        options += ["--schema", str(schema)]
    if orangesum:
        options += ["--orangesum", str(orangesum)]
    return options
