"""A manifest of 70 tiny trials: three shards, made within a second or two."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.datasets.records import DatasetIndex
from ecg_facial.prepared import PreparedData, prepare
from ecg_facial.windows.settings import WindowSettings

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
def tiny_prepared(tiny_index: DatasetIndex, tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    """Prepare without an interruption, in one process."""
    return prepare(tiny_index, tmp_path_factory.mktemp("prepared"), settings=TINY)
