"""Reading and tagging take ten times as long for ten times the text, whatever it is made of."""

import io
import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from depeche import load_model
from depeche.labels.errors import InputError
from depeche.model.inputs.columns import ColumnNames
from depeche.model.inputs.documents import Document
from depeche.model.inputs.inputs import read_file
from depeche.model.reading.pages.html import read_html
from depeche.model.reading.reader import FORMS, MAX_BYTES, RawArticle, parse_article, parse_articles
from depeche.model.tagging import SHIPPED

MODEL = load_model(SHIPPED)
SIZE, TENTH = 320_000, 32_000  # bytes
MOST_GROWTH, MOST_S = 14, 4
FLOOR_S = 0.06  # of CPU: what is fixed for any article, and what a busy machine adds
N_TEXTS = 200
FORMS_READ = ("txt", "md", "html", "jsonl", "rows")  # rows: lines of JSON that are none
P = (
    "Le ministre des Affaires étrangères a annoncé lundi un accord de coopération avec la Russie "
    "sur les sanctions et les armes. "
)
ARTICLE = [
    P.strip(),
    "Les deux pays signeront vendredi à Paris un traité qui prévoit des livraisons de blé.",
    "L’opposition a dénoncé un texte négocié en secret et demande un débat au Parlement en juin.",
]
STARTS = (
    "", "", P, f"{P}\n", "# Titre\n\n", "---\ntitle: a\n", "<!--", "```\n", '"', "«",
    "<html><head>", "<!doctype html>", f"<!doctype html><html><body><article><p>{P}</p>",
    f"{P * 3}\n{P[:60].strip()}\n{P[3:63].strip()}\n",
)  # fmt: skip
PUMPS = (
    " ", "\n", "\t", "\r\n", "\r", "\x0c", "\x1c", "\x85", "\u2028", "\u00ad", "\u200b", "\x01",
    "a", "A", "É", "e\u0301", "😀", "日本", "العربية ", "1", "12", "1.", "12/12/2012",
    "12 mars 2024 ", ".", "…", ". ", ",", "!", "?", ":", ";", "-", "- ", "-\n", "—", "'", "’", '"',
    "«", "» ", "(", ")", "*", "_", "`", "```\n", "~", "[", "](", "[a](b)", "[a]: b\n", "![", "|",
    "|a|b|\n|-|-|\n", ">", "> ", "#", "# ", "\\", "\n- a", "\n> a", "\n    a", "\n1. a", "---\n",
    "===\n", "<", "<a", "<a href=", '<a href="', "</a>", "<p>", "</p>", "<p>a b</p>", "<br>",
    "<div>", "</div>", "<li>a", "<ul><li>", "<td>a", "<table><tr><td>", "<b>", "<h1>", "<article>",
    "<svg>", "<!--", "-->", "<!-- a -->", "<![CDATA[", "]]>", "<?php", "<script>", "<style>",
    "<title>", '<meta name="author" content="', '<script type="application/ld+json">',
    "<textarea>", "<pre>", "<select><option>", "</body>", "</html>", "&", "&amp;", "&#", "&#233;",
    "&lt;", "{", "}", '{"a":', '"author":', "\\n", "\\u00e9", '\\"', "lire aussi", "À lire : ",
    ". Lire aussi : ", "http://", "www.", "@", "a@b.fr", "title: ", "Publié le ", "Partager ",
    "page 1\n", "mot ", P, "Jean Dupont ", "MOT ", "A. ", "x" * 50,
)  # fmt: skip
ENDS = ("", "", " fin", f"\n{P}", "</p></article></body></html>", ">", '"', "<", "\n---\n", "}")


def grown(parts: tuple[str, str, str], size: int) -> str:
    start, pump, end = parts
    return start + pump * (size // len(pump.encode())) + end


def documents(text: str, form: str) -> list[RawArticle]:
    """Return what the inputs give of a text in a form."""
    row = json.dumps({"id": "a", "text": text}) + "\n" if form == "jsonl" else text
    name = f"x.{'jsonl' if form == 'rows' else form}"

    @contextmanager
    def opened(path: str, packing: str | None) -> Iterator[io.BufferedReader]:
        yield io.BufferedReader(io.BytesIO(row.encode()))

    read = [d for d in read_file(name, ColumnNames(), opened) if isinstance(d, Document)]
    return [RawArticle(d.data, d.id, d.form) for d in read]


def cpu(parts: tuple[str, str, str], form: str, size: int) -> float:
    """Return the seconds that reading and tagging take."""
    text = grown(parts, size)
    start = time.process_time()
    articles = parse_articles(documents(text, form))
    MODEL.records([article for article in articles if not isinstance(article, InputError)])
    return time.process_time() - start


def check_growth(parts: tuple[str, str, str], form: str) -> None:
    long = cpu(parts, form, SIZE)
    if long > MOST_GROWTH * FLOOR_S:
        long = min(long, cpu(parts, form, SIZE))
        short = min(cpu(parts, form, TENTH) for _ in range(3))
        assert long <= MOST_GROWTH * max(short, FLOOR_S), (parts, form, short, long)
    assert long <= MOST_S, (parts, form, long)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS_READ)
def test_generated_text_takes_ten_times_as_long_at_ten_times_its_size(form: str) -> None:
    cpu(("", P, ""), "html", 2000)  # what is loaded once
    rng = random.Random(form)
    for pump in PUMPS:
        check_growth((rng.choice(STARTS), pump, rng.choice(ENDS)), form)
    for _ in range(N_TEXTS):
        pump = "".join(rng.choices(PUMPS, k=rng.choice([1, 2, 2, 3])))
        check_growth((rng.choice(STARTS), pump, rng.choice(ENDS)), form)


def page(head: str = "", body: str = "") -> str:
    article = f"<article>{''.join(f'<p>{text}</p>' for text in ARTICLE)}</article>"
    return f"<!doctype html><html><head>{head}</head><body>{body}{article}</body></html>"


def data(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script>'


NEWS = '{"@context":"https://schema.org","@type":"NewsArticle",'
# What each is of n characters.
PAGES: dict[str, Callable[[int], str]] = {
    "author of brackets": lambda n: page(f'<meta name="author" content="{"(" * n}">'),
    "author of braces, in JSON": lambda n: page(data(f'{NEWS}"author":"{"{" * n}"}}')),
    "authors in broken JSON": lambda n: page(data(NEWS + '"author":' * (n // 9))),
    "persons in broken JSON": lambda n: page(data(NEWS + '"Person"' * (n // 8))),
    "quotes in broken JSON": lambda n: page(data(f'{NEWS}"name":"' + '\\"' * (n // 2))),
    "types in broken JSON": lambda n: page(data(NEWS + '"@type":"WebPage",' * (n // 18))),
    "nested JSON": lambda n: page(data("[" * n)),
    "cells": lambda n: page(body="<table><tr>" + "<td>a" * (n // 5) + "</table>"),
    "items": lambda n: page(body="<li>a" * (n // 5)),
    "paragraphs": lambda n: page(body="<p>a b</p>" * (n // 10)),
    "standfirsts": lambda n: page(body="<article><header>" * 100 + "<p>a" * (n // 4)),
    "depth": lambda n: page(body="<div>" * (n // 5)),
    "depth with other ends": lambda n: page(body="<svg></p>" * (n // 9)),
    "attributes": lambda n: page(body=f"<a {' '.join(f'a{i}=1' for i in range(n // 9))}>b</a>"),
    "a long attribute": lambda n: page(body=f'<a href="{"x" * n}">b</a>'),
    "comments first": lambda n: "<!-- a -->" * (n // 10) + page(),
    "unclosed comments": lambda n: "<!--" * (n // 4) + page(),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_crafted_page_takes_ten_times_as_long_at_ten_times_its_size(name: str) -> None:
    def seconds(size: int) -> float:
        made = PAGES[name](size)
        start = time.process_time()
        parse_articles([RawArticle(made.encode(), "x", "html")])
        return time.process_time() - start

    seconds(2000)
    for size in (32_000, 320_000):
        long, short = seconds(size), min(seconds(size // 10) for _ in range(3))
        assert long <= MOST_GROWTH * max(short, FLOOR_S), (size, short, long)


@pytest.mark.parametrize("n", [30, 3000])
def test_text_with_comments_before_it_is_read(n: int) -> None:
    text = "<!-- wp:paragraph -->\n" * n
    assert parse_article(f"{text}{P}".encode(), id="x").text.strip().endswith("armes.")
    article = parse_article(f"{text}{page()}".encode(), id="x")
    assert article.extracted
    assert [p.text for p in article.paragraphs] == ARTICLE


@pytest.mark.parametrize(
    "head",
    [
        f'<meta name="author" content="{"(" * 5000}">',
        data(NEWS + '"author":' * 5000),
        data(f'{NEWS}"author":"{"[" * 5000}"}}'),
        data("[" * 100_000),
    ],
)
def test_absurd_data_of_a_page_is_left_out_and_its_article_and_title_are_read(head: str) -> None:
    read = read_html(page(head + '<meta property="og:title" content="Un accord">'))
    assert read is not None
    assert [text for text, _ in read.blocks] == ARTICLE
    assert (read.title, read.author) == ("Un accord", None)


@pytest.mark.parametrize("text", ["[1]", '{"@context":"https://schema.org","@graph":[1]}'])
def test_data_of_other_types_than_expected_ends_in_an_article(text: str) -> None:
    article = parse_article(page(data(text)).encode(), id="x", form="html")
    assert P.strip() in article.text


@pytest.mark.parametrize("n", [300, 1500, 15_000])
def test_page_too_deep_for_a_tree_is_read_whole_and_says_so(n: int) -> None:
    html = f"<html><body>{'<div>' * n}<p>{P}</p>{'</div>' * n}<p>{P}</p></body></html>"
    article = parse_article(html.encode(), id="x", form="html")
    assert [p.text for p in article.paragraphs] == [P.strip()] * 2
    assert article.note is not None


@pytest.mark.parametrize("mark", ["*a* ", "[a](b) ", "`a` ", "<b> ", "&amp; "])
def test_too_much_markdown_is_read_as_plain_text_and_says_so(mark: str) -> None:
    few, many = (
        parse_article((P + mark * n).encode(), id="x", form="markdown") for n in (9, 21_000)
    )
    assert few.note is None
    assert few.extracted
    assert many.note is not None
    assert not many.extracted
    assert many.text == P + mark * 21_000


def test_reference_to_a_character_of_thousands_of_digits_is_read() -> None:
    article = parse_article(f"{P}&#{'9' * 5000}; fin".encode(), id="x")
    assert article.paragraphs[0].flowed == f"{P}\ufffd fin"


def test_largest_page_of_one_tag_is_read_or_refused_in_one_line() -> None:
    html = f"<html><body><p>{P}</p><a {'b' * (MAX_BYTES - 1000)}"
    assert P.strip() in parse_article(html.encode(), id="x", form=FORMS[".html"]).text
