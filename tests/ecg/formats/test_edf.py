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


def test_a_clock_that_was_set_back_leaves_the_records_in_order(tmp_path: Path) -> None:
    times = [0, 1, 2, 3, 4, 5, 6, 7, 2.5, 5.5]
    path = make_discontinuous(write_pair(tmp_path / "back.edf", annotated=True), times)
    reading = read_ecg_fully(path)
    # the last record is two seconds late on the new clock, too
    assert len(reading.signal.samples) == 2400
    np.testing.assert_allclose(reading.signal.samples[:1800], ECG[:1800], atol=2e-5)
    assert np.isnan(reading.signal.samples[1800:2200]).all()
    assert any("the clock steps by -5.5 s after sample 1600 (8 s)" in note for note in reading.notes)


def test_a_record_without_a_time_follows_the_one_ahead(tmp_path: Path) -> None:
    path = make_discontinuous(write_pair(tmp_path / "lost.edf", annotated=True), [0, 1, 2, 3, 4, 7, 8, 9, 10, 11])
    path.write_bytes(path.read_bytes().replace(b"+4\x14\x14", b"....", 1))
    reading = read_ecg_fully(path)
    np.testing.assert_allclose(reading.signal.samples[:1000], ECG[:1000], atol=2e-5)
    np.testing.assert_allclose(reading.signal.samples[1400:], ECG[1000:], atol=2e-5)
    assert reading.notes == ("1 data records state no time: taken to follow the record ahead",)


def test_pauses_of_a_file_that_claims_none_are_nan(tmp_path: Path) -> None:
    path = make_discontinuous(write_pair(tmp_path / "night.edf", annotated=True), [0, 1, 2, 3, 4, 7, 8, 9, 10, 11])
    path.write_bytes(path.read_bytes().replace(b"EDF+D", b"EDF+C", 1))
    reading = read_ecg_fully(path)
    gap = np.full(400, np.nan)
    np.testing.assert_allclose(reading.signal.samples, np.concatenate([ECG[:1000], gap, ECG[1000:]]), atol=1e-4)
    assert probe_ecg(path).n_times == 2400
    assert "the header calls the recording continuous, and the times of its data records show pauses" in reading.notes


def test_a_file_that_speaks_of_pauses_without_times_is_read_in_order(tmp_path: Path) -> None:
    path = write_pair(tmp_path / "night.edf")
    content = bytearray(path.read_bytes())
    content[192:197] = b"EDF+D"
    path.write_bytes(content)
    reading = read_ecg_fully(path)
    np.testing.assert_allclose(reading.signal.samples, ECG, atol=1e-4)
    assert any("they follow each other" in note for note in reading.notes)


def test_the_transducer_and_a_unit_in_the_label_count(tmp_path: Path) -> None:
    path = write_pair(tmp_path / "night.edf", unit="")
    content = path.read_bytes().replace(b"ECG II          ", b"Ch 3 (uV)       ", 1)
    at = 256 + 2 * 16 + 80
    path.write_bytes(content[:at] + b"ECG electrode".ljust(80) + content[at + 80 :])
    reading = read_ecg_fully(path)
    assert (reading.channel, reading.signal.unit) == ("Ch 3 (uV)", "mV")
    np.testing.assert_allclose(reading.signal.samples, ECG, atol=1e-4)


def test_the_drift_of_a_clock_makes_no_pauses(tmp_path: Path) -> None:
    onsets_s = [round(1.04 * number, 2) for number in range(10)]
    path = make_discontinuous(write_pair(tmp_path / "night.edf", annotated=True), onsets_s)
    path.write_bytes(path.read_bytes().replace(b"EDF+D", b"EDF+C", 1))
    np.testing.assert_allclose(read_ecg(path).samples, ECG, atol=1e-4)


def test_an_ecg_that_is_flat_gives_way_to_the_next_one(tmp_path: Path) -> None:
    flat = np.zeros(2000)
    signals = [("ECG I", "mV", flat, FS_HZ), ("Resp", "au", ECG, FS_HZ), ("ECG II", "mV", ECG, FS_HZ)]
    reading = read_ecg_fully(write_edf(tmp_path / "x.edf", signals))
    assert (reading.channel, reading.notes[0]) == ("ECG II", "channel 'ECG I' is flat: 'ECG II' was taken")
    np.testing.assert_allclose(reading.signal.samples, ECG, atol=1e-4)
    # who asks for it gets it, and where all are flat the first one stays
    assert read_ecg_fully(tmp_path / "x.edf", column="ECG I").channel == "ECG I"
    signals[2] = ("ECG II", "mV", flat, FS_HZ)
    assert read_ecg_fully(write_edf(tmp_path / "y.edf", signals)).channel == "ECG I"


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
    "minus five records": (236, "-5", 8, "number of data records is -5"),
    "no duration": (244, "0", 8, "data records of 0 s: expected a positive number"),
    "a negative duration": (244, "-1", 8, "data records of -1 s"),
    "an endless duration": (244, "inf", 8, "data records of inf s: expected a positive number"),
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


def test_a_file_cut_off_is_read_to_its_end(tmp_path: Path) -> None:
    path = write_pair(tmp_path / "cut.edf")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    reading = read_ecg_fully(path)
    np.testing.assert_allclose(reading.signal.samples, ECG[:1800], atol=2e-5)
    assert reading.notes == ("the file is cut off: 1 of 10 data records (1 s) are missing at its end",)
    path.write_bytes(whole[:800])
    with pytest.raises(CorruptDataError, match="holds no whole data record"):
        read_ecg(path)
    path.write_bytes(whole[:300])
    with pytest.raises(CorruptDataError, match="in a file of 300"):
        read_ecg(path)


@pytest.mark.parametrize(
    ("stated", "note"),
    [("99999999", "the file is cut off"), ("4", "promises 4 data records, and the file holds 10"),
     ("0", "promises 0 data records"), ("", "no number of data records"), ("-1", "never closed")],
)  # fmt: skip
def test_the_number_of_data_records_is_that_of_the_file(tmp_path: Path, stated: str, note: str) -> None:
    reading = read_ecg_fully(patch(write_pair(tmp_path / "n.edf"), 236, stated, 8))
    np.testing.assert_allclose(reading.signal.samples, ECG, atol=2e-5)
    assert note in reading.notes[0]


# field of the ECG (signal 2 of 2): offset of the field's block, width
LABEL, UNIT, LOW, HIGH, LOW_COUNT, HIGH_COUNT, N_SAMPLES = (
    (0, 16), (96, 8), (104, 8), (112, 8), (120, 8), (128, 8), (216, 8),
)  # fmt: skip


def patch_ecg(path: Path, field: tuple[int, int], content: bytes) -> Path:
    at, width = 256 + 2 * field[0] + field[1], field[1]
    whole = path.read_bytes()
    path.write_bytes(whole[:at] + content.ljust(width)[:width] + whole[at + width :])
    return path


def get_ecg(path: Path, field: tuple[int, int]) -> bytes:
    return path.read_bytes()[256 + 2 * field[0] + field[1] :][: field[1]]


SPELLINGS = {
    "decimal comma": {LOW: b"-2,0000", HIGH: b"2,0000"},
    "comma of three digits": {LOW: b"-2,000", HIGH: b"2,000"},
    "one with a point": {LOW: b"-2,0", HIGH: b"2.0"},
    "NUL padding": {LOW: b"-2\0\0\0\0\0\0", HIGH: b"2.0\0\0\0\0\0", UNIT: b"mV\0\0\0\0\0\0"},
    "blanks in front": {LOW: b"      -2", HIGH: b"      +2", HIGH_COUNT: b"   32767"},
    "exponents": {LOW: b"-2.0E+00", HIGH: b"2e0"},
    "letter case": {UNIT: b"MV"},
    "digital limits in reverse": {LOW_COUNT: b"32767", HIGH_COUNT: b"-32768"},
    "digital limits with points": {LOW_COUNT: b"-32768.0", HIGH_COUNT: b"32767.0"},
}
MICRO = {"Latin-1": b"\xb5V", "UTF-8": "\u00b5V".encode(), "Greek": "\u03bcV".encode(), "u": b"uV", "lost": b"?V"}


@pytest.mark.parametrize("fields", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_a_field_in_another_spelling_means_the_same(tmp_path: Path, fields: dict[tuple[int, int], bytes]) -> None:
    path = write_pair(tmp_path / "spelt.edf", unit="mV")
    for field, content in {LOW: b"-2", HIGH: b"2", **fields}.items():
        patch_ecg(path, field, content)
    ecg = read_ecg(path)
    assert (ecg.unit, ecg.fs_hz) == ("mV", FS_HZ)
    assert np.ptp(ecg.samples) == pytest.approx(4.0, rel=1e-3)
    assert np.corrcoef(ecg.samples, ECG)[0, 1] > 0.999


@pytest.mark.parametrize("unit", MICRO.values(), ids=MICRO.keys())
def test_microvolts_are_known_in_every_encoding(tmp_path: Path, unit: bytes) -> None:
    ecg = read_ecg(patch_ecg(write_pair(tmp_path / "micro.edf"), UNIT, unit))
    assert ecg.unit == "mV"
    np.testing.assert_allclose(ecg.samples, ECG, atol=2e-5)


def test_physical_limits_in_reverse_turn_the_signal_over(tmp_path: Path) -> None:
    path = write_pair(tmp_path / "turned.edf")
    low, high = get_ecg(path, LOW), get_ecg(path, HIGH)
    patch_ecg(patch_ecg(path, LOW, high), HIGH, low)
    assert np.corrcoef(read_ecg(path).samples, ECG)[0, 1] < -0.999


@pytest.mark.parametrize("date", ["31/12/99", "31-12-99", "        ", "31.12.1999 ", "\0\0\0\0\0\0\0\0"])
def test_the_date_does_not_matter(tmp_path: Path, date: str) -> None:
    assert len(read_ecg(patch(write_pair(tmp_path / "date.edf"), 168, date[:8], 8)).samples) == 2000


def test_a_channel_that_is_switched_off_does_not_cost_the_others(tmp_path: Path) -> None:
    path = write_pair(tmp_path / "off.edf")
    whole = path.read_bytes()
    at = 256 + 2 * N_SAMPLES[0]
    bare = b"".join(whole[768 + 500 * number :][100:500] for number in range(10))
    path.write_bytes(whole[:at] + b"0       " + whole[at + 8 : 768] + bare)
    np.testing.assert_allclose(read_ecg(path).samples, ECG, atol=2e-5)
    with pytest.raises(DataError, match="signal 'Resp' holds no samples"):
        read_ecg(path, column="Resp")


def test_a_rate_that_the_header_lacks_is_asked_for(tmp_path: Path) -> None:
    path = patch(write_pair(tmp_path / "rate.edf"), 244, "", 8)
    with pytest.raises(CorruptDataError, match=r"data records of 0 s.*or give fs_hz"):
        read_ecg(path)
    np.testing.assert_allclose(read_ecg(path, fs_hz=FS_HZ).samples, ECG, atol=2e-5)


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
