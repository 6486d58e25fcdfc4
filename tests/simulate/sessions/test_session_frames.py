"""Hands in clips are also in the session, and appear and leave gradually."""

from __future__ import annotations

import numpy as np
import pytest

from ecg_facial.simulate.head.drawing import simulate_trial_scene
from ecg_facial.simulate.sessions.session import simulate_session
from ecg_facial.simulate.sessions.session_frames import compute_session_cover
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.simulate.settings.presets import PRESETS, Preset, SceneSettings


def test_hands_of_clips_are_in_the_session_and_come_and_go_without_a_jump(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PRESETS, "hands", Preset(name="hands", scene=SceneSettings(hand_share=0.7)))
    settings = CohortSettings(n_subjects=1, trials_per_level=2, preset="hands")
    session = simulate_session(settings, 0)
    cover = compute_session_cover(settings, session)
    assert cover.shape == session.times_s.shape
    for label in session.labels:
        own = simulate_trial_scene(settings, label.plan).hand_cover
        np.testing.assert_array_equal(cover[round(label.onset_s * 25) :][:138], own)
    assert cover.max() > 0.1
    assert np.abs(np.diff(cover)).max() < 0.2
