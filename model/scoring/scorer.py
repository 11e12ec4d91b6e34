"""The scorer: the one part of a model that differs between backends.

It gives logits and says what moved them; calibration, decisions, records and all commands are the
same for every backend.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Contributions:
    """What spans of texts add to the logits.

    `text[start:end]` of text `row` is where a span stands, (n_spans,) each; rows rise. `values` are
    (n_spans, n_labels).
    """

    row: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    values: NDArray[np.float64]


class Scorer(Protocol):
    """A backend at work."""

    def logits(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the scores before calibration, (n_samples, n_labels), of each text by itself."""

    def contributions(self, texts: Sequence[str], wanted: NDArray[np.bool_]) -> Contributions:
        """Return what words of the texts add to the logits.

        `wanted`, (n_texts, n_labels), are the labels to explain. Words that move none of them may
        be left out where they are costly.
        """

    def files(self) -> dict[str, bytes]:
        """Return the files, by name, from which `backends.load_scorer` makes it again."""
