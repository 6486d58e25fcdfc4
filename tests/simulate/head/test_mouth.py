"""Mouths of rendered heads: teeth, the inside, and lips."""

from __future__ import annotations

import numpy as np
import pytest
from rendered_heads import renderer_of

from ecg_facial.simulate.head.appearance import TEXTURE_HEIGHT, TEXTURE_WIDTH, X_SPAN, Y_SPAN, Y_TOP, make_appearance
from ecg_facial.simulate.head.head import load_head
from ecg_facial.simulate.head.identity import sample_identity
from ecg_facial.simulate.head.rasteriser import PAINTED, TEXTURED
from ecg_facial.simulate.head.renderer import FaceRenderer


@pytest.mark.parametrize("seed", range(12))
def test_a_closed_mouth_shows_no_teeth(seed: int) -> None:
    """No pixel about the mouth is much paler than the skin around it; teeth shone at the corners once."""
    picture = renderer_of(seed).render({}).astype(int)
    mouth = picture[140:180, 125:195].min(axis=2)
    cheeks = np.concatenate([picture[120:150, 112:128], picture[120:150, 192:208]]).min(axis=2)
    assert np.quantile(mouth, 0.998) < 1.25 * np.quantile(cheeks, 0.9) + 10


def test_an_open_mouth_is_darker_inside_than_the_skin() -> None:
    for seed in range(6):
        open_mouth = renderer_of(seed).render({"AU27": 1.0}).astype(int)
        changed = np.abs(open_mouth - renderer_of(seed).render({})).sum(axis=2)
        inside = open_mouth[140:200, 145:175][changed[140:200, 145:175] > 60]
        assert np.quantile(inside.mean(axis=-1), 0.1) < 0.55 * open_mouth[100:120, 150:170].mean()


def test_no_skin_shows_inside_an_open_mouth() -> None:
    """Red as the skin is painted, the inner cheeks stay dark; they were pale dots at the mouth's corners once."""
    for seed in range(8):
        renderer = FaceRenderer(sample_identity(np.random.default_rng(seed)), hair="cropped")
        units = {"AU10": 1.0, "AU25": 0.6, "AU20": 0.4}
        open_mouth = renderer.render(units).astype(int)
        vertices = renderer._head.template - renderer._head.eye_centre
        deep = (renderer._head.group == 0) & (vertices[:, 2] < -0.1) & (np.abs(vertices[:, 0]) < 0.3)
        deep &= (vertices[:, 1] > -0.85) & (vertices[:, 1] < -0.55)
        renderer._colour[: len(deep)][deep] = (0.0, 1e4, 0.0, 1.0)
        renderer._kinds[renderer._kinds == TEXTURED] = PAINTED
        seen = (renderer.render(units)[..., 1] == 255) & (open_mouth[..., 1] < 250)
        skin = open_mouth[110:125, 140:180].mean()
        assert (open_mouth[seen].mean(axis=-1) < 0.6 * skin).all()


def test_lips_are_red_up_to_the_corners_and_no_further() -> None:
    """In the texture: the rolled zone of the mesh is narrower than the mouth, and reaches under the lower lip."""
    head = load_head()

    def redness(skin: np.ndarray, x: float, y: float) -> float:
        row, column = round((Y_TOP - y) / Y_SPAN * TEXTURE_HEIGHT), round((x / X_SPAN + 0.5) * TEXTURE_WIDTH)
        red, green = skin[row - 1 : row + 2, column - 1 : column + 2, :2].mean(axis=(0, 1))
        return float(red / green)

    for seed in range(8):
        identity = sample_identity(np.random.default_rng(seed))
        if identity.sex == "m":
            continue
        texture = make_appearance(identity, head).skin.astype(float)
        chin = redness(texture, 0.0, -1.05)
        assert redness(texture, 0.0, -0.6) > 1.1 * chin
        assert redness(texture, 0.15, -0.668) > 1.1 * chin
        assert redness(texture, 0.0, -0.87) < 1.05 * chin
