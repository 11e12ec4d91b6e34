"""Annotators who drift: how what they give changes from the first half of their labels to the last.

The order is that of the file, in which `classify label` writes records as they are decided.
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

    `label` is a label's name in the schema: the rate is how much more often it is given than the
    text calls for, by models fitted on other articles. It is None for the share of paragraphs with
    a label that looks wrong. `difference` (last less first, within sources) has a 95 % interval
    from `low` to `high`; `real` says that it passes Benjamini and Hochberg's procedure among all
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
    """An annotator and the shifts of the rates; none where there are too few paragraphs."""

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
    """Return the annotators by name, with how each drifts; none where no record names one.

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
    found = []
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
        found.append(
            Annotator(
                name=str(name),
                n_paragraphs=len(rows),
                looks_wrong=float(wrong[rows].mean()),
                shifts=tuple(shift for shift in shifts if shift is not None),
            )
        )
    return _judged(found)


def _shift(
    label: str | None, rate: _Floats, sources: NDArray[np.str_], articles: NDArray[np.str_]
) -> Shift | None:
    """Return the shift of a rate; None where no source is in both halves.

    The regression of the rate on the half and the source, with errors that paragraphs of an article
    share (Liang and Zeger 1986, "Longitudinal data analysis using generalized linear models"): what
    is harder in another source is no drift.
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
    """Return the annotators, their shifts called real or not."""
    every = np.array([shift.p for one in annotators for shift in one.shifts])
    real = iter(benjamini_hochberg(every, FALSE_DISCOVERIES).tolist() if len(every) else ())
    return tuple(
        replace(one, shifts=tuple(replace(shift, real=next(real)) for shift in one.shifts))
        for one in annotators
    )
