"""Compiled loops over pixels equal plain arithmetic: rounding, limits and overlays."""

from __future__ import annotations

import numpy as np

from ecg_facial.simulate.head.pixels import blend_layer, blend_lenses, scale_and_add_noise, scale_colours

RNG = np.random.default_rng(0)
PICTURE = RNG.integers(0, 256, (30, 41, 3)).astype(np.uint8)
GAINS = (0.7, 1.0, 1.9)


def test_colours_are_multiplied_rounded_and_end_at_white() -> None:
    expected = np.clip(np.rint(PICTURE * np.float32(GAINS)), 0, 255)
    assert np.array_equal(scale_colours(PICTURE, GAINS), expected)
    # of a view as of a picture
    assert np.array_equal(scale_colours(PICTURE[3:20, 5:30], np.array(GAINS)), expected[3:20, 5:30])
    assert np.array_equal(scale_colours(PICTURE, (1.0, 1.0, 1.0)), PICTURE)
    assert not scale_colours(PICTURE, (0.0, 0.0, 0.0)).any()


def test_grain_is_added_after_white_and_ends_at_black_and_white() -> None:
    grain = RNG.integers(-60, 60, (50, 60, 3)).astype(np.int16)
    white = np.clip(np.rint(PICTURE * np.float32(GAINS)), 0, 255)
    expected = np.clip(white + grain[7 : 7 + 30, 11 : 11 + 41], 0, 255)
    assert np.array_equal(scale_and_add_noise(PICTURE, GAINS, grain, corner=(7, 11)), expected)
    assert {0, 255} <= set(expected.ravel().tolist())


def test_a_layer_covers_by_its_opacity_what_its_shadow_darkens() -> None:
    view, layer = PICTURE.copy(), RNG.uniform(0, 255, PICTURE.shape).astype(np.float32)
    alpha, shadow = RNG.random((2, 30, 41)).astype(np.float32)
    alpha[:, :10], shadow[:, :5] = 0.0, 0.0
    under = PICTURE * (1 - 0.4 * shadow[..., None])
    blend_layer(view, layer, alpha, shadow, 0.4)
    np.testing.assert_allclose(view, under + (layer - under) * alpha[..., None] - 0.5, atol=0.51)
    assert np.array_equal(view[:, :5], PICTURE[:, :5])


def test_lenses_tint_and_reflect_and_rims_shade_only_the_head() -> None:
    view = PICTURE.copy()
    lens, streak, shadow = RNG.integers(0, 256, (3, 30, 41)).astype(np.uint8)
    lens[:, :10], shadow[:, :5] = 0, 0
    depth = np.where(np.arange(41) < 20, 0.0, -1e9).astype(np.float32) * np.ones((30, 1), np.float32)
    glint = np.array([0.1, 0.2, 0.6], dtype=np.float32)
    blend_lenses(view, depth, -1e8, lens, streak, shadow, 0.3, 0.1, glint)
    covered = lens[..., None] / 255
    shade = 1 - 0.3 * (depth > -1e8)[..., None] * shadow[..., None] / 255
    seen = PICTURE * shade * (1 - 0.1 * covered) + covered * streak[..., None] * glint
    np.testing.assert_allclose(view, np.minimum(seen, 255) - 0.5, atol=0.51)
    assert np.array_equal(view[:, :5], PICTURE[:, :5])
