"""Combining logits."""

from __future__ import annotations

import numpy as np
import pytest

from ecg_facial.errors import SettingsError
from ecg_facial.inference.fusion import fuse_logits, softmax

FACE = np.array([[2.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
ECG = np.array([[0.0, 3.0, 0.0], [1.0, 0.0, 0.0]])


def test_fusion_is_the_softmax_of_the_weighted_sum() -> None:
    expected = np.exp(0.8 * FACE + 0.2 * ECG)
    np.testing.assert_allclose(fuse_logits(FACE, ECG), expected / expected.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(fuse_logits(FACE, ECG, face_weight=1, ecg_weight=0), softmax(FACE))


def test_softmax_survives_large_logits() -> None:
    np.testing.assert_allclose(softmax(np.array([1e4, 0.0])), [1.0, 0.0])


def test_an_absent_modality_leaves_the_other_alone_and_its_nan_does_not_leak() -> None:
    face, ecg = FACE.copy(), ECG.copy()
    face[0], ecg[1] = np.nan, np.nan
    fused = fuse_logits(face, ecg, face_present=np.array([False, True]), ecg_present=np.array([True, False]))
    np.testing.assert_allclose(fused, [softmax(ECG[0]), softmax(FACE[1])])


def test_without_both_modalities_all_classes_are_equal() -> None:
    nobody = np.array([False, False])
    np.testing.assert_allclose(fuse_logits(FACE, ECG, face_present=nobody, ecg_present=nobody), 1 / 3)


@pytest.mark.parametrize("weights", [(-0.1, 1.0), (0.0, 0.0), (float("nan"), 1.0), (float("inf"), 1.0)])
def test_weights_outside_their_limits_are_refused(weights: tuple[float, float]) -> None:
    with pytest.raises(SettingsError, match="fusion weights"):
        fuse_logits(FACE, ECG, face_weight=weights[0], ecg_weight=weights[1])


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(SettingsError, match="shapes"):
        fuse_logits(FACE, ECG[:, :2])
