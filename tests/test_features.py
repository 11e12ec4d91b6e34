"""The features: French spelling, and the fast path against a plain reference."""

import math
import re
import unicodedata
import zlib
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labels.dataset import FOLDER
from labels.paragraphs import read_labels
from labels.schema import read_schema
from model.features import FeatureExtractor, FeatureSettings, normalise
from model.linear import LinearScorer, weigh

SETTINGS = FeatureSettings()
TABLE = 1 << SETTINGS.table_bits


def plain_counts(text: str) -> Counter[int]:
    """Count the features of a text one at a time, as the module's docstrings define them."""
    tokens = re.findall(
        "[\\w\u0300-\u036f\u00ad\u200b-\u200d\u2060\ufeff]+['’ʼ‘`´]?|[«»“”„\"!?…]", text
    )
    words = [word for word in map(normalise, tokens) if word]
    hashes = [zlib.crc32(word.encode()) for word in words]
    mixed = hashes + [(a * 31 + b * 0x9E3779B1 + 1) % 2**32 for a, b in pairwise(hashes)]
    counts = Counter((h * 0x9E3779B1 % 2**32) >> (32 - SETTINGS.table_bits) for h in mixed)
    for word in words:
        if not word[0].isalnum():
            continue
        padded = f" {word} "
        for n in range(SETTINGS.char_min, SETTINGS.char_max + 1):
            for start in range(len(padded) - n + 1):
                gram = padded[start : start + n].encode("utf-32-le")
                h = zlib.crc32(gram, 0x9747B28C + n)
                counts[TABLE + ((h * 0x9E3779B1 % 2**32) >> (32 - SETTINGS.table_bits))] += 1
    return counts


def as_counter(text: str, extractor: FeatureExtractor) -> Counter[int]:
    counts = extractor.count([text])
    return Counter(dict(zip(counts.indices.tolist(), counts.counts.tolist(), strict=True)))


def test_fast_path_equals_plain_reference_on_the_corpus() -> None:
    texts = [p.text for p in read_labels(FOLDER / "composed.jsonl", read_schema())][:300]
    counts = FeatureExtractor(SETTINGS).count(texts)
    for i, text in enumerate(texts):
        row = slice(counts.indptr[i], counts.indptr[i + 1])
        found = zip(counts.indices[row].tolist(), counts.counts[row].tolist(), strict=True)
        assert Counter(dict(found)) == plain_counts(text)


@given(st.text())
def test_fast_path_equals_plain_reference_on_any_text(text: str) -> None:
    assert as_counter(text, FeatureExtractor(SETTINGS)) == plain_counts(text)


@given(st.lists(st.text(alphabet="abé' «L’n!", max_size=20), max_size=5))
def test_features_of_a_text_do_not_depend_on_the_others(texts: list[str]) -> None:
    extractor = FeatureExtractor(SETTINGS)
    counts = extractor.count(texts)
    assert len(counts.indptr) == len(texts) + 1
    for i, text in enumerate(texts):
        row = slice(counts.indptr[i], counts.indptr[i + 1])
        assert dict(
            zip(counts.indices[row].tolist(), counts.counts[row].tolist(), strict=True)
        ) == plain_counts(text)


@given(st.text(min_size=1))
def test_normalise_is_idempotent(token: str) -> None:
    once = normalise(token)
    assert normalise(once) == once if once else True


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("L’armée n’a pas tiré", "l'armée n'a pas tiré"),
        ("à l'œuvre, ÉTAT", "a l'oeuvre, etat"),
        ("« la paix »", '"la paix"'),
        ("“la paix”", '"\u00a0la\u202fpaix\u00a0"'),
        (unicodedata.normalize("NFD", "Élysée"), "Élysée"),
        ("coo\u00adpé\u200bration", "coopération"),
        ("qu'il", "que il"),
    ],
)
def test_spellings_of_french_make_no_difference(text: str, same: str) -> None:
    extractor = FeatureExtractor(SETTINGS)
    assert as_counter(text, extractor) == as_counter(same, extractor)


@pytest.mark.parametrize(("text", "other"), [("ne tire pas", "tire"), ("des faits", "défaits")])
def test_what_matters_makes_a_difference(text: str, other: str) -> None:
    extractor = FeatureExtractor(SETTINGS)
    assert as_counter(text, extractor) != as_counter(other, extractor)


def random_scorer(n_labels: int = 3) -> LinearScorer:
    rng = np.random.default_rng(0)
    n = SETTINGS.n_features
    idf = (1 + rng.random(n)).astype(np.float32)
    idf[rng.random(n) < 0.2] = 0
    weights = rng.normal(size=(n, n_labels)).astype(np.float16)
    return LinearScorer(SETTINGS, idf, weights, rng.normal(size=n_labels).astype(np.float32))


SCORER = random_scorer()


def test_weighed_features_have_length_one_in_each_table() -> None:
    counts = FeatureExtractor(SETTINGS).count(["Le traité, le traité fut signé."])
    values = weigh(counts, np.ones(SETTINGS.n_features, dtype=np.float32))
    for table in (counts.indices < TABLE, counts.indices >= TABLE):
        assert math.isclose(float((values[table] ** 2).sum()), 1)


@given(st.text(alphabet="abcdeéè' L’nq!« ", max_size=80))
def test_contributions_and_bias_sum_to_the_logit(text: str) -> None:
    direction = np.array([1.0, -0.5, 2.0])
    total = sum(c.value for c in SCORER.contributions(text, direction))
    expected = SCORER.logits([text])[0] @ direction
    assert math.isclose(total + SCORER.bias @ direction, expected, abs_tol=1e-9)


def test_contributions_point_at_the_words_in_the_text() -> None:
    text = "Paris a rencontré l’armée. Paris dort."
    spans = {text[c.start : c.end] for c in SCORER.contributions(text, np.array([1.0, 0, 0]))}
    assert {"Paris", "rencontré l’armée", "dort"} <= spans
    assert all(span == span.strip() for span in spans)


def test_logits_do_not_depend_on_the_batch() -> None:
    texts = ["La paix.", "", "Une frappe a visé le port.", "La paix."]
    together = SCORER.logits(texts)
    for text, row in zip(texts, together, strict=True):
        assert (SCORER.logits([text])[0] == row).all()
