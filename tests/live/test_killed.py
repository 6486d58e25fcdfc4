"""A monitor that is killed: what it had acknowledged is kept, the store is whole, and the next one goes on."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from chaos import times
from killed_monitors import Life, kill_some, kill_started

from ecg_facial.live.store.database import Store
from ecg_facial.live.store.rows import ROWS
from ecg_facial.runtime.executors.fresh import FreshExecutor

_KILLS = 5
# of processor time: "ready again in < 5 s", whatever else the machine does
_READY_S = 5.0


@pytest.fixture(scope="module")
def copies() -> Iterator[FreshExecutor]:
    """One interpreter that has imported a monitor; those that are killed are copies of it."""
    with FreshExecutor(preload=("killed_monitors", "scipy.signal", "scipy.ndimage")) as executor:
        yield executor


@pytest.mark.parametrize("seed", range(times(ordinary=4, full=40)))
def test_what_killed_monitors_had_acknowledged_is_in_the_store_and_the_next_is_ready(
    tmp_path: Path, copies: FreshExecutor, seed: int
) -> None:
    path = tmp_path / "monitor.sqlite"
    (lives,) = copies.map(kill_some, [(path, seed, _KILLS)])
    assert [life.exit_code for life in lives] == [-signal.SIGKILL] * _KILLS + [0]
    assert_all_is_kept(path, lives)
    # ready again: the last one gave an estimate, and so did all that were killed behind one
    assert lives[-1].ready_s is not None
    assert max(life.ready_s or 0.0 for life in lives) < _READY_S
    with Store(path) as store:
        assert [about.end for _, about in store.sessions()][-1] == "closed"


def test_a_monitor_in_an_interpreter_of_its_own_is_killed_and_the_next_is_ready(
    tmp_path: Path, copies: FreshExecutor
) -> None:
    path = tmp_path / "monitor.sqlite"
    killed = kill_started(path, n_estimates=3)
    assert killed.exit_code == -signal.SIGKILL
    (lives,) = copies.map(kill_some, [(path, 0, 0)])
    assert_all_is_kept(path, [killed, *lives])
    assert lives[-1].ready_s is not None


def assert_all_is_kept(path: Path, lives: Sequence[Life]) -> None:
    """Compare a store with what monitors had acknowledged; each closed what the one before it left."""
    with Store(path) as store:
        assert store.find_damage() == ""
        assert store.end_interrupted() == []
        sessions = store.sessions()
        kept = {(number, kind.__name__, row.time_s) for number, _ in sessions for kind in ROWS
                for row in store.read(kind, number)}  # fmt: skip
    assert {about.end for _, about in sessions[:-1]} == {"interrupted"}
    told = [row for life in lives for row in life.told]
    assert told
    assert set(told) <= kept
