"""What scores texts: the one part of a model that differs between backends.

A scorer gives logits and says what moved them; calibration, decisions, records and all commands are
the same for every backend.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from depeche.labels.schema import Schema

Files = Mapping[str, bytes]


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
        """Return the scores before calibration, (n_samples, n_labels), each text's by itself."""

    def contributions(self, texts: Sequence[str], wanted: NDArray[np.bool_]) -> Contributions:
        """Return what words of the texts add to the logits.

        `wanted`, (n_texts, n_labels), are the labels to explain: what moves no such label of its
        text may be left out where it is costly.
        """

    def files(self) -> dict[str, bytes]:
        """Return the files, by name, from which `load_scorer` makes it again."""


def load_scorer(backend: str, files: Files, settings: Mapping[str, Any], schema: Schema) -> Scorer:
    """Return the scorer of an artifact's files.

    Parameters
    ----------
    settings
        What the model was trained with.

    Raises
    ------
    KeyError, TypeError, ValueError
        When the files or the settings are not those of a scorer of this backend and schema.
    MissingExtraError
        When a library that the backend needs is not installed.
    """
    if backend not in BACKENDS:
        raise ValueError(f"backend {backend!r}; this version knows {', '.join(BACKENDS)}")
    return BACKENDS[backend](files, settings, schema)


def _load_tfidf(files: Files, settings: Mapping[str, Any], schema: Schema) -> Scorer:
    from depeche.model.scoring.linear import load_linear

    return load_linear(files, settings, schema)


def _load_camembert(files: Files, settings: Mapping[str, Any], schema: Schema) -> Scorer:
    from depeche.model.scoring.encoder import load_encoder

    return load_encoder(files, settings, schema)


# By name, so that a model's libraries are imported when such a model is loaded.
BACKENDS: dict[str, Callable[[Files, Mapping[str, Any], Schema], Scorer]] = {
    "tfidf": _load_tfidf,
    "camembert": _load_camembert,
}
