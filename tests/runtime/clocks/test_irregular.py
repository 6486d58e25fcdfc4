"""The clock of frames: plausible stamps stay to the last digit, the others are rebuilt from order and step."""

from __future__ import annotations

import numpy as np
import pytest

from ecg_facial.runtime.clocks.irregular import check_times
from ecg_facial.runtime.typing import Float64Array

ORDER = np.arange(300)
TRUE_S = 20.0 + ORDER / 25.0


@pytest.mark.parametrize(
    "stamps_s",
    [
        TRUE_S,
        20.0 + np.cumsum(np.random.default_rng(0).choice([1 / 30, 1 / 24, 1 / 12], 300)),
        np.sort(TRUE_S + np.random.default_rng(1).normal(0, 0.005, 300)),
        np.r_[TRUE_S[:100], TRUE_S[100:] + 3.0],
        np.r_[TRUE_S[:100], TRUE_S[100:] + 600.0],
        np.array([5.0]),
        np.array([0.0, 10.0]),
    ],
    ids=["regular", "variable rate", "jitter", "a pause", "a pause of ten minutes", "one frame", "two frames"],
)
def test_plausible_stamps_are_kept(stamps_s: Float64Array) -> None:
    times = check_times(stamps_s, 25.0)
    np.testing.assert_array_equal(times.times_s, stamps_s)
    assert (times.breaks, times.notes, times.problem) == ((), (), "")


WRONG = {
    "restart at 0": np.r_[TRUE_S[:150], ORDER[:150] / 25.0],
    "back 15 s": TRUE_S - 15.0 * (ORDER >= 150),
    "back 15 s and forward": TRUE_S - 15.0 * ((ORDER >= 100) & (ORDER < 200)),
    "forward 15 s and back": TRUE_S + 15.0 * ((ORDER >= 100) & (ORDER < 200)),
    "hours ahead": TRUE_S + 7200.0 * (ORDER >= 150),
    "hours ahead and back": TRUE_S + 7200.0 * ((ORDER >= 100) & (ORDER < 200)),
    "first is 0": np.r_[-1000.0, TRUE_S[1:]],
    "one is 0": np.r_[TRUE_S[:150], 0.0, TRUE_S[151:]],
    "two overtook their neighbours": TRUE_S[np.r_[:50, 51, 50, 52:200, 201, 200, 202:300]],
    "the first overtook": TRUE_S[np.r_[1, 0, 2:300]],
    "the last was overtaken": TRUE_S[np.r_[:298, 299, 298]],
    "back by one and a half steps": TRUE_S - 0.06 * (ORDER >= 150),
    "two in a row are wrong": np.r_[TRUE_S[:150], 24.0, 26.32, TRUE_S[152:]],
    "three in a row are wrong": np.r_[TRUE_S[:150], 25.0, 26.5, 26.7, TRUE_S[153:]],
    "one stands": np.r_[TRUE_S[:150], TRUE_S[149], TRUE_S[151:]],
    "one is missing": np.r_[TRUE_S[:150], np.nan, TRUE_S[151:]],
    "the last is missing": np.r_[TRUE_S[:-1], np.nan],
    "the first are missing": np.r_[np.full(9, np.nan), TRUE_S[9:]],
}


@pytest.mark.parametrize("stamps_s", WRONG.values(), ids=WRONG.keys())
def test_stamps_that_cannot_be_true_follow_from_the_order(stamps_s: Float64Array) -> None:
    times = check_times(stamps_s)
    assert times.problem == ""
    np.testing.assert_allclose(times.times_s - times.times_s[0], ORDER / 25.0, atol=1e-6)
    assert len(times.notes) == 1


@pytest.mark.parametrize(
    "stamps_s", [np.floor(TRUE_S), np.full(300, 7.0), np.full(300, np.nan)], ids=["whole seconds", "standing", "none"]
)
def test_stamps_shared_by_many_frames_become_a_regular_clock(stamps_s: Float64Array) -> None:
    times = check_times(stamps_s, 25.0)
    np.testing.assert_allclose(times.times_s - times.times_s[0], ORDER / 25.0, atol=1e-6)
    if len(set(stamps_s.tolist())) > 2 and np.isfinite(stamps_s).all():
        assert times.times_s[0] == pytest.approx(20.0, abs=0.05)


def test_without_stamps_or_rate_there_are_no_times() -> None:
    assert check_times(np.full(300, np.nan)).problem == "no stated rate, and time stamps that are missing"
    assert check_times(np.full(300, 3.0)).problem == "no stated rate, and time stamps that do not increase"


@pytest.mark.parametrize("seed", range(30))
def test_times_always_increase(seed: int) -> None:
    rng = np.random.default_rng(seed)
    stamps_s = TRUE_S.copy()
    for _ in range(int(rng.integers(1, 6))):
        start, stop = np.sort(rng.integers(0, 300, 2))
        stamps_s[start:stop] += rng.choice([-1e9, -15, -0.5, -0.04, 0.04, 1.0, 15.0, 9000.0, np.nan])
    times = check_times(stamps_s, 25.0)
    assert len(times.times_s) == 300
    assert np.all(np.diff(times.times_s) > 0)
