"""Drift of annotators: how their labels change from their first half to their last.

The order of labels is that of the file: `classify label` writes each record as it is decided.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from depeche.labels.dataset import LabelledSet
from depeche.train.evaluation.comparison import FALSE_DISCOVERIES, benjamini_hochberg

FEWEST = 100  # paragraphs of an annotator: below, no interval says anything

_Z = 1.959964  # of a normal variable within 95 %
_Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Shift:
    """How a rate changed between an annotator's first and last half, in [-1, 1].

    With the name of a label in `label`, the rate is how much more often it is given than the texts
    call for, by models fitted on other articles. With None, it is the share of paragraphs with a
    label that looks wrong. `difference` (last minus first, within sources) has a 95 % interval from
    `low` to `high`. `real` means that it passes Benjamini and Hochberg's procedure among all
    shifts.
    """

    label: str | None
    first: float
    last: float
    difference: float
    low: float
    high: float
    p: float
    real: bool = False


@dataclass(frozen=True, kw_only=True)
class Annotator:
    """An annotator and the shifts of the rates; too few paragraphs have no shifts."""

    name: str
    n_paragraphs: int
    looks_wrong: float
    shifts: tuple[Shift, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the annotator as JSON-ready data."""
        return {**asdict(self), "shifts": [asdict(shift) for shift in self.shifts]}


def find_drift(
    labels: LabelledSet, Y: NDArray[np.int64], proba: _Floats, wrong: NDArray[np.bool_]
) -> tuple[Annotator, ...]:
    """Return how each annotator drifts, in the order of their names.

    Nothing is returned where no record names an annotator.

    Parameters
    ----------
    Y, proba
        (n_samples, n_labels): labels and out-of-fold scores, calibrated.
    wrong
        (n_samples,): whether a label of the paragraph looks wrong.
    """
    names = np.array([p.annotator or "" for p in labels.paragraphs])
    sources, articles = np.array(labels.sources), np.array(labels.articles)
    excess = Y - proba
    annotators = []
    for name in np.unique(names[names != ""]):
        rows = np.flatnonzero(names == name)
        shifts: list[Shift | None] = []
        if len(rows) >= FEWEST:
            groups = (sources[rows], articles[rows])
            shifts = [_shift(None, wrong[rows].astype(np.float64), *groups)]
            shifts += [
                _shift(label, excess[rows, j], *groups)
                for j, label in enumerate(labels.schema.label_names)
            ]
        annotators.append(
            Annotator(
                name=str(name),
                n_paragraphs=len(rows),
                looks_wrong=float(wrong[rows].mean()),
                shifts=tuple(shift for shift in shifts if shift is not None),
            )
        )
    return _judged(annotators)


def _shift(
    label: str | None, rate: _Floats, sources: NDArray[np.str_], articles: NDArray[np.str_]
) -> Shift | None:
    """Return the shift of a rate; None where no source is in both halves.

    The rate is regressed on the half and the source, because a source that is harder is no drift.
    The errors allow for paragraphs of one article to err together (Liang and Zeger 1986,
    "Longitudinal data analysis using generalized linear models").
    """
    last = np.arange(len(rate)) >= len(rate) / 2
    half, centred = last.astype(np.float64), rate.copy()
    for source in np.unique(sources):
        rows = sources == source
        half[rows] -= half[rows].mean()
        centred[rows] -= centred[rows].mean()
    weight = float((half**2).sum())
    if weight < 1e-9:
        return None
    difference = float(half @ centred) / weight
    _, article = np.unique(articles, return_inverse=True)
    by_article = np.bincount(article, half * (centred - difference * half))
    error = math.sqrt(float((by_article**2).sum())) / weight
    return Shift(
        label=label,
        first=float(rate[~last].mean()),
        last=float(rate[last].mean()),
        difference=difference,
        low=difference - _Z * error,
        high=difference + _Z * error,
        p=math.erfc(abs(difference) / (error * math.sqrt(2))) if error else 1.0,
    )


def _judged(annotators: Sequence[Annotator]) -> tuple[Annotator, ...]:
    """Return the annotators with `real` set on their shifts."""
    p = np.array([shift.p for annotator in annotators for shift in annotator.shifts])
    real = iter(benjamini_hochberg(p, FALSE_DISCOVERIES).tolist() if len(p) else ())
    return tuple(
        replace(
            annotator,
            shifts=tuple(replace(shift, real=next(real)) for shift in annotator.shifts),
        )
        for annotator in annotators
    )
