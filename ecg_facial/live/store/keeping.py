"""What a running session keeps, and what it takes over from the sessions before.

Input: rows, while the session runs. Output: the same in the store, and of earlier sessions of the patient the alarms
that were off, the baseline, and how the last one ended. Rows that wait for a full disk are tried again now and then.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ecg_facial.errors import StoreError
from ecg_facial.live.store.database import CLOSED, Store
from ecg_facial.live.store.rows import AlarmRow, BaselineRow, EventRow, Row, Session
from ecg_facial.live.store.writing import StoreWriter

# what waits for a store that cannot be written is tried again after this time; its size is measured as often
_RETRY_S = 2.0
# a person's rest is measured anew after a day
_BASELINE_S = 24 * 3600.0


class Keeper:
    """Store of one session; used by one thread.

    Parameters
    ----------
    path : Path or None
        Without a file nothing is kept.
    session : Session
        Begins now.
    utc_s : float
        Now.

    Attributes
    ----------
    alarm_log : list of AlarmRow
        Of the patient's last session that has one.
    """

    def __init__(self, path: Path | None, session: Session, *, utc_s: float) -> None:
        self._store = None if path is None else Store(path)
        self._writer: StoreWriter | None = None
        self._tried_s, self._size, self._measured_s = utc_s, 0, float("-inf")
        self.alarm_log: list[AlarmRow] = []
        self._baseline: BaselineRow | None = None
        # when the patient's session before this one was interrupted, or failed; None where somebody ended it
        self._interrupted_utc_s: float | None = None
        if self._store is not None:
            self._read_before(self._store, session.patient)
            self._number = self._store.begin(session)
            self._writer = StoreWriter(self._store, self._number)

    @property
    def problem(self) -> str:
        """Why the store cannot be written; empty while it can."""
        return "" if self._writer is None else self._writer.problem

    def find_baseline(self, utc_s: float) -> BaselineRow | None:
        """Give the patient's baseline of an earlier session of the last day."""
        found = self._baseline
        return found if found is not None and 0 <= utc_s - found.utc_s < _BASELINE_S else None

    def tell_gap(self, begun: EventRow) -> list[EventRow]:
        """Tell for how long nobody watched, where nobody ended the session before; at the row of this one's start."""
        if self._interrupted_utc_s is None:
            return []
        gap_s = begun.utc_s - self._interrupted_utc_s
        # a machine without a clock of its own may start in the past
        known = f"for {gap_s:.3g} s" if gap_s >= 0 else "for an unknown time, as the machine's clock was set back"
        message = f"the session before was interrupted or failed, and nobody watched {known}"
        return [replace(begun, kind="back", message=message, duration_s=gap_s if gap_s >= 0 else None)]

    def write(self, rows: list[Row], time_s: float, utc_s: float) -> None:
        """Write rows, and what waits; what waits alone is tried now and then."""
        if self._writer is None or (not rows and not self._writer.problem):
            return
        if self._writer.problem and abs(utc_s - self._tried_s) < _RETRY_S:
            self._writer.hold(rows)
            return
        self._tried_s = utc_s
        self._writer.write(rows, time_s=time_s, utc_s=utc_s)

    def size_bytes(self, now_s: float) -> int:
        """Size of the store, measured now and then."""
        if self._store is not None and now_s - self._measured_s >= _RETRY_S:
            self._size, self._measured_s = self._store.size_bytes(), now_s
        return self._size

    def close(self, utc_s: float, *, end: str) -> None:
        """Write what waits, end the session, close the file."""
        if self._store is None or self._writer is None:
            return
        try:
            self._writer.write([], time_s=0.0, utc_s=utc_s)
            self._store.end(self._number, utc_s=utc_s, how=end)
        except StoreError:
            # ended as interrupted by the next monitor that opens the store
            pass
        finally:
            self._store.close()

    def _read_before(self, store: Store, patient: str) -> None:
        """Read what earlier sessions of the patient left: alarms paused or off, baseline, how the last one ended."""
        for number, about in store.sessions(patient):
            self._interrupted_utc_s = None if about.end == CLOSED else about.ended_utc_s
            self.alarm_log = store.read(AlarmRow, number) or self.alarm_log
            self._baseline = next(reversed(store.read(BaselineRow, number)), self._baseline)
