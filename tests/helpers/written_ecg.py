"""An ECG written as text, row by row, and the check that it reads back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from ecg_files import make_ecg

from ecg_facial.ecg.reading import EcgReading, read_ecg_fully

FS_HZ, N_ROWS = 250.0, 1000
ECG_MV = np.round(make_ecg(N_ROWS, fs_hz=FS_HZ), 3)
START = datetime(2024, 3, 5, 9, 30)


def write_rows(row: Callable[[float, float], str], *, header: str = "") -> str:
    """Text of all rows; `row` is given the time in seconds and the ECG in mV."""
    rows = (row(number / FS_HZ, value) for number, value in enumerate(ECG_MV.tolist()))
    return header + "\n".join(rows) + "\n"


def clock(seconds: float, *, start: datetime = START, pattern: str = "%Y-%m-%dT%H:%M:%S.", digits: int = 3) -> str:
    """Date of a moment, with a fraction of so many digits."""
    moment = start + timedelta(milliseconds=round(1000 * seconds))
    return moment.strftime(pattern) + f"{moment.microsecond:06d}"[:digits]


def read_text(folder: Path, text: str | bytes, *, column: str = "ecg") -> EcgReading:
    """Write a file, and read it."""
    path = folder / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_ecg_fully(path, column=column)


def check_text(folder: Path, text: str | bytes, *, column: str = "ecg", scale: float = 1.0) -> EcgReading:
    """Read a text, and check samples and rate."""
    reading = read_text(folder, text, column=column)
    assert reading.signal.fs_hz == pytest.approx(FS_HZ, rel=1e-4)
    np.testing.assert_allclose(reading.signal.samples, scale * ECG_MV, atol=1e-6 * scale)
    return reading
