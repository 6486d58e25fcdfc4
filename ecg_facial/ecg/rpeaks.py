"""R-peak detection in a single-lead ECG.

Input: samples of any unit and polarity at 100 to 4000 Hz, gaps included; whole, or in pieces as they come. Output:
times of the R-peaks in seconds from the first sample, between samples, each with a confidence. Says nothing about the
rhythm, and nothing about whether the heart rate can be trusted: `intervals` and `quality` do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecg_facial.ecg.beats.scales import get_scales
from ecg_facial.ecg.beats.stream import BeatStream, Found, join
from ecg_facial.errors import SettingsError
from ecg_facial.runtime.typing import Float64Array


@dataclass(frozen=True, eq=False)
class RPeaks:
    """R-peaks found in an ECG.

    Attributes
    ----------
    times_s : ndarray of float64, shape (n_beats,)
        Times of the R-peaks in seconds from the first sample, increasing, finer than the sampling step.
    confidence : ndarray of float64, shape (n_beats,)
        0..1: the share of candidates as strong as this one that were beats in annotated records, with and without added
        noise. Strength is the energy against a typical beat and against the surroundings; low for a beat that was only
        found because the rhythm lacked one.
    """

    times_s: Float64Array
    confidence: Float64Array

    def __len__(self) -> int:
        return len(self.times_s)


def detect_r_peaks(ecg: Float64Array, fs_hz: float, *, may_be_paced: bool = True) -> RPeaks:
    """Find the R-peaks of a single-lead ECG.

    Parameters
    ----------
    ecg : ndarray, shape (n_times,)
        Samples in any unit, upright or inverted; NaN where nothing was recorded. From half a second to days.
    fs_hz : float
        Sampling rate in Hz, 100 or more for good timing.
    may_be_paced : bool
        Whether pacing spikes are looked for, and removed; a signal that was filtered holds none.

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
    Nine steps, after Pan and Tompkins [1]_ where a number is given in brackets:

    1. Gaps up to 0.1 s are filled by a line; after a longer one the signal continues at the level before it. Pacing
       spikes (`beats.pacing`) are replaced by the median of their surroundings.
    2. Samples are averaged to about 500 Hz, at which beats are timed, and to about 128 Hz, at which they are found.
    3. Energy: the slope in a zero-phase band-pass of 5 to 18 Hz, squared, averaged over the width of a QRS complex
       [1]_.
    4. Candidates: the local maxima of the energy, at least 0.2 s apart [1]_.
    5. Strength: energy over that of a typical beat (a low percentile of running maxima within 8 s), times the squared
       contrast to the half second on either side, because noise comes in bursts. Candidates above a fixed threshold are
       beats, except T waves (sooner than 0.32 s and weaker than 0.8).
    6. Second look: three beats give a rhythm and a usual swing. Each candidate's strength is then multiplied by powers
       of its swing and of its distance to the next beat, and the choice is repeated. It finds broad premature beats.
    7. Search back [1]_: where an interval exceeds 1.4 times the median, the strongest weak candidate is a beat.
    8. Position: the tip of the R wave near the energy's peak; the majority decides the polarity. The top of a parabola
       through three smoothed samples gives a time between samples.
    9. Match: beats of the usual shape are shifted on their average by least squares [2]_, which is more exact in noise
       than the tip of one beat.

    Signal is decided in steps of 1 s, each looking at the 5 s before and the 2 s after, so that a stream
    (`RPeakStream`) and a whole record give the same beats.

    Departures from Pan and Tompkins: filters without delay; no running thresholds that a burst of noise could spoil,
    but one threshold on a strength that was fitted by logistic regression; the second look; times between samples.

    References
    ----------
    .. [1] Pan & Tompkins, "A real-time QRS detection algorithm", IEEE Trans. Biomed. Eng. 32(3), 1985.
    .. [2] Kay, "Fundamentals of Statistical Signal Processing: Estimation Theory", 1993, section 3.11.

    Examples
    --------
    >>> ecg = np.zeros(2560)
    >>> ecg[256::512] = 1.0
    >>> detect_r_peaks(ecg, 512.0).times_s.round(3)
    array([0.5, 1.5, 2.5, 3.5, 4.5])
    """
    stream = BeatStream(get_scales(fs_hz), may_be_paced=may_be_paced)
    return _merge([stream.find_all(_check_row(ecg))])


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
    Pieces of any size give the same beats, to the last bit: together they are what `detect_r_peaks` finds in the whole.
    Memory does not grow.

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
        """Longest time in seconds from an R-peak to the sample after which `push` returns it.

        The beats of the first seconds wait for `warm_up_s` of signal, from which a typical beat is learnt.
        """
        return self._stream.scales.latency_s

    @property
    def warm_up_s(self) -> float:
        """Length of signal in seconds before the first beats are returned, unless `flush` ends it."""
        return self._stream.scales.warm_up_s

    def push(self, ecg: Float64Array) -> RPeaks:
        """Take the next samples and return the beats that they decide.

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
        """End the signal and return the beats that were not decided yet; nothing can be pushed afterwards."""
        return _merge([self._stream.flush()])


def _check_row(ecg: Float64Array) -> Float64Array:
    ecg = np.asarray(ecg, dtype=np.float64)
    if ecg.ndim != 1:
        raise SettingsError(f"ECG has shape {ecg.shape}: expected (n_times,): choose one lead")
    return ecg


def _merge(found: list[Found]) -> RPeaks:
    return RPeaks(*join(found))
