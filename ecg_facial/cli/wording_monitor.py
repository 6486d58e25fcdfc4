"""Text of the monitor's commands.

Input: sessions of a store. Output: text for the terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from ecg_facial.live.screen.words import say_time
from ecg_facial.live.store.rows import Session
from ecg_facial.runtime.text import format_table

_HEADER = ["session", "patient", "started (UTC)", "length", "end", "sources"]


def describe_sessions(sessions: Sequence[tuple[int, Session]]) -> str:
    """Lay the sessions of a store out, the oldest first."""
    if not sessions:
        return "no sessions"
    return format_table([_describe(number, session) for number, session in sessions], header=_HEADER, n_left=6)


def _describe(number: int, session: Session) -> list[str]:
    started = datetime.fromtimestamp(session.started_utc_s, tz=UTC)
    length = "" if session.ended_utc_s is None else say_time(max(0.0, session.ended_utc_s - session.started_utc_s))
    patient = f"{session.patient} (SIMULATED)" if session.simulated else session.patient
    return [str(number), patient, f"{started:%Y-%m-%d %H:%M:%S}", length, session.end or "goes on", session.sources]
