"""A window names its own signals, and one that is read lazily reads each field once and no other."""

from __future__ import annotations

import copy
from dataclasses import fields, replace

import numpy as np
import pytest

from ecg_facial.ecg.token_features import N_TOKEN_FEATURES
from ecg_facial.windows.window import SIGNALS, VALUES, Window, read_lazily

VALUES_OF_ONE = {
    "crops": np.zeros((2, 4, 4, 3), np.uint8),
    "frame_mask": np.array([True, False]),
    "frame_times_s": np.zeros(2, np.float32),
    "tokens": np.zeros((3, N_TOKEN_FEATURES), np.float32),
    "token_times_s": np.zeros(3, np.float32),
    "r_peak_times_s": np.zeros(4),
    "has_video": True,
    "has_ecg": True,
    "face_quality": 0.9,
    "ecg_quality": 0.8,
    "heart_rate_bpm": 70.0,
}


def test_arrays_and_single_values_are_all_fields_of_a_window() -> None:
    assert [*SIGNALS, *VALUES] == [each.name for each in fields(Window)] == list(VALUES_OF_ONE)
    assert {signal.source for signal in SIGNALS.values()} == {"video", "ecg"}
    assert SIGNALS["frame_mask"].dtype == bool
    assert SIGNALS["tokens"].width == N_TOKEN_FEATURES


def test_the_summary_counts_faces_and_tokens() -> None:
    summary = Window(**VALUES_OF_ONE).summarise()
    assert summary == {
        "has_video": True,
        "has_ecg": True,
        "face_quality": 0.9,
        "ecg_quality": 0.8,
        "heart_rate_bpm": 70.0,
        "n_faces": 1,
        "n_tokens": 3,
    }


def test_a_lazy_window_reads_a_field_once_and_no_other() -> None:
    asked: list[str] = []
    window = read_lazily(lambda name: asked.append(name) or VALUES_OF_ONE[name])
    assert window.n_tokens == 3
    assert window.token_times_s is window.token_times_s
    assert asked == ["token_times_s"]
    with pytest.raises(AttributeError, match="no respiration"):
        _ = window.respiration
    assert asked == ["token_times_s"]


def test_a_lazy_window_can_be_copied_and_changed() -> None:
    window = read_lazily(VALUES_OF_ONE.__getitem__)
    assert isinstance(window, Window)
    changed = replace(window, ecg_quality=0.1)
    assert (changed.ecg_quality, changed.face_quality) == (0.1, 0.9)
    assert copy.copy(window).crops is VALUES_OF_ONE["crops"]
    with pytest.raises(AttributeError, match="cannot assign"):
        window.ecg_quality = 0.2
