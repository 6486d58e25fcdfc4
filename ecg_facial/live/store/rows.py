"""What a store keeps: one frozen dataclass per table.

Input: values of the monitor. Output: rows. The tables' columns are made from the fields, so a field is added here and
nowhere else; `STORE_VERSION` is raised with it. A time is kept twice: on the session's clock, which never steps, and
in UTC, which may.
"""

from __future__ import annotations

import json
import types
from dataclasses import dataclass
from typing import Any, ClassVar, get_args, get_origin

from ecg_facial.runtime.records import field_types

STORE_VERSION = 2
"""Version 1 is the same without the table of raw ECG."""

_SQL_TYPES = {int: "INTEGER", float: "REAL", str: "TEXT", bool: "INTEGER", bytes: "BLOB"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of a session.

    Attributes
    ----------
    time_s : float
        Seconds on the session's clock, which starts at 0 and never steps.
    utc_s : float
        Seconds since 1970 in UTC, as the machine's clock had it.
    """

    table: ClassVar[str]

    time_s: float
    utc_s: float


@dataclass(frozen=True, kw_only=True)
class EstimateRow(Row):
    """A pain estimate of one window, or why there is none. `time_s` is the window's end.

    Attributes
    ----------
    window_s : float
        Length of the window in seconds.
    estimate : float or None
        Expected class (0 is the first): the sum of class number times probability. None when no signal could be used.
    low, high : float or None
        Ends of the trend's interval around `trend`.
    trend : float or None
        Estimate smoothed over time.
    probabilities : tuple of float or None
        Calibrated, in the order of the bundle's classes.
    used : str
        Signals behind the estimate: ``facial+ecg``, ``facial``, ``ecg``, or empty.
    face_state, ecg_state : str
        ``ok``, or what is wrong (`quality.gates`); empty where this signal is not watched.
    face_quality, ecg_quality : float or None
        0..1; None where there was no signal to judge.
    heart_rate_bpm : float or None
    clock_state : str
        ``one clock``, ``synchronised`` or ``unsynchronised``.
    clock_offset_ms, clock_drift_ppm, clock_uncertainty_ms : float or None
        Of the ECG's clock against the video's; None while not known.
    latency_ms : float
        From the window's last sample to this estimate.
    frames_shed : int
        Frames dropped since the last estimate because the machine was too slow.
    """

    table: ClassVar[str] = "estimates"

    window_s: float
    estimate: float | None
    low: float | None
    high: float | None
    trend: float | None
    probabilities: tuple[float, ...] | None
    used: str
    face_state: str
    ecg_state: str
    face_quality: float | None
    ecg_quality: float | None
    heart_rate_bpm: float | None
    clock_state: str
    clock_offset_ms: float | None
    clock_drift_ppm: float | None
    clock_uncertainty_ms: float | None
    latency_ms: float
    frames_shed: int


@dataclass(frozen=True, kw_only=True)
class EventRow(Row):
    """Something that happened to a source, a clock, the store or the monitor itself.

    Attributes
    ----------
    source : str
        ``video``, ``ecg``, ``clock``, ``store`` or ``monitor``.
    kind : str
        Such as ``gap``, ``lost``, ``back``, ``shed``, ``step``, ``started``, ``ended``.
    message : str
        One line for a person.
    duration_s : float or None
        Of what has a length: of a ``gap`` from the row's time on, of the time before ``back``.
    """

    table: ClassVar[str] = "events"

    source: str
    kind: str
    message: str
    duration_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class AlarmRow(Row):
    """A change of an alarm: who did what, and when.

    Attributes
    ----------
    alarm : str
        ``pain``, or a technical one such as ``no face`` or ``lead off``.
    priority : str
        ``high``, ``medium``, ``low``.
    change : str
        ``raised``, ``acknowledged``, ``cleared``, ``paused``, ``resumed``, ``switched off``, ``switched on``.
    by : str
        Who did it: a person's sign, or ``monitor``.
    message : str
    """

    table: ClassVar[str] = "alarms"

    alarm: str
    priority: str
    change: str
    by: str
    message: str = ""


NRS, NRS_SELF = "NRS", "NRS-self"
"""Scales of ratings, 0 (no pain) to 10 (the worst that can be imagined): whoever rated, or what the person said."""
NRS_MAX = 10.0


@dataclass(frozen=True, kw_only=True)
class RatingRow(Row):
    """A rating by a person.

    Attributes
    ----------
    scale : str
        `NRS`, or `NRS_SELF` where it is the person's own; empty for a note.
    value : float or None
        None for a note alone.
    by : str
        Who rated.
    note : str
    """

    table: ClassVar[str] = "ratings"

    scale: str
    value: float | None
    by: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class BaselineRow(Row):
    """A person's estimate and heart rate at rest.

    Attributes
    ----------
    estimate : float
        Median expected class.
    heart_rate_bpm : float or None
        Median; None where no heart rate was known.
    n_estimates : int
        Behind the medians.
    """

    table: ClassVar[str] = "baselines"

    estimate: float
    heart_rate_bpm: float | None
    n_estimates: int


@dataclass(frozen=True, kw_only=True)
class EcgRow(Row):
    """Some seconds of raw ECG, where it is kept. `time_s` is that of its first sample.

    Attributes
    ----------
    grid : int
        From 0. Samples of one grid are equally far from each other; a new one begins where the amplifier's clock was
        set, or where it came back with another rate.
    first : int
        Number of the first sample on its grid; samples whose numbers are in no row were lost.
    rate_hz : float
        Nominal rate of the amplifier.
    unit : str
        ``mV``, or empty where it is not known.
    samples : bytes
        float32, little endian; NaN where nothing was measured.
    """

    table: ClassVar[str] = "ecg"

    grid: int
    first: int
    rate_hz: float
    unit: str
    samples: bytes


ROWS: tuple[type[Row], ...] = (EstimateRow, EventRow, AlarmRow, RatingRow, BaselineRow, EcgRow)


@dataclass(frozen=True, kw_only=True)
class Session:
    """One stretch of monitoring of one patient.

    Attributes
    ----------
    patient : str
        Pseudonym; the store holds no name.
    started_utc_s : float
    class_names : tuple of str
        Of the bundle's estimates.
    bundle_version : str
    bundle_sha256 : str
        Of the bundle's manifest.
    simulated : bool
        Patient or bundle are simulated.
    sources : str
        What was connected.
    software : str
        Version of this package.
    ended_utc_s : float or None
        None while it goes on.
    end : str
        How it ended: ``closed``, ``failed`` (it stopped by an error), or ``interrupted`` (the machine or the program
        stopped); empty while it goes on.
    """

    patient: str
    started_utc_s: float
    class_names: tuple[str, ...]
    bundle_version: str
    bundle_sha256: str
    simulated: bool
    sources: str
    software: str
    ended_utc_s: float | None = None
    end: str = ""


def columns(kind: type) -> dict[str, type]:
    """Fields of a dataclass of rows and the Python type of each, without None; tuples are kept as JSON text."""
    return {name: _plain(hint) for name, hint in field_types(kind).items()}


def sql_type(kind: type) -> str:
    """SQLite's type of a column."""
    return _SQL_TYPES.get(kind, "TEXT")


def to_values(row: Any) -> tuple[Any, ...]:
    """Values of a row as SQLite keeps them, in the order of `columns`."""
    return tuple(_keep(getattr(row, name)) for name in columns(type(row)))


def from_values(kind: type, values: tuple[Any, ...]) -> Any:
    """Make a row of what `to_values` gave."""
    return kind(**{name: _read(hint, value) for (name, hint), value in zip(columns(kind).items(), values, strict=True)})


def _plain(hint: Any) -> type:
    """Type of a field without its None."""
    if get_origin(hint) is types.UnionType:
        (hint,) = (part for part in get_args(hint) if part is not type(None))
    return tuple if get_origin(hint) is tuple else hint


def _keep(value: Any) -> Any:
    if isinstance(value, tuple):
        return json.dumps(value, ensure_ascii=False)
    return value


def _read(kind: type, value: Any) -> Any:
    if value is None:
        return None
    return tuple(json.loads(value)) if kind is tuple else kind(value)
