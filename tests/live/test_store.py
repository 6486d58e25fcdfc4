"""The store of a monitor: what is written is there, also after kill -9, and what is deleted is gone."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ecg_facial.errors import StoreError
from ecg_facial.live.store.database import Store
from ecg_facial.live.store.rows import ROWS, AlarmRow, EcgRow, EstimateRow, EventRow, RatingRow, Session
from ecg_facial.live.store.writing import StoreWriter


def make_session(patient: str = "p-17") -> Session:
    return Session(
        patient=patient, started_utc_s=1000.0, class_names=("BL1", "PA4"), bundle_version="4",
        bundle_sha256="ab" * 32, simulated=True, sources="replay", software="0.1",
    )  # fmt: skip


def make_estimate(time_s: float, **changes: object) -> EstimateRow:
    content: dict[str, object] = {
        "time_s": time_s, "utc_s": 1000.0 + time_s, "window_s": 5.5, "estimate": 0.75, "low": 0.5, "high": 0.9,
        "trend": 0.7, "probabilities": (0.25, 0.75), "used": "facial+ecg", "face_state": "ok", "ecg_state": "ok",
        "face_quality": 0.9, "ecg_quality": 0.8, "heart_rate_bpm": 71.5, "clock_state": "synchronised",
        "clock_offset_ms": 3.5, "clock_drift_ppm": 12.0, "clock_uncertainty_ms": 1.0, "latency_ms": 120.0,
        "frames_shed": 0,
    }  # fmt: skip
    return EstimateRow(**{**content, **changes})  # type: ignore[arg-type]


GATED = make_estimate(
    2.0, estimate=None, probabilities=None, low=None, high=None, trend=None, heart_rate_bpm=None, used=""
)
EVENT = EventRow(time_s=3.0, utc_s=1003.0, source="ecg", kind="gap", message="0.4 s are missing", duration_s=0.4)
ALARM = AlarmRow(time_s=4.0, utc_s=1004.0, alarm="pain", priority="medium", change="raised", by="monitor")
ECG = EcgRow(
    time_s=0.5, utc_s=1004.5, grid=0, first=128, rate_hz=256.0, unit="mV",
    samples=np.array([0.1, np.nan, -3.25], "<f4").tobytes(),
)  # fmt: skip
RATING = RatingRow(time_s=5.0, utc_s=1005.0, scale="NRS", value=6.0, by="nurse k", note="after turning")


def test_rows_come_back_as_they_were_written(tmp_path: Path) -> None:
    rows = [make_estimate(1.0), GATED, EVENT, ALARM, RATING, ECG]
    with Store(tmp_path / "ward.sqlite") as store:
        number = store.begin(make_session())
        store.add(number, rows)
    with Store(tmp_path / "ward.sqlite", read_only=True) as store:
        assert store.sessions() == [(number, make_session())]
        assert [row for kind in ROWS for row in store.read(kind, number)] == rows
        assert store.read(EstimateRow, number, start_s=1.5) == [GATED]
        assert store.find_damage() == ""


def test_pandas_reads_a_table_while_the_monitor_writes(tmp_path: Path) -> None:
    with Store(tmp_path / "ward.sqlite") as store:
        store.add(store.begin(make_session()), [make_estimate(1.0), GATED])
        reader = sqlite3.connect(tmp_path / "ward.sqlite")
        table = pd.read_sql("SELECT time_s, estimate FROM estimates", reader)
        reader.close()
    assert table["time_s"].tolist() == [1.0, 2.0]
    assert table["estimate"].isna().tolist() == [False, True]


WRITER = """
import sys
from tests.live.test_store import ECG, EVENT, make_session
from dataclasses import replace
from pathlib import Path
from ecg_facial.live.store.database import Store
store = Store(Path(sys.argv[1]))
number = store.begin(make_session())
for count in range(100_000):
    store.add(number, [replace(EVENT, time_s=float(count)), replace(ECG, first=1024 * count, samples=bytes(4096))])
    print(count, flush=True)
"""


@pytest.mark.parametrize("n_rows", [1, 7, 40])
def test_no_acknowledged_row_is_lost_when_the_program_is_killed(tmp_path: Path, n_rows: int) -> None:
    path = tmp_path / "ward.sqlite"
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True, env=environment, cwd=root
    ) as program:
        assert program.stdout is not None
        acknowledged = [int(program.stdout.readline()) for _ in range(n_rows)]
        program.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in program.stdout.read().split("\n")[:-1]]
    with Store(path) as store:
        assert store.find_damage() == ""
        [(number, session)] = store.end_interrupted()
        kept = [row.time_s for row in store.read(EventRow, number)]
        assert [row.first for row in store.read(EcgRow, number)] == [1024 * count for count in range(len(kept))]
    # the last one may have been written and not been told
    assert kept[: len(acknowledged)] == [float(count) for count in acknowledged]
    assert len(kept) <= len(acknowledged) + 1
    assert (session.end, session.ended_utc_s) == ("interrupted", ECG.utc_s)


def test_a_log_that_was_cut_off_anywhere_leaves_the_rows_before_the_cut(tmp_path: Path) -> None:
    kept = tmp_path / "kept.sqlite"
    with Store(kept) as store:
        number = store.begin(make_session())
        for count in range(12):
            store.add(number, [replace(EVENT, time_s=float(count)), replace(ECG, first=count, samples=bytes(3000))])
        # as it lies on the disk while the monitor runs
        content, log = kept.read_bytes(), (tmp_path / "kept.sqlite-wal").read_bytes()
    counts = []
    for n_bytes in range(0, len(log) + 1, 1000):
        path = tmp_path / f"{n_bytes}.sqlite"
        path.write_bytes(content)
        (tmp_path / f"{path.name}-wal").write_bytes(log[:n_bytes])
        with Store(path) as store:
            assert store.find_damage() == ""
            rows = [row.time_s for number, _ in store.sessions() for row in store.read(EventRow, number)]
            assert rows == [float(count) for count in range(len(rows))]
            assert len(rows) == sum(store.count(EcgRow, number) for number, _ in store.sessions())
        counts.append(len(rows))
    assert counts == sorted(counts)
    assert set(counts) >= set(range(12))


def test_a_row_is_on_the_disk_before_it_counts_as_kept(tmp_path: Path) -> None:
    # no test can cut the power: what SQLite promises with these settings is that nothing is lost by it
    with Store(tmp_path / "ward.sqlite") as store:
        found = [store._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert found == ["wal", 2]


def test_a_session_that_was_closed_is_not_called_interrupted(tmp_path: Path) -> None:
    with Store(tmp_path / "ward.sqlite") as store:
        number = store.begin(make_session())
        store.end(number, utc_s=1010.0)
        assert store.end_interrupted() == []
        assert store.sessions()[0][1].end == "closed"


def test_not_a_byte_of_a_deleted_patient_stays_in_the_file_or_its_log(tmp_path: Path) -> None:
    path = tmp_path / "ward.sqlite"
    with Store(path) as store:
        for patient in ("hidden-name", "kept-name"):
            number = store.begin(make_session(patient))
            for count in range(300):
                note = f"note of {patient} {count}"
                ecg = EcgRow(
                    time_s=count, utc_s=0.0, grid=0, first=count, rate_hz=256.0, unit="mV",
                    samples=f"ecg of {patient}, ".encode() * 100,
                )  # fmt: skip
                store.add(number, [RatingRow(time_s=count, utc_s=0.0, scale="NRS", value=1.0, by="k", note=note), ecg])
        assert b"ecg of hidden-name" in read_everything(tmp_path)
        assert store.delete_patient("hidden-name") == 1
        assert b"hidden-name" not in read_everything(tmp_path)
        assert b"kept-name" in read_everything(tmp_path)
        assert [session.patient for _, session in store.sessions()] == ["kept-name"]
        assert store.find_damage() == ""


def read_everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


def test_deleting_says_so_while_a_reader_keeps_old_pages(tmp_path: Path) -> None:
    path = tmp_path / "ward.sqlite"
    with Store(path) as store:
        store._connection.execute("PRAGMA busy_timeout = 10")
        store.add(store.begin(make_session()), [RATING])
        reader = sqlite3.connect(path, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM ratings").fetchall()
        with pytest.raises(StoreError, match=r"delete again after it ends|cannot be written"):
            store.delete_patient("p-17")
        reader.close()
        store.delete_patient("p-17")
        assert b"after turning" not in read_everything(tmp_path)


def test_sessions_that_are_too_old_are_deleted_and_one_that_goes_on_is_not(tmp_path: Path) -> None:
    with Store(tmp_path / "ward.sqlite") as store:
        old, young = store.begin(make_session("old")), store.begin(make_session("young"))
        store.begin(make_session("now"))
        store.end(old, utc_s=100.0)
        store.end(young, utc_s=900.0)
        assert store.delete_before(500.0) == 1
        assert [session.patient for _, session in store.sessions()] == ["young", "now"]


def test_a_file_that_is_no_store_is_refused_in_one_line(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no store " * 1000)
    with pytest.raises(StoreError, match=r"notes\.txt: cannot be opened"):
        Store(text)
    other = tmp_path / "other.sqlite"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE mine (a)")
    connection.close()
    with pytest.raises(StoreError, match="no version, but tables"):
        Store(other)
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(tmp_path / "absent.sqlite", read_only=True)
    assert not (tmp_path / "absent.sqlite").exists()


def make_version_1(path: Path) -> None:
    """Write a store as the first version of it was."""
    with Store(path) as store:
        store.add(store.begin(make_session()), [make_estimate(1.0), RATING])
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE ecg")
    connection.execute("PRAGMA user_version = 1")
    connection.close()


def test_a_store_of_version_1_is_read_and_gets_the_table_of_raw_ecg_when_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "ward.sqlite"
    make_version_1(path)
    with Store(path, read_only=True) as store:
        ((number, _),) = store.sessions()
        assert (store.read(EstimateRow, number), store.read(EcgRow, number)) == ([make_estimate(1.0)], [])
        assert (store.count(RatingRow, number), store.count(EcgRow, number)) == (1, 0)
    for _ in range(2):
        with Store(path) as store:
            store.add(number, [ECG])
    with Store(path, read_only=True) as store:
        assert store.read(EstimateRow, number) == [make_estimate(1.0)]
        assert store.read(EcgRow, number) == [ECG, ECG]
        assert store.find_damage() == ""


def test_a_store_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ward.sqlite"
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 3")
    connection.close()
    with pytest.raises(StoreError, match="version 3, expected a store of version 1 to 2"):
        Store(path)


def fill_disk(store: Store, *, pages: int) -> None:
    store._connection.execute(f"PRAGMA max_page_count = {pages}")


def test_rows_wait_while_the_disk_is_full_and_are_written_when_there_is_room(tmp_path: Path) -> None:
    with Store(tmp_path / "ward.sqlite") as store:
        number = store.begin(make_session())
        writer = StoreWriter(store, number)
        fill_disk(store, pages=1)
        sent = []
        for count in range(1000):
            row = RatingRow(time_s=float(count), utc_s=0.0, scale="NRS", value=1.0, by="k", note="x" * 200)
            sent.append(row)
            writer.write([row], time_s=count, utc_s=0.0)
        assert "full" in writer.problem
        assert 0 < writer.n_waiting < 1000
        assert store.find_damage() == ""
        fill_disk(store, pages=100_000)
        assert writer.write([], time_s=1000.0, utc_s=0.0)
        assert (writer.problem, writer.n_waiting) == ("", 0)
        assert store.read(RatingRow, number) == sent


def test_what_no_longer_fits_in_memory_is_counted_and_alarms_are_kept(tmp_path: Path) -> None:
    with Store(tmp_path / "ward.sqlite") as store:
        number = store.begin(make_session())
        writer = StoreWriter(store, number, max_waiting_rows=5)
        # no page more than there are, and none of them free
        store._connection.execute("PRAGMA query_only = ON")
        writer.write([make_estimate(0.0), ALARM, make_estimate(1.0), make_estimate(2.0)], time_s=2.0, utc_s=0.0)
        writer.write([EVENT, make_estimate(3.0), make_estimate(4.0)], time_s=4.0, utc_s=0.0)
        store._connection.execute("PRAGMA query_only = OFF")
        assert writer.write([], time_s=9.0, utc_s=0.0)
        assert [row.time_s for row in store.read(EstimateRow, number)] == [2.0, 3.0, 4.0]
        assert store.read(AlarmRow, number) == [ALARM]
        events = store.read(EventRow, number)
    assert events[0] == EVENT
    assert events[1].message == "2 rows were dropped while the store could not be written"


def test_raw_ecg_is_dropped_before_estimates_while_the_store_cannot_be_written(tmp_path: Path) -> None:
    with Store(tmp_path / "ward.sqlite") as store:
        number = store.begin(make_session())
        writer = StoreWriter(store, number, max_waiting_rows=5, max_waiting_ecg=2)
        store._connection.execute("PRAGMA query_only = ON")
        writer.write([replace(ECG, first=place) for place in range(4)], time_s=2.0, utc_s=0.0)
        writer.write([ALARM, make_estimate(1.0), make_estimate(2.0), make_estimate(3.0)], time_s=3.0, utc_s=0.0)
        store._connection.execute("PRAGMA query_only = OFF")
        assert writer.write([], time_s=9.0, utc_s=0.0)
        assert [row.first for row in store.read(EcgRow, number)] == [3]
        assert len(store.read(EstimateRow, number)) == 3
        ((loss),) = store.read(EventRow, number)
    assert loss.message == "3 rows were dropped while the store could not be written"
