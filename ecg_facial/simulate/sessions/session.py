"""Whole sessions at feature level: rest, then all trials of a person, as one continuous recording.

Input: cohort settings and a subject. Output: continuous action units, heart rate, beats and temperature. In the 5.5 s
of a trial they equal those of the trial, so that a session contains the clips. Between two trials the heart rate goes
from one curve to the other with a whole number of beats, and the face behaves as in trials without stimulus. Makes no
pictures or files.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecg_facial.recording import Subject
from ecg_facial.runtime.typing import Float64Array, StrArray
from ecg_facial.simulate.grid import ACTION_UNITS, FPS, N_FRAMES, smooth_step
from ecg_facial.simulate.people.population import (
    SimulatedTrial,
    sample_cohort_person,
    simulate_trial,
)
from ecg_facial.simulate.people.response import Person
from ecg_facial.simulate.seeds import make_rng
from ecg_facial.simulate.sessions.session_hearts import join_hearts
from ecg_facial.simulate.sessions.session_plan import SessionLabel, SessionPlan, list_gaps, plan_gap, plan_session
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.simulate.settings.presets import get_preset

# decay of action units after a trial, of blinks, and transition to the next trial
_DECAY_S, _BLINK_DECAY_S, _APPROACH_S = 1.5, 0.2, 0.4


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


def simulate_session(settings: CohortSettings, index: int, *, plan: SessionPlan | None = None) -> Session:
    """Simulate a person's whole session at feature level.

    Parameters
    ----------
    settings : CohortSettings
        The cohort.
    index : int
        The subject, from 0.
    plan : SessionPlan, optional
        Another schedule than that of `plan_session`, with one trial of the subject or more.

    Notes
    -----
    Time and memory are proportional to the number of trials. The session depends on the number of trials, because they
    share one time line; the trials in it do not.
    """
    plan = plan_session(settings, index) if plan is None else plan
    person = sample_cohort_person(settings, index)
    trials = [simulate_trial(settings, label.plan, person=person) for label in plan.labels]
    onsets_s = [label.onset_s for label in plan.labels]
    times_s = np.arange(round(plan.duration_s * FPS)) / FPS
    rng = make_rng(settings.seed, "cohort", index, "session", "heart")
    jitter_s = get_preset(settings.preset).heart.jitter_ms / 1e3
    early_rng = make_rng(settings.seed, "cohort", index, "session", "premature beats")
    beats_s, kinds, rate_bpm = join_hearts(rng, early_rng, person, trials, onsets_s, times_s=times_s, jitter_s=jitter_s)
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
