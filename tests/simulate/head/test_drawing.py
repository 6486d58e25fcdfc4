"""Difficult pictures depend only on their random streams, show a face, and no hand once it has left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from ecg_facial.face.detectors.loading import load_detector
from ecg_facial.face.video import RgbFrame
from ecg_facial.simulate.grid import ACTION_UNITS, N_FRAMES
from ecg_facial.simulate.head.drawing import (
    FrameDrawer,
    draw_frames,
    make_face_drawer,
    make_person_drawer,
    simulate_trial_scene,
)
from ecg_facial.simulate.head.identity import sample_identity
from ecg_facial.simulate.head.scene import Scene, simulate_scene
from ecg_facial.simulate.people.population import plan_trials
from ecg_facial.simulate.seeds import make_rng
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.simulate.settings.presets import BIOVID_LIKE_SCENE, PRESETS, Preset, SceneSettings

WIDTH, HEIGHT = 320, 240
PAIN = {"AU04": 0.8, "AU06": 0.6, "AU07": 0.7, "AU09": 0.5, "AU10": 0.5, "AU43": 0.4}


def make(number: int, settings: SceneSettings = BIOVID_LIKE_SCENE) -> tuple[FrameDrawer, Scene]:
    streams = partial(make_rng, 11, "drawing", number)
    identity = sample_identity(streams("identity"))
    drawer = make_person_drawer(identity, settings, streams=streams, width=WIDTH, height=HEIGHT)
    return drawer, simulate_scene(streams("scene"), settings)


def test_the_same_streams_give_the_same_frames_in_any_order() -> None:
    first, scene = make(0)
    frames = [first(PAIN, scene, number) for number in (0, 40, 80)]
    second, again = make(0)
    other, other_scene = make(1)
    for number, frame in reversed(list(zip((0, 40, 80), frames, strict=True))):
        other(PAIN, other_scene, number)
        assert np.array_equal(second(PAIN, again, number), frame)


def test_a_cohort_of_the_clear_preset_sits_before_a_plain_wall() -> None:
    drawer = make_face_drawer(CohortSettings(n_subjects=1), 0)
    scene = simulate_scene(np.random.default_rng(0), SceneSettings())
    corner = drawer({}, scene, 0)[:30, :60].astype(int)
    assert np.ptp(corner, axis=1).max() <= 1


@pytest.mark.parametrize("room_share", [0.0, 1.0])
def test_lamps_colour_the_room_as_they_colour_the_face(room_share: float) -> None:
    """Twice the blue of every lamp: wall and face gain blue by about the same share, and nothing else."""
    drawer, scene = make(3, replace(SceneSettings(), room_share=room_share))
    blue = scene.lamp_gains.copy()
    blue[..., 2] *= 2.0
    before, after = (
        drawer({}, replace(scene, lamp_gains=gains), 10).astype(float) for gains in (scene.lamp_gains, blue)
    )
    wall, face = (slice(0, 60), slice(0, 50)), (slice(110, 150), slice(140, 180))
    shares = [after[part].mean(axis=(0, 1)) / before[part].mean(axis=(0, 1)) for part in (wall, face)]
    for share in shares:
        assert share[:2] == pytest.approx(1.0, abs=0.02)
        assert share[2] > 1.2
    assert shares[0][2] == pytest.approx(shares[1][2], rel=0.25)


def test_a_trial_s_covered_frames_are_known_from_the_settings_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    hands = Preset(name="hands", scene=replace(SceneSettings(), hand_share=0.5))
    monkeypatch.setitem(PRESETS, "hands", hands)
    settings = CohortSettings(n_subjects=1, trials_per_level=10, preset="hands")
    plans = plan_trials(settings, 0)
    scenes = [simulate_trial_scene(settings, plan) for plan in plans]
    with_hand = [number for number, scene in enumerate(scenes) if scene.hand is not None]
    assert 10 < len(with_hand) < 40
    drawer = make_face_drawer(settings, 0)
    scene = scenes[with_hand[0]]
    bare = replace(scene, hand=None, hand_cover=np.zeros(N_FRAMES))
    covered, free = int(np.argmax(scene.hand_cover)), int(np.argmin(scene.hand.presence if scene.hand else []))
    assert scene.hand_cover[covered] > 0.05
    assert not np.array_equal(drawer({}, scene, covered), drawer({}, bare, covered))
    assert scene.hand_cover[free] == 0
    assert np.array_equal(drawer({}, scene, free), drawer({}, bare, free))


def test_neighbouring_frames_differ_by_noise_and_slow_change_only() -> None:
    drawer, scene = make(2, replace(BIOVID_LIKE_SCENE, noise=(0.0, 0.0)))
    frames = [drawer({}, scene, number).astype(int) for number in (50, 51)]
    assert np.abs(frames[1] - frames[0]).mean() < 3.0


def test_a_trial_is_drawn_with_every_unit_of_the_truth() -> None:
    drawer, scene = make(3)
    units = np.full((len(ACTION_UNITS), N_FRAMES), 0.3)
    frames: Iterator[np.ndarray] = draw_frames(drawer, units, scene)
    assert next(frames).shape == (HEIGHT, WIDTH, 3)


@pytest.fixture(scope="module")
def twenty_people() -> list[tuple[FrameDrawer, Scene]]:
    """Making a person takes longer than drawing a frame of them."""
    return [make(number, replace(BIOVID_LIKE_SCENE, hand_share=0.0)) for number in range(20)]


@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_the_default_detector_finds_hard_faces(strength: float, twenty_people: list[tuple[FrameDrawer, Scene]]) -> None:
    """The small brother of ``benchmarks/simulated_faces.py``; hands are left out."""
    detector, found = load_detector(), []
    units = {name: strength * value for name, value in PAIN.items()}
    for drawer, scene in twenty_people:
        faces = detector.detect(RgbFrame(drawer(units, scene, 60), 0.0))
        middle = np.array([WIDTH * (0.5 + scene.x[60]), HEIGHT / 2 + WIDTH * scene.y[60]])
        found.append(bool(faces) and float(np.hypot(*(faces[0].centre - middle))) < 0.35 * HEIGHT)
    assert np.mean(found) >= 0.95
