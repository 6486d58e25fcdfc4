"""A whole day of the live monitor, replayed as fast as it can be: memory, open files, missing windows, the store.

Run as ``python benchmarks/monitor_day.py [--hours 24] [--people runs/monitor]``, after ``make monitor`` has recorded
its SIMULATED patients: the ECG of one of them is played over and over, with its faults. The face detector and the
networks are stubs: a face that is always found, and constant logits; everything else is the monitor. The last line is
a JSON object.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ecg_facial.ecg.reading import read_ecg
from ecg_facial.errors import SourceEndedError
from ecg_facial.face.detection import Face
from ecg_facial.face.video import RgbFrame, VideoFrame
from ecg_facial.inference.bundle import BundleInfo
from ecg_facial.inference.fusion import Fusion
from ecg_facial.inference.predictor import Predictor
from ecg_facial.live import session
from ecg_facial.live.alarms.settings import AlarmSettings
from ecg_facial.live.connecting import Connection
from ecg_facial.live.demo.files import patient_files
from ecg_facial.live.demo.story import STORIES
from ecg_facial.live.settings import MonitorSettings
from ecg_facial.live.sources.contract import RECORDING, Block, EcgBlock, Kind, SourceInfo, VideoBlock
from ecg_facial.live.sources.replay import Pace
from ecg_facial.live.store.database import Store
from ecg_facial.live.store.rows import EstimateRow
from ecg_facial.windows.settings import WindowSettings

FPS, FS_HZ, CHUNK, SIDE_PX = 12.5, 512.0, 64, 96
_PICTURES = 64


class AnyFace:
    """A detector that finds the same face in every picture."""

    name, sha256 = "mtcnn", "0" * 64

    def __init__(self) -> None:
        places = np.array([[0.35, 0.4], [0.65, 0.4], [0.5, 0.55], [0.38, 0.75], [0.62, 0.75]])
        self._face = Face(box=np.array([20.0, 20.0, 50.0, 50.0]), landmarks=20.0 + 50.0 * places, confidence=0.95)

    def detect(self, frame: VideoFrame) -> list[Face]:
        """Find it."""
        return [self._face]

    def detect_small(self, frame: VideoFrame) -> list[Face]:
        """Find none."""
        return []

    def ask_upright(self, frame: VideoFrame, face: Face) -> Callable[[], bool]:
        """Say yes."""
        return lambda: True

    def verify(self, frame: VideoFrame, expected: Face) -> Face | None:
        """Find it."""
        return self._face


class Constant:
    """Networks that always say the same."""

    def face_features(self, crops: np.ndarray, /) -> np.ndarray:
        """Give ones."""
        return np.ones((len(crops), 2), np.float32)

    def facial_logits(self, features: np.ndarray, /) -> np.ndarray:
        """Give the first class."""
        return np.array([1.0, 0.5, 0.0, 0.0], np.float32)

    def ecg_logits(self, tokens: np.ndarray, times_s: np.ndarray, /) -> np.ndarray:
        """Give the second class."""
        return np.array([0.5, 1.0, 0.0, 0.0], np.float32)


class Looped:
    """A camera or an amplifier that plays the same again and again, as fast as it is read."""

    def __init__(self, kind: Kind, pace: Pace, *, seconds: float, ecg: np.ndarray) -> None:
        self.kind, self.pace, self._seconds, self._ecg = kind, pace, seconds, ecg
        rng = np.random.default_rng(0)
        shade = np.linspace(60.0, -60.0, SIDE_PX)[:, None, None]
        noisy = rng.normal(120.0, 15.0, (_PICTURES, SIDE_PX, SIDE_PX, 3)) + shade
        self._pictures = np.clip(noisy, 0, 255).astype(np.uint8)
        self._number = 0

    def open(self) -> SourceInfo:
        """Begin."""
        rate_hz = FPS if self.kind == "video" else FS_HZ
        self.pace.join(self)
        return SourceInfo(name=f"looped {self.kind}", kind=self.kind, clock=RECORDING, rate_hz=rate_hz, simulated=True)

    def read(self, timeout_s: float) -> Block | None:
        """Give the next frame, or 64 samples."""
        step_s = 1 / FPS if self.kind == "video" else CHUNK / FS_HZ
        time_s = self._number * step_s
        if time_s >= self._seconds:
            self.pace.leave(self)
            raise SourceEndedError("the day is over")
        if not self.pace.wait(self, time_s, timeout_s=timeout_s):
            return None
        self._number += 1
        if self.kind == "video":
            return VideoBlock(frame=RgbFrame(self._pictures[self._number % _PICTURES], time_s), arrived_s=time_s)
        places = (self._number - 1) * CHUNK + np.arange(CHUNK)
        return EcgBlock(samples=self._ecg[places % len(self._ecg)], stamps_s=places / FS_HZ, arrived_s=time_s + step_s)

    def close(self) -> None:
        """End."""
        self.pace.leave(self)


def sample() -> tuple[float, int]:
    """Memory in MB and open files of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6, len(os.listdir("/proc/self/fd"))


def main(arguments: argparse.Namespace, path: Path) -> None:
    ecg = read_ecg(patient_files(arguments.people, STORIES[0].patient).ecg).samples
    session.load_detector = lambda *_, **__: AnyFace()
    info = BundleInfo(
        task="biovid4", class_names=("BL1", "PA1", "PA2", "PA3"), windows=WindowSettings(), fusion=Fusion(),
        simulated=True, n_subjects=0, description="constant",
    )  # fmt: skip
    pace, seconds = Pace(speed=math.inf), 3600.0 * arguments.hours
    sources = tuple(Looped(kind, pace, seconds=seconds, ecg=ecg) for kind in ("video", "ecg"))
    running = session.RunningSession(
        Connection(patient="SIM-DAY", sources=sources), Predictor(info, Constant()),
        bundle=session.BundleName(version="0", sha256="0" * 64), settings=MonitorSettings(), alarms=AlarmSettings(),
        store=path,
    )  # fmt: skip
    samples, begun, told = [], time.monotonic(), 0
    while not running.is_ended:
        time.sleep(1.0)
        now_h = running.state().time_s / 3600
        samples.append((now_h, *sample()))
        if now_h >= told + 1:
            told = int(now_h)
            print(
                f"{told} h: {samples[-1][1]:.1f} MB, {samples[-1][2]} files, {time.monotonic() - begun:.0f} s",
                flush=True,
            )
    running.close()
    print(json.dumps(describe(arguments.hours, path, np.array(samples), time.monotonic() - begun)))


def describe(hours: float, path: Path, samples: np.ndarray, took_s: float) -> dict[str, object]:
    """Figures of the day; memory after its first eighth, in which caches fill."""
    late = samples[samples[:, 0] > hours / 8]
    with Store(path, read_only=True) as store:
        ((number, found),) = store.sessions()
        rows = store.read(EstimateRow, number)
    ends = np.array([row.time_s for row in rows])
    with sqlite3.connect(path) as opened:
        (state,) = opened.execute("PRAGMA integrity_check").fetchone()
    return {
        "benchmark": "monitor_day",
        "simulated": True,
        "hours": hours,
        "windows": len(rows),
        "windows_missing": int((np.diff(ends) > 1.5).sum()),
        "estimates": sum(row.estimate is not None for row in rows),
        "memory_mb": round(float(late[-1, 1]), 1),
        "memory_mb_per_hour": round(float(np.polyfit(late[:, 0], late[:, 1], 1)[0]), 3),
        "files_first_last": [int(late[0, 2]), int(late[-1, 2])],
        "store_mb": round(path.stat().st_size / 1e6, 1),
        "store": state,
        "end": found.end,
        "took_s": round(took_s),
        "times_real_time": round(3600 * hours / took_s, 1),
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--people", type=Path, default=Path("runs/monitor"))
    with TemporaryDirectory() as scratch:
        main(parser.parse_args(), Path(scratch) / "day.sqlite")
