"""Documents in, lines of records out: in one process or several, in order, in constant memory."""

from __future__ import annotations

import gc
import signal
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from depeche.labels.errors import BatchError, InputError
from depeche.labels.system.processes import end_with_parent, starting
from depeche.model.artifact import load_artifact
from depeche.model.batch.outcomes import Tagged, failed_document, tagged_document
from depeche.model.cores import at_most_jobs
from depeche.model.deciding.decisions import Rule
from depeche.model.inputs.documents import Document
from depeche.model.reading.article import Article
from depeche.model.reading.reader import RawArticle, parse_articles
from depeche.model.tagging import Model

_MOST_DOCUMENTS, _MOST_BYTES = 128, 500_000  # of a chunk: what a worker takes at once
_WAITING = 2  # chunks a worker, besides the one that it works on
# Objects made and not freed before Python looks for cycles among them. A chunk makes 10,000 and no
# cycle; to look at each 700, as is usual, takes a tenth of the time.
_RARELY = 50_000
_Waiting = deque[tuple[list[Document | Tagged], Future[list[Tagged]]]]
_ENDED = "ended the process that read it: what it holds is broken, or needs too much memory"


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is asked of a model; another process can load the model by it."""

    folder: Path
    rule: Rule
    prevalence: NDArray[np.float64] | None
    explain: bool

    def load(self) -> Model:
        """Return the model."""
        return Model(load_artifact(self.folder), self.rule, self.prevalence)


def read_documents(documents: Sequence[Document]) -> list[Article | InputError]:
    """Return the article of each document, with what its table says about it."""
    articles = parse_articles([RawArticle(d.data, d.id, d.form, d.sha256) for d in documents])
    return [
        article if isinstance(article, InputError) else _with_table(article, document)
        for article, document in zip(articles, documents, strict=True)
    ]


def _with_table(article: Article, document: Document) -> Article:
    """Return an article with what its table says about it, if it says anything."""
    if document.title is document.date is document.source is None:
        return article
    return replace(
        article,
        title=document.title or article.title,
        date=document.date or article.date,
        source=document.source,
    )


def tag_documents(model: Model, documents: Sequence[Document], *, explain: bool) -> list[Tagged]:
    """Return the record of each document as a line, or why there is none."""
    articles = read_documents(documents)
    readable = [article for article in articles if isinstance(article, Article)]
    records = iter(model.records(readable, explain=explain))
    return [
        failed_document(document, str(article).removeprefix(f"{document.id}: "))
        if isinstance(article, InputError)
        else tagged_document(document, next(records), model.schema, article.warnings)
        for document, article in zip(documents, articles, strict=True)
    ]


def iter_tagged(
    items: Iterable[Document | Tagged], job: Job, n_jobs: int, model: Model | None = None
) -> Iterator[list[Tagged]]:
    """Yield what becomes of inputs, in order, some at a time; those tagged before pass through.

    Parameters
    ----------
    model
        The job's, where it is loaded already and one process is enough.

    Raises
    ------
    BatchError
        When no worker process can start.
    """
    with _cycles_left():
        if n_jobs == 1:
            model = model or job.load()
            for chunk in _iter_chunks(items):
                yield _merge(chunk, tag_documents(model, _documents(chunk), explain=job.explain))
        else:
            yield from _iter_tagged_by_workers(items, job, n_jobs)


def _iter_tagged_by_workers(
    items: Iterable[Document | Tagged], job: Job, n_jobs: int
) -> Iterator[list[Tagged]]:
    n_jobs = at_most_jobs(n_jobs)
    waiting: _Waiting = deque()
    with closing(_Workers(job, n_jobs)) as workers:
        for chunk in _iter_chunks(items):
            waiting.append((chunk, workers.submit(_documents(chunk))))
            if len(waiting) > n_jobs * _WAITING:
                yield _oldest(waiting, workers)
        while waiting:
            yield _oldest(waiting, workers)


def _oldest(waiting: _Waiting, workers: _Workers) -> list[Tagged]:
    """Return the chunk that waits longest, once it is tagged."""
    chunk, tagged = waiting.popleft()
    return _merge(chunk, workers.result(_documents(chunk), tagged))


class _Workers:
    """Processes that hold the model, replaced when they die.

    When one dies, all that they were at work on is tagged again, one document at a time, so that
    the document that ends its process is known and costs no other.
    """

    def __init__(self, job: Job, n_jobs: int) -> None:
        self._job = job
        self._n_jobs = n_jobs
        self._many = _start_workers(job, n_jobs)
        self._single: ProcessPoolExecutor | None = None

    def submit(self, documents: list[Document]) -> Future[list[Tagged]]:
        """Have documents tagged; a process is started where none is free."""
        try:
            return _submit(self._many, documents)
        except BrokenProcessPool:
            self._many.shutdown()
            self._many = _start_workers(self._job, self._n_jobs)
            return _submit(self._many, documents)

    def result(self, documents: list[Document], tagged: Future[list[Tagged]]) -> list[Tagged]:
        """Return what became of documents that were submitted."""
        try:
            return tagged.result()
        except BrokenProcessPool:
            return [self._tag_alone(document) for document in documents]

    def _tag_alone(self, document: Document) -> Tagged:
        if self._single is None:
            self._single = _start_workers(self._job, 1)
            self._check_start(self._single)
        try:
            return _submit(self._single, [document]).result()[0]
        except BrokenProcessPool:
            self._single.shutdown()
            self._single = None
            return failed_document(document, _ENDED)

    def _check_start(self, workers: ProcessPoolExecutor) -> None:
        try:
            _submit(workers, []).result()
        except BrokenProcessPool as err:
            raise _not_started("perhaps for want of memory") from err

    def close(self) -> None:
        """End the processes, once they are done with what they are at work on."""
        for workers in filter(None, (self._many, self._single)):
            workers.shutdown(cancel_futures=True)


def _start_workers(job: Job, n_jobs: int) -> ProcessPoolExecutor:
    """Return workers, of which each starts with the first work that no other is free for."""
    # Started anew everywhere alike: a copy of a process with threads can hang.
    with starting():
        return ProcessPoolExecutor(n_jobs, get_context("spawn"), _start_worker, (job,))


def _submit(workers: ProcessPoolExecutor, documents: list[Document]) -> Future[list[Tagged]]:
    """Have documents tagged by one of some workers, which may be started for it."""
    try:
        with starting():
            return workers.submit(_work, documents)
    except OSError as err:  # too many processes, no memory, a current folder that is gone
        raise _not_started(str(err.strerror)) from err


def _not_started(why: str) -> BatchError:
    return BatchError(
        f"no worker process can start: {why}: the same command goes on where it stopped; "
        "--jobs 1 starts none"
    )


def _iter_chunks(
    items: Iterable[Document | Tagged],
) -> Iterator[list[Document | Tagged]]:
    """Yield items in lists of about as much work."""
    chunk: list[Document | Tagged] = []
    size = 0
    for item in items:
        chunk.append(item)
        size += len(item.data) if isinstance(item, Document) else len(item.line)
        if len(chunk) == _MOST_DOCUMENTS or size >= _MOST_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _documents(chunk: Sequence[Document | Tagged]) -> list[Document]:
    return [item for item in chunk if isinstance(item, Document)]


def _merge(chunk: Sequence[Document | Tagged], tagged: Sequence[Tagged]) -> list[Tagged]:
    """Return a chunk with its documents tagged, in its order."""
    new = iter(tagged)
    return [next(new) if isinstance(item, Document) else item for item in chunk]


_worker: tuple[Model, Job] | None = None  # of a worker process, set as it starts


@contextmanager
def _cycles_left() -> Iterator[None]:
    """Have Python look for cycles `_RARELY`."""
    usual = gc.get_threshold()
    gc.set_threshold(_RARELY, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _start_worker(job: Job) -> None:
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where it could not be held back
    end_with_parent()
    gc.set_threshold(_RARELY)
    _worker = job.load(), job


def _work(documents: Sequence[Document]) -> list[Tagged]:
    if _worker is None:
        raise RuntimeError("a worker that was not started")
    model, job = _worker
    return tag_documents(model, documents, explain=job.explain)
