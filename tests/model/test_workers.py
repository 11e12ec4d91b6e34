"""Workers of `classify tag` that die: what becomes of the batch, and that none is left."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from multiprocessing import active_children
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from made_batches import text

from depeche.labels.errors import BatchError
from depeche.model.artifact import load_artifact
from depeche.model.batch import engine
from depeche.model.batch.engine import Job, iter_tagged
from depeche.model.batch.outcomes import Tagged
from depeche.model.cores import at_most_jobs, count_cores
from depeche.model.deciding.decisions import Rule
from depeche.model.inputs.documents import Document
from depeche.model.reading.article import Article
from depeche.model.tagging import SHIPPED, Model

DEADLY = "Ce texte met fin à son processus"


class DeadlyModel(Model):
    """Ends its process over one text, as a fault in native code does."""

    def records(
        self, articles: Sequence[Article], *, explain: bool = False
    ) -> list[dict[str, Any]]:
        if any(DEADLY in p.text for article in articles for p in article.paragraphs):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().records(articles, explain=explain)


class DeadlyJob(Job):
    def load(self) -> Model:
        return DeadlyModel(load_artifact(self.folder), self.rule, self.prevalence)


class StillbornJob(Job):
    def load(self) -> Model:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


def job_of(kind: type[Job]) -> Job:
    return kind(folder=SHIPPED, rule=Rule(), prevalence=None, explain=False)


def document(n: int, *, deadly: bool = False) -> Document:
    words = f"{DEADLY}, dit le ministre. {text(n)}" if deadly else text(n)
    return Document(id=f"{n}", where=f"in/{n}.txt", data=words.encode())


def tagged(documents: list[Document], job: Job, n_jobs: int) -> list[Tagged]:
    return [x for chunk in iter_tagged(documents, job, n_jobs) for x in chunk]


@pytest.fixture
def others() -> set[BaseProcess]:
    """Return the processes that other tests left to their module."""
    return set(active_children())


def test_document_that_ends_its_worker_fails_alone(
    others: set[BaseProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_MOST_DOCUMENTS", 3)
    plain = [document(n) for n in range(14)]
    expected = tagged(plain, job_of(Job), 1)
    deadly = {4, 13}
    outcomes = tagged([document(n, deadly=n in deadly) for n in range(14)], job_of(DeadlyJob), 2)
    assert [x.entry.id for x in outcomes] == [d.id for d in plain]
    for n, (one, other) in enumerate(zip(outcomes, expected, strict=True)):
        if n in deadly:
            assert "ended the process that read it" in one.entry.reason
            assert (one.entry.where, one.line) == (f"in/{n}.txt", b"")
        else:
            assert one == other
    assert set(active_children()) <= others


def test_each_deadly_document_costs_as_much_as_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    start_workers = engine._start_workers

    def start(*args: Any) -> Any:
        started.append(args)
        return start_workers(*args)

    monkeypatch.setattr(engine, "_start_workers", start)
    for n in (1, 2):
        started.clear()
        outcomes = tagged([document(i, deadly=True) for i in range(n)], job_of(DeadlyJob), 2)
        assert all(x.entry.reason for x in outcomes)
        assert len(started) == n + 1  # those for all, then one for each


def test_workers_that_cannot_start_end_the_batch(others: set[BaseProcess]) -> None:
    with pytest.raises(BatchError, match="no worker process can start"):
        tagged([document(0)], job_of(StillbornJob), 2)
    assert set(active_children()) <= others


def test_workers_of_a_folder_that_is_gone_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(text(0))
    code = (
        "import os, sys; from classify import main; os.mkdir('gone'); os.chdir('gone'); "
        "os.rmdir('../gone'); sys.argv[1:] = ['tag', *sys.argv[1:]]; main()"
    )
    inputs = [str(tmp_path / "a.txt"), str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-c", code, *inputs, "--jobs", "2", "--format", "jsonl"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("classify: no worker process can start: No such file or")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("n_taken", [1, 99])
def test_no_worker_is_left_when_the_last_is_tagged_or_wanted(
    n_taken: int, others: set[BaseProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_MOST_DOCUMENTS", 1)
    chunks = iter_tagged([document(n) for n in range(12)], job_of(Job), 2)
    for _ in zip(chunks, range(n_taken), strict=False):
        pass
    chunks.close()  # type: ignore[attr-defined]
    assert set(active_children()) <= others


def test_no_more_processes_are_started_than_cores_can_use() -> None:
    assert at_most_jobs(1) == 1
    assert at_most_jobs(10**20) == 4 * count_cores() == at_most_jobs(10**20, count_cores())
    outcomes = tagged([document(0)], job_of(Job), 10**20)
    assert outcomes == tagged([document(0)], job_of(Job), 1)
