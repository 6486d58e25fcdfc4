"""Descriptors of a course of values over time: what a forest sees of a clip or of a heart-rate series.

Input: values over time, one column per course, such as eight action units. Output: one row of numbers of fixed length.
The training side and `Predictor` use the same function.

References
----------
.. [1] Werner et al., "Automatic pain recognition from video and biomedical signals", ICPR 2014: such descriptors of
   facial courses and of their derivatives.
"""

from __future__ import annotations

import numpy as np

from ecg_facial.runtime.typing import Float64Array, FloatArray

STATISTICS = ("mean", "sd", "median", "lowest", "highest", "range", "time_of_highest_s")
DERIVATIVES = ("course", "velocity", "acceleration")
N_DESCRIPTORS = len(STATISTICS) * len(DERIVATIVES)
"""Numbers per course."""
# frames of a damaged file may carry equal times; a derivative needs a step
_LEAST_STEP_S = 1e-3


def describe_courses(values: FloatArray, times_s: FloatArray) -> Float64Array:
    """Describe courses and their first two derivatives.

    Parameters
    ----------
    values : ndarray, shape (n_times, n_courses)
        One time or more.
    times_s : ndarray, shape (n_times,)
        Seconds from the start of the window, ascending.

    Returns
    -------
    ndarray of float64, shape (n_courses * N_DESCRIPTORS,)
        For each of `DERIVATIVES`, for each of `STATISTICS`, one number per course.

    Examples
    --------
    >>> describe_courses(np.array([[0.0], [1.0], [4.0]]), np.array([0.0, 1.0, 2.0]))[:7].round(2).tolist()
    [1.67, 1.7, 1.0, 0.0, 4.0, 4.0, 2.0]
    """
    course = np.asarray(values, dtype=np.float64)
    steps = np.maximum(np.diff(np.asarray(times_s, dtype=np.float64)), _LEAST_STEP_S)
    times = float(times_s[0]) + np.concatenate([[0.0], np.cumsum(steps)])
    velocity = _differentiate(course, times)
    parts = [_summarise(each, times) for each in (course, velocity, _differentiate(velocity, times))]
    return np.concatenate(parts)


def describe_changes(values: FloatArray, times_s: FloatArray) -> Float64Array:
    """Describe courses as change from their own median over the clip; arguments as in `describe_courses`.

    A person's resting face and a constant error of the reading cancel.
    """
    course = np.asarray(values, dtype=np.float64)
    return describe_courses(course - np.median(course, axis=0), times_s)


def _differentiate(course: Float64Array, times_s: Float64Array) -> Float64Array:
    """Change per second; 0 for a single value."""
    if len(course) < 2:
        return np.zeros_like(course)
    return np.asarray(np.gradient(course, times_s, axis=0), dtype=np.float64)


def _summarise(course: Float64Array, times_s: Float64Array) -> Float64Array:
    """Compute `STATISTICS` of each column."""
    lowest, highest = course.min(axis=0), course.max(axis=0)
    moments = [course.mean(axis=0), course.std(axis=0), np.median(course, axis=0)]
    return np.concatenate([*moments, lowest, highest, highest - lowest, times_s[course.argmax(axis=0)]])
