"""Truth of simulated trials, in ``truth.csv``.

Input: trials at feature level, or the path of a table. Output: lines of the table, or its rows. Columns:

=================== ==================================================================================================
subject, trial      Names as in the folders.
level               Level code, BL1 or PA1..PA4; REST in the table of the rest clips.
intensity           Felt intensity; the strongest stimulus is 1 on average.
face_intensity      Intensity that the face responds to: felt intensity plus noise.
heart_intensity     Intensity that the heart responds to: felt intensity plus other noise.
onset_s             Start of the face's pain response.
beat_times_s        JSON list: exact times of the R-peaks within the clip, seconds, six decimals.
heart_rate_bpm      JSON list: heart rate at 0, 0.25, ..., 5.5 s (4 Hz), two decimals.
action_units        JSON object: unit -> one number per frame (25 fps, 138 frames) in thousandths, 0..1000; units that
                    stay at 0 are left out. AU45 is a blink, AU43 the closure of the eyes in pain or a yawn.
ectopic             JSON list, one for each of beat_times_s: "N" regular, "V" and "A" premature ventricular and atrial,
                    "I" irregular in atrial fibrillation.
=================== ==================================================================================================
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ecg_facial.labels import REST_CODE, PainLevel, parse_pain_level
from ecg_facial.runtime.typing import Float64Array, StrArray
from ecg_facial.simulate.grid import ACTION_UNITS, N_FRAMES, TRIAL_S
from ecg_facial.simulate.people.population import SimulatedTrial
from ecg_facial.simulate.truth_tables import format_rows, read_rows

# the heart-rate curve changes slowly
HEART_RATE_FS_HZ = 4.0
HEART_RATE_TIMES_S = np.arange(round(TRIAL_S * HEART_RATE_FS_HZ) + 1) / HEART_RATE_FS_HZ
TRUTH_COLUMNS = (
    "subject", "trial", "level", "intensity", "face_intensity", "heart_intensity", "onset_s", "beat_times_s",
    "heart_rate_bpm", "action_units", "ectopic",
)  # fmt: skip
_AU_STEPS = 1000


@dataclass(frozen=True, eq=False, kw_only=True)
class TrialTruth:
    """A row of ``truth.csv``.

    Attributes
    ----------
    subject, trial : str
    level : PainLevel or None
        None for a rest clip.
    intensity, face_intensity, heart_intensity, onset_s : float
    beat_times_s : ndarray of float64, shape (n_beats,)
    heart_rate_bpm : ndarray of float64, shape (23,)
        At `HEART_RATE_TIMES_S`.
    action_units : ndarray of float64, shape (15, N_FRAMES)
        `grid.ACTION_UNITS`, 0..1.
    ectopic : ndarray of str, shape (n_beats,)
        Kinds of the beats, see `ectopic`.
    """

    subject: str
    trial: str
    level: PainLevel | None
    intensity: float
    face_intensity: float
    heart_intensity: float
    onset_s: float
    beat_times_s: Float64Array
    heart_rate_bpm: Float64Array
    action_units: Float64Array
    ectopic: StrArray


def _to_json(values: object) -> str:
    return json.dumps(values, separators=(",", ":"), allow_nan=False)


def _encode_action_units(action_units: Float64Array) -> str:
    steps = np.rint(action_units * _AU_STEPS).astype(int)
    return _to_json({unit: row.tolist() for unit, row in zip(ACTION_UNITS, steps, strict=True) if row.any()})


def _decode_action_units(cell: str) -> Float64Array:
    units = json.loads(cell)
    return np.array([units.get(unit, [0] * N_FRAMES) for unit in ACTION_UNITS], dtype=np.float64) / _AU_STEPS


def _make_row(trial: SimulatedTrial) -> tuple[str, ...]:
    heart = trial.heart
    curve_bpm = np.interp(HEART_RATE_TIMES_S, heart.times_s, heart.heart_rate_bpm)
    return (
        trial.plan.subject.id,
        trial.plan.name,
        trial.plan.code,
        f"{trial.intensity.felt:.6f}",
        f"{trial.intensity.face:.6f}",
        f"{trial.intensity.heart:.6f}",
        f"{trial.face.onset_s:.6f}",
        _to_json(np.round(heart.trial_beat_times_s, 6).tolist()),
        _to_json(np.round(curve_bpm, 2).tolist()),
        _encode_action_units(trial.action_units),
        _to_json(heart.trial_ectopic.tolist()),
    )


def format_truth(trials: Iterable[SimulatedTrial]) -> Iterator[str]:
    """Yield the lines of ``truth.csv``, the header first, one trial at a time."""
    return format_rows(TRUTH_COLUMNS, map(_make_row, trials))


def read_truth(path: Path) -> Iterator[TrialTruth]:
    """Read ``truth.csv`` row by row.

    Parameters
    ----------
    path : Path
        The file, or the cohort's folder.

    Raises
    ------
    MissingDataError
        When there is no such file.
    CorruptDataError
        When it is not a table of truth.
    """
    file = path / "truth.csv" if path.is_dir() else path
    return read_rows(
        file, columns=TRUTH_COLUMNS, parse=_read_row, absent="no truth table; only simulated cohorts have one"
    )


def _read_row(row: dict[str, str]) -> TrialTruth:
    return TrialTruth(
        subject=row["subject"],
        trial=row["trial"],
        level=None if row["level"] == REST_CODE else parse_pain_level(row["level"]),
        intensity=float(row["intensity"]),
        face_intensity=float(row["face_intensity"]),
        heart_intensity=float(row["heart_intensity"]),
        onset_s=float(row["onset_s"]),
        beat_times_s=np.array(json.loads(row["beat_times_s"]), dtype=np.float64),
        heart_rate_bpm=np.array(json.loads(row["heart_rate_bpm"]), dtype=np.float64),
        action_units=_decode_action_units(row["action_units"]),
        ectopic=np.array(json.loads(row["ectopic"]), dtype="<U1"),
    )
