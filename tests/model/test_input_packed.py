"""Packed files, unpacked as they are asked for, and how much is read at once."""

import gzip
import os
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from made_inputs import ROWS, TEXT, documents, jsonl, outcomes_of, write

from depeche.model.inputs.documents import Document
from depeche.model.inputs.inputs import Inputs
from depeche.model.inputs.opening import ending_of
from depeche.model.reading.reader import MAX_BYTES


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("ending", "pack"), [(".gz", gzip.compress), (".zst", zstandard.compress)])
def test_packed_article_is_unpacked(ending: str, pack: Callable[[bytes], bytes]) -> None:
    write(f"crawl/a.html{ending}", pack(TEXT.encode()))
    write(f"crawl/unknown{ending}", pack(TEXT.encode()))
    (document,) = documents("crawl")
    assert (document.id, document.form, document.data) == (
        f"crawl/a.html{ending}",
        "html",
        TEXT.encode(),
    )
    (document,) = documents(f"crawl/unknown{ending}")
    assert (document.form, document.data) == (None, TEXT.encode())


@pytest.mark.parametrize(("ending", "pack"), [(".gz", gzip.compress), (".zst", zstandard.compress)])
def test_rows_before_a_break_are_kept(ending: str, pack: Callable[[bytes], bytes]) -> None:
    rows = [{"id": str(i), "text": os.urandom(400).hex()} for i in range(2000)]
    packed = pack(jsonl(rows))
    n_kept = []
    for cut in (len(packed) * 3 // 4, len(packed) - 3):
        write(f"a.jsonl{ending}", packed[:cut])
        *kept, last = outcomes_of(f"a.jsonl{ending}")
        assert kept == [str(i) for i in range(len(kept))]
        assert (
            last
            == f"a.jsonl{ending}:{len(kept) + 1}: broken {ending} data, the rest is lost: cut short"
        )
        n_kept.append(len(kept))
    assert n_kept[0] > 1200
    assert n_kept[1] > 1800
    write(f"a.txt{ending}", packed[:-3])
    write(f"b.txt{ending}", b"not packed at all")
    first, second = outcomes_of(f"a.txt{ending}", f"b.txt{ending}")
    assert first.startswith(f"a.txt{ending}: broken")
    assert second.startswith(f"b.txt{ending}: broken")


@pytest.mark.parametrize("name", ["a.txt.gz", "a.txt.zst", "a.jsonl.gz", "a.jsonl.zst"])
def test_bomb_does_not_fill_the_memory(name: str) -> None:
    packer = (
        zlib.compressobj(1, wbits=31)
        if name.endswith("gz")
        else zstandard.ZstdCompressor().compressobj()
    )
    block = b"a" * 1_000_000
    write(name, b"".join([*(packer.compress(block) for _ in range(100)), packer.flush()]))
    tracemalloc.start()
    (item,) = list(Inputs([name]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 90_000_000
    if isinstance(item, Document):
        assert len(item.data) == MAX_BYTES + 1
    else:
        assert item.reason.startswith("a row larger than 15 MB")


@pytest.mark.parametrize(
    ("library", "name"), [("zstandard", "a.txt.zst"), ("pyarrow", "a.parquet")]
)
def test_missing_library_is_named_with_its_extra(
    library: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    write(name), write("b.txt")
    first, second = outcomes_of(name, "b.txt")
    assert first.startswith(f"{name}: this needs {library}, which is not installed")
    assert "pip install 'depeche[batch]'" in first
    assert second == "b.txt"


# Progress and laziness


def test_progress_counts_the_bytes_of_the_disk() -> None:
    write("a.jsonl.gz", gzip.compress(jsonl(ROWS * 100)))
    write("b.txt"), write("c.txt")
    inputs = Inputs(["a.jsonl.gz", "b.txt", "c.txt"])
    seen = [inputs.done_bytes for _ in inputs]
    assert seen == sorted(seen)
    assert (
        inputs.done_bytes
        == inputs.total_bytes
        == sum(Path(name).stat().st_size for name in ("a.jsonl.gz", "b.txt", "c.txt"))
    )
    assert len(list(inputs)) == 302  # and again from the start
    assert inputs.done_bytes == inputs.total_bytes


def test_table_is_read_as_it_is_asked_for() -> None:
    write("a.jsonl", jsonl([{"text": TEXT * 100}]) * 2000)
    tracemalloc.start()
    assert sum(1 for _ in Inputs(["a.jsonl"])) == 2000  # of 15 MB
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


@given(
    st.binary(max_size=300), st.sampled_from(["a.jsonl", "a.csv", "a.tsv", "a.csv.gz", "a.txt.zst"])
)
def test_any_bytes_end_in_documents_or_failures(data: bytes, name: str) -> None:
    header = b"" if ending_of(name).packing or name == "a.jsonl" else b"id\ttext\n"
    write(name, header + data)
    assert outcomes_of(name)
