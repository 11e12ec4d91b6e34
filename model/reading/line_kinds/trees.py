"""Boosted trees walked by many samples at once: one bit per sample, a few operations per level.

Walking the trees sample by sample costs one look-up per node. Here each distinct test (a feature is
at most a threshold) is made once for all samples and its answers are packed into bits. The samples
that reach a node are those that reach its parent, cut by the answers to the parent's test.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from depeche.model.kernel import Kernel, find_kernel

_SIDE_BY_SIDE = 64  # up to so many samples, all tests are made in one operation
_CODE_BITS = 5
_WIDTH = 1 << _CODE_BITS  # leaves of a tree at most
# The bits of eight samples as eight bytes, each of which holds the bit of that weight of a code.
_SPREAD = [
    np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little")
    .view(np.uint64)
    .ravel()
    << np.uint64(bit)
    for bit in range(_CODE_BITS)
]


class PackedTrees:
    """Trees of at most 32 leaves, laid out for many samples.

    The arrays are (n_trees, n_nodes): a sample goes left where its feature is at most the
    threshold, and a leaf is its own child.
    """

    def __init__(
        self,
        feature: NDArray[Any],
        threshold: NDArray[np.float64],
        left: NDArray[Any],
        right: NDArray[Any],
        value: NDArray[np.float64],
    ) -> None:
        self.n_trees, n_nodes = feature.shape
        roots = np.arange(self.n_trees) * n_nodes
        is_leaf = (left == np.arange(n_nodes)).ravel()
        test = self._number_tests(feature.ravel(), threshold.ravel(), ~is_leaf)
        children = (left + roots[:, None]).ravel(), (right + roots[:, None]).ravel()
        leaves, rows = self._lay_out(roots, children, is_leaf, test)
        order = np.argsort(leaves)
        leaves, rows = leaves[order], rows[order]
        tree = leaves // n_nodes
        code = np.arange(len(leaves)) - np.searchsorted(tree, tree)  # of a leaf within its tree
        self._values = np.zeros((self.n_trees, _WIDTH))
        self._values[tree, code] = value.ravel()[leaves]
        self._codes = [self._rows_of_bit(bit, tree, code, rows) for bit in range(_CODE_BITS)]
        self._leaves = np.stack([rows, tree], axis=1).astype(np.int32)
        self._leaf_values = value.ravel()[leaves]

    def values(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the value of each tree, (n_trees, n_samples); `X` is (n_features, n_samples)."""
        kernel = find_kernel()
        if kernel is not None:
            return self._walk(kernel, np.ascontiguousarray(X, dtype=np.float64))
        passed = self._passed(X)
        reached = np.empty((self._n_rows + 1, passed.shape[1]), dtype=np.uint8)
        reached[: self.n_trees] = 0xFF
        reached[-1] = 0
        for rows, tests, start, middle, end in self._levels:
            parents = reached.take(rows, axis=0)
            to_left = reached[start:middle]
            np.bitwise_and(parents, passed.take(tests, axis=0), out=to_left)
            np.bitwise_xor(parents, to_left, out=reached[middle:end])
        code = np.zeros((self.n_trees, passed.shape[1]), dtype=np.uint64)
        for rows, spread in zip(self._codes, _SPREAD, strict=True):
            holding = reached.take(rows.ravel(), axis=0).reshape(len(rows), -1)
            bits = np.bitwise_or.reduce(holding, axis=0).reshape(self.n_trees, -1)
            code |= spread.take(bits)
        leaf = code.view(np.uint8)[:, : X.shape[1]] + np.arange(self.n_trees)[:, None] * _WIDTH
        return self._values.ravel().take(leaf)

    def _walk(self, kernel: Kernel, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what `values` does."""
        leaf_values = np.empty((self.n_trees, X.shape[1]))
        firsts = np.searchsorted(self._features, np.arange(len(X) + 1))
        nodes = (self._nodes, len(self._nodes))
        leaves = (self._leaves, self._leaf_values, len(self._leaves), self.n_trees)
        scratch = np.empty(len(self._thresholds), np.uint64), np.empty(self._n_rows, np.uint64)
        kernel.walk(X, *X.shape, firsts, self._thresholds, *nodes, *leaves, *scratch, leaf_values)
        return leaf_values

    def _number_tests(
        self, feature: NDArray[Any], threshold: NDArray[np.float64], inner: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Return the number of each node's test among the distinct ones, by feature."""
        nodes = np.flatnonzero(inner)
        nodes = nodes[np.lexsort((threshold[nodes], feature[nodes]))]
        f, t = feature[nodes], threshold[nodes]
        new = np.concatenate(([True], (f[1:] != f[:-1]) | (t[1:] != t[:-1])))[: len(nodes)]
        test = np.zeros(len(feature), dtype=np.int64)
        test[nodes] = np.cumsum(new) - 1
        self._features, self._thresholds = f[new].astype(np.int64), t[new, None]
        first = np.flatnonzero(np.diff(self._features, prepend=-1))
        ends = [*first[1:].tolist(), len(self._features)]
        self._spans = list(zip(self._features[first].tolist(), first.tolist(), ends, strict=True))
        return test

    def _lay_out(
        self,
        roots: NDArray[np.int64],
        children: tuple[NDArray[np.int64], NDArray[np.int64]],
        is_leaf: NDArray[np.bool_],
        test: NDArray[np.int64],
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give each node a row, level by level; return the leaves and their rows."""
        self._levels = []
        leaves, rows, laid = [], [], []
        nodes, start = roots, 0
        while len(nodes):
            places = np.arange(start, start + len(nodes))
            start += len(nodes)
            ends = is_leaf[nodes]
            leaves.append(nodes[ends])
            rows.append(places[ends])
            inner, n = nodes[~ends], int((~ends).sum())
            self._levels.append((places[~ends], test[inner], start, start + n, start + 2 * n))
            to_left = np.arange(start, start + n)
            laid.append(np.stack([places[~ends], test[inner], to_left, to_left + n], axis=1))
            nodes = np.concatenate([side[inner] for side in children])
        self._n_rows = start
        self._nodes = np.concatenate(laid).astype(np.int32)
        return np.concatenate(leaves), np.concatenate(rows)

    def _rows_of_bit(
        self, bit: int, tree: NDArray[np.int64], code: NDArray[np.int64], rows: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return the rows of the leaves whose code has a bit, (most such leaves, n_trees).

        Trees that have fewer such leaves are filled up with the last row, which no sample reaches.
        """
        chosen = np.flatnonzero(code >> bit & 1)
        tree = tree[chosen]
        nth = np.arange(len(tree)) - np.searchsorted(tree, tree)
        rows_of_trees = np.full((nth.max(initial=0) + 1, self.n_trees), self._n_rows)
        rows_of_trees[nth, tree] = rows[chosen]
        return rows_of_trees

    def _passed(self, X: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Return the answers to each test, (n_tests, n_samples / 8), one bit per sample."""
        n = X.shape[1]
        if n <= _SIDE_BY_SIDE:
            passed = X[self._features] <= self._thresholds
        else:
            passed = np.empty((len(self._features), n), dtype=np.bool_)
            for feature, start, end in self._spans:
                np.less_equal(X[feature], self._thresholds[start:end], out=passed[start:end])
        return np.packbits(passed, axis=1, bitorder="little")
