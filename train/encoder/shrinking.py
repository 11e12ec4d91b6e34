"""What an encoder loses on its way to the form that runs: as ONNX, and with weights of 8 bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from depeche.labels.dataset import LabelledSet
from depeche.labels.errors import TrainingError
from depeche.model.deciding.calibration import DIGITS
from depeche.model.scoring.encoder import EncoderScorer
from depeche.train import Progress
from depeche.train.calibrating import fit_calibration
from depeche.train.evaluation.comparison import compare_predictions
from depeche.train.evaluation.held_out import Predictions
from depeche.train.training import OutOfFold, decide_by_best_f1

N_COMPARED = 64  # texts on which torch and ONNX are compared

_MOST_DIFFERENCE = 1e-4  # between the logits of torch and those of its ONNX form
_MOST_LOSS = 0.02  # of a dimension's main score, by shrinking


def check_export(
    scorer: EncoderScorer, texts: Sequence[str], full: NDArray[np.float64], base: str
) -> None:
    """Raise `TrainingError` when the ONNX form does not give the logits of torch, `full`."""
    order = np.argsort([len(text) for text in texts], kind="stable")
    some = order[np.linspace(0, len(order) - 1, min(N_COMPARED, len(order))).astype(int)]
    logits = scorer.logits([texts[i] for i in some])
    difference = float(np.abs(logits - full[some]).max())
    if difference > _MOST_DIFFERENCE:
        raise TrainingError(
            f"{base}: its ONNX form gives other logits than torch, by {difference:.1e}: choose "
            "another base"
        )


def loss_by_shrinking(
    labels: LabelledSet, full: OutOfFold, small: OutOfFold, progress: Progress
) -> dict[str, Any]:
    """Return what 8 bits cost: the share of decisions `kept`, and the `loss` of each dimension.

    Raises
    ------
    TrainingError
        When a dimension loses too much, beyond what the choice of articles explains.
    """
    schema = labels.schema
    calibration = fit_calibration(small.logits, small.Y, small.fold, schema)
    given = [
        decide_by_best_f1(calibration, calibration.predict_proba(x.logits, schema), schema)
        for x in (full, small)
    ]
    kept = round(float((given[0] == given[1]).mean()), DIGITS)
    differences = compare_predictions(
        _predictions(labels, full), _predictions(labels, small), schema
    )
    main = [d for d in differences if d.main]
    loss = {d.dimension: round(-d.value, DIGITS) for d in main}
    losses = ", ".join(f"{100 * value:.1f} points on {name}" for name, value in loss.items())
    progress(f"8 bits keep {100 * kept:.1f} % of the decisions and lose {losses}")
    if any(-d.value > _MOST_LOSS and d.high < 0 for d in main):
        raise TrainingError(
            f"8 bits lose {losses}, more than {100 * _MOST_LOSS:.0f} and beyond noise: the same "
            "command with --full-precision keeps the model as it was fitted"
        )
    return {"kept": kept, "loss": loss}


def _predictions(labels: LabelledSet, scores: OutOfFold) -> Predictions:
    scored = labels.chosen(scores.rows)
    return Predictions(
        ids=tuple(p.id for p in scored.paragraphs),
        articles=tuple(scored.articles),
        Y=scores.Y,
        proba=scores.proba,
        given=scores.given,
    )
