"""The live monitor in real time: delay, frames shed, memory, open files, processor time.

Run as ``python benchmarks/monitor_soak.py [--minutes 30] [--patients 1] [--fps 25] [--lsl] [--bundle runs/demo/model]
[--people runs/monitor]``, after ``make monitor`` has recorded its SIMULATED patients. Their film is played as a camera
that stamps its frames by the machine's clock; the ECG comes the same way or, with ``--lsl``, over a real LSL stream on
this machine. The last line is a JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ecg_facial.live.alarms.settings import AlarmSettings
from ecg_facial.live.connecting import Connection
from ecg_facial.live.demo.files import patient_files
from ecg_facial.live.demo.playing import play_patient
from ecg_facial.live.demo.story import STORIES
from ecg_facial.live.session import open_ward
from ecg_facial.live.settings import MonitorSettings
from ecg_facial.live.sources.contract import MACHINE, Block, EcgBlock, Source, SourceInfo
from ecg_facial.live.sources.lsl import LslSource
from ecg_facial.live.sources.replay import Pace
from ecg_facial.live.store.database import Store
from ecg_facial.live.store.rows import EstimateRow, EventRow

_SAMPLE_S, _STREAM, _PAGE = 5.0, "Soak", os.sysconf("SC_PAGE_SIZE")
_OUTLET = """
import sys, time
import numpy as np
import pylsl
samples, rate = np.load(sys.argv[1])["ecg"].ravel(), 512.0
samples = np.nan_to_num(samples)
info = pylsl.StreamInfo(sys.argv[2], "ECG", 1, rate, "float32", "soak-" + sys.argv[2])
info.desc().append_child("channels").append_child("channel").append_child_value("label", "ecg")
outlet, sent, begun = pylsl.StreamOutlet(info), 0, pylsl.local_clock()
while True:
    due = int((pylsl.local_clock() - begun) * rate)
    while sent + 16 <= due:
        place = np.arange(sent, sent + 16) % len(samples)
        outlet.push_chunk(samples[place].astype(np.float32)[:, None].tolist(), begun + (sent + 15) / rate)
        sent += 16
    time.sleep(0.005)
"""


class AsDevice:
    """A recording that is stamped by the machine's clock when it is read, as a device is."""

    def __init__(self, source: Source, *, speed: float) -> None:
        self._source, self._speed = source, speed
        self.kind = source.kind

    def open(self) -> SourceInfo:
        """Open the recording."""
        info = self._source.open()
        return replace(info, clock=MACHINE, rate_hz=info.rate_hz * self._speed)

    def read(self, timeout_s: float) -> Block | None:
        """Give the next block, as if it had been measured now."""
        block, now_s = self._source.read(timeout_s), time.monotonic()
        if isinstance(block, EcgBlock):
            number = len(block.samples)
            step_s = (block.stamps_s[-1] - block.stamps_s[0]) / max(number - 1, 1) / self._speed
            return replace(block, stamps_s=now_s - step_s * np.arange(number)[::-1], arrived_s=now_s)
        if block is not None:
            block.frame.time_s = now_s
            return replace(block, arrived_s=now_s)
        return None

    def close(self) -> None:
        """Close the recording."""
        self._source.close()


def connect(folder: Path, number: int, *, fps: float, lsl: bool) -> tuple[Connection, subprocess.Popen[bytes] | None]:
    story = STORIES[number % len(STORIES)]
    speed = fps / 12.5
    video, _ = play_patient(folder, story, pace=Pace(speed=speed))
    _, ecg = play_patient(folder, story, pace=Pace())
    outlet, sources = None, (AsDevice(video, speed=speed), AsDevice(ecg, speed=1.0))
    if lsl:
        name = f"{_STREAM}{number}"
        ecg_file = patient_files(folder, story.patient).ecg
        outlet = subprocess.Popen([sys.executable, "-c", _OUTLET, str(ecg_file), name])
        return Connection(patient=f"SIM-{number}", sources=(sources[0], LslSource(name=name))), outlet
    return Connection(patient=f"SIM-{number}", sources=sources), outlet


def sample() -> tuple[float, float, int]:
    """Processor time in s, memory in MB, and open files of this process."""
    times = os.times()
    memory = int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 1e6
    return times.user + times.system, memory, len(os.listdir("/proc/self/fd"))


def main(arguments: argparse.Namespace, store: Path) -> None:
    made = [
        connect(arguments.people, number, fps=arguments.fps, lsl=arguments.lsl) for number in range(arguments.patients)
    ]
    begun = time.monotonic()
    samples = []
    ward = open_ward(
        [connection for connection, _ in made], bundle=arguments.bundle, settings=MonitorSettings(),
        alarms=AlarmSettings(), store=store,
    )  # fmt: skip
    try:
        while time.monotonic() - begun < 60 * arguments.minutes:
            time.sleep(_SAMPLE_S)
            samples.append((time.monotonic() - begun, *sample()))
            states = ward.states()
    finally:
        ward.close()
        for _, outlet in made:
            if outlet is not None:
                outlet.kill()
    print(json.dumps(describe(arguments, store, np.array(samples), sum(state.frames_shed for state in states))))


def describe(arguments: argparse.Namespace, path: Path, samples: np.ndarray, shed: int) -> dict[str, object]:
    """Figures of the run; memory and files after the first fifth, in which caches fill."""
    late = samples[len(samples) // 5 :]
    rates: list[EstimateRow] = []
    kinds: dict[str, int] = {}
    missing = 0
    with Store(path, read_only=True) as store:
        for number, _ in store.sessions():
            rows = store.read(EstimateRow, number)
            missing += round(rows[-1].time_s - rows[0].time_s) + 1 - len(rows)
            rates += rows
            for event in store.read(EventRow, number):
                kinds[event.kind] = kinds.get(event.kind, 0) + 1
    delays = np.array([row.latency_ms for row in rates if row.estimate is not None])
    cpu = (late[-1, 1] - late[0, 1]) / (late[-1, 0] - late[0, 0])
    return {
        "benchmark": "monitor_soak",
        "simulated": True,
        "patients": arguments.patients, "minutes": arguments.minutes, "fps": arguments.fps, "lsl": arguments.lsl,
        "windows": len(rates),
        "windows_missing": missing,
        "estimates": len(delays),
        "delay_p50_ms": round(float(np.percentile(delays, 50)), 1),
        "delay_p99_ms": round(float(np.percentile(delays, 99)), 1),
        "delay_max_ms": round(float(delays.max()), 1),
        "frames_shed": shed,
        "cpu_percent_of_all_cores": round(100 * cpu / (os.cpu_count() or 1), 1),
        "memory_mb": round(float(late[-1, 2]), 1),
        "memory_mb_by_tenths": [round(float(np.median(part[:, 2])), 1) for part in np.array_split(samples, 10)],
        "memory_mb_per_hour": round(3600 * float(np.polyfit(late[:, 0], late[:, 2], 1)[0]), 2),
        "files_first_last": [int(late[0, 3]), int(late[-1, 3])],
        "clock_states": sorted({row.clock_state for row in rates}),
        "events": kinds,
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--patients", type=int, default=1)
    parser.add_argument("--fps", type=float, default=25.0)
    parser.add_argument("--lsl", action="store_true")
    parser.add_argument("--bundle", type=Path, default=Path("runs/demo/model"))
    parser.add_argument("--people", type=Path, default=Path("runs/monitor"))
    with TemporaryDirectory() as scratch:
        # LSL stays on this machine
        settings = Path(scratch) / "lsl_api.cfg"
        settings.write_text("[multicast]\nResolveScope = machine\n")
        os.environ["LSLAPICFG"] = str(settings)
        main(parser.parse_args(), Path(scratch) / "soak.sqlite")
