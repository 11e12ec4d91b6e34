"""The settings of fine-tuning: what it depends on besides its data and its base model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from depeche.train import MOST_SEED, Split
from depeche.train.settings import Bounds, parse_numbers, parse_object, parse_split

_NUMBERS: Bounds = {
    "seed": (int, 0, MOST_SEED),
    "n_folds": (int, 1, 100),
    "epochs": (int, 1, 1000),
    "patience": (int, 1, 1000),
    "batch_size": (int, 1, 4096),
    "accumulate": (int, 1, 4096),
    "learning_rate": (float, 1e-8, 1),
    "layer_decay": (float, 0.1, 1),
    "warmup": (float, 0, 1),
    "weight_decay": (float, 0, 1),
    "class_weight": (float, 0, 1),
    "max_length": (int, 8, 8192),
    "overlap": (float, 0, 0.5),
}


@dataclass(frozen=True, kw_only=True)
class EncoderSettings:
    """Settings of the `camembert` backend.

    Parameters
    ----------
    seed
        Governs the folds, the new head, the order of paragraphs and dropout.
    n_folds
        1: one fifth is held out, and the model fitted on the rest is the final one. More: each fold
        is scored by a model fitted without it, and the final model is fitted on everything.
    split
        What the folds keep together: see `splits.split_folds`.
    epochs
        Highest number of passes over the paragraphs.
    patience
        Number of passes without a better score, on the paragraphs set aside to validate, after
        which the fitting stops.
    batch_size, accumulate
        Number of windows that are run together, and of such batches that make a step.
    learning_rate, warmup
        The highest rate, and the share of the steps after which it is reached; it then falls to 0.
    layer_decay
        Ratio of the rate of each layer to that of the layer above it; 1 for the same rate in all
        (Howard and Ruder 2018, "Universal language model fine-tuning", 3.2).
    weight_decay
        Of all weights but biases and norms (Loshchilov and Hutter 2019).
    class_weight
        How much more the examples of rare labels weigh: from 0, no more than others, to 1, as much
        in all as the examples against the label.
    max_length, overlap
        Number of tokens of a window, and the share of them that the next window repeats: see
        `windows.Windower`.
    """

    seed: int = 0
    n_folds: int = 1
    split: Split = Split.article
    epochs: int = 6
    patience: int = 2
    batch_size: int = 16
    accumulate: int = 1
    learning_rate: float = 3e-5
    layer_decay: float = 1.0
    warmup: float = 0.1
    weight_decay: float = 0.01
    class_weight: float = 0.5
    max_length: int = 256
    overlap: float = 0.25

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as JSON-ready data."""
        return asdict(self)


def parse_encoder_settings(data: object, *, where: str) -> EncoderSettings:
    """Return the settings that JSON data holds; what it leaves out has its default.

    Raises
    ------
    SettingsError
        On an unknown key, a value of another type or beyond its bounds.
    """
    values = parse_object(data, {*_NUMBERS, "split"}, where=where)
    split = parse_split(values.pop("split", Split.article), where=where)
    return EncoderSettings(**parse_numbers(values, _NUMBERS, where=where), split=split)
