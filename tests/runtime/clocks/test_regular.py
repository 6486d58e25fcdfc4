"""The clock of a regular signal: every way in which time stamps go wrong, with the places that are right."""

from __future__ import annotations

import re

import numpy as np
import pytest

from ecg_facial.runtime.clocks.regular import fit_grid
from ecg_facial.runtime.typing import Float64Array

FS_HZ = 250.0
N_TIMES = 7500
ORDER = np.arange(N_TIMES)
TRUE_S = 1000.0 + ORDER / FS_HZ
HALF = N_TIMES // 2


def step_at(index: int, step_s: float) -> Float64Array:
    """Make true stamps with a clock that steps once."""
    return TRUE_S + np.where(index <= ORDER, step_s, 0.0)


def jitter(scale_s: float, seed: int = 0) -> Float64Array:
    return np.random.default_rng(seed).exponential(scale_s, N_TIMES)


SET = {
    "back half a second": step_at(HALF, -0.5),
    "back half a second, late stamps": step_at(HALF, -0.5) + jitter(0.004),
    "back 15 s": step_at(HALF, -15.0),
    "back 15 s, late stamps": step_at(HALF, -15.0) + jitter(0.004),
    "back to 0": np.where(ORDER < HALF, TRUE_S, (ORDER - HALF) / FS_HZ),
    "back to 0 twice": (ORDER % 2500) / FS_HZ,
    "forward for hours": step_at(HALF, 7200.0),
    "forward for hours, late stamps": step_at(HALF, 7200.0) + jitter(0.004),
    "forward 15 s and back": step_at(2000, 15.0) - np.where(ORDER >= 5000, 15.0, 0.0),
    "back 15 s and forward": step_at(2000, -15.0) + np.where(ORDER >= 5000, 15.0, 0.0),
    "to another epoch": step_at(HALF, 1.7e9),
    "first stamp is 0": np.r_[0.0, TRUE_S[1:]],
    "last stamp is wild": np.r_[TRUE_S[:-1], 2500.0],
    "one stamp is 0": np.r_[TRUE_S[:HALF], 0.0, TRUE_S[HALF + 1 :]],
    "one stamp is wild": np.r_[TRUE_S[:HALF], 1e9, TRUE_S[HALF + 1 :]],
}


@pytest.mark.parametrize("nominal_hz", [FS_HZ, 0.0], ids=["stated", "not stated"])
@pytest.mark.parametrize("stamps_s", SET.values(), ids=SET.keys())
def test_a_clock_that_was_set_is_noted_and_loses_no_sample(stamps_s: Float64Array, nominal_hz: float) -> None:
    grid = fit_grid(stamps_s, nominal_hz)
    assert grid.problem == ""
    assert grid.fs_hz == pytest.approx(FS_HZ, rel=2e-4)
    np.testing.assert_array_equal(grid.places, ORDER)
    assert grid.n_gaps == 0
    assert grid.breaks
    assert "the clock steps by" in grid.notes[0]


REGULAR = {
    "exact": TRUE_S,
    "rounded to 10 ms": np.round(TRUE_S, 2),
    "rounded to 0.1 s": np.floor(TRUE_S * 10) / 10,
    "whole seconds": np.floor(TRUE_S),
    "whole seconds from the middle of one": np.floor(TRUE_S + 0.37),
    "late by 4 ms": TRUE_S + jitter(0.004),
    "late by 20 ms": TRUE_S + jitter(0.02),
    "normal errors of 2 ms": TRUE_S + np.random.default_rng(3).normal(0, 0.002, N_TIMES),
    "chunks of one stamp": TRUE_S[ORDER // 32 * 32],
    "chunks of one stamp, late": TRUE_S[ORDER // 32 * 32] + jitter(0.003)[ORDER // 32],
    "bursts": TRUE_S[np.minimum((ORDER // 100 + 1) * 100, N_TIMES - 1)] + 1e-5 * (ORDER % 100),
    "some are missing": np.where(ORDER % 7 == 3, np.nan, TRUE_S),
    "the first are missing": np.where(ORDER < 50, np.nan, TRUE_S),
    "only one in 50": np.where(ORDER % 50 == 0, TRUE_S, np.nan),
}


@pytest.mark.parametrize("nominal_hz", [FS_HZ, 0.0], ids=["stated", "not stated"])
@pytest.mark.parametrize("stamps_s", REGULAR.values(), ids=REGULAR.keys())
def test_irregular_stamps_of_a_regular_signal_give_its_rate(stamps_s: Float64Array, nominal_hz: float) -> None:
    grid = fit_grid(stamps_s, nominal_hz)
    assert (grid.problem, grid.breaks) == ("", ())
    assert grid.fs_hz == pytest.approx(FS_HZ, rel=5e-4)
    np.testing.assert_array_equal(grid.places, ORDER)


@pytest.mark.parametrize(
    ("kept", "late_s"),
    [
        (np.r_[0:700, 701:3000], 0.0),
        (np.r_[0:700, 702:1500, 1501:1503, 1900:3000], 0.0),
        (np.delete(ORDER, np.arange(40, N_TIMES, 97)), 0.0),
        (np.r_[0:700, 1100:3000], 0.004),
        (np.r_[0:700, 1100:2000, 2300:5000], 0.004),
        (np.r_[0:1000, 5000:7500], 0.02),
    ],
    ids=["one", "several", "every 97th", "400", "twice", "16 s"],
)
@pytest.mark.parametrize("nominal_hz", [FS_HZ, 0.0], ids=["stated", "not stated"])
def test_lost_samples_leave_their_places_empty(kept: np.ndarray, late_s: float, nominal_hz: float) -> None:
    late = np.random.default_rng(0).exponential(late_s, len(kept)) if late_s else 0.0
    grid = fit_grid(TRUE_S[kept] + late, nominal_hz)
    assert grid.problem == ""
    off = 0 if late_s == 0 else 2
    assert np.abs(grid.places - kept).max() <= off
    assert grid.n_gaps == int((np.diff(kept) > 1).sum())
    assert re.search(rf"lost {grid.n_gaps} times .*NaN there", grid.notes[0])


def test_lost_seconds_of_a_clock_of_whole_seconds_are_a_gap() -> None:
    kept = np.r_[0:3000, 4000:N_TIMES]
    grid = fit_grid(np.floor(TRUE_S[kept]))
    assert grid.fs_hz == pytest.approx(FS_HZ, rel=1e-3)
    assert np.abs(grid.places - kept).max() <= 2


@pytest.mark.parametrize("behind", ["restart", "pause"])
def test_two_rates_in_one_signal_are_a_problem(behind: str) -> None:
    second_s = np.arange(5000) / 500 + (0 if behind == "restart" else TRUE_S[2500] + 10)
    grid = fit_grid(np.concatenate([TRUE_S[:2500], second_s]))
    assert grid.problem == "time stamps of 500 Hz, and of 250 Hz from sample 1 on"


def test_a_rate_that_changes_a_little_is_noted() -> None:
    grid = fit_grid(np.concatenate([TRUE_S[:5000], TRUE_S[5000] + np.arange(5000) / 256]))
    assert not grid.problem
    assert any("the rate changes: time stamps are up to 0.1" in note for note in grid.notes)


def test_a_rate_is_never_fitted_across_a_break() -> None:
    """A straight line through all stamps gives 256.4 Hz here."""
    assert fit_grid(step_at(HALF, -0.5), FS_HZ).fs_hz == FS_HZ
    drifting_s = ORDER / 249.0 + np.where(ORDER >= HALF, -0.5, 0.0)
    assert fit_grid(drifting_s, FS_HZ).fs_hz == pytest.approx(249.0, abs=0.001)


@pytest.mark.parametrize("stamps_s", [TRUE_S[::-1], np.floor(TRUE_S)[::-1]], ids=["exact", "whole seconds"])
def test_samples_with_the_newest_first_are_put_in_order(stamps_s: Float64Array) -> None:
    grid = fit_grid(stamps_s)
    np.testing.assert_array_equal(grid.places, ORDER[::-1])
    assert "time stamps run backwards: put in order of time" in grid.notes


def test_packets_that_overtook_each_other_are_put_in_order() -> None:
    arrived = ORDER.copy()
    arrived[100:200], arrived[200:300] = ORDER[200:300], ORDER[100:200]
    arrived[900:950], arrived[950:1000] = ORDER[950:1000], ORDER[900:950]
    grid = fit_grid(TRUE_S[arrived])
    np.testing.assert_array_equal(grid.places, arrived)
    assert "2 time stamps are earlier than the one ahead: put in order of time" in grid.notes


def test_stamps_that_tell_nothing_leave_order_and_the_stated_rate() -> None:
    for stamps_s in (np.full(500, 7.0), np.full(500, np.nan)):
        grid = fit_grid(stamps_s, FS_HZ)
        np.testing.assert_array_equal(grid.places, np.arange(500))
        assert "follow each other at the stated 250 Hz" in grid.notes[0]


def test_the_start_is_the_stamp_of_the_first_place() -> None:
    assert fit_grid(TRUE_S).start_s == pytest.approx(1000.0)
    assert fit_grid(SET["first stamp is 0"]).start_s == pytest.approx(1000.0)
    np.testing.assert_allclose(fit_grid(SET["back 15 s"]).times_s, ORDER / FS_HZ)


@pytest.mark.parametrize("fs_hz", [100.0, 128.0, 256.0, 512.0, 1000 / 3, 360.0, 1024.0])
def test_times_rounded_to_milliseconds_keep_the_rate(fs_hz: float) -> None:
    grid = fit_grid(np.round(np.arange(20_000) / fs_hz, 3))
    assert grid.fs_hz == pytest.approx(fs_hz, rel=1e-6)
    np.testing.assert_array_equal(grid.places, np.arange(20_000))


def test_bursts_are_late_not_lost() -> None:
    """A radio link that delivers 100 samples at once stamps them all at their arrival."""
    n_times, burst = 5000, 100
    arrival_s = (np.arange(n_times) // burst + 1) * burst / 130.0
    grid = fit_grid(arrival_s, 130.0)
    assert (grid.problem, grid.n_gaps) == ("", 0)
    np.testing.assert_array_equal(grid.places, np.arange(n_times))


def test_a_clock_that_is_a_little_fast_is_measured() -> None:
    rng = np.random.default_rng(1)
    stamps_s = np.arange(60_000) / 499.3 + rng.exponential(0.003, 60_000)
    grid = fit_grid(stamps_s, 500.0)
    assert grid.fs_hz == pytest.approx(499.3, abs=0.002)
    np.testing.assert_array_equal(grid.places, np.arange(60_000))


def test_without_a_stated_rate_it_follows_from_the_stamps() -> None:
    assert fit_grid(np.arange(5000) / 250.0, 0.0).fs_hz == pytest.approx(250.0)


@pytest.mark.parametrize(
    ("stamps_s", "nominal_hz", "problem"),
    [
        (np.zeros(1), 200.0, "fewer than two usable"),
        (np.array([0.0, np.nan, 1.0]), 200.0, "a stated rate of 200 Hz, and time stamps of 2 Hz"),
        (np.zeros(100), 0.0, "do not increase"),
        (np.full(100, np.nan), 0.0, "no stated rate, and time stamps that are missing"),
        (np.random.default_rng(0).uniform(0, 9, 2000), 0.0, "no stated rate, and time stamps of no regular rate"),
        (np.arange(30_000) / 100, 200.0, "a stated rate of 200 Hz, and time stamps of 100 Hz"),
        (np.cumsum(np.random.default_rng(0).exponential(0.04, 4000) ** 2 * 3), 200.0, "stated rate of 200 Hz"),
    ],
    ids=["one", "nan", "standing", "missing", "random", "half the rate", "irregular"],
)
def test_stamps_of_no_regular_signal_are_a_problem(stamps_s: np.ndarray, nominal_hz: float, problem: str) -> None:
    assert re.search(problem, fit_grid(stamps_s, nominal_hz).problem)


@pytest.mark.parametrize("seed", range(8))
def test_samples_never_share_a_place(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kept = np.sort(rng.choice(20_000, 15_000, replace=False)) if seed % 2 else np.arange(20_000)
    kept = kept[(kept < 5000) | (kept > 9000)]
    grid = fit_grid(kept / 250.0 + rng.exponential(0.02, len(kept)), 250.0)
    if not grid.problem:
        assert np.all(np.diff(grid.places) > 0)
