"""Word vectors, learned once from unlabelled articles; every training starts from the same ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from depeche.model.scoring.features import FeatureExtractor, FeatureSettings
from depeche.model.scoring.word_vectors import WordVectors

SHIPPED = Path(__file__).with_name("word_vectors.npz")  # made by benchmarks/vectors.py

N_DIMS = 128
_FEWEST = 5  # occurrences in the articles, for a word to have a vector
_WINDOW = 12  # words; of 2, 5 and 12 the widest served topics and stance best
_SMOOTHING = 0.75  # power of a context word's count: Levy, Goldberg and Dagan 2015, 3.1
_RARE = 1e-3  # Arora, Liang and Ma 2017: a word's weight is a / (a + its share of all words)


@cache
def load_vectors(path: Path = SHIPPED) -> WordVectors:
    """Return the word vectors of a file, as `save_vectors` writes it."""
    with np.load(path, allow_pickle=False) as arrays:
        return WordVectors(**{name: arrays[name] for name in arrays.files})


def save_vectors(vectors: WordVectors, path: Path = SHIPPED) -> None:
    """Write word vectors to a file."""
    np.savez_compressed(path, **vars(vectors))


def learn_vectors(paragraphs: Iterable[Sequence[str]]) -> WordVectors:
    """Return vectors of the words of paragraphs, given in batches.

    They are the leading singular vectors of the positive pointwise mutual information of words that
    stand within `_WINDOW` words of each other, near ones counting more, times the root of the
    singular values (Levy, Goldberg and Dagan 2015, "Improving distributional similarity with
    lessons learned from word embeddings"). Each is scaled to the weight of its word.
    """
    extractor = FeatureExtractor(FeatureSettings())
    words, rows, n_rows = [], [], 0
    for batch in paragraphs:
        occurrences = extractor.occurrences(batch)
        words.append(occurrences.word)
        rows.append(occurrences.row + n_rows)
        n_rows += len(batch)
    word, row = np.concatenate(words), np.concatenate(rows)
    counts = np.bincount(word, minlength=extractor.n_words)
    kept = np.flatnonzero(counts >= _FEWEST)
    number = np.full(len(counts), -1)
    number[kept] = np.arange(len(kept))
    vectors = _singular_vectors(_association(_neighbours(number[word], row, len(kept))))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9
    vectors *= (_RARE / (_RARE + counts[kept] / counts.sum()))[:, None]
    # Two words of one hash cannot be told apart: the more frequent one is kept.
    order = np.lexsort((-counts[kept], extractor.hashes[kept]))
    hashes, first = np.unique(extractor.hashes[kept][order], return_index=True)
    return WordVectors.rounded(hashes, vectors[order[first]].astype(np.float32))


def _neighbours(word: NDArray[np.int64], row: NDArray[np.int64], n_words: int) -> sparse.csr_matrix:
    """Return how often words stand near each other, (n_words, n_words); neighbours count 1."""
    together = sparse.csr_matrix((n_words, n_words), dtype=np.float32)
    for distance in range(1, _WINDOW + 1):
        first, second = word[:-distance], word[distance:]
        near = (row[:-distance] == row[distance:]) & (first >= 0) & (second >= 0)
        weight = np.full(near.sum(), (_WINDOW + 1 - distance) / _WINDOW, dtype=np.float32)
        together += sparse.coo_matrix(
            (weight, (first[near], second[near])), shape=together.shape
        ).tocsr()
    return together + together.T


def _association(together: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return the positive pointwise mutual information, with smoothed contexts."""
    often = np.asarray(together.sum(axis=1)).ravel()
    context = often**_SMOOTHING / (often**_SMOOTHING).sum()
    pairs = together.tocoo()
    information = np.log(pairs.data / (often[pairs.row] * context[pairs.col]))
    kept = information > 0
    return sparse.csr_matrix(
        (information[kept].astype(np.float32), (pairs.row[kept], pairs.col[kept])),
        shape=together.shape,
    )


def _singular_vectors(matrix: sparse.csr_matrix) -> NDArray[np.float64]:
    from sklearn.utils.extmath import randomized_svd

    left, values, _ = randomized_svd(
        matrix, N_DIMS, n_iter=3, n_oversamples=N_DIMS // 4, random_state=0
    )
    return np.asarray(left * np.sqrt(values), dtype=np.float64)
