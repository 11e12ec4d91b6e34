"""The registry of backends: from the files of an artifact to its scorer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from depeche.labels.schema import Schema
from depeche.model.scoring.scorer import Scorer

Files = Mapping[str, bytes]


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
