"""Word vectors: learned from texts, folded into a model, and fitted as a form of directions."""

import zlib
from pathlib import Path

import numpy as np
import pytest

from depeche.model.scoring.features import FeatureExtractor, FeatureSettings
from depeche.model.scoring.linear import LinearScorer
from depeche.model.scoring.word_vectors import WordVectors
from depeche.train.tfidf.direction_features import Directions
from depeche.train.tfidf.word_vectors import learn_vectors, load_vectors, save_vectors

SETTINGS = FeatureSettings(table_bits=8)
TEXTS = [
    "Le satellite est en orbite.",
    "La sonde quitte son orbite.",
    "Les troupes ont quitté la ville.",
    "La paix fut signée hier.",
]


def hash_of(word: str) -> int:
    return zlib.crc32(word.encode())


def made_vectors(n_dims: int = 6) -> WordVectors:
    """Return vectors of the words of `TEXTS`."""
    extractor = FeatureExtractor(SETTINGS)
    hashes = np.unique(extractor.count(TEXTS).words)
    vectors = np.random.default_rng(0).normal(size=(len(hashes), n_dims))
    return WordVectors.rounded(hashes, vectors.astype(np.float32))


def test_rounded_vectors_are_near_the_given_ones() -> None:
    hashes = np.array([2, 5, 9], dtype=np.uint32)
    vectors = np.array([[1, -0.5], [0.001, 0.002], [0, 0]], dtype=np.float32)
    asked = np.array([9, 2, 7, 5], dtype=np.uint32)
    rounded = WordVectors.rounded(hashes, vectors).vectors_of(asked)
    expected = np.array([[0, 0], [1, -0.5], [0, 0], [0.001, 0.002]])
    assert np.abs(rounded - expected).max() < 0.005
    assert rounded[3] == pytest.approx([0.001, 0.002], rel=0.01)


def test_vectors_of_a_file_are_those_that_were_saved(tmp_path: Path) -> None:
    vectors = made_vectors()
    save_vectors(vectors, tmp_path / "v.npz")
    for name, array in vars(load_vectors(tmp_path / "v.npz")).items():
        np.testing.assert_array_equal(array, getattr(vectors, name), strict=True)


@pytest.mark.parametrize("n_dims", [0, 2, 4])
def test_a_form_gives_what_its_weights_give(n_dims: int) -> None:
    """A scorer with a fitted form, on the training paragraphs, against the features it is of."""
    counts = FeatureExtractor(SETTINGS).count(TEXTS)
    directions = Directions.fit(counts, made_vectors(), n_dims)
    weights = np.random.default_rng(1).normal(size=(directions.D.shape[1], 3))
    form, bias = directions.form(weights)
    empty = np.zeros(SETTINGS.n_features, np.float32), np.zeros((SETTINGS.n_features, 3))
    scorer = LinearScorer(
        SETTINGS, empty[0], empty[1].astype(np.float16), bias.astype(np.float32), form
    )
    assert scorer.logits(TEXTS) == pytest.approx(directions.D @ weights, abs=0.02)


def test_words_in_like_company_are_alike() -> None:
    rng = np.random.default_rng(0)
    families = [[f"{name}{i}" for i in range(30)] for name in ("astre", "soldat", "traite", "loi")]
    texts = [" ".join(rng.choice(families[i % 4], size=12)) for i in range(800)]
    vectors = learn_vectors([texts[:400], texts[400:]])
    one, same, other = (
        vectors.vectors_of(np.array([hash_of(word)], dtype=np.uint32))[0]
        for word in ("astre1", "astre2", "loi3")
    )
    assert one @ same > 10 * abs(one @ other)


def test_shipped_vectors_know_what_is_near() -> None:
    words = ("satellite", "orbite", "embargo", "sanctions")
    vectors = load_vectors().vectors_of(
        np.array([hash_of(word) for word in words], dtype=np.uint32)
    )
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    near = vectors @ vectors.T
    assert min(near[0, 1], near[2, 3]) > 2 * max(near[0, 2], near[1, 3])
