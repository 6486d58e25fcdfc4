"""Damage to the files of trials (pathologies): planned by seed, listed in ``pathologies.csv``, applied to files only.

Input: cohort settings, trial plans, and the contents of undamaged files. Output: the contents of damaged files. The
trial itself and ``truth.csv`` do not change. A trial has one pathology or none:

================ ==================================== ==================================================================
kind             start_s, end_s                       value
================ ==================================== ==================================================================
face_lost        no part of the face is in view       new position of the head, in picture widths (left is negative)
second_person    another head is in view              its position, in picture widths from the middle
dropped_frames   first lost frame, next frame         number of lost frames; the others keep their times
frozen_frame     first repeated frame, next new one   number of frames that show the same picture
clock_offset     whole clip                           delay of the biosignals against the video, in seconds
clock_drift      whole clip                           error of the biosignals' clock in parts per million: an event at t
                                                      is written at t * (1 + value / 1e6)
truncated_video  end of the video, end of the clip    seconds left
truncated_ecg    the same for the biosignals          seconds left
missing_video    whole clip                           0; there is no file
missing_ecg      whole clip                           0; there is neither a filtered nor a raw file
================ ==================================== ==================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from ecg_facial.runtime.typing import Float64Array, UInt8Array
from ecg_facial.simulate.files.biosignals import FS_HZ
from ecg_facial.simulate.grid import FPS, FRAME_TIMES_S, N_FRAMES, TRIAL_S, smooth_step
from ecg_facial.simulate.head.scene import Scene
from ecg_facial.simulate.pathology_kinds import PATHOLOGY_KINDS
from ecg_facial.simulate.people.population import TrialPlan, plan_trials, trial_rng
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.simulate.truth_tables import format_rows, read_rows

PATHOLOGY_COLUMNS = ("subject", "trial", "kind", "start_s", "end_s", "value")
PATHOLOGIES_NAME = "pathologies.csv"
# face_lost: distance of the head, and time for leaving and returning
_AWAY_WIDTHS, _AWAY_EDGE_S = 1.3, 0.4
# second_person: distance from the middle
_BESIDE_WIDTHS = 0.36
# lengths in frames: dropped_frames, frozen_frame, face_lost, second_person
_LOST_FRAMES, _FROZEN_FRAMES, _AWAY_FRAMES, _BESIDE_FRAMES = (3, 30), (8, 50), (25, 60), (30, 80)
# ranges of clock_offset, clock_drift, and what truncated files keep
_OFFSET_S, _DRIFT_PPM, _LEFT_S = (0.1, 2.0), (200.0, 1000.0), (1.0, 4.5)
_PPM = 1e-6

Painter = Callable[[UInt8Array, int], UInt8Array]
"""Function that paints over a frame, given its number."""


@dataclass(frozen=True, kw_only=True)
class Pathology:
    """Damage to the files of one trial; the table in the module's docstring explains the numbers.

    Attributes
    ----------
    kind : str
        One of `pathology_kinds.PATHOLOGY_KINDS`.
    start_s, end_s, value : float
    """

    kind: str
    start_s: float
    end_s: float
    value: float

    @property
    def frames(self) -> range:
        """Frames within the interval."""
        return range(round(self.start_s * FPS), min(N_FRAMES, round(self.end_s * FPS)))


@dataclass(frozen=True, kw_only=True)
class PathologyRow:
    """A row of ``pathologies.csv``.

    Attributes
    ----------
    subject, trial : str
    pathology : Pathology
    """

    subject: str
    trial: str
    pathology: Pathology


def plan_pathology(settings: CohortSettings, plan: TrialPlan) -> Pathology | None:
    """Plan the damage to a trial's files; None without damage.

    Does not depend on other trials. With a larger share of damaged trials, those damaged before keep their damage.
    """
    if not settings.pathologies or plan.place != "trial":
        return None
    # five numbers for every trial, so that its damage does not depend on the share of damaged trials
    hit, pick, *draws = trial_rng(settings, plan, purpose="pathology").random(5).tolist()
    if hit >= settings.pathology_share:
        return None
    return _shape(settings.pathologies[int(pick * len(settings.pathologies))], *draws)


def _shape(kind: str, first: float, second: float, third: float) -> Pathology:
    """Compute interval and value from three uniform random numbers."""
    sign = -1.0 if third < 0.5 else 1.0
    if kind == "face_lost":
        start_s, end_s = _interval(first, second, _AWAY_FRAMES)
        return Pathology(kind=kind, start_s=start_s, end_s=end_s, value=sign * _AWAY_WIDTHS)
    if kind == "second_person":
        # in half of these clips the other person stays all the time
        whole = abs(third - 0.5) < 0.25
        start_s, end_s = (0.0, TRIAL_S) if whole else _interval(first, second, _BESIDE_FRAMES)
        return Pathology(kind=kind, start_s=start_s, end_s=end_s, value=sign * _BESIDE_WIDTHS)
    if kind in ("dropped_frames", "frozen_frame"):
        start_s, end_s = _interval(first, second, _LOST_FRAMES if kind == "dropped_frames" else _FROZEN_FRAMES)
        return Pathology(kind=kind, start_s=start_s, end_s=end_s, value=round((end_s - start_s) * FPS))
    if kind in ("clock_offset", "clock_drift"):
        low, high = _OFFSET_S if kind == "clock_offset" else _DRIFT_PPM
        return Pathology(kind=kind, start_s=0.0, end_s=TRIAL_S, value=round(sign * (low + (high - low) * first), 6))
    if kind in ("truncated_video", "truncated_ecg"):
        # a whole number of frames, or of samples, is left
        rate_hz = FPS if kind == "truncated_video" else FS_HZ
        left_s = round((_LEFT_S[0] + (_LEFT_S[1] - _LEFT_S[0]) * first) * rate_hz) / rate_hz
        return Pathology(kind=kind, start_s=left_s, end_s=TRIAL_S, value=left_s)
    return Pathology(kind=kind, start_s=0.0, end_s=TRIAL_S, value=0.0)


def _interval(first: float, second: float, limits: tuple[int, int]) -> tuple[float, float]:
    """Place a whole number of frames within the clip, with a margin on both sides."""
    margin = round(_AWAY_EDGE_S * FPS) + 1
    n_frames = limits[0] + int((limits[1] - limits[0] + 1) * first)
    start = margin + int((N_FRAMES - 2 * margin - n_frames) * second)
    return start / FPS, (start + n_frames) / FPS


def lacks_video(pathology: Pathology | None) -> bool:
    """Tell whether the trial has no video file."""
    return pathology is not None and pathology.kind == "missing_video"


def lacks_ecg(pathology: Pathology | None) -> bool:
    """Tell whether the trial has no biosignals."""
    return pathology is not None and pathology.kind == "missing_ecg"


def damage_scene(scene: Scene, pathology: Pathology | None) -> Scene:
    """Move the head out of the picture in the interval of ``face_lost``; other scenes do not change."""
    if pathology is None or pathology.kind != "face_lost":
        return scene
    # the head leaves before the interval and returns after it, so that it is invisible within
    leaving = smooth_step((FRAME_TIMES_S - pathology.start_s) / _AWAY_EDGE_S + 1.0)
    returned = smooth_step((FRAME_TIMES_S - pathology.end_s + 1.0 / FPS) / _AWAY_EDGE_S)
    return replace(scene, x=scene.x + pathology.value * leaving * (1.0 - returned))


def damage_frames(
    frames: Iterable[UInt8Array], pathology: Pathology | None, *, paint_companion: Painter
) -> Iterator[UInt8Array | None]:
    """Drop, repeat, cut or paint over frames.

    Parameters
    ----------
    frames : iterable of ndarray of uint8, shape (height, width, 3)
        The undamaged clip; frames after the end of a truncated one are not requested.
    pathology : Pathology or None
    paint_companion : callable
        Paints the second person over a frame.

    Yields
    ------
    ndarray of uint8, or None
        None for a lost frame.
    """
    if pathology is None:
        yield from frames
        return
    if pathology.kind == "truncated_video":
        yield from islice(frames, round(pathology.value * FPS))
        return
    standing: UInt8Array | None = None
    for number, frame in enumerate(frames):
        inside = number in pathology.frames
        if inside and pathology.kind == "frozen_frame":
            standing = frame.copy() if standing is None else standing
            yield standing
        elif inside and pathology.kind == "second_person":
            yield paint_companion(frame, number)
        elif inside and pathology.kind == "dropped_frames":
            yield None
        else:
            yield frame


def skew_times(times_s: Float64Array, pathology: Pathology | None) -> Float64Array:
    """Convert true times to times of the biosignals' clock."""
    if pathology is not None and pathology.kind == "clock_offset":
        return times_s + pathology.value
    if pathology is not None and pathology.kind == "clock_drift":
        return times_s * (1.0 + _PPM * pathology.value)
    return times_s


def skew_action_units(action_units: Float64Array, pathology: Pathology | None) -> Float64Array:
    """Convert action units to the biosignals' clock, for the EMG."""
    return np.stack([skew_course(row, FRAME_TIMES_S, pathology) for row in action_units])


def skew_course(course: Float64Array, times_s: Float64Array, pathology: Pathology | None) -> Float64Array:
    """Convert a curve to the biosignals' clock; beyond its ends the last value is held."""
    skewed_s = skew_times(times_s, pathology)
    return course if skewed_s is times_s else np.interp(times_s, skewed_s, course)


def cut_columns(columns: Float64Array, pathology: Pathology | None) -> Float64Array:
    """Cut biosignals of shape (n_signals, n_times) at the end of ``truncated_ecg``."""
    if pathology is None or pathology.kind != "truncated_ecg":
        return columns
    return columns[:, : round(pathology.value * FS_HZ)]


def format_pathologies(settings: CohortSettings) -> Iterator[str]:
    """Yield the lines of ``pathologies.csv``, the header first."""
    return format_rows(PATHOLOGY_COLUMNS, _list_rows(settings))


def _list_rows(settings: CohortSettings) -> Iterator[tuple[str, ...]]:
    for index in range(settings.n_subjects):
        for plan in plan_trials(settings, index):
            found = plan_pathology(settings, plan)
            if found is not None:
                numbers = (f"{value:.6f}" for value in (found.start_s, found.end_s, found.value))
                yield (plan.subject.id, plan.name, found.kind, *numbers)


def read_pathologies(path: Path) -> Iterator[PathologyRow]:
    """Read ``pathologies.csv`` row by row.

    Parameters
    ----------
    path : Path
        The file, or the cohort's folder.

    Raises
    ------
    MissingDataError
        When there is no such file: the cohort was made without pathologies.
    CorruptDataError
        When it is not a table of pathologies.
    """
    file = path / PATHOLOGIES_NAME if path.is_dir() else path
    absent = "no table of pathologies; only cohorts simulated with some have one"
    return read_rows(file, columns=PATHOLOGY_COLUMNS, parse=_read_row, absent=absent)


def _read_row(row: dict[str, str]) -> PathologyRow:
    if row["kind"] not in PATHOLOGY_KINDS:
        raise ValueError(f"{row['kind']!r} is no pathology")
    start_s, end_s, value = (float(row[name]) for name in PATHOLOGY_COLUMNS[3:])
    return PathologyRow(
        subject=row["subject"],
        trial=row["trial"],
        pathology=Pathology(kind=row["kind"], start_s=start_s, end_s=end_s, value=value),
    )
