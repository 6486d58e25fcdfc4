"""The one fusion: known answers, missing signals, temperatures that change no decision."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecg_facial.errors import SettingsError
from ecg_facial.inference.calibration import Temperature, Temperatures
from ecg_facial.inference.fusion import Fusion, is_present, softmax, to_probabilities
from ecg_facial.runtime.settings import from_dict, to_dict

FACE = np.array([[2.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
ECG = np.array([[0.0, 3.0, 0.0], [1.0, 0.0, 0.0]])
MISSING = np.full(3, np.nan)
WARM = Temperatures(facial=Temperature(value=2.0), ecg=Temperature(value=0.5), fusion=Temperature(value=4.0))


def test_fusion_is_the_softmax_of_the_weighted_sum() -> None:
    expected = np.exp(0.8 * FACE + 0.2 * ECG)
    fused = Fusion().probabilities(FACE, ECG)["fusion"]
    np.testing.assert_allclose(fused, expected / expected.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(Fusion(face_weight=1, ecg_weight=0).probabilities(FACE, ECG)["fusion"], softmax(FACE))


def test_each_temperature_divides_its_own_output_after_the_sum() -> None:
    found = Fusion(temperatures=WARM).logits(FACE, ECG)
    np.testing.assert_array_equal(found["facial"], FACE / 2)
    np.testing.assert_array_equal(found["ecg"], ECG / 0.5)
    np.testing.assert_array_equal(found["fusion"], (0.8 * FACE + 0.2 * ECG) / 4)
    np.testing.assert_array_equal(Fusion(temperatures=WARM).combine(FACE, ECG), 0.8 * FACE + 0.2 * ECG)


def test_a_missing_signal_leaves_the_other_models_calibrated_output() -> None:
    face, ecg = FACE.copy(), ECG.copy()
    face[0], ecg[1] = MISSING, MISSING
    found = Fusion(temperatures=WARM).logits(face, ecg)
    np.testing.assert_array_equal(found["fusion"], [found["ecg"][0], found["facial"][1]])
    np.testing.assert_array_equal(found["fusion"], [ECG[0] / 0.5, FACE[1] / 2])
    assert is_present(found["facial"]).tolist() == [False, True]
    assert is_present(found["ecg"]).tolist() == [True, False]


def test_without_both_signals_there_are_no_probabilities() -> None:
    nothing = np.stack([MISSING])
    assert np.isnan(Fusion().logits(nothing, nothing)["fusion"]).all()
    for values in Fusion(temperatures=WARM).probabilities(nothing, nothing).values():
        assert np.isnan(values).all()


temperatures = st.floats(0.1, 10)
rows = st.lists(st.sampled_from([-2.0, -0.5, 0.0, 0.25, 1.0, 3.0]), min_size=4, max_size=4)


@given(face=rows, ecg=rows, values=st.tuples(temperatures, temperatures, temperatures), weight=st.floats(0.0, 1.0))
def test_no_temperature_changes_a_decision(
    face: list[float], ecg: list[float], values: tuple[float, float, float], weight: float
) -> None:
    named = dict(zip(("facial", "ecg", "fusion"), (Temperature(value=value) for value in values), strict=True))
    plain = Fusion(face_weight=weight, ecg_weight=1 - weight)
    scaled = replace(plain, temperatures=Temperatures(**named))
    for model, said in scaled.logits(np.array([face]), np.array([ecg])).items():
        before = plain.logits(np.array([face]), np.array([ecg]))[model]
        # a tie may break either way, so the chosen class must have been among the largest
        assert before[0, said[0].argmax()] == pytest.approx(before[0].max(), abs=1e-12)


def test_what_comes_back_from_json_is_the_same_fusion() -> None:
    fusion = Fusion(face_weight=0.55, ecg_weight=0.45, n_subjects=9, n_trials=640, temperatures=WARM)
    assert from_dict(Fusion, to_dict(fusion)) == fusion


def test_softmax_survives_large_logits() -> None:
    np.testing.assert_allclose(softmax(np.array([1e4, 0.0])), [1.0, 0.0])


def test_a_row_that_is_not_finite_is_no_answer_and_spoils_no_other() -> None:
    found = to_probabilities(np.array([[1.0, np.nan], [np.inf, 0.0], [0.0, np.log(3.0)]]))
    np.testing.assert_allclose(found, [[np.nan, np.nan], [np.nan, np.nan], [0.25, 0.75]])


@pytest.mark.parametrize("weights", [(-0.1, 1.0), (0.0, 0.0), (float("nan"), 1.0), (float("inf"), 1.0)])
def test_weights_outside_their_limits_are_refused(weights: tuple[float, float]) -> None:
    with pytest.raises(SettingsError, match="fusion weights"):
        Fusion(face_weight=weights[0], ecg_weight=weights[1])


def test_counts_below_zero_are_refused() -> None:
    with pytest.raises(SettingsError, match="-1 subjects"):
        Fusion(n_subjects=-1)
    with pytest.raises(SettingsError, match="-1 trials"):
        Temperature(n_trials=-1)


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(SettingsError, match="shapes"):
        Fusion().logits(FACE, ECG[:, :2])
