"""Clocks: whatever happens to time stamps, places increase, and what is known of the rate is right."""

from __future__ import annotations

import numpy as np
from ecg_files import FS_HZ

from ecg_facial.runtime.clocks.irregular import check_times
from ecg_facial.runtime.clocks.regular import fit_grid

N_TIMES = 4000
STEPS_S = (-1e9, -3600.0, -15.0, -0.5, -0.004, 0.02, 0.5, 15.0, 7200.0, np.nan)


def draw_stamps(rng: np.random.Generator, rate_hz: float) -> np.ndarray:
    """Draw stamps: late, rounded or in chunks, with parts that are shifted, missing or lost."""
    order = np.arange(N_TIMES)
    stamps_s = float(rng.choice([0.0, 1000.0, 1.7e9])) + order / rate_hz
    kind = rng.integers(4)
    if kind == 1:
        stamps_s = stamps_s + rng.exponential(0.01, N_TIMES)
    elif kind == 2:
        stamps_s = np.floor(stamps_s * 10) / 10
    elif kind == 3:
        stamps_s = stamps_s[order // 32 * 32]
    for _ in range(int(rng.integers(0, 4))):
        first, end = np.sort(rng.integers(0, N_TIMES, 2))
        stamps_s[first:end] += rng.choice(STEPS_S)
    if rng.random() < 0.3:
        first = int(rng.integers(N_TIMES - 500))
        stamps_s = np.delete(stamps_s, np.arange(first, first + int(rng.integers(1, 500))))
    return stamps_s


def test_places_increase_and_the_rate_is_known_or_refused(rng: np.random.Generator) -> None:
    stamps_s = draw_stamps(rng, FS_HZ)
    nominal_hz = float(rng.choice([0.0, FS_HZ]))
    grid = fit_grid(stamps_s, nominal_hz)
    if grid.problem:
        assert "\n" not in grid.problem
        return
    assert len(grid.places) == len(stamps_s)
    assert len(set(grid.places.tolist())) == len(stamps_s)
    assert grid.places.min() == 0
    assert abs(grid.fs_hz / FS_HZ - 1) < 0.05


def test_a_single_step_of_the_clock_changes_neither_rate_nor_places(rng: np.random.Generator) -> None:
    order = np.arange(N_TIMES)
    rate_hz = float(rng.choice([100.0, 250.0, 512.0, 1000.0]))
    at = int(rng.integers(500, N_TIMES - 500))
    step_s = float(rng.choice([-1e9, -3600.0, -15.0, -0.5, 7200.0, 1e9]))
    late = rng.exponential(0.002, N_TIMES) if rng.random() < 0.5 else 0.0
    grid = fit_grid(order / rate_hz + late + np.where(order >= at, step_s, 0.0), float(rng.choice([0.0, rate_hz])))
    assert grid.problem == ""
    assert abs(grid.fs_hz / rate_hz - 1) < 2e-3
    np.testing.assert_array_equal(grid.places, order)


def test_times_of_frames_increase(rng: np.random.Generator) -> None:
    stamps_s = draw_stamps(rng, 25.0)
    times = check_times(stamps_s, 25.0)
    assert times.problem == ""
    assert len(times.times_s) == len(stamps_s)
    assert np.all(np.diff(times.times_s) > 0)
