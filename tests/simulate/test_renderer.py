"""Rendered heads depend on their arguments alone, show each action unit in its place, and are found as faces."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from ecg_facial.errors import SettingsError
from ecg_facial.face.alignment import alignment_matrix
from ecg_facial.face.detection import Face, FaceDetector, load_detector
from ecg_facial.face.video import RgbFrame
from ecg_facial.simulate.expressions import AU_NAMES, PAIN_AUS
from ecg_facial.simulate.identity import sample_identity
from ecg_facial.simulate.renderer import FaceRenderer, Light, Pose

Picture = NDArray[np.uint8]
CROP_PX = 96
# rows of an aligned crop, as shares of its height
BANDS = {"brow": (0.22, 0.40), "eye": (0.38, 0.47), "nose": (0.47, 0.66), "mouth": (0.68, 0.92)}


@lru_cache(maxsize=32)
def renderer_of(seed: int) -> FaceRenderer:
    return FaceRenderer(sample_identity(np.random.default_rng(seed)))


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return load_detector()


def find(detector: FaceDetector, picture: Picture) -> Face:
    (face,) = detector.detect(RgbFrame(picture, 0.0))
    return face


def align(picture: Picture, face: Face) -> NDArray[np.float64]:
    crop = RgbFrame(picture, 0.0).warp_rgb(alignment_matrix(face.landmarks, CROP_PX), CROP_PX)
    return crop.astype(np.float64).mean(axis=2)


def band(crop: NDArray[np.float64], name: str) -> NDArray[np.float64]:
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
    renderer = renderer_of(seed)
    face = find(detector, renderer.render({}))
    eyes = [band(align(renderer.render({"AU43": closed}), face), "eye")[:, 10:34] for closed in (0.0, 0.5, 1.0)]
    contrast = [eye.std() for eye in eyes]
    assert contrast[0] > contrast[1] > contrast[2]
    assert contrast[2] < 0.6 * contrast[0]
    assert eyes[0].min() < 15
    assert eyes[2].min() > 20


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
    def landmarks(**angles: float) -> NDArray[np.float64]:
        return find(detector, renderer_of(2).render({}, pose=Pose(**angles))).landmarks

    def nose_offset(points: NDArray[np.float64]) -> float:
        return float((points[2, 0] - points[:2, 0].mean()) / (points[1, 0] - points[0, 0]))

    def tilt(points: NDArray[np.float64]) -> float:
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
    def middle(ambient: tuple[float, float, float]) -> NDArray[np.float64]:
        return np.asarray(renderer_of(3).render({}, light=Light(ambient=ambient))[100:140, 140:180].mean(axis=(0, 1)))

    assert (middle((0.5, 0.5, 0.5)) > middle((0.3, 0.3, 0.3)) + 5).all()
    red, grey = middle((0.6, 0.3, 0.3)), middle((0.3, 0.3, 0.3))
    np.testing.assert_allclose(red[1:], grey[1:], atol=1.0)
    assert red[0] > grey[0] + 10


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
