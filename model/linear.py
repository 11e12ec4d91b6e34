"""The linear scorer: weighted features times weights, and the exact share of each word in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.features import Counts, FeatureExtractor, FeatureSettings

_BATCH = 20_000  # characters scored at once: more is slower, and takes memory


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """What the words `text[start:end]` add to a logit, summed over their occurrences."""

    start: int
    end: int
    value: float


class LinearScorer:
    """Hashed, weighted features times one weight per label.

    Parameters
    ----------
    settings
        What the features are.
    idf
        float32 (n_features,): weight of each column, 0 where the column is not used.
    weights
        float16 (n_features, n_labels): half precision halves the file; fitting rounds to it before
        anything is measured.
    bias
        float32 (n_labels,).
    """

    def __init__(
        self,
        settings: FeatureSettings,
        idf: NDArray[np.float32],
        weights: NDArray[np.float16],
        bias: NDArray[np.float32],
    ) -> None:
        self.settings = settings
        self.idf = idf
        self.weights = weights
        self.bias = bias
        self._extractor = FeatureExtractor(settings)

    def logits(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the scores before calibration, (n_samples, n_labels)."""
        batches = [
            self.logits_of_counts(self._extractor.count(batch)) for batch in _iter_batches(texts)
        ]
        return np.concatenate([np.empty((0, len(self.bias))), *batches])

    def logits_of_counts(self, counts: Counts) -> NDArray[np.float64]:
        """Return the logits of features that were counted before."""
        values = weigh(counts, self.idf)
        parts = self.weights[counts.indices].astype(np.float64) * values[:, None]
        rows = counts.rows
        columns = [np.bincount(rows, column, counts.n_samples) for column in parts.T]
        return np.asarray(np.stack(columns, axis=1) + self.bias, dtype=np.float64)

    def contributions(self, text: str, direction: NDArray[np.float64]) -> list[Contribution]:
        """Return what each word and pair adds to a combination of the labels' logits.

        Parameters
        ----------
        direction
            (n_labels,): the combination, such as one label's 1 among zeros.

        Returns
        -------
        list of Contribution
            Largest absolute value first. Their sum and the bias along `direction` make the logit:
            a word's value holds its character n-grams', and a feature that occurs several times
            is shared evenly among its occurrences. Repeated words appear once, at their first
            place, with their sum.
        """
        counts = self._extractor.count([text])
        tokens = self._extractor.tokens(text)
        weights = self.weights[counts.indices].astype(np.float64) @ direction
        each = weigh(counts, self.idf) * weights / counts.counts
        found: dict[tuple[int, ...], Contribution] = {}
        for first, last, columns in self._extractor.token_columns(tokens):
            key = tuple(token.word for token in tokens[first : last + 1])
            value = float(each[np.searchsorted(counts.indices, columns)].sum())
            known = found.get(key)
            found[key] = Contribution(
                start=known.start if known else tokens[first].start,
                end=known.end if known else tokens[last].end,
                value=value + (known.value if known else 0.0),
            )
        return sorted(found.values(), key=lambda c: (-abs(c.value), c.start, c.end))


def _iter_batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield the texts in runs of about `_BATCH` characters, so that memory stays small."""
    start, size = 0, 0
    for i, text in enumerate(texts):
        size += len(text)
        if size >= _BATCH:
            yield texts[start : i + 1]
            start, size = i + 1, 0
    if start < len(texts):
        yield texts[start:]


def weigh(counts: Counts, idf: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the value of each entry: (1 + ln n) idf, to length 1 within each table of a row.

    Sublinear term frequency, inverse document frequency and cosine normalisation, as in Manning,
    Raghavan and Schütze, Introduction to Information Retrieval, 6.2 and 6.4.
    """
    values = (1 + np.log(counts.counts)) * idf[counts.indices]
    table = counts.rows * 2 + (counts.indices >= len(idf) // 2)
    length = np.sqrt(np.bincount(table, values**2, 2 * counts.n_samples))
    return values / np.maximum(length, 1e-12)[table]
