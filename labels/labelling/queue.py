"""Items to label, suggestions, and the protocol of the queue that the app asks for them."""

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

    `id` is the id of its record. `before` and `after` are empty at the ends of the article.
    `number` is its place among the `n_paragraphs` of the article, from 1. `span` is set where the
    text is not ours to write. `votes` are the labels that annotators gave, where they are to be
    settled.
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
        """The text in the form in which texts are searched and compared."""
        return folded(self.text)


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """The answer of a model on a paragraph.

    `labels` maps the id of each dimension to the labels given, `scores` to the calibrated
    probability of each label.
    """

    labels: Mapping[str, tuple[str, ...]]
    scores: Mapping[str, Mapping[str, float]]


class Queue(Protocol):
    """Says which paragraph comes next.

    The app calls it from its thread, so each call may take milliseconds only: a queue that trains
    does so in another thread or process, and answers with what it has so far.
    """

    def next(self) -> Item | None:
        """Return the paragraph to label next, None when all are labelled.

        It is the same one until `tell` or `skip` is called with it. At first, the queue knows only
        what it was made with.
        """

    def why(self, item: Item) -> str | None:
        """Return in a word or two why the paragraph comes now; None where there is no reason."""

    def suggest(self, item: Item) -> Suggestion | None:
        """Return the model's answer on any paragraph of the pool; None without a model."""

    def tell(self, item: Item, decision: LabelledParagraph | None) -> None:
        """Learn a decision that is on the disk: new, corrected, or (None) taken back.

        It may be about any paragraph of the pool, not only about the one that comes next.
        """

    def skip(self, item: Item) -> None:
        """Put a paragraph off until after the others."""


def folded(text: str) -> str:
    """Return the words of a text in lower case, without accents and punctuation.

    >>> folded("L’Élysée, dit-on :")
    'l elysee dit on'
    """
    lower = text.casefold().replace("œ", "oe").replace("æ", "ae")
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", lower))
    return " ".join(_WORDS.findall(plain))
