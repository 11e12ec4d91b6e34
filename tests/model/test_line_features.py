"""What is done in arrays for many articles at once equals what is done for each alone."""

import numpy as np
import pytest
from conftest import ROOT, SEEDS
from hypothesis import given
from hypothesis import strategies as st
from made_lines import ENGLISH, LONG, PIECES, RUSSIAN
from plain_line_features import plain_features, plain_lines, plain_values

from depeche.labels.errors import InputError
from depeche.model.reading.article import joined_paragraphs
from depeche.model.reading.language import language_of
from depeche.model.reading.line_kinds.classifier import load_kind_model
from depeche.model.reading.line_kinds.features import look_at, unit_features
from depeche.model.reading.reader import MAX_BYTES, RawArticle, parse_article, parse_articles
from depeche.model.reading.wrapping import split_units
from depeche.train.line_kinds import LINES, MarkedText, read_marked_articles, read_marked_lines


def text_of(text: MarkedText) -> bytes:
    pairs = zip(text.units, text.gaps, strict=True)
    return "\n".join("\n" * gap + unit for unit, gap in pairs).encode()


def marked() -> list[MarkedText]:
    return [*read_marked_articles(), *read_marked_lines(LINES)]


def test_features_of_marked_lines_equal_those_made_unit_by_unit() -> None:
    texts = marked()[::3]
    units = look_at(
        [unit for t in texts for unit in t.units],
        [gap for t in texts for gap in t.gaps],
        [len(t.units) for t in texts],
    )
    together = np.concatenate(list(units.iter_features(512)), axis=1).T
    expected = np.vstack([plain_features(t.units, t.gaps) for t in texts])
    np.testing.assert_array_equal(together, expected)


@given(
    st.lists(
        st.lists(st.sampled_from(PIECES) | st.text(max_size=20), min_size=1, max_size=30)
        .map(lambda pieces: " ".join(pieces).strip())
        .filter(bool),
        min_size=1,
        max_size=8,
    )
)
def test_features_of_any_lines_equal_those_made_unit_by_unit(units: list[str]) -> None:
    gaps = [i % 3 == 0 for i in range(len(units))]
    np.testing.assert_array_equal(unit_features(units, gaps), plain_features(units, gaps))


@pytest.mark.parametrize("n", [1, 7, 64, 65, 130])
def test_trees_walked_together_say_what_they_say_one_by_one(n: int) -> None:
    model = load_kind_model()
    rng = np.random.default_rng(n)
    every = unit_features([LONG, "Menu", ENGLISH], [True, False, True])
    X = rng.choice([0.0, 0.5, 1.0, 3.0], size=(n, every.shape[1])) * rng.random((n, 1))
    plain = plain_values(model, X[:7]).reshape(-1, 3, len(X[:7])).sum(axis=0).T + model.baseline
    plain -= np.logaddexp.reduce(plain, axis=1, keepdims=True)
    np.testing.assert_array_equal(model.log_proba(X)[:7], plain)


@given(
    st.lists(
        st.sampled_from(
            [
                "a b",
                " ",
                ">",
                "> >",
                "\t",
                "\n",
                "\r",
                "\r\n",
                "\x0b",
                "\x0c",
                "\x1c",
                "\x1d",
                "\x1e",
                "\x1f",
                "\x85",
                "\u2028",
                "\u2029",
                "\xa0",
                "É",
            ]
        ),
        max_size=20,
    ).map("".join)
)
def test_lines_are_those_that_end_as_text_files_end_lines(text: str) -> None:
    assert [tuple(unit) for unit in split_units(text, 99)] == plain_lines(text)


def test_articles_read_together_are_those_read_one_by_one() -> None:
    documents = [
        *(RawArticle(path.read_bytes(), path.name, "text") for path in sorted(SEEDS.glob("*.txt"))),
        *(RawArticle(text_of(text), text.id) for text in marked()[::6]),
        *(
            RawArticle(path.read_bytes(), path.name)
            for path in sorted((ROOT / "tests/gold/pages").glob("a*.html"))
        ),
        RawArticle(f"{LONG} {LONG}\nLire aussi : Le port\n{ENGLISH}\n".encode() * 30, "long"),
        RawArticle(
            "\n".join([LONG, RUSSIAN, LONG + " Lire aussi : Le port", "&eacute;"]).encode(), "mixed"
        ),
    ]
    together = parse_articles(documents)
    for document, article in zip(documents, together, strict=True):
        alone = parse_article(document.data, id=document.id, form=document.form)
        assert article == alone
        assert not isinstance(article, InputError)
        assert article.language == alone.language == language_of(joined_paragraphs(alone.passages))
        for passage in article.passages:
            assert passage.language == language_of(passage.flowed)


@pytest.mark.parametrize(
    "bad", [b"", b"\0\0", b"Menu", b"a" * (MAX_BYTES + 1), b"mot\n" * 30_000], ids=len
)
def test_document_that_cannot_be_read_leaves_the_others(bad: bytes) -> None:
    good = RawArticle(LONG.encode(), "good")
    first, error, last = parse_articles([good, RawArticle(bad, "bad"), good])
    assert first == last == parse_article(good.data, id="good")
    assert isinstance(error, InputError)
    with pytest.raises(InputError) as alone:
        parse_article(bad, id="bad")
    assert str(error) == str(alone.value)
    assert str(error).startswith("bad: ")


def test_no_document_gives_no_article() -> None:
    assert parse_articles([]) == []
