"""Which units of a scraped text are its paragraphs, its headings, and site furniture.

Each unit gets some two hundred signs: its form (length, end, case, numbers), its language, the
words of an interface in it (by family: sharing, subscribing, comments…), its place in the text, and
the same of its neighbours, so that a short line inside an article is read as the article's and the
same line in a menu as the menu's. A small model learned from marked lines (`train/furniture.py`)
weighs them. Dropping a paragraph is the worse error, and the model was biased accordingly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from labels.paragraphs import KINDS, Kind
from model.language import UNDETERMINED, language_of
from model.signs import FOREIGN, FRENCH, INTERFACE, IS_ENDED, iter_signs

WEIGHTS = Path(__file__).parent / "furniture.npz"

_KEPT = (IS_ENDED, INTERFACE, FRENCH, FOREIGN)  # signs that are looked at afterwards
_UNITS_AT_ONCE = 256  # so that a long text takes little memory


@dataclass(frozen=True, kw_only=True)
class KindModel:
    """Boosted trees over the signs.

    `feature`, `threshold`, `left`, `right` and `value` are (n_trees, n_nodes): a unit goes left
    where its sign is at most the threshold, and a leaf is its own child. Tree `i` speaks for kind
    `i % 3`, in the order of `KINDS`. `baseline` is (3,): the score of each kind before the trees.
    `bias` is (3,), added to the log-probabilities before a kind is chosen: it makes it rarer to
    drop a paragraph.
    """

    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: NDArray[np.float64]
    baseline: NDArray[np.float64]
    bias: NDArray[np.float64]

    def log_proba(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the log-probability of each kind, (n_units, 3), from signs."""
        n_trees, n_nodes = self.feature.shape
        feature, threshold = self.feature.ravel(), self.threshold.ravel()
        first = np.arange(n_trees)[:, None] * n_nodes
        left, right = (self.left + first).ravel(), (self.right + first).ravel()
        signs_of_unit = X.ravel()
        unit = np.arange(len(X))[:, None] * X.shape[1]
        node = np.broadcast_to(first.T, (len(X), n_trees))
        while True:
            goes_left = signs_of_unit.take(unit + feature.take(node)) <= threshold.take(node)
            child = np.where(goes_left, left.take(node), right.take(node))
            if (child == node).all():
                break
            node = child
        leaves = self.value.ravel().take(node).reshape(len(X), -1, len(KINDS)).sum(axis=1)
        scores = leaves + self.baseline
        return np.asarray(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True))

    def kinds(self, X: NDArray[np.float64]) -> list[Kind]:
        """Return the likeliest kind of each unit, dropped paragraphs being the worse error."""
        return [KINDS[k] for k in (self.log_proba(X) + self.bias).argmax(axis=1)]


@cache
def load_kind_model() -> KindModel:
    """Return the model that ships."""
    with np.load(WEIGHTS, allow_pickle=False) as arrays:
        return KindModel(**{name: arrays[name] for name in arrays.files})


def unit_kinds(units: Sequence[str], gaps: Sequence[bool]) -> list[Kind]:
    """Return what each unit of a text is: body, heading or boilerplate.

    Parameters
    ----------
    units
        Lines or wrapped paragraphs that are not blank, in order, without blanks around them.
    gaps
        Whether a blank line stands before each.
    """
    model = load_kind_model()
    kinds: list[Kind] = []
    parts = []
    for X in iter_signs(units, gaps, _UNITS_AT_ONCE):
        kinds += model.kinds(X)
        parts.append(X[:, list(_KEPT)])
    ended, furniture, french, foreign = np.vstack(parts).T
    if "body" not in kinds:  # a note or a headline alone: whatever is no furniture is the article
        kinds = [
            "body" if kind == "heading" or end or not words else kind
            for kind, end, words in zip(kinds, ended, furniture, strict=True)
        ]
    return _without_foreign(units, kinds, foreign > french / 2)  # the sign of French is doubled


def _without_foreign(
    units: Sequence[str], kinds: list[Kind], foreign: NDArray[np.bool_]
) -> list[Kind]:
    """Return the kinds with units in other languages as boilerplate, in a French article."""
    body = np.array([kind == "body" for kind in kinds])
    apart = foreign & body
    if apart.sum() * 2 > body.sum():
        return kinds
    ours = ("fr", UNDETERMINED)
    return [
        "boilerplate" if other and language_of(unit) not in ours else kind
        for unit, kind, other in zip(units, kinds, apart, strict=True)
    ]
