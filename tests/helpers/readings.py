"""ECGs as read from a file: a regular heart with a little noise, in a reading whose notes and unit can be chosen."""

from __future__ import annotations

import numpy as np
from ecg_files import FS_HZ, make_ecg

from ecg_facial.ecg.reading import EcgReading
from ecg_facial.recording import EcgSignal


def read(samples: np.ndarray, *, unit: str | None = "mV", notes: tuple[str, ...] = ()) -> EcgReading:
    return EcgReading(
        name="heart.csv",
        signal=EcgSignal(samples=samples, fs_hz=FS_HZ, unit=unit),
        kind="text table",
        channel="ecg",
        channels=("ecg", "gsr"),
        notes=notes,
    )


def noisy(n_times: int = 6000, *, scale: float = 1.0) -> np.ndarray:
    return scale * (make_ecg(n_times) + np.random.default_rng(0).normal(0, 0.01, n_times))
