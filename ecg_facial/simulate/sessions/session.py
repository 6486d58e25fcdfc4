"""Whole sessions at feature level: rest, then all trials of a person, as one continuous recording.

Input: cohort settings and a subject. Output: continuous action units, heart rate, beats and temperature. In the 5.5 s
of a trial they equal those of the trial, so that a session contains the clips. Between two trials the heart rate goes
from one curve to the other with a whole number of beats, and the face behaves as in trials without stimulus. Makes no
pictures or files.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ecg_facial.labels import PainLevel
from ecg_facial.recording import Subject
from ecg_facial.runtime.typing import Float64Array, StrArray
from ecg_facial.simulate.grid import ACTION_UNITS, FPS, N_FRAMES, TRIAL_S, smooth_step, uniform
from ecg_facial.simulate.heart.ectopic import IRREGULAR, NORMAL, Places, plan_ectopic_beats
from ecg_facial.simulate.heart.fibrillation import draw_irregular_places
from ecg_facial.simulate.people.population import (
    SimulatedTrial,
    TrialPlan,
    plan_rest,
    plan_trials,
    sample_cohort_person,
    simulate_trial,
)
from ecg_facial.simulate.people.response import HeartResponse, Person
from ecg_facial.simulate.seeds import make_rng
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.simulate.settings.presets import get_preset

# After BioVid's protocol: 4 s of heat from a baseline, with pauses between. Temperatures are in degrees Celsius.
BASELINE_C = 32.0
PLATEAU_S = 4.0
# Onsets are whole seconds, the only times that are on both grids: 25 frames and 512 samples per second.
_FIRST_ONSET_S, _REST_STEP_S, _MIN_REST_CLIPS = 5, 16, 4
_PAUSE_S = (8.0, 11.0)
_TAIL_S = 7
_RAMP_C_PER_S = 8.0
# pain threshold and tolerance over people
_THRESHOLD_C, _TOLERANCE_C = (42.0, 45.0), (47.0, 50.5)
_HEART_FS_HZ = 32.0
# Beats outside of a trial that belong to it: their P and T waves reach into its 5.5 s, and the interval before a beat
# determines its shape.
_BEATS_BEFORE, _BEATS_AFTER = 2, 1
# decay of action units after a trial, of blinks, and transition to the next trial
_DECAY_S, _BLINK_DECAY_S, _APPROACH_S = 1.5, 0.2, 0.4
# pieces per gap have numbers below this
_TILES = 1000


@dataclass(frozen=True)
class SessionLabel:
    """A trial or rest clip within a session.

    Attributes
    ----------
    plan : TrialPlan
        Its `name` and `code` are in the tables.
    onset_s : float
        Time of its first sample in the session; the plateau of the stimulus begins there.
    """

    plan: TrialPlan
    onset_s: float


@dataclass(frozen=True, eq=False, kw_only=True)
class SessionPlan:
    """Schedule of a session.

    Attributes
    ----------
    labels : tuple of SessionLabel
        At least four rest clips in more than 60 s of rest, then the trials in order of time.
    duration_s : float
        A whole number of seconds.
    corners_s, corners_c : ndarray of float64, shape (n_corners,)
        Temperature of the thermode, linear between these points.
    """

    labels: tuple[SessionLabel, ...]
    duration_s: float
    corners_s: Float64Array
    corners_c: Float64Array

    def temperature_c(self, times_s: Float64Array) -> Float64Array:
        """Temperature in degrees Celsius at given times."""
        return np.interp(times_s, self.corners_s, self.corners_c)


@dataclass(frozen=True, eq=False, kw_only=True)
class Session:
    """A person's session at feature level.

    Attributes
    ----------
    plan : SessionPlan
    subject : Subject
    person : Person
    times_s : ndarray of float64, shape (n_frames,)
        Times of the frames, 25 per second.
    action_units : ndarray of float64, shape (n_units, n_frames)
        `grid.ACTION_UNITS`, 0..1.
    heart_rate_bpm, temperature_c : ndarray of float64, shape (n_frames,)
    beat_times_s : ndarray of float64, shape (n_beats,)
        Exact times of the R-peaks.
    ectopic : ndarray of str, shape (n_beats,)
        Kinds of the beats, see `ectopic`.
    """

    plan: SessionPlan
    subject: Subject
    person: Person
    times_s: Float64Array
    action_units: Float64Array
    heart_rate_bpm: Float64Array
    temperature_c: Float64Array
    beat_times_s: Float64Array
    ectopic: StrArray

    @property
    def labels(self) -> tuple[SessionLabel, ...]:
        """Trials and rest clips in order of time."""
        return self.plan.labels


def sample_temperatures(settings: CohortSettings, index: int) -> Float64Array:
    """Draw the temperatures of BL1, PA1..PA4: equal steps from the person's pain threshold to the tolerance."""
    rng = make_rng(settings.seed, "cohort", index, "session", "temperature")
    graded = np.linspace(uniform(rng, _THRESHOLD_C), uniform(rng, _TOLERANCE_C), len(PainLevel) - 1)
    return np.concatenate([[BASELINE_C], np.round(graded, 1)])


def plan_session(settings: CohortSettings, index: int) -> SessionPlan:
    """Schedule a subject's rest clips and trials, and the temperature."""
    temperatures_c = sample_temperatures(settings, index)
    n_clips = max(_MIN_REST_CLIPS, settings.rest)
    rest = plan_rest(settings, index, n_clips=n_clips)
    labels = [SessionLabel(plan, float(_FIRST_ONSET_S + _REST_STEP_S * plan.repeat)) for plan in rest]
    now_s = float(_FIRST_ONSET_S + _REST_STEP_S * n_clips)
    corners = [(0.0, BASELINE_C)]
    for plan in sorted(plan_trials(settings, index), key=lambda plan: (plan.moment, plan.name)):
        rng = make_rng(settings.seed, "cohort", index, plan.place, int(plan.level), plan.repeat, "pause")
        level_c = float(temperatures_c[int(plan.level)])
        ramp_s = (level_c - BASELINE_C) / _RAMP_C_PER_S
        onset_s = float(math.ceil(now_s + uniform(rng, _PAUSE_S) + ramp_s))
        end_s = onset_s + PLATEAU_S
        if ramp_s > 0.0:
            corners += [(onset_s - ramp_s, BASELINE_C), (onset_s, level_c), (end_s, level_c)]
            corners.append((end_s + ramp_s, BASELINE_C))
        labels.append(SessionLabel(plan, onset_s))
        now_s = end_s + ramp_s
    corners_s, corners_c = np.array(corners).T
    return SessionPlan(
        labels=tuple(labels), duration_s=labels[-1].onset_s + _TAIL_S, corners_s=corners_s, corners_c=corners_c
    )


def simulate_session(settings: CohortSettings, index: int) -> Session:
    """Simulate a person's whole session at feature level.

    Parameters
    ----------
    settings : CohortSettings
        The cohort.
    index : int
        The subject, from 0.

    Notes
    -----
    Time and memory are proportional to the number of trials. The session depends on the number of trials, because they
    share one time line; the trials in it do not.
    """
    plan = plan_session(settings, index)
    person = sample_cohort_person(settings, index)
    trials = [simulate_trial(settings, label.plan, person=person) for label in plan.labels]
    onsets_s = [label.onset_s for label in plan.labels]
    times_s = np.arange(round(plan.duration_s * FPS)) / FPS
    rng = make_rng(settings.seed, "cohort", index, "session", "heart")
    jitter_s = get_preset(settings.preset).heart.jitter_ms / 1e3
    early_rng = make_rng(settings.seed, "cohort", index, "session", "premature beats")
    beats_s, kinds, rate_bpm = _join_hearts(
        rng, early_rng, person, trials, onsets_s, times_s=times_s, jitter_s=jitter_s
    )
    return Session(
        plan=plan,
        subject=plan.labels[0].plan.subject,
        person=person,
        times_s=times_s,
        action_units=_join_faces(settings, trials, onsets_s, n_frames=len(times_s)),
        heart_rate_bpm=rate_bpm,
        temperature_c=plan.temperature_c(times_s),
        beat_times_s=beats_s,
        ectopic=kinds,
    )


def plan_gap(before: TrialPlan, *, number: int, tile: int) -> TrialPlan:
    """Plan a piece of the gap between two trials.

    Parameters
    ----------
    before : TrialPlan
        The trial or rest clip before the gap, or the first one of the session.
    number : int
        Number of the gap in the session.
    tile : int
        Number of the piece in the gap; a piece is as long as a trial.
    """
    return TrialPlan(
        subject_index=before.subject_index,
        subject=before.subject,
        level=PainLevel.BL1,
        repeat=number * _TILES + tile,
        moment=before.moment,
        place="gap",
    )


def list_gaps(onset_frames: list[int], n_frames: int) -> Iterator[tuple[int, int, int]]:
    """List the gaps: number (0 is before the first trial), first frame, end."""
    starts = [0, *(first + N_FRAMES for first in onset_frames)]
    yield from zip(range(len(starts)), starts, [*onset_frames, n_frames], strict=True)


def _join_faces(
    settings: CohortSettings, trials: list[SimulatedTrial], onsets_s: list[float], *, n_frames: int
) -> Float64Array:
    """Join the action units of the trials, with pieces of trials without stimulus between them."""
    curves = np.zeros((len(ACTION_UNITS), n_frames))
    onsets = [round(onset_s * FPS) for onset_s in onsets_s]
    for trial, first in zip(trials, onsets, strict=True):
        curves[:, first : first + N_FRAMES] = trial.action_units
    for number, first, end in list_gaps(onsets, n_frames):
        before = trials[max(0, number - 1)]
        for tile, start in enumerate(range(first, end, N_FRAMES)):
            plan = plan_gap(before.plan, number=number, tile=tile)
            rest = simulate_trial(settings, plan, person=before.person).action_units
            stop = min(start + N_FRAMES, end)
            piece = rest[:, : stop - start]
            curves[:, start:stop] = piece if start == 0 else _fade_out(curves[:, start - 1], piece)
        if end < n_frames:
            _approach(curves, end)
    return curves


def _fade_out(last: Float64Array, piece: Float64Array) -> Float64Array:
    """Let the action units at the end of one piece decay in the next."""
    decay_s = np.array([_BLINK_DECAY_S if unit == "AU45" else _DECAY_S for unit in ACTION_UNITS])
    since_s = np.arange(1, piece.shape[1] + 1) / FPS
    return np.maximum(piece, last[:, None] * (1.0 - smooth_step(since_s / decay_s[:, None])))


def _approach(curves: Float64Array, frame: int) -> None:
    """Blend the frames before a trial into its first one."""
    n = min(round(_APPROACH_S * FPS), frame)
    weight = smooth_step(np.arange(1, n + 1) / (n + 1))
    part = curves[:, frame - n : frame]
    part += weight * (curves[:, frame, None] - part)


def _join_hearts(
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
