"""Word vectors of a model, in numpy: words are alike that keep the same company elsewhere.

A text's direction is the sum of its words' vectors, divided by its length; a label's score gets a
linear and a quadratic form of it, so that words count together and not only each for itself. What
a word adds to the sum is kept, like all else that a word adds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

_SCALE = 1 << 16  # sums are whole multiples of 1 / _SCALE, as those of `scoring.columns`
# A direction, the forms and the slopes are rounded to these parts of 1, so that all sums below are
# of whole numbers below 2 ** 53 (while slopes are below 1,000, and texts have fewer than 30,000
# words). So they do not depend on their order, nor on the texts that are scored together.
_PARTS = 1 << 12
_AT_ONCE = 1 << 12  # words


@dataclass(frozen=True, kw_only=True)
class WordVectors:
    """Vectors of some words, by the hash of the word (`FeatureExtractor.hashes`).

    `hashes` (n_words,) rise; a word's vector is `directions` (n_words, n_dims) times its `lengths`
    (n_words,).
    """

    hashes: NDArray[np.uint32]
    directions: NDArray[np.int8]
    lengths: NDArray[np.float16]

    @classmethod
    def rounded(cls, hashes: NDArray[np.uint32], vectors: NDArray[np.float32]) -> WordVectors:
        """Return vectors, (n_words, n_dims), rounded to 1/127 of their greatest component."""
        greatest = np.abs(vectors).max(axis=1, initial=0)
        lengths = np.maximum(greatest / 127, 1e-6).astype(np.float16)
        directions = np.rint(vectors / lengths[:, None].astype(np.float64)).clip(-127, 127)
        return cls(hashes=hashes, directions=directions.astype(np.int8), lengths=lengths)

    @classmethod
    def of_no_words(cls) -> WordVectors:
        """Return the vectors of a model that has none."""
        return cls.rounded(np.zeros(0, np.uint32), np.zeros((0, 0), np.float32))

    @property
    def n_dims(self) -> int:
        """Number of dimensions."""
        return int(self.directions.shape[1])

    def vectors_of(self, hashes: NDArray[np.uint32]) -> NDArray[np.float64]:
        """Return the vector of each word, (n, n_dims); zeros for words that have none."""
        return self.vectors_at(self.places(hashes))

    def places(self, hashes: NDArray[np.uint32]) -> NDArray[np.int32]:
        """Return the place of each word among these, -1 for words that have no vector."""
        if not len(self.hashes):
            return np.full(len(hashes), -1, dtype=np.int32)
        place = np.searchsorted(self.hashes, hashes).clip(max=len(self.hashes) - 1)
        return np.where(self.hashes[place] == hashes, place, -1).astype(np.int32)

    def vectors_at(self, places: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return the vectors at some places, (n, n_dims); zeros for -1."""
        vectors = np.zeros((len(places), self.n_dims))
        known = places >= 0
        place = places[known]
        vectors[known] = self.directions[place] * self.lengths[place, None].astype(np.float64)
        return vectors


def in_units(vectors: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return vectors, or sums of them, in units of 1 / `_SCALE`."""
    return np.rint(vectors * _SCALE).astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class VectorForm:
    """Word vectors, and what each label makes of a text's direction u: b.u + u.A.u.

    `linear` are the b, float32 (n_dims, n_labels), `quadratic` the A, float32 (n_dims, n_labels,
    n_dims), each symmetrical.
    """

    words: WordVectors
    linear: NDArray[np.float32]
    quadratic: NDArray[np.float32]

    @classmethod
    def without_words(cls, n_labels: int) -> VectorForm:
        """Return the form of a model without vectors, which adds nothing."""
        return cls(
            words=WordVectors.of_no_words(),
            linear=np.zeros((0, n_labels), np.float32),
            quadratic=np.zeros((0, n_labels, 0), np.float32),
        )

    @property
    def n_dims(self) -> int:
        """Number of dimensions."""
        return self.words.n_dims

    def values(self, places: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return what words add to the sums of a text, (n, n_dims), in units of 1 / `_SCALE`.

        `places` are those of `WordVectors.places`.
        """
        return in_units(self.words.vectors_at(places))

    @cached_property
    def every_value(self) -> NDArray[np.int64] | NDArray[np.int32]:
        """The `values` of all words that have a vector, in 32 bits where they fit."""
        n = len(self.words.hashes)
        table = np.empty((n, self.n_dims), dtype=np.int32)
        for start in range(0, n, _AT_ONCE):  # `values` takes many times its result
            places = np.arange(start, min(start + _AT_ONCE, n), dtype=np.int32)
            values = self.values(places)
            if np.abs(values).max(initial=0) >= 1 << 31:
                return self.values(np.arange(n, dtype=np.int32))
            table[places] = values
        return table

    def logits(self, sums: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return what texts get, (n_samples, n_labels), by the sums of their words' values."""
        slopes, lengths = self._slopes(sums)
        return np.asarray(np.einsum("nld,nd->nl", slopes, sums) / lengths)

    def shares(self, sums: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the factor of a word's values in what texts get, (n_samples, n_labels, n_dims).

        A text gets the sum over its words of values times this.
        """
        slopes, lengths = self._slopes(sums)
        return np.asarray(slopes / lengths[:, None])

    def _slopes(self, sums: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return b + A u of each label, (n_samples, n_labels, n_dims), in parts of 1.

        And the lengths of the sums, (n_samples, 1), in as many parts.
        """
        lengths = np.sqrt((sums.astype(np.float64) ** 2).sum(axis=1, keepdims=True)).clip(1)
        linear, quadratic = self._rounded_forms
        slopes = np.rint(sums / lengths * _PARTS) @ quadratic
        slopes = np.rint(slopes.reshape(len(sums), *linear.shape) / _PARTS)
        slopes += linear
        return slopes, lengths * _PARTS

    @cached_property
    def _rounded_forms(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The forms in parts of 1: b as (n_labels, n_dims), A as (n_dims, n_labels * n_dims)."""
        linear = np.rint(self.linear.T.astype(np.float64) * _PARTS)
        quadratic = np.rint(self.quadratic.astype(np.float64) * _PARTS)
        return linear, quadratic.reshape(self.n_dims, linear.size)
