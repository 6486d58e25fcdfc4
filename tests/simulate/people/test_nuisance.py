"""Yawns, glances and motion of the mouth are in the truth; lamps, hands and cameras are off by default."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.grid import ACTION_UNITS, GAZE_AUS, N_FRAMES, NUISANCE_AUS, PAIN_AUS
from ecg_facial.simulate.head.camera import CameraTake
from ecg_facial.simulate.head.scene import N_LAMPS, Scene, simulate_scene
from ecg_facial.simulate.people.nuisance import combine_action_units, simulate_nuisance
from ecg_facial.simulate.people.response import FaceResponse
from ecg_facial.simulate.settings.presets import (
    BIOVID_LIKE_NUISANCE,
    BIOVID_LIKE_SCENE,
    NuisanceSettings,
    SceneSettings,
)

AT_REST = FaceResponse(np.zeros((len(PAIN_AUS), N_FRAMES)), 0.0)


def shown(settings: NuisanceSettings, seed: int) -> dict[str, Float64Array]:
    nuisance = simulate_nuisance(np.random.default_rng(seed), settings, blinks_per_s=0.0)
    return dict(zip(ACTION_UNITS, combine_action_units(AT_REST, nuisance), strict=True))


def scene_of(settings: SceneSettings, seed: int = 0) -> Scene:
    return simulate_scene(np.random.default_rng(seed), settings)


def test_units_that_the_truth_had_before_keep_their_places() -> None:
    assert ACTION_UNITS[:9] == ("AU04", "AU06", "AU07", "AU09", "AU10", "AU43", "AU12", "AU25", "AU45")
    assert len(set(ACTION_UNITS)) == len(ACTION_UNITS) == 15


def test_new_habits_are_off_unless_asked_for() -> None:
    for seed in range(20):
        units = shown(replace(NuisanceSettings(), speech_share=1.0), seed)
        assert not any(units[name].any() for name in ("AU26", "AU27", *GAZE_AUS))


def test_a_yawn_opens_the_jaw_wide_and_slowly_and_narrows_the_eyes() -> None:
    settings = replace(NuisanceSettings(), smile_share=0.0, speech_share=0.0, yawn_share=1.0)
    peaks = []
    for seed in range(10):
        units = shown(settings, seed)
        peaks.append(units["AU27"].max())
        np.testing.assert_allclose(units["AU43"], settings.yawn_closure * units["AU27"])
        assert np.abs(np.diff(units["AU27"])).max() < 0.06
        assert not units["AU45"].any()
    assert max(peaks) > 0.6


def test_the_jaw_moves_with_the_lips_in_speech() -> None:
    units = shown(replace(NuisanceSettings(), speech_share=1.0, speech_jaw=0.5), 0)
    assert units["AU25"].max() > 0.05
    np.testing.assert_allclose(units["AU26"], 0.5 * units["AU25"])


def test_glances_go_one_way_at_a_time_and_come_back() -> None:
    settings = replace(NuisanceSettings(), gaze_share=1.0)
    directions = set()
    for seed in range(30):
        units = shown(settings, seed)
        assert not (units["AU61"] * units["AU62"]).any()
        assert not (units["AU63"] * units["AU64"]).any()
        gaze = np.stack([units[name] for name in GAZE_AUS])
        assert 0.1 < gaze.max() <= settings.gaze[1]
        assert (gaze.max(axis=0) == 0).any()
        directions |= {GAZE_AUS[row] for row in np.flatnonzero(gaze.max(axis=1) > 0.1)}
    assert directions == set(GAZE_AUS)


def test_each_habit_has_the_share_of_trials_that_the_settings_say() -> None:
    settings = replace(NuisanceSettings(), yawn_share=0.3, gaze_share=0.6)
    trials = [shown(settings, seed) for seed in range(400)]
    glances = np.mean([any(units[name].any() for name in GAZE_AUS) for units in trials])
    yawns = np.mean([units["AU27"].any() for units in trials])
    assert glances == pytest.approx(0.6, abs=0.08)
    assert yawns == pytest.approx(0.3, abs=0.08)


def test_all_curves_stay_within_one() -> None:
    always = replace(BIOVID_LIKE_NUISANCE, smile_share=1.0, speech_share=1.0, yawn_share=1.0, gaze_share=1.0)
    for seed in range(20):
        nuisance = simulate_nuisance(np.random.default_rng(seed), always, blinks_per_s=0.5)
        assert nuisance.shape == (len(NUISANCE_AUS) + 2, N_FRAMES)
        assert nuisance.min() >= 0.0
        assert nuisance.max() <= 1.0


def test_lamps_hand_and_camera_are_neutral_unless_asked_for() -> None:
    scene = scene_of(SceneSettings())
    assert (scene.lamp_gains == 1.0).all()
    assert scene.hand is None
    assert not scene.hand_cover.any()
    assert replace(scene.camera, seed=0) == CameraTake()


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
