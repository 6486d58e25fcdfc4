"""Blinks, smiles, yawns, glances and motion of the mouth are in the truth, in the stated shares of trials."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.grid import ACTION_UNITS, FPS, GAZE_AUS, N_FRAMES, NUISANCE_AUS, PAIN_AUS
from ecg_facial.simulate.people.nuisance import combine_action_units, shown_action_units, simulate_nuisance
from ecg_facial.simulate.people.response import FaceResponse
from ecg_facial.simulate.settings.presets import (
    BIOVID_LIKE_NUISANCE,
    NuisanceSettings,
)

AT_REST = FaceResponse(np.zeros((len(PAIN_AUS), N_FRAMES)), 0.0)


def shown(settings: NuisanceSettings, seed: int) -> dict[str, Float64Array]:
    nuisance = simulate_nuisance(np.random.default_rng(seed), settings, blinks_per_s=0.0)
    return dict(zip(ACTION_UNITS, combine_action_units(AT_REST, nuisance), strict=True))


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


def test_blinks_last_a_tenth_to_four_tenths_of_a_second() -> None:
    rng = np.random.default_rng(0)
    lengths = []
    for _ in range(300):
        closure = simulate_nuisance(rng, NuisanceSettings(), blinks_per_s=0.1)[ACTION_UNITS.index("AU45") - 6]
        edges = np.flatnonzero(np.diff(np.r_[0, closure > 0, 0]))
        lengths += (edges[1::2] - edges[::2]).tolist()
    # Two blinks can touch; at six a minute that is rare.
    assert np.median(lengths) / FPS == pytest.approx(0.25, abs=0.06)
    assert np.mean(np.array(lengths) / FPS <= 0.4 + 1 / FPS) > 0.9


def test_blink_is_recorded_apart_but_moves_the_same_lid() -> None:
    units = np.zeros((len(ACTION_UNITS), N_FRAMES))
    units[ACTION_UNITS.index("AU45"), 3] = 0.9
    units[ACTION_UNITS.index("AU43")] = 0.2
    shown = shown_action_units(units, 3)
    assert shown["AU43"] == 0.9
    assert "AU45" not in shown
    assert shown_action_units(units, 4)["AU43"] == 0.2


def test_true_smile_raises_the_cheeks_in_the_truth() -> None:
    always = replace(NuisanceSettings(), smile_share=1.0, true_smile_share=1.0)
    nuisance = simulate_nuisance(np.random.default_rng(5), always, blinks_per_s=0.0)
    units = dict(zip(ACTION_UNITS, combine_action_units(AT_REST, nuisance), strict=True))
    assert units["AU12"].max() > 0.1
    np.testing.assert_allclose(units["AU06"], 0.4 * units["AU12"])
    assert not any(units[name].any() for name in PAIN_AUS if name != "AU06")
