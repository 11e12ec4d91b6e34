"""Cells of CSV: no spreadsheet finds a formula in them, however it cuts, and import undoes it."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Classify, write_rows
from hypothesis import example, given
from hypothesis import strategies as st

from depeche.labels.formats.cells import format_cell, parse_cell
from depeche.model.outputs.rows import spreadsheet_cell

SIGNS = "=+-@＝＋－＠"
DIVIDERS = ";,|\t\n\r"
# Words, and all that stands before a formula or makes a cell of it.
TEXTS = st.text() | st.text(alphabet=f"{SIGNS}{DIVIDERS}'\"\\ \xa0\u3000\u200b\ufeff\v\x85a1é()")
FORMULAS = [
    "=1+1",
    'Un accord;=HYPERLINK("http://e.invalid/?"&A1;"ouvrir")',
    "a,\t @SUM(1)",
    'a;"=1+1"',
    'a; "" =1',
    "a\n+1",
    "a\r\n-1",
    "a;\xa0＝1",
    "'=1;'=1;''-1",
    "x|=1",
    "\ufeff=1",
]
PLAIN = [
    "Le ministre a dit : « l'accord, signé lundi ; c'est-à-dire hier, à 10 h - ou presque ».",
    "d'accord, 'quoi' ; e = mc2, a+b, x@y.fr",
    "",
]


def pieces(line: str) -> Iterator[str]:
    """Yield what a spreadsheet may take for cells: cut at any divider, whatever the quotes say."""
    for piece in re.split(f"[{DIVIDERS}]", line):
        yield re.sub(r"^[\s\"\u200b\ufeff]+", "", piece)


def row_of(*cells: object) -> str:
    file = io.StringIO(newline="")
    csv.writer(file).writerow(cells)
    return file.getvalue()


@given(st.lists(TEXTS, min_size=1, max_size=3))
@example(FORMULAS)
def test_no_piece_of_a_row_begins_as_a_formula(texts: list[str]) -> None:
    line = row_of(*(spreadsheet_cell(text) for text in texts))
    assert not [piece for piece in pieces(line) if piece.startswith(tuple(SIGNS))]


@given(TEXTS)
def test_a_cell_gives_its_text_back(text: str) -> None:
    assert parse_cell(format_cell(text)) == text
    assert parse_cell(format_cell(format_cell(text))) == format_cell(text)


@pytest.mark.parametrize("text", FORMULAS)
def test_what_is_marked_gives_its_text_back(text: str) -> None:
    assert format_cell(text) != text
    assert parse_cell(format_cell(text)) == text


@pytest.mark.parametrize("text", PLAIN)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert format_cell(text) == text


def test_numbers_stay_numbers() -> None:
    assert [spreadsheet_cell(x) for x in (-3, -0.5, None)] == [-3, -0.5, None]


def test_exported_tables_run_nothing_and_are_imported_the_same(
    tmp_path: Path, classify: Classify
) -> None:
    labels = {"topics": ["space"], "stance": "neutral"}
    rows = [
        {"id": f"{n}{text}", "article": text, "text": text, **labels, "kind": "body"}
        | {"annotator": "=anne;-1", "source": text, "comment": text, "=odd;+": text}
        for n, text in enumerate([*FORMULAS, *filter(None, PLAIN)])
    ]
    mine = write_rows(tmp_path / "mine.jsonl", rows)
    for name, options in (("a.csv", ()), ("b.csv", ("--indicators",))):
        assert classify("export", mine, name, *options).returncode == 0
        table = (tmp_path / name).read_bytes().decode()
        assert not [piece for piece in pieces(table) if piece.startswith(tuple(SIGNS))]
        back = tmp_path / f"{name}.jsonl"
        assert classify("import", name, back).returncode == 0
        assert list(map(json.loads, back.read_text().split("\n")[:-1])) == rows


@pytest.mark.parametrize("options", [(), ("--paragraphs",)], ids=["articles", "paragraphs"])
def test_tagged_tables_run_nothing(
    tmp_path: Path, classify: Classify, options: tuple[str, ...]
) -> None:
    line = "Le ministre a annoncé lundi un accord de coopération militaire avec la Russie"
    rows: list[dict[str, object]] = [
        {"id": f"{n}{x}", "title": x, "source": x, "text": f"{line} ;{x}; et avec elle."}
        for n, x in enumerate(FORMULAS)
    ]
    write_rows(tmp_path / "in.jsonl", rows)
    assert classify("tag", "in.jsonl", "--output", "out.csv", *options).returncode == 0
    table = (tmp_path / "out.csv").read_bytes().decode("utf-8-sig")
    assert not [piece for piece in pieces(table) if piece.startswith(tuple(SIGNS))]
    assert "HYPERLINK" in table
