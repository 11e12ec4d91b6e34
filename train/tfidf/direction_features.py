"""Directions of texts as features, and the quadratic form that their weights amount to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from depeche.model.scoring.features import Counts
from depeche.model.scoring.word_vectors import VectorForm, WordVectors

# Squared lengths of the two parts of a paragraph's features; each table of hashed features has 1.
# Measured on folds of other seeds than those of the scores that are reported.
_LINEAR, _QUADRATIC = 0.5, 1.0
_LEAST_SPREAD = 0.1  # of directions; less comes of texts all alike, and is not scaled up


@dataclass(frozen=True, kw_only=True)
class Directions:
    """The directions of training paragraphs, less their mean, and products of their components.

    `words` are the vectors in the dimensions that count most in these paragraphs, `mean` is
    (n_dims,), and `scale` gives the centred directions a mean square of 1. `D` are the features,
    (n_samples, n_dims + n_dims * (n_dims + 1) / 2).
    """

    words: WordVectors
    mean: NDArray[np.float64]
    scale: float
    D: NDArray[np.float32]

    @classmethod
    def fit(cls, counts: Counts, vectors: WordVectors, n_dims: int) -> Directions:
        """Return the directions of paragraphs along their `n_dims` leading singular vectors."""
        full = _directions(counts, vectors)
        _, _, axes = np.linalg.svd(full.T @ full)
        every = vectors.vectors_of(vectors.hashes) @ axes[:n_dims].T
        words = WordVectors.rounded(vectors.hashes, every.astype(np.float32))
        u = _directions(counts, words)
        mean = u.mean(axis=0)
        scale = 1 / max(float(np.sqrt(((u - mean) ** 2).sum(axis=1).mean())), _LEAST_SPREAD)
        z = (u - mean) * scale
        first, second = np.triu_indices(words.n_dims)
        root = np.where(first == second, 1, np.sqrt(2)) * np.sqrt(_QUADRATIC)
        D = np.hstack([np.sqrt(_LINEAR) * z, z[:, first] * z[:, second] * root])
        return cls(words=words, mean=mean, scale=scale, D=D.astype(np.float32))

    def form(self, weights: NDArray[np.float64]) -> tuple[VectorForm, NDArray[np.float64]]:
        """Return the form and the biases that weights of `D`, (n_columns, n_labels), amount to."""
        n_dims, n_labels = self.words.n_dims, weights.shape[1]
        first, second = np.triu_indices(n_dims)
        root = np.where(first == second, 1, np.sqrt(0.5)) * np.sqrt(_QUADRATIC) * self.scale**2
        quadratic = np.zeros((n_dims, n_labels, n_dims))
        quadratic[first, :, second] = weights[n_dims:] * root[:, None]
        quadratic[second, :, first] = quadratic[first, :, second]
        of_mean = np.einsum("dle,e->dl", quadratic, self.mean)
        straight = weights[:n_dims] * np.sqrt(_LINEAR) * self.scale
        linear, bias = straight - 2 * of_mean, self.mean @ (of_mean - straight)
        form = VectorForm(
            words=self.words,
            linear=linear.astype(np.float32),
            quadratic=quadratic.astype(np.float32),
        )
        return form, bias


def _directions(counts: Counts, vectors: WordVectors) -> NDArray[np.float64]:
    """Return the sum of each paragraph's words' vectors at length 1, (n_samples, n_dims)."""
    sums = sum_vectors(counts, vectors)
    return np.asarray(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9))


def sum_vectors(counts: Counts, vectors: WordVectors) -> NDArray[np.float64]:
    """Return the sum of each paragraph's words' vectors, (n_samples, n_dims)."""
    hashes, word = np.unique(counts.words, return_inverse=True)
    held = sparse.csr_matrix(
        (np.ones(len(word)), word, counts.word_indptr), shape=(counts.n_samples, len(hashes))
    )
    return np.asarray(held @ vectors.vectors_of(hashes))
