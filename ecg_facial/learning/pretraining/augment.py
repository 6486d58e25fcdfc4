"""Random changes to face crops, so that a network trained on rendered heads does not learn the renderer.

Input: uint8 RGB crops and a random generator. Output: uint8 RGB crops of the same shape. Geometry, light, colour,
sensor noise, resolution, compression and occlusion are varied; the facial expression is not.
"""

from __future__ import annotations

import cv2
import numpy as np

from ecg_facial.runtime.typing import UInt8Array


def augment_crop(crop: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Draw one random variant of a face crop.

    Parameters
    ----------
    crop : ndarray of uint8, shape (height, width, 3)
        RGB.
    rng : numpy.random.Generator
        Consumed; the same state gives the same result.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
    """
    image = _move(crop, rng)
    if rng.random() < 0.3:
        image = _occlude(image, rng)
    if rng.random() < 0.5:
        image = _lose_resolution(image, rng)
    image = _change_light(image, rng)
    if rng.random() < 0.4:
        image = _compress(image, rng)
    return image


def _move(image: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Shift, turn, scale and mirror: the landmarks of a detector are never exact."""
    height, width = image.shape[:2]
    scale = float(np.exp(rng.normal(0.0, 0.06)))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.normal(0.0, 5.0)), scale)
    shift = np.zeros((2, 3))
    shift[:, 2] = rng.normal(0.0, 0.025 * width, size=2)
    if rng.random() < 0.5:
        image = np.ascontiguousarray(image[:, ::-1])
    moved = cv2.warpAffine(
        image, matrix + shift, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    return np.asarray(moved, dtype=np.uint8)


def _occlude(image: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Cover a rectangle with one colour or with noise."""
    height, width = image.shape[:2]
    extent = rng.uniform(0.1, 0.35, size=2)
    top, left = rng.uniform(-0.05, 0.95, size=2)
    rows = slice(int(max(top, 0) * height), int((top + extent[0]) * height))
    columns = slice(int(max(left, 0) * width), int((left + extent[1]) * width))
    covered = image.copy()
    patch = covered[rows, columns]
    patch[:] = rng.integers(0, 256, size=3) if rng.random() < 0.6 else rng.integers(0, 256, size=patch.shape)
    return covered


def _lose_resolution(image: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    height, width = image.shape[:2]
    if rng.random() < 0.4:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.4, 1.6))), dtype=np.uint8)
    share = float(rng.uniform(0.3, 0.9))
    small = cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def _change_light(image: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Vary saturation, white balance, gamma, contrast, brightness, a light gradient and sensor noise."""
    height, width = image.shape[:2]
    values = image.astype(np.float32)
    grey = values.mean(axis=2, keepdims=True)
    saturation = 0.0 if rng.random() < 0.2 else rng.uniform(0.3, 1.7)
    values = grey + (values - grey) * np.float32(saturation)
    values *= np.exp(rng.normal(0.0, 0.1, size=3)).astype(np.float32)
    values = 255 * np.clip(values / 255, 0, 1) ** np.float32(rng.uniform(0.6, 1.7))
    mean = values.mean()
    values = (values - mean) * np.float32(rng.uniform(0.65, 1.4)) + mean + np.float32(rng.normal(0.0, 16.0))
    if rng.random() < 0.4:
        slope = rng.uniform(-0.35, 0.35, size=2)
        ramp = slope[0] * np.linspace(-1, 1, height)[:, None] + slope[1] * np.linspace(-1, 1, width)[None, :]
        values *= (1 + ramp).astype(np.float32)[..., None]
    if rng.random() < 0.5:
        values += rng.standard_normal(values.shape, dtype=np.float32) * np.float32(rng.uniform(1, 10))
    return np.asarray(np.clip(values, 0, 255), dtype=np.uint8)


def _compress(image: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Add JPEG's block artefacts; the channel order does not matter to them."""
    _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 92))])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), dtype=np.uint8)
