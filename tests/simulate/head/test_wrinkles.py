"""Wrinkles are soft, have a limited depth, and lie where their muscles fold the skin."""

from __future__ import annotations

import numpy as np

from ecg_facial.runtime.typing import Float32Array
from ecg_facial.simulate.head.appearance import TEXTURE_HEIGHT, TEXTURE_WIDTH, X_SPAN, Y_SPAN, Y_TOP
from ecg_facial.simulate.head.expressions import WRINKLES
from ecg_facial.simulate.head.wrinkles import draw_wrinkles

EYE_X = 0.31


def draw(seed: int) -> tuple[Float32Array, Float32Array, Float32Array, Float32Array]:
    column, row = np.meshgrid(np.arange(TEXTURE_WIDTH), np.arange(TEXTURE_HEIGHT))
    x = (((column + 0.5) / TEXTURE_WIDTH - 0.5) * X_SPAN).astype(np.float32)
    y = (Y_TOP - (row + 0.5) / TEXTURE_HEIGHT * Y_SPAN).astype(np.float32)
    return x, y, *draw_wrinkles(x, y, np.random.default_rng(seed), eye_x=EYE_X)


def test_no_crease_is_a_hard_line() -> None:
    """From one texel to the next, less than a pixel of a usual picture, the deepest crease changes by an eighth."""
    for seed in range(12):
        _, _, maps, gain = draw(seed)
        shown = np.exp(-maps * gain)
        steps = [np.abs(np.diff(shown, axis=axis)).max() for axis in (0, 1)]
        assert 0.0 < max(steps) < 0.13


def test_creases_that_meet_are_no_deeper_than_one() -> None:
    for seed in range(12):
        _, _, maps, _ = draw(seed)
        assert maps.max() <= 0.75
        assert maps.min() > -0.5
        assert maps.max() > 0.5


def test_every_valley_has_lit_banks() -> None:
    _, _, maps, _ = draw(0)
    for number in range(len(WRINKLES)):
        assert maps[..., number].max() > 0.3
        assert maps[..., number].min() < -0.05


def test_creases_lie_where_their_muscles_fold_the_skin() -> None:
    boxes = {
        "glabella": (0.0, 0.16, -0.05, 0.45),
        "forehead": (0.0, 0.6, 0.35, 0.95),
        "crow": (0.1, 0.85, -0.35, 0.35),
        "nasolabial": (0.12, 0.5, -0.9, -0.3),
        "nose": (0.0, 0.2, -0.3, 0.15),
    }
    for seed in range(6):
        x, y, maps, _ = draw(seed)
        for name, (near, far, low, high) in boxes.items():
            deep = maps[..., WRINKLES.index(name)] > 0.25
            assert deep.any()
            assert np.abs(x[deep]).min() >= near - 0.02
            assert np.abs(x[deep]).max() <= far
            assert y[deep].min() >= low
            assert y[deep].max() <= high
