"""Likelihood of the measured beat times given the felt intensity.

Input: beat times with jitter. Output: log-likelihoods. The rate 60 / RR of an interval is the mean of the heart-rate
curve over it: resting rate, response (a known time course times its size), breathing, 0.1 Hz wave and jitter. Given the
times of the response and the person's breathing, these are jointly Gaussian. Times and breathing are integrated by
Monte Carlo, the size on a grid.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import logsumexp

from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.observer.face_likelihood import shape_draws, spread_normal
from ecg_facial.simulate.people.response import MAYER_HZ, Person
from ecg_facial.simulate.settings.presets import HeartSettings

# grid of response sizes: its step, and its limits in standard deviations of the trial's noise
_STEP_BPM = 0.2
_REACH_SDS = 4.5


class HeartLikelihood:
    """Likelihood of the beat times of a population, or of one person.

    Parameters
    ----------
    settings : HeartSettings
    people : sequence of Person
        Draws of the population, or the one person.
    jitter_ms : float
        Measurement jitter of a beat, in addition to the heart's own.
    rng : Generator
    n_courses : int
        Number of draws of response times and breathing.
    """

    def __init__(
        self,
        settings: HeartSettings,
        people: Sequence[Person],
        jitter_ms: float,
        rng: np.random.Generator,
        *,
        n_courses: int,
    ) -> None:
        self._settings = settings
        known = people[0] if len(people) == 1 else None
        self._level_bpm = settings.baseline_bpm if known is None else known.baseline_bpm
        between = settings.baseline_sd_bpm if known is None else 0.0
        self._level_sd = float(np.hypot(between, settings.baseline_trial_sd_bpm))
        self._jitter_s = float(np.hypot(settings.jitter_ms, jitter_ms)) / 1e3
        chosen = [people[number] for number in rng.integers(len(people), size=n_courses)]
        self._breath_hz = np.array([person.respiration_hz for person in chosen])
        self._breath_bpm = np.array([person.respiration_bpm for person in chosen])
        self._slow_bpm = np.array([person.slow_bpm for person in chosen])
        limits = np.array([settings.onset_s, settings.rise_s])
        self._times_s = limits[:, 0] + (limits[:, 1] - limits[:, 0]) * rng.random((n_courses, 2))
        self._gains = np.array([person.heart_gain_bpm for person in people])
        self._trial_noise = settings.intensity_sd * spread_normal(rng, shape_draws(len(people)))
        size = np.abs(self._gains).max() * (1.5 + _REACH_SDS * settings.intensity_sd)
        self._sizes = np.arange(-size, size + _STEP_BPM, _STEP_BPM)

    def log_likelihoods(self, intervals: Sequence[Float64Array], felt: Float64Array) -> Float64Array:
        """Compute the log-likelihood of each felt intensity.

        Parameters
        ----------
        intervals : sequence of ndarray, shape (n_intervals, 2)
            Begin and end in seconds of each trial's intervals between normal beats.
        felt : ndarray, shape (n_felt,)

        Returns
        -------
        ndarray of float64, shape (n_trials, n_felt)
            0 for a trial without an interval.
        """
        mass = np.stack([self._mass_of_sizes(value) for value in felt])
        result = np.zeros((len(intervals), len(felt)))
        lengths = np.array([len(part) for part in intervals])
        with np.errstate(divide="ignore"):
            log_mass = np.log(mass)
        # trials with equally many intervals are computed together
        for length in sorted(set(lengths[lengths > 0].tolist())):
            rows = np.flatnonzero(lengths == length)
            by_size = self._given_size(np.stack([intervals[int(row)] for row in rows]))
            result[rows] = logsumexp(log_mass + by_size[:, None, :], axis=2)
        return result

    def _mass_of_sizes(self, felt: float) -> Float64Array:
        """Probability of each response size on the grid, for one felt intensity."""
        drawn = (self._gains[:, None] * (felt + self._trial_noise)).ravel()
        place = np.clip((drawn - self._sizes[0]) / _STEP_BPM, 0, len(self._sizes) - 1.001)
        low = place.astype(int)
        mass = np.bincount(low, 1 - (place - low), len(self._sizes)) + np.bincount(
            low + 1, place - low, len(self._sizes)
        )
        return np.asarray(mass / len(drawn), dtype=np.float64)

    def _given_size(self, intervals: Float64Array) -> Float64Array:
        """Log-likelihood of each response size (n_trials, n_sizes), from intervals (n_trials, n_intervals, 2)."""
        begin, end = intervals[:, None, :, 0], intervals[:, None, :, 1]
        rate = 60.0 / (end - begin)
        course = self._mean_course(begin, end)
        covariance = self._covariance(begin, end, rate)
        # whitening turns the Gaussian into sums of squares, quadratic in the response's size
        factor = np.linalg.cholesky(covariance)
        away = np.broadcast_to(rate - self._level_bpm, course.shape)
        solved = np.linalg.solve(factor, np.stack([away, course], axis=-1))
        e, c = solved[..., 0, None], solved[..., 1, None]
        log_det = np.log(np.diagonal(factor, axis1=-2, axis2=-1)).sum(axis=-1)[..., None]
        squares = (e**2).sum(-2) - 2 * (e * c).sum(-2) * self._sizes + (c**2).sum(-2) * self._sizes**2
        return np.asarray(logsumexp(-0.5 * squares - log_det, axis=1) - np.log(len(self._breath_hz)), dtype=np.float64)

    def _mean_course(self, begin: Float64Array, end: Float64Array) -> Float64Array:
        """Mean of the response's time course over each interval, (n_trials, n_courses, n_intervals)."""
        onset_s, rise_s = (self._times_s[None, :, column, None] for column in range(2))
        begun, ended = (_step_integral((time_s - onset_s) / rise_s) for time_s in (begin, end))
        return np.asarray(rise_s * (ended - begun) / (end - begin), dtype=np.float64)

    def _covariance(self, begin: Float64Array, end: Float64Array, rate: Float64Array) -> Float64Array:
        """Covariance of the rates of a trial's intervals: resting rate, jitter, breathing and 0.1 Hz wave."""
        n = rate.shape[2]
        # change of the rate with the time of a beat
        slope = rate[:, 0] ** 2 / 60.0 * self._jitter_s
        jitter = np.zeros((len(rate), n, n))
        index = np.arange(n)
        jitter[:, index, index] = 2 * slope**2
        # neighbouring intervals share the jitter of a beat, unless there was an ectopic beat between them
        shared = -slope[:, 1:] * slope[:, :-1] * (begin[:, 0, 1:] == end[:, 0, :-1])
        jitter[:, index[1:], index[:-1]] = jitter[:, index[:-1], index[1:]] = shared
        breath = _wave_covariance(begin, end, self._breath_hz) * (self._breath_bpm**2 / 2)[None, :, None, None]
        slow = _wave_covariance(begin, end, np.array([MAYER_HZ])) * (self._slow_bpm**2 / 2)[None, :, None, None]
        return np.asarray(self._level_sd**2 + jitter[:, None] + breath + slow, dtype=np.float64)


def _step_integral(position: Float64Array) -> Float64Array:
    """Integral of `response.smooth_step` from minus infinity."""
    inside = np.clip(position, 0.0, 1.0)
    return np.asarray(inside**3 - inside**4 / 2 + np.maximum(position - 1.0, 0.0), dtype=np.float64)


def _wave_covariance(begin: Float64Array, end: Float64Array, rate_hz: Float64Array) -> Float64Array:
    """Covariance of a wave's means over intervals, (n_trials, n_rates, n, n); sine and cosine have unit variance."""
    omega = (2 * np.pi * rate_hz)[None, :, None]
    length = omega * (end - begin)
    sine = (np.cos(omega * begin) - np.cos(omega * end)) / length
    cosine = (np.sin(omega * end) - np.sin(omega * begin)) / length
    return np.asarray(
        sine[..., :, None] * sine[..., None, :] + cosine[..., :, None] * cosine[..., None, :], dtype=np.float64
    )
