"""Hair lies on the skull, ends at the height of its cut, and rotates with the head."""

from __future__ import annotations

import numpy as np
import pytest

from ecg_facial.runtime.typing import BoolArray, Float32Array
from ecg_facial.simulate.head.appearance import make_appearance
from ecg_facial.simulate.head.hair import PIVOT, STRIP, HairName, choose_style, grow_hair
from ecg_facial.simulate.head.head import load_head
from ecg_facial.simulate.head.identity import Identity, sample_identity
from ecg_facial.simulate.head.renderer import FaceRenderer, Pose

CENTRE = np.array([0.0, 0.2, -0.85]) - PIVOT
CUTS: tuple[HairName, ...] = ("bald", "cropped", "short", "tied", "bob", "long")


def person(seed: int) -> Identity:
    return sample_identity(np.random.default_rng(seed), sex="w")


def ball(n_points: int = 4000) -> Float32Array:
    """Points all over a sphere of radius 1 about the skull's middle."""
    ways = np.random.default_rng(0).standard_normal((n_points, 3))
    return (CENTRE + ways / np.linalg.norm(ways, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("name", CUTS)
def test_hair_on_a_ball_is_a_shell_as_thick_as_its_cut(name: HairName) -> None:
    style = choose_style(person(3), 0.75, is_bald=False, name=name)
    hair = grow_hair(style, ball(), np.random.default_rng(0))
    above = hair.vertices[hair.vertices[:, 1] > CENTRE[1] + 0.05] - CENTRE
    height = np.linalg.norm(above, axis=1) - 1.0
    assert height.min() > 0.0
    assert height.max() == pytest.approx(0.015 + style.thickness, abs=0.012)


@pytest.mark.parametrize("name", ["cropped", "short", "tied", "bob", "long"])
def test_locks_end_at_the_heights_of_the_cut(name: HairName) -> None:
    style = choose_style(person(5), 0.75, is_bald=False, name=name)
    hair = grow_hair(style, ball(), np.random.default_rng(0))
    x, y, z = (hair.vertices + PIVOT).T
    behind, front = z < -1.2, (z > -0.3) & (np.abs(x) < 0.3)
    assert y[behind].min() == pytest.approx(style.nape, abs=0.15)
    assert y[front].min() == pytest.approx(style.front, abs=0.15)


def test_a_bald_crown_is_bare_and_its_sides_are_not() -> None:
    style = choose_style(person(5), 0.75, is_bald=True)
    hair = grow_hair(style, ball(), np.random.default_rng(0))
    used = hair.vertices[np.unique(hair.triangles)] + PIVOT
    assert style.start is not None
    assert used[:, 1].max() < style.start + 0.1
    assert np.abs(used[:, 0]).max() > 0.9


def test_triangles_face_outwards_and_the_lining_inwards() -> None:
    hair = grow_hair(choose_style(person(1), 0.75, is_bald=False, name="bob"), ball(), np.random.default_rng(0))
    a, b, c = (hair.vertices[hair.triangles[:, corner]] for corner in range(3))
    normals, middles = np.cross(b - a, c - a), (a + b + c) / 3 - CENTRE
    outwards = (normals * middles).sum(axis=1)
    lined = hair.is_lining[hair.triangles[:, 0]]
    assert (outwards[~lined] > -1e-4).mean() > 0.98
    assert (outwards[lined] < 1e-4).mean() > 0.98


def test_hair_and_forehead_creases_do_not_share_the_texture() -> None:
    head = load_head()
    for seed in range(6):
        look = make_appearance(person(seed), head)
        top, bottom = (round(share * len(look.skin)) for share in STRIP)
        assert not look.skin[top : bottom + 1, :, 3].any()
        strip = look.skin[top + 2 : bottom - 1, :, :3].reshape(-1, 3).mean(axis=0)
        assert np.abs(strip / strip.sum() - look.hair / look.hair.sum()).max() < 0.05


def test_long_hair_hides_the_ears_and_leaves_the_face_as_it_is() -> None:
    for seed in range(4):
        cropped, long = (FaceRenderer(person(seed), hair=name) for name in ("cropped", "long"))
        change = np.abs(long.render({}).astype(int) - cropped.render({})).max(axis=2) > 12
        assert change[60:200, :].mean() > 0.05
        assert change[85:190, 130:190].mean() < 0.02
        beside = change[110:180, 88:100].mean(), change[110:180, 220:232].mean()
        assert min(beside) > 0.5


def test_hair_turns_with_the_head() -> None:
    """From the left the locks of the left side cover what those of the right side uncover."""

    def hair_px(yaw: float) -> BoolArray:
        renderer = FaceRenderer(person(2), hair="long")
        before = renderer.render({}, pose=Pose(yaw=yaw)).astype(int)
        renderer._uv[len(renderer._head.group) :] = 0.5
        return np.abs(renderer.render({}, pose=Pose(yaw=yaw)).astype(int) - before).max(axis=2) > 8

    left, right = hair_px(0.6)[100:200], hair_px(-0.6)[100:200]
    assert left[:, :130].sum() > 3 * left[:, 190:].sum()
    assert right[:, 190:].sum() > 3 * right[:, :130].sum()


def test_cuts_follow_sex_and_the_identity_alone() -> None:
    drawn = {}
    for sex in ("m", "w"):
        people = [sample_identity(np.random.default_rng(seed), sex=sex) for seed in range(150)]  # type: ignore[arg-type]  # a literal each
        styles = [choose_style(who, 0.75, is_bald=False) for who in people]
        assert styles == [choose_style(who, 0.75, is_bald=False) for who in people]
        drawn[sex] = float(np.mean([style.covers_ears for style in styles]))
    assert 0.03 < drawn["m"] < 0.2
    assert 0.58 < drawn["w"] < 0.82
