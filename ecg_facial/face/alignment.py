"""Aligned face crops.

Input: a frame, and a face with five landmarks. Output: a square crop with eyes and mouth at fixed places.
"""

from __future__ import annotations

import numpy as np

from ecg_facial.face.detection import Face
from ecg_facial.face.video import VideoFrame
from ecg_facial.runtime.typing import Float64Array, UInt8Array

# Eyes, nose and mouth corners of a frontal face in a unit square. Brows and chin stay inside: pain shows there.
TEMPLATE = np.array([[0.33, 0.42], [0.67, 0.42], [0.5, 0.61], [0.36, 0.79], [0.64, 0.79]])


def alignment_matrix(landmarks: Float64Array, crop_px: int) -> Float64Array:
    """Compute the least-squares similarity (rotation, scale, shift) from landmarks to the template [1]_.

    Parameters
    ----------
    landmarks : ndarray of float64, shape (5, 2)
        In frame pixels.
    crop_px : int
        Side of the crop.

    Returns
    -------
    ndarray of float64, shape (2, 3)

    References
    ----------
    .. [1] Umeyama, "Least-squares estimation of transformation parameters between two point patterns", TPAMI 1991.
    """
    goal = TEMPLATE * crop_px
    from_mean, to_mean = landmarks.mean(axis=0), goal.mean(axis=0)
    # in complex numbers a rotation with scale is one multiplication, and least squares a projection
    source = (landmarks - from_mean) @ np.array([1, 1j])
    target = (goal - to_mean) @ np.array([1, 1j])
    turn = np.vdot(source, target) / max(float(np.vdot(source, source).real), 1e-9)
    rotation = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    return np.column_stack([rotation, to_mean - rotation @ from_mean])


def crop_face(frame: VideoFrame, face: Face, *, crop_px: int) -> UInt8Array:
    """Cut an aligned crop, uint8 RGB of shape (crop_px, crop_px, 3)."""
    return frame.warp_rgb(alignment_matrix(face.landmarks, crop_px), crop_px)
