"""The SQLite file of a monitor.

Input: sessions and rows. Output: the same, read back; a folder holds one file, which pandas reads too. A row is safe
when `add` returns: it survives kill -9 and a power cut. Errors of the disk are `StoreError`s; what to do meanwhile is
decided in `store.writing`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from ecg_facial.errors import StoreError
from ecg_facial.live.store.rows import ROWS, STORE_VERSION, Row, Session, columns, from_values, sql_type, to_values

_Kind = TypeVar("_Kind", bound=Row)

# how long a writer waits for another one, such as a reader that ends a checkpoint
_BUSY_S = 5.0
_SESSION_COLUMNS = tuple(columns(Session))
CLOSED, FAILED, INTERRUPTED = "closed", "failed", "interrupted"
"""How a session ended: somebody ended it, it stopped by an error, or its program or machine died."""


class Store:
    """An open store; used by one thread at a time.

    Parameters
    ----------
    path : Path
        A file, made where there is none.
    read_only : bool
        For looking at a store that a monitor is writing.

    Raises
    ------
    StoreError
        When the file cannot be opened, is no store, is damaged, or of another version.

    Notes
    -----
    SQLite in WAL mode with ``synchronous = FULL``: a transaction is on the disk when it returns, and a transaction that
    was cut off by a crash is not there at all. ``secure_delete`` overwrites what is deleted.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = Path(path)
        with self._errors("opened"):
            self._connection = self._connect(read_only=read_only)
            try:
                self._prepare(read_only=read_only)
            except BaseException:
                self._connection.close()
                raise

    def _connect(self, *, read_only: bool) -> sqlite3.Connection:
        # as a URI, so that a missing file is not made by looking at it
        uri = f"{self.path.resolve().as_uri()}?mode={'ro' if read_only else 'rwc'}"
        return sqlite3.connect(uri, uri=True, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)

    def _prepare(self, *, read_only: bool) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        names = self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        # a store of version 1 that may not be written has no raw ECG
        self._tables = {name for (name,) in names}
        if not 0 <= version <= STORE_VERSION or (version == 0 and self._tables):
            found = f"version {version}" if version else "no version, but tables"
            raise StoreError(
                f"{self.path}: {found}, expected a store of version 1 to {STORE_VERSION}; give another file"
            )
        if read_only and version == 0:
            raise StoreError(f"{self.path}: an empty file, expected a store; give the file that the monitor writes")
        if read_only:
            return
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", "foreign_keys = ON"):
            self._connection.execute(f"PRAGMA {pragma}").fetchall()
        if version < STORE_VERSION:
            self._create()

    def _create(self) -> None:
        """Make the tables that are not there: all of them, or those that a newer version added."""
        with self._transaction():
            if "sessions" not in self._tables:
                self._connection.execute(f"CREATE TABLE sessions (id INTEGER PRIMARY KEY, {_declare(Session)})")
            for kind in ROWS:
                if kind.table in self._tables:
                    continue
                self._connection.execute(
                    f"CREATE TABLE {kind.table} (id INTEGER PRIMARY KEY, "
                    f"session INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE, {_declare(kind)})"
                )
                self._connection.execute(f"CREATE INDEX {kind.table}_in_time ON {kind.table} (session, time_s)")
            self._connection.execute(f"PRAGMA user_version = {STORE_VERSION}")
        self._tables = {"sessions", *(kind.table for kind in ROWS)}

    def begin(self, session: Session) -> int:
        """Begin a session; return its number."""
        with self._errors("written"), self._transaction():
            return self._insert("sessions", _SESSION_COLUMNS, [to_values(session)])

    def add(self, session: int, rows: Iterable[Row]) -> None:
        """Add rows in one transaction: after the return all of them are safe, after an error none is there.

        Raises
        ------
        StoreError
            When the disk is full or cannot be written.
        """
        groups: dict[type[Row], list[Row]] = {}
        for row in rows:
            groups.setdefault(type(row), []).append(row)
        with self._errors("written"), self._transaction():
            for kind, group in groups.items():
                values = [(session, *to_values(row)) for row in group]
                self._insert(kind.table, ("session", *columns(kind)), values)

    def end(self, session: int, *, utc_s: float, how: str = CLOSED) -> None:
        """End a session."""
        with self._errors("written"), self._transaction():
            self._connection.execute("UPDATE sessions SET ended_utc_s = ?, end = ? WHERE id = ?", (utc_s, how, session))

    def end_interrupted(self) -> list[tuple[int, Session]]:
        """End the sessions that nobody ended, at their last row, and return them with their numbers.

        A program that was killed and a machine that lost its power leave such sessions. To be called by the one
        program that writes the store, before it begins a session.
        """
        with self._errors("written"), self._transaction():
            numbers = self._connection.execute("SELECT id FROM sessions WHERE ended_utc_s IS NULL").fetchall()
            for (number,) in numbers:
                last = " UNION ALL ".join(f"SELECT utc_s FROM {kind.table} WHERE session = :id" for kind in ROWS)
                self._connection.execute(
                    "UPDATE sessions SET end = :end, ended_utc_s = max(started_utc_s, "
                    f"coalesce((SELECT max(utc_s) FROM ({last})), started_utc_s)) WHERE id = :id",
                    {"id": number, "end": INTERRUPTED},
                )
        found = dict(self.sessions())
        return [(number, found[number]) for (number,) in numbers]

    def sessions(self, patient: str | None = None) -> list[tuple[int, Session]]:
        """Sessions and their numbers, the oldest first; of one patient where one is named."""
        query = f"SELECT id, {', '.join(_SESSION_COLUMNS)} FROM sessions"
        where, values = (" WHERE patient = ?", (patient,)) if patient is not None else ("", ())
        with self._errors("read"):
            rows = self._connection.execute(f"{query}{where} ORDER BY id", values).fetchall()
        return [(row[0], from_values(Session, row[1:])) for row in rows]

    def read(
        self,
        kind: type[_Kind],
        session: int,
        *,
        start_s: float = 0.0,
        end_s: float = 1e18,
        limit: int | None = None,
    ) -> list[_Kind]:
        """Rows of a session by time: from `start_s` on, before `end_s`, on the session's clock; the first `limit`."""
        if kind.table not in self._tables:
            return []
        query = f"SELECT {', '.join(columns(kind))} FROM {kind.table} WHERE session = ? AND time_s >= ? AND time_s < ?"
        with self._errors("read"):
            # SQLite reads -1 as no limit
            values = (session, start_s, end_s, -1 if limit is None else limit)
            rows = self._connection.execute(f"{query} ORDER BY time_s, id LIMIT ?", values).fetchall()
        return [from_values(kind, row) for row in rows]

    def count(self, kind: type[Row], session: int) -> int:
        """Count the rows of a session in one table."""
        if kind.table not in self._tables:
            return 0
        with self._errors("read"):
            query = f"SELECT count(*) FROM {kind.table} WHERE session = ?"
            (number,) = self._connection.execute(query, (session,)).fetchone()
        return int(number)

    def delete_patient(self, patient: str) -> int:
        """Delete everything of a patient, so that not a byte of it stays in the file; return the number of sessions.

        Raises
        ------
        StoreError
            When another program is reading, so that old pages cannot be overwritten yet: call it again.
        """
        return self._delete("patient = ?", (patient,))

    def delete_before(self, utc_s: float) -> int:
        """Delete the sessions that ended before a time, as `delete_patient` does; return their number."""
        return self._delete("ended_utc_s < ?", (utc_s,))

    def _delete(self, where: str, values: Sequence[object]) -> int:
        with self._errors("written"):
            with self._transaction():
                number = self._connection.execute(f"DELETE FROM sessions WHERE {where}", values).rowcount
            # also where nothing is left to delete: an earlier call may have been stopped before this
            self._connection.execute("VACUUM")
            busy, _, _ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise StoreError(f"{self.path}: deleted, but another program reads the store; delete again after it ends")
        return number

    def find_damage(self) -> str:
        """Run SQLite's integrity check; return what it finds, empty for a sound file."""
        with self._errors("read"):
            found = [line for (line,) in self._connection.execute("PRAGMA integrity_check")]
        return "" if found == ["ok"] else "; ".join(found)

    def size_bytes(self) -> int:
        """Size of the file and its log."""
        paths = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(path.stat().st_size for path in paths if path.exists())

    def close(self) -> None:
        """Close the file; the log is merged into it."""
        self._connection.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _insert(self, table: str, names: Sequence[str], values: Sequence[Sequence[object]]) -> int:
        marks = ", ".join("?" * len(names))
        cursor = self._connection.cursor()
        for each in values:
            cursor.execute(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", each)
        return int(cursor.lastrowid or 0)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            # a full disk ends some transactions by itself
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(
                f"{self.path}: cannot be {what} ({error}); check space, permissions and content"
            ) from error


def _declare(kind: type) -> str:
    """Columns of a table."""
    return ", ".join(f"{name} {sql_type(type_)}" for name, type_ in columns(kind).items())
