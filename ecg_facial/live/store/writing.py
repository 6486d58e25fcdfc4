"""Rows on their way into the store, also while the disk is full.

Input: rows, as they come. Output: the same rows in the store, in order and once; while it cannot be written they wait
in memory, and what no longer fits there is counted and said. Never raises for the disk: a monitor goes on estimating.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from ecg_facial.errors import StoreError
from ecg_facial.live.store.database import Store
from ecg_facial.live.store.rows import EcgRow, EstimateRow, EventRow, Row

# A row takes about 1 kB in memory; an estimate per second for a day.
MAX_WAITING_ROWS = 86_400
# Raw ECG of two hours: 16 MB at 512 Hz
MAX_WAITING_ECG = 1_800


class StoreWriter:
    """Writer of one session; used by one thread.

    Parameters
    ----------
    store : Store
    session : int
        Number of the session, from `Store.begin`.
    max_waiting_rows : int
        Rows that may wait in memory. Beyond it the oldest raw ECG is dropped first, then the oldest estimates: events,
        alarms and ratings are few, and are kept as long as there is anything else to drop.
    max_waiting_ecg : int
        Rows of raw ECG among them.

    Attributes
    ----------
    problem : str
        Why the store cannot be written at present; empty while it can.
    """

    def __init__(
        self,
        store: Store,
        session: int,
        *,
        max_waiting_rows: int = MAX_WAITING_ROWS,
        max_waiting_ecg: int = MAX_WAITING_ECG,
    ) -> None:
        self._store, self._session = store, session
        self._limit, self._ecg_limit = max_waiting_rows, max_waiting_ecg
        self._waiting: deque[Row] = deque()
        self._n_dropped = self._n_ecg = 0
        self.problem = ""

    @property
    def n_waiting(self) -> int:
        """Rows that are not in the store yet."""
        return len(self._waiting)

    def hold(self, rows: Iterable[Row]) -> None:
        """Take rows without trying to write them: the store could not be written a moment ago."""
        new = list(rows)
        self._waiting.extend(new)
        self._n_ecg += sum(isinstance(row, EcgRow) for row in new)
        self._drop_oldest()

    def write(self, rows: Iterable[Row], *, time_s: float, utc_s: float) -> bool:
        """Write what waits and these rows; whether all of them are safe on the disk.

        Parameters
        ----------
        rows : iterable of Row
            New rows, also none: then only what waits is tried again.
        time_s, utc_s : float
            Now, for the event that says what was lost.
        """
        self.hold(rows)
        if not self._waiting:
            return not self.problem
        batch = list(self._waiting)
        if self._n_dropped:
            batch.append(self._describe_loss(time_s, utc_s))
        try:
            self._store.add(self._session, batch)
        except StoreError as error:
            self.problem = str(error)
            return False
        self._waiting.clear()
        self._n_dropped, self._n_ecg, self.problem = 0, 0, ""
        return True

    def _drop_oldest(self) -> None:
        """Drop rows beyond the limits: raw ECG first, then estimates."""
        surplus = max(len(self._waiting) - self._limit, self._n_ecg - self._ecg_limit)
        if surplus <= 0:
            return
        ecg, estimates, others = list[int](), list[int](), list[int]()
        for place, row in enumerate(self._waiting):
            group = ecg if isinstance(row, EcgRow) else estimates if isinstance(row, EstimateRow) else others
            group.append(place)
        dropped = {*[*ecg, *estimates, *others][:surplus]}
        self._waiting = deque(row for place, row in enumerate(self._waiting) if place not in dropped)
        self._n_ecg -= min(surplus, len(ecg))
        self._n_dropped += surplus

    def _describe_loss(self, time_s: float, utc_s: float) -> EventRow:
        message = f"{self._n_dropped} rows were dropped while the store could not be written"
        return EventRow(time_s=time_s, utc_s=utc_s, source="store", kind="dropped", message=message)
