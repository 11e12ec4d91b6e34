"""Web pages: no word is lost, headings stay headings, notices go, days and names are stated."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depeche.model.reading.article import Article
from depeche.model.reading.pages.blocks import iter_blocks
from depeche.model.reading.pages.notices import is_notice
from depeche.model.reading.reader import parse_article

FIRST = (
    "La France a annoncé mercredi la livraison de quarante missiles de croisière à l'armée "
    "ukrainienne, a précisé le ministère des armées."
)
LAST = (
    "Selon l'état-major, les brigades engagées sur le front manquent d'obus et de défense "
    "antiaérienne depuis le mois de janvier dernier."
)


def read(body: str, *, head: str = "", title: str = "Paris livre des missiles") -> Article:
    """Return the article of a page, `body` between two paragraphs of it."""
    page = (
        f"<!DOCTYPE html><html lang='fr'><head><meta charset='utf-8'><title>{title} - Le Journal"
        f"</title>{head}</head><body><nav><ul><li><a href='/'>Accueil</a></li></ul></nav><main>"
        f"<article><h1>{title}</h1><p>{FIRST}</p>{body}<p>{LAST}</p></article></main>"
        "<footer>© 2019 Le Journal</footer></body></html>"
    )
    return parse_article(page.encode(), id="x.html", form="html")


def paragraphs(article: Article) -> list[str]:
    return [p.flowed for p in article.paragraphs]


def inner(body: str) -> list[str]:
    """Return the paragraphs that `body` gives between the two others."""
    first, *rest, last = paragraphs(read(body))
    assert (first, last) == (FIRST, LAST)
    return rest


BLOCKS = {
    "a list in an item": (
        "<ul><li>L'armée recevra cent neuf canons, dont :<ul><li>soixante-seize neufs, livrés à "
        "partir de 2026 ;</li><li>trente-trois remis à niveau.</li></ul></li>"
        "<li>La marine commandera trois frégates.</li></ul>",
        ["L'armée recevra cent neuf canons, dont :", "soixante-seize neufs, livrés à partir de "
         "2026 ;", "trente-trois remis à niveau.", "La marine commandera trois frégates."],
    ),
    "who is quoted in a quotation": (
        "<blockquote>« Nous ne céderons pas aux menaces de Moscou. »<p>Le président, devant les "
        "ambassadeurs</p></blockquote>",
        ["« Nous ne céderons pas aux menaces de Moscou. »",
         "Le président, devant les ambassadeurs"],
    ),
    "who is quoted in its footer": (
        "<blockquote><p>« Nous ne céderons pas aux menaces. »</p><footer>Le président, mardi"
        "</footer></blockquote>",
        ["« Nous ne céderons pas aux menaces. »", "Le président, mardi"],
    ),
    "a paragraph in a cell": (
        "<table><tr><td>Russie : <p>gel des avoirs de cent six personnes et embargo sur les "
        "composants de drones.</p></td></tr></table>",
        ["Russie :", "gel des avoirs de cent six personnes et embargo sur les composants de "
         "drones."],
    ),
    "cells of a row": (
        "<table><tr><td>Rafale</td><td>24</td><td>en 2027</td></tr><tr><td>Caesar</td><td>109"
        "</td><td>en 2026</td></tr></table>",
        ["Rafale 24 en 2027", "Caesar 109 en 2026"],
    ),
    "an inline quotation and a date": (
        "<p>Le ministre a dit <q>ne pas <em>exclure</em></q> un retrait le <time>3 mars</time> au "
        "plus tard.</p>",
        ["Le ministre a dit ne pas exclure un retrait le 3 mars au plus tard."],
    ),
    "two line breaks": (
        "<p>Le premier paragraphe parle du front.<br><br/>Le second parle de Paris.<br>Sa suite "
        "est <b>la même</b>.</p>",
        ["Le premier paragraphe parle du front.",
         "Le second parle de Paris. Sa suite est la même."],
    ),
    "two line breaks with blanks, in an inline element": (
        "<p><span>Le premier parle du front.<br>\n <br>Le second parle de Paris.</span> Fin.</p>",
        ["Le premier parle du front.", "Le second parle de Paris. Fin."],
    ),
    "hyphens and blanks that no reader sees": (
        "<p>Le mi\u00adnistre des Af&shy;faires étran<wbr>gères a pris la parole à <nobr>l'As"
        "semblée</nobr> na\u200btionale.</p>",
        ["Le ministre des Affaires étrangères a pris la parole à l'Assemblée nationale."],
    ),
    "short paragraphs": (
        "<p>« C'est faux. »</p><p>Un silence.</p><ul><li>Trois frégates ;</li></ul>",
        ["« C'est faux. »", "Un silence.", "Trois frégates ;"],
    ),
    "a link that belongs to the sentence": (
        "<p>Dans <a href='/x'>un entretien au Monde</a>, il a dit non.</p>",
        ["Dans un entretien au Monde, il a dit non."],
    ),
    "a heading as long as a paragraph": (
        f"<h2>{FIRST.replace('missiles', 'canons')}</h2>",
        [FIRST.replace("missiles", "canons")],
    ),
    "a sentence shown large": (f"<blockquote><p>{FIRST[:70]}</p></blockquote>", []),
    "a link alone": ("<p><a href='/x'>La Chine dénonce une provocation à Taïwan</a></p>", []),
}  # fmt: skip


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_are_those_that_a_reader_sees(name: str) -> None:
    body, expected = BLOCKS[name]
    assert inner(body) == expected


def test_marked_headings_are_headings_and_the_title_is_none_of_the_body() -> None:
    article = read("<h2>Les sanctions</h2><p>Le gel des avoirs est prolongé de six mois.</p>")
    assert [p.text for p in article.skipped if p.kind == "heading"][-1] == "Les sanctions"
    assert "Paris livre des missiles" not in paragraphs(article)


WORDS = st.text("abcdefghij", min_size=1, max_size=6)
TAGS = ("p", "head", "item", "quote", "cell", "row", "list", "table", "hi", "ref", "lb", "div")
TREES = st.recursive(
    st.tuples(st.sampled_from(TAGS), WORDS, WORDS, st.just(())),
    lambda children: st.tuples(
        st.sampled_from(TAGS), WORDS, WORDS, st.lists(children, max_size=4).map(tuple)
    ),
    max_leaves=12,
)
Tree = tuple[str, str, str, tuple[Any, ...]]


def make_element(tree: Tree) -> Any:
    from lxml import etree

    tag, text, tail, children = tree
    element = etree.Element(tag)
    element.text, element.tail = text, f" {tail} "
    element.extend(map(make_element, children))
    return element


@given(st.lists(TREES, max_size=6))
@settings(max_examples=200, deadline=None)
def test_each_word_that_is_extracted_is_in_one_block_in_order(trees: Sequence[Tree]) -> None:
    from lxml import etree

    body = etree.Element("body")
    body.extend(map(make_element, trees))
    blocks = list(iter_blocks(body))
    assert all(block.text == " ".join(block.text.split()) != "" for block in blocks)
    joined = "".join(block.text.replace(" ", "") for block in blocks)
    assert joined == "".join("".join(body.itertext()).split())


STANDFIRST = "La livraison, promise depuis un an, comprend quarante missiles et leurs pièces."
OUTSIDE = {
    "in h2": f"<h2>{STANDFIRST}</h2>",
    "marked": f"<div class='article__chapo'><p>{STANDFIRST}</p></div>",
    "described": f"<div class='x1 yz'>{STANDFIRST}</div>",
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_standfirst_outside_the_article_is_its_first_paragraph(name: str) -> None:
    described = "" if name == "marked" else f'<meta name="description" content="{STANDFIRST}">'
    page = (
        f"<html><head><title>Paris livre</title>{described}</head><body><div class='top'>"
        f"<h1>Paris livre</h1>{OUTSIDE[name]}</div><div class='side'><a href='/'>Une</a></div>"
        f"<article><p>{FIRST}</p><p>{LAST}</p></article></body></html>"
    )
    article = parse_article(page.encode(), id="x", form="html")
    assert paragraphs(article) == [STANDFIRST, FIRST, LAST]


def test_description_that_does_not_stand_in_the_page_is_none_of_it() -> None:
    article = read("", head=f'<meta name="description" content="{STANDFIRST}">')
    assert paragraphs(article) == [FIRST, LAST]


def test_body_that_only_the_data_of_the_page_has_is_read_in_paragraphs() -> None:
    body = f"{FIRST}\\n\\n{LAST}\\n\\n« C'est faux. »"
    page = (
        '<html><head><title>Paris livre</title><script type="application/ld+json">{"@context":'
        f'"https://schema.org","@type":"NewsArticle","articleBody":"{body}"}}</script></head>'
        "<body><h1>Paris livre</h1><div id='app'></div></body></html>"
    )
    article = parse_article(page.encode(), id="x", form="html")
    assert paragraphs(article) == [FIRST, LAST, "« C'est faux. »"]


@pytest.mark.parametrize(
    ("head", "body", "day"),
    [
        ("", "<p>Depuis l'invasion de 2022, la France a livré des chars, dès mars 2023.</p>", None),
        ("", "<p class='d'>Publié le 3 mars 2024 à 18h02, mis à jour le 4 mars 2024</p>",
         "2024-03-03"),
        ("", "<p><time datetime='2024-03-03T18:02'>hier</time></p>", "2024-03-03"),
        ('<meta property="article:published_time" content="2024-03-03T18:02:00+01:00">',
         "<p>Mis à jour le 5 mars 2024</p>", "2024-03-03"),
        ('<meta name="date" content="2024">', "", None),
        ('<script type="application/ld+json">{"@type":"NewsArticle","datePublished":'
         '"2024-03-03T18:02:00+01:00","dateModified":"2024-03-09"}</script>', "", "2024-03-03"),
    ],
)  # fmt: skip
def test_date_is_a_day_that_the_page_states(head: str, body: str, day: str | None) -> None:
    assert read(body, head=head).date == day


def author_data(author: str) -> str:
    return (
        f'<script type="application/ld+json">{{"@type":"NewsArticle","author":{author}}}</script>'
    )


@pytest.mark.parametrize(
    ("head", "body", "author"),
    [
        ("", "<p class='byline'>Par Jeanne Ermont et Luc Sorel (à Kiev)</p>",
         "Jeanne Ermont; Luc Sorel"),
        ("", "<div>Par AFP publié le <time>3 mars 2024</time> ; Mis À Jour À 18h</div>", "AFP"),
        ("", "<p>Par temps de guerre, tout change, dit-on au ministère des armées.</p>", None),
        (author_data('[{"@type":"Person","name":"Jeanne Ermont"},{"@type":"Person","name":'
                     '"Luc Sorel"}]'), "", "Jeanne Ermont; Luc Sorel"),
        (author_data('{"@type":"Organization","name":"Le Journal"}'),
         "<p class='author'>Par Jeanne Ermont</p>", "Jeanne Ermont"),
        ('<meta name="author" content="Par Jeanne Ermont">', "", "Jeanne Ermont"),
    ],
)  # fmt: skip
def test_author_is_a_name(head: str, body: str, author: str | None) -> None:
    assert read(body, head=head).author == author


NOTICES = (
    "Il vous reste 82 % de cet article à lire. La suite est réservée aux abonnés.",
    "Il vous reste 57.3% de cet article à lire.",
    "Article réservé aux abonnés",
    "Déjà abonné ? Connectez-vous",
    "Abonnez-vous dès 1 € le premier mois, sans engagement.",
    "Ce contenu est bloqué car vous n'avez pas accepté les cookies et autres traceurs.",
    "À lire aussi » La France livre des missiles à l'Ukraine",
    "À LIRE AUSSI\u00a0: Guerre en Ukraine : ce que l'on sait",
    "Lire aussi | Les sanctions, mode d'emploi",
    "Lire aussi : Article réservé à nos abonnés La paix manquée",
    ">> À relire : notre enquête sur les drones",
    "▶ À voir : le discours du président",
    "Lire notre éditorial : L'Europe face à elle-même",
    "À relire",
    "Partager sur Facebook",
    "Suivez-nous sur Google Actualités",
    "Publié le 3 mars 2024 à 18h02",
    "Mis à jour le 4 mars",
    "Temps de lecture : 4 min",
    "© Jeanne Ermont / AFP",
    "Crédit photo : Ministère des armées",
    "Un char près de Bakhmout, en mars. LP/Olivier Corsan / AFP",
    "Recevez chaque matin l'essentiel de l'actualité dans votre boîte mail",
    "Laisser un commentaire",
    "Une erreur dans l'article ? Signalez-la",
    "Tags : Ukraine, missiles, sanctions",
    "La rédaction vous conseille",
)
SENTENCES = (
    "À lire les télégrammes, l'ambassadeur ne croyait plus à la paix.",
    "Lire entre les lignes du communiqué reste un art.",
    "Partager le renseignement est devenu une nécessité, admet un général.",
    "Publié en 2019, son livre annonçait la guerre.",
    "« C'est faux. »",
    "(Avec AFP)",
    "Le Monde avec AFP",
    "soixante-seize de la nouvelle génération, livrés à partir de 2026 ;",
    "Pour lire dans le jeu de Moscou, les services comptent sur les satellites.",
    "Il reste 12 % des stocks d'avant-guerre, selon l'état-major.",
    "Suivez bien ce que fait la Chine, conseille un diplomate.",
    "Recevoir des chars ne suffit pas.",
    "Le message a été signé par 12 pays.",
    "Les cookies de la cantine de la base ont un franc succès.",
    "Une erreur de navigation, selon la marine.",
    "Voir un drone ne suffit pas à l'abattre.",
    "Trois images satellites le montrent : le pont est détruit.",
    "L'abonnement du ministère à ces images coûte cher.",
    "Photo à l'appui, il accuse Moscou.",
)


@pytest.mark.parametrize("text", NOTICES)
def test_notice_of_the_site_is_none_of_the_article(text: str) -> None:
    assert is_notice(text)
    assert inner(f"<p>{text}</p>") == []


@pytest.mark.parametrize("text", SENTENCES)
def test_sentence_that_looks_like_a_notice_is_kept(text: str) -> None:
    assert not is_notice(text)
    assert inner(f"<p>{text}</p>") == [text]


def test_notice_within_a_paragraph_is_not_what_the_paragraph_is() -> None:
    text = f"{FIRST} Il vous reste 82 % de cet article à lire"
    assert inner(f"<p>{text.replace('quarante', 'trente')}</p>")


def test_comments_and_instructions_of_the_page_end_no_text() -> None:
    text = "Selon l'armée, <!-- -->120<!-- --> drones ont été <?php x ?>tirés dans la nuit."
    assert inner(f"<p>{text}</p>") == [
        "Selon l'armée, 120 drones ont été tirés dans la nuit.",
    ]


def test_sections_of_an_article_are_all_read() -> None:
    sections = [[f"{FIRST} {name}{i}." for i in range(n)] for name, n in (("a", 7), ("b", 3))]
    body = "".join(
        f"<section>{''.join(f'<p>{p}</p>' for p in section)}</section>" for section in sections
    )
    page = f"<html><body><article><h1>Paris livre</h1>{body}</article></body></html>"
    article = parse_article(page.encode(), id="x", form="html")
    assert paragraphs(article) == [p for section in sections for p in section]


def test_text_in_the_data_of_a_page_stands_for_the_beginning_that_it_shows() -> None:
    above, shown = f"Chapeau : {STANDFIRST}", f"{FIRST} {FIRST.lower()}"
    rest = [f"Le ministre numéro {i} a pris la parole devant les ambassadeurs." for i in range(9)]
    body = "\\n\\n".join([shown, *rest])
    data = f'{{"@type":"NewsArticle","articleBody":"{body}"}}'
    page = (
        f'<html><head><script type="application/ld+json">{data}</script></head><body><article>'
        f"<h1>Paris livre</h1><p>{above}</p><p>{shown}</p></article></body></html>"
    )
    article = parse_article(page.encode(), id="x", form="html")
    assert paragraphs(article) == [above, shown, *rest]
    another = shown.replace("missiles", "vivres")
    page = page.replace(f"<p>{shown}</p>", f"<p>{another}</p>")
    article = parse_article(page.encode(), id="x", form="html")
    assert paragraphs(article) == [above, another]
