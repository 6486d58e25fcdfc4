"""Rows of a store as series on regular grids, with what is missing left open.

Input: a session. Output: its estimates, one cell per step; its raw ECG, one array per grid of the amplifier. Nothing is
interpolated, resampled or moved.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ecg_facial.export.columns import COLUMNS
from ecg_facial.export.content import SessionContent
from ecg_facial.live.store.rows import EcgRow, EstimateRow, Row
from ecg_facial.runtime.typing import Float32Array, Float64Array

# the monitor's steps are whole seconds
_LEAST_STEP_S = 1.0
# a cell's edge may be missed by rounding
_TOLERANCE = 1e-6


@dataclass(frozen=True, kw_only=True)
class EstimateGrid:
    """Estimates of a session on their regular grid.

    Attributes
    ----------
    step_s : float
    offset_s : float
        Cell k holds the window that ends at ``k * step_s + offset_s`` in session time.
    rows : tuple of EstimateRow or None
        From session time 0 on; None where there is no row.
    """

    step_s: float
    offset_s: float
    rows: tuple[EstimateRow | None, ...]

    @property
    def series(self) -> dict[str, Float64Array]:
        """Each column that is a number, NaN where it is not known; probabilities of classes as ``p_0``, ``p_1``, ..."""
        found = {name: self._gather(name) for name in NUMBERS if name != "probabilities"}
        return {**found, **self._gather_probabilities()}

    def _gather(self, name: str) -> Float64Array:
        values = [None if row is None else getattr(row, name) for row in self.rows]
        return np.array([math.nan if value is None else value for value in values], dtype=np.float64)

    def _gather_probabilities(self) -> dict[str, Float64Array]:
        known = [() if row is None or row.probabilities is None else row.probabilities for row in self.rows]
        n_classes = max((len(one) for one in known), default=0)
        table = np.full((n_classes, len(known)), np.nan)
        for place, one in enumerate(known):
            table[: len(one), place] = one
        return {f"p_{number}": table[number] for number in range(n_classes)}


NUMBERS: Mapping[str, str] = {
    name: column.unit
    for name, column in COLUMNS[EstimateRow].items()
    if column.unit and name not in ("time_s", "utc_s", "window_s")
}
"""Columns of estimates that are series, with their units."""
STATES = ("used", "face_state", "ecg_state", "clock_state")
"""Columns of estimates that are words; they change seldom."""


@dataclass(frozen=True, eq=False, kw_only=True)
class EcgSeries:
    """Raw ECG on one grid of the amplifier.

    Attributes
    ----------
    grid : int
        Number of the grid in the session.
    start_s : float
        Session time of the first sample.
    rate_hz : float
        Nominal.
    unit : str
        ``mV``, or empty where it is not known.
    samples : ndarray of float32
        NaN where samples were lost.
    late_ms : float
        How much later the last block came than the nominal rate says: the drift of the amplifier's clock.
    """

    grid: int
    start_s: float
    rate_hz: float
    unit: str
    samples: Float32Array
    late_ms: float

    @property
    def lost(self) -> list[tuple[int, int]]:
        """Stretches of lost samples: number of the first one, and of the one behind the last."""
        edges = np.diff(np.isnan(self.samples).astype(np.int8), prepend=0, append=0)
        return list(zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True))

    @property
    def end_s(self) -> float:
        """Session time at which it ends, at the nominal rate."""
        return self.start_s + len(self.samples) / self.rate_hz


def lay_out_estimates(rows: Sequence[EstimateRow]) -> EstimateGrid:
    """Put the estimates of a session on their grid.

    Parameters
    ----------
    rows : sequence of EstimateRow
        In the order of time. Two of one cell cannot come from one monitor; the later one is taken.
    """
    if not rows:
        return EstimateGrid(step_s=_LEAST_STEP_S, offset_s=0.0, rows=())
    steps = [later.time_s - former.time_s for former, later in itertools.pairwise(rows) if later.time_s > former.time_s]
    step_s = max(_LEAST_STEP_S, float(round(min(steps, default=_LEAST_STEP_S))))
    places = [math.floor(row.time_s / step_s + _TOLERANCE) for row in rows]
    cells: list[EstimateRow | None] = [None] * (max(places) + 1)
    for place, row in zip(places, rows, strict=True):
        cells[place] = row
    return EstimateGrid(step_s=step_s, offset_s=rows[0].time_s - places[0] * step_s, rows=tuple(cells))


def read_ecg(one: SessionContent) -> list[EcgSeries]:
    """Read the raw ECG of a session; none where it was not kept."""
    groups: dict[int, list[EcgRow]] = {}
    for row in one.read(EcgRow):
        groups.setdefault(row.grid, []).append(row)
    return [_join(grid, rows) for grid, rows in sorted(groups.items())]


def find_end_s(one: SessionContent, ecg: Sequence[EcgSeries], kinds: Sequence[type[Row]]) -> float:
    """Session time at which everything has ended that is exported."""
    ends = [row.time_s for kind in kinds for row in one.read(kind)]
    return max([0.0, *ends, *(series.end_s for series in ecg)])


def _join(grid: int, rows: list[EcgRow]) -> EcgSeries:
    blocks = [np.frombuffer(row.samples, dtype="<f4") for row in rows]
    first = min(row.first for row in rows)
    end = max(row.first + len(block) for row, block in zip(rows, blocks, strict=True))
    samples = np.full(end - first, np.nan, dtype=np.float32)
    for row, block in zip(rows, blocks, strict=True):
        samples[row.first - first : row.first - first + len(block)] = block
    start, last = min(rows, key=lambda row: row.first), max(rows, key=lambda row: row.first)
    expected_s = start.time_s + (last.first - start.first) / start.rate_hz
    return EcgSeries(
        grid=grid, start_s=start.time_s, rate_hz=start.rate_hz, unit=start.unit, samples=samples,
        late_ms=1e3 * (last.time_s - expected_s),
    )  # fmt: skip
