"""Artefacts of a simulated ECG: first planned, then added to the signal.

Input: sensor settings, a length, and the pain that the face shows. Output: a list of `Artefact` (the truth, fast to
make), the ECG with them, and rows of ``artefacts.csv``. `ecg_noise` makes the waveforms. Works for a trial and for a
whole recording.
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
# band of BioVid's filtered ECG
_FILTER_BAND_HZ = (0.5, 40.0)
# wander and hum change every half minute
_STRETCH_S = 30.0
# fade-in and fade-out of noise
_EDGES_S = {WANDER: 2.0, HUM: 0.5, MUSCLE: 0.15, MOTION: 0.15}
# AU04 from which muscles of the shoulders may tense
_TENSION_FROM = 0.2
# longer than the longest fade with the filter's response to it
_REACH_S = 4.0
# noise of the amplifier without contact
_OFF_NOISE_UV = 1.0


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """One artefact.

    Attributes
    ----------
    kind : str
        One of `ARTEFACT_KINDS`.
    start_s, end_s : float
        From the first sample; noise fades in and out within them.
    strength_uv : float
        RMS of noise; level of the signal without contact; or level at which the amplifier clips.
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
    """Plan the artefacts of a trial or recording.

    Parameters
    ----------
    rng : Generator
        A separate stream.
    settings : SensorSettings
        Rates and strengths.
    duration_s : float
        Length of the ECG.
    pain_times_s, pain : ndarray of float64, shape (n,), optional
        AU04, 0..1, and its times: shoulders may tense with it.

    Returns
    -------
    tuple of Artefact
        Sorted by start.
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
    found = [_choose_level(rng, item, settings) if item.kind == LEAD_OFF else item for item in found]
    if pain is not None and pain_times_s is not None and settings.muscle_with_pain > 0.0:
        found += _plan_tension(rng, settings, pain_times_s, pain, duration_s)
    return tuple(sorted(found, key=lambda item: item.start_s))


def _draw(rng: np.random.Generator, limits: Range) -> float:
    return limits[0] + (limits[1] - limits[0]) * float(rng.random())


def _plan_stretches(
    rng: np.random.Generator, kind: str, share: float, uv: Range, duration_s: float
) -> Iterator[Artefact]:
    """Plan an artefact in a share of a recording's half minutes; a trial is one stretch."""
    edges_s = np.linspace(0.0, duration_s, max(1, round(duration_s / _STRETCH_S)) + 1).tolist()
    for start_s, end_s in pairwise(edges_s):
        if rng.random() < share:
            yield Artefact(kind=kind, start_s=start_s, end_s=end_s, strength_uv=_draw(rng, uv))


def _plan_events(
    rng: np.random.Generator, kind: str, per_min: float, length_s: Range, uv: Range, duration_s: float
) -> Iterator[Artefact]:
    """Plan events at random times; those that started before the signal reach into it."""
    before_s = length_s[1]
    for _ in range(int(rng.poisson(per_min * (duration_s + before_s) / 60.0))):
        start_s = float(rng.random()) * (duration_s + before_s) - before_s
        end_s = start_s + _draw(rng, length_s)
        strength_uv = _draw(rng, uv)
        if end_s > 0.0:
            yield Artefact(kind=kind, start_s=max(0.0, start_s), end_s=min(duration_s, end_s), strength_uv=strength_uv)


def _choose_level(rng: np.random.Generator, item: Artefact, settings: SensorSettings) -> Artefact:
    """Choose the level without contact: zero, or a limit of the amplifier."""
    sign = 1.0 if rng.random() < 0.5 else -1.0
    level_uv = sign * settings.rail_uv if rng.random() < settings.rail_share else 0.0
    return Artefact(kind=item.kind, start_s=item.start_s, end_s=item.end_s, strength_uv=level_uv)


def _plan_tension(
    rng: np.random.Generator, settings: SensorSettings, times_s: Float64Array, pain: Float64Array, duration_s: float
) -> Iterator[Artefact]:
    """Plan muscle noise during intervals of visible pain."""
    edges = np.flatnonzero(np.diff(np.r_[0, pain > _TENSION_FROM, 0]))
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
    """Add artefacts to an ECG.

    Parameters
    ----------
    rng : Generator
        Draws the waveforms.
    filtered_uv, raw_uv : ndarray of float64, shape (n_times,)
        The ECG without artefacts, filtered and raw.
    fs_hz : float
        Sampling rate.
    artefacts : iterable of Artefact
        From `plan_artefacts`.

    Returns
    -------
    filtered_uv, raw_uv : ndarray of float64, shape (n_times,)
        New arrays; the filtered one has the artefacts between 0.5 and 40 Hz.
    """
    planned = tuple(artefacts)
    if not planned:
        return filtered_uv, raw_uv
    change, off = _draw_change(rng, filtered_uv, raw_uv, fs_hz=fs_hz, artefacts=planned)
    inner = slice(count_reach(fs_hz), len(change) - count_reach(fs_hz))
    silence = np.where(off, _OFF_NOISE_UV * rng.standard_normal(len(off)), 0.0) if off.any() else 0.0
    altered = np.where(off, 0.0, raw_uv) + np.where(off, change[inner] + filtered_uv, change[inner]) + silence
    return filtered_uv + _filter(change, fs_hz)[inner], altered


def draw_artefacts(
    rng: np.random.Generator,
    filtered_uv: Float64Array,
    raw_uv: Float64Array,
    *,
    fs_hz: float,
    artefacts: Iterable[Artefact],
) -> Float64Array:
    """Compute what `add_artefacts` adds to the filtered ECG, with its decay beyond both ends.

    Parameters
    ----------
    rng, filtered_uv, raw_uv, fs_hz, artefacts
        As in `add_artefacts`.

    Returns
    -------
    ndarray of float64, shape (n_times + 2 * count_reach(fs_hz),)
        Microvolts, from `count_reach(fs_hz)` samples before the first one.
    """
    change, _ = _draw_change(rng, filtered_uv, raw_uv, fs_hz=fs_hz, artefacts=tuple(artefacts))
    return _filter(change, fs_hz) if change.any() else change


def list_beyond(artefacts: Iterable[Artefact], *, duration_s: float) -> Iterator[Artefact]:
    """Extend the artefacts that reach an end of a trial by their fade beyond it."""
    for item in artefacts:
        edge_s = _EDGES_S.get(item.kind, 0.0)
        start_s = item.start_s - (edge_s if item.start_s <= 0.0 else 0.0)
        end_s = item.end_s + (edge_s if item.end_s >= duration_s else 0.0)
        yield Artefact(kind=item.kind, start_s=start_s, end_s=end_s, strength_uv=item.strength_uv)


def count_reach(fs_hz: float) -> int:
    """Return the number of samples beyond the ends of a trial in which its artefacts decay."""
    return round(_REACH_S * fs_hz)


def _draw_change(
    rng: np.random.Generator,
    filtered_uv: Float64Array,
    raw_uv: Float64Array,
    *,
    fs_hz: float,
    artefacts: tuple[Artefact, ...],
) -> tuple[Float64Array, BoolArray]:
    """Compute the change before filtering, `count_reach` samples longer at each end, and mark where contact is lost."""
    n_times, n_reach = len(raw_uv), count_reach(fs_hz)
    change = np.zeros(n_times + 2 * n_reach)
    # noise first, because the amplifier clips the sum
    for item in artefacts:
        if item.kind in _NOISES:
            part, fade = _fade(item, n_times, n_reach, fs_hz)
            change[part] += item.strength_uv * fade * _NOISES[item.kind](rng, len(fade), fs_hz)
    inner = change[n_reach : n_reach + n_times]
    altered, off = raw_uv + inner, np.zeros(n_times, dtype=np.bool_)
    # then clipping around the median of the interval
    for item in artefacts:
        part = _samples(item, fs_hz, n_times)
        if item.kind == SATURATION and part.stop > part.start:
            middle = float(np.median(altered[part]))
            altered[part] = np.clip(altered[part], middle - item.strength_uv, middle + item.strength_uv)
    inner[:] = altered - raw_uv
    # then lost contact, which replaces everything
    for item in artefacts:
        if item.kind == LEAD_OFF:
            part = _samples(item, fs_hz, n_times)
            # removes the ECG, so that the filter does not bring it back
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
    """Compute the place of noise, counted from `n_reach` samples before the first, and its fade.

    Noise that reaches an end of the signal continues at full strength and fades beyond it.
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
        Names of subject and trial, and the trial's artefacts; a trial without has no line.
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
