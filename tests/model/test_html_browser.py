"""The report of a batch in a browser: what it shows, and that nothing in the data runs."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from depeche.model.outputs.html import CHUNK

if TYPE_CHECKING:
    from playwright.sync_api import Page

from made_pages import (
    HOSTILE,
    MODEL,
    SCHEMA,
    Open,
    browser_tab,
    click,
    expect_rows,
    make_record,
    opener,
    twelve,
)
from made_schemas import make_schema


@pytest.fixture(scope="module")
def tab() -> Iterator["Page"]:
    with browser_tab() as page:
        yield page


@pytest.fixture
def open_page(tab: "Page", tmp_path: Path) -> Iterator[Open]:
    with opener(tab, tmp_path) as open_:
        yield open_


def test_nothing_hostile_runs_and_all_of_it_is_shown(open_page: Open) -> None:
    shown = HOSTILE.replace("\ud800", "\ufffd")
    record = make_record(
        SCHEMA,
        [HOSTILE],
        {"t": "t0", "s": "s0"},
        **dict.fromkeys(("id", "title", "author", "site", "source", "date", "note"), HOSTILE),
        language="<b>xx</b>",
        skipped=[{"start": 9, "end": 10, "kind": HOSTILE, "text": HOSTILE}],
        model=MODEL | dict.fromkeys(("name", "version", "sha256"), HOSTILE),
    )
    pairs = [[HOSTILE, 1.0], ["<script>", -0.5], ["(", 0.1], ["", 0.1], ["absent <b>", 0.3]]
    record["paragraphs"][0]["evidence"] = {"t0": pairs}
    other = make_record(SCHEMA, ["p"], {"s": "s1"}, id="b.txt")
    page = open_page([record, other], title=HOSTILE)
    for fragment in (
        "#vue=articles&source=%3Cscript%3E&date=abcdefg&labels=%3Cb%3E&article=%3Cb%3E",
        "",
    ):
        page.goto(page.url.partition("#")[0] + fragment)
        page.locator(".count").wait_for()
    page.goto(page.url.partition("#")[0] + "#article=1")
    click(page.get_by_text("Lignes écartées"))
    page.locator(".skipped").wait_for()
    for place in ("#article-title", ".passage:not(.skipped) .text", ".skipped .text"):
        text = page.locator(place).evaluate("e => e.textContent.toWellFormed()")
        assert text == shown
    assert page.locator("h1").text_content() == HOSTILE.encode("utf-8", "replace").decode()
    assert page.locator("mark").count() >= 1
    page.locator("mark").first.focus()
    assert "absent <b> +0,30" in (page.locator("#article").text_content() or "")
    assert page.locator("main :is(img, script, a, iframe), svg[onload]").count() == 0
    assert page.evaluate("window.pwned") is None


@pytest.mark.parametrize("pairs", [[["mot", 1.0]], [["un mot", 1.0], ["mot", 0.5], ["un", 0.4]]])
def test_words_that_stand_very_often_are_marked_at_once(
    open_page: Open, pairs: list[list[Any]]
) -> None:
    n = 160_000 // len(pairs)
    record = make_record(SCHEMA, ["un mot " * n], {"t": "t0", "s": "s0"})
    record["paragraphs"][0]["evidence"] = {"t0": pairs}
    page = open_page([record], fragment="#article=1&q=mot")
    page.get_by_text("Au-delà des 2\u202f000 premiers, ").wait_for()
    assert page.locator("mark").count() == 2000
    assert page.locator(".text").text_content() == "un mot " * n


def test_totals_times_and_sources_are_right(open_page: Open) -> None:
    page = open_page(twelve(), n_failed=2)
    facts = page.locator("#facts").inner_text()
    assert "12 articles · 24 paragraphes · 2 échecs" in facts
    assert "essai 1.2 abababababab" in facts
    row = page.locator("#totals tr", has_text="Nom t0")
    assert row.locator("td.number").all_text_contents()[:3] == ["4", "33,3\xa0%", "8"]
    assert page.locator("#time .chart").count() == 7
    click(page.locator("#time summary").first)
    assert page.locator("#time table tbody tr").count() == 12
    chart = page.locator("#time svg[role=img]").first
    chart.focus()
    page.keyboard.press("ArrowRight")
    value = page.locator("#time .volume .value")
    assert value.text_content() == "janv. 2024 · 1"
    page.keyboard.press("Enter")
    page.get_by_text("1 sur 12 articles").wait_for()
    assert "date=2024-01" in page.url
    click(page.get_by_role("button", name="Effacer les filtres"))
    cells = page.locator("#sources tbody tr").first.locator("th, td").all_text_contents()
    assert cells[:3] == ["dossier0", "6", "33,3\xa0%"]
    click(page.locator("#sources tbody button", has_text="dossier1"))
    page.get_by_text("6 sur 12 articles").wait_for()
    page.go_back()
    page.get_by_text("12 articles", exact=True).wait_for()


def test_filters_and_order_choose_the_list_and_the_address_keeps_them(open_page: Open) -> None:
    page = open_page(twelve(), fragment="#vue=articles")
    expect_rows(page, [f"Titre {i}" for i in range(11, -1, -1)])
    click(page.locator(".filters button", has_text="Nom t0"))
    expect_rows(page, ["Titre 9", "Titre 6", "Titre 3", "Titre 0"])
    page.locator(".order select").select_option("oldest")
    expect_rows(page, ["Titre 0", "Titre 3", "Titre 6", "Titre 9"])
    page.locator(".pick", has_text="Source").locator("select").select_option(label="dossier1")
    expect_rows(page, ["Titre 3", "Titre 9"])
    page.locator(".pick", has_text="Date").locator("select").select_option(label="avr. 2024")
    expect_rows(page, ["Titre 3"])
    page.reload()
    expect_rows(page, ["Titre 3"])
    page.go_back()
    expect_rows(page, ["Titre 3", "Titre 9"])
    click(page.get_by_role("button", name="Effacer les filtres"))
    click(page.locator(".filters button", has_text="aucun"))
    click(page.locator(".filters button", has_text="Nom s1"))
    expect_rows(page, ["Titre 1", "Titre 4", "Titre 7", "Titre 10"])
    click(page.locator(".filters button", has_text="à relire"))
    page.get_by_text("Aucun article ne répond").wait_for()


def test_several_labels_are_one_or_the_other_or_all_together(open_page: Open) -> None:
    both = make_record(SCHEMA, ["p"], {"t": "t0", "s": "s0"}, id="both")
    both["t"].append({"label": "t1", "score": 0.6, "share": 1.0, "paragraphs": [0]})
    one = make_record(SCHEMA, ["p"], {"t": "t1", "s": "s0"}, id="one")
    page = open_page([both, one], fragment="#vue=articles&labels=t0,t1&tri=input")
    expect_rows(page, ["both", "one"])
    click(page.get_by_role("button", name="l’un ou l’autre"))
    expect_rows(page, ["both"])


def test_search_finds_words_whatever_accents_in_titles_and_in_texts(open_page: Open) -> None:
    page = open_page(twelve(), fragment="#vue=articles")
    page.keyboard.press("/")
    page.keyboard.type('"TITRE 1"')
    expect_rows(page, ["Titre 11", "Titre 10", "Titre 1"])
    for query, in_texts, titles in (
        ("oeuvre numero7", False, []),
        ("oeuvre numero7", True, ["Titre 7"]),
        ('"de l\'oeuvre : numero7" ete', True, ["Titre 7"]),
        ('"mer. un"', True, []),
        ("uvre numero7", True, []),
        ("( titre", True, []),
    ):
        page.locator("#in-texts").set_checked(in_texts)
        page.locator("#search").fill(query)
        page.keyboard.press("Enter")
        expect_rows(page, titles)
    click(page.get_by_role("button", name="Effacer les filtres"))
    page.locator(".row").nth(11).wait_for(state="attached")


def test_articles_are_read_by_keyboard_and_say_how_to_get_evidence(open_page: Open) -> None:
    page = open_page(twelve(), fragment="#vue=articles")
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    title = page.locator("#article-title")
    title.get_by_text("Titre 10", exact=True).wait_for()
    assert "--explain" in page.locator("#article .tools").inner_text()
    page.keyboard.press("j")
    title.get_by_text("Titre 9", exact=True).wait_for()
    page.keyboard.press("Escape")
    title.wait_for(state="hidden")
    page.go_back()
    title.get_by_text("Titre 9", exact=True).wait_for()


def test_articles_of_later_blocks_open_and_are_found(open_page: Open) -> None:
    n = 2 * CHUNK + 1
    records = [make_record(SCHEMA, [f"texte{i}."], {"s": "s0"}, id=f"a{i}") for i in range(n)]
    for i in (CHUNK - 1, CHUNK, n - 1):
        page = open_page(records, fragment=f"#article={i + 1}")
        assert page.locator("#article .text").text_content() == f"texte{i}."
        page = open_page(records, fragment=f"#vue=articles&q=texte{i}.&textes=1")
        expect_rows(page, [f"a{i}"])


def test_evidence_is_marked_where_the_words_stand(open_page: Open) -> None:
    text = "L’arme nucléaire. Les armes,\nl'ARME nucléaire ; désarmement, arme… gou-\nvernement"
    record = make_record(SCHEMA, [text, "Autre."], {"t": "t1", "s": "s0"}, title="Titre")
    first, second = record["paragraphs"]
    pairs = [["arme nucléaire", 1.5], ["arme", 0.2], ["armes, l", -0.7], ["gouvernement", 0.31]]
    first |= {"evidence": {"t1": pairs, "s0": [["Les", 0.9]]}, "review": ["t1", "t2"]}
    second["evidence"] = {"t1": [], "s0": []}
    record["skipped"] = [{"start": 1, "end": 2, "kind": "heading", "text": "Un intertitre"}]
    page = open_page([record], fragment="#article=1")
    assert page.locator("mark").all_text_contents() == [
        *("arme nucléaire", "armes,\nl", "ARME nucléaire", "arme"),
    ]
    assert page.locator("mark.con").all_text_contents() == ["armes,\nl"]
    page.locator("mark").first.focus()
    assert page.locator(".tip").text_content() == "+1,50 pour « Nom t1 »"
    assert page.locator(".passage .note").all_text_contents() == ["Aussi : gouvernement +0,31"]
    asked = page.locator(".passage .chip.asked").all_text_contents()
    assert [re.sub(r"\s", " ", text) for text in asked] == [
        "Nom t180 %à relire",
        "Nom t210 %à relire",
    ]
    click(page.locator(".choices button", has_text="Nom s0"))
    assert page.locator("mark").all_text_contents() == ["Les"]
    click(page.locator(".choices button", has_text="aucun"))
    assert page.locator("mark").count() == 0
    assert page.locator(".skipped").count() == 0
    click(page.get_by_text("Lignes écartées"))
    passages = page.locator(".passage .text").all_text_contents()
    assert passages == [text, "Un intertitre", "Autre."]


@pytest.mark.parametrize(
    ("dimensions", "label"),
    [
        ({"r": ("single", 6)}, "r5"),
        ({"t": ("multi", 20)}, "t19"),
        pytest.param(
            {"a": ("multi", 1), "b": ("single", 2), "c": ("multi", 9)},
            "c8",
            marks=pytest.mark.slow,
        ),
    ],
    ids=["one single dimension", "twenty labels", "three dimensions"],
)
def test_any_schema_works(
    dimensions: dict[str, tuple[str, int]], label: str, open_page: Open
) -> None:
    schema = make_schema(dimensions)
    labels: dict[str, str | None] = {d.id: d.label_ids[-1] for d in schema.dimensions}
    records = [
        make_record(schema, ["p"], labels, id=f"{i}", date=f"2024-01-0{i + 1}") for i in range(3)
    ]
    page = open_page(records, schema)
    assert page.locator("#totals .card").count() == len(dimensions)
    click(page.locator("#totals button", has_text=f"Nom {label}"))
    page.get_by_text("3 articles", exact=True).wait_for()
    click(page.get_by_role("button", name="Articles", exact=True))
    expect_rows(page, ["2", "1", "0"])
    click(page.locator(".row").first)
    page.locator(".article-labels", has_text=f"Nom {label}").wait_for()


@pytest.mark.parametrize("records", [[], [make_record(SCHEMA, ["p"], {"s": "s0"})]])
def test_nothing_known_of_articles_or_no_article_at_all(
    records: list[dict[str, Any]], open_page: Open
) -> None:
    page = open_page(records)
    page.get_by_text("1 article" if records else "0 article", exact=True).wait_for()
    click(page.get_by_role("button", name="Articles", exact=True))
    expect_rows(page, ["a.txt"] if records else [])
    if records:
        page.keyboard.press("k")
        page.keyboard.press("Enter")
        page.locator("#article-title").wait_for()
        assert "sans date · sans source" in page.locator("#article").inner_text()
