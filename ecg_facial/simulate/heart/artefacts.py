"""What goes wrong with a simulated ECG, when and how much: planned first, drawn after.

Input: sensor settings, a length and what the face does. Output: a list of `Artefact` (the truth, cheap to make without
drawing anything), the ECG with them, and rows of ``artefacts.csv``. Their waveforms are in `ecg_noise`. Works at any
length: a trial or a whole recording.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import signal

from ecg_facial.runtime.typing import BoolArray, Float64Array
from ecg_facial.simulate.heart.ecg_noise import (
    draw_baseline_wander,
    draw_electrode_motion,
    draw_mains,
    draw_muscle_noise,
)
from ecg_facial.simulate.settings.presets import Range
from ecg_facial.simulate.settings.sensor_settings import SensorSettings
from ecg_facial.simulate.truth_tables import format_rows, read_rows

WANDER, HUM, MUSCLE, MOTION, LEAD_OFF, SATURATION = "wander", "hum", "muscle", "motion", "lead_off", "saturation"
ARTEFACT_KINDS = (WANDER, HUM, MUSCLE, MOTION, LEAD_OFF, SATURATION)
ARTEFACTS_COLUMNS = ("subject", "trial", "kind", "start_s", "end_s", "strength_uv")
_FILTER_BAND_HZ = (0.5, 40.0)
_STRETCH_S = 30.0
_EDGES_S = {WANDER: 2.0, HUM: 0.5, MUSCLE: 0.15, MOTION: 0.15}
_SHOWN = 0.2
# Longer than the longest edge and what the filter makes of it.
_REACH_S = 4.0
_OFF_NOISE_UV = 1.0


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """One interval of a spoilt ECG.

    Attributes
    ----------
    kind : str
        One of `ARTEFACT_KINDS`.
    start_s, end_s : float
        From the first sample; noise fades in and out within them.
    strength_uv : float
        RMS of noise; the level of the line without contact (0 is flat); the size at which the amplifier clips.
    """

    kind: str
    start_s: float
    end_s: float
    strength_uv: float


class ArtefactRow(NamedTuple):
    """A row of ``artefacts.csv``."""

    subject: str
    trial: str
    artefact: Artefact


def plan_artefacts(
    rng: np.random.Generator,
    settings: SensorSettings,
    *,
    duration_s: float,
    pain_times_s: Float64Array | None = None,
    pain: Float64Array | None = None,
) -> tuple[Artefact, ...]:
    """Decide what goes wrong in a trial or recording.

    Parameters
    ----------
    rng : Generator
        A stream of its own.
    settings : SensorSettings
        How often and how strong.
    duration_s : float
        Length of the ECG.
    pain_times_s, pain : ndarray of float64, shape (n,), optional
        What the face shows of pain, 0..1, and when: shoulders may tense with it.

    Returns
    -------
    tuple of Artefact
        By start.
    """
    found: list[Artefact] = []
    for kind, share, uv in (
        (WANDER, settings.wander_share, settings.wander_uv),
        (HUM, settings.hum_share, settings.hum_uv),
    ):
        found += _plan_stretches(rng, kind, share, uv, duration_s)
    for kind, per_min, length_s, uv in (
        (MUSCLE, settings.muscle_per_min, settings.muscle_s, settings.muscle_uv),
        (MOTION, settings.motion_per_min, settings.motion_s, settings.motion_uv),
        (LEAD_OFF, settings.lead_off_per_min, settings.lead_off_s, (settings.rail_uv, settings.rail_uv)),
        (SATURATION, settings.saturation_per_min, settings.saturation_s, settings.saturation_uv),
    ):
        found += _plan_events(rng, kind, per_min, length_s, uv, duration_s)
    found = [_lie_flat(rng, item, settings) if item.kind == LEAD_OFF else item for item in found]
    if pain is not None and pain_times_s is not None and settings.muscle_with_pain > 0.0:
        found += _plan_tension(rng, settings, pain_times_s, pain, duration_s)
    return tuple(sorted(found, key=lambda item: item.start_s))


def _draw(rng: np.random.Generator, limits: Range) -> float:
    return limits[0] + (limits[1] - limits[0]) * float(rng.random())


def _plan_stretches(
    rng: np.random.Generator, kind: str, share: float, uv: Range, duration_s: float
) -> Iterator[Artefact]:
    """Fill a share of a recording's stretches; a trial is one."""
    edges_s = np.linspace(0.0, duration_s, max(1, round(duration_s / _STRETCH_S)) + 1).tolist()
    for start_s, end_s in pairwise(edges_s):
        if rng.random() < share:
            yield Artefact(kind=kind, start_s=start_s, end_s=end_s, strength_uv=_draw(rng, uv))


def _plan_events(
    rng: np.random.Generator, kind: str, per_min: float, length_s: Range, uv: Range, duration_s: float
) -> Iterator[Artefact]:
    """Events that start before the end; those that started earlier reach in."""
    before_s = length_s[1]
    for _ in range(int(rng.poisson(per_min * (duration_s + before_s) / 60.0))):
        start_s = float(rng.random()) * (duration_s + before_s) - before_s
        end_s = start_s + _draw(rng, length_s)
        strength_uv = _draw(rng, uv)
        if end_s > 0.0:
            yield Artefact(kind=kind, start_s=max(0.0, start_s), end_s=min(duration_s, end_s), strength_uv=strength_uv)


def _lie_flat(rng: np.random.Generator, item: Artefact, settings: SensorSettings) -> Artefact:
    sign = 1.0 if rng.random() < 0.5 else -1.0
    level_uv = sign * settings.rail_uv if rng.random() < settings.rail_share else 0.0
    return Artefact(kind=item.kind, start_s=item.start_s, end_s=item.end_s, strength_uv=level_uv)


def _plan_tension(
    rng: np.random.Generator, settings: SensorSettings, times_s: Float64Array, pain: Float64Array, duration_s: float
) -> Iterator[Artefact]:
    edges = np.flatnonzero(np.diff(np.r_[0, pain > _SHOWN, 0]))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        strength_uv = _draw(rng, settings.muscle_uv) * float(pain[first:last].mean())
        if rng.random() < settings.muscle_with_pain:
            end_s = duration_s if last == len(pain) else float(times_s[last])
            yield Artefact(kind=MUSCLE, start_s=float(times_s[first]), end_s=end_s, strength_uv=strength_uv)


def add_artefacts(
    rng: np.random.Generator,
    filtered_uv: Float64Array,
    raw_uv: Float64Array,
    *,
    fs_hz: float,
    artefacts: Iterable[Artefact],
) -> tuple[Float64Array, Float64Array]:
    """Spoil an ECG as planned.

    Parameters
    ----------
    rng : Generator
        Draws the waveforms.
    filtered_uv, raw_uv : ndarray of float64, shape (n_times,)
        The ECG without artefacts, filtered and as it came from the electrodes.
    fs_hz : float
        Sampling rate.
    artefacts : iterable of Artefact
        From `plan_artefacts`.

    Returns
    -------
    filtered_uv, raw_uv : ndarray of float64, shape (n_times,)
        New arrays. The raw one holds everything, the filtered one what 0.5-40 Hz leaves of it.
    """
    planned = tuple(artefacts)
    if not planned:
        return filtered_uv, raw_uv
    change, off = _draw_change(rng, filtered_uv, raw_uv, fs_hz=fs_hz, artefacts=planned)
    inner = slice(count_reach(fs_hz), len(change) - count_reach(fs_hz))
    silence = np.where(off, _OFF_NOISE_UV * rng.standard_normal(len(off)), 0.0) if off.any() else 0.0
    spoilt = np.where(off, 0.0, raw_uv) + np.where(off, change[inner] + filtered_uv, change[inner]) + silence
    return filtered_uv + _filter(change, fs_hz)[inner], spoilt


def draw_artefacts(
    rng: np.random.Generator,
    filtered_uv: Float64Array,
    raw_uv: Float64Array,
    *,
    fs_hz: float,
    artefacts: Iterable[Artefact],
) -> Float64Array:
    """Draw what `add_artefacts` adds to the filtered ECG, and how it dies away beyond both ends.

    Parameters
    ----------
    rng, filtered_uv, raw_uv, fs_hz, artefacts
        As in `add_artefacts`.

    Returns
    -------
    ndarray of float64, shape (n_times + 2 * count_reach(fs_hz),)
        Microvolts, from as many samples before the first one.
    """
    change, _ = _draw_change(rng, filtered_uv, raw_uv, fs_hz=fs_hz, artefacts=tuple(artefacts))
    return _filter(change, fs_hz) if change.any() else change


def list_beyond(artefacts: Iterable[Artefact], *, duration_s: float) -> Iterator[Artefact]:
    """List artefacts with what of them lies beyond the ends of a trial: noise that reaches one falls only there."""
    for item in artefacts:
        edge_s = _EDGES_S.get(item.kind, 0.0)
        start_s = item.start_s - (edge_s if item.start_s <= 0.0 else 0.0)
        end_s = item.end_s + (edge_s if item.end_s >= duration_s else 0.0)
        yield Artefact(kind=item.kind, start_s=start_s, end_s=end_s, strength_uv=item.strength_uv)


def count_reach(fs_hz: float) -> int:
    """Count the samples beyond its ends in which what spoils a trial dies away."""
    return round(_REACH_S * fs_hz)


def _draw_change(
    rng: np.random.Generator,
    filtered_uv: Float64Array,
    raw_uv: Float64Array,
    *,
    fs_hz: float,
    artefacts: tuple[Artefact, ...],
) -> tuple[Float64Array, BoolArray]:
    """Draw what is added before filtering, with `count_reach` samples more at either end, and where contact is lost."""
    n_times, n_reach = len(raw_uv), count_reach(fs_hz)
    change = np.zeros(n_times + 2 * n_reach)
    for item in artefacts:
        if item.kind in _NOISES:
            part, fade = _fade(item, n_times, n_reach, fs_hz)
            change[part] += item.strength_uv * fade * _NOISES[item.kind](rng, len(fade), fs_hz)
    inner = change[n_reach : n_reach + n_times]
    spoilt, off = raw_uv + inner, np.zeros(n_times, dtype=np.bool_)
    for item in artefacts:
        part = _samples(item, fs_hz, n_times)
        if item.kind == SATURATION and part.stop > part.start:
            middle = float(np.median(spoilt[part]))
            spoilt[part] = np.clip(spoilt[part], middle - item.strength_uv, middle + item.strength_uv)
    inner[:] = spoilt - raw_uv
    for item in artefacts:
        if item.kind == LEAD_OFF:
            part = _samples(item, fs_hz, n_times)
            # No heart is left, and none comes back through the filter.
            inner[part], off[part] = item.strength_uv - filtered_uv[part], True
    return change, off


_NOISES = {
    WANDER: draw_baseline_wander,
    HUM: draw_mains,
    MUSCLE: draw_muscle_noise,
    MOTION: draw_electrode_motion,
}


def _samples(item: Artefact, fs_hz: float, n_times: int) -> slice:
    first = min(n_times, max(0, round(item.start_s * fs_hz)))
    return slice(first, max(first, min(n_times, round(item.end_s * fs_hz))))


def _fade(item: Artefact, n_times: int, n_reach: int, fs_hz: float) -> tuple[slice, Float64Array]:
    """Where noise is, counted from `n_reach` before the first sample, and how it rises and falls.

    What reaches an end of the signal goes on beyond it at full strength and falls there.
    """
    part, n_edge = _samples(item, fs_hz, n_times), round(_EDGES_S[item.kind] * fs_hz)
    first = part.start - (n_edge if part.start == 0 else 0)
    stop = part.stop + (n_edge if part.stop == n_times else 0)
    to_edge = np.arange(stop - first) + 0.5
    to_edge = np.minimum(to_edge, to_edge[::-1])
    return slice(first + n_reach, stop + n_reach), np.sqrt(np.clip(to_edge / n_edge, 0.0, 1.0))


def _filter(change: Float64Array, fs_hz: float) -> Float64Array:
    band = signal.butter(2, _FILTER_BAND_HZ, btype="bandpass", fs=fs_hz, output="sos")
    filtered: Float64Array = signal.sosfiltfilt(band, change, padlen=min(len(change) - 1, round(2.0 * fs_hz)))
    return filtered


def format_artefacts(trials: Iterable[tuple[str, str, Iterable[Artefact]]]) -> Iterator[str]:
    """Yield the lines of ``artefacts.csv``, the header first.

    Parameters
    ----------
    trials : iterable of (str, str, iterable of Artefact)
        Subject and trial as in the folders, and the trial's artefacts; one without has no line.
    """
    rows = (
        (subject, trial, item.kind, f"{item.start_s:.6f}", f"{item.end_s:.6f}", f"{item.strength_uv:.3f}")
        for subject, trial, artefacts in trials
        for item in artefacts
    )
    return format_rows(ARTEFACTS_COLUMNS, rows)


def read_artefacts(path: Path) -> Iterator[ArtefactRow]:
    """Read ``artefacts.csv`` row by row.

    Parameters
    ----------
    path : Path
        The file, or the cohort's folder.

    Raises
    ------
    MissingDataError
        When there is no such file.
    CorruptDataError
        When it is not a table of artefacts.
    """
    file = path / "artefacts.csv" if path.is_dir() else path
    absent = "no table of artefacts; only simulated cohorts have one"
    return read_rows(file, columns=ARTEFACTS_COLUMNS, parse=_read_row, absent=absent)


def _read_row(row: dict[str, str]) -> ArtefactRow:
    artefact = Artefact(
        kind=row["kind"],
        start_s=float(row["start_s"]),
        end_s=float(row["end_s"]),
        strength_uv=float(row["strength_uv"]),
    )
    return ArtefactRow(row["subject"], row["trial"], artefact)
