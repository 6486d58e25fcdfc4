"""A temperature as a bundle holds it."""

from __future__ import annotations

import numpy as np
import pytest

from ecg_facial.errors import SettingsError
from ecg_facial.inference.calibration import Temperature, Temperatures


def test_a_temperature_of_1_changes_nothing_and_says_why_it_is_1() -> None:
    logits = np.array([[0.1, -3.0]], dtype=np.float32)
    np.testing.assert_array_equal(Temperature().scale(logits), logits)
    assert {getattr(Temperatures(), name).reason for name in ("facial", "ecg", "fusion")} == {"not calibrated"}


def test_scaling_keeps_nan_and_leaves_its_input_alone() -> None:
    logits = np.array([[3.0, np.nan]])
    np.testing.assert_array_equal(Temperature(value=2.0).scale(logits), [[1.5, np.nan]])
    np.testing.assert_array_equal(logits, [[3.0, np.nan]])


@pytest.mark.parametrize("value", [0.0, -2.0, float("nan"), float("inf")])
def test_values_that_are_no_temperature_are_refused(value: float) -> None:
    with pytest.raises(SettingsError, match="above 0"):
        Temperature(value=value)
