"""A manifest of 70 tiny trials: three shards, made within a second or two."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.datasets.readers.contract import NoSettings
from ecg_facial.datasets.records import DatasetIndex
from ecg_facial.prepared import making
from ecg_facial.prepared.making import prepare
from ecg_facial.prepared.memory import MemoryData
from ecg_facial.prepared.shards import TRIALS_PER_SHARD, PreparedWindow, write_shard
from ecg_facial.prepared.stored import StoredData, open_prepared
from ecg_facial.recording import Subject, Trial, VideoRef
from ecg_facial.runtime.settings import to_dict
from ecg_facial.runtime.storage import sha256_json
from ecg_facial.windows.settings import PREPROCESSING_VERSION, WindowSettings

N_TRIALS, FS_HZ, RR_S = 70, 128, 0.8
TINY = WindowSettings(window_s=4.0, n_frames=2, crop_px=32)


def write_beats(path: Path, *, rr_s: float) -> None:
    """Write narrow Gaussian beats at a constant rate."""
    times_s = np.arange(round(TINY.window_s * FS_HZ)) / FS_HZ
    beats_s = np.arange(0.4, TINY.window_s, rr_s)
    ecg = np.exp(-0.5 * ((times_s[:, None] - beats_s) / 0.012) ** 2).sum(axis=1)
    path.write_text("ecg\n" + "\n".join(f"{value:.5f}" for value in ecg) + "\n")


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven subjects of ten trials, in an order that is not the sorted one."""
    root = tmp_path_factory.mktemp("tiny")
    picture = cv2.imencode(".jpg", np.full((24, 32, 3), 90, np.uint8))[1].tobytes()
    (root / "frames").mkdir()
    for number in range(3):
        (root / "frames" / f"{number}.jpg").write_bytes(picture)
    write_beats(root / "beats.csv", rr_s=RR_S)
    rows = [
        f"s{number % 7},t{number:02d},P{number % 5},frames,beats.csv,{FS_HZ}" for number in reversed(range(N_TRIALS))
    ]
    (root / "manifest.csv").write_text("\n".join(["subject,trial,label,video,ecg,fs_hz", *rows]) + "\n")
    return root


@pytest.fixture(scope="session")
def tiny_index(tiny_data: Path) -> DatasetIndex:
    index = index_dataset(tiny_data, min_duration_s=0.1)
    assert len(index) == N_TRIALS
    return index


@pytest.fixture(scope="session")
def tiny_prepared(tiny_index: DatasetIndex, tmp_path_factory: pytest.TempPathFactory) -> StoredData:
    """Prepare without an interruption, in one process."""
    return prepare(tiny_index, tmp_path_factory.mktemp("prepared"), settings=TINY)


@pytest.fixture
def store(tmp_path: Path) -> Callable[[MemoryData], StoredData]:
    """Write prepared data from memory to files, as `prepare` writes windows, and open them."""

    def write(data: MemoryData) -> StoredData:
        trials = [_make_trial(**row) for row in data.table[["subject", "trial", "level"]].to_dict("records")]
        windows = [
            PreparedWindow(trial=trial, window=window) for trial, window in zip(trials, data.windows, strict=True)
        ]
        parts = {"settings": to_dict(data.settings), "preprocessing_version": PREPROCESSING_VERSION}
        for number, first in enumerate(range(0, len(windows), TRIALS_PER_SHARD)):
            write_shard(tmp_path, number, windows[first : first + TRIALS_PER_SHARD], key=sha256_json(parts))
        index = DatasetIndex(
            root=tmp_path,
            reader="none",
            reader_settings=NoSettings(),
            trials=(),
            problems=(),
            fingerprint="",
            simulated=data.simulated,
        )
        making._finish(tmp_path, index, parts, n_trials=len(windows), n_rest=0)
        return open_prepared(tmp_path)

    return write


def _make_trial(*, subject: str, trial: str, level: str) -> Trial:
    return Trial(id=trial, subject=Subject(id=subject), code=level, video=VideoRef(path=Path("none.mp4")))
