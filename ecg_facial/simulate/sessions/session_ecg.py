"""The ECG between the trials of a session: continuous with the trials at both ends.

Input: a session at feature level. Output: the filtered ECG of a gap, and its artefacts. A gap has its own artefacts,
which fade in and out within it; those of the trials at its ends fade out in it. Nothing of a gap reaches into a trial,
so that the session contains the clips.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.files.biosignals import (
    ECG_ROW,
    FLOOR_CORRELATION,
    FS_HZ,
    N_TIMES,
    UV_PER_MV,
    draw_floor_noise,
    draw_person_ecg,
)
from ecg_facial.simulate.files.clips import compute_columns, draw_clip_artefacts
from ecg_facial.simulate.grid import ACTION_UNITS, TRIAL_S, smooth_step, uniform
from ecg_facial.simulate.heart.artefacts import Artefact, count_reach, draw_artefacts, plan_artefacts
from ecg_facial.simulate.heart.ecg import draw_ecg
from ecg_facial.simulate.heart.fibrillation import draw_fibrillatory_waves
from ecg_facial.simulate.people.population import SimulatedTrial, TrialPlan, simulate_trial, trial_rng
from ecg_facial.simulate.sessions.session import Session
from ecg_facial.simulate.sessions.session_plan import plan_gap
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.simulate.settings.presets import get_preset

# fade of a gap's own artefacts at its ends
_TAPER_S = 0.25
# beats so far outside of a gap are drawn: more than two intervals at 30 bpm
_BEATS_REACH_S = 6.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Gap:
    """Samples of a session between two trials.

    Attributes
    ----------
    number : int
        0 is before the first trial.
    start, stop : int
        First sample, and the one after the last.
    """

    number: int
    start: int
    stop: int

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return (self.stop - self.start) / FS_HZ


@dataclass(frozen=True, eq=False, kw_only=True)
class _Side:
    """A trial, its artefacts beyond its ends, and its noise at both ends."""

    trial: SimulatedTrial
    head_uv: Float64Array
    tail_uv: Float64Array
    first_uv: float
    last_uv: float


def list_session_gaps(session: Session) -> list[Gap]:
    """List the gaps of a session: one before each trial and one after the last; some are empty."""
    onsets = [round(label.onset_s * FS_HZ) for label in session.labels]
    starts = [0, *(onset + N_TIMES for onset in onsets)]
    stops = [*onsets, round(session.plan.duration_s * FS_HZ)]
    return [
        Gap(number=number, start=start, stop=stop)
        for number, (start, stop) in enumerate(zip(starts, stops, strict=True))
    ]


def plan_gap_artefacts(settings: CohortSettings, session: Session, gap: Gap) -> tuple[Artefact, ...]:
    """Plan the artefacts of a gap, in seconds from its start."""
    frames = slice(*np.searchsorted(session.times_s, (gap.start / FS_HZ, gap.stop / FS_HZ)).tolist())
    planned = plan_artefacts(
        trial_rng(settings, _plan_of(session, gap), purpose="artefacts"),
        get_preset(settings.preset).sensors,
        duration_s=gap.duration_s,
        pain_times_s=np.maximum(0.0, session.times_s[frames] - gap.start / FS_HZ),
        pain=session.action_units[ACTION_UNITS.index("AU04"), frames],
    )
    inset_s = 1.0 / FS_HZ
    inner = (
        replace(item, start_s=max(item.start_s, inset_s), end_s=min(item.end_s, gap.duration_s - inset_s))
        for item in planned
    )
    return tuple(item for item in inner if item.start_s < item.end_s)


def draw_gap_ecg(settings: CohortSettings, session: Session, gap: Gap) -> Float64Array:
    """Compute the filtered ECG of a gap.

    Parameters
    ----------
    settings : CohortSettings
    session : Session
        Of the same cohort.
    gap : Gap
        From `list_session_gaps`.

    Returns
    -------
    ndarray of float64, shape (gap.stop - gap.start,)
        Microvolts.
    """
    n_times = gap.stop - gap.start
    rng = trial_rng(settings, _plan_of(session, gap), purpose="gap ecg")
    before, after = _find_neighbours(settings, session, gap)
    floor = uniform(rng, get_preset(settings.preset).sensors.noise_uv) * draw_floor_noise(rng, n_times)
    _lead_on(floor, before, after)
    beats = _draw_beats(session, gap, before, after)
    ecg = session.person.lead_sign * UV_PER_MV * beats + floor
    planned = plan_gap_artefacts(settings, session, gap)
    reach = count_reach(FS_HZ)
    own = draw_artefacts(rng, ecg, ecg, fs_hz=FS_HZ, artefacts=planned)[reach : reach + n_times]
    ecg += own * _taper(n_times)
    _add_tails(ecg, before, after)
    return ecg


def _plan_of(session: Session, gap: Gap) -> TrialPlan:
    return plan_gap(session.labels[max(0, gap.number - 1)].plan, number=gap.number, tile=0)


def _taper(n_times: int) -> Float64Array:
    """Weights that fade a gap's own artefacts out at its ends: filtering would spread them into the trials."""
    to_edge_s = np.minimum(np.arange(n_times), np.arange(n_times)[::-1]) / FS_HZ
    return smooth_step(to_edge_s / _TAPER_S)


def _find_neighbours(settings: CohortSettings, session: Session, gap: Gap) -> tuple[_Side | None, _Side | None]:
    """Simulate the trials before and after a gap."""
    before, after = (
        _find_side(settings, simulate_trial(settings, session.labels[number].plan, person=session.person))
        if 0 <= number < len(session.labels)
        else None
        for number in (gap.number - 1, gap.number)
    )
    return before, after


def _find_side(settings: CohortSettings, trial: SimulatedTrial) -> _Side:
    """Simulate a trial, and separate its artefacts and noise from its beats."""
    reach = count_reach(FS_HZ)
    added = draw_clip_artefacts(settings, trial)
    columns, _ = compute_columns(settings, trial)
    beats = trial.person.lead_sign * UV_PER_MV * draw_person_ecg(trial.person, trial.heart)
    floor = columns[ECG_ROW] - beats - added[reach : reach + N_TIMES]
    return _Side(
        trial=trial,
        head_uv=added[:reach],
        tail_uv=added[reach + N_TIMES :],
        first_uv=float(floor[0]),
        last_uv=float(floor[-1]),
    )


def _add_tails(ecg: Float64Array, before: _Side | None, after: _Side | None) -> None:
    """Add the decay of the artefacts of the trials at both ends."""
    n = min(len(ecg), count_reach(FS_HZ))
    if before is not None:
        ecg[:n] += before.tail_uv[:n]
    if after is not None and n:
        ecg[-n:] += after.head_uv[-n:]


def _lead_on(floor: Float64Array, before: _Side | None, after: _Side | None) -> None:
    """Shift the noise at both ends to continue that of the trials, as far as it is correlated."""
    share = FLOOR_CORRELATION[1 : len(floor) + 1]
    n = len(share)
    if before is not None and n:
        floor[:n] += share * (before.last_uv - floor[0])
    if after is not None and n:
        floor[-n:] += share[::-1] * (after.first_uv - floor[-1])


def _draw_beats(session: Session, gap: Gap, before: _Side | None, after: _Side | None) -> Float64Array:
    """Draw the beats of the session, and fibrillatory waves for people with fibrillation."""
    person, start_s = session.person, gap.start / FS_HZ
    reach_s = (start_s - _BEATS_REACH_S, start_s + gap.duration_s + _BEATS_REACH_S)
    near = slice(*np.searchsorted(session.beat_times_s, reach_s).tolist())
    ecg_mv = draw_ecg(
        session.beat_times_s[near] - start_s,
        FS_HZ,
        n_times=gap.stop - gap.start,
        morphology=person.morphology,
        kinds=session.ectopic[near],
        ectopic=person.ectopy.shapes(person.morphology),
    )
    if person.fibrillation is None:
        return ecg_mv
    cycles = _count_cycles(person.fibrillation.rate_hz, gap, before, after)
    return ecg_mv + draw_fibrillatory_waves(person.fibrillation, cycles)


def _count_cycles(rate_hz: float, gap: Gap, before: _Side | None, after: _Side | None) -> Float64Array:
    """Phase of the fibrillatory waves in a gap; the rate is adjusted to fit the phases of the trials at its ends."""
    times_s = np.arange(gap.stop - gap.start) / FS_HZ
    end = 0.0 if after is None else after.trial.heart.atrial_cycles
    if before is None:
        return end + rate_hz * (times_s - gap.duration_s)
    start = before.trial.heart.atrial_cycles + rate_hz * TRIAL_S
    missing = 0.0 if after is None else end - start - rate_hz * gap.duration_s
    return start + (rate_hz + (missing - round(missing)) / gap.duration_s) * times_s
