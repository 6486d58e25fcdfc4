"""Rendered heads depend only on their arguments, show each action unit in its place, and are found as faces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rendered_heads import renderer_of

from ecg_facial.errors import SettingsError
from ecg_facial.face.alignment import alignment_matrix
from ecg_facial.face.detection import Face, FaceDetector
from ecg_facial.face.detectors.loading import load_detector
from ecg_facial.face.video import RgbFrame
from ecg_facial.runtime.typing import Float64Array, UInt8Array
from ecg_facial.simulate.grid import PAIN_AUS
from ecg_facial.simulate.head.expressions import AU_NAMES
from ecg_facial.simulate.head.identity import sample_identity
from ecg_facial.simulate.head.renderer import FaceRenderer, Light, Pose

CROP_PX = 96
# rows of an aligned crop, as shares of its height
BANDS = {"brow": (0.22, 0.40), "eye": (0.38, 0.47), "nose": (0.47, 0.66), "mouth": (0.68, 0.92)}


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return load_detector()


def find(detector: FaceDetector, picture: UInt8Array) -> Face:
    (face,) = detector.detect(RgbFrame(picture, 0.0))
    return face


def align(picture: UInt8Array, face: Face) -> Float64Array:
    crop = RgbFrame(picture, 0.0).warp_rgb(alignment_matrix(face.landmarks, CROP_PX), CROP_PX)
    return crop.astype(np.float64).mean(axis=2)


def band(crop: Float64Array, name: str) -> Float64Array:
    top, bottom = (round(share * CROP_PX) for share in BANDS[name])
    return crop[top:bottom, 10:-10]


def test_the_same_arguments_give_the_same_bytes() -> None:
    units = {"AU04": 0.7, "AU43": 0.3, "AU12": 0.1}
    scene = {"pose": Pose(yaw=0.1, roll=-0.05, x=3.3), "light": Light.sample(np.random.default_rng(1))}
    first = renderer_of(0).render(units, **scene)
    renderer_of(0).render({"AU26": 1.0}, pose=Pose(yaw=-0.3))
    assert np.array_equal(renderer_of(0).render(units, **scene), first)
    assert np.array_equal(FaceRenderer(sample_identity(np.random.default_rng(0))).render(units, **scene), first)
    assert first.dtype == np.uint8
    assert first.shape == (240, 320, 3)


def test_people_differ() -> None:
    pictures = [renderer_of(seed).render({}).astype(int) for seed in range(6)]
    for number, picture in enumerate(pictures):
        for other in pictures[:number]:
            assert np.abs(picture - other).mean() > 2.0


def test_an_unknown_action_unit_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"unknown action unit 'AU99': expected one of AU01, .*AU43") as caught:
        renderer_of(0).render({"AU04": 0.5, "AU99": 0.1})
    assert "\n" not in str(caught.value)


def test_an_action_unit_of_zero_changes_nothing() -> None:
    assert np.array_equal(renderer_of(0).render(dict.fromkeys(AU_NAMES, 0.0)), renderer_of(0).render({}))


@pytest.mark.parametrize("seed", range(6))
def test_closed_eyes_hide_pupil_and_white(detector: FaceDetector, seed: int) -> None:
    """The eye is the part of the face with most contrast; a closed lid is plain skin."""
    renderer = FaceRenderer(sample_identity(np.random.default_rng(seed)))
    # lenses reflect light over the pupils
    renderer._appearance = replace(renderer._appearance, glasses=None)
    face = find(detector, renderer.render({}))
    eyes = [band(align(renderer.render({"AU43": closed}), face), "eye")[:, 10:34] for closed in (0.0, 0.5, 1.0)]
    contrast = [eye.std() for eye in eyes]
    assert contrast[0] > contrast[1] > contrast[2]
    assert contrast[2] < 0.6 * contrast[0]
    assert eyes[0].min() < 15
    assert eyes[2].min() > 20


def count_eye_px(renderer: FaceRenderer, units: dict[str, float]) -> int:
    """Pixels that turn green where the eyeballs are painted green."""
    look = renderer._appearance
    green = np.zeros_like(look.eye)
    green[..., 1] = 1e4
    renderer._appearance = replace(look, eye=green, glasses=None)
    picture = renderer.render(units, background=np.zeros((240, 320, 3), np.uint8)).astype(int)
    renderer._appearance = look
    return int(((picture[..., 1] == 255) & (picture[..., 0] < 60) & (picture[..., 2] < 60)).sum())


@pytest.mark.parametrize("seed", range(40))
def test_eyes_close_by_the_share_that_the_unit_says_and_fully_only_at_one(seed: int) -> None:
    renderer = renderer_of(seed)
    whole = count_eye_px(renderer, {})
    assert whole > 100
    shares = {closed: count_eye_px(renderer, {"AU43": closed}) / whole for closed in (0.3, 0.5, 0.7, 1.0)}
    assert 0.6 < shares[0.3] < 0.8
    assert 0.4 < shares[0.5] < 0.6
    assert 0.2 < shares[0.7] < 0.4
    assert shares[1.0] < 0.05
    assert count_eye_px(renderer, {"AU45": 0.7}) == pytest.approx(shares[0.7] * whole)


@pytest.mark.parametrize(("unit", "way"), [("AU61", (1, 0)), ("AU62", (-1, 0)), ("AU63", (0, -1)), ("AU64", (0, 1))])
def test_the_pupils_go_where_the_gaze_goes(unit: str, way: tuple[int, int]) -> None:
    """AU61 looks to the person's left, which is the picture's right."""
    renderer = renderer_of(2)
    look = renderer._appearance
    marked = np.zeros_like(look.eye)
    middle = look.eye.shape[0] // 2
    marked[middle - 12 : middle + 12, middle - 12 : middle + 12, 1] = 1e4

    def pupils(units: dict[str, float]) -> Float64Array:
        renderer._appearance = replace(look, eye=marked)
        picture = renderer.render(units, background=np.zeros((240, 320, 3), np.uint8)).astype(int)
        renderer._appearance = look
        rows, columns = np.nonzero((picture[..., 1] == 255) & (picture[..., 0] < 60))
        return np.array([columns.mean(), rows.mean()])

    moved = pupils({unit: 0.6}) - pupils({})
    along = int(way[0] == 0)
    assert moved[along] * way[along] > 0.7
    assert abs(moved[1 - along]) < abs(moved[along])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    ("unit", "shares"),
    [
        ("AU04", {"brow": 0.6}),
        ("AU06", {"eye": 0.2, "nose": 0.3}),
        ("AU07", {"eye": 0.35, "nose": 0.2}),
        ("AU09", {"brow": 0.3, "nose": 0.1}),
        ("AU10", {"mouth": 0.6}),
        ("AU43", {"eye": 0.7}),
        ("AU12", {"mouth": 0.5}),
        ("AU25", {"mouth": 0.5}),
    ],
)
def test_an_action_unit_shows_where_its_muscle_is(
    detector: FaceDetector, unit: str, shares: dict[str, float], seed: int
) -> None:
    """The share of all change that falls into the unit's own part of the face, and none on the other end of it."""
    renderer = renderer_of(seed)
    neutral = renderer.render({})
    face = find(detector, neutral)
    change = np.abs(align(renderer.render({unit: 1.0}), face) - align(neutral, face))
    assert change.mean() > 0.3
    found = {name: band(change, name).sum() / change.sum() for name in BANDS}
    for name, least in shares.items():
        assert found[name] > least, found
    if unit in ("AU04", "AU07", "AU43"):
        assert found["mouth"] < 0.1, found
    if unit in ("AU10", "AU12", "AU25"):
        assert found["brow"] + found["eye"] < 0.1, found


@pytest.mark.parametrize("unit", PAIN_AUS)
def test_a_stronger_action_unit_changes_more(unit: str) -> None:
    neutral = renderer_of(1).render({}).astype(int)
    changes = [np.abs(renderer_of(1).render({unit: strength}) - neutral).sum() for strength in (0.25, 0.5, 1.0)]
    assert 0 < changes[0] < changes[1] < changes[2]


def test_a_face_is_found_in_the_frames_of_sixteen_people(detector: FaceDetector) -> None:
    found, total = 0, 0
    for seed in range(16):
        rng = np.random.default_rng(1000 + seed)
        for strength in (0.0, 0.4, 0.8):
            pose = Pose(yaw=rng.normal(0, 0.1), pitch=rng.normal(0, 0.06), roll=rng.normal(0, 0.05), x=rng.normal(0, 8))
            units = {unit: strength * rng.random() for unit in PAIN_AUS}
            picture = renderer_of(seed).render(units, pose=pose, light=Light.sample(rng))
            faces = detector.detect(RgbFrame(picture, 0.0))
            found += len(faces) == 1 and 60 < faces[0].size_px < 200
            total += 1
    assert found >= 0.97 * total


def test_a_shift_moves_the_picture_by_whole_pixels() -> None:
    here = renderer_of(2).render({}).astype(int)
    right = renderer_of(2).render({}, pose=Pose(x=10.0)).astype(int)
    assert (np.abs(right[:200, 60:] - here[:200, 50:-10]).max(axis=2) <= 1).mean() > 0.995
    below = renderer_of(2).render({}, pose=Pose(y=7.0))
    face = slice(100, 220)
    moved = below[57:157, face].astype(int) - here[50:150, face]
    assert (np.abs(moved).max(axis=2) <= 1).mean() > 0.9


def test_turning_moves_the_face_the_way_it_turns(detector: FaceDetector) -> None:
    def landmarks(**angles: float) -> Float64Array:
        return find(detector, renderer_of(2).render({}, pose=Pose(**angles))).landmarks

    def nose_offset(points: Float64Array) -> float:
        return float((points[2, 0] - points[:2, 0].mean()) / (points[1, 0] - points[0, 0]))

    def tilt(points: Float64Array) -> float:
        return float(np.arctan2(*(points[1] - points[0])[::-1]))

    straight = landmarks()
    assert nose_offset(landmarks(yaw=0.25)) > nose_offset(straight) + 0.1
    assert nose_offset(landmarks(yaw=-0.25)) < nose_offset(straight) - 0.1
    assert tilt(landmarks(roll=0.2)) - tilt(straight) == pytest.approx(-0.2, abs=0.05)
    near, far = (find(detector, renderer_of(2).render({}, pose=Pose(zoom=zoom))).size_px for zoom in (1.1, 0.8))
    assert near / far == pytest.approx(1.1 / 0.8, rel=0.08)


def test_a_lamp_lights_its_own_side_of_the_face(detector: FaceDetector) -> None:
    def lit_from(x: float) -> float:
        light = Light(lamps=((x, 0.2, 0.5, 0.6, 0.6, 0.6),), ambient=(0.3, 0.3, 0.3))
        picture = renderer_of(3).render({}, light=light)
        crop = band(align(picture, face), "nose")
        return float(crop[:, :28].mean() / crop[:, -28:].mean())

    face = find(detector, renderer_of(3).render({}))
    assert lit_from(-1.0) > 1.2 > 1.0 > lit_from(1.0)


def test_more_light_is_brighter_and_a_coloured_one_colours() -> None:
    def middle(ambient: tuple[float, float, float]) -> Float64Array:
        return np.asarray(renderer_of(3).render({}, light=Light(ambient=ambient))[100:140, 140:180].mean(axis=(0, 1)))

    assert (middle((0.5, 0.5, 0.5)) > middle((0.3, 0.3, 0.3)) + 5).all()
    red, grey = middle((0.6, 0.3, 0.3)), middle((0.3, 0.3, 0.3))
    np.testing.assert_allclose(red[1:], grey[1:], atol=1.0)
    assert red[0] > grey[0] + 10


def test_shadows_only_darken_and_not_the_lit_side() -> None:
    for seed in range(4):
        side = Light(lamps=((0.9, 0.5, 0.5, 0.6, 0.6, 0.6), (-0.6, 0.2, 0.7, 0.2, 0.2, 0.2)))
        plain = renderer_of(seed).render({}, light=side).astype(int)
        shaded = renderer_of(seed).render({}, light=replace(side, shadow=1.0)).astype(int)
        change = shaded - plain
        assert change.max() <= 1
        assert change.min() < -15
        cheek = slice(110, 150)
        assert change[cheek, 115:150].mean() < change[cheek, 170:195].mean() - 1.0


def test_arms_end_below_the_picture_and_not_in_rags() -> None:
    """Every column that shows a sleeve shows it down to the last row."""
    for seed in range(12):
        background = np.zeros((240, 320, 3), np.uint8)
        background[..., 1] = 255
        picture = renderer_of(seed).render({}, pose=Pose(zoom=0.7, y=-20.0), background=background)
        wall = (picture == [0, 255, 0]).all(axis=2)[150:]
        shown_again = wall[1:] & ~wall[:-1]
        assert shown_again[:, :110].sum() + shown_again[:, 210:].sum() <= 2


def test_furnishing_adds_lamps_without_adding_light() -> None:
    for seed in range(30):
        light = Light.sample(np.random.default_rng(seed))
        furnished = light.add_lamps(np.random.default_rng(seed), n_lamps=(1, 3), shadow=0.4)
        assert 3 <= len(furnished.lamps) <= 5
        assert furnished.shadow == 0.4
        strength = [sum(sum(lamp[3:]) for lamp in room.lamps) for room in (light, furnished)]
        assert strength[0] == pytest.approx(strength[1])
    assert light.add_lamps(np.random.default_rng(0), n_lamps=(0, 0), shadow=0.0) == light


def test_the_background_is_seen_around_the_head() -> None:
    background = np.zeros((240, 320, 3), np.uint8)
    background[..., 1] = 255
    picture = renderer_of(0).render({}, background=background)
    assert (picture[:40, :40] == [0, 255, 0]).all()
    assert not (picture[100:140, 140:180] == [0, 255, 0]).all(axis=2).any()
    wall = renderer_of(0).render({}, light=Light(wall_top=(10.0, 20.0, 30.0), wall_bottom=(10.0, 20.0, 30.0)))
    assert np.abs(wall[:40, :40].astype(int) - [10, 20, 30]).max() <= 1


def test_finer_samples_give_the_same_picture_with_smoother_edges() -> None:
    identity = sample_identity(np.random.default_rng(4))
    fine = FaceRenderer(identity, width=160, height=120, supersample=2).render({}).astype(int)
    plain = FaceRenderer(identity, width=160, height=120).render({}).astype(int)
    assert fine.shape == plain.shape == (120, 160, 3)
    assert np.abs(fine - plain).mean() < 4.0
    assert not np.array_equal(fine, plain)
