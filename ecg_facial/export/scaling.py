"""Numbers as counts of 16 bits, for formats that hold nothing else.

Input: values, NaN where nothing is known. Output: counts and the step between them, a round number. -32768 is what is
not known, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecg_facial.runtime.typing import Float64Array, Int16Array

MISSING_COUNT = -32768
_LARGEST = 32767
# Steps whose range has at most eight characters in a header: 1, 2 and 5 times powers of ten from 1e-5 to 200. What
# needs others is given in thousands or, where that is asked for, in thousandths.
_STEPS = tuple(float(f"{digit}e{power}") for power in range(-5, 3) for digit in (1, 2, 5))[:-1]
# a range of fewer counts than this is too coarse for a signal
_LEAST_COUNTS = 2_000.0
_PREFIXED = {("mV", -1): "uV", ("mV", -2): "nV", ("mV", 1): "V"}


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Counts and values.

    Attributes
    ----------
    step : float
        Value of one count, in the prefixed unit: half of it is the largest error.
    power : int
        Values are given in units of ``1000 ** power``.
    """

    step: float
    power: int = 0

    def name_unit(self, unit: str) -> str:
        """Give the unit with its prefix; a power of ten where it has none."""
        return _PREFIXED.get((unit, self.power), f"{unit} e{3 * self.power}".strip() if self.power else unit)

    def to_counts(self, values: Float64Array) -> Int16Array:
        """Turn values into counts; what is no number into `MISSING_COUNT`."""
        counts = np.full(len(values), MISSING_COUNT, dtype=np.int16)
        known = np.isfinite(values)
        counts[known] = np.rint(values[known] / (self.step * 1000.0**self.power))
        return counts

    def to_value(self, count: int) -> float:
        """Value of a count, in the prefixed unit, without the noise of floats."""
        return round(count * self.step, 6)


def choose_scale(values: Float64Array, *, at_least: float = 0.0, room: float = 1.0, is_signal: bool = False) -> Scale:
    """Choose the finest step with which all values fit.

    Parameters
    ----------
    values : ndarray
    at_least : float
        Value that must fit too, so that files of different sessions have one step.
    room : float
        How many times further than the largest value the range reaches.
    is_signal : bool
        Whether small values need small steps too.

    Examples
    --------
    >>> choose_scale(np.array([0.5, -1.2, np.nan])), choose_scale(np.array([120.0]))
    (Scale(step=5e-05, power=0), Scale(step=0.005, power=0))
    """
    known = np.abs(values[np.isfinite(values)])
    largest = room * max(at_least, float(known.max()) if len(known) else 0.0)
    power = 0
    while largest > _LARGEST * _STEPS[-1] * 1000.0**power:
        power += 1
    while is_signal and 0 < largest < _LEAST_COUNTS * room * _STEPS[0] * 1000.0**power:
        power -= 1
    needed = largest / 1000.0**power
    return Scale(step=next(step for step in _STEPS if step * _LARGEST >= needed), power=power)
