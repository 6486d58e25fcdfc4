"""Likelihood of the measured face given the felt intensity.

Input: noisy curves of the pain action units. Output: log-likelihoods relative to a face at rest. Given the times of the
response, each unit is a known time course times an amplitude, so the least-squares estimate of the amplitude is a
sufficient statistic. Given the strength of the response, the amplitudes are independent, log-normal and limited to 1.
The strength is integrated on a grid, the times by Monte Carlo.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import logsumexp, ndtr, ndtri

from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.grid import FRAME_TIMES_S
from ecg_facial.simulate.people.response import PAIN_PATTERN, Person, compute_course, draw_courses, shown_strength
from ecg_facial.simulate.settings.presets import FaceSettings

# grid of strengths, 5 % apart
_STRENGTHS = np.exp(np.arange(np.log(0.01), np.log(2.5), 0.05))
# table of the density of an estimated amplitude: variances, range of estimates, steps per standard deviation
_N_VARIANCES = 8
_LOWEST, _HIGHEST = -0.08, 1.1
_STEPS_PER_SD = 4
# largest action unit at rest (`response.sample_person` limits it to 0.5; estimates have noise)
_MAX_REST = 0.6
# Time courses that are worse than the best one by 16 in log-likelihood (1e-7) are left out.
_NEGLIGIBLE = 16.0
# quantiles of a standard normal and of an exponential distribution, for a known person
_QUANTILES = ndtri((np.arange(101) + 0.5) / 101)
_EXPONENTIAL = -np.log1p(-(np.arange(25) + 0.5) / 25)
_FLOOR = 1e-290
# draws of the trial's noise: total number, and smallest number per person
_N_DRAWS, _MIN_DRAWS = 4096, 8


class FaceLikelihood:
    """Likelihood of the faces of a population, or of one person.

    Parameters
    ----------
    settings : FaceSettings
    people : sequence of Person
        Draws of the population, or the one person.
    noise_sd : float
        Measurement noise of each unit at each frame.
    rng : Generator
    n_courses : int
        Number of draws of response times.
    """

    def __init__(
        self,
        settings: FaceSettings,
        people: Sequence[Person],
        noise_sd: float,
        rng: np.random.Generator,
        *,
        n_courses: int,
    ) -> None:
        self._settings, self._people = settings, list(people)
        self._known = len(self._people) == 1
        # drawn once, so that all levels are compared on the same draws
        shape = shape_draws(len(self._people))
        self._trial_noise = settings.intensity_sd * spread_normal(rng, shape)
        self._moments = rng.random(shape)
        self._spontaneous = settings.spontaneous * rng.standard_exponential(shape)
        courses = compute_course(draw_courses(rng, settings, n=n_courses), settings)
        self._courses = courses - courses.mean(axis=2, keepdims=True)
        self._energy = np.maximum((self._courses**2).sum(axis=2), 1e-9)
        self._noise_sd = noise_sd
        pattern = self._people[0].au_pattern if self._known else PAIN_PATTERN
        between = 0.0 if self._known else settings.pattern_sd
        spread = float(np.hypot(between, settings.trial_pattern_sd))
        self._table = _AmplitudeTable(pattern, spread, noise_sd**2 / self._energy)

    def log_likelihoods(self, faces: Float64Array, felt: Float64Array, *, moments: Float64Array) -> Float64Array:
        """Compute the log-likelihood of each felt intensity.

        Parameters
        ----------
        faces : ndarray, shape (n_trials, 6, N_FRAMES)
        felt : ndarray, shape (n_felt,)
        moments : ndarray, shape (n_trials,)
            Time in the session; used only for a known person.

        Returns
        -------
        ndarray of float64, shape (n_trials, n_felt)
        """
        by_strength = self._given_strength(faces)
        if self._known:
            mass = np.stack([self._strengths_of_person(felt, float(moment)) for moment in moments])
        else:
            mass = self._strengths_of_population(felt)[None]
        with np.errstate(divide="ignore"):
            return np.asarray(logsumexp(np.log(mass) + by_strength[:, None, :], axis=2), dtype=np.float64)

    def _strengths_of_population(self, felt: Float64Array) -> Float64Array:
        """Probability of each strength (0 first) for each felt intensity, (n_felt, n_strengths + 1)."""
        drawn = [
            shown_strength(felt[:, None] + noise, person=person, settings=self._settings, moment=moments)
            for person, noise, moments in zip(self._people, self._trial_noise, self._moments, strict=True)
        ]
        return _spread_on_grid((np.stack(drawn, axis=1) + self._spontaneous).reshape(len(felt), -1))

    def _strengths_of_person(self, felt: Float64Array, moment: float) -> Float64Array:
        """Return the same for a known person, by quantiles instead of draws."""
        intensity = felt[:, None] + self._settings.intensity_sd * _QUANTILES
        shown = shown_strength(intensity, person=self._people[0], settings=self._settings, moment=moment)
        return _spread_on_grid((shown[..., None] + self._settings.spontaneous * _EXPONENTIAL).reshape(len(felt), -1))

    def _given_strength(self, faces: Float64Array) -> Float64Array:
        """Log-likelihood of each strength relative to rest, (n_trials, n_strengths + 1); 0 for strength 0.

        With the noise variance v of the estimate, log p(face | course, amplitude a) = (2 a â - a²) / 2v, so the
        integral over amplitudes is exp(â² / 2v) sqrt(2 pi v) times the density of the estimate â given the strength.
        """
        room = 1.0 - self._estimate_rest(faces)
        # least-squares amplitude of each unit for each time course, relative to the range above rest
        amplitude = np.einsum("nkt,jkt->njk", faces, self._courses, optimize=True) / self._energy
        amplitude /= room[:, None, :]
        variance = self._noise_sd**2 / (self._energy * room[:, None, :] ** 2)
        gain = 0.5 * amplitude**2 / variance
        explained = np.where(amplitude > 0, gain, 0.0).sum(axis=2)
        # courses that explain the face much worse than the best one do not count
        kept = explained >= explained.max(axis=1, keepdims=True) - _NEGLIGIBLE
        result = np.zeros((len(faces), len(_STRENGTHS) + 1))
        for trial in range(len(faces)):
            rows = kept[trial]
            base = gain[trial, rows] + 0.5 * np.log(2 * np.pi * variance[trial, rows])
            by_course = base.sum(axis=1)[:, None] + self._table.log_density(
                amplitude[trial, rows], variance[trial, rows]
            )
            # mean over the drawn courses
            result[trial, 1:] = logsumexp(by_course, axis=0) - np.log(len(self._courses))
        return result

    def _estimate_rest(self, faces: Float64Array) -> Float64Array:
        """Units at rest: known for a known person, else the mean of the frames before any response."""
        if self._known:
            return np.array(np.broadcast_to(self._people[0].au_rest, faces.shape[:2]))
        before = max(self._settings.onset_s[0], FRAME_TIMES_S[1]) >= FRAME_TIMES_S
        return np.asarray(np.clip(faces[:, :, before].mean(axis=2), 0.0, _MAX_REST), dtype=np.float64)


def shape_draws(n_people: int) -> tuple[int, int]:
    """Return the shape of the draws of a trial's noise: people, and draws for each."""
    return n_people, max(_MIN_DRAWS, _N_DRAWS // n_people)


def spread_normal(rng: np.random.Generator, shape: tuple[int, int]) -> Float64Array:
    """Draw standard normal numbers, stratified within each row: one in each quantile, in random order."""
    shares = (rng.permuted(np.broadcast_to(np.arange(shape[1]), shape), axis=1) + rng.random(shape)) / shape[1]
    return np.asarray(ndtri(shares), dtype=np.float64)


def _spread_on_grid(strengths: Float64Array) -> Float64Array:
    """Distribute samples (n_felt, n_samples) over the grid of strengths, 0 first, by linear interpolation."""
    place = np.interp(np.log(np.maximum(strengths, 1e-9)), np.log(_STRENGTHS), np.arange(len(_STRENGTHS)), left=-1.0)
    low = np.floor(place).astype(int)
    share = place - low
    mass = np.zeros((len(strengths), len(_STRENGTHS) + 2))
    rows = np.broadcast_to(np.arange(len(strengths))[:, None], low.shape)
    np.add.at(mass, (rows, low + 1), 1.0 - share)
    np.add.at(mass, (rows, low + 2), share)
    return np.asarray(mass[:, :-1] / strengths.shape[1], dtype=np.float64)


class _AmplitudeTable:
    """Density of an estimated amplitude given the strength: a log-normal limited to 1, plus a Gaussian error."""

    def __init__(self, pattern: Float64Array, spread: float, variances: Float64Array) -> None:
        # amplitudes are relative to the range above rest, which increases their error
        low, high = float(variances.min()), float(variances.max()) / (1.0 - _MAX_REST) ** 2
        self._variances = np.exp(np.linspace(np.log(low), np.log(max(high, 1.01 * low)), _N_VARIANCES))
        step = max(np.sqrt(low) / _STEPS_PER_SD, 5e-4)
        self._estimates = np.arange(_LOWEST, _HIGHEST + step, step)
        edges = np.arange(0.0, 1.0 + step, step)
        self._log = np.stack(
            [self._tabulate(edges, np.log(_STRENGTHS * share), max(spread, 1e-3)) for share in pattern]
        )

    def _tabulate(self, edges: Float64Array, location: Float64Array, spread: float) -> Float64Array:
        """Tabulate the log density of one unit, (n_variances, n_estimates, n_strengths)."""
        with np.errstate(divide="ignore"):
            below = ndtr((np.log(edges) - location[:, None]) / spread)
        mass = np.diff(below, axis=1)
        middles = (edges[1:] + edges[:-1]) / 2
        # all strengths above the limit give an amplitude of 1
        middles[-1], mass[:, -1] = 1.0, 1.0 - below[:, -2]
        error = self._estimates - middles[:, None]
        density = [
            mass @ (np.exp(-0.5 * error**2 / variance) / np.sqrt(2 * np.pi * variance)) for variance in self._variances
        ]
        logs = np.log(np.maximum(np.stack(density).transpose(0, 2, 1), _FLOOR))
        return np.asarray(logs, dtype=np.float64)

    def log_density(self, amplitude: Float64Array, variance: Float64Array) -> Float64Array:
        """Log density of estimates (n, 6), summed over units, (n, n_strengths), by bilinear interpolation."""
        place = np.clip((amplitude - self._estimates[0]) / (self._estimates[1] - self._estimates[0]), 0, None)
        place = np.minimum(place, len(self._estimates) - 1.001)
        level = np.interp(np.log(variance), np.log(self._variances), np.arange(_N_VARIANCES)) - 1e-6
        level = np.maximum(level, 0.0)
        total = np.zeros((len(amplitude), len(_STRENGTHS)))
        for unit, table in enumerate(self._log):
            column, row = place[:, unit].astype(int), level[:, unit].astype(int)
            right, upper = (place[:, unit] - column)[:, None], (level[:, unit] - row)[:, None]
            for rows, weight in ((row, 1 - upper), (row + 1, upper)):
                total += weight * ((1 - right) * table[rows, column] + right * table[rows, column + 1])
        return total
