"""Bytes of a file become an article: encodings, kinds of lines, offsets, refusals."""

import codecs
import json
from pathlib import Path

import pytest
from conftest import ROOT, SEEDS
from hypothesis import given
from hypothesis import strategies as st

from depeche.labels.errors import InputError
from depeche.model.reading.reader import MAX_BYTES, Form, parse_article, read_article
from depeche.model.reading.wrapping import LONGEST

LONG = (
    "Le ministre a reçu son homologue pour parler de la paix dans la région, a indiqué le palais. "
)
SEED_LINES = [
    json.loads(line) for line in (ROOT / "labels" / "seeds.jsonl").read_text().splitlines()
]


@pytest.mark.parametrize("path", sorted(SEEDS.glob("*.txt")), ids=lambda path: path.name[:3])
def test_seeds_are_read_as_they_are_marked(path: Path) -> None:
    marked = [(r["text"], r["kind"]) for r in SEED_LINES if r["article"] == path.name]
    assert [(p.text, p.kind) for p in read_article(path).passages] == marked


def test_title_is_found_and_a_page_without_one_has_none() -> None:
    titled = read_article(SEEDS / "004_f09b997ef4421a0e.txt")
    assert (
        titled.title
        == "La Corée du Nord «\u00a0sera toujours aux côtés de la Russie\u00a0», Kim Jong Un"
    )
    assert read_article(SEEDS / "000_b367d460ec9ad0bd.txt").title is None


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (LONG.encode(), "utf-8"),
        (codecs.BOM_UTF8 + LONG.encode(), "utf-8"),
        (LONG.encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + LONG.encode("utf-16-be"), "utf-16"),
        (LONG.encode("cp1252"), "cp1252"),
    ],
)
def test_encodings_of_french_files_are_told_apart(data: bytes, encoding: str) -> None:
    article = parse_article(data, id="x")
    assert (article.text, article.encoding) == (LONG, encoding)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "x: empty"),
        (b" \n\t\n", "x: empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "x: not a text file"),
        (bytes(range(128, 256)) * 9, "x: not UTF-8 nor Windows-1252"),
        (codecs.BOM_UTF16_LE + b"a", "x: not utf-16"),
        (b"a" * (MAX_BYTES + 1), "x: larger than 10 MB"),
        ("Publicité\nLire aussi : Le port rouvre".encode(), "x: no paragraph of an article"),
    ],
)
def test_what_is_no_article_is_refused_with_its_reason(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_article(data, id="x")


def test_short_note_is_an_article() -> None:
    assert [p.text for p in parse_article(b"Paris a sign\xc3\xa9.", id="x").paragraphs] == [
        "Paris a signé."
    ]


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
@pytest.mark.parametrize(
    ("line", "end"), [(LONG, "palais."), (LONG.replace(".", ""), ""), ("x" * 90, "x")]
)
def test_line_longer_than_any_paragraph_is_cut_and_loses_nothing(
    line: str, end: str, form: Form
) -> None:
    n = 3 * LONGEST // len(line)
    data = (
        f"<html><body><article><p>{line * n}</p></article></body></html>" if form == "html" else ""
    )
    article = parse_article((data or line * n).encode(), id="x", form=form)
    passages = article.passages
    assert all(0 < len(p.text) <= LONGEST for p in passages)
    assert all(p.text.endswith(end) for p in passages)
    assert " ".join(p.text for p in passages).replace(" ", "") == (line * n).replace(" ", "")
    assert all(article.text[p.start : p.end] == p.text for p in passages)


@given(
    st.lists(
        st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Z"]), max_size=30)
        | st.sampled_from([LONG, "Publicité", "\r", "\u2028", "\ufeff", "- a"]),
        max_size=8,
    ),
    st.sampled_from(["\n", "\r\n", "\n\n"]),
)
def test_offsets_give_each_passage_and_nothing_is_lost(lines: list[str], newline: str) -> None:
    data = (LONG + newline + newline.join(lines)).encode()
    article = parse_article(data, id="x")
    end = 0
    for passage in article.passages:
        assert article.text[passage.start : passage.end] == passage.text == passage.text.strip()
        assert not article.text[end : passage.start].strip("> \t\r\n\u2028\u2029")
        end = passage.end
    assert not article.text[end:].strip("> \t\r\n\u2028\u2029")  # mail quotes with >
