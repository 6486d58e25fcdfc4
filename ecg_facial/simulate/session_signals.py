"""Electrode signals of a whole session, piece by piece.

Enters: a session at feature level. Leaves: BioVid's five columns, filtered, and what is wrong with the ECG. A trial's
piece is its clip, sample by sample; between trials the session's own beats and action units are drawn the same way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ecg_facial.simulate.artefacts import Artefact
from ecg_facial.simulate.biosignals import FS_HZ, N_TIMES
from ecg_facial.simulate.clips import compute_columns, plan_clip_artefacts
from ecg_facial.simulate.population import CohortSettings, SimulatedTrial, TrialPlan, simulate_trial
from ecg_facial.simulate.response import FPS, N_FRAMES, FloatArray, smooth_step
from ecg_facial.simulate.session import Session, plan_gap

_GSR, _GSR_EDGE = 0, 32
_GSR_FALL_S = 8.0


def compute_session_columns(settings: CohortSettings, session: Session) -> Iterator[FloatArray]:
    """Compute what the electrodes record, piece by piece.

    Parameters
    ----------
    settings : CohortSettings
    session : Session
        Of the same cohort.

    Yields
    ------
    ndarray of float64, shape (5, n_times)
        Filtered signals, one piece after the other; no piece is longer than a trial.
    """
    rest_us = session.person.gsr_us
    last_us, now = rest_us, 0
    for start, end, clip in _list_clips(settings, session):
        columns, _ = compute_columns(settings, clip)
        if clip.plan.place == "gap":
            # Skin conductance falls back after a response more slowly than it rose.
            share = (np.arange(start, start + N_TIMES) - now) / max(end - now, _GSR_FALL_S * FS_HZ)
            piece = _about_rest(columns, rest_us)
            piece[_GSR] += (last_us - rest_us) * (1.0 - smooth_step(share))
            yield piece[:, : end - start]
        else:
            yield columns
            now, last_us = end, float(columns[_GSR, -_GSR_EDGE:].mean())


def list_session_artefacts(settings: CohortSettings, session: Session) -> tuple[Artefact, ...]:
    """List what is wrong with the ECG of a session, in seconds from its start."""
    found = []
    for start, end, clip in _list_clips(settings, session):
        length_s = min(N_TIMES, end - start) / FS_HZ
        for item in plan_clip_artefacts(settings, clip):
            if item.start_s < length_s:
                times_s = (start / FS_HZ + item.start_s, start / FS_HZ + min(length_s, item.end_s))
                found.append(Artefact(item.kind, *times_s, item.strength_uv))
    return tuple(found)


def _list_clips(settings: CohortSettings, session: Session) -> Iterator[tuple[int, int, SimulatedTrial]]:
    """List trials, and pieces of the gaps between them: first sample, end of the trial or gap, and what is there."""
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
    """Make a clip of what lies between trials: the session's own beats and action units."""
    start_s = start / FS_HZ
    rest = simulate_trial(settings, plan, person=session.person)
    frame = np.minimum(np.rint(start_s * FPS + np.arange(N_FRAMES)).astype(int), len(session.times_s) - 1)
    reach_s = N_TIMES / FS_HZ
    near = slice(*np.searchsorted(session.beat_times_s, (start_s - reach_s, start_s + 2.0 * reach_s)).tolist())
    beats_s, kinds = session.beat_times_s[near] - start_s, session.ectopic[near]
    heart = replace(rest.heart, beat_times_s=beats_s, ectopic=kinds)
    return replace(rest, heart=heart, action_units=session.action_units[:, frame])


def _about_rest(columns: FloatArray, rest_us: float) -> FloatArray:
    """Take the trend out of a piece's skin conductance, so that it starts and ends at rest."""
    ends_us = columns[_GSR, :_GSR_EDGE].mean(), columns[_GSR, -_GSR_EDGE:].mean()
    columns[_GSR] += rest_us - np.linspace(*ends_us, N_TIMES)
    return columns
