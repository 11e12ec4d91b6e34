"""The pool: the paragraphs of any inputs or of a labels file, each text once."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice
from pathlib import Path

from depeche.labels.agreement.disputes import read_disputes
from depeche.labels.agreement.votes import read_votes
from depeche.labels.labelling.queue import Item, folded
from depeche.labels.orangesum import hydrate
from depeche.labels.paragraphs import LabelledParagraph
from depeche.labels.records import read_labels
from depeche.labels.schema import Schema
from depeche.model.batch.engine import read_documents
from depeche.model.inputs.documents import Document, Failure
from depeche.model.inputs.finding import MOST_NAMED
from depeche.model.inputs.inputs import Inputs
from depeche.model.reading.article import Article

_OPENING = re.compile(r"\w+\W+\w+\W+\w+")
_OPENING_AT_MOST = 200  # characters
_AT_ONCE = 128  # documents
_ID_DIGITS = 12  # of a text's SHA-256: two of a million texts share them once in 560 pools


@dataclass(kw_only=True)
class Pool:
    """Paragraphs by id, in the order of the inputs, and the inputs that could not be read.

    A text that the labels file has under another id keeps that id. `failures` are the first of
    `n_failed`; `n_repeated` counts the texts that were left out because they came before.
    """

    known: Mapping[str, LabelledParagraph]
    items: dict[str, Item] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    n_failed: int = 0
    n_repeated: int = 0
    n_without_text: int = 0

    def __post_init__(self) -> None:
        self._texts: set[str] = set()
        self._alike: dict[str, list[LabelledParagraph]] = {}  # known records by opening
        for record in self.known.values():
            self._alike.setdefault(_opening(record.text), []).append(record)

    def add(self, item: Item) -> None:
        """Add a paragraph unless it has no words or the pool has them already."""
        if item.folded in self._texts:
            self.n_repeated += 1
        elif item.folded:
            self._texts.add(item.folded)
            self.items[item.id] = item

    def fail(self, failure: Failure) -> None:
        """Count an input that could not be read, and keep it if it is among the first."""
        self.n_failed += 1
        if len(self.failures) < MOST_NAMED:
            self.failures.append(failure)

    def id_of(self, article: str, text: str) -> str:
        """Return the id of a text: that in the labels file, else one of the article and the words.

        The words identify a text and not its position, which changes when the reader finds one
        paragraph more.
        """
        words = folded(text)
        digest = hashlib.sha256(words.encode()).hexdigest()
        alike = self._alike.get(_opening(text), ())
        known = next((record.id for record in alike if folded(record.text) == words), None)
        return known or f"{article}:{digest[:_ID_DIGITS]}"


def read_pool(
    inputs: Inputs,
    known: Mapping[str, LabelledParagraph],
    *,
    source: str,
    report: Callable[[int], None] = lambda _: None,
) -> Pool:
    """Return the body paragraphs of inputs.

    Parameters
    ----------
    known
        Records of the labels file, by id.
    source
        Source of the articles that name none.
    report
        Called now and then with the number of paragraphs so far.
    """
    pool = Pool(known=known)
    waiting = iter(inputs)
    while batch := list(islice(waiting, _AT_ONCE)):
        documents = [entry for entry in batch if isinstance(entry, Document)]
        for entry in batch:
            if isinstance(entry, Failure):
                pool.fail(entry)
        for document, article in zip(documents, read_documents(documents), strict=True):
            if isinstance(article, Article):
                for item in _items(article, pool, source):
                    pool.add(item)
            else:
                reason = str(article).removeprefix(f"{document.id}: ")
                pool.fail(Failure(where=document.where, reason=reason))
        report(len(pool.items))
    return pool


def read_labelled_pool(
    path: Path, known: Mapping[str, LabelledParagraph], schema: Schema, orangesum: Path | None
) -> tuple[Pool, set[str]]:
    """Return the body paragraphs of a labels file in its order, and its annotators.

    The items lack the labels; their neighbours are those in the file.
    """
    records = read_labels(path, schema)
    hydrated = hydrate(records, orangesum) if orangesum else [r for r in records if r.text]
    pool = Pool(known=known, n_without_text=len(records) - len(hydrated))
    pool.items = _labelled_items(hydrated)
    return pool, {record.annotator for record in records if record.annotator}


def read_disputed_pool(
    paths: Sequence[Path],
    known: Mapping[str, LabelledParagraph],
    schema: Schema,
    orangesum: Path | None,
) -> Pool:
    """Return the paragraphs in dispute with their votes, the widest disagreement first.

    Parameters
    ----------
    paths
        The files of annotators, or one file of disputes, which has no neighbouring paragraphs.
    """
    if len(paths) > 1:
        votes = read_votes(paths, schema, orangesum=orangesum)
        disputes, neighbours = votes.disputes, list(votes.paragraphs)
    else:
        disputes, neighbours = read_disputes(paths[0], schema), []
    pool = Pool(known=known, n_without_text=sum(not p.text for p in disputes))
    between = _labelled_items([p for p in neighbours if p.text])
    for paragraph in disputes:
        if paragraph.text:
            (alone,) = _labelled_items([paragraph]).values()
            item = between.get(paragraph.id, alone)
            pool.items[paragraph.id] = replace(item, votes=paragraph.votes)
    return pool


def _labelled_items(records: Sequence[LabelledParagraph]) -> dict[str, Item]:
    """Return the body paragraphs among labelled ones, by id and in order."""
    articles: dict[str, list[str]] = {}
    for record in records:
        articles.setdefault(record.article, []).append(record.text)
    seen: Counter[str] = Counter()
    items = {}
    for record in records:
        texts, i = articles[record.article], seen[record.article]
        seen[record.article] += 1
        if record.kind == "body":
            items[record.id] = Item(
                id=record.id,
                article=record.article,
                text=record.text,
                before=texts[i - 1] if i else "",
                after="".join(texts[i + 1 : i + 2]),
                number=i + 1,
                n_paragraphs=len(texts),
                source=record.source,
                date=record.date,
                span=record.span,
            )
    return items


def _items(article: Article, pool: Pool, source: str) -> Iterator[Item]:
    """Yield the body paragraphs of an article."""
    texts = [passage.flowed for passage in article.paragraphs]
    for i, text in enumerate(texts):
        yield Item(
            id=pool.id_of(article.id, text),
            article=article.id,
            text=text,
            before=texts[i - 1] if i else "",
            after="".join(texts[i + 1 : i + 2]),
            number=i + 1,
            n_paragraphs=len(texts),
            source=article.source or article.site or source,
            date=_day(article.date),
        )


def _opening(text: str) -> str:
    """Return the first three words, folded; to fold ten thousand entire texts takes 0.5 s."""
    match = _OPENING.search(unicodedata.normalize("NFC", text[:_OPENING_AT_MOST]))
    return folded(match.group()) if match else ""


def _day(text: str | None) -> str | None:
    """Return the day of a date, as labels files have it; None where it is not one."""
    try:
        return date.fromisoformat((text or "")[:10]).isoformat()
    except ValueError:
        return None
