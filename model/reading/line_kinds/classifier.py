"""Tells which units of a scraped text are its paragraphs, its headings, and boilerplate.

Each unit gets some two hundred features: its form (length, end, case, numbers), its language, the
words of an interface in it (by family: sharing, subscribing, comments…), its place in the text, and
the same of its neighbours, so that a short line inside an article is read as the article's and the
same line in a menu as the menu's. A small model learned from marked lines (`train/line_kinds.py`)
weighs them. Dropping a paragraph is the worse error, and the model was biased accordingly.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from depeche.labels.paragraphs import KINDS, Kind
from depeche.model.reading.language import UNDETERMINED, language_of
from depeche.model.reading.line_kinds.features import Units, look_at
from depeche.model.reading.line_kinds.trees import PackedTrees

WEIGHTS = Path(__file__).parent / "classifier.npz"

_UNITS_AT_ONCE = 256  # so that a long text takes little memory


@dataclass(frozen=True, kw_only=True)
class KindModel:
    """Boosted trees over the features.

    `feature`, `threshold`, `left`, `right` and `value` are (n_trees, n_nodes): a unit goes left
    where its feature is at most the threshold, and a leaf is its own child. Tree `i` speaks for
    kind `i % 3`, in the order of `KINDS`. `baseline` is (3,): the score of each kind before the
    trees. `bias` is (3,), added to the log-probabilities before a kind is chosen: it makes it rarer
    to drop a paragraph.
    """

    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: NDArray[np.float64]
    baseline: NDArray[np.float64]
    bias: NDArray[np.float64]

    @cached_property
    def _trees(self) -> PackedTrees:
        return PackedTrees(self.feature, self.threshold, self.left, self.right, self.value)

    def log_proba(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the log-probability of each kind, (n_units, 3), from (n_units, n_features)."""
        leaves = self._trees.values(np.ascontiguousarray(X.T))
        scores = leaves.reshape(-1, len(KINDS), len(X)).sum(axis=0).T + self.baseline
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
    """Return what each unit of a text is: body, heading or boilerplate; see `look_at`."""
    return find_kinds(look_at(units, gaps, [len(units)]), [None] * len(units))


def find_kinds(units: Units, marked: Sequence[Kind | None]) -> list[Kind]:
    """Return what each unit of some texts is; `marked` is what a page says, None where nothing.

    What a page says is kept, but that paragraphs in another language are left out.
    """
    kinds: list[Kind] = list(filter(None, marked))
    if len(kinds) < len(marked):
        model = load_kind_model()
        seen: Iterator[Kind] = (
            kind for X in units.iter_features(_UNITS_AT_ONCE) for kind in model.kinds(X.T)
        )
        kinds = [kind or seen_kind for kind, seen_kind in zip(marked, seen, strict=True)]
    _give_each_text_a_body(units, kinds)
    _leave_out_foreign(units, kinds)
    return kinds


def _give_each_text_a_body(units: Units, kinds: list[Kind]) -> None:
    """Take the lines of a text without body, such as a note, for body, but for boilerplate."""
    ended, interface = units.feature("ended"), units.feature("interface")
    for start, end in units.spans.pairs():
        if "body" in kinds[start:end]:
            continue
        for i in range(start, end):
            if kinds[i] == "heading" or ended[i] or not interface[i]:
                kinds[i] = "body"


def _leave_out_foreign(units: Units, kinds: list[Kind]) -> None:
    """Take paragraphs in another language for boilerplate, if their article is mostly French."""
    # The feature of French is doubled.
    apart = np.flatnonzero(units.feature("not_french") > units.feature("french") / 2).tolist()
    apart = [i for i in apart if kinds[i] == "body"]
    for start, end in units.spans.pairs() if apart else ():
        seeming = apart[bisect_left(apart, start) : bisect_left(apart, end)]
        if len(seeming) * 2 > kinds[start:end].count("body"):
            continue
        for i in seeming:
            if language_of(units.texts[i]) not in ("fr", UNDETERMINED):
                kinds[i] = "boilerplate"
