"""Monitors on one store that die of SIGKILL one after the other, and the one that is left to end.

`watch` is the monitor, which says on a pipe which rows it has acknowledged; `kill_some` starts and kills them. They die
from outside after some estimates, or in the midst of their work: at an instruction of SQLite, also while they open the
store or close what the one before left.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import IO

import numpy as np
from bedside import ECG, VIDEO, BedSource, MarkedDetector, Person, make_predictor
from killing import copy_process, end_copy

from ecg_facial.live import session
from ecg_facial.live.alarms.settings import AlarmSettings
from ecg_facial.live.connecting import Connection
from ecg_facial.live.settings import MonitorSettings
from ecg_facial.live.store.database import Store
from ecg_facial.live.store.rows import Row
from ecg_facial.live.store.writing import StoreWriter

# SQLite's instructions from opening a store to about ten estimates
_MOST_INSTRUCTIONS = 1500
_MOST_ESTIMATES = 6
ESTIMATE = "EstimateRow"
_PERSON: list[Person] = []


@dataclass(frozen=True, kw_only=True)
class Life:
    """What is known of one monitor after its death.

    Attributes
    ----------
    told : list of (session, table, time_s)
        Rows that it had acknowledged.
    ready_s : float or None
        Seconds of processor time from its start to its first estimate.
    exit_code : int
        -9 for one that was killed.
    """

    told: list[tuple[int, str, float]]
    ready_s: float | None
    exit_code: int


def prepare() -> Person:
    """Draw the person once for all monitors that are copied from this process."""
    if not _PERSON:
        _PERSON.append(Person(seconds=600))
    return _PERSON[0]


def tell_rows(out: IO[str]) -> Callable[[], int]:
    """Let the monitors of this process say which rows they have acknowledged; return what counts the estimates.

    Each is a line: session, kind, time; the first estimate's has the processor time from now until then, too.
    """
    begun_s, n_told, write = time.process_time(), 0, StoreWriter.write

    def tell(self: StoreWriter, rows: Iterable[Row], *, time_s: float, utc_s: float) -> bool:
        nonlocal n_told
        new = list(rows)
        safe = write(self, new, time_s=time_s, utc_s=utc_s)
        for row in new if safe else ():
            kind = type(row).__name__
            ready = f" {time.process_time() - begun_s:.3f}" if kind == ESTIMATE and not n_told else ""
            n_told += kind == ESTIMATE
            print(self._session, kind, repr(float(row.time_s)) + ready, file=out, flush=True)
        return safe

    StoreWriter.write = tell  # type: ignore[method-assign]
    return lambda: n_told


def read_told(lines: Iterable[str]) -> list[tuple[int, str, float]]:
    """Session, kind and time of the rows that were told; a line without its end was cut off by a kill."""
    whole = [line.split() for line in lines if line.endswith("\n")]
    return [(int(number), kind, float(time_s)) for number, kind, time_s, *_ in whole]


def watch(store: Path, out: IO[str], *, dies_at: int = 0, n_estimates: int = 0) -> None:
    """Be a monitor, opened as the commands open it.

    Parameters
    ----------
    store : Path
    out : text stream
        Takes what `tell_rows` says.
    dies_at : int
        Instruction of SQLite at which the process kills itself; 0 for never.
    n_estimates : int
        End well after so many; 0 for never.
    """
    n_told, connect = tell_rows(out), Store._connect

    def count(self: Store, *, read_only: bool) -> object:
        nonlocal dies_at
        connection = connect(self, read_only=read_only)

        def step() -> int:
            nonlocal dies_at
            dies_at -= 1
            if not dies_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return 0

        connection.set_progress_handler(step, 1)
        return connection

    if dies_at:
        Store._connect = count  # type: ignore[assignment,method-assign]
    predictor = make_predictor()
    # the bundle, its networks and its detector are stubs; all else is as the commands have it
    vars(session).update(
        load_detector=lambda *_, **__: MarkedDetector(), sha256_file=lambda _: "ab", open_predictor=lambda *_, **__:
        predictor, load_bundle=lambda _: SimpleNamespace(info=SimpleNamespace(package_version="1")),
    )  # fmt: skip
    person = prepare()
    ward = session.open_ward(
        [Connection(patient="P1", sources=(BedSource(VIDEO, person), BedSource(ECG, person)))], bundle=Path("stub"),
        settings=MonitorSettings(rest_s=0), alarms=AlarmSettings(), store=store,
    )  # fmt: skip
    (running,) = ward._sessions
    while running._thread.is_alive() and not (n_estimates and n_told() >= n_estimates):  # type: ignore[attr-defined]
        time.sleep(0.002)
    ward.close()


def kill_some(asked: tuple[Path, int, int]) -> list[Life]:
    """Kill copies of this process that watch, and let the last one end after an estimate.

    Parameters
    ----------
    asked : (Path, int, int)
        Store, seed, number of kills.
    """
    store, seed, n_kills = asked
    prepare()
    rng, lives = np.random.default_rng(seed), []
    for number in range(n_kills):
        dies_at = int(rng.integers(1, _MOST_INSTRUCTIONS)) if number % 2 else 0
        process, out = copy_process(lambda out, at=dies_at: watch(store, out, dies_at=at))  # type: ignore[misc]
        n_estimates = 0 if dies_at else int(rng.integers(1, _MOST_ESTIMATES))
        lives.append(_follow(out, n_estimates, lambda pid=process: end_copy(pid, signal.SIGKILL)))  # type: ignore[misc]
    process, out = copy_process(lambda out: watch(store, out, n_estimates=1))
    return [*lives, _follow(out, 0, lambda: end_copy(process))]


def kill_started(store: Path, *, n_estimates: int) -> Life:
    """Start an interpreter that watches, and kill it after some estimates."""
    program = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import killed_monitors as it; "
    program += f"from pathlib import Path; it.watch(Path({str(store)!r}), sys.stdout)"
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)

    def kill() -> int:
        process.send_signal(signal.SIGKILL)
        return process.wait()

    assert process.stdout is not None
    return _follow(process.stdout, n_estimates, kill)


def _follow(out: IO[str], n_estimates: int, end: Callable[[], int]) -> Life:
    """Read what a monitor says until it has told so many estimates (0: as long as it speaks), then let it end."""
    lines, exit_code = [], None
    with out:
        for line in out:
            lines.append(line)
            if exit_code is None and n_estimates and sum(ESTIMATE in each for each in lines) >= n_estimates:
                # what it said before it died is read too
                exit_code = end()
    ready_s = next((float(said[3]) for line in lines if len(said := line.split()) > 3), None)
    return Life(told=read_told(lines), ready_s=ready_s, exit_code=end() if exit_code is None else exit_code)
