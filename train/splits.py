"""Folds that do not leak: by article, near-duplicates together; by source; by date; at random."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from depeche.labels.dataset import LabelledSet
from depeche.labels.errors import LabelsError
from depeche.model.scoring.features import FeatureExtractor, FeatureSettings
from depeche.train import Split

# Two paragraphs that share half of their runs of three words are one text, edited: wire copy is cut
# and rephrased sentence by sentence (Broder 1997, "On the resemblance and containment of
# documents").
SHINGLE = 3
RESEMBLANCE = 0.5
NOT_SCORED = -1
HELD_OUT_PARTS = 5


def split_folds(
    labels: LabelledSet, Y: NDArray[np.int64], split: Split, n_folds: int, seed: int
) -> NDArray[np.int64]:
    """Return the fold of each paragraph, (n_samples,), `NOT_SCORED` for those only trained on.

    By article (the default) and by source, near-duplicate paragraphs of different articles share a
    fold. By date, fold k holds the paragraphs of the k-th stretch of time, to be scored by a model
    of what came before, copies included. The first stretch, and paragraphs without a date, are only
    trained on.

    Raises
    ------
    LabelsError
        When there are fewer groups than folds, or too few dates.
    """
    if split is Split.random:
        if len(Y) < n_folds:
            raise LabelsError(f"{len(Y)} paragraphs are too few for {n_folds} folds: label more")
        return np.random.default_rng(seed).permutation(len(Y)) % n_folds
    if split is Split.date:
        return _dated_folds(labels, n_folds)
    names = labels.articles if split is Split.article else labels.sources
    return grouped_folds(leak_groups(labels.texts, names), Y, n_folds, seed, what=split.value)


def train_rows(fold: NDArray[np.int64], k: int, split: Split) -> NDArray[np.bool_]:
    """Return a mask, (n_samples,): the paragraphs to fit the model on that scores fold `k`."""
    return fold < k if split is Split.date else fold != k


def held_out_parts(
    labels: LabelledSet,
    Y: NDArray[np.int64],
    rows: NDArray[np.int64],
    seed: int,
    n_parts: int = HELD_OUT_PARTS,
) -> NDArray[np.int64]:
    """Return the part of each paragraph of one held-out fold, (n_samples,).

    Each part is calibrated by the others. Paragraphs that are not in `rows` have `NOT_SCORED`.
    Parts keep articles whole, so that there are fewer parts where there are few articles.
    """
    parts = np.full(len(Y), NOT_SCORED)
    chosen = labels.chosen(rows)
    groups = leak_groups(chosen.texts, chosen.articles)
    n = max(min(n_parts, len(np.unique(groups))), 2)
    parts[rows] = grouped_folds(groups, Y[rows], n, seed, what="article")
    return parts


def leak_groups(texts: Sequence[str], names: Sequence[str]) -> NDArray[np.int64]:
    """Return a group for each paragraph, (n_samples,), so that nothing leaks between groups.

    Paragraphs with the same name (of an article or a source) share a group, and so do
    near-duplicates: a group is a connected component of the two relations.
    """
    _, of_name = np.unique(np.array(names, dtype=object).astype(str), return_inverse=True)
    n = len(names)
    by_name = sparse.coo_matrix((np.ones(n), (np.arange(n), n + of_name)), shape=(2 * n, 2 * n))
    first, second = near_duplicates(texts)
    twins = sparse.coo_matrix((np.ones(len(first)), (first, second)), shape=(2 * n, 2 * n))
    _, component = connected_components(by_name + twins, directed=False)
    return np.asarray(component[:n], dtype=np.int64)


def near_duplicates(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of texts whose runs of words have a Jaccard index of at least `RESEMBLANCE`.

    The runs that each pair shares are counted, exactly but for hash collisions. Words are those of
    `scoring.spelling`, so that case, accents and quotation marks make no difference.
    """
    words = FeatureExtractor(FeatureSettings()).occurrences(texts)
    first = np.searchsorted(words.row, np.arange(len(texts) + 1))
    rows, columns = [], []
    for i in range(len(texts)):
        text = words.word[first[i] : first[i + 1]].tolist()
        runs = {tuple(text[j : j + SHINGLE]) for j in range(max(len(text) - SHINGLE + 1, 1))}
        columns += [zlib.crc32(repr(run).encode()) for run in runs]
        rows += [i] * len(runs)
    _, column = np.unique(columns, return_inverse=True)
    held = sparse.csr_matrix((np.ones(len(rows), dtype=np.int32), (rows, column)))
    n_runs = np.asarray(held.sum(axis=1)).ravel()
    shared = sparse.triu(held @ held.T, k=1).tocoo()
    either = n_runs[shared.row] + n_runs[shared.col] - shared.data
    close = shared.data >= RESEMBLANCE * either
    return shared.row[close].astype(np.int64), shared.col[close].astype(np.int64)


def grouped_folds(
    groups: NDArray[np.int64], Y: NDArray[np.int64], n_folds: int, seed: int, *, what: str
) -> NDArray[np.int64]:
    """Return folds of complete groups, with each label spread over them as evenly as groups allow.

    This is the greedy method of Sechidis et al. 2011, "On the stratification of multi-label data",
    with groups in place of samples: the largest group first, each into the fold that lacks its
    labels most.
    """
    names, group = np.unique(groups, return_inverse=True)
    if len(names) < n_folds:
        raise LabelsError(
            f"{len(names)} groups (by {what}, near-duplicates together) are too few for {n_folds} "
            f"folds: label more {what}s or ask for fewer folds"
        )
    # Of each group: the number of its paragraphs, then that of each label.
    columns = np.column_stack([np.ones(len(Y)), Y]).T
    counts = np.column_stack([np.bincount(group, weights=column) for column in columns])
    total = np.maximum(counts.sum(axis=0), 1)
    order = np.random.default_rng(seed).permutation(len(names))
    order = order[np.argsort(-counts[order, 0], kind="stable")]
    held = np.zeros((n_folds, counts.shape[1]))
    fold_of = np.empty(len(names), dtype=np.int64)
    for g in order:
        # What each fold would hold of each label, as a share of an even part.
        after = (held + counts[g]) / total * n_folds
        before = held / total * n_folds
        fold_of[g] = int(((after - 1) ** 2 - (before - 1) ** 2).sum(axis=1).argmin())
        held[fold_of[g]] += counts[g]
    return fold_of[group]


def _dated_folds(labels: LabelledSet, n_folds: int) -> NDArray[np.int64]:
    """Return stretches of time of about equal size, 0 to n_folds; the first is `NOT_SCORED`."""
    dates = np.array([p.date or "" for p in labels.paragraphs])
    known = np.sort(dates[dates != ""])
    if len(np.unique(known)) <= n_folds:
        raise LabelsError(
            f"{len(np.unique(known))} dates are too few for {n_folds} folds by date: give "
            "paragraphs a 'date', or ask for fewer folds"
        )
    cuts = known[[len(known) * (k + 1) // (n_folds + 1) for k in range(n_folds)]]
    if len(np.unique(cuts)) < n_folds or cuts[0] == known[0]:
        raise LabelsError(
            f"too many paragraphs share a date for {n_folds} folds by date: ask for fewer folds"
        )
    return np.searchsorted(cuts, dates, side="right") - 1
