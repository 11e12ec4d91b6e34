"""What the app labels and whom it asks: items, suggestions, and the protocol of a queue."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from depeche.labels.paragraphs import LabelledParagraph, Labels, Span

_ACCENTS = re.compile(r"[\u0300-\u036f]")
_WORDS = re.compile(r"\w+")


@dataclass(frozen=True, kw_only=True)
class Item:
    """A paragraph of the pool, with its neighbours in the article.

    `id` is the record's; `before` and `after` are empty at the ends of the article; `number` of
    `n_paragraphs` is its place in it, from 1. `span` is set where the text is not ours to write.
    `votes` are the labels that annotators gave, where one is to settle them.
    """

    id: str
    article: str
    text: str
    before: str = ""
    after: str = ""
    number: int = 1
    n_paragraphs: int = 1
    source: str | None = None
    date: str | None = None
    span: Span | None = None
    votes: Mapping[str, Labels] = field(default_factory=dict)

    @cached_property
    def folded(self) -> str:
        """The text as it is searched and compared."""
        return folded(self.text)


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """What a model says of a paragraph.

    `labels` maps each dimension's id to the labels it gives, `scores` to the calibrated probability
    of each label.
    """

    labels: Mapping[str, tuple[str, ...]]
    scores: Mapping[str, Mapping[str, float]]


class Queue(Protocol):
    """Says which paragraph comes next. Called from the app's thread: each call takes milliseconds.

    A queue that trains does so in a thread or process of its own, and answers with what it has.
    """

    def next(self) -> Item | None:
        """Return the paragraph to label next, None when all are.

        The same one until it is told of, or skipped. At first, told of nothing but what was given
        when the queue was made.
        """

    def why(self, item: Item) -> str | None:
        """Return in a word or two why the paragraph comes now, to show; None for no reason."""

    def suggest(self, item: Item) -> Suggestion | None:
        """Return what the model says of any paragraph of the pool; None when there is none."""

    def tell(self, item: Item, decision: LabelledParagraph | None) -> None:
        """Learn a decision that is on disk: new, corrected, or (None) taken back.

        Of any paragraph of the pool, not only of the one that comes next.
        """

    def skip(self, item: Item) -> None:
        """Put a paragraph off: it comes again after the others."""


def folded(text: str) -> str:
    """Return the words of a text, without case, accents and punctuation.

    >>> folded("L’Élysée, dit-on :")
    'l elysee dit on'
    """
    lower = text.casefold().replace("œ", "oe").replace("æ", "ae")
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", lower))
    return " ".join(_WORDS.findall(plain))
