"""Which columns of a table without names are clocks, and which one is left for the ECG.

Input: columns of numbers. Output: whether one is a regular clock or counts samples, and the only column that is
neither. No ECG goes up in even steps, so that a clock can be told from its values alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ecg_facial.ecg.formats.channels import ECG
from ecg_facial.ecg.formats.text_times import counts_samples
from ecg_facial.runtime.typing import Float64Array

# a table without names: columns that it may have to be understood, and rows by which it is
MOST_UNNAMED, N_NAMED = 4, 4000
# steps of rounded times differ by half; dropped samples, breaks and damage are rare
_EVEN, _MOSTLY, _LEAST_ROWS = 0.6, 0.9, 20


@dataclass(frozen=True, kw_only=True)
class Roles:
    """What columns without names are.

    Attributes
    ----------
    ecg : int
        The only column that is no clock.
    time : int or None
        The column of times; None where all others count samples.
    counts : tuple of int
        Columns that count samples.
    """

    ecg: int
    time: int | None
    counts: tuple[int, ...]

    def name_columns(self) -> dict[int, str]:
        """Give each column the name that stands for its role."""
        times = {} if self.time is None else {self.time: "time"}
        return {self.ecg: ECG, **dict.fromkeys(self.counts, "sample"), **times}

    def describe(self) -> str:
        """Say what was assumed."""
        said = [f"column {place + 1} counts samples" for place in self.counts]
        if self.time is not None:
            said.append(f"column {self.time + 1} goes up in even steps and is read as the time")
        return f"the columns have no names: {', '.join(said)}, column {self.ecg + 1} is read as the ECG"


def is_clock(values: Float64Array) -> bool:
    """Tell whether values go up, or down, in even steps, but for a few.

    Parameters
    ----------
    values : ndarray, shape (n_rows,)
        NaN where a row has none.

    Examples
    --------
    >>> times = np.round(np.arange(100) / 360, 3)
    >>> is_clock(times), is_clock(np.sin(40 * times)), is_clock(np.zeros(100))
    (True, False, False)
    """
    known = values[np.isfinite(values)]
    if len(known) < _LEAST_ROWS:
        return False
    steps = np.diff(known)
    usual = float(np.median(steps))
    return usual != 0 and float(np.mean(np.abs(steps - usual) <= _EVEN * abs(usual))) > _MOSTLY


def find_roles(columns: Sequence[Float64Array | None]) -> Roles | None:
    """Find the times and the ECG among columns without names; None where that is not clear.

    Parameters
    ----------
    columns : sequence of ndarray or None
        None for a column of dates or hours and minutes.
    """
    clocks = [values is None or is_clock(values) for values in columns]
    others = [place for place, found in enumerate(clocks) if not found]
    if len(columns) < 2 or len(others) != 1 or _is_flat(columns[others[0]]):
        return None
    texts = [place for place, values in enumerate(columns) if values is None]
    counts = [
        place
        for place, values in enumerate(columns)
        if values is not None and clocks[place] and counts_samples(values[np.isfinite(values)][:1000])
    ]
    times = [*texts, *(place for place, found in enumerate(clocks) if found and place not in (*texts, *counts))]
    if len(times) > 1:
        return None
    return Roles(ecg=others[0], time=times[0] if times else None, counts=tuple(counts))


def _is_flat(values: Float64Array | None) -> bool:
    return values is None or len(np.unique(values[np.isfinite(values)])) < 2
