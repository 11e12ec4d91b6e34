"""What is a paragraph, a heading, boilerplate: measured out of sample, and case by case."""

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

from depeche import load_model
from depeche.labels.errors import InputError
from depeche.model.reading.article import Article
from depeche.model.reading.line_kinds.classifier import load_kind_model, unit_kinds
from depeche.model.reading.line_kinds.features import unit_features
from depeche.model.reading.reader import parse_article, read_article
from depeche.model.reading.wrapping import split_units
from depeche.model.scoring.linear import LinearScorer
from depeche.model.tagging import SHIPPED
from depeche.train.line_kinds import (
    LINES,
    copy_trees,
    fit_trees,
    predict_out_of_fold,
    read_marked_articles,
    read_marked_lines,
    score_kinds,
)

HELD_OUT = ROOT / "tests" / "gold" / "lines.jsonl"
PAGES = sorted((ROOT / "tests" / "gold" / "pages").glob("*.html"))
LONG = (
    "Le ministre a reçu son homologue pour parler de la paix dans la région, a indiqué le palais "
    "dans un communiqué, sans donner de détails sur la suite des entretiens."
)


def text_of(article: Article) -> list[str]:
    return [" ".join(p.text.split()) for p in article.paragraphs]


def read(text: str) -> Article:
    return parse_article(text.encode(), id="x")


def test_lines_never_trained_on_keep_their_paragraphs_and_lose_their_boilerplate() -> None:
    texts = read_marked_lines(HELD_OUT)
    scores = score_kinds(texts, [unit_kinds(t.units, t.gaps) for t in texts])
    assert scores["n_body"] > 300
    assert scores["body_kept"] >= 0.99
    assert scores["boilerplate_removed"] >= 0.95


def test_marked_lines_are_of_twelve_kinds_of_sites() -> None:
    texts = read_marked_lines(HELD_OUT) + read_marked_lines(LINES)
    assert len(texts) >= 60
    assert len({t.site for t in texts}) == 12
    assert len({t.id for t in texts}) == len(texts)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*sklearn.utils.parallel.delayed")
def test_all_marked_lines_out_of_sample_are_above_the_floors() -> None:
    texts = [*read_marked_articles(), *read_marked_lines(LINES)]
    kinds = predict_out_of_fold(texts)
    held_out = read_marked_lines(HELD_OUT)
    kinds += [unit_kinds(t.units, t.gaps) for t in held_out]
    scores = score_kinds([*texts, *held_out], kinds)
    assert scores["body_kept"] >= 0.99
    assert scores["boilerplate_removed"] >= 0.95


@pytest.mark.filterwarnings("ignore:.*sklearn.utils.parallel.delayed")
def test_trees_score_as_scikit_learns_own() -> None:
    texts = read_marked_lines(HELD_OUT)
    trees = fit_trees(texts[:24])
    X = np.vstack([unit_features(t.units, t.gaps) for t in texts[24:]])
    ours = np.exp(copy_trees(trees).log_proba(X))
    assert ours == pytest.approx(trees.predict_proba(X), abs=1e-9)


def test_shipped_reader_holds_no_pickle() -> None:
    model = load_kind_model()
    assert model.feature.max() < unit_features([LONG], [True]).shape[1]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_saved_page_gives_its_paragraphs_in_order_its_title_and_its_date(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text())
    article = read_article(path)
    paragraphs = [" ".join(p.split()) for p in expected["paragraphs"]]
    assert [p for p in text_of(article) if p in paragraphs] == paragraphs
    assert (article.title, article.date) == (expected["title"], expected["date"])
    assert article.extracted
    assert article.note is None
    for passage in article.passages:
        assert article.text[passage.start : passage.end] == passage.text


def test_boilerplate_of_saved_pages_is_mostly_left_out() -> None:
    phrases, left = 0, []
    for path in PAGES:
        text = "\n".join(text_of(read_article(path)))
        absent = json.loads(path.with_suffix(".json").read_text())["absent"]
        phrases += len(absent)
        left += [(path.stem, phrase) for phrase in absent if " ".join(phrase.split()) in text]
    assert phrases > 100
    assert len(left) <= 0.1 * phrases, left


def test_hard_wrapped_text_is_put_back_into_paragraphs() -> None:
    text = (
        "De : Veille <veille@example.example>\nObjet : Le convoi est passé\n\n"
        "> Dix-huit navires marchands ont franchi vendredi le détroit de Karsund\n"
        "> sous la protection de trois frégates, une première depuis que les\n"
        "> rebelles ont miné le chenal sud. Les assureurs attendaient ce convoi\n"
        "> depuis le mois de décembre et n'ont presque pas changé leurs prix.\n"
        ">\n"
        "> Le passage a duré onze heures, de nuit, tous feux éteints. Deux dro-\n"
        "> nes ont été abattus par les frégates, un troisième s'est abîmé en mer\n"
        "> sans faire de victime ni de dégât à bord des navires du convoi.\n"
    )
    article = read(text)
    first, second = article.paragraphs
    assert first.flowed.startswith("Dix-huit navires marchands ont franchi vendredi le détroit")
    assert "depuis que les rebelles ont miné" in first.flowed
    assert "Deux drones ont été abattus" in second.flowed
    assert article.text[second.start : second.end] == second.text


def test_unwrapped_lines_stay_apart() -> None:
    lines = ["Menu", "Accueil", LONG, LONG, "Un intertitre", LONG]
    text = "\n".join(lines)
    assert [text[u.start : u.end] for u in split_units(text, 99)] == lines


@pytest.mark.parametrize(
    "cut",
    [
        "Lire aussi : Le port rouvre lundi",
        "(Lire aussi\u00a0: Le port rouvre lundi)",
        "À LIRE AUSSI. Le port rouvre lundi",
        ">> À lire également : Le port rouvre lundi",
    ],
)
def test_link_to_another_article_is_cut_out_of_a_paragraph(cut: str) -> None:
    article = read(f"{LONG} {cut}\n\n{LONG}")
    assert [p.text for p in article.paragraphs] == [LONG, LONG]
    assert [p.text for p in article.skipped] == [cut]


def test_word_lire_in_a_sentence_is_not_cut() -> None:
    text = (
        "Il faut lire aussi ce que le traité ne dit pas, a répondu le ministre à la presse. " + LONG
    )
    assert [p.text for p in read(text).paragraphs] == [text]


def test_markdown_marks_are_removed_and_front_matter_read() -> None:
    text = (
        "---\ntitle: Le convoi est passé\ndate: 2024-01-19\n---\n\n# Le convoi est passé\n\n"
        f"**Le ministre** a [reçu](https://x.example) son homologue.\n{LONG}\n\n"
        f"![carte](a.png)\n\n## La suite\n\n- {LONG}\n"
    )
    article = parse_article(text.encode(), id="x.md", form="markdown")
    assert text_of(article) == [f"Le ministre a reçu son homologue. {LONG}", LONG]
    assert (article.title, article.date) == ("Le convoi est passé", "2024-01-19")


def test_page_without_an_article_falls_back_to_its_text_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("depeche.model.reading.reader.read_html", lambda html: None)
    page = b"<html><body><span>Paris a sign\xc3\xa9.</span></body></html>"
    article = parse_article(page, id="x.html", form="html")
    assert text_of(article) == ["Paris a signé."]
    assert article.note
    assert "all its text was read" in article.note
    assert article.note in article.warnings


@pytest.mark.parametrize(
    ("head", "encoding", "name"),
    [
        ('<html><meta charset="iso-8859-15">', "iso8859-15", "iso8859-15"),
        ('<html><meta charset="iso-8859-1">', "cp1252", "cp1252"),
        ('<html><meta charset="undefined">', "utf-8", "utf-8"),
        ('<html><meta charset="utf-16">', "utf-8", "utf-8"),
        ('<?xml version="1.0" encoding="iso-8859-15"?><html>', "iso8859-15", "iso8859-15"),
    ],
)
def test_page_is_decoded_as_it_declares_from_a_file_or_not(
    head: str, encoding: str, name: str
) -> None:
    page = f"{head}<body><article><p>{LONG}</p><p>Prix : 300 €. {LONG}</p></article></body></html>"
    for form in ("html", "text", None):
        article = parse_article(page.encode(encoding), id="x", form=form)
        assert article.encoding == name
        assert any("300 €" in p.text for p in article.paragraphs)


def test_html_blocks_of_markdown_are_read() -> None:
    text = f"{LONG}\n\n<div>{LONG.replace('ministre', 'président')}</div>\n"
    article = parse_article(text.encode(), id="x.md", form="markdown")
    assert text_of(article) == [LONG, LONG.replace("ministre", "président")]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (LONG, "fr"),
        (LONG.upper().replace("É", "E"), "fr"),
        ("The minister met his counterpart on Monday to discuss the new round of sanctions.", "en"),
        ("El ministro se reunió con su homólogo para hablar de las sanciones de la isla.", "es"),
        ("Министр встретился со своим коллегой, чтобы обсудить санкции против режима.", "ru"),
        ("Bakan, rejime karşı yaptırımları görüşmek için bir araya geldi ve imzaladı.", "tr"),
        ("Lorem ipsum dolor sit amet consectetur adipiscing elit sed eiusmod.", "und"),
    ],
)
def test_language_is_told_and_flagged_where_it_is_not_french(text: str, language: str) -> None:
    article = read(text)
    assert article.language == language
    assert bool(article.warnings) == (language != "fr")


def test_paragraph_in_another_language_inside_a_french_article_is_left_out() -> None:
    english = "Get the five stories you need to know, delivered to your inbox before breakfast."
    article = read("\n\n".join([LONG, english, LONG]))
    assert [p.text for p in article.paragraphs] == [LONG, LONG]


@pytest.mark.parametrize(
    ("line", "date"),
    [
        ("Publié le 12 mars 2024 à 08h15", "2024-03-12"),
        ("Mis à jour le 13/03/2024, publié le 12/03/2024", "2024-03-13"),
        ("Jeudi 1er août 2019", "2019-08-01"),
        ("04.10.2022 - Mise à jour : 05.10.2022", "2022-10-04"),
        ("2023-02-30", None),
        ("Tél. 01 02 03 04 05", None),
    ],
)
def test_date_that_a_page_states_is_found(line: str, date: str | None) -> None:
    assert read(f"{line}\n\n{LONG}\n\n{LONG}").date == date


def test_what_follows_the_end_of_a_page_is_read_as_browsers_read_it() -> None:
    page = (
        f"<p>Archive.</p></body></html><!DOCTYPE html><html><body><article><p>{LONG}</p><p>{LONG}"
    )
    article = parse_article(page.encode(), id="x.html", form="html")
    assert LONG in text_of(article)


def test_page_of_very_many_tags_is_read_as_text() -> None:
    page = f"<html><body><script>menu()</script>{'<p>' + LONG + '</p>'}{'<br>' * 20_001}"
    article = parse_article(page.encode(), id="x.html", form="html")
    assert text_of(article) == [LONG]
    assert article.note


STRANGE = {
    "one paragraph": LONG,
    "capitals": LONG.upper(),
    "no accents": LONG.replace("ç", "c").replace("é", "e"),
    "soft hyphens and zero-width characters": "\u00ad".join(LONG) + "\u200b",
    "HTML entities": LONG.replace("é", "&eacute;").replace("ç", "&ccedil;"),
    "mixed newlines": f"{LONG}\r\n{LONG}\r{LONG}\u2028{LONG}",
    "speakers": f"LA JOURNALISTE : Bonsoir.\nLE MINISTRE : {LONG}\nLA JOURNALISTE : Et la paix ?",
    "control characters": f"\x07{LONG}\x1b[31m",
}


@pytest.mark.parametrize("name", STRANGE)
def test_strange_text_is_read(name: str) -> None:
    article = read(STRANGE[name])
    assert article.paragraphs
    assert article.language == "fr" or name == "soft hyphens and zero-width characters"


@pytest.mark.slow
@pytest.mark.parametrize("between", [" ", "\n"], ids=["one paragraph", "a paragraph a line"])
def test_very_long_text_takes_at_most_twenty_times_its_size_in_memory(between: str) -> None:
    data = between.join([LONG] * 6_000).encode()  # 1 MB: below it, what is fixed weighs more
    model = load_model(SHIPPED)
    model.predict_proba([LONG] * 6_000)  # makes the table that many paragraphs need
    assert isinstance(scorer := model.artifact.scorer, LinearScorer)
    assert scorer._columns.table is not None
    tracemalloc.start()
    record = model.records([parse_article(data, id="x")])[0]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(len(p["text"]) for p in record["paragraphs"]) > 900_000
    assert peak < 20 * len(data)


def test_text_of_too_many_lines_is_refused() -> None:
    with pytest.raises(InputError, match="x: more than 20000 lines, which no article has"):
        read("mot\n" * 30_000)
