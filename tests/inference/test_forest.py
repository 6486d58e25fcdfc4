"""A forest as arrays: on disk and back, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ecg_facial.errors import BundleError
from ecg_facial.inference.forest import LEAST_PROBABILITY, Forest, read_forest, write_forest

# one split on column 1 at 0.5, then two leaves; and a tree of one leaf
FOREST = Forest(
    roots=np.array([0, 3], dtype=np.int32),
    feature=np.array([1, -1, -1, -1], dtype=np.int32),
    threshold=np.array([0.5, 0.0, 0.0, 0.0]),
    left=np.array([1, -1, -1, -1], dtype=np.int32),
    right=np.array([2, -1, -1, -1], dtype=np.int32),
    shares=np.array([[0.5, 0.5], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], dtype=np.float32),
    n_features=2,
)


def test_probabilities_are_the_mean_over_trees() -> None:
    rows = np.array([[9.0, 0.5], [9.0, 0.6]])
    np.testing.assert_allclose(np.exp(FOREST.logits(rows)), [[1.0, LEAST_PROBABILITY], [0.5, 0.5]])


def test_a_forest_survives_its_file_and_its_fingerprint_follows_every_array() -> None:
    read = read_forest(write_forest(FOREST), file="forest.npz")
    assert read.fingerprint() == FOREST.fingerprint()
    for name in ("threshold", "shares", "left"):
        assert replace(FOREST, **{name: getattr(FOREST, name) + 1}).fingerprint() != FOREST.fingerprint()


@pytest.mark.parametrize(
    "change",
    [
        {"left": np.array([0, -1, -1, -1])},  # a walk without an end
        {"right": np.array([9, -1, -1, -1])},
        {"feature": np.array([2, -1, -1, -1])},
        {"feature": np.array([1.0, -1.0, -1.0, -1.0])},
        {"roots": np.array([4])},
        {"roots": np.zeros(0, dtype=int)},
        {"shares": np.full((4, 2), np.nan)},
        {"shares": np.ones((3, 2))},
        {"threshold": np.array(["a", "b", "c", "d"])},
    ],
)
def test_a_forest_that_does_not_fit_together_is_refused(change: dict[str, np.ndarray]) -> None:
    with pytest.raises(BundleError, match=r"forest\.npz is not a"):
        read_forest(write_forest(replace(FOREST, **change)), file="forest.npz")


def test_other_bytes_are_refused() -> None:
    for content in (b"", b"PK\x03\x04", write_forest(FOREST)[:-40]):
        with pytest.raises(BundleError, match="is not a table of roots"):
            read_forest(content, file="forest.npz")
