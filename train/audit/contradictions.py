"""Labels that contradict a near-duplicate, or a keyword of the schema that is as good as a rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from depeche.labels.schema import Dimension
from depeche.model.scoring.spelling import words
from depeche.train.evaluation.baselines import keyword_hits

# A keyword is a clue. It is as good as a rule if at least ten other paragraphs hold it, and nine in
# ten of these have its label.
_RULE_SHARE = 0.9
_RULE_FEWEST = 10

_Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class KeywordRule:
    """A keyword of a label, and how many of the other paragraphs that hold it have the label."""

    keyword: str
    n_labelled: int
    n_others: int

    @property
    def share(self) -> float:
        """Share of the other paragraphs with the keyword that have the label."""
        return self.n_labelled / self.n_others


def differing_twins(answers: _Ints, pairs: tuple[_Ints, _Ints]) -> Iterator[tuple[int, int, int]]:
    """Yield the rows of two near-duplicates and the column of an answer in which they differ.

    Parameters
    ----------
    answers
        (n_samples, n_cells), with the cells of `doubts.Doubts`.
    pairs
        The result of `splits.near_duplicates`.
    """
    for a, b in zip(*pairs, strict=True):
        for cell in np.flatnonzero(answers[a] != answers[b]):
            yield int(a), int(b), int(cell)


def broken_rules(
    dimension: Dimension, Y: _Ints, texts: Sequence[str]
) -> dict[tuple[int, int], KeywordRule]:
    """Return the keyword rules that paragraphs break, by row and column of the label.

    A paragraph breaks a rule if it holds the keyword and lacks the label; if it breaks several, the
    rule that holds most often elsewhere is returned. A label without any of its keywords breaks
    nothing, because keywords are not meant to be complete.

    Parameters
    ----------
    Y
        (n_samples, n_labels) of the dimension.
    """
    folded = [" ".join(words(text)) for text in texts]
    broken: dict[tuple[int, int], KeywordRule] = {}
    for j, label in enumerate(dimension.labels):
        for keyword in label.keywords:
            has_keyword = keyword_hits(folded, [keyword]) > 0
            lacking = np.flatnonzero(has_keyword & (Y[:, j] == 0))
            n_others = int(has_keyword.sum()) - 1
            n_labelled = n_others + 1 - len(lacking)
            if n_others < _RULE_FEWEST or n_labelled < _RULE_SHARE * n_others:
                continue
            rule = KeywordRule(keyword=keyword, n_labelled=n_labelled, n_others=n_others)
            for i in lacking.tolist():
                known = broken.get((i, j))
                if known is None or known.share < rule.share:
                    broken[i, j] = rule
    return broken
