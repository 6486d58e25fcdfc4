"""Calibration at rest, and the scale that the pain alarm measures on."""

from __future__ import annotations

import pytest

from ecg_facial.live.baseline import Calibration, share_of_scale
from ecg_facial.live.store.rows import BaselineRow


def _baseline(estimate: float) -> BaselineRow:
    return BaselineRow(time_s=30.0, utc_s=0.0, estimate=estimate, heart_rate_bpm=70.0, n_estimates=30)


def test_the_baseline_is_the_median_of_the_estimates_at_rest() -> None:
    calibration = Calibration(rest_s=5, step_s=1)
    rows = [
        calibration.update(float(second), 100.0 + second, estimate, rate)
        for second, (estimate, rate) in enumerate([(0.4, 70.0), (0.5, None), (3.0, 71.0), (0.6, 72.0), (0.5, 90.0)])
    ]
    assert rows[:4] == [None] * 4
    assert rows[4] is not None
    assert (rows[4].estimate, rows[4].heart_rate_bpm, rows[4].n_estimates) == (0.5, 71.5, 5)
    assert not calibration.is_open
    assert calibration.update(6.0, 106.0, 1.0, 70.0) is None


def test_calibration_tells_how_long_it_still_takes() -> None:
    calibration = Calibration(rest_s=30, step_s=2)
    assert calibration.left_s == 30
    calibration.update(0.0, 0.0, 0.5, None)
    assert calibration.left_s == 28
    assert Calibration(rest_s=0, step_s=1).left_s == 0


@pytest.mark.parametrize(
    ("trend", "rest", "share"),
    [(0.5, 0.5, 0.0), (0.2, 0.5, 0.0), (3.0, 0.5, 1.0), (1.75, 0.5, 0.5), (1.5, 2.0, 0.5)],
)
def test_the_alarm_measures_from_rest_unless_rest_looks_like_pain(trend: float, rest: float, share: float) -> None:
    assert share_of_scale(trend, _baseline(rest), n_classes=4) == pytest.approx(share)
