"""Bootstrap intervals of a mean over subjects: bootstrap-t and BCa, deterministic.

Input: one figure per subject; two or more, sorted, not all equal. Output: the two limits, or None where the method is
not defined.

A resample draws n subjects from n with replacement; 9,999 resamples show how the mean varies. Bootstrap-t divides the
shift of each resample's mean by its own standard error, and inverts the quantiles of that ratio: it follows skewed
values, but needs a spread in nearly every resample. BCa takes quantiles of the resampled means themselves, at levels
that are corrected for bias (how many resampled means lie below the mean) and for acceleration (skewness of the values).

What differs from the book: the resamples come from a fixed seed and are drawn as counts of each value (a multinomial),
so that mean and variance of all resamples are one matrix product; with sorted values the limits depend neither on the
run nor on the order of the subjects. The acceleration is computed from the third moment of the values, which for a mean
equals the jackknife's. Ties between a resampled mean and the mean count half in the bias correction.

References
----------
Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapters 12 (bootstrap-t) and 14 (BCa).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.special import ndtr, ndtri

from ecg_facial.runtime.typing import Float64Array

# one less than a multiple of 40, so that the 2.5 % quantiles are draws themselves, not interpolated
N_DRAWS = 9_999
# spread below this share of the standard deviation counts as none: a variance computed as a difference of moments is
# 1e-16 by rounding where it should be 0
_ROUNDING = 1e-6
Limits = tuple[float, float]


@lru_cache(maxsize=4)
def _draw_counts(n: int) -> Float64Array:
    """How often each of n values is in each resample, (draws, n).

    Kept, because strata have the same sizes again and again; 7 MB for 87 subjects.
    """
    rng = np.random.default_rng(0)
    return rng.multinomial(n, np.full(n, 1 / n), size=N_DRAWS).astype(np.float64)


def _resample(data: Float64Array) -> tuple[Float64Array, Float64Array, float]:
    """Shift of each resample's mean, each resample's standard deviation, and that of the data."""
    n = len(data)
    centred = data - data.mean()
    moments = _draw_counts(n) @ np.stack([centred, centred**2], axis=1) / n
    variance = np.maximum(moments[:, 1] - moments[:, 0] ** 2, 0.0) * n / (n - 1)
    return moments[:, 0], np.sqrt(variance), float(centred.std(ddof=1))


def compute_bootstrap_t(data: Float64Array, confidence: float) -> Limits | None:
    """Compute the bootstrap-t (studentised) interval of the mean.

    None where a larger share of the resamples than a tail holds has no spread: a limit would be infinite.
    """
    shift, std, std_of_data = _resample(data)
    floor = _ROUNDING * std_of_data
    tail = (1 - confidence) / 2
    if (std <= floor).mean() >= tail:
        return None
    rank = max(int(tail * (N_DRAWS + 1)) - 1, 0)
    t = np.partition(shift / np.maximum(std, floor), [rank, N_DRAWS - 1 - rank])
    # the upper quantile of t gives the lower limit: this is how the interval follows skewness
    low, high = data.mean() - std_of_data * t[[N_DRAWS - 1 - rank, rank]]
    return float(low), float(high)


def compute_bca(data: Float64Array, confidence: float) -> Limits | None:
    """Compute the bias-corrected and accelerated interval of the mean; None where it has no finite level."""
    centred = data - data.mean()
    shift, _, std = _resample(data)
    # resampled means that equal the mean but for rounding count half below, half above
    ties = 1e-12 * std
    bias = float(ndtri(((shift < -ties).mean() + (shift <= ties).mean()) / 2))
    acceleration = float((centred**3).sum() / (6 * (centred**2).sum() ** 1.5))
    z = bias + ndtri(np.array([1 - confidence, 1 + confidence]) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        levels = ndtr(bias + z / (1 - acceleration * z))
    if not np.isfinite(levels).all():
        return None
    low, high = data.mean() + np.quantile(shift, levels)
    return float(low), float(high)
