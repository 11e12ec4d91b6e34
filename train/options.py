"""What the command lines of the train room share: options, checks, progress, loading of labels."""

from __future__ import annotations

import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from depeche.labels.errors import MissingExtraError
from depeche.labels.schema import Schema
from depeche.labels.system.terminal import tell
from depeche.train import MOST_SEED, Progress

if TYPE_CHECKING:
    from depeche.labels.dataset import LabelledSet

ARTIFACTS = Path("mlruns") / "artifacts"  # of our own store

LabelsOption = Annotated[
    list[Path] | None,
    typer.Option(
        help="File of labelled paragraphs; repeat for several.",
        show_default="the three files that ship in labels/",
    ),
]
SeedOption = Annotated[
    int | None,
    typer.Option(min=0, max=MOST_SEED, help="Governs the folds and the solver.", show_default="0"),
]
FoldsOption = Annotated[int | None, typer.Option(min=2, help="Number of folds.", show_default="5")]
SplitOption = Annotated[
    Literal["article", "source", "date", "random"] | None,
    typer.Option(help="What folds keep together.", show_default="article"),
]

_TRAIN_MODULES = {"scikit-learn": "sklearn", "matplotlib": "matplotlib", "mlflow": "mlflow"}
_ENCODER_MODULES = ("torch", "transformers", "onnx", "onnxruntime", "onnxscript")


def check_extra(*more: str) -> None:
    """Raise `MissingExtraError` where a library of the extra `train` is not installed.

    Parameters
    ----------
    more
        Further modules to look for, of libraries of the same name.
    """
    for library, module in (_TRAIN_MODULES | {name: name for name in more}).items():
        if find_spec(module) is None:
            raise MissingExtraError(library, "train")


def check_encoder_extra() -> None:
    """Raise `MissingExtraError` where a library of the extra `camembert` is not installed."""
    for library in _ENCODER_MODULES:
        if find_spec(library) is None:
            raise MissingExtraError(library, "camembert")


def start_progress() -> Progress:
    """Return a function that prints a step on stderr, after the seconds since this call."""
    start = time.monotonic()

    def progress(step: str) -> None:
        tell(step, start=f"{time.monotonic() - start:6.1f} s  ")

    return progress


def load_labelled(paths: list[Path] | None, schema: Schema, orangesum: Path | None) -> LabelledSet:
    """Return the body paragraphs of some files, and say on stderr how many have no text.

    Parameters
    ----------
    paths
        None stands for the files that ship.
    """
    from depeche.labels.dataset import SHIPPED, load_labels

    labels = load_labels(paths or list(SHIPPED), schema, orangesum=orangesum)
    if labels.n_left_out:
        tell(
            f"{labels.n_left_out} paragraphs left out, whose text is OrangeSum's: to have them, "
            "git clone https://github.com/Tixierae/OrangeSum and give --orangesum OrangeSum; "
            "docs/benchmarks.md says what a model loses without them"
        )
    return labels


def tell_run(run_id: str, progress: Progress) -> None:
    """Say where a logged run can be looked at, and where its report is."""
    progress(f"run {run_id} in MLflow: classify ui shows it")
    page = ARTIFACTS / run_id / "artifacts" / "evaluation" / "evaluation.html"
    if page.is_file():
        progress(f"report in {page}")
