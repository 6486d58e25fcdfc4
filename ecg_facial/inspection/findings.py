"""Results of the analysis of one ECG.

Input: an `EcgReading`. Output: `Findings`: beats, heart rate, signal quality of stretches of ten seconds, and notes.
Draws nothing and writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ecg_facial.ecg.intervals import compute_nn, explain_unknown_rate, mean_heart_rate
from ecg_facial.ecg.quality import compute_sqi
from ecg_facial.ecg.reading import EcgReading
from ecg_facial.ecg.rpeaks import RPeaks, detect_r_peaks
from ecg_facial.recording import EcgSignal
from ecg_facial.runtime.typing import Float64Array

STRETCH_S = 10.0
# The heart rate of a stretch below this is more likely wrong than right.
LOW_QUALITY = 0.5
_RANGE_PERCENT = (5.0, 95.0)
# An inverted lead: the deepest point within 60 ms of the beat is 1.3 times as far from the median of +- 0.3 s as the
# highest one. An S wave may be as deep as its R wave is high without the lead being inverted.
_AROUND_S, _TIP_S = 0.3, 0.06
_DOWN_RATIO = 1.3
_MIN_BEATS = 5
# the median is taken over at most this many beats; a day has a hundred thousand
_MAX_MEASURED_BEATS = 1000


@dataclass(frozen=True, eq=False, kw_only=True)
class Findings:
    """Results of the analysis of one ECG.

    Attributes
    ----------
    reading : EcgReading
    beats : RPeaks
    nn_s : ndarray of float64, shape (n_beats - 1,)
        NN intervals in seconds; NaN for artefacts.
    edges_s : ndarray of float64, shape (n_stretches + 1,)
        Borders of the stretches whose quality is judged.
    quality : ndarray of float64, shape (n_stretches,)
        Signal quality of each, 0..1.
    heart_rate_bpm : float
        Mean; NaN if unknown.
    heart_rate_range_bpm : tuple of float
        5th and 95th percentile over the NN intervals.
    notes : tuple of str
        Remarks on the data, one sentence each.
    simulated : bool
    """

    reading: EcgReading
    beats: RPeaks
    nn_s: Float64Array
    edges_s: Float64Array
    quality: Float64Array
    heart_rate_bpm: float
    heart_rate_range_bpm: tuple[float, float]
    notes: tuple[str, ...]
    simulated: bool = False

    @property
    def signal(self) -> EcgSignal:
        """The samples, as read from the file."""
        return self.reading.signal

    @property
    def share_not_recorded(self) -> float:
        """Share of the samples that are gaps."""
        samples = self.signal.samples
        return float(1.0 - np.isfinite(samples).mean()) if len(samples) else 1.0

    @property
    def median_quality(self) -> float:
        """Median over the stretches."""
        return float(np.median(self.quality))

    @property
    def share_low_quality(self) -> float:
        """Share of the time with quality below `LOW_QUALITY`."""
        lengths = np.diff(self.edges_s)
        return float(lengths[self.quality < LOW_QUALITY].sum() / lengths.sum())

    def to_dict(self) -> dict[str, Any]:
        """Convert to plain values for JSON; None for unknown figures."""
        low, high = self.heart_rate_range_bpm
        return {
            "file": self.reading.name,
            "format": self.reading.kind,
            "channel": self.reading.channel,
            "channels": list(self.reading.channels),
            "unit": self.signal.unit,
            "fs_hz": self.signal.fs_hz,
            "duration_s": self.signal.duration_s,
            "share_not_recorded": round(self.share_not_recorded, 6),
            "n_beats": len(self.beats),
            "heart_rate_bpm": _round(self.heart_rate_bpm),
            "heart_rate_5_percent_bpm": _round(low),
            "heart_rate_95_percent_bpm": _round(high),
            "quality": round(self.median_quality, 3),
            "share_low_quality": round(self.share_low_quality, 4),
            "stretch_s": STRETCH_S,
            "quality_of_stretches": [round(value, 3) for value in self.quality.tolist()],
            "notes": list(self.notes),
            "simulated": self.simulated,
        }


def _round(value: float) -> float | None:
    return round(value, 2) if np.isfinite(value) else None


def analyse_ecg(reading: EcgReading, *, simulated: bool = False) -> Findings:
    """Find the beats of an ECG, its heart rate and its signal quality.

    Parameters
    ----------
    reading : EcgReading
    simulated : bool
        Whether the ECG is simulated.

    Returns
    -------
    Findings
        Without beats and with quality 0 if there is no heart beat in it.
    """
    signal = reading.signal
    beats = detect_r_peaks(signal.samples, signal.fs_hz)
    # the range of the heart rate is over NN intervals; the mean is over all beats
    nn_s = compute_nn(beats.times_s)
    trusted = 60.0 / nn_s[np.isfinite(nn_s)]
    low, high = np.percentile(trusted, _RANGE_PERCENT) if len(trusted) else (np.nan, np.nan)
    # quality is judged in stretches: one bad minute must not hide in an hour
    edges_s = _cut(signal.duration_s)
    quality = _judge(signal, beats, edges_s)
    return Findings(
        reading=reading,
        beats=beats,
        nn_s=nn_s,
        edges_s=edges_s,
        quality=quality,
        heart_rate_bpm=mean_heart_rate(beats.times_s),
        heart_rate_range_bpm=(float(low), float(high)),
        notes=(*reading.notes, *_note_inverted(signal, beats), *_note_unknown(beats), *_note_quality(quality)),
        simulated=simulated,
    )


def _cut(duration_s: float) -> Float64Array:
    """Borders of stretches of equal length, about `STRETCH_S`; at least one stretch."""
    n_stretches = max(1, round(duration_s / STRETCH_S))
    return np.linspace(0.0, duration_s, n_stretches + 1)


def _judge(signal: EcgSignal, beats: RPeaks, edges_s: Float64Array) -> Float64Array:
    """Signal quality of each stretch."""
    places = np.round(edges_s * signal.fs_hz).astype(np.int64)
    inside = np.searchsorted(beats.times_s, edges_s)
    quality = np.zeros(len(edges_s) - 1)
    for number in range(len(quality)):
        samples = signal.samples[places[number] : places[number + 1]]
        own = slice(inside[number], inside[number + 1])
        found = RPeaks(beats.times_s[own] - edges_s[number], beats.confidence[own])
        quality[number] = compute_sqi(samples, signal.fs_hz, r_peaks=found)
    return quality


def _note_inverted(signal: EcgSignal, beats: RPeaks) -> tuple[str, ...]:
    """Note for an inverted lead: the detector does not need it, but readers of the strip do."""
    heights = _measure_deflections(signal, beats)
    up, down = np.nanmedian(heights, axis=0) if len(heights) >= _MIN_BEATS else (1.0, 0.0)
    if down <= _DOWN_RATIO * up:
        return ()
    return (
        "the main deflection points down: electrodes may be swapped (V1 and aVR look so in everybody); drawn as it was "
        "recorded",
    )


def _note_unknown(beats: RPeaks) -> tuple[str, ...]:
    reason = explain_unknown_rate(beats.times_s)
    return (f"the heart rate is unknown: {reason}",) if reason else ()


def _note_quality(quality: Float64Array) -> tuple[str, ...]:
    if np.median(quality) >= LOW_QUALITY:
        return ()
    return ("the signal quality is low: beats and heart rate are not to be trusted",)


def _measure_deflections(signal: EcgSignal, beats: RPeaks) -> Float64Array:
    """Height above and depth below the local median of each beat, shape (n_beats, 2), without beats next to gaps."""
    reach, tip = (max(1, round(span_s * signal.fs_hz)) for span_s in (_AROUND_S, _TIP_S))
    at = np.round(beats.times_s * signal.fs_hz).astype(np.int64)
    at = at[(at >= reach) & (at < len(signal.samples) - reach)]
    at = at[:: max(1, len(at) // _MAX_MEASURED_BEATS)]
    around = signal.samples[at[:, None] + np.arange(-reach, reach + 1)]
    around = around[np.isfinite(around).all(axis=1)]
    level = np.median(around, axis=1)
    near = around[:, reach - tip : reach + tip + 1]
    return np.stack([near.max(axis=1) - level, level - near.min(axis=1)], axis=1) if len(around) else np.zeros((0, 2))
