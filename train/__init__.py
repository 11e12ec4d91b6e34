"""Fits, calibrates, evaluates and tracks models; needs the extra `train`."""

from collections.abc import Callable
from enum import StrEnum

Progress = Callable[[str], None]  # is called with one line for the user at each step

MOST_SEED = 2**32 - 1  # that scikit-learn takes
DEFAULT_BASE = "almanach/camembert-base"  # that the `camembert` backend fine-tunes


class Backend(StrEnum):
    """The kind of model: linear on words and characters, or a fine-tuned encoder."""

    tfidf = "tfidf"
    camembert = "camembert"


class Split(StrEnum):
    """What keeps paragraphs together in one fold: see `splits.split_folds`."""

    article = "article"
    source = "source"
    date = "date"
    random = "random"
