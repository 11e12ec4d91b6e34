"""The settings of the TF-IDF backend: what a training depends on besides its data."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from depeche.labels.errors import SettingsError
from depeche.labels.system.places import put_in_place
from depeche.model.scoring.features import FeatureSettings
from depeche.train import MOST_SEED, Split
from depeche.train.settings import Bounds, parse_numbers, parse_object, parse_split, read_json

_NUMBERS: Bounds = {
    "seed": (int, 0, MOST_SEED),
    "n_folds": (int, 2, 1000),
    "min_df": (int, 1, 10_000),
    "penalty_c": (float, 1e-6, 1e6),
    "naive_bayes_c": (float, 1e-6, 1e6),
    "naive_bayes_share": (float, 0, 1),
    "vector_dims": (int, 0, 128),
}
_FEATURE_NUMBERS: Bounds = {
    "table_bits": (int, 8, 24),
    "char_min": (int, 1, 32),
    "char_max": (int, 1, 32),
}


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """Settings of the `tfidf` backend.

    Parameters
    ----------
    seed
        Governs the folds and the solver: the same data, settings and seed give the same bytes.
    n_folds
        Folds that give the out-of-fold scores.
    split
        What the folds keep together: see `splits.split_folds`.
    min_df
        Columns that fewer training paragraphs use are dropped.
    penalty_c
        Inverse strength of the L2 penalty of the regression on the plain features.
    naive_bayes_c
        The same for the regression on the features scaled by their naive-Bayes log-count ratio.
    naive_bayes_share
        Share of the second regression in the mean of the two, in [0, 1].
    vector_dims
        Dimensions of the word vectors, which the first regression has besides; 0 for none.
    """

    seed: int = 0
    n_folds: int = 5
    split: Split = Split.article
    min_df: int = 2
    penalty_c: float = 3.0
    naive_bayes_c: float = 2.0
    naive_bayes_share: float = 0.5
    vector_dims: int = 64
    features: FeatureSettings = field(default_factory=FeatureSettings)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as JSON-ready data."""
        return asdict(self)

    @property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of the settings."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()


def read_settings(path: Path) -> TrainSettings:
    """Return the settings that a JSON file holds, as `TrainSettings.to_dict` writes them.

    Raises
    ------
    SettingsError
        When the file cannot be read, is not JSON, or does not hold settings.
    """
    return parse_settings(read_json(path), where=str(path))


def write_settings(settings: TrainSettings, path: Path) -> None:
    """Write settings as JSON, as `read_settings` reads them; whole or not at all.

    Raises
    ------
    SettingsError
        When they cannot be written.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)  # a link is not followed
        temporary.write_text(
            json.dumps(settings.to_dict(), indent=2) + "\n", encoding="utf-8", newline="\n"
        )
        put_in_place(temporary, path)
    except OSError as err:
        raise SettingsError(f"{path}: cannot be written: {err.strerror}") from err
    finally:
        temporary.unlink(missing_ok=True)


def parse_settings(data: object, *, where: str) -> TrainSettings:
    """Return the settings that JSON data holds; what it leaves out has its default.

    Raises
    ------
    SettingsError
        On an unknown key, a value of another type or beyond its bounds.
    """
    values = parse_object(data, {*_NUMBERS, "split", "features"}, where=where)
    feature_values = parse_object(values.pop("features", {}), set(_FEATURE_NUMBERS), where=where)
    split = parse_split(values.pop("split", Split.article), where=where)
    numbers = parse_numbers(values, _NUMBERS, where=where)
    features = FeatureSettings(**parse_numbers(feature_values, _FEATURE_NUMBERS, where=where))
    if features.char_min > features.char_max:
        raise SettingsError(
            f"{where}: char_min is {features.char_min}, above char_max, which is "
            f"{features.char_max}; give char_min at most char_max"
        )
    return TrainSettings(**numbers, split=split, features=features)
