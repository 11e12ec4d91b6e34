"""Batches with Ray: the records of the local engine, in a folder that is nobody else's."""

from __future__ import annotations

import gzip
import json
import random
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import ROOT, SEEDS, SHARED, Classify, run_classify, write_rows

from depeche.model.cluster.session import cause_of
from depeche.model.cluster.sources import find_sources, iter_stretches
from depeche.model.cluster.stores import named
from depeche.model.inputs.columns import ColumnNames
from depeche.model.inputs.documents import Document, Failure
from depeche.model.inputs.inputs import Inputs

N_ARTICLES = 2_000
RAY = ("--engine", "ray", "--output")


def composed_articles(n: int) -> list[dict[str, object]]:
    """Return articles of paragraphs drawn from those that ship; some without an id, some broken."""
    lines = (ROOT / "labels" / "composed.jsonl").read_text().splitlines()
    texts = [row["text"] for row in map(json.loads, lines) if row.get("kind") != "heading"]
    rng = random.Random(0)
    articles: list[dict[str, object]] = []
    for i in range(n):
        article: dict[str, object] = {
            "title": rng.choice(texts)[:60],
            "date": f"2024-0{1 + i % 9}-11T08:00:00Z",
            "text": "\n\n".join(rng.sample(texts, rng.randint(1, 8))),
        }
        articles.append({"id": i, **article} if i % 3 else article)
    articles[1]["text"] = ""
    articles[2]["text"] = None
    return articles


def press_articles(n: int) -> list[dict[str, object]]:
    """Return articles of OrangeSum, where its texts lie beside the checkout, else none."""
    path = SHARED / "corpus" / "orangesum-articles.jsonl.gz"
    if not path.exists():
        return []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line, _ in zip(lines, range(n), strict=False)]


def lines_of(folder: Path, pattern: str) -> list[str]:
    return sorted(
        line for path in folder.glob(pattern) for line in path.read_text().splitlines(keepends=True)
    )


@pytest.mark.slow
def test_ray_gives_the_same_records_as_the_local_engine_on_2000_articles(tmp_path: Path) -> None:
    press = press_articles(N_ARTICLES // 2)
    crawl = tmp_path / "crawl"
    crawl.mkdir()
    write_rows(crawl / "a.jsonl", composed_articles(N_ARTICLES - len(press)))
    with (crawl / "a.jsonl").open("a") as file:
        file.write("{not JSON\n")
    if press:
        with gzip.open(crawl / "b.jsonl.gz", "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in press)
    (crawl / "page.html").write_bytes((SEEDS / "000_b367d460ec9ad0bd.txt").read_bytes())

    here = run_classify("tag", "crawl", "--output", "here.jsonl", "--jobs", 1, cwd=tmp_path)
    there = run_classify("tag", "crawl", *RAY, "there", "--jobs", 2, cwd=tmp_path)

    assert (here.returncode, there.returncode) == (3, 3), there.stderr
    assert there.stdout == ""
    records = lines_of(tmp_path, "here.jsonl")
    assert lines_of(tmp_path, "there/part-*.jsonl") == records
    failed = lines_of(tmp_path, ".depeche/here.jsonl/errors.jsonl")
    assert len(records) + len(failed) == N_ARTICLES + 2  # a broken line and a page
    assert lines_of(tmp_path, "there/_errors/part-*.jsonl") == failed
    lines = [line for line in here.stderr.splitlines() if "errors" not in line]
    assert lines[:-1] == [li for li in there.stderr.splitlines() if "_errors" not in li][:-1]
    counts = json.loads((tmp_path / "there" / "_SUCCESS").read_text())
    assert (counts["articles"], counts["failed"]) == (len(records), len(failed))
    assert counts["model"] == json.loads(records[0])["model"]["sha256"]


@pytest.mark.slow
def test_ray_writes_the_rows_of_paragraphs_that_the_local_engine_writes(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    write_rows(tmp_path / "a.jsonl", composed_articles(40))
    asked = ("--format", "parquet", "--paragraphs")
    address = (tmp_path / "there").as_uri()
    here = run_classify("tag", "a.jsonl", *asked, "--output", "here.parquet", cwd=tmp_path)
    there = run_classify("tag", "a.jsonl", *asked, *RAY, address, "--jobs", 1, cwd=tmp_path)
    assert (here.returncode, there.returncode) == (3, 3), there.stderr
    assert pq.read_table(tmp_path / "there").equals(pq.read_table(tmp_path / "here.parquet"))


@pytest.mark.parametrize(
    ("files", "asked", "reason"),
    [
        (("_SUCCESS", "part-000000-0000.jsonl"), (), "holds an output: give another name, or"),
        (("part-000000-0000.jsonl",), (), "holds an incomplete output: give another name, or"),
        (("thesis.docx",), ("--fresh",), "holds files that classify did not write (thesis.docx)"),
    ],
)
def test_output_that_is_there_is_refused(
    classify: Classify, tmp_path: Path, files: Sequence[str], asked: Sequence[str], reason: str
) -> None:
    (tmp_path / "tags").mkdir()
    for name in files:
        (tmp_path / "tags" / name).write_text("dear")
    done = classify("tag", SEEDS, *RAY, "tags", *asked)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"classify: tags: {reason}")
    assert done.stderr.count("\n") == 1
    assert [(tmp_path / "tags" / name).read_text() for name in files] == ["dear"] * len(files)


def test_output_that_is_a_file_or_among_the_inputs_is_refused(
    classify: Classify, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("Un texte.")
    done = classify("tag", "a.txt", *RAY, "a.txt")
    assert (done.returncode, done.stderr.startswith("classify: a.txt: is a file")) == (1, True)
    done = classify("tag", "a.txt", *RAY, ".")
    assert (done.returncode, done.stderr.startswith("classify: .: is among")) == (1, True)


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        ((SEEDS, "--engine", "ray"), "needs --output"),
        ((SEEDS, *RAY, "tags.csv"), "writes --format jsonl and parquet"),
        ((SEEDS, *RAY, "tags", "--paragraphs"), "--paragraphs is for --format"),
        ((SEEDS, *RAY, "tags", "--prevalence", "batch"), "estimate it on a sample"),
        ((SEEDS, "--address", "auto"), "--address is for --engine ray"),
    ],
)
def test_what_a_cluster_cannot_do_is_wrong_usage(
    classify: Classify, args: Sequence[object], reason: str
) -> None:
    done = classify("tag", *args, COLUMNS="200")
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr


def test_standard_input_is_refused(classify: Classify) -> None:
    done = classify("tag", "-", *RAY, "tags", stdin="Un texte.")
    assert done.returncode == 1
    assert done.stderr == "classify: -: a cluster reads files: save it as one\n"


def test_missing_ray_is_reported_with_the_command_that_brings_it(
    classify: Classify, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules.update(ray=None)\n")
    done = classify("tag", SEEDS, *RAY, "tags", PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("classify: this needs ray, which is not installed: pip install")
    assert "'depeche[ray]'" in done.stderr


def test_cluster_that_is_not_there_is_one_line(classify: Classify, tmp_path: Path) -> None:
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = classify("tag", SEEDS, *RAY, "tags", "--address", address)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"classify: no Ray cluster at {address}: ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "tags").exists()


@pytest.mark.parametrize("n_bytes", [1, 5_000, 10_000_000])
def test_stretches_hold_every_input_once_and_in_order(tmp_path: Path, n_bytes: int) -> None:
    write_rows(tmp_path / "a.jsonl", composed_articles(30))
    paths = [str(tmp_path), str(SEEDS), str(tmp_path / "absent.txt")]
    sources = find_sources(paths, files_from=None, include=(), exclude=())
    items: list[Document | Failure] = []
    names: list[str] = []
    for number, group in enumerate(sources.groups(n_bytes)):
        for stretch in iter_stretches(number, group, ColumnNames(), n_bytes):
            items += stretch.items
            names.append(stretch.name)
            sources.done_bytes += stretch.n_bytes
    assert items == list(Inputs(paths))
    assert names == sorted(set(names))
    assert sources.done_bytes == sources.total_bytes


def test_store_gives_the_documents_of_its_folder_under_their_address(tmp_path: Path) -> None:
    (tmp_path / "2024").mkdir()
    write_rows(tmp_path / "2024" / "a.jsonl", composed_articles(5))
    (tmp_path / "_SUCCESS").write_text("{}")
    (tmp_path / "photo.jpg").write_bytes(b"\xff")
    sources = find_sources([tmp_path.as_uri()], files_from=None, include=(), exclude=())
    (group,) = sources.groups(1)
    (stretch,) = iter_stretches(0, group, ColumnNames(), 10_000_000)
    local = list(Inputs([str(tmp_path)]))
    assert len(local) == 5
    assert list(map(repr, stretch.items)) == [
        repr(item).replace(str(tmp_path), tmp_path.as_uri()) for item in local
    ]
    assert sources.n_skipped == {"hidden": 1, "other ending": 1}


def test_address_that_names_nothing_is_a_failure_that_keeps_its_secrets(tmp_path: Path) -> None:
    uri = f"{(tmp_path / 'absent').as_uri()}?key=secret"
    for address in (uri, "nostore://user:secret@host/a"):
        sources = find_sources([address], files_from=None, include=(), exclude=())
        (failure,) = sources.files
        assert isinstance(failure, Failure)
        assert failure.where == named(address)
        assert "secret" not in failure.where + failure.reason


def test_cause_is_the_first_error_of_rays_tracebacks() -> None:
    traces = (
        "ray::Map()\n  File x, line 1\nValueError: broken\n\nray.exceptions.UserCodeException: no"
    )
    assert str(cause_of(RuntimeError(traces))) == (
        "Ray stopped: ValueError: broken; the output is incomplete"
    )
