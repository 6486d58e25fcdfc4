"""A forest of decision trees as arrays: predicts with numpy alone, and is stored without pickle.

Input: arrays, or the bytes of an ``.npz``. Output: class probabilities. A forest is grown on the training side
(`ecg_facial.evaluation.benchmark.baselines`); its arrays are then all that is used, there and in a bundle.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from ecg_facial.errors import BundleError
from ecg_facial.inference.arrays import read_arrays, write_arrays
from ecg_facial.runtime.storage import sha256_bytes
from ecg_facial.runtime.typing import AnyArray, Float32Array, Float64Array, FloatArray, Int32Array

# in place of 0 for a class that no tree votes for: its logarithm must be finite
LEAST_PROBABILITY = 1e-6
_LEAF = -1
# bounds the memory: 200 trees of four classes take 6.4 MB per thousand rows
_ROWS_AT_ONCE = 4096


@dataclass(frozen=True, eq=False, kw_only=True)
class Forest:
    """Nodes of all trees, one after the other; a tree begins at each of `roots`.

    Attributes
    ----------
    roots : ndarray of int32, shape (n_trees,)
    feature : ndarray of int32, shape (n_nodes,)
        Column that a node looks at; -1 for a leaf.
    threshold : ndarray of float64, shape (n_nodes,)
        Rows with a value up to it go left.
    left, right : ndarray of int32, shape (n_nodes,)
        Next node; behind the node itself, so that every walk ends.
    shares : ndarray of float32, shape (n_nodes, n_classes)
        Shares of the classes in a node.
    n_features : int
    """

    roots: Int32Array
    feature: Int32Array
    threshold: Float64Array
    left: Int32Array
    right: Int32Array
    shares: Float32Array
    n_features: int

    def logits(self, rows: FloatArray) -> Float64Array:
        """Logarithms of the class probabilities.

        Parameters
        ----------
        rows : ndarray, shape (n, n_features)

        Returns
        -------
        ndarray of float64, shape (n, n_classes)
            At least the logarithm of `LEAST_PROBABILITY`.
        """
        # trees are grown on single precision: a value between the two would else take the other way
        values = np.asarray(rows, dtype=np.float32).astype(np.float64)
        shares = np.zeros((len(values), self.shares.shape[1]))
        for first in range(0, len(values), _ROWS_AT_ONCE):
            part = slice(first, first + _ROWS_AT_ONCE)
            shares[part] = self.shares[self._walk(values[part])].mean(axis=1, dtype=np.float64)
        return np.asarray(np.log(np.maximum(shares, LEAST_PROBABILITY)), dtype=np.float64)

    def _walk(self, values: Float64Array) -> Int32Array:
        """Leaf of each row in each tree, (n, n_trees): all trees go down one step at a time."""
        nodes = np.tile(self.roots, (len(values), 1))
        rows = np.arange(len(values))[:, None]
        splits = self.feature[nodes] != _LEAF
        while splits.any():
            goes_left = values[rows, self.feature[nodes]] <= self.threshold[nodes]
            nodes = np.where(splits, np.where(goes_left, self.left[nodes], self.right[nodes]), nodes)
            splits = self.feature[nodes] != _LEAF
        return nodes

    def fingerprint(self) -> str:
        """SHA-256 of all arrays."""
        return sha256_bytes(b"".join(np.ascontiguousarray(value).tobytes() for value in _arrays(self).values()))


def write_forest(forest: Forest) -> bytes:
    """Content of a file with the arrays of a forest."""
    return write_arrays(_arrays(forest))


def read_forest(content: bytes, *, file: str) -> Forest:
    """Read what `write_forest` gave.

    Parameters
    ----------
    content : bytes
    file : str
        Name of the file, for messages.

    Raises
    ------
    BundleError
        When it is not a forest whose walks all end.
    """
    arrays = read_arrays(content, [each.name for each in fields(Forest)], file=file)
    try:
        forest = Forest(n_features=int(arrays.pop("n_features")), **arrays)
        sound = _is_sound(forest)
    except (ValueError, TypeError, IndexError):  # shapes or types that are no arrays of nodes
        sound = False
    if not sound:
        raise BundleError(f"{file} is not a forest; train the bundle again")
    return forest


def _arrays(forest: Forest) -> dict[str, AnyArray]:
    return {each.name: np.asarray(getattr(forest, each.name)) for each in fields(Forest)}


def _is_sound(forest: Forest) -> bool:
    """Whether every array fits the others and every step leads to a later node."""
    n_nodes = len(forest.feature)
    splits = np.flatnonzero(forest.feature != _LEAF)
    shapes = {forest.feature.shape, forest.threshold.shape, forest.left.shape, forest.right.shape}
    steps = np.concatenate([forest.left[splits], forest.right[splits]])
    whole = all(np.issubdtype(each.dtype, np.integer) for each in (forest.roots, forest.feature, steps))
    whole = whole and np.issubdtype(forest.threshold.dtype, np.floating)
    inside = whole and forest.feature.min() >= _LEAF and forest.feature.max() < forest.n_features
    forward = bool((steps > np.tile(splits, 2)).all() and (steps < n_nodes).all())
    rooted = len(forest.roots) > 0 and bool((forest.roots >= 0).all() and (forest.roots < n_nodes).all())
    shared = forest.shares.ndim == 2 and len(forest.shares) == n_nodes and bool(np.isfinite(forest.shares).all())
    return shapes == {(n_nodes,)} and inside and forward and rooted and shared
