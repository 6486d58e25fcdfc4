"""EDF, EDF+ and BDF: files of edfio are read; pauses are NaN; wrong headers are refused."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from ecg_files import FS_HZ, make_discontinuous, make_ecg, write_edf
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ecg_facial.ecg.reading import probe_ecg, read_ecg, read_ecg_fully
from ecg_facial.errors import CorruptDataError, DataError, EcgFacialError

ECG = make_ecg()
STEP = {".edf": 2**-16, ".bdf": 2**-24}


def write_pair(path: Path, *, annotated: bool = False, unit: str = "uV") -> Path:
    signals = [("Resp", "au", ECG[:500], 50.0), ("ECG II", unit, 1000 * ECG, FS_HZ)]
    return write_edf(path, signals, annotated=annotated)


def patch(path: Path, at: int, field: str, width: int) -> Path:
    content = bytearray(path.read_bytes())
    content[at : at + width] = field.ljust(width).encode()
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("suffix", [".edf", ".bdf"])
@pytest.mark.parametrize("annotated", [False, True])
def test_the_ecg_is_found_by_name_and_read_in_millivolts(tmp_path: Path, suffix: str, annotated: bool) -> None:
    reading = read_ecg_fully(write_pair(tmp_path / f"night{suffix}", annotated=annotated))
    assert (reading.channel, reading.channels) == ("ECG II", ("Resp", "ECG II"))
    assert (reading.signal.unit, reading.signal.fs_hz, reading.notes) == ("mV", FS_HZ, ())
    # half a step of the converter over the range of the signal
    np.testing.assert_allclose(reading.signal.samples, ECG, atol=STEP[suffix])


def test_signals_keep_their_own_rates(tmp_path: Path) -> None:
    path = write_pair(tmp_path / "night.edf", annotated=True)
    assert (probe_ecg(path).n_times, probe_ecg(path).fs_hz) == (2000, FS_HZ)
    resp = read_ecg(path, column="Resp")
    assert (len(resp.samples), resp.fs_hz, resp.unit) == (500, 50.0, None)


@pytest.mark.parametrize("suffix", [".edf", ".bdf"])
def test_a_long_file_is_the_same_in_blocks(tmp_path: Path, suffix: str) -> None:
    """Longer than a block of the reader."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 1, (3, 900_000))
    path = write_edf(
        tmp_path / f"long{suffix}", [(f"V{number + 1}", "mV", noise[number], 1000.0) for number in range(3)]
    )
    for number in range(3):
        np.testing.assert_allclose(
            read_ecg(path, column=f"V{number + 1}").samples, noise[number], atol=12 * STEP[suffix]
        )


def test_a_pause_is_nan(tmp_path: Path) -> None:
    path = make_discontinuous(
        write_pair(tmp_path / "paused.edf", annotated=True), [0, 1, 2, 5, 6, 7, 8, 12.5, 13.5, 14.5]
    )
    ecg = read_ecg(path)
    assert probe_ecg(path).n_times == len(ecg.samples) == 3100
    np.testing.assert_allclose(ecg.samples[:600], ECG[:600], atol=2e-5)
    assert np.isnan(ecg.samples[600:1000]).all()
    np.testing.assert_allclose(ecg.samples[1000:1800], ECG[600:1400], atol=2e-5)
    assert np.isnan(ecg.samples[1800:2500]).all()
    np.testing.assert_allclose(ecg.samples[2500:], ECG[1400:], atol=2e-5)


def test_times_that_run_back_or_are_missing_are_refused(tmp_path: Path) -> None:
    times = [0, 1, 2, 3, 4, 5, 6, 7, 8, 8.5]
    path = make_discontinuous(write_pair(tmp_path / "back.edf", annotated=True), times)
    with pytest.raises(CorruptDataError, match=r"data record 10 starts at 8\.5 s, before the one ahead of it ends"):
        read_ecg(path)
    path.write_bytes(path.read_bytes().replace(b"+4\x14\x14", b"....", 1))
    with pytest.raises(CorruptDataError, match="data record 5 states no time"):
        read_ecg(path)


def test_a_pause_of_years_is_not_allocated(tmp_path: Path) -> None:
    path = make_discontinuous(write_pair(tmp_path / "years.edf", annotated=True), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9876543])
    with pytest.raises(DataError, match=r"signal 'ECG II' has 1975308800 samples, limit"):
        read_ecg(path)


def test_a_recording_that_was_never_closed_is_read_to_its_end(tmp_path: Path) -> None:
    path = patch(write_pair(tmp_path / "open.edf"), 236, "-1", 8)
    reading = read_ecg_fully(path)
    assert len(reading.signal.samples) == 2000
    assert "never closed" in reading.notes[0]


def test_limits_that_make_no_scale_leave_counts(tmp_path: Path) -> None:
    path = write_pair(tmp_path / "flat.edf")
    # physical maximum of the second signal becomes its minimum
    content = path.read_bytes()
    minimum = content[256 + 2 * 104 + 8 :][:8].decode()
    patch(path, 256 + 2 * 112 + 8, minimum, 8)
    reading = read_ecg_fully(path)
    assert reading.signal.unit is None
    assert "make no scale" in reading.notes[0]


LIES = {
    "a billion records": (236, "99999999", 8, "holds 10 data records, the header promises 99999999.*copy it again"),
    "minus five records": (236, "-5", 8, "number of data records is -5"),
    "no duration": (244, "0", 8, "data records of 0 s: expected a positive number"),
    "a negative duration": (244, "-1", 8, "data records of -1 s"),
    "an endless duration": (244, "inf", 8, "duration of a data record is b'inf"),
    "too many signals": (252, "9999", 4, "number of signals is 9999: expected 1 to 4096"),
    "no signals": (252, "0", 4, "number of signals is 0"),
    "signals of another header": (252, "200", 4, "a header of 768 bytes for 200 signals, expected 51456"),
    "a header size": (184, "12345", 8, "a header of 12345 bytes for 2 signals, expected 768"),
    "gigantic records": (256 + 2 * 216, "99999999", 8, r"data records of \d+ bytes, limit"),
    "negative samples": (256 + 2 * 216, "-3", 8, "samples of 'Resp' a record is -3"),
    "half a sample": (256 + 2 * 216, "2.5", 8, "samples of 'Resp' a record is 2.5"),
    "another version": (0, "7", 8, "no EDF or BDF file"),
}  # fmt: skip


@pytest.mark.parametrize(("at", "field", "width", "message"), LIES.values(), ids=LIES.keys())
def test_a_header_that_lies_is_refused_before_anything_is_allocated(
    tmp_path: Path, at: int, field: str, width: int, message: str
) -> None:
    path = patch(write_pair(tmp_path / "lie.edf"), at, field, width)
    tracemalloc.start()
    try:
        with pytest.raises(EcgFacialError, match=message):
            read_ecg(path)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_a_file_cut_off_is_refused(tmp_path: Path) -> None:
    path = write_pair(tmp_path / "cut.edf")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CorruptDataError, match="holds 9 data records, the header promises 10"):
        read_ecg(path)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(CorruptDataError, match="in a file of 300"):
        read_ecg(path)


def test_a_file_without_a_suffix_is_recognised(tmp_path: Path) -> None:
    path = write_pair(tmp_path / "night.edf").rename(tmp_path / "night.data")
    np.testing.assert_allclose(read_ecg(path).samples, ECG, atol=2e-5)


@settings(max_examples=40)
@given(
    n_signals=st.integers(1, 4), n_s=st.integers(1, 8), rate=st.sampled_from([1.0, 50.0, 256.0]),
    suffix=st.sampled_from([".edf", ".bdf"]), annotated=st.booleans(), scale=st.floats(1e-3, 1e4),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_a_written_file_reads_back(
    tmp_path_factory: pytest.TempPathFactory, n_signals: int, n_s: int, rate: float, suffix: str, annotated: bool,
    scale: float, seed: int,
) -> None:  # fmt: skip
    assume(n_s * rate >= 2)
    noise = np.random.default_rng(seed).normal(0, scale, (n_signals, round(n_s * rate)))
    signals = [(f"V{number + 1}", "mV", noise[number], rate) for number in range(n_signals)]
    path = write_edf(tmp_path_factory.mktemp("edf") / f"round{suffix}", signals, annotated=annotated)
    for number in range(n_signals):
        span = np.ptp(noise[number])
        # physical limits are rounded to the eight characters of their fields
        np.testing.assert_allclose(
            read_ecg(path, column=str(number + 1)).samples, noise[number], atol=span * STEP[suffix] + 2e-3 * scale
        )
