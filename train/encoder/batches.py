"""Labelled paragraphs as batches of token ids, of about the same length within a batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from depeche.model.scoring.windows import Windower

_BUCKET = 32  # batches whose windows are sorted by length together


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Windows of paragraphs, each with its paragraph's labels.

    `windows` are token ids. Each window has its `target` (n_windows, n_labels) and its `weight`
    (n_windows,): the windows of a paragraph share a weight of 1. `n_windows` counts the windows of
    each paragraph, and `Y` (n_paragraphs, n_labels) are its labels.
    """

    windows: list[list[int]]
    target: NDArray[np.float32]
    weight: NDArray[np.float32]
    n_windows: list[int]
    Y: NDArray[np.int64]


def make_examples(windower: Windower, texts: Sequence[str], Y: NDArray[np.int64]) -> Examples:
    """Return the windows of texts with their labels `Y`, (n_texts, n_labels)."""
    windows = windower.windows(texts)
    n_windows = [len(of_text) for of_text in windows]
    return Examples(
        windows=[window for of_text in windows for window in of_text],
        target=np.repeat(Y, n_windows, axis=0).astype(np.float32),
        weight=np.repeat(1 / np.array(n_windows), n_windows).astype(np.float32),
        n_windows=n_windows,
        Y=Y,
    )


def shuffled_batches(
    examples: Examples, batch_size: int, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Return the rows of each batch of one pass, in a random order.

    The rows are shuffled, then sorted by length in stretches of `_BUCKET` batches: this needs
    little padding, and still puts other windows together in each pass.
    """
    order = rng.permutation(len(examples.windows))
    length = np.array([len(window) for window in examples.windows])
    stretch = _BUCKET * batch_size
    batches: list[NDArray[np.int64]] = []
    for start in range(0, len(order), stretch):
        rows = order[start : start + stretch]
        rows = rows[np.argsort(length[rows], kind="stable")]
        batches += [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def batches_by_length(windows: Sequence[list[int]], batch_size: int) -> Iterator[NDArray[np.int64]]:
    """Yield the rows of batches, the longest windows first: memory that lacks shows at once."""
    order = np.argsort([-len(window) for window in windows], kind="stable")
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]


def collate(windows: Sequence[list[int]], pad_id: int, device: str) -> dict[str, Any]:
    """Return windows as tensors padded to the longest: `input_ids` and `attention_mask`."""
    import torch

    width = max(map(len, windows))
    ids = np.full((len(windows), width), pad_id, dtype=np.int64)
    mask = np.zeros((len(windows), width), dtype=np.int64)
    for row, window in enumerate(windows):
        ids[row, : len(window)], mask[row, : len(window)] = window, 1
    return {
        "input_ids": torch.from_numpy(ids).to(device),
        "attention_mask": torch.from_numpy(mask).to(device),
    }
