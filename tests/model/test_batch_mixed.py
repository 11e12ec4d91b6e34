"""A folder of everything: 1,000 articles and 200 things that are none, in every format."""

from __future__ import annotations

import csv
import gzip
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from conftest import write_rows
from made_batches import Warm, text
from pyarrow import parquet

from depeche.labels.schema import Schema, read_schema
from depeche.model.outputs.rows import article_row, column_types, paragraph_rows

N_GOOD, N_BAD = 1000, 200
CELLS = (
    *("<script>alert(1)</script>", "</script>", "=1+1", "+33 6 12", "@SUM(A1)", "-2", "\tx"),
    *('=HYPERLINK("http://x.invalid")', "a\rb", "\u2028x", "\x01\x1f", "😀", "\u202eabc", "--"),
)
NAMES = (
    *(b"a\nb.txt", b"a\x1b[31mb.txt", b"quote\"'.txt", b"<script>.txt", b"caf\xe9.txt"),
    *(b"-rf.txt", b"x" * 251 + b".txt", b"=1+1.txt", b"@SUM.txt", b"a,b;c.txt", b"\xff\xfe.txt"),
)
ROWS: tuple[bytes, ...] = (  # lines of JSON that are no article
    *(b"not json", b"[1]", b'"x"', b"12", b'{"text": 1}', b'{"text": null}', b'{"text": ""}'),
    *(b'{"text": " "}', b'{"text": ["x"]}', b'{"text": "\\ud800"}', b'{"id": "no text"}', b"{"),
    *(b'{"text": "\0"}', b"[" * 5000, b'{"text": "caf\xe9"}', b'{"text": {"a": 1}}', b"{}"),
    *(b'{"text": "Publicit\xc3\xa9"}', b'{"text": ' + b"9" * 5000 + b"}"),
)
FILES: dict[str, bytes] = {
    "empty.txt": b"",
    "blank.txt": b" \n\t\r\n",
    "elf.txt": b"\x7fELF\0\1\2",
    "nul.txt": b"Le ministre\0 a sign\xc3\xa9.",
    "odd16.txt": b"\xff\xfea",
    "half16.txt": b"\xff\xfe\x00\xd8a\x00",
    "odd32.txt": b"\xff\xfe\0\0abc",
    "latin.txt": bytes(range(128, 256)) * 9,
    "control.txt": b"\x01\x02\x03abc",
    "large.txt": b"x" * 10_000_001,
    "long.txt": b"Le port rouvre.\n" * 20_001,
    "menu.txt": "Publicité\nLire aussi : Le port rouvre".encode(),
    "menu.html": b"<!DOCTYPE html><html><body></body></html>",
    "empty.md": b"",
    "no.txt.gz": b"this is not gzip",
    "cut.txt.gz": gzip.compress(text(1).encode())[:-20],
    "no.md.zst": b"this is not zstd",
    "cut.html.zst": zstandard.compress(text(1).encode())[:-8],
    "bomb.txt.gz": gzip.compress(b"x" * 20_000_000),
    "empty.jsonl": b"",
    "list.jsonl": b"[\n]\n",
    "empty.csv": b"",
    "header.csv": b"id,text\n",
    "notext.csv": b"a,b\n1,2\n",
    "binary.csv": b"\0\1\2\n",
    "notext.jsonl": b'{"a": 1}\n{"a": 2}\n',
    "no.parquet": b"PAR1 no",
    "cut.parquet": b"PAR1" + b"\0" * 50 + b"PAR1",
    "no.jsonl.gz": b"no",
    "empty.tsv.zst": zstandard.compress(b""),
}


def write_bad(folder: Path) -> list[str]:
    """Write all but the last things that are no articles, and name those given by name."""
    folder.mkdir()
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    for raw in NAMES:
        (folder / os.fsdecode(raw)).touch()
    # Before the rows, and after: the lines show that they are UTF-8.
    good = json.dumps({"id": "good", "text": text(2)}, ensure_ascii=False).encode()
    (folder / "rows.jsonl").write_bytes(b"\n".join([good, *ROWS, good, b""]))
    wide = "id,text\n" + "".join(f'{i},"{text(i, 1)}"\n' for i in (3, 4))
    (folder / "wide.csv").write_text(wide + 'a\nb,c,d\n"e"f,g\n,\nh," "\n')
    os.mkfifo(folder / "pipe.txt")
    os.mkfifo(folder / "pipe.jsonl")
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(folder)  # such a path may have 108 bytes
        listening.bind("socket.txt")
        os.chdir(here)
    (folder / "dangling.txt").symlink_to("nowhere")
    (folder / "loop.txt").symlink_to("loop.txt")
    (folder / "archive.zip").write_bytes(b"PK")
    (folder / "a.tar.gz").write_bytes(b"")
    n = len(FILES) + len(NAMES) + len(ROWS) + 4 + 5 + 2 + 1
    for i in range(N_BAD - n):
        (folder / f"e{i:03}.txt").write_bytes((b"", b"\n", b"\0", b"Publicit\xc3\xa9")[i % 4])
    return ["bad/archive.zip", "bad/a.tar.gz", "missing.txt"]


def write_good(folder: Path) -> None:
    """Write what, with the good rows among the bad ones, is a thousand articles."""
    folder.mkdir()
    for i, raw in enumerate(NAMES):
        (folder / os.fsdecode(raw)).write_text(text(i))
    rows = [
        {"id": cell, "title": cell, "text": f"{cell} {text(i, 1)}", "source": cell}
        for i, cell in enumerate(CELLS)
    ]
    write_rows(folder / "t.jsonl", rows)
    with (folder / "t.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, ["id", "title", "text", "source"])
        table.writeheader()
        table.writerows(rows)
    for i in range(9):
        (folder / f"g{i}.txt.gz").write_bytes(gzip.compress(text(i).encode()))
        (folder / f"z{i}.txt.zst").write_bytes(zstandard.compress(text(i).encode()))
        (folder / f"m{i}.md").write_text(f"# Titre <script> {i}\n\n{text(i)}")
        body = "".join(f"<p>{part}</p>" for part in text(i, 5).split("\n\n"))
        (folder / f"h{i}.html").write_text(
            f"<!DOCTYPE html><html><head><title>=1+{i}</title></head>"
            f"<body><article><h1>=1+{i}</h1>{body}</article></body></html>"
        )
    for i in range(N_GOOD - len(NAMES) - 2 * len(CELLS) - 36 - 4):
        (folder / f"a{i:04}.txt").write_text(text(i, 1))
    (folder / ".hidden.txt").touch()
    (folder / "picture.png").touch()


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    folder = tmp_path_factory.mktemp("mixed") / "here"
    folder.mkdir()
    named = write_bad(folder / "bad")
    write_good(folder / "good")
    return folder, ["good", "bad", *named]


Run = Callable[..., tuple[Path, list[dict[str, Any]]]]


@pytest.fixture
def run(warm: Warm, mixed: tuple[Path, list[str]], tmp_path: Path) -> Run:
    """Return a command that tags all of it, and gives the output and what failed."""
    folder, paths = mixed

    def tag(*more: str) -> tuple[Path, list[dict[str, Any]]]:
        output = tmp_path / "out"
        args = ["tag", *paths, "--output", output, "--jobs", 1, *more]
        assert warm(folder, *args, as_it_is=True, kill_after=200) == 3  # no hang
        messages = (folder.parent / "stderr").read_text()
        assert "Traceback" not in messages
        assert "\x1b" not in messages
        assert messages.count("\n") == 29  # 20 failed and 3 skipped inputs, both counts, a summary
        assert f"classify: {N_GOOD} articles, " in messages
        assert "classify: 2 archive files, 1 hidden file, 1 other ending file, " in messages
        assert f"; {N_BAD} failed\n" in messages
        listed = (tmp_path / ".depeche" / "out" / "errors.jsonl").read_text().split("\n")[:-1]
        failed = [json.loads(line) for line in listed]
        skipped = [failure["input"] for failure in failed[N_BAD:]]
        assert skipped == ["good/picture.png", "bad/a.tar.gz", "bad/archive.zip"]
        failed = failed[:N_BAD]
        for failure in failed:
            assert failure["input"].isprintable()
            assert failure["reason"].isprintable()
            assert failure["reason"]
        assert len({failure["input"] for failure in failed}) == N_BAD == len(failed)
        return output, failed

    return tag


def records_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


def kept_records(output: Path) -> list[dict[str, Any]]:
    return records_of(output.parent / ".depeche" / "out" / "records.jsonl")


def cell_of(value: object) -> str:
    """Return what a cell holds, said anew."""
    if value is None:
        return ""
    text = " ".join(value) if isinstance(value, list) else str(value)
    return "'" + text if text[:1] in tuple("=+-@\t\r") and isinstance(value, str) else text


def rows_of(records: list[dict[str, Any]], schema: Schema, *, paragraphs: bool) -> list[Any]:
    rows: list[Any] = []
    for record in records:
        rows += paragraph_rows(record, schema) if paragraphs else [article_row(record, schema)]
    return rows


@pytest.mark.slow
def test_mixed_folder_as_json_lines(run: Run) -> None:
    output, _ = run("--format", "jsonl")
    records = records_of(output)
    assert len(records) == N_GOOD
    titles = [r["title"] for r in records if r.get("source")]
    assert {title.strip() for title in CELLS} <= set(titles)


@pytest.mark.slow
@pytest.mark.parametrize("paragraphs", [False, True])
def test_mixed_folder_as_csv(run: Run, paragraphs: bool) -> None:
    output, _ = run("--format", "csv", *["--paragraphs"] * paragraphs)
    records, schema = kept_records(output), read_schema()
    assert len(records) == N_GOOD
    with output.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    kinds = column_types(schema, paragraphs=paragraphs)
    expected = rows_of(records, schema, paragraphs=paragraphs)
    assert rows == [{name: cell_of(row[name]) for name in kinds} for row in expected]
    texts = [row[name] for row in rows for name, kind in kinds.items() if kind == "text"]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in texts)
    assert sum(cell.startswith("'=") for cell in texts) >= 4


@pytest.mark.slow
def test_mixed_folder_as_parquet(run: Run) -> None:
    output, _ = run("--format", "parquet")
    records = kept_records(output)
    expected = rows_of(records, read_schema(), paragraphs=False)
    assert parquet.read_table(output).to_pylist() == expected
    assert len(expected) == N_GOOD


@pytest.mark.slow
def test_mixed_folder_as_page(run: Run) -> None:
    output, _ = run("--format", "html")
    page = output.read_text()
    assert "<script>alert(1)" not in page
    assert page.count("<script") == page.count("</script>")


@pytest.mark.slow
def test_mixed_folder_as_sidecars(run: Run) -> None:
    output, _ = run("--format", "sidecar")
    files = [path for path in output.rglob("*") if path.is_file()]
    assert len(files) == N_GOOD
    kept = sorted(record["id"] for record in kept_records(output))
    assert sorted(json.loads(path.read_text())["id"] for path in files) == kept
    around = {path.name for path in output.parent.iterdir()}
    assert around == {"out", ".depeche"}
