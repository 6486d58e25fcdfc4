"""A machine that reboots in a session: the monitor comes back by the service file of the documentation."""

from __future__ import annotations

import itertools
import socket
from pathlib import Path

import pytest
from chaos import times
from killed_monitors import ESTIMATE, read_told
from killing import wait_until
from rebooting import Supervisor, place_command, read_service_file, tear_log

from ecg_facial.live.store.database import Store
from ecg_facial.live.store.rows import ROWS, EventRow


def test_a_monitor_that_is_killed_or_loses_its_power_comes_back_by_its_service_file(
    tmp_path: Path, small_bundle: Path
) -> None:
    service, told = read_service_file(), tmp_path / "told"
    told.touch()
    places = {"/opt/ecg_facial/model": small_bundle, "/var/lib/ecg_facial": tmp_path}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = place_command(service, places, told=told, port=port)
    store = tmp_path / "p7.sqlite"
    assert str(store) in command
    faults = ["kill", "power"] * times(ordinary=1, full=10)
    supervisors = [Supervisor(command, service, folder=tmp_path)]
    try:
        for number, fault in enumerate(faults, start=1):
            wait_for_session(told, number)
            if fault == "kill":
                supervisors[-1].kill()
            else:
                supervisors[-1].cut_power()
                tear_log(store)
                supervisors.append(Supervisor(command, service, folder=tmp_path))
        wait_for_session(told, len(faults) + 1)
    finally:
        supervisors[-1].stop()
    assert not any(each.is_given_up for each in supervisors)
    assert_whole(store, told, n_sessions=len(faults) + 1)


def wait_for_session(told: Path, number: int) -> None:
    """Wait until a session has given three estimates: nobody types anything meanwhile."""

    def count() -> int:
        rows = read_told(told.read_text(encoding="utf-8").splitlines(keepends=True))
        return sum((session, kind) == (number, ESTIMATE) for session, kind, _ in rows)

    assert wait_until(lambda: count() >= 3, seconds=240), (told.parent / "journal").read_text()


def assert_whole(path: Path, told: Path, *, n_sessions: int) -> None:
    """Check that all that was acknowledged is kept, and each gap is recorded with its length."""
    with Store(path) as store:
        assert store.find_damage() == ""
        sessions = store.sessions()
        assert [about.end for _, about in sessions] == ["interrupted"] * (n_sessions - 1) + ["closed"]
        kept = {(number, kind.__name__, row.time_s) for number, _ in sessions for kind in ROWS
                for row in store.read(kind, number)}  # fmt: skip
        assert set(read_told(told.read_text(encoding="utf-8").splitlines(keepends=True))) <= kept
        for (_, before), (number, after) in itertools.pairwise(sessions):
            (back,) = [row for row in store.read(EventRow, number) if row.kind == "back"]
            assert before.ended_utc_s is not None
            assert back.duration_s == pytest.approx(back.utc_s - before.ended_utc_s)
            assert back.duration_s > 0
            assert after.started_utc_s <= back.utc_s


def test_a_service_that_cannot_start_at_first_is_not_given_up(tmp_path: Path) -> None:
    service = read_service_file()
    # what starts before its disk or network is there ends at once, again and again
    supervisor = Supervisor(["/bin/false"], service, folder=tmp_path)
    try:
        assert wait_until(lambda: len(supervisor.exit_codes) > service.limit_burst or supervisor.is_given_up)
        assert not supervisor.is_given_up
    finally:
        supervisor.cut_power()
