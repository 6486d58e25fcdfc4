"""Beats and heart rate of a session: those of the trials, joined by new ones in the gaps.

Input: a person, trials and their times. Output: beats, their kinds, and the heart rate. In a gap the rate goes from one
trial's curve to the next one's, and its integral is a whole number of beats.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ecg_facial.runtime.typing import Float64Array, StrArray
from ecg_facial.simulate.grid import FPS, TRIAL_S, smooth_step
from ecg_facial.simulate.heart.ectopic import IRREGULAR, NORMAL, Places, plan_ectopic_beats
from ecg_facial.simulate.heart.fibrillation import draw_irregular_places
from ecg_facial.simulate.people.population import (
    SimulatedTrial,
)
from ecg_facial.simulate.people.response import HeartResponse, Person

# rate of the heart-rate curve in gaps
_HEART_FS_HZ = 32.0
# Beats outside of a trial that belong to it: their P and T waves reach into its 5.5 s, and the interval before a beat
# determines its shape.
_BEATS_BEFORE, _BEATS_AFTER = 2, 1


def join_hearts(
    rng: np.random.Generator,
    early_rng: np.random.Generator,
    person: Person,
    trials: list[SimulatedTrial],
    onsets_s: list[float],
    *,
    times_s: Float64Array,
    jitter_s: float,
) -> tuple[Float64Array, StrArray, Float64Array]:
    """Join the beats of the trials, with new ones between; return times, kinds and heart rate at `times_s`."""
    rate_bpm = np.empty(len(times_s))
    beats, kinds = [], []
    last_s = 0.0
    for number, (trial, onset_s) in enumerate(zip(trials, onsets_s, strict=True)):
        # beats of the trial, with those around it that shape its ends
        own_s = onset_s + trial.heart.beat_times_s
        inside = np.flatnonzero((trial.heart.beat_times_s >= 0.0) & (trial.heart.beat_times_s < TRIAL_S))
        first, end = _widen(
            trial.heart.ectopic, max(0, inside[0] - _BEATS_BEFORE), min(len(own_s), inside[-1] + 1 + _BEATS_AFTER)
        )
        if number == 0:
            first = int(np.searchsorted(own_s, 0.0))
        if number == len(trials) - 1:
            end = len(own_s)
        until_s = times_s[-1] + 1.0 if number == len(trials) - 1 else own_s[end - 1]
        span = _span(times_s, last_s, until_s)
        rate_bpm[span] = _rate_of(trial.heart, onset_s, times_s[span])
        # fill the gap to the last trial
        if number > 0:
            gap = _Gap(
                before=trials[number - 1].heart,
                before_onset_s=onsets_s[number - 1],
                after=trial.heart,
                after_onset_s=onset_s,
                start_s=last_s,
                end_s=float(own_s[first]),
            )
            between_s, between, inner_bpm = gap.fill((rng, early_rng), person, jitter_s=jitter_s, at_s=times_s)
            beats.append(between_s)
            kinds.append(between)
            rate_bpm[gap.span(times_s)] = inner_bpm
        beats.append(own_s[first:end])
        kinds.append(trial.heart.ectopic[first:end])
        last_s = float(own_s[end - 1])
    joined = np.concatenate(beats)
    inside_s = joined < times_s[-1] + 1.0 / FPS
    return joined[inside_s], np.concatenate(kinds)[inside_s], rate_bpm


def _span(times_s: Float64Array, start_s: float, end_s: float) -> slice:
    return slice(int(np.searchsorted(times_s, start_s)), int(np.searchsorted(times_s, end_s)))


def _rate_of(heart: HeartResponse, onset_s: float, times_s: Float64Array) -> Float64Array:
    return np.interp(times_s - onset_s, heart.times_s, heart.heart_rate_bpm)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Gap:
    """From the last beat of one trial, at `start_s`, to the first of the next, at `end_s`."""

    before: HeartResponse
    before_onset_s: float
    after: HeartResponse
    after_onset_s: float
    start_s: float
    end_s: float

    def span(self, times_s: Float64Array) -> slice:
        """Select the times within the gap."""
        return _span(times_s, self.start_s, self.end_s)

    def fill(
        self,
        rngs: tuple[np.random.Generator, np.random.Generator],
        person: Person,
        *,
        jitter_s: float,
        at_s: Float64Array,
    ) -> tuple[Float64Array, StrArray, Float64Array]:
        """Make the beats strictly inside the gap, their kinds, and the heart rate at times of `at_s` in the gap.

        The first stream draws breathing and jitter, the second premature and irregular beats.
        """
        rng, early_rng = rngs
        grid_s = np.linspace(self.start_s, self.end_s, math.ceil((self.end_s - self.start_s) * _HEART_FS_HZ) + 1)
        share = (grid_s - self.start_s) / (self.end_s - self.start_s)
        # from one curve to the other, with breathing in the middle
        weight, middle = smooth_step(share), np.sin(np.pi * share) ** 2
        breath = np.sin(2.0 * np.pi * (person.respiration_hz * grid_s + rng.random()))
        curve = (1.0 - weight) * _rate_of(self.before, self.before_onset_s, grid_s)
        curve += weight * _rate_of(self.after, self.after_onset_s, grid_s) + person.respiration_bpm * middle * breath
        # number of beats in the gap by this curve
        n_beats = float(_integrate(curve, grid_s)[-1])
        places, n_whole = _plan_places(early_rng, person, n_beats=n_beats, duration_s=self.end_s - self.start_s)
        # Scale the rate to a whole number of beats, only in the middle, so that there is no step at the ends.
        curve *= 1.0 + middle * (n_whole - n_beats) / _integrate(curve * middle, grid_s)[-1]
        beats_s = np.interp(places.place, _integrate(curve, grid_s), grid_s)
        beats_s += jitter_s * np.clip(rng.standard_normal(len(beats_s)), -3.0, 3.0)
        # a compensatory pause at the end of a trial must not be interrupted within the trial
        kept = beats_s >= self.before_onset_s + TRIAL_S
        return beats_s[kept], places.kinds[kept], np.interp(at_s[self.span(at_s)], grid_s, curve)


def _widen(kinds: StrArray, first: int, end: int) -> tuple[int, int]:
    """Extend a range that ends in a premature beat to the next regular one, so that its pause is complete."""
    while first > 0 and kinds[first] not in (NORMAL, IRREGULAR):
        first -= 1
    while end < len(kinds) and kinds[end - 1] not in (NORMAL, IRREGULAR):
        end += 1
    return first, end


def _plan_places(
    rng: np.random.Generator, person: Person, *, n_beats: float, duration_s: float
) -> tuple[Places, float]:
    """Plan the beats strictly inside a gap, in units of regular ones, and the position of the beat at its end.

    That position is not a whole number if atrial beats and runs have moved later beats forward.
    """
    n_planned = max(1, round(n_beats))
    rr_s = np.full(n_planned, duration_s / n_planned)
    kinds, place, shift = np.full(n_planned, NORMAL), np.arange(n_planned, dtype=np.float64), 0.0
    if person.ectopy.occurs:
        kinds, place, shift = plan_ectopic_beats(rng, rr_s, ectopy=person.ectopy, mean_rr_s=float(rr_s[0]))
    n_more = max(0, round(n_beats - (n_planned - shift)))
    place = np.concatenate([place, n_planned - shift + np.arange(n_more)])
    kinds, n_whole = np.pad(kinds, (0, n_more), constant_values=NORMAL), n_planned - shift + n_more
    if person.fibrillation is not None:
        irregular = draw_irregular_places(rng, len(place) + 1)
        place = np.interp(place, np.arange(len(irregular)), irregular * n_whole / irregular[-1])
        kinds[kinds == NORMAL] = IRREGULAR
    return Places(kinds[1:], place[1:], shift), n_whole


def _integrate(rate_bpm: Float64Array, times_s: Float64Array) -> Float64Array:
    """Compute the number of beats since the first time."""
    steps = np.diff(times_s) * (rate_bpm[1:] + rate_bpm[:-1]) / 120.0
    return np.concatenate([[0.0], np.cumsum(steps)])
