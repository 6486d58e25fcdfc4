"""Scenes: lamps, hands and cameras are off by default; head and light change slowly; streams are reproducible."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ecg_facial.simulate.grid import N_FRAMES
from ecg_facial.simulate.head.camera import CameraParameters
from ecg_facial.simulate.head.scene import N_LAMPS, Scene, simulate_scene
from ecg_facial.simulate.settings.presets import (
    BIOVID_LIKE_SCENE,
    SceneSettings,
)


def scene_of(settings: SceneSettings, seed: int = 0) -> Scene:
    return simulate_scene(np.random.default_rng(seed), settings)


def test_head_moves_smoothly_and_little() -> None:
    scene = simulate_scene(np.random.default_rng(0), SceneSettings())
    for course in (scene.yaw, scene.pitch, scene.roll, scene.x, scene.y, scene.zoom, scene.brightness):
        assert course.shape == (N_FRAMES,)
        assert 0.0 < np.abs(np.diff(course)).max() < 0.02
    assert np.abs(scene.yaw).max() < 0.4


def test_lamps_hand_and_camera_are_neutral_unless_asked_for() -> None:
    scene = scene_of(SceneSettings())
    assert (scene.lamp_gains == 1.0).all()
    assert scene.hand is None
    assert not scene.hand_cover.any()
    assert replace(scene.camera, seed=0) == CameraParameters()


def test_what_scenes_gained_does_not_move_the_head_of_earlier_scenes() -> None:
    extra = {name: getattr(BIOVID_LIKE_SCENE, name) for name in ("lamp_colour_sd", "noise", "blur_px", "crf")}
    plain, rich = scene_of(SceneSettings()), scene_of(replace(SceneSettings(), hand_share=1.0, **extra))
    for name in ("yaw", "pitch", "roll", "x", "y", "zoom", "brightness"):
        assert np.array_equal(getattr(plain, name), getattr(rich, name))
    assert plain.light_turn_rad == rich.light_turn_rad


def test_lamps_change_colour_slowly_within_a_trial_and_differ_between_trials() -> None:
    gains = np.stack([scene_of(BIOVID_LIKE_SCENE, seed).lamp_gains for seed in range(60)])
    assert gains.shape[1:] == (N_FRAMES, N_LAMPS, 3)
    assert gains.min() >= 0.0
    assert np.abs(np.diff(gains, axis=1)).max() < 0.02
    assert np.abs(gains.mean() - 1.0) < 0.01
    assert gains.mean(axis=1).std() == pytest.approx(BIOVID_LIKE_SCENE.lamp_colour_sd, rel=0.2)
    within = (gains - gains.mean(axis=1, keepdims=True)).std()
    assert within == pytest.approx(BIOVID_LIKE_SCENE.lamp_change_sd, rel=0.3)
    # colours move apart, not only brightness
    assert (gains[..., 0] - gains[..., 2]).std() > 0.05


def test_the_same_stream_gives_the_same_scene() -> None:
    first, second = (scene_of(replace(BIOVID_LIKE_SCENE, hand_share=1.0), 3) for _ in range(2))
    assert np.array_equal(first.lamp_gains, second.lamp_gains)
    assert np.array_equal(first.hand_cover, second.hand_cover)
    assert first.camera == second.camera


def test_hands_come_in_the_share_of_trials_that_the_settings_say() -> None:
    scenes = [scene_of(replace(SceneSettings(), hand_share=0.25), seed) for seed in range(300)]
    assert np.mean([scene.hand is not None for scene in scenes]) == pytest.approx(0.25, abs=0.07)
    assert all(scene.hand_cover.any() == (scene.hand is not None) for scene in scenes)
