"""Numbers that stand for no value, such as -9999 and -32768: gaps, never samples.

Input: samples as a file holds them. Output: samples with NaN where such a number stood, and notes.

Devices write the end of their range, or a number of nines, where an electrode was off. Such a number is the smallest or
the largest of the recording, stands in runs, and lies apart from all other samples, further than these from each other.
A signal that is clipped at the end of its range has samples up to that end, so that it is left as it is.
"""

from __future__ import annotations

import numpy as np

from ecg_facial.runtime.typing import BoolArray, Float64Array

_CODES = frozenset(
    sign * code
    for code in (999, 9999, 99999, 999999, 32767, 32768, 65535, 8388607, 8388608, 2147483647, 2147483648)
    for sign in (-1, 1)
)
# least distance from the other samples, in units of their range: of known codes in runs, of known codes alone, and of
# any other number in runs (an amplifier's rail) of some length
_APART, _FAR_APART, _RAIL_APART = 1.0, 20.0, 3.0
_LEAST_RUN, _RAIL_RUN_S = 3, 0.05
_MOST_CODES, _LEAST_SAMPLES = 3, 100
_RANGE = (0.005, 0.995)


def remove_sentinels(samples: Float64Array, fs_hz: float) -> tuple[Float64Array, tuple[str, ...]]:
    """Make gaps of numbers that stand for no value.

    Parameters
    ----------
    samples : ndarray, shape (n_times,)
        In the file's own numbers or unit.
    fs_hz : float

    Returns
    -------
    samples : ndarray, shape (n_times,)
        A copy where something was found.
    notes : tuple of str

    Examples
    --------
    >>> wave = np.sin(np.arange(200) / 9)
    >>> samples, notes = remove_sentinels(np.concatenate([wave, np.full(30, -9999.0), wave]), 250.0)
    >>> int(np.isnan(samples).sum()), notes
    (30, ('30 samples are -9999, which stands for no value: read as gaps',))
    """
    notes: list[str] = []
    for _ in range(_MOST_CODES):
        found = _find(samples, fs_hz)
        if not found:
            break
        for value, places in found:
            notes.append(f"{int(places.sum())} samples are {value:.6g}, which stands for no value: read as gaps")
            samples = np.where(places, np.nan, samples)
    return samples, tuple(notes)


def _find(samples: Float64Array, fs_hz: float) -> list[tuple[float, BoolArray]]:
    """Find whether the smallest and the largest number stand for no value."""
    known = np.isfinite(samples)
    if not known.any():
        return []
    ends = (float(samples[known].min()), float(samples[known].max()))
    is_end = (samples == ends[0]) | (samples == ends[1])
    rest = samples[known & ~is_end]
    if len(rest) < _LEAST_SAMPLES:
        return []
    width = float(np.subtract(*np.quantile(rest, _RANGE[::-1])))
    found = []
    for end, nearest in zip(ends, (float(rest.min()), float(rest.max())), strict=True):
        places = samples == end
        if _stands_for_nothing(end, abs(end - nearest), width, _longest_run(places), fs_hz):
            found.append((end, places))
    return found


def _stands_for_nothing(value: float, apart: float, width: float, n_run: int, fs_hz: float) -> bool:
    is_code = value in _CODES
    if is_code and width > 0 and apart > _FAR_APART * width:
        return True
    least = max(_LEAST_RUN, 1 if is_code else int(_RAIL_RUN_S * fs_hz))
    return n_run >= least and width > 0 and apart > (_APART if is_code else _RAIL_APART) * width


def _longest_run(places: BoolArray) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], places, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max()) if len(edges) else 0
