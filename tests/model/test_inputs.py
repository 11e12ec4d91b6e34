import codecs
import csv
import gzip
import io
import json
import os
import re
import socket
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import zstandard
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from depeche.labels.errors import InputError
from depeche.model.inputs.documents import Document, Failure, encodable
from depeche.model.inputs.inputs import Inputs
from depeche.model.inputs.opening import ending_of
from depeche.model.inputs.table_lines import MAX_ROW_BYTES
from depeche.model.reading.reader import MAX_BYTES, parse_article

TEXT = "Le ministre a reçu son homologue pour parler de la paix dans la région."
ROWS = [{"id": f"n-{i}", "title": f"Titre {i}", "text": f"{TEXT} {i}"} for i in range(3)]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(path: str, content: bytes | str = TEXT) -> str:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def jsonl(rows: list[Any]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def documents(*paths: str, **settings: Any) -> list[Document]:
    items = list(Inputs(paths, **settings))
    assert [item for item in items if isinstance(item, Failure)] == []
    return [item for item in items if isinstance(item, Document)]


def ids(*paths: str, **settings: Any) -> list[str]:
    return [document.id for document in documents(*paths, **settings)]


def outcomes_of(*paths: str, **settings: Any) -> list[str]:
    """Return what becomes of each input: the id of its document, or its failure."""
    items = list(Inputs(paths, **settings))
    for item in items:
        assert item.where.isprintable()
        if isinstance(item, Failure):
            assert item.reason.isprintable()
            assert item.where not in item.reason
    return [x.id if isinstance(x, Document) else f"{x.where}: {x.reason}" for x in items]


# Files and folders


def test_file_is_read_with_the_form_of_its_ending() -> None:
    write("a.txt", "un"), write("b.HTM", "deux"), write("c.md", "trois"), write("d.log", "quatre")
    items = documents("./d.log", "a.txt", "b.HTM", "c.md")
    assert [(d.id, d.where, d.form) for d in items] == [
        ("d.log", "d.log", None),
        ("a.txt", "a.txt", "text"),
        ("b.HTM", "b.HTM", "html"),
        ("c.md", "c.md", "markdown"),
    ]
    assert [d.data for d in items] == [b"quatre", b"un", b"deux", b"trois"]


def test_article_is_read_to_one_byte_more_than_the_most() -> None:
    write("a.txt", b"a" * (MAX_BYTES + 9)), write("b.txt", b"b" * (1 << 16))
    assert [len(d.data) for d in documents("a.txt", "b.txt")] == [MAX_BYTES + 1, 1 << 16]


def test_folder_gives_its_known_files_sorted_and_counts_the_others() -> None:
    for path in ("b.txt", "a/c.md", "a.HTML", ".x.txt", ".git/d.txt", "e.pdf", "f.zip", "a/g"):
        write(f"crawl/{path}")
    inputs = Inputs(["crawl"])
    assert (inputs.n_files, inputs.total_bytes) == (3, 3 * len(TEXT.encode()))
    names = [item.where for item in inputs]
    assert names == ["crawl/a.HTML", "crawl/b.txt", "crawl/a/c.md"]
    assert inputs.n_skipped == {"hidden": 2, "other ending": 2, "archive": 1}
    assert ids("crawl/") == names
    os.chdir("crawl")
    assert ids(".") == ["a.HTML", "b.txt", "a/c.md"]


def test_file_reached_twice_is_read_once() -> None:
    write("crawl/a.txt"), write("crawl/sub/b.txt")
    inputs = Inputs(["crawl/sub/b.txt", "crawl", str(Path("crawl").resolve()), "crawl/*.txt"])
    assert [item.where for item in inputs] == ["crawl/sub/b.txt", "crawl/a.txt"]
    assert inputs.n_skipped == {"double": 4}


def test_hard_links_are_files_of_their_own() -> None:
    write("a/x.txt")
    Path("a/y.txt").hardlink_to("a/x.txt")
    assert ids("a", "a/x.txt") == ["a/x.txt", "a/y.txt"]


def test_linked_folders_are_followed_once_and_loops_end() -> None:
    write("crawl/a.txt"), write("other/b.txt")
    Path("crawl/loop").symlink_to(Path("crawl").resolve())
    Path("crawl/other").symlink_to(Path("other").resolve())
    Path("crawl/other2").symlink_to(Path("other").resolve())
    Path("other/back").symlink_to(Path("crawl").resolve())
    assert ids("crawl") == ["crawl/a.txt", "crawl/other/b.txt"]
    assert ids("crawl/**/*.txt") == ["crawl/a.txt", "crawl/other/b.txt"]


def test_pattern_the_shell_left_is_expanded() -> None:
    for path in ("a.txt", "b.text", "2024-01/c.txt", "2024-02/x/d.txt", "2025-01/e.txt", "f.png"):
        write(f"crawl/{path}")
    assert ids("crawl/*.txt") == ["crawl/a.txt"]
    assert ids("crawl/**/*.txt") == [
        "crawl/a.txt",
        "crawl/2024-01/c.txt",
        "crawl/2024-02/x/d.txt",
        "crawl/2025-01/e.txt",
    ]
    assert ids("crawl/2024-*") == ["crawl/2024-01/c.txt", "crawl/2024-02/x/d.txt"]
    assert ids("./crawl/202[!4]-*/?.txt") == ["crawl/2025-01/e.txt"]
    assert ids("cra*/*.text") == ["crawl/b.text"]
    assert ids("crawl/?.t*") == ["crawl/a.txt"]  # an ending that is not spelt has to be known
    assert outcomes_of("crawl/*.rtf", "none/*.txt") == [
        "crawl/*.rtf: no such file or folder, and no article that matches this pattern",
        "none/*.txt: no such file or folder, and no article that matches this pattern",
    ]


def test_file_called_like_a_pattern_is_itself() -> None:
    write("[1] a*.txt"), write("1 ab.txt")
    assert ids("[1] a*.txt") == ["[1] a*.txt"]


def test_include_and_exclude_choose_files_by_name_or_path() -> None:
    for path in ("a.txt", "b.text", "draft/c.txt", "sport/x/d.txt", "sport/e.md"):
        write(f"crawl/{path}")
    assert ids("crawl", include=["*.text", "sport/*"]) == [
        "crawl/b.text",
        "crawl/sport/e.md",
        "crawl/sport/x/d.txt",
    ]
    assert ids("crawl", exclude=["draft", "*.md"]) == ["crawl/a.txt", "crawl/sport/x/d.txt"]
    assert ids("crawl", exclude=["**/x/**"], include=["**/*.txt"]) == [
        "crawl/a.txt",
        "crawl/draft/c.txt",
    ]
    inputs = Inputs(["crawl/a.txt", "crawl"], exclude=["*.txt", "sport/", "[z-a]"])
    assert [item.where for item in inputs] == ["crawl"]
    assert inputs.n_skipped == {"excluded": 4, "other ending": 1}


def test_what_cannot_be_found_is_said() -> None:
    Path("empty").mkdir()
    write("pictures/a.png")
    Path("linked.txt").symlink_to("nowhere.txt")
    Path("round").symlink_to("round")
    outcomes = outcomes_of(
        "none.txt", "", "empty", "pictures", "linked.txt", "round", "pictures/a.png/b"
    )
    assert outcomes[:2] == [
        "none.txt: no such file or folder, nor a command: see classify --help",
        "'': an empty path; give a file, a folder, or - for standard input",
    ]
    assert outcomes[2].startswith("empty: no article in this folder (.txt, .html")
    assert "passed over: 1 other ending; --include 'PATTERN'" in outcomes[3]
    assert outcomes[4].startswith("linked.txt: no such file")
    assert outcomes[5].startswith("round: cannot be read: Too many levels")
    assert outcomes[6].startswith("pictures/a.png/b: no such file")


def test_pipes_and_sockets_are_refused_without_waiting() -> None:
    write("crawl/a.txt")
    os.mkfifo("crawl/b.txt")
    os.mkfifo("crawl/b.jsonl")
    os.mkfifo("crawl/unknown")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("crawl/c.txt")
    Path("crawl/d.txt").symlink_to("nowhere")
    refused = "not a file that can be read"
    assert outcomes_of("crawl", "crawl/unknown") == [
        "crawl/a.txt",
        f"crawl/b.jsonl: {refused}",
        f"crawl/b.txt: {refused}",
        f"crawl/c.txt: {refused}",
        f"crawl/d.txt: {refused}",
        f"crawl/unknown: {refused}",
    ]


def test_file_that_became_a_pipe_after_the_listing_is_refused() -> None:
    write("a.txt"), write("b.txt")
    inputs = Inputs(["a.txt", "b.txt"])
    assert inputs.n_files == 2
    Path("a.txt").unlink()
    Path("b.txt").unlink()
    os.mkfifo("a.txt")
    assert [getattr(item, "reason", None) for item in inputs] == [
        "not a file that can be read",
        "cannot be read: No such file or directory",
    ]


def test_pipe_of_the_shell_is_read() -> None:
    end, start = os.pipe()
    os.write(start, TEXT.encode())
    os.close(start)
    (document,) = documents(f"/dev/fd/{end}")
    os.close(end)
    assert (document.id, document.data) == (f"/dev/fd/{end}", TEXT.encode())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything: run as another user")
def test_what_may_not_be_read_fails_alone() -> None:
    write("crawl/a.txt"), write("crawl/b.txt"), write("crawl/sub/c.txt")
    Path("crawl/a.txt").chmod(0)
    Path("crawl/sub").chmod(0)
    outcomes = outcomes_of("crawl")
    Path("crawl/sub").chmod(0o700)
    assert outcomes == [
        "crawl/a.txt: cannot be read: Permission denied",
        "crawl/b.txt",
        "crawl/sub: cannot be read: Permission denied",
    ]


def test_hostile_names_neither_crash_nor_break_lines() -> None:
    write("crawl/a\nb\x1b[31m.txt")
    write(os.fsdecode(b"crawl/caf\xe9.txt"))
    write(os.fsdecode(b"crawl/t\xe9.jsonl"), jsonl([{"text": TEXT}]))
    items = documents("crawl")
    assert [d.id for d in items] == [
        "crawl/a\nb\x1b[31m.txt",
        "crawl/caf\\udce9.txt",
        "crawl/t\\udce9.jsonl:1",
    ]
    assert [d.where for d in items] == [
        "crawl/a\\nb\\x1b[31m.txt",
        "crawl/caf\\udce9.txt",
        "crawl/t\\udce9.jsonl:1",
    ]
    assert items[1].data == TEXT.encode()


@given(st.text(alphabet="aé/\n\r\x1b\xa0\u202e\u2028\ud800\udce9"))
def test_names_can_be_written_whatever_they_hold(name: str) -> None:
    encodable(name + "\udce9").encode("utf-8")


def test_archives_are_not_unpacked() -> None:
    for name in ("a.zip", "b.tar.gz", "c.7z", "d.parquet.zst"):
        write(name)
    outcomes = outcomes_of("a.zip", "b.tar.gz", "c.7z", "d.parquet.zst")
    assert all("is not unpacked" in line for line in outcomes[:3])
    assert "d.parquet.zst: a compressed Parquet file, which is not read" in outcomes[3]


# Standard input and lists


def standard_input(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_standard_input_is_one_article(monkeypatch: pytest.MonkeyPatch) -> None:
    write("a.txt")
    write("./-", "un fichier")
    standard_input(monkeypatch, TEXT.encode())
    items = documents("a.txt", "-", "-", "./-")
    assert [d.id for d in items] == ["a.txt", "-", "./-"]
    assert [d.data for d in items[1:]] == [TEXT.encode(), b"un fichier"]


def test_closed_standard_input_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert outcomes_of("-") == ["-: standard input is closed"]


def test_paths_are_read_from_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    write("a.txt"), write("b c.txt"), write("crawl/d.txt"), write("e\nf.txt")
    write("list", "b c.txt\r\n\ncrawl\nnone.txt\n*.txt\n")
    assert outcomes_of("a.txt", files_from=Path("list")) == [
        "a.txt",
        "b c.txt",
        "crawl/d.txt",
        "none.txt: no such file or folder",
        "*.txt: no such file or folder",
    ]
    standard_input(monkeypatch, b"e\nf.txt\0a.txt\0")
    assert ids(files_from=Path("-")) == ["e\nf.txt", "a.txt"]
    write("blank", "\n")
    assert outcomes_of(files_from=Path("blank")) == ["blank: empty: give a path a line"]
    assert outcomes_of(files_from=Path("lost")) == [
        "lost: cannot be read: No such file or directory"
    ]
    with pytest.raises(InputError, match="not both"):
        Inputs(["-"], files_from=Path("-"))


# Tables


def test_row_gives_text_id_title_date_and_source() -> None:
    row = {
        "Média": " Le Port ",
        "Identifiant": 12,
        "TITRE": "Accord signé",
        "Date publication": "2024-12-31T10:00:00+01:00",
        "Texte": TEXT,
    }
    write("a.jsonl", jsonl([row, {"texte": TEXT, "date": "2024-13-31", "titre": "", "id": None}]))
    assert documents("a.jsonl") == [
        Document(
            id="12",
            where="a.jsonl:1",
            data=TEXT.encode(),
            form=None,
            title="Accord signé",
            date="2024-12-31",
            source="Le Port",
        ),
        Document(id="a.jsonl:2", where="a.jsonl:2", data=TEXT.encode()),
    ]


def csv_of(delimiter: str, rows: list[dict[str, Any]]) -> bytes:
    out = io.StringIO(newline="")
    table = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    table.writeheader()
    table.writerows(rows)
    return out.getvalue().encode()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", jsonl(ROWS)),
        ("a.ndjson", b"\n" + codecs.BOM_UTF8 + jsonl(ROWS)[:-1]),
        ("a.jsonl", codecs.BOM_UTF8 + jsonl(ROWS).replace(b"\n", b"\r\n\r\n")),
        ("a.jsonl", jsonl(ROWS).decode().encode("utf-16")),
        ("a.jsonl.gz", gzip.compress(jsonl(ROWS[:1])) + gzip.compress(jsonl(ROWS[1:])) + b"\0" * 9),
        ("a.jsonl.zst", zstandard.compress(jsonl(ROWS[:1])) + zstandard.compress(jsonl(ROWS[1:]))),
        ("a.csv", csv_of(",", ROWS)),
        ("a.csv", csv_of(";", ROWS)),
        ("a.csv", csv_of("|", ROWS)),
        ("a.csv", csv_of("\t", ROWS)),
        ("a.csv", b"sep=;\r\n" + csv_of(";", ROWS)),
        ("a.csv", b"\r\n" + csv_of(";", ROWS) + b"\r\n;;\r\n"),
        ("a.csv", codecs.BOM_UTF8 + csv_of(";", ROWS)),
        ("a.csv", csv_of(";", ROWS).decode().encode("cp1252")),
        ("a.tsv", csv_of("\t", ROWS).decode().encode("utf-16")),
        ("A.TSV.GZ", gzip.compress(csv_of("\t", ROWS))),
        ("a.csv.zst", zstandard.compress(csv_of(",", ROWS))),
    ],
)
def test_kinds_of_table_give_the_same_articles(name: str, content: bytes) -> None:
    content = content.removeprefix(b"\n" + codecs.BOM_UTF8)
    write(name, content)
    inputs = Inputs([name])
    items = [item for item in inputs if isinstance(item, Document)]
    assert [(d.id, d.title, d.data.decode()) for d in items] == [
        (row["id"], row["title"], row["text"]) for row in ROWS
    ]
    assert (inputs.done_bytes, inputs.total_bytes) == (len(content), len(content))


def test_parquet_gives_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {**row, "date": day, "pubdate": 1}
        for row, day in zip(ROWS, ["2024-05-06"] * 3, strict=True)
    ]
    table = pa.Table.from_pylist([*rows, {"id": None, "text": None}, {"id": "x", "text": " "}])
    parquet.write_table(table, "a.parquet")
    items = list(Inputs(["a.parquet"]))
    assert [getattr(d, "id", None) for d in items[:3]] == ["n-0", "n-1", "n-2"]
    assert {getattr(d, "date", None) for d in items[:3]} == {"2024-05-06"}
    assert items[3:] == [
        Failure(where="a.parquet:4", reason="column 'text' holds nothing, not a text"),
        Failure(where="a.parquet:5", reason="empty: there is no text to tag"),
    ]


def test_parquet_types_are_taken_for_what_they_say() -> None:
    columns = {
        "id": pa.array([7, None]),
        "date": pa.array([1_700_000_000_000_000_001, None], pa.timestamp("ns")),
        "source": pa.array([["a"], None]),
        "text": pa.array([TEXT, TEXT]).dictionary_encode(),
    }
    parquet.write_table(pa.table(columns), "a.parquet")
    first, second = documents("a.parquet")
    assert (first.id, first.date, first.source) == ("7", "2023-11-14", None)
    assert (second.id, second.date) == ("a.parquet:2", None)
    broken = pa.array([TEXT.encode(), b"\xff\xfe", TEXT.encode()], pa.binary())
    parquet.write_table(pa.table({"text": broken}), "b.parquet")
    assert outcomes_of("b.parquet") == [
        "b.parquet:1",
        "b.parquet:2: text that is not UTF-8",
        "b.parquet:3",
    ]
    parquet.write_table(pa.table({"text": pa.array([1.5])}), "c.parquet")
    parquet.write_table(pa.table({"text": pa.array([], pa.string())}), "d.parquet")
    write("e.parquet", "PAR1 not PAR1")
    assert [
        re.sub(r"lost: .*", "lost", line)
        for line in outcomes_of("c.parquet", "d.parquet", "e.parquet")
    ] == [
        "c.parquet: column 'text' holds double, not texts: see --text-column",
        "d.parquet: no row in it",
        "e.parquet: broken Parquet data, what follows is lost",
    ]


def test_columns_are_taken_by_name_when_asked() -> None:
    write("a.csv", "texte;corps;ref;chapo\r\nfaux;vrai;r1;t1\r\n")
    (document,) = documents("a.csv", text_column="Corps", id_column="ref", title_column="chapo")
    assert (document.data, document.id, document.title) == (b"vrai", "r1", "t1")
    for setting in ("text_column", "id_column", "title_column"):
        assert outcomes_of("a.csv", **{setting: "body"}) == [
            "a.csv: no column 'body'; its columns: 'texte', 'corps', 'ref', 'chapo'"
        ]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet"])
def test_table_without_a_text_column_is_one_failure_with_its_columns(name: str) -> None:
    rows = [{"nom\n": "x", "html_brut": "y"}] * 3
    if name == "a.parquet":
        parquet.write_table(pa.Table.from_pylist(rows), name)
    else:
        write(name, jsonl(rows) if name == "a.jsonl" else csv_of(",", rows))
    assert outcomes_of(name) == [
        f"{name}: no column of text: name it with --text-column; its columns: 'nom\\n', 'html_brut'"
    ]


def test_rows_of_json_without_a_text_fail_alone_when_others_have_one() -> None:
    write("a.jsonl", jsonl([{"kind": "head"}, {"text": TEXT}, {"note": 1}]))
    first, second, third = outcomes_of("a.jsonl")
    assert first.startswith("a.jsonl:1: no column of text")
    assert second == "a.jsonl:2"
    assert third.startswith("a.jsonl:3: no column of text")


def test_stand_off_labels_have_no_text() -> None:
    line = (ROOT / "labels" / "press.jsonl").read_bytes().split(b"\n")[0]
    write("a.jsonl", line)
    (outcome,) = outcomes_of("a.jsonl")
    assert outcome.startswith("a.jsonl: no column of text")


BAD_JSON = [
    (b'{"text": "a"', "not JSON: Expecting ',' delimiter, character 1"),
    (b'["a"]', "not an object"),
    (b'{"text": null}', "column 'text' holds nothing, not a text"),
    (b'{"text": NaN}', "column 'text' holds a number, not a text"),
    (b'{"text": 12}', "column 'text' holds a number, not a text"),
    (b'{"text": true}', "column 'text' holds true or false, not a text"),
    (b'{"text": ["a"]}', "column 'text' holds a list, not a text"),
    (b'{"text": {"a": 1}}', "column 'text' holds an object, not a text"),
    (b'{"text": " \\n "}', "empty: there is no text to tag"),
    (b'{"text": "a\\ud800"}', "half a surrogate pair in the text, '\\ud800'"),
    (b'{"text": "\xff\xc3"}', "not UTF-8, as the lines before it are"),
    (b'{"text": "a\0"}', "not text: it holds binary data"),
    (b'{"text": ' + b"[" * 200_000, "JSON nested too deep"),
    (b'{"text": ' + b"1" * 5000 + b"}", "not JSON: too large a number"),
    (b'{"text": "' + b"a" * MAX_ROW_BYTES + b'"}', "a row larger than 15 MB"),
]


@pytest.mark.parametrize(("row", "reason"), BAD_JSON, ids=[reason for _, reason in BAD_JSON])
def test_bad_row_of_json_fails_alone(row: bytes, reason: str) -> None:
    good = jsonl([{"text": TEXT}])
    write("a.jsonl", good + row + b"\n" + good)
    first, second, third = outcomes_of("a.jsonl")
    assert (first, third) == ("a.jsonl:1", "a.jsonl:3")
    assert second.startswith(f"a.jsonl:2: {reason}")


def test_odd_ids_and_titles_can_be_written() -> None:
    write(
        "a.jsonl",
        b'{"id": "a\\ud800", "title": "b\\udc00", "text": "c"}\n{"id": true, "text": "c"}',
    )
    first, second = documents("a.jsonl")
    assert (first.id, first.title, second.id) == ("a\\ud800", "b\\udc00", "a.jsonl:2")


def test_ids_met_twice_are_kept() -> None:
    write("a.jsonl", jsonl([ROWS[0], ROWS[0]]))
    assert ids("a.jsonl") == ["n-0", "n-0"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('id,text\n1,"a\n2,b\n', ["a.csv:2: a quote that is never closed"]),
        ("id,text\n1,a,b\n2\n3,c\n", ["a.csv:2: 3 cells, but", "a.csv:3: 1 cells, but", "3"]),
        ('id,text\n1,"Le "Port" dit,\net, puis"\n2,b\n', ["a.csv:2: a quote within", "2"]),
        ('id,text\n1,"a\n\nb, ""c"""\n2,b\n', ["1", "2"]),
        ("id,text\n1,a\0b\n2,b\n", ["a.csv:2: not text: it holds binary", "2"]),
        (b"id,text\n1,\xe9\n2,\x81\xe9\n3,\xc3\xa9\n4,\xe9\n5,a\n",
         ["1", "a.csv:3: not UTF-8 nor Windows-1252", "3", "a.csv:5: not UTF-8, as", "5"]),
        ("text,text\na,\n", ["a.csv:2"]),
        ("id;text\r1;a\r", ["a.csv: lines end in a lone carriage return"]),
        ("", ["a.csv: empty"]),
        ("\n\n", ["a.csv: empty"]),
        ("id,text\n", ["a.csv: no row under its header"]),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\x03", ["a.csv: not a table: it holds binary data"]),
        (codecs.BOM_UTF16_LE + b"a", ["a.csv: not UTF-16, as its first bytes say"]),
        (f"id,text\n1,{'a' * 200_000}\n", ["1"]),
    ],
)  # fmt: skip
def test_bad_row_of_csv_fails_alone(content: str | bytes, expected: list[str]) -> None:
    write("a.csv", content)
    limit = csv.field_size_limit()
    outcomes = outcomes_of("a.csv")
    assert len(outcomes) == len(expected)
    for line, start in zip(outcomes, expected, strict=True):
        assert line.startswith(start)
    assert csv.field_size_limit() == limit


def test_row_of_csv_that_is_too_large_is_passed_over_to_its_end() -> None:
    cell = (b"a, b " * 1000 + b"\n") * (MAX_ROW_BYTES // 4000)
    write("a.csv", b'id,text\n1,"' + cell + b'"\n2,b\n' + b"c" * (MAX_ROW_BYTES + 9) + b"\n3,d\n")
    first, second, third, fourth = outcomes_of("a.csv")
    assert first.startswith("a.csv:2: a row larger than 15 MB")
    assert re.match(r"a.csv:\d+: a row larger than 15 MB", third)
    assert (second, fourth) == ("2", "3")


def test_tabs_without_quoting_keep_their_quotes() -> None:
    write("a.tsv", 'id\ttext\n1\t"Oui", dit-il\n2\t"quoted ""twice"""\n3\t"Non\n4\tb\n5\ta\tb\n')
    items = list(Inputs(["a.tsv"]))
    assert [d.data for d in items if isinstance(d, Document)] == [
        b'"Oui", dit-il',
        b'quoted "twice"',
        b'"Non',
        b"b",
    ]
    assert items[-1] == Failure(where="a.tsv:6", reason="3 cells, but the header has 2")


def test_list_in_json_is_one_failure() -> None:
    write("a.jsonl", json.dumps(ROWS, indent=1))
    (outcome,) = outcomes_of("a.jsonl")
    assert outcome.startswith("a.jsonl: a list in JSON over several lines")
    write("b.jsonl", b" \n")
    assert outcomes_of("b.jsonl") == ["b.jsonl: empty: there is no article in it"]


def test_page_in_a_cell_is_told_from_its_start() -> None:
    page = f"<!doctype html><body><h1>Accord</h1><p>{TEXT * 5}</p></body>"
    write("a.jsonl", jsonl([{"text": page}]))
    (document,) = documents("a.jsonl")
    assert parse_article(document.data, id=document.id, form=document.form).extracted


# Packed files


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
