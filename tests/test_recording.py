"""Records refuse what no signal can be."""

from __future__ import annotations

import numpy as np
import pytest

from ecg_facial.errors import SettingsError
from ecg_facial.recording import EcgSignal


def test_duration_is_samples_over_rate() -> None:
    assert EcgSignal(samples=np.zeros(2816), fs_hz=512.0).duration_s == 5.5
    assert EcgSignal(samples=np.zeros(0), fs_hz=512.0).duration_s == 0.0


@pytest.mark.parametrize("shape", [(), (10, 2), (1, 10)])
def test_samples_of_more_than_one_lead_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(SettingsError, match=r"expected \(n_times,\), a single lead"):
        EcgSignal(samples=np.zeros(shape), fs_hz=512.0)


@pytest.mark.parametrize("rate", [0.0, -1.0, np.nan, np.inf])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(SettingsError, match=f"sampling rate is {rate} Hz: expected a positive number"):
        EcgSignal(samples=np.zeros(10), fs_hz=rate)
