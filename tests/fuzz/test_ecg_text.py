"""ECG as text: one recording, written in the ways that people and devices write a table, reads as the same ECG."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ecg_files import damage, make_ecg
from fuzzing import attempt, attempt_and_read

from ecg_facial.ecg.reading import read_ecg
from ecg_facial.recording import EcgSignal
from ecg_facial.runtime.typing import Float64Array

N_ROWS = 400
# separator of the cells and decimal sign
SIGNS = ((",", "."), (";", "."), (";", ","), ("\t", "."), ("\t", ","), (" ", "."))
ENCODINGS = ("utf-8", "utf-8-sig", "latin-1")
TIMES = {"time": 1.0, "Time (s)": 1.0, "time_ms": 1e3, "t": 1.0, "Timestamp [us]": 1e6}
NAMES = ("ecg", "ECG", "Ecg (mV)", "ECG II", "II")
RATES_HZ = (100.0, 250.0, 256.0, 360.0, 512.0, 1000.0)
MISSING = ("", "NaN", "NA", "n/a", "null")


def draw_table(rng: np.random.Generator) -> tuple[str, Float64Array, float]:
    """Draw a spelling of a recording; give the text, the samples as they are written, and the rate."""
    fs_hz = float(rng.choice(RATES_HZ))
    ecg = np.round(make_ecg(N_ROWS, fs_hz=fs_hz), 4)
    separator, decimal = SIGNS[rng.integers(len(SIGNS))]
    time_name, per_second = list(TIMES.items())[rng.integers(len(TIMES))]
    name = str(rng.choice(NAMES if separator != " " else ("ecg", "ECG", "II")))
    time_name = time_name if separator != " " else "time"
    per_second = TIMES[time_name]
    cells = [[f"{number / fs_hz * per_second:.6f}", "5.0", f"{value:.4f}"] for number, value in enumerate(ecg)]
    if separator != " " and rng.random() < 0.3:
        for number in rng.choice(np.arange(1, N_ROWS), 3, replace=False):
            cells[number][2], ecg[number] = str(rng.choice(MISSING)), np.nan
    order = rng.permutation(3) if rng.random() < 0.5 else np.arange(3)
    header = [[time_name, "gsr", name][place] for place in order]
    rows = [separator.join(row[place].replace(".", decimal) for place in order) for row in cells]
    remarks = [f"# made on day {number}" for number in range(rng.integers(3))]
    end = str(rng.choice(["\n", "\r\n"]))
    return end.join([*remarks, separator.join(header), *rows, ""]), ecg, fs_hz


def write(path: Path, text: str, rng: np.random.Generator) -> Path:
    path.write_bytes(text.encode(str(rng.choice(ENCODINGS))))
    return path


def test_a_recording_reads_the_same_however_its_table_is_written(rng: np.random.Generator, tmp_path: Path) -> None:
    text, ecg, fs_hz = draw_table(rng)
    path = write(tmp_path / "ecg.csv", text, rng)
    found = attempt_and_read(lambda: read_ecg(path))
    np.testing.assert_allclose(found.samples, ecg, atol=1e-9)
    np.testing.assert_allclose(found.fs_hz, fs_hz, rtol=1e-3)


def test_a_damaged_table_is_an_ecg_or_one_line(rng: np.random.Generator, tmp_path: Path) -> None:
    text, _, fs_hz = draw_table(rng)
    path = write(tmp_path / "ecg.csv", text, rng)
    path.write_bytes(damage(path.read_bytes(), rng))
    found = attempt(lambda: read_ecg(path, fs_hz=fs_hz if rng.random() < 0.5 else None))
    if isinstance(found, EcgSignal):
        assert not np.isinf(found.samples).any()
