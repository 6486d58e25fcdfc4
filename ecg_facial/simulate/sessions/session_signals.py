"""Biosignals of a whole session, in pieces.

Input: a session at feature level. Output: BioVid's five columns, filtered, and the artefacts of the ECG. The piece of a
trial equals its clip, sample by sample. Between trials EMG and skin conductance are simulated in the same way, and the
ECG continues without a step (`session_ecg`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.files.biosignals import ECG_ROW, FS_HZ, N_TIMES
from ecg_facial.simulate.files.clips import compute_columns, plan_clip_artefacts
from ecg_facial.simulate.grid import FPS, N_FRAMES, TRIAL_S, smooth_step
from ecg_facial.simulate.heart.artefacts import Artefact, list_beyond
from ecg_facial.simulate.people.population import SimulatedTrial, TrialPlan, simulate_trial
from ecg_facial.simulate.sessions.session import Session
from ecg_facial.simulate.sessions.session_ecg import draw_gap_ecg, list_session_gaps, plan_gap_artefacts
from ecg_facial.simulate.sessions.session_plan import plan_gap
from ecg_facial.simulate.settings.cohort_settings import CohortSettings

# row of the skin conductance, and samples at the ends of a piece that give its level
_GSR, _GSR_EDGE = 0, 32
# shortest decay of the skin conductance after a response
_GSR_FALL_S = 8.0


def compute_session_columns(settings: CohortSettings, session: Session) -> Iterator[Float64Array]:
    """Compute the biosignals of a session, piece by piece.

    Parameters
    ----------
    settings : CohortSettings
    session : Session
        Of the same cohort.

    Yields
    ------
    ndarray of float64, shape (5, n_times)
        Filtered signals, in pieces of at most the length of a trial.
    """
    rest_us = session.person.gsr_us
    last_us, now = rest_us, 0
    gaps = list_session_gaps(session)
    ecg_uv, first = np.empty(0), 0
    for start, end, clip in _list_clips(settings, session):
        columns, _ = compute_columns(settings, clip)
        if clip.plan.place == "gap" and start == gaps[0].start:
            ecg_uv, first = draw_gap_ecg(settings, session, gaps[0]), start
        if clip.plan.place == "gap":
            # skin conductance decays more slowly than it rises
            share = (np.arange(start, start + N_TIMES) - now) / max(end - now, _GSR_FALL_S * FS_HZ)
            piece = _about_rest(columns, rest_us)
            piece[_GSR] += (last_us - rest_us) * (1.0 - smooth_step(share))
            piece = piece[:, : end - start]
            piece[ECG_ROW] = ecg_uv[start - first :][:N_TIMES]
            yield piece
        else:
            yield columns
            gaps = gaps[1:]
            now, last_us = end, float(columns[_GSR, -_GSR_EDGE:].mean())


def list_session_artefacts(settings: CohortSettings, session: Session) -> tuple[Artefact, ...]:
    """List the artefacts of the ECG of a session, in seconds from its start."""
    found = []
    for label in session.labels:
        trial = simulate_trial(settings, label.plan, person=session.person)
        reaching = list_beyond(plan_clip_artefacts(settings, trial), duration_s=TRIAL_S)
        found += [_delay(item, label.onset_s, session) for item in reaching]
    for gap in list_session_gaps(session):
        found += [_delay(item, gap.start / FS_HZ, session) for item in plan_gap_artefacts(settings, session, gap)]
    return tuple(sorted(found, key=lambda item: item.start_s))


def _delay(item: Artefact, by_s: float, session: Session) -> Artefact:
    end_s = min(item.end_s + by_s, session.plan.duration_s)
    return Artefact(kind=item.kind, start_s=max(0.0, item.start_s + by_s), end_s=end_s, strength_uv=item.strength_uv)


def _list_clips(settings: CohortSettings, session: Session) -> Iterator[tuple[int, int, SimulatedTrial]]:
    """List trials, and pieces of the gaps: first sample, end of the trial or gap, and the clip."""
    onsets = [round(label.onset_s * FS_HZ) for label in session.labels]
    now = 0
    for number, end in enumerate([*onsets, round(session.plan.duration_s * FS_HZ)]):
        before = session.labels[max(0, number - 1)].plan
        for tile, start in enumerate(range(now, end, N_TIMES)):
            plan = plan_gap(before, number=number, tile=tile)
            yield start, end, _make_piece(settings, session, plan, start=start)
        if number < len(onsets):
            now = end + N_TIMES
            yield end, now, simulate_trial(settings, session.labels[number].plan, person=session.person)


def _make_piece(settings: CohortSettings, session: Session, plan: TrialPlan, *, start: int) -> SimulatedTrial:
    """Make a clip of a piece of a gap, with the session's beats and action units."""
    start_s = start / FS_HZ
    rest = simulate_trial(settings, plan, person=session.person)
    frame = np.minimum(np.rint(start_s * FPS + np.arange(N_FRAMES)).astype(int), len(session.times_s) - 1)
    reach_s = N_TIMES / FS_HZ
    near = slice(*np.searchsorted(session.beat_times_s, (start_s - reach_s, start_s + 2.0 * reach_s)).tolist())
    beats_s, kinds = session.beat_times_s[near] - start_s, session.ectopic[near]
    heart = replace(rest.heart, beat_times_s=beats_s, ectopic=kinds)
    return replace(rest, heart=heart, action_units=session.action_units[:, frame])


def _about_rest(columns: Float64Array, rest_us: float) -> Float64Array:
    """Remove the trend from the skin conductance of a piece, so that it starts and ends at rest."""
    ends_us = columns[_GSR, :_GSR_EDGE].mean(), columns[_GSR, -_GSR_EDGE:].mean()
    columns[_GSR] += rest_us - np.linspace(*ends_us, N_TIMES)
    return columns
