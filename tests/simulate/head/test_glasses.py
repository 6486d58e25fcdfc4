"""Glasses are in front of the eyes, rotate with the head, are hidden by nearer parts, and reflect the lamp."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from ecg_facial.runtime.typing import BoolArray, Float32Array
from ecg_facial.simulate.head.glasses import Glasses, choose_glasses, fit_glasses
from ecg_facial.simulate.head.head import BODY, LEFT_EYE, RIGHT_EYE
from ecg_facial.simulate.head.identity import sample_identity
from ecg_facial.simulate.head.renderer import FaceRenderer, Light, Pose

BLACK = Glasses(half_width=0.24, half_height=0.16, power=3.0, thickness=0.025, colour=(20, 20, 20), tint=0.0, glint=0.0)


@lru_cache(maxsize=8)
def wearer(seed: int, glasses: Glasses | None) -> FaceRenderer:
    """A person with short hair who wears given spectacles."""
    renderer = FaceRenderer(sample_identity(np.random.default_rng(seed)), hair="cropped")
    renderer._appearance = replace(renderer._appearance, glasses=glasses)
    skin = renderer._vertices[: len(renderer._head.group)]
    eyes = [renderer._head.centre_of(skin, side) for side in (LEFT_EYE, RIGHT_EYE)]
    body = skin[renderer._head.group == BODY]
    renderer._glasses = None if glasses is None else fit_glasses(glasses, body, abs(float(eyes[0][0])))
    return renderer


def drawn_px(seed: int, pose: Pose, glasses: Glasses = BLACK) -> BoolArray:
    with_glasses, without = (wearer(seed, worn).render({}, pose=pose) for worn in (glasses, None))
    return np.abs(with_glasses.astype(int) - without).max(axis=2) > 10


@pytest.mark.parametrize("seed", range(4))
def test_rims_stand_before_the_skin_and_around_the_eyes(seed: int) -> None:
    renderer = wearer(seed, BLACK)
    fitted = renderer._glasses
    assert fitted is not None
    skin = renderer._vertices[: len(renderer._head.group)]
    for rim, side in zip(fitted.rims, (RIGHT_EYE, LEFT_EYE), strict=True):
        eye = renderer._head.centre_of(skin, side)
        assert rim[:, 0].min() < eye[0] < rim[:, 0].max()
        assert rim[:, 1].min() < eye[1] < rim[:, 1].max()
        inside = np.hypot((skin[:, 0] - eye[0]) / 0.15, (skin[:, 1] - eye[1]) / 0.1) < 1
        assert rim[:, 2].max() > skin[inside & (np.abs(skin[:, 0]) > 0.16), 2].max()


def rim_columns(renderer: FaceRenderer, pose: Pose) -> list[Float32Array]:
    """Columns of the right and of the left rim in the picture."""
    assert renderer._glasses is not None
    turn = pose.rotation().T
    return [renderer._camera.project(np.ascontiguousarray(rim @ turn), pose)[:, 0] for rim in renderer._glasses.rims]


def test_only_the_near_temple_is_seen_of_a_turned_head() -> None:
    for seed in range(3):
        for yaw in (0.5, -0.5):
            pose = Pose(yaw=yaw)
            seen, columns = drawn_px(seed, pose), rim_columns(wearer(seed, BLACK), pose)
            left = seen[:, : int(columns[0].min()) - 3].sum()
            right = seen[:, int(columns[1].max()) + 4 :].sum()
            # turned to the right of the picture, the head shows its side on the left
            near, far = (left, right) if yaw > 0 else (right, left)
            assert near > 25
            assert far == 0


def test_the_far_rim_is_narrower_than_the_near_one() -> None:
    def widths(yaw: float) -> list[float]:
        return [float(np.ptp(columns)) for columns in rim_columns(wearer(1, BLACK), Pose(yaw=yaw))]

    straight, turned = widths(0.0), widths(0.5)
    assert straight[0] == pytest.approx(straight[1], rel=0.02)
    assert turned[0] > 1.2 * turned[1]


def test_hair_before_the_temples_hides_them() -> None:
    renderer = wearer(0, BLACK)
    covered = FaceRenderer(sample_identity(np.random.default_rng(0)), hair="long")
    covered._appearance = replace(covered._appearance, glasses=BLACK)
    bare, pose = replace(covered._appearance, glasses=None), Pose(yaw=0.6)
    covered._glasses = renderer._glasses
    with_glasses = covered.render({}, pose=pose).astype(int)
    covered._appearance = bare
    change = np.abs(with_glasses - covered.render({}, pose=pose)).max(axis=2) > 10
    side = slice(0, int(rim_columns(renderer, pose)[0].min()) - 3)
    assert change[:, side].sum() < 0.75 * drawn_px(0, pose)[:, side].sum()


def test_the_reflection_brightens_the_lenses_alone_and_wanders_when_the_head_turns() -> None:
    shiny = replace(BLACK, glint=0.5)
    places = []
    for yaw in (-0.1, 0.1):
        pose = Pose(yaw=yaw)
        change = wearer(2, shiny).render({}, pose=pose).astype(int) - wearer(2, BLACK).render({}, pose=pose)
        assert change.min() >= 0
        assert change.max() > 20
        rows, columns = np.nonzero(change.max(axis=2) > 8)
        assert rows.min() > 80
        assert rows.max() < 125
        rims = drawn_px(2, pose)
        places.append(columns.mean() - np.nonzero(rims)[1].mean())
    assert abs(places[0] - places[1]) > 1.0


def test_a_red_room_gives_a_red_reflection() -> None:
    red = Light(lamps=((0.3, 0.5, 0.8, 0.8, 0.1, 0.1),), ambient=(0.4, 0.1, 0.1))
    shiny = replace(BLACK, glint=0.5)
    change = wearer(2, shiny).render({}, light=red).astype(int) - wearer(2, BLACK).render({}, light=red)
    assert change[..., 0].sum() > 2 * change[..., 1].sum() > 0


def test_one_person_in_eight_wears_glasses() -> None:
    worn = [choose_glasses(np.random.default_rng(seed)) for seed in range(1000)]
    assert 0.09 < np.mean([glasses is not None for glasses in worn]) < 0.15
    assert worn[:50] == [choose_glasses(np.random.default_rng(seed)) for seed in range(50)]
