"""ECG as text in the spellings of people and devices: times, numbers, separators, encodings, headers, merged rates."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from ecg_files import damage, make_ecg
from fuzzing import attempt

from ecg_facial.ecg.reading import EcgReading, read_ecg_fully
from ecg_facial.runtime.typing import Float64Array

N_ROWS = 300
RATES_HZ = (128.0, 200.0, 250.0, 256.0, 360.0, 500.0, 512.0, 1000.0)
SEPARATORS = (",", ";", "\t", "|")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252")
ENDS = ("\n", "\r\n", "\r")
# decimal sign and sign of groups
STYLES = ((".", ""), (".", ","), (".", "'"), (",", ""), (",", "."), (",", " "), (",", "\u00a0"))
MISSING = ("", "NaN", "NA", "n/a", "-", "#N/A", "null")
NAMES = ("ecg", "ECG", "EKG", "ECG II", "Lead II", "MLII", "EcgWaveform", "rawECG", "LeadII", "ECG_mV", "Ableitung II")
# what stands beside it: another signal, or what is computed from an ECG and bears its name
BESIDE = ("resp", "ECG_Rate", "ecg_seq", "ECG_LeadOff", "ECG_Status1", "EDA (uS)")
START = datetime(2024, 2, 28, 23, 59, 58)


def _clock(pattern: str, digits: int) -> Callable[[float], str]:
    def write(time_s: float) -> str:
        moment = START + timedelta(microseconds=round(1e6 * time_s))
        fraction = f"{moment.microsecond:06d}"[:digits]
        return moment.strftime(pattern) + fraction

    return write


# names of a time column, and how its cells are written; cells with a point are numbers in the file's style
TIMES: dict[str, tuple[tuple[str, ...], Callable[[float], str]]] = {
    "s": (("time", "Time (s)", "t", "Elapsed time [sec]", "Zeit (s)"), lambda t: f"{t:.6f}"),
    "ms": (("time_ms", "Time (ms)", "Timestamp [msec]"), lambda t: f"{1e3 * t:.3f}"),
    "us": (("time_us", "Time (\u00b5s)", "Time [usec]"), lambda t: f"{1e6 * t:.1f}"),
    "min": (("time_min", "Time (min)", "min"), lambda t: f"{t / 60:.9f}"),
    "h": (("Time [h]", "time_h"), lambda t: f"{t / 3600:.11f}"),
    "epoch": (("timestamp", "Timestamp_Unix (s)"), lambda t: f"{1709164798 + t:.4f}"),
    "ISO": (("time", "Timestamp", "datetime"), _clock("%Y-%m-%dT%H:%M:%S.", 6)),
    "day first": (("Datum/Zeit", "time"), _clock("%d.%m.%Y %H:%M:%S.", 6)),
    "clock": (("Time", "Uhrzeit", "time of day"), _clock("%H:%M:%S.", 6)),
    "minutes": (("Elapsed time", "Time"), lambda t: f"{int(t // 60)}:{t % 60:09.6f}"),
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Written:
    """A recording as text, and what it holds."""

    content: bytes
    samples: Float64Array
    fs_hz: float


def draw(rng: np.random.Generator) -> Written:
    """Draw a spelling of a recording."""
    fs_hz = float(rng.choice(RATES_HZ))
    decimal, group = STYLES[rng.integers(len(STYLES))]
    separator = str(rng.choice(SEPARATORS))
    scale = float(rng.choice([1.0, 1e4])) if group else 1.0
    samples = np.round(scale * make_ecg(N_ROWS, fs_hz=fs_hz), 3)
    by_time = rng.random() < 0.7
    every = int(rng.choice([1, 1, 1, 2, 3]))
    lost = np.zeros(N_ROWS, dtype=bool)
    if rng.random() < 0.3:
        lost[rng.choice(np.arange(1, N_ROWS - 1), 5, replace=False)] = True
        samples[lost] = np.nan
    style = str.maketrans({".": decimal, ",": group})
    quote = '"' if rng.random() < 0.2 else ""

    def spell(cell: str, *, is_number: bool) -> str:
        cell = cell.translate(style) if is_number else cell
        return f'"{cell}"' if quote or separator in cell else cell

    name = str(rng.choice(NAMES))
    columns = [(name, [f"{value:,.3f}" if np.isfinite(value) else "" for value in samples])]
    missing = str(rng.choice(MISSING))
    columns[0] = (name, [cell or missing for cell in columns[0][1]])
    rows = [[spell(cell, is_number=cell != missing)] for cell in columns[0][1]]
    header = [name]
    is_date = False
    if by_time:
        kind = str(rng.choice(list(TIMES)))
        names, write = TIMES[kind]
        header.insert(0, str(rng.choice(names)))
        is_date = kind in ("ISO", "day first", "clock", "minutes")
    # a blank line between others is none of a table, so a missing value needs a second column
    if rng.random() < 0.5 or not by_time:
        # in front of the ECG too
        header.insert(int(rng.choice([len(header), len(header) - 1])), str(rng.choice(BESIDE)))
    lines = []
    for number, row in enumerate(rows):
        for part in range(every):
            cells = list(row) if part == 0 else [spell("", is_number=False)]
            if by_time:
                cells.insert(0, spell(write((number + part / every) / fs_hz), is_number=not is_date))
            beside = next((place for place, label in enumerate(header) if label in BESIDE), None)
            if beside is not None:
                cells.insert(beside, spell("0.75", is_number=True))
            lines.append(separator.join(cells))
    first = separator.join(f'"{label}"' if quote else label for label in header)
    above = _draw_remarks(rng, every * fs_hz, states_rate=not by_time)
    if separator != "," and rng.random() < 0.2 and not above:
        above = [f"sep={separator}"]
    text = str(rng.choice(ENDS)).join([*above, first, *lines, ""])
    return Written(content=text.encode(str(rng.choice(ENCODINGS))), samples=samples, fs_hz=fs_hz)


def _draw_remarks(rng: np.random.Generator, rate_hz: float, *, states_rate: bool) -> list[str]:
    """Draw lines above the table, one of which states the rate of the rows."""
    rates = (
        f"# Sampling Rate (Hz):= {rate_hz:.2f}",
        f"# fs={rate_hz:g}",
        f"%Sample Rate = {rate_hz:g} Hz",
        f"Sampling frequency: {rate_hz / 1e3:g} kHz",
        f"Interval=\t{1 / rate_hz:.9f} s",
        f"# sampling interval: {1e3 / rate_hz:.6f} ms",
        "# " + json.dumps({"device": {"sampling rate": rate_hz, "comments": "a, b: c"}}),
    )
    remarks = [f"# made on day {number}, filter: 100 Hz" for number in range(rng.integers(4))]
    if states_rate:
        remarks.insert(int(rng.integers(len(remarks) + 1)), rates[rng.integers(len(rates))])
    return remarks


def read(path: Path) -> EcgReading:
    """Read the ECG of a file."""
    return read_ecg_fully(path)


def test_a_recording_is_read_rightly_in_every_spelling(rng: np.random.Generator, tmp_path: Path) -> None:
    written = draw(rng)
    path = tmp_path / "ecg.csv"
    path.write_bytes(written.content)
    found = read(path)
    np.testing.assert_allclose(found.signal.fs_hz, written.fs_hz, rtol=1e-3)
    np.testing.assert_allclose(found.signal.samples, written.samples, atol=1e-6)


def test_rows_that_are_damaged_cost_themselves_and_no_more(rng: np.random.Generator, tmp_path: Path) -> None:
    fs_hz = float(rng.choice(RATES_HZ))
    samples = np.round(make_ecg(N_ROWS, fs_hz=fs_hz), 3)
    rows = [f"{number / fs_hz:.6f},1.0,{value:.3f}" for number, value in enumerate(samples)]
    broken = rng.choice(np.arange(50, N_ROWS - 50), 8, replace=False)
    for place in broken:
        row = rows[place]
        cut = int(rng.integers(1, len(row) - 7))
        damaged = (row[:cut], f"{row[:cut]}\0\0\0", f"{row[:-3]}x?y", f"{row},9.5,{row}", "\ufffd" * 9)
        rows[place] = damaged[rng.integers(len(damaged))]
    path = tmp_path / "ecg.csv"
    path.write_bytes("\n".join(["time,resp,ecg", *rows]).encode() + bytes(int(rng.integers(2) * 999)))
    found = read(path)
    np.testing.assert_allclose(found.signal.fs_hz, fs_hz, rtol=1e-3)
    whole = np.setdiff1d(np.arange(N_ROWS - 1), broken)
    np.testing.assert_allclose(found.signal.samples[whole], samples[whole], atol=1e-9)
    assert np.isnan(found.signal.samples[broken]).all()
    assert any("8 of" in note for note in found.notes)


def test_damaged_bytes_are_an_ecg_or_one_line(rng: np.random.Generator, tmp_path: Path) -> None:
    written = draw(rng)
    path = tmp_path / "ecg.csv"
    path.write_bytes(damage(written.content, rng))
    found = attempt(lambda: read(path))
    if isinstance(found, EcgReading):
        assert not np.isinf(found.signal.samples).any()
