"""Fits, calibrates, evaluates and tracks models; needs the extra `train`."""

from enum import StrEnum

MOST_SEED = 2**32 - 1  # the largest that scikit-learn takes
DEFAULT_BASE = "almanach/camembert-base"  # fine-tuned by the `camembert` backend


class Backend(StrEnum):
    """The kind of model: linear on words and characters, or a fine-tuned encoder."""

    tfidf = "tfidf"
    camembert = "camembert"


class Split(StrEnum):
    """What paragraphs of one fold share: see `train.splits`."""

    article = "article"
    source = "source"
    date = "date"
    random = "random"
