"""Schedule of a session: rest clips, trials, gaps between them, and the temperature.

Input: cohort settings and a subject. Output: a `SessionPlan`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ecg_facial.labels import PainLevel
from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.grid import N_FRAMES, uniform
from ecg_facial.simulate.people.population import (
    TrialPlan,
    plan_rest,
    plan_trials,
)
from ecg_facial.simulate.seeds import make_rng
from ecg_facial.simulate.settings.cohort_settings import CohortSettings

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
