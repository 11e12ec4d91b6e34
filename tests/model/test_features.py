"""The features: French spelling, and the fast path against a plain reference."""

import math
import unicodedata
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_scorers import linear_scorer, random_form
from plain_features import SETTINGS, TABLE, plain_counts, plain_logits

from depeche import load_model
from depeche.labels.dataset import FOLDER
from depeche.labels.records import read_labels
from depeche.labels.schema import read_schema
from depeche.model.scoring import linear
from depeche.model.scoring.features import FeatureExtractor
from depeche.model.scoring.linear import LinearScorer, weigh
from depeche.model.scoring.spelling import normalise


def as_counter(text: str, extractor: FeatureExtractor) -> Counter[int]:
    counts = extractor.count([text])
    return Counter(dict(zip(counts.indices.tolist(), counts.counts.tolist(), strict=True)))


def test_fast_path_equals_plain_reference_on_the_corpus() -> None:
    texts = [p.text for p in read_labels(FOLDER / "composed.jsonl", read_schema())][:300]
    counts = FeatureExtractor(SETTINGS).count(texts)
    for i, text in enumerate(texts):
        row = slice(counts.indptr[i], counts.indptr[i + 1])
        pairs = zip(counts.indices[row].tolist(), counts.counts[row].tolist(), strict=True)
        assert Counter(dict(pairs)) == plain_counts(text)


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
    bias = rng.normal(size=n_labels).astype(np.float32)
    return LinearScorer(SETTINGS, idf, weights, bias, random_form(n_labels))


SCORER = random_scorer()


@pytest.mark.parametrize("n_before", [0, 400])  # known words and a table of pairs, or none
def test_fast_logits_are_exactly_the_plain_ones(n_before: int) -> None:
    texts = [p.text for p in read_labels(FOLDER / "composed.jsonl", read_schema())]
    scorer = linear_scorer(load_model().artifact)
    scorer.logits(texts[:n_before] * 20)
    logits = scorer.logits(texts[300:500])
    assert logits.tolist() == [plain_logits(scorer, text) for text in texts[300:500]]
    counts = FeatureExtractor(scorer.settings).count(texts[300:500])
    assert (scorer.logits_of_counts(counts) == logits).all()


@given(st.lists(st.text(alphabet=st.characters(), max_size=60), max_size=4))
def test_fast_logits_are_exactly_the_plain_ones_on_any_text(texts: list[str]) -> None:
    assert SCORER.logits(texts).tolist() == [plain_logits(SCORER, text) for text in texts]


def test_a_scorer_that_forgets_its_words_scores_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["La paix est signée.", "Une frappe a visé le port.", "La paix est signée."] * 9
    expected = SCORER.logits(texts)
    monkeypatch.setattr(linear, "_MOST_TOKENS_KEPT", 3)
    monkeypatch.setattr(linear, "_BATCH", 30)
    assert (random_scorer().logits(texts) == expected).all()


def test_a_long_text_is_cut_without_losing_words() -> None:
    words = [f"mot{i}" for i in range(30_000)]
    text = " ".join(words) + " " + "x" * 70_000
    occurrences = FeatureExtractor(SETTINGS).occurrences([text])
    places = zip(occurrences.start[:30_000], occurrences.end[:30_000], strict=True)
    assert [text[start:end] for start, end in places] == words
    assert as_counter(text[:80_000], FeatureExtractor(SETTINGS)) == plain_counts(text[:80_000])


def test_weighed_features_have_length_one_without_shared_ngrams() -> None:
    counts = FeatureExtractor(SETTINGS).count(["Le pacte, le pacte fut signé."])
    values = weigh(counts, np.ones(SETTINGS.n_features, dtype=np.float32))
    for table in (counts.indices < TABLE, counts.indices >= TABLE):
        assert math.isclose(float((values[table] ** 2).sum()), 1)


@given(st.text(alphabet="abcdeéè' L’nq!« ", max_size=80))
def test_contributions_and_bias_sum_to_the_logit(text: str) -> None:
    texts = [text, "Une frappe a visé le port.", text]
    added = SCORER.contributions(texts)
    for i, logits in enumerate(SCORER.logits(texts)):
        assert added.values[added.row == i].sum(axis=0) + SCORER.bias == pytest.approx(logits)


def test_contributions_point_at_the_words_in_the_text() -> None:
    text = "Paris a rencontré l’armée. Paris dort."
    added = SCORER.contributions(["Rien.", text])
    places = zip(added.start[added.row == 1], added.end[added.row == 1], strict=True)
    assert sum(1 for start, end in places if text[start:end] == "Paris") == 1
    places = zip(added.start[added.row == 1], added.end[added.row == 1], strict=True)
    spans = {text[start:end] for start, end in places}
    assert {"Paris", "rencontré l’armée", "dort"} <= spans
    assert all(span == span.strip() for span in spans)


def test_logits_do_not_depend_on_the_batch() -> None:
    texts = ["La paix.", "", "Une frappe a visé le port.", "La paix."]
    together = SCORER.logits(texts)
    for text, row in zip(texts, together, strict=True):
        assert (SCORER.logits([text])[0] == row).all()
