"""R-peak detection in a single-lead ECG.

Enters: samples of any unit and polarity at 100..4000 Hz, gaps included; whole, in a batch of windows or in pieces as
they come. Leaves: beat times in seconds from the first sample, between samples, each with a confidence. Says nothing
about rhythm, and nothing about whether the heart rate can be trusted: `intervals` and `quality` do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg_facial.ecg.beats.batch import find_in_windows, fits_one_step
from ecg_facial.ecg.beats.scales import get_scales
from ecg_facial.ecg.beats.stream import BeatStream, Found, join
from ecg_facial.errors import SettingsError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RPeaks:
    """Beats found in an ECG.

    Attributes
    ----------
    times_s : ndarray of float64, shape (n_beats,)
        Times of the R-peaks in seconds from the first sample, increasing, finer than the sampling step.
    confidence : ndarray of float64, shape (n_beats,)
        0..1: how far the beat stands out of a typical one and of what lies around it, as the share of such candidates
        that were beats in annotated records with and without added noise; lower for a beat that was only found because
        one was missing.
    """

    times_s: NDArray[np.float64]
    confidence: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.times_s)


def detect_r_peaks(ecg: FloatArray, fs_hz: float) -> RPeaks:
    """Find the R-peaks of a single-lead ECG.

    Parameters
    ----------
    ecg : ndarray, shape (n_times,)
        Samples in any unit, upright or inverted; NaN where nothing was recorded. From half a second to days.
    fs_hz : float
        Sampling rate in Hz, 100 or more for good timing.

    Returns
    -------
    RPeaks
        Empty for a flat, empty or very short signal.

    Raises
    ------
    SettingsError
        When the rate is not a finite number of at least 50 Hz, or the samples are not in one row.

    Notes
    -----
    A stream (`RPeakStream`) that is given all at once and ended. Beats are looked for in the energy of the slope at 5
    to 18 Hz [1]_, weighed against a typical beat and against what lies around, then, once a rhythm is known, by how far
    the signal swings and how near the next beat is; they are timed at their tips, then against the average beat near
    them.

    References
    ----------
    .. [1] Pan & Tompkins, "A real-time QRS detection algorithm", IEEE Trans. Biomed. Eng. 32(3), 1985.

    Examples
    --------
    >>> ecg = np.zeros(2560)
    >>> ecg[256::512] = 1.0
    >>> detect_r_peaks(ecg, 512.0).times_s.round(3)
    array([0.5, 1.5, 2.5, 3.5, 4.5])
    """
    stream = BeatStream(get_scales(fs_hz))
    return _merge([stream.push(_check_row(ecg)), stream.flush()])


def detect_r_peaks_batch(ecg: FloatArray, fs_hz: float) -> list[RPeaks]:
    """Find the R-peaks of many windows of one length.

    Parameters
    ----------
    ecg : ndarray, shape (n_windows, n_times)
        As for `detect_r_peaks`, a window in each row.
    fs_hz : float
        Sampling rate in Hz.

    Returns
    -------
    list of RPeaks
        What `detect_r_peaks` gives for each row, to the last bit; windows of up to 8 s without gaps take less time.

    Raises
    ------
    SettingsError
        As `detect_r_peaks`.
    """
    scales = get_scales(fs_hz)
    ecg = np.asarray(ecg, dtype=np.float64)
    if ecg.ndim != 2:
        raise SettingsError(f"ECG windows have shape {ecg.shape}: expected (n_windows, n_times)")
    is_whole = np.isfinite(ecg).all(axis=1) & np.array(fits_one_step(ecg.shape[1], scales))
    together = find_in_windows(ecg if is_whole.all() else ecg[is_whole], scales)
    return [
        RPeaks(*next(together)) if whole else detect_r_peaks(row, fs_hz)
        for row, whole in zip(ecg, is_whole.tolist(), strict=True)
    ]


class RPeakStream:
    """Find the R-peaks of an ECG that comes in pieces.

    Parameters
    ----------
    fs_hz : float
        Sampling rate in Hz.

    Raises
    ------
    SettingsError
        When the rate is not a finite number of at least 50 Hz.

    Notes
    -----
    Pieces of any size give the same beats, to the last bit: all of them put together are what `detect_r_peaks` finds in
    the whole. Memory does not grow.

    Examples
    --------
    >>> ecg = np.zeros(2560)
    >>> ecg[256::512] = 1.0
    >>> stream = RPeakStream(512.0)
    >>> found = [stream.push(ecg[:1000]), stream.push(ecg[1000:]), stream.flush()]
    >>> np.concatenate([beats.times_s for beats in found]).round(3)
    array([0.5, 1.5, 2.5, 3.5, 4.5])
    """

    def __init__(self, fs_hz: float) -> None:
        self._stream = BeatStream(get_scales(fs_hz))

    @property
    def latency_s(self) -> float:
        """A beat is given out by the time that the sample this long after its R-peak has been pushed, in seconds.

        The beats of the first seconds wait for `warm_up_s` of signal, in which a typical beat is learnt.
        """
        return self._stream.scales.latency_s

    @property
    def warm_up_s(self) -> float:
        """Length of signal in seconds before which no beat is given out, unless `flush` ends it."""
        return self._stream.scales.warm_up_s

    def push(self, ecg: FloatArray) -> RPeaks:
        """Take the next samples and give the beats that they decide.

        Parameters
        ----------
        ecg : ndarray, shape (n_times,)
            The next samples, also none; NaN where nothing was recorded.

        Returns
        -------
        RPeaks
            Times in seconds from the first sample of all; later than any given before.

        Raises
        ------
        SettingsError
            After `flush`, or when the samples are not in one row.
        """
        return _merge([self._stream.push(_check_row(ecg))])

    def flush(self) -> RPeaks:
        """End the signal and give the beats that were not decided yet; nothing can be pushed afterwards."""
        return _merge([self._stream.flush()])


def _check_row(ecg: FloatArray) -> FloatArray:
    ecg = np.asarray(ecg, dtype=np.float64)
    if ecg.ndim != 1:
        raise SettingsError(f"ECG has shape {ecg.shape}: expected (n_times,): choose one lead, or use the batch form")
    return ecg


def _merge(found: list[Found]) -> RPeaks:
    return RPeaks(*join(found))
