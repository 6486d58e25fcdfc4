"""The line of least delay: under all points, near the truth, and honest about how near."""

from __future__ import annotations

import numpy as np
import pytest

from ecg_facial.live.envelope import MAX_DRIFT, Envelope, fit_under


def test_the_line_runs_under_all_points_and_touches_one() -> None:
    for seed in range(50):
        rng = np.random.default_rng(seed)
        times = np.cumsum(rng.uniform(0.5, 2.0, 40))
        values = 1e-3 * rng.uniform(-1, 1) * times + rng.exponential(0.02, 40)
        value, slope = fit_under(list(zip(times.tolist(), values.tolist(), strict=True)))
        above = values - (value + slope * (times - times[-1]))
        assert above.min() == pytest.approx(0.0, abs=1e-12)


def test_a_slope_that_no_clock_has_is_bounded() -> None:
    for sign in (1, -1):
        points = [(float(x), sign * 0.1 * x) for x in range(10)]
        value, slope = fit_under(points)
        assert slope == sign * MAX_DRIFT
        assert all(y >= value + slope * (x - 9.0) - 1e-12 for x, y in points)


@pytest.mark.parametrize("drift", [-1e-3, 0.0, 1e-3])
@pytest.mark.parametrize("jitter_s", [0.005, 0.02, 0.08])
def test_the_truth_is_within_the_error_that_is_told(jitter_s: float, drift: float) -> None:
    outside, told = [], []
    for seed in range(5):
        rng, envelope = np.random.default_rng(seed), Envelope()
        for at_s in (np.arange(60 * 16) / 16).tolist():
            arrived_s = at_s + abs(float(rng.normal(0, jitter_s)))
            envelope.add(arrived_s, arrived_s - ((1 - drift) * at_s + 5.0))
            line = envelope.line
            if line is not None and envelope.n_points >= 5:
                true_late_s = drift * at_s - 5.0
                outside.append(abs(line.late_at(at_s) - true_late_s) > line.error_at(at_s))
                told.append(line.error_at(at_s))
    assert np.mean(outside) < 0.005
    # an error that is always told to be large would be true, and of no use
    assert np.median(told) < 0.002 + 0.5 * jitter_s


def test_a_line_tells_more_error_the_longer_nothing_comes() -> None:
    envelope = Envelope()
    for second in range(30):
        envelope.add(float(second), 0.5 + 0.001 * (second % 3))
    line = envelope.line
    assert line is not None
    errors = [line.error_at(at_s) for at_s in (29.0, 40.0, 60.0)]
    assert errors[0] < errors[1] < errors[2]
    assert line.arrival_of(line.stamp_of(12.0)) == pytest.approx(12.0)


def test_points_older_than_a_minute_are_forgotten() -> None:
    envelope = Envelope()
    for second in range(200):
        # the rate changes after 100 s
        late_s = 1e-4 * second if second < 100 else 0.01 - 2e-4 * (second - 100)
        envelope.add(float(second), late_s)
    line = envelope.line
    assert envelope.n_points <= 60
    assert line is not None
    assert line.drift == pytest.approx(-2e-4, abs=1e-6)
