"""The time of each beat by its match with the average beat.

Input: tips of the R waves, and samples. Output: places that are right against each other, NaN for beats of another
shape. All of them may be off by one common shift: `places` takes that from the tips.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ecg_facial.ecg.beats.tips import Tips
from ecg_facial.runtime.typing import BoolArray, Float64Array

# smallest correlation with the average beat, and smallest number of such beats, for a match
_MIN_CORRELATION = 0.9
_MIN_BEATS = 3
# The shift is linearised (signal + slope x shift), which holds for small shifts: beats that moved further than this, in
# fine samples, are cut out anew and matched a second time.
_LARGE_SHIFT = 0.75
_N_ROUNDS = 2


def match_to_average(tips: Tips, fine: Float64Array, *, reach: int) -> Float64Array:
    """Match the beats that look like the average one with it.

    Parameters
    ----------
    tips : Tips
    fine : ndarray, shape (n_fine,)
        Samples at the fine rate.
    reach : int
        Fine samples on either side of the tip that are compared.

    Returns
    -------
    ndarray of float64, shape (n_beats,)
        Places in fine samples, NaN for beats that were not matched.

    Notes
    -----
    The average has little noise, so the match is finer than the tip of one beat: least squares for amplitude, offset,
    drift and shift, which is the maximum-likelihood estimate for a known shape in white noise [1]_.

    References
    ----------
    .. [1] Kay, "Fundamentals of Statistical Signal Processing: Estimation Theory", 1993, section 3.11.
    """
    matched = np.full(len(tips.at), np.nan)
    last = len(fine) - 2 - reach
    columns = np.flatnonzero(tips.is_usual & tips.is_whole & (tips.place > reach) & (tips.place < last))
    at = tips.place[columns]
    for _ in range(_N_ROUNDS):
        if len(columns) < _MIN_BEATS:
            return matched
        # cut the beats out, and compare them with their average
        shape = _detrend(fine[at + np.arange(-reach - 1, reach + 2)[:, None]], reach + 1)
        mean = _average(shape)
        alike = _find_alike(shape, mean)
        if not alike.all():
            columns, at, shape = columns[alike], at[alike], np.ascontiguousarray(shape[:, alike])
            if len(columns) < _MIN_BEATS:
                return matched
            mean = _average(shape)
        shift = _compute_shift(shape, mean, reach + 1)
        matched[:] = np.nan
        matched[columns] = at + shift
        if np.abs(shift).max() <= _LARGE_SHIFT:
            return matched
        # a large shift: cut out anew around the new places
        at = at + np.rint(shift).astype(np.intp)
        inside = (at > reach) & (at < last)
        columns, at = columns[inside], at[inside]
    return matched


def _detrend(samples: Float64Array, reach: int) -> Float64Array:
    """Remove mean and slope from each column, shape (2 * reach + 1, n)."""
    ramp = _ramp(reach)
    flat = samples - samples.sum(axis=0) / (2 * reach + 1)
    slope = (flat * ramp).sum(axis=0) / (reach * (reach + 1) * (2 * reach + 1) / 3)
    return np.asarray(flat - slope * ramp)


@lru_cache(maxsize=8)
def _ramp(reach: int) -> Float64Array:
    return np.arange(-reach, reach + 1.0)[:, None]


def _average(shape: Float64Array) -> Float64Array:
    """Mean of the columns, added up one after another: `mean` adds in blocks that depend on the processor."""
    return np.asarray(np.add.accumulate(shape, axis=1)[:, -1:] / shape.shape[1])


def _find_alike(shape: Float64Array, mean: Float64Array) -> BoolArray:
    """Columns whose correlation with the average is at least `_MIN_CORRELATION`."""
    likeness, own = (shape * mean).sum(axis=0), (shape * shape).sum(axis=0)
    size = (mean * np.repeat(mean, 2, axis=1)).sum(axis=0)[0]
    return np.asarray((likeness > 0) & (likeness * likeness >= _MIN_CORRELATION * _MIN_CORRELATION * (own * size)))


def _compute_shift(shape: Float64Array, mean: Float64Array, reach: int) -> Float64Array:
    """Shift of each column against the average, in samples: column = amplitude x (average - shift x slope)."""
    slope = np.empty((len(mean), 2))
    slope[1:-1] = (mean[2:] - mean[:-2]) / 2
    slope[0], slope[-1] = mean[1] - mean[0], mean[-1] - mean[-2]
    slope = _detrend(slope, reach)[:, :1]
    products = np.concatenate([mean * mean, slope * slope, mean * slope], axis=1).sum(axis=0)
    mean_mean, slope_slope, mean_slope = products.tolist()
    on_mean, on_slope = (shape * mean).sum(axis=0), (shape * slope).sum(axis=0)
    # Cramer's rule; the determinant cancels in the ratio of the two coefficients
    size = on_mean * slope_slope - on_slope * mean_slope
    against = on_mean * mean_slope - on_slope * mean_mean
    return np.asarray(np.where(size > 0, against / np.where(size > 0, size, 1.0), 0.0))
