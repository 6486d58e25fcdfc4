"""A monitor that is killed: what it had acknowledged is kept, the store is whole, and the next one goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from chaos import times

from ecg_facial.live.store.database import Store
from ecg_facial.live.store.rows import EstimateRow

_HELPERS = Path(__file__).parents[1] / "helpers"
_MONITOR = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from bedside import ECG, VIDEO, Bed, BedSource, MarkedDetector, Person, make_predictor
from ecg_facial.live import session
from ecg_facial.live.alarms.settings import AlarmSettings
from ecg_facial.live.connecting import Connection
from ecg_facial.live.settings import MonitorSettings
from ecg_facial.live.store.database import Store
from ecg_facial.live.store.writing import StoreWriter

write = StoreWriter.write

def told(self, rows, **when):
    rows = list(rows)
    safe = write(self, rows, **when)
    if safe:
        for row in rows:
            print(type(row).__name__, row.time_s, flush=True)
    return safe

StoreWriter.write = told
session.load_detector = lambda *_, **__: MarkedDetector()
store = Path(sys.argv[1])
with Store(store) as opened:
    opened.end_interrupted()
person = Person(seconds=600)
running = session.RunningSession(
    Connection(patient="P1", sources=(BedSource(VIDEO, person), BedSource(ECG, person))), make_predictor(),
    bundle=session.BundleName(version="1", sha256="ab"), settings=MonitorSettings(rest_s=0), alarms=AlarmSettings(),
    store=store,
)
running._thread.join()
"""


@pytest.mark.parametrize("seed", range(times(ordinary=2, full=200)))
def test_what_a_killed_monitor_had_acknowledged_is_in_the_store(tmp_path: Path, seed: int) -> None:
    path, n_lines = tmp_path / "monitor.sqlite", int(np.random.default_rng(seed).integers(1, 40))
    told: list[float] = []
    for _ in range(2):
        process = subprocess.Popen(
            [sys.executable, "-c", _MONITOR, str(path), str(_HELPERS)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        told = []
        for line in process.stdout:
            kind, time_s = line.split()
            told += [float(time_s)] if kind == "EstimateRow" else []
            if len(told) >= n_lines:
                break
        process.send_signal(signal.SIGKILL)
        # what it had printed before it died was acknowledged too
        for line in process.stdout:
            if line.endswith("\n") and line.startswith("EstimateRow"):
                told.append(float(line.split()[1]))
        process.wait()
        process.stdout.close()
        assert process.returncode == -signal.SIGKILL
    with Store(path) as store:
        assert store.find_damage() == ""
        # the second monitor closed what the first one left
        assert [about.end for _, about in store.sessions()] == ["interrupted", ""]
        assert len(store.end_interrupted()) == 1
        kept = {row.time_s for row in store.read(EstimateRow, store.sessions()[-1][0])}
    assert told
    assert set(told) <= kept
