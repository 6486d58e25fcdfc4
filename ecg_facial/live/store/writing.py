"""Rows on their way into the store, also while the disk is full.

Input: rows, as they come. Output: the same rows in the store, in order and once; while it cannot be written they wait
in memory, and what no longer fits there is counted and said. Never raises for the disk: a monitor goes on estimating.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from ecg_facial.errors import StoreError
from ecg_facial.live.store.database import Store
from ecg_facial.live.store.rows import EstimateRow, EventRow, Row

# A row takes about 1 kB in memory; an estimate per second for a day.
MAX_WAITING_ROWS = 86_400


class StoreWriter:
    """Writer of one session; used by one thread.

    Parameters
    ----------
    store : Store
    session : int
        Number of the session, from `Store.begin`.
    max_waiting_rows : int
        Rows that may wait in memory. Beyond it the oldest estimates are dropped first: events, alarms and ratings are
        few, and are kept as long as there is an estimate to drop.

    Attributes
    ----------
    problem : str
        Why the store cannot be written at present; empty while it can.
    """

    def __init__(self, store: Store, session: int, *, max_waiting_rows: int = MAX_WAITING_ROWS) -> None:
        self._store, self._session, self._limit = store, session, max_waiting_rows
        self._waiting: deque[Row] = deque()
        self._n_dropped = 0
        self.problem = ""

    @property
    def n_waiting(self) -> int:
        """Rows that are not in the store yet."""
        return len(self._waiting)

    def hold(self, rows: Iterable[Row]) -> None:
        """Take rows without trying to write them: the store could not be written a moment ago."""
        self._waiting.extend(rows)
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
        self._n_dropped, self.problem = 0, ""
        return True

    def _drop_oldest(self) -> None:
        """Drop rows beyond the limit, estimates first."""
        surplus = len(self._waiting) - self._limit
        if surplus <= 0:
            return
        estimates = [place for place, row in enumerate(self._waiting) if isinstance(row, EstimateRow)][:surplus]
        others = [place for place, row in enumerate(self._waiting) if not isinstance(row, EstimateRow)]
        dropped = {*estimates, *others[: surplus - len(estimates)]}
        self._waiting = deque(row for place, row in enumerate(self._waiting) if place not in dropped)
        self._n_dropped += surplus

    def _describe_loss(self, time_s: float, utc_s: float) -> EventRow:
        message = f"{self._n_dropped} rows were dropped while the store could not be written"
        return EventRow(time_s=time_s, utc_s=utc_s, source="store", kind="dropped", message=message)
