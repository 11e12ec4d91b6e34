"""Tables of articles: the document of each row, and why a row has none."""

import codecs
import csv
import gzip
import io
import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import zstandard
from conftest import ROOT
from made_inputs import ROWS, TEXT, documents, ids, jsonl, outcomes_of, write
from pyarrow import parquet

from depeche.model.inputs.documents import Document, Failure
from depeche.model.inputs.inputs import Inputs
from depeche.model.inputs.table_lines import MAX_ROW_BYTES
from depeche.model.reading.reader import parse_article


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


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
