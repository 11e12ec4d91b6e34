"""What a training depends on besides its data."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from model.features import FeatureSettings
from train import Split


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
        What the folds keep together: see `train.splits.split_folds`.
    min_df
        Columns that fewer training paragraphs use are dropped.
    penalty_c
        Inverse strength of the L2 penalty of the regression on the plain features.
    naive_bayes_c
        The same for the regression on the features scaled by their naive-Bayes log-count ratio.
    naive_bayes_share
        Share of the second regression in the mean of the two, in [0, 1].
    """

    seed: int = 0
    n_folds: int = 5
    split: Split = Split.article
    min_df: int = 2
    penalty_c: float = 10.0
    naive_bayes_c: float = 1.0
    naive_bayes_share: float = 0.5
    features: FeatureSettings = field(default_factory=FeatureSettings)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as JSON-ready data."""
        return asdict(self)

    @property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of the settings."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()
