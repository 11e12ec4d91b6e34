"""Bytes to text: what is UTF-8 is read as such, whatever it claims and however it was cut."""

import pytest

from depeche.labels.errors import InputError
from depeche.model.reading.article import Article
from depeche.model.reading.reader import parse_article

TEXT = (
    "L’armée française a livré à l’Ukraine quarante missiles de croisière, a annoncé mercredi le "
    "ministre des Armées à Paris.\n\nLes députés ont débattu de l’aide : « Nous ne céderons pas », "
    "a répété le chef de l’État, qui recevait son homologue à l’Élysée.\n"
)
PAGE = (
    "<html><head><meta charset='{}'></head><body><article><h1>L’été</h1><p>"
    + TEXT.replace("\n\n", "</p><p>")
    + "</p></article></body></html>"
)


def read(data: bytes) -> Article:
    return parse_article(data, id="x")


def text_of(article: Article) -> str:
    return " ".join(p.flowed for p in article.paragraphs)


@pytest.mark.parametrize("cut", [1, 2])
def test_utf8_cut_inside_a_character_stays_utf8_and_says_so(cut: int) -> None:
    article = read(f"{TEXT}Le reste dépend de l’".encode()[:-cut])
    assert article.encoding == "utf-8"
    assert article.text.count("\ufffd") == 1
    assert "L’armée française a livré" in article.text
    assert article.warnings == ["UTF-8 broken in one place: read as \ufffd there"]


def test_broken_bytes_within_utf8_are_counted() -> None:
    article = read(TEXT.encode().replace("débattu".encode(), b"d\xe9battu").replace(b"P", b"\xff"))
    assert article.encoding == "utf-8"
    assert article.warnings == ["UTF-8 broken in 2 places: read as \ufffd there"]


@pytest.mark.parametrize("declared", ["iso-8859-1", "windows-1252", "iso-8859-15", "utf-8"])
def test_page_in_utf8_is_read_as_that_whatever_it_declares(declared: str) -> None:
    article = read(PAGE.format(declared).encode())
    assert (article.encoding, article.note) == ("utf-8", None)
    assert text_of(article) == " ".join(TEXT.split())


@pytest.mark.parametrize("encoding", ["cp1252", "iso8859-15"])
def test_page_in_what_it_declares_is_read_as_that(encoding: str) -> None:
    page = PAGE.replace("’", "'").format(encoding)
    article = read(page.encode(encoding))
    assert (article.encoding, article.note) == (encoding, None)
    assert text_of(article) == " ".join(TEXT.replace("’", "'").split())


@pytest.mark.parametrize(
    "text", [TEXT, "Le CAFÉ» ouvre, dit « É\u00a0».", "« Été »", "Où ?", "À Ÿ", "É»"]
)
def test_windows_1252_is_told_from_broken_utf8(text: str) -> None:
    article = read((text + " Il a plu sur le front de l'est.").encode("cp1252"))
    if text != "É»":  # which is a character in UTF-8 as well
        assert article.encoding == "cp1252"
        assert article.text.startswith(text)


@pytest.mark.parametrize("first", ["cp1252", "latin-1"])
def test_text_encoded_twice_is_put_right_and_says_so(first: str) -> None:
    text = TEXT if first == "latin-1" else TEXT.replace("à", "a")
    article = read(text.encode().decode(first).encode())
    assert article.text == text
    assert article.warnings == ["encoded twice, in part at least: put right"]


def test_letters_that_seldom_stand_together_are_left_as_they_are() -> None:
    text = "São Paulo, le « PÂ», Ângela et l'Ã de SÃO : beauté…»\n" + TEXT
    article = read(text.encode())
    assert (article.text, article.note) == (text, None)


def test_bytes_of_no_text_are_refused() -> None:
    with pytest.raises(InputError, match="x: not a text file: it holds binary data"):
        read(bytes(range(1, 32)) * 4 + b"texte")


def test_one_pair_that_utf8_allows_is_read_as_declared() -> None:
    article = read(PAGE.replace("’", "'").format("cp1252").replace(TEXT[:9], "x").encode("cp1252"))
    assert article.encoding == "cp1252"
    only = "Le CAFÉ» ouvre mardi sur le front de l'est, selon le ministre."
    article = read(only.encode("cp1252"))
    assert (article.encoding, article.text) == ("cp1252", only)
