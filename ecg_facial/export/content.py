"""What of a store is exported: the sessions of one patient.

Input: an open store, a pseudonym, maybe the number of a session. Output: the sessions with their rows, or one line that
says what there is instead. Sessions without a row are left out.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import re
from dataclasses import dataclass
from typing import TypeVar

from ecg_facial.errors import MissingDataError
from ecg_facial.export.hiding import hide_files, hide_sources
from ecg_facial.live.store.database import Store
from ecg_facial.live.store.rows import ROWS, AlarmRow, EventRow, Row, Session

_Kind = TypeVar("_Kind", bound=Row)

# as many names as fit into a line
_SHOWN = 10
# letters of a label: names of files stay below what systems allow
_MOST = 40


@dataclass(frozen=True, kw_only=True)
class SessionContent:
    """A session that is exported; its rows are read when they are asked for.

    Attributes
    ----------
    store : Store
    number : int
        In the store.
    session : Session
        Without names of files.
    stored_sources : str
        Sources as stored, to find their names in messages.
    """

    store: Store
    number: int
    session: Session
    stored_sources: str

    def read(self, kind: type[_Kind]) -> list[_Kind]:
        """Rows of one table in the order of time; messages of the monitor without paths and names of files."""
        # what was buffered before the session began has negative times
        rows = self.store.read(kind, self.number, start_s=-math.inf)
        return [self._hide(row) for row in rows] if kind in (EventRow, AlarmRow) else rows

    def utc_s(self, time_s: float) -> float:
        """UTC of a time of the session: its beginning plus the time that passed, so that distances are exact."""
        return self.session.started_utc_s + time_s

    def _hide(self, row: _Kind) -> _Kind:
        assert isinstance(row, (EventRow, AlarmRow))
        known = (str(self.store.path.resolve()), str(self.store.path))
        message = hide_files(row.message, sources=self.stored_sources, known=known)
        return dataclasses.replace(row, message=message)


def read_sessions(store: Store, patient: str, *, session: int | None = None) -> list[SessionContent]:
    """Find what is exported.

    Parameters
    ----------
    store : Store
    patient : str
        Pseudonym.
    session : int, optional
        Number of one session; all of the patient without it.

    Raises
    ------
    MissingDataError
        For an unknown patient or session, and where nothing was kept.
    StoreError
    """
    found = store.sessions(patient)
    if not found:
        names = list(dict.fromkeys(about.patient for _, about in store.sessions()))
        there = f"there are {_list(names)}" if names else "it holds no session"
        raise MissingDataError(f"{store.path}: no patient {patient!r}; {there}")
    if session is not None and session not in dict(found):
        numbers = _list([str(number) for number, _ in found])
        raise MissingDataError(f"{store.path}: patient {patient!r} has no session {session}; there are {numbers}")
    chosen = [(number, about) for number, about in found if session in (None, number)]
    kept = [(number, about) for number, about in chosen if any(store.count(kind, number) for kind in ROWS)]
    if not kept:
        which = "the sessions" if session is None else f"session {session}"
        raise MissingDataError(f"{store.path}: {which} of patient {patient!r} kept nothing: there is nothing to export")
    return [
        SessionContent(
            store=store,
            number=number,
            session=dataclasses.replace(about, sources=hide_sources(about.sources)),
            stored_sources=about.sources,
        )
        for number, about in kept
    ]


def make_label(patient: str) -> str:
    """Name of a patient in names of files: letters and digits alone, different for different pseudonyms.

    Examples
    --------
    >>> make_label("P7"), make_label("../p 7")
    ('P7', 'p7d1b7d7')
    """
    plain = re.sub(r"[^A-Za-z0-9]", "", patient)
    if plain and plain == patient and len(plain) <= _MOST:
        return plain
    return plain[:_MOST] + hashlib.sha256(patient.encode()).hexdigest()[:6]


def _list(names: list[str]) -> str:
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
