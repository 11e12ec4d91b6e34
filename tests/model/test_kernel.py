"""The compiled kernel gives exactly what numpy gives, and everything works without it."""

import ctypes
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from conftest import SEEDS
from hypothesis import given
from hypothesis import strategies as st
from made_kernel import kernel_is
from made_lines import PIECES
from made_scorers import linear_scorer, random_form

from depeche import load_model
from depeche.model import kernel as kernel_module
from depeche.model.kernel import find_kernel
from depeche.model.reading.counts.characters import _CLASSES, Characters
from depeche.model.reading.counts.interface_words import PHRASES
from depeche.model.reading.counts.known_words import VERBS
from depeche.model.reading.counts.words import count_words
from depeche.model.reading.language import COMMON
from depeche.model.reading.line_kinds.classifier import load_kind_model
from depeche.model.scoring import linear
from depeche.model.scoring.features import FeatureSettings
from depeche.model.scoring.linear import LinearScorer
from depeche.model.scoring.tokens import PIECE, TokenTable

needs_kernel = pytest.mark.skipif(
    find_kernel() is None,
    reason="no compiled kernel: `pip install -e .` makes one where there is a C compiler",
)
# What words are cut at, elided by and joined by, and what no text should hold.
SIGNS = "aé e'’ʼ‘`´«»\"!?…\u0301\u00ad\u200b\u2060\ufeff\0\n\u2028\ud800\udfff_²١İßœ📷𝔄"
ANY_TEXT = st.text(alphabet=SIGNS, max_size=60) | st.text(alphabet=st.characters(), max_size=60)
LONG = ["x" * (PIECE + 3), "mot " * PIECE, "'" * PIECE + "«»" * 9, "", "a" * PIECE + "'"]

# What words are known by.
SAID = [*PIECES, *map(" ".join, PHRASES), *VERBS, *(" ".join(COMMON.values()).split())]


def cut(table: TokenTable, texts: Sequence[str]) -> tuple[list[list[int]], list[str]]:
    tokens, new = table.cut(texts)
    columns = (tokens.number, tokens.row, tokens.start, tokens.end)
    return [array.tolist() for array in columns], new


def assert_cut_alike(calls: Sequence[Sequence[str]]) -> None:
    """Cut texts call by call, with the kernel and without."""
    quick, plain = TokenTable(), TokenTable()
    for texts in calls:
        by_kernel = cut(quick, texts)
        with kernel_is(None):
            assert by_kernel == cut(plain, texts)
    assert quick.n_tokens == plain.n_tokens


@needs_kernel
@given(st.lists(st.lists(ANY_TEXT, max_size=4), max_size=4))
def test_tokens_are_those_of_the_plain_table(calls: list[list[str]]) -> None:
    assert_cut_alike(calls)


@needs_kernel
def test_tokens_of_long_texts_are_those_of_the_plain_table() -> None:
    numbered = [" ".join(f"mot{i}" for i in range(n, n + 20_000)) for n in (0, 10_000, 50_000)]
    assert_cut_alike([LONG, numbered, LONG[::-1], numbered[:1]])


@needs_kernel
def test_tables_used_in_turn_with_the_kernel_and_without_number_alike() -> None:
    mixed, plain = TokenTable(), TokenTable()
    for i, text in enumerate(["La paix", "la paix, l'an 1", "L’an 2 : la paix"] * 3):
        with kernel_is(find_kernel() if i % 2 else None):
            by_turns = cut(mixed, [text])
        with kernel_is(None):
            assert by_turns == cut(plain, [text])


def scorer(n_labels: int = 3) -> LinearScorer:
    """Return a scorer with any weights, which takes its table of all columns at once."""
    rng = np.random.default_rng(n_labels)
    settings = FeatureSettings(table_bits=8)
    idf = rng.random(settings.n_features).astype(np.float32)
    weights = rng.normal(size=(settings.n_features, n_labels)).astype(np.float16)
    bias = rng.normal(size=n_labels).astype(np.float32)
    made = LinearScorer(settings, idf, weights, bias, random_form(n_labels))
    made._n_characters = 1 << 20
    return made


@needs_kernel
@pytest.mark.parametrize("n_labels", [1, 7, 12])
@given(calls=st.lists(st.lists(ANY_TEXT, max_size=4), max_size=4))
def test_logits_are_those_of_numpy(n_labels: int, calls: list[list[str]]) -> None:
    quick, plain = scorer(n_labels), scorer(n_labels)
    for texts in calls:
        by_kernel = quick.logits(texts)
        with kernel_is(None):
            np.testing.assert_array_equal(by_kernel, plain.logits(texts))


@needs_kernel
def test_logits_of_articles_are_those_of_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [path.read_text() for path in sorted(SEEDS.glob("*.txt"))]
    texts += [line for text in texts for line in text.splitlines()] + LONG
    quick, plain = (linear_scorer(load_model().artifact) for _ in range(2))
    monkeypatch.setattr(linear, "_MOST_TOKENS_KEPT", 3000)  # so that words are forgotten
    for _ in range(2):  # by the second time the table of all columns pays
        by_kernel = quick.logits(texts)
        with kernel_is(None):
            np.testing.assert_array_equal(by_kernel, plain.logits(texts))
    by_kernel = quick.contributions(texts[:9]).values
    with kernel_is(None):
        np.testing.assert_array_equal(by_kernel, plain.contributions(texts[:9]).values)


@needs_kernel
def test_weights_too_large_for_the_kernel_are_left_to_numpy() -> None:
    large = scorer()
    large.idf[:] = 60_000
    logits = large.logits(["La paix est signée."])
    with kernel_is(None):
        np.testing.assert_array_equal(logits, large.logits(["La paix est signée."]))


@needs_kernel
@given(st.lists(st.sampled_from(SAID) | ANY_TEXT.filter(bool), min_size=1, max_size=30))
def test_words_are_counted_as_numpy_counts_them(texts: list[str]) -> None:
    texts = [*texts, " ".join(texts), "".join(texts)]
    by_kernel = vars(count_words(texts, Characters(texts)))
    with kernel_is(None):
        plain = vars(count_words(texts, Characters(texts)))
    for name, values in plain.items():
        np.testing.assert_array_equal(by_kernel[name], values, err_msg=name, strict=True)


@needs_kernel
@given(st.lists(st.sampled_from(SAID) | ANY_TEXT.filter(bool), min_size=1, max_size=9))
def test_characters_are_seen_as_numpy_sees_them(texts: list[str]) -> None:
    by_kernel = Characters(texts)
    with kernel_is(None):
        plain = Characters(texts)
    for name in _CLASSES:
        np.testing.assert_array_equal(by_kernel.where(name), plain.where(name), name, strict=True)
        np.testing.assert_array_equal(by_kernel.count_class(name), plain.count_class(name), name)


@needs_kernel
@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 200])
def test_trees_say_what_they_say_by_numpy(n: int) -> None:
    trees = load_kind_model()._trees
    rng = np.random.default_rng(n)
    n_features, places = int(trees._features.max()) + 2, trees._thresholds.ravel()
    X = rng.choice([*places, 0.0, 1.0, np.inf, -np.inf, np.nan], size=(n_features, n))
    X += rng.choice([0.0, 1e-9, -1e-9], size=X.shape)
    by_kernel = trees.values(X)
    with kernel_is(None):
        np.testing.assert_array_equal(by_kernel, trees.values(X), strict=True)


@pytest.mark.parametrize("source", [b"int cut;", None], ids=["of another version", "none"])
def test_a_library_of_another_source_is_not_used(
    source: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kernel.c"
    if source is not None:
        path.write_bytes(source)
    monkeypatch.setattr(kernel_module, "_SOURCE", path)
    assert find_kernel.__wrapped__() is None


@needs_kernel
def test_arrays_of_another_kind_are_refused() -> None:
    kernel = find_kernel()
    assert kernel is not None
    with pytest.raises(ctypes.ArgumentError):
        kernel.sum_grams(*(np.zeros(1) for _ in range(10)))
