"""Parquet files that are strange, broken or crafted cost what they hold, and nobody else."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from made_batches import rows_of, text
from made_servers import descendants, is_running
from pyarrow import parquet as pq

import depeche.labels.formats.parquet
from depeche.labels.errors import LabelsError
from depeche.labels.exchange.huggingface import read
from depeche.labels.schema import read_schema
from depeche.model.inputs.documents import Document
from depeche.model.inputs.inputs import Inputs

TEXT = "Le ministre a reçu son homologue pour parler de la paix dans la région."
MB = 1 << 20


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Return the processes that are started to read, none being left from before."""
    processes: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def start(*args: Any, **how: Any) -> subprocess.Popen[bytes]:
        processes.append(popen(*args, **how))
        return processes[-1]

    depeche.labels.formats.parquet._leave_workers()
    monkeypatch.setattr(subprocess, "Popen", start)
    return processes


def outcomes(*paths: str) -> list[str]:
    """Return what becomes of each input: the id of its document, or its failure."""
    documents = list(Inputs(paths))
    return [x.id if isinstance(x, Document) else f"{x.where}: {x.reason}" for x in documents]


def good(name: str, n: int = 3) -> str:
    pq.write_table(pa.table({"text": [f"{TEXT} {i}" for i in range(n)]}), name)
    return name


def nested(depth: int) -> bytes:
    """Return a file whose column lies in so many others: arrow calls itself for each."""
    group = b"\x35\x02\x18\x04text\x15\x02\0"  # optional, its name, one child
    leaf = b"\x15\x0c\x25\x02\x18\x04text\0"
    head = b"\x15\x02\x19\xfc" + varint(depth + 2) + b"\x48\x01r\x15\x02\0"
    footer = head + group * depth + leaf + b"\x16\x02\x19\x0c\0"
    return b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def varint(n: int) -> bytes:
    return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + varint(n >> 7)


def large_value() -> pa.Table:
    """Return rows that are all the same long text, which stands in the file once."""
    values = pa.array(["a" * (120 * MB)])
    return pa.table({"text": pa.DictionaryArray.from_arrays(pa.array([0] * 64), values)})


def large_title() -> pa.Table:
    return pa.table({"text": [TEXT], "title": ["a" * (210 * MB)]})


def large_list() -> pa.Table:
    """Return a row of which a part is asked for, which must be taken as a whole."""
    return pa.table({"text": [TEXT], "source": [["abcdefgh"] * 20_000_000]})


@pytest.mark.slow
@pytest.mark.parametrize("made", [large_value, large_title, large_list])
def test_file_that_takes_too_much_memory_fails_by_name(made: Callable[[], pa.Table]) -> None:
    pq.write_table(made(), "a.parquet", compression="zstd")
    good("b.parquet")
    first, *others = outcomes("a.parquet", "b.parquet")
    assert first.startswith(
        "a.parquet: takes more memory to read than 200 MB and 25 times the size"
    )
    assert others == ["b.parquet:1", "b.parquet:2", "b.parquet:3"]


def test_rows_before_the_one_that_takes_too_much_are_kept() -> None:
    texts = [f"{TEXT} {i}" for i in range(100)]
    with pq.ParquetWriter("a.parquet", pa.schema({"text": pa.string()}), compression="zstd") as out:
        out.write_table(pa.table({"text": texts}))
        out.write_table(pa.table({"text": ["a" * (210 * MB)]}))
    *before, last = outcomes("a.parquet")
    assert before == [f"a.parquet:{i}" for i in range(1, 101)]
    assert last.startswith("a.parquet:101: takes more memory")


def test_rows_that_together_are_too_large_are_read_one_by_one() -> None:
    pq.write_table(pa.table({"text": ["a" * (9 * MB)] * 40}), "a.parquet", compression="zstd")
    assert outcomes("a.parquet") == [f"a.parquet:{i}" for i in range(1, 41)]


def test_rows_without_end_that_say_nothing_are_refused() -> None:
    pq.write_table(pa.table({"text": pa.nulls(50_000_000, pa.string())}), "nulls.parquet")
    same = pa.DictionaryArray.from_arrays(pa.array([0] * 20_000_000, pa.int8()), pa.array(["a"]))
    pq.write_table(pa.table({"text": same}), "same.parquet")
    for line, n in zip(
        outcomes("nulls.parquet", "same.parquet"), (50_000_000, 20_000_000), strict=True
    ):
        assert f"{n} rows in " in line
    pq.write_table(pa.table({"text": pa.nulls(20_000, pa.string())}), "few.parquet")
    assert len(outcomes("few.parquet")) == 20_000


@pytest.mark.parametrize("depth", [10_000, 100_000])
def test_file_that_ends_the_process_that_reads_it_fails_by_name(
    depth: int, started: list[Any]
) -> None:
    Path("b.parquet").write_bytes(nested(depth))
    lines = outcomes(good("a.parquet"), "b.parquet", good("c.parquet"))
    assert [line.partition(":")[0] for line in lines] == ["a.parquet"] * 3 + ["b.parquet"] + [
        "c.parquet"
    ] * 3
    assert "ended the process that read it (SIGSEGV)" in lines[3] or "more memory" in lines[3]
    assert len(started) == 3


def test_file_is_not_blamed_for_what_others_did_to_its_process(started: list[Any]) -> None:
    assert len(outcomes(good("a.parquet"))) == 3
    started[0].kill()
    assert outcomes(good("b.parquet", 200)) == [f"b.parquet:{i}" for i in range(1, 201)]
    documents = iter(Inputs(["b.parquet"]))
    next(documents)
    started[1].kill()
    assert [x.where for x in documents] == [f"b.parquet:{i}" for i in range(2, 201)]


def test_many_files_are_read_by_one_process(started: list[Any]) -> None:
    Path("bad.parquet").write_bytes(b"PAR1" * 9)
    lines = outcomes(*(good(f"{i}.parquet") for i in range(30)), "bad.parquet", "0.parquet")
    assert len(lines) == 91
    assert len(started) == 1


def test_files_are_read_from_several_threads(started: list[Any]) -> None:
    names = [good(f"{i}.parquet", 500) for i in range(12)]
    with ThreadPoolExecutor(4) as threads:
        by_file = list(threads.map(outcomes, names))
    assert by_file == [[f"{name}:{i}" for i in range(1, 501)] for name in names]
    assert len(started) <= 4


def test_reading_that_is_given_up_leaves_no_process_at_work(started: list[Any]) -> None:
    documents = iter(Inputs([good("a.parquet", 5000)]))
    next(documents)
    documents.close()  # type: ignore[attr-defined]
    assert started[0].poll() is not None
    assert len(outcomes("a.parquet")) == 5000


@pytest.mark.parametrize("column", ["text", "id", "date"])
def test_two_columns_of_one_name_are_one_failure(column: str) -> None:
    arrays = [pa.array([TEXT]), pa.array(["a"]), pa.array(["b"])]
    names = ["text", column, "x"] if column == "text" else ["text", column, column]
    pq.write_table(pa.Table.from_arrays(arrays, names=names), "a.parquet")
    assert outcomes("a.parquet", good("b.parquet", 1)) == [
        f"a.parquet: 2 columns are named '{column}': rename all but one",
        "b.parquet:1",
    ]
    pq.write_table(pa.Table.from_arrays(arrays, names=["text", "x", "x"]), "c.parquet")
    assert outcomes("c.parquet") == ["c.parquet:1"]


def test_strange_columns_beside_the_text_do_no_harm() -> None:
    value: Any = "a"
    for _ in range(60):
        value = [value]
    names = ["text.a", "a\0b", "\x1b[31m", "text\n"]
    table = pa.table({"text": [TEXT], "deep": [value], **{name: ["a"] for name in names}})
    pq.write_table(table, "a.parquet")
    assert outcomes("a.parquet") == ["a.parquet:1"]
    pq.write_table(pa.table({"a\x1bb": [TEXT], "text": [{"\x1b": 1}]}), "b.parquet")
    (line,) = outcomes("b.parquet")
    assert line.isprintable()
    assert "not texts" in line


def test_huggingface_import_refuses_a_file_that_ends_its_process() -> None:
    Path("a.parquet").write_bytes(nested(100_000))
    with pytest.raises(LabelsError, match=r"a\.parquet: .*ended the process that read it"):
        read(Path("a.parquet"), read_schema())


# What a whole command does


def start_tagging(*more: str) -> subprocess.Popen[str]:
    """Start a batch over a table of which the first rows are soon tagged."""
    pq.write_table(pa.table({"text": [text(i) for i in range(3000)]}), "a.parquet")
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "depeche.classify",
            "tag",
            "a.parquet",
            "--output",
            "out.jsonl",
            *more,
        ],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    records = Path(".depeche/out.jsonl/records.jsonl")
    while not (records.exists() and records.stat().st_size):
        assert process.poll() is None
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_command_that_is_stopped_leaves_no_process(number: signal.Signals) -> None:
    process = start_tagging()
    children = descendants(process.pid)
    assert children
    if number is signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does, to all of them
    else:
        process.kill()
    _, err = process.communicate()
    assert (process.returncode, err) == {
        signal.SIGINT: (130, "classify: stopped\n"),
        signal.SIGKILL: (-9, ""),
    }[number]
    limit = time.monotonic() + 30
    while any(map(is_running, children)):
        assert time.monotonic() < limit
    done = subprocess.run(
        [sys.executable, "-m", "depeche.classify", "tag", "a.parquet", "--output", "out.jsonl"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "tagged before" in done.stderr or number is signal.SIGKILL
    rows = rows_of(Path("out.jsonl"))
    assert [row["id"] for row in rows] == [f"a.parquet:{i}" for i in range(1, 3001)]
