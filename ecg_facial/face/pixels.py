"""Normalisation of pixel values for the networks.

Input: uint8 RGB crops. Output: float32, channels first, normalised with ImageNet's mean and standard deviation. The
same for all weights, so that published and own weights are interchangeable.
"""

from __future__ import annotations

import numpy as np

from ecg_facial.runtime.typing import Float32Array, UInt8Array

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
_SCALE = (1 / (255 * np.array(IMAGENET_STD))).astype(np.float32)
_OFFSET = (np.array(IMAGENET_MEAN) / np.array(IMAGENET_STD)).astype(np.float32)


def normalise_crops(crops: UInt8Array) -> Float32Array:
    """Scale pixels and put channels first.

    Parameters
    ----------
    crops : ndarray of uint8, shape (..., height, width, 3)
        RGB.

    Returns
    -------
    ndarray of float32, shape (..., 3, height, width)
    """
    scaled = crops.astype(np.float32) * _SCALE - _OFFSET
    return np.ascontiguousarray(np.moveaxis(scaled, -1, -3), dtype=np.float32)
