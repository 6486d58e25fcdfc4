"""WFDB records: known answers for all sample formats, calibration, skew and offset; wrong headers are refused."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from ecg_files import FS_HZ, make_ecg, pack_212, write_atr, write_flac, write_wfdb
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg_facial.ecg.formats.wfdb_beats import read_wfdb_beats
from ecg_facial.ecg.formats.wfdb_samples import FORMATS
from ecg_facial.ecg.reading import probe_ecg, read_ecg, read_ecg_fully
from ecg_facial.errors import CorruptDataError, DataError, EcgFacialError, MissingDataError

COUNTS = np.array([[0, 100], [200, -100], [-400, 7], [2047, -2047], [5, 6]])


def write_header(folder: Path, *lines: str, data: bytes = bytes(4000), name: str = "rec") -> Path:
    path = folder / f"{name}.hea"
    path.write_text("\n".join(lines) + "\n")
    (folder / f"{name}.dat").write_bytes(data)
    return path


@pytest.mark.parametrize("storage", [16, 212])
@pytest.mark.parametrize("odd", [False, True])
def test_counts_become_millivolts(tmp_path: Path, storage: int, odd: bool) -> None:
    counts = COUNTS if odd else COUNTS[:4]
    path = write_wfdb(tmp_path, counts, storage=storage)
    for number, name in enumerate(("MLII", "V1")):
        ecg = read_ecg(path, column=name)
        assert (ecg.unit, ecg.fs_hz) == ("mV", FS_HZ)
        np.testing.assert_array_equal(ecg.samples, counts[:, number] / 200)


@pytest.mark.parametrize(
    ("gain", "zero", "expected"),
    [
        ("200", 0, 0.5), ("200", 20, 0.4), ("200(50)", 20, 0.25), ("100/mV", 0, 1.0), ("0.1/uV", 0, 1.0),
        ("0.2(90)/uV", 0, 0.05), ("1e5/V", 0, 1.0), ("2e2(100)/mV", 0, 0.0),
    ],
)  # fmt: skip
def test_gain_baseline_and_unit_are_used(tmp_path: Path, gain: str, zero: int, expected: float) -> None:
    path = write_wfdb(tmp_path, np.full((4, 1), 100), gain=gain, zero=zero)
    ecg = read_ecg(path)
    assert ecg.unit == "mV"
    np.testing.assert_allclose(ecg.samples, expected, atol=1e-12)


def test_a_record_under_another_name_is_read(tmp_path: Path) -> None:
    """Header and samples were renamed, and the header still names the old file."""
    lines = [f"old 1 {FS_HZ:g} 4", "old.dat 16 100/mV 16 0 0 0 0 II"]
    path = write_header(tmp_path, *lines, data=np.array([100, 200, -100, 5], "<i2").tobytes())
    reading = read_ecg_fully(path)
    np.testing.assert_allclose(reading.signal.samples, [1, 2, -1, 0.05])
    assert "the header names the file 'old.dat': 'rec.dat', of the record's own name, is read" in reading.notes


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_header_with_a_mark_of_its_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    path = write_header(tmp_path, f"rec 1 {FS_HZ:g} 4", "rec.dat 16 100/mV 16 0 0 0 0 II", data=bytes(8))
    path.write_bytes(path.read_text().encode(encoding))
    assert probe_ecg(path).n_times == 4


def test_differences_add_up_from_the_initial_value(tmp_path: Path) -> None:
    """Format 8: 300 samples of two signals, with an initial value of their own in the header."""
    counts = np.cumsum(np.random.default_rng(5).integers(-128, 128, (300, 2)), axis=0)
    steps = np.diff(counts, axis=0, prepend=counts[:1]).astype("i1")
    lines = [f"rec.dat 8 100/mV 8 0 {counts[0, at]} 0 0 {name}" for at, name in enumerate(("II", "V1"))]
    path = write_header(tmp_path, f"rec 2 {FS_HZ:g} 300", *lines, data=steps.tobytes())
    for at, name in enumerate(("II", "V1")):
        np.testing.assert_allclose(read_ecg(path, column=name).samples, counts[:, at] / 100)


@pytest.mark.parametrize("gain", ["0", "0(10)/mV", "200/adu"])
def test_without_a_gain_in_volts_no_millivolt_is_claimed(tmp_path: Path, gain: str) -> None:
    reading = read_ecg_fully(write_wfdb(tmp_path, np.full((4, 1), 100), gain=gain))
    assert reading.signal.unit is None
    assert "not millivolts" in reading.notes[-1]


def test_samples_that_say_missing_are_nan(tmp_path: Path) -> None:
    for storage, missing in ((16, -32768), (212, -2048)):
        counts = np.array([[10], [missing], [30], [40]])
        np.testing.assert_array_equal(
            read_ecg(write_wfdb(tmp_path, counts, storage=storage)).samples, [0.05, np.nan, 0.15, 0.2]
        )


PACKED = {
    80: (bytes([129, 0, 127, 255]), [1, np.nan, -1, 127]),
    61: (bytes([0, 1, 0x80, 0, 0xFF, 0xFF]), [1, np.nan, -1]),
    160: (bytes([1, 128, 0, 0, 255, 127]), [1, np.nan, -1]),
    24: (bytes([1, 0, 0, 0, 0, 128, 255, 255, 255]), [1, np.nan, -1]),
    32: (np.array([1, -(2**31), -1], "<i4").tobytes(), [1, np.nan, -1]),
    # three samples of ten bits in two words: 1, -1, and the missing one in the upper bits
    310: (np.array([1 << 1 | 0 << 11, 0x3FF << 1 | 0x10 << 11], "<u2").tobytes(), [1, -1, np.nan]),
    311: (np.array([1 | 0x3FF << 10 | 0x200 << 20], "<u4").tobytes(), [1, -1, np.nan]),
}  # fmt: skip


@pytest.mark.parametrize("storage", sorted(PACKED))
def test_other_storage_formats_decode_bit_by_bit(tmp_path: Path, storage: int) -> None:
    data, expected = PACKED[storage]
    path = write_header(tmp_path, f"rec 1 200 {len(expected)}", f"rec.dat {storage} 1/mV 12 0 0 0 0 II", data=data)
    np.testing.assert_array_equal(read_ecg(path).samples, expected)


@settings(max_examples=60)
@given(
    counts=st.lists(st.integers(-2047, 2047), min_size=1, max_size=60),
    n_signals=st.integers(1, 4),
    storage=st.sampled_from([16, 212]),
)
def test_a_written_record_reads_back(
    tmp_path_factory: pytest.TempPathFactory, counts: list[int], n_signals: int, storage: int
) -> None:
    table = np.resize(np.array(counts), (-(-len(counts) // n_signals), n_signals))
    path = write_wfdb(tmp_path_factory.mktemp("rec"), table, storage=storage)
    for number, name in enumerate(("MLII", "V1", "V2", "V5")[:n_signals]):
        np.testing.assert_array_equal(read_ecg(path, column=name).samples, table[:, number] / 200)


def test_a_long_record_is_the_same_in_blocks(tmp_path: Path) -> None:
    """Longer than a block of the reader, and of an odd number of samples per frame, in pairs."""
    table = np.random.default_rng(0).integers(-2047, 2048, (500_001, 3))
    path = write_wfdb(tmp_path, table, storage=212)
    for number, name in enumerate(("MLII", "V1", "V2")):
        np.testing.assert_array_equal(read_ecg(path, column=name).samples, table[:, number] / 200)


def test_signals_may_lie_in_several_files_at_several_rates_late_and_behind_a_header(tmp_path: Path) -> None:
    first, second = np.arange(20), np.arange(100, 130)
    (tmp_path / "a.dat").write_bytes(b"junk" + first.astype("<i2").tobytes())
    # two samples per frame of one signal, one of the other
    frames = np.concatenate([second[:20].reshape(10, 2), second[20:].reshape(10, 1)], axis=1)
    (tmp_path / "b.dat").write_bytes(frames.astype("<i2").tobytes())
    path = write_header(
        tmp_path,
        "rec 3 100 10",
        "a.dat 16x2:3+4 1 12 0 0 0 0 ECG",
        "b.dat 16x2 1 12 0 0 0 0 fast",
        "b.dat 16 1 12 0 0 0 0 slow",
    )
    ecg = read_ecg(path)
    assert ecg.fs_hz == 200.0
    np.testing.assert_array_equal(ecg.samples, [*first[6:], *[np.nan] * 6])
    np.testing.assert_array_equal(read_ecg(path, column="fast").samples, second[:20])
    slow = read_ecg(path, column="slow")
    assert slow.fs_hz == 100.0
    np.testing.assert_array_equal(slow.samples, second[20:])


def test_a_record_is_opened_by_its_header_its_samples_or_its_name(tmp_path: Path) -> None:
    path = write_wfdb(tmp_path, COUNTS)
    for alias in (path, path.with_suffix(".dat"), path.with_suffix("")):
        assert read_ecg(alias).samples.tolist() == (COUNTS[:, 0] / 200).tolist()


def test_a_length_that_is_not_given_follows_from_the_file(tmp_path: Path) -> None:
    data = np.arange(50, dtype="<i2").tobytes()
    path = write_header(tmp_path, "rec 1 200", "rec.dat 16 1 12 0 0 0 0 II", data=data)
    assert probe_ecg(path).n_times == 50
    path = write_header(tmp_path, "rec 1", "rec.dat 16 1 12 0 0 0 0 II", data=data)
    assert probe_ecg(path).fs_hz == 250.0


def test_samples_that_do_not_add_up_are_noted(tmp_path: Path) -> None:
    path = write_wfdb(tmp_path, COUNTS)
    assert read_ecg_fully(path).notes == ()
    data = bytearray(path.with_suffix(".dat").read_bytes())
    data[4] ^= 1
    path.with_suffix(".dat").write_bytes(data)
    assert "do not add up to the header's checksum" in read_ecg_fully(path).notes[0]


SIGNAL = "rec.dat 16 200 12 0 0 0 0 II"
LIES: dict[str, tuple[tuple[str, ...], str]] = {
    "a million signals": (("rec 1000000 200 10", SIGNAL), "1000000 signals: expected 1 to 4096"),
    "more signals than lines": (("rec 40 200 10", SIGNAL), "promises 40 signals and describes 1"),
    "no signals": (("rec 0 200 10",), "0 signals"),
    "negative": (("rec -1 200 10", SIGNAL), "is not a record line"),
    "rate of 0": (("rec 1 0 10", SIGNAL), "a rate of 0 Hz"),
    "a very long number": (("rec 1 200 " + "9" * 5000, SIGNAL), "is not a record line"),
    "an absurd rate": (("rec 1 1e300 10", SIGNAL), r"a sampling rate of 1e\+300 Hz, expected 0.1 to 1e\+06 Hz"),
    "endless rate": (("rec 1 1e999 10", SIGNAL), "'1e999' is not a rate"),
    "up and away": (("rec 1 200 10", "../rec.dat 16 200"), "'../rec.dat' is not a plain name"),
    "absolute": (("rec 1 200 10", "/etc/passwd 16 200"), "is not a plain name"),
    "Windows": (("rec 1 200 10", "..\\rec.dat 16 200"), "is not a plain name"),
    "standard input": (("rec 1 200 10", "- 16 200"), "is not a plain name"),
    "segments": (("rec/3 1 200 10", "a 10"), "promises 3 segments and describes 1"),
    "a segment elsewhere": (("rec/1 1 200 10", "../a 10"), "the segment '../a' is not a plain name"),
    "a segment without length": (("rec/1 1 200 10", "a much"), "'a much' is not a segment line"),
    "endless segments": (("rec/2 1 200 10", "rec 10", "~ 999999999999"), "a segment that has segments itself"),
    "pauses alone": (("rec/1 1 200 10", "~ 10"), "consists of pauses alone"),
    "compressed": (("rec 1 200 10", "rec.dat 516 200"), "rec.dat: no FLAC stream, as its header says"),
    "another format": (
        ("rec 1 200 10", "rec.dat 999 200"),
        r"format 999; read are 8, 16, 24.*convert it to 16",
    ),
    "wide frames": (("rec 1 200 10", "rec.dat 16x999999999 200"), "999999999 samples per frame, limit"),
    "endless offset": (("rec 1 200 10", "rec.dat 16+999999999 200"), "holds no sample, the header promises 10"),
    "another folder's file": (
        ("rec 2 200 10", "gone.dat 16 200 12 0 0 0 0 II", "rec.dat 16 200"),
        "'gone.dat' is not beside it",
    ),
    "mixed formats": (("rec 2 200 10", SIGNAL, SIGNAL.replace("16", "212").replace("II", "V1")), "differ in format"),
    "nothing": (("",), "the header is empty"),
    "words": (("what is this", "rec.dat"), "is not a record line"),
    "no format": (("rec 1 200 10", "rec.dat"), "is not a signal line"),
    "a word as gain": (("rec 1 200 10", "rec.dat 16 much"), "'much' is not a gain"),
    "not stored": (("rec 1 200 1000000000", "~ 0 200 12 0 0 0 0 II"), "a signal has 1000000000 samples, limit"),
}


@pytest.mark.parametrize(("lines", "message"), LIES.values(), ids=LIES.keys())
def test_a_header_that_lies_is_refused_before_anything_is_allocated(
    tmp_path: Path, lines: tuple[str, ...], message: str
) -> None:
    path = write_header(tmp_path, *lines)
    tracemalloc.start()
    try:
        with pytest.raises(EcgFacialError, match=message) as caught:
            read_ecg(path, column="1")
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("storage", [16, 212])
def test_a_record_cut_off_is_read_to_its_end(tmp_path: Path, storage: int) -> None:
    path = write_wfdb(tmp_path, COUNTS, storage=storage)
    samples = path.with_suffix(".dat")
    samples.write_bytes(samples.read_bytes()[:-1])
    reading = read_ecg_fully(path)
    np.testing.assert_array_equal(reading.signal.samples, COUNTS[:4, 0] / 200)
    assert reading.notes == ("rec.dat is cut off: 1 of 5 samples (0.005 s) are missing at its end",)
    assert probe_ecg(path).n_times == 4
    samples.write_bytes(b"")
    with pytest.raises(CorruptDataError, match=r"rec\.dat holds no sample, the header promises 5.*copy it again"):
        read_ecg(path)
    samples.unlink()
    with pytest.raises(MissingDataError, match="copy the whole record"):
        read_ecg(path)


SPELLINGS = {
    "decimal comma": ("rec 1 200,0 5", "rec.dat 16 200,0(0)/mV 12 0 0 0 0 II"),
    "decimals": ("rec 1 200.000 5", "rec.dat 16 200.0(0.0)/mV 12.0 0.0 0 0 0 II"),
    "no slash before the unit": ("rec 1 200 5", "rec.dat 16 200(0)mV 12 0 0 0 0 II"),
    "no baseline in the brackets": ("rec 1 200 5", "rec.dat 16 200()/mV 12 0 0 0 0 II"),
    "a dash as baseline": ("rec 1 200 5", "rec.dat 16 200(-)/mV 12 0 0 0 0 II"),
    "dashes for unknown numbers": ("rec 1 200 5", "rec.dat 16 200/mV - - - - - II"),
    "fields left out": ("rec 1 200 5", "rec.dat 16 200 II"),
    "a counter frequency": ("rec 1 200/400(0) 5 10:00:00 01/01/2000", "rec.dat 16 200 12 0 0 0 0 II"),
    "a year": ("rec 1 200 5 09:30:00 2006", "rec.dat 16 200 12 0 0 0 0 II"),
    "a date with dashes": ("rec 1 200 5 09:30:00 2006-01-31", "rec.dat 16 200 12 0 0 0 0 II"),
    "no length": ("rec 1 200 -", "rec.dat 16 200 12 0 0 0 0 II"),
    "comments and blanks": ("# made by hand\n\n  rec\t1 200 5", "# the lead\n\trec.dat  16\t200 12 0 0 0 0 II"),
    "Windows": ("rec 1 200 5\r", "rec.dat 16 200 12 0 0 0 0 II\r"),
    "letter case": ("rec 1 200 5", "REC.DAT 16 200 12 0 0 0 0 II"),
    "microvolts": ("rec 1 200 5", "rec.dat 16 0.2/\u00b5V 12 0 0 0 0 II"),
    "a name of several words": ("rec 1 200 5", "rec.dat 16 200 12 0 0 0 0 lead II"),
}


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("lines", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_a_header_in_another_spelling_means_the_same(tmp_path: Path, lines: tuple[str, str], encoding: str) -> None:
    path = write_header(tmp_path, "", data=COUNTS[:, 0].astype("<i2").tobytes())
    path.write_bytes("\n".join(lines).encode(encoding))
    ecg = read_ecg(path)
    assert (ecg.unit, ecg.fs_hz) == ("mV", 200.0)
    np.testing.assert_allclose(ecg.samples, COUNTS[:, 0] / 200)


def test_a_rate_that_the_header_leaves_out_is_noted(tmp_path: Path) -> None:
    path = write_header(tmp_path, "rec 1", "rec.dat 16 200 12 0 0 0 0 II")
    assert read_ecg_fully(path).notes[0] == "the header states no rate: 250 Hz, WFDB's default"


@pytest.mark.parametrize(("storage", "n_bits"), [(516, 16), (524, 24)])
@pytest.mark.parametrize("per_frame", [1, 4])
def test_compressed_records_are_read(tmp_path: Path, storage: int, n_bits: int, per_frame: int) -> None:
    counts = np.random.default_rng(0).integers(-(1 << (n_bits - 1)), 1 << (n_bits - 1), (20_000, 2))
    write_flac(tmp_path / "rec.dat", counts, n_bits)
    lines = [f"rec.dat {storage}x{per_frame} 200 {n_bits} 0 0 {counts[:, at].sum() & 0xFFFF} 0 V{at}" for at in (1, 0)]
    path = write_header(tmp_path, f"rec 2 200 {20_000 // per_frame}", lines[1], lines[0], data=b"")
    write_flac(tmp_path / "rec.dat", counts, n_bits)
    for at in (0, 1):
        reading = read_ecg_fully(path, column=f"V{at}")
        assert reading.signal.fs_hz == 200 * per_frame
        expected = np.where(counts[:, at] == -(1 << (n_bits - 1)), np.nan, counts[:, at] / 200)
        np.testing.assert_array_equal(reading.signal.samples, expected)
        assert not [note for note in reading.notes if "cut off" in note or "checksum" in note]


def test_a_compressed_record_that_was_cut_off_is_read_to_the_damage(tmp_path: Path) -> None:
    counts = np.random.default_rng(0).integers(-2000, 2000, (50_000, 1))
    path = write_header(tmp_path, "rec 1 200 50000", "rec.dat 516 200 16 0 0 0 0 II", data=b"")
    write_flac(tmp_path / "rec.dat", counts, 16)
    content = (tmp_path / "rec.dat").read_bytes()
    (tmp_path / "rec.dat").write_bytes(content[: len(content) // 2])
    reading = read_ecg_fully(path)
    n_times = len(reading.signal.samples)
    assert 15_000 < n_times < 30_000
    np.testing.assert_array_equal(reading.signal.samples[:15_000], counts[:15_000, 0] / 200)
    assert f"{50_000 - n_times} of 50000 samples" in reading.notes[0]


def test_ambiguous_channels_are_listed(tmp_path: Path) -> None:
    path = write_wfdb(tmp_path, COUNTS, labels=("noise1", "noise2"))
    with pytest.raises(DataError, match=r"no channel 'ecg' \(channels: 'noise1, noise2'\); name the ECG channel"):
        read_ecg(path)
    assert read_ecg(path, column="noise2").samples[0] == 0.5


def test_a_signal_that_was_not_stored_is_nan(tmp_path: Path) -> None:
    path = write_header(tmp_path, "rec 1 200 10", "~ 0 200 12 0 0 0 0 II")
    assert np.isnan(read_ecg(path).samples).tolist() == [True] * 10


def test_packing_by_hand_is_what_the_format_says() -> None:
    """Low byte, two high nibbles, low byte; as signal(5) draws it."""
    assert pack_212(np.array([0x123, 0x456])) == bytes([0x23, 0x41, 0x56])
    assert FORMATS[212].decode(np.array([0x23, 0x41, 0x56], np.uint8)).tolist() == [0x123, 0x456]
    assert pack_212(np.array([-1, -2])) == bytes([0xFF, 0xFF, 0xFE])


def test_beats_are_read_with_their_symbols(tmp_path: Path) -> None:
    write_wfdb(tmp_path, COUNTS)
    marks = [(18, 28), (77, 1), (370, 8), (5000, 5), (200_000, 1), (200_010, 14), (200_100, 38)]
    beats = read_wfdb_beats(write_atr(tmp_path / "rec.atr", marks))
    np.testing.assert_allclose(beats.times_s * FS_HZ, [77, 370, 5000, 200_000, 200_100])
    assert beats.symbols == ("N", "A", "V", "N", "f")


def test_annotations_may_state_their_own_clock(tmp_path: Path) -> None:
    path = write_atr(tmp_path / "alone.atr", [(1000, 1)], note=b"## time resolution: 1000")
    assert read_wfdb_beats(path).times_s.tolist() == [1.0]
    bare = write_atr(tmp_path / "bare.atr", [(1000, 1)])
    with pytest.raises(MissingDataError, match=r"no header beside it.*give fs_hz"):
        read_wfdb_beats(bare)
    assert read_wfdb_beats(bare, fs_hz=500.0).times_s.tolist() == [2.0]


def test_annotations_cut_off_are_refused(tmp_path: Path) -> None:
    path = write_atr(tmp_path / "rec.atr", [(77, 1), (370, 1)])
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(CorruptDataError, match="without its end mark"):
        read_wfdb_beats(path, fs_hz=360.0)


def test_real_records_have_the_beats_that_their_index_says(shared_data: Path) -> None:
    """Beats of MIT-BIH as its directory counts them (Moody & Mark)."""
    folder = shared_data / "ecg" / "mitdb"
    for name, n_beats in (("101", 1865), ("106", 2027), ("119", 1987), ("208", 2955), ("230", 2256)):
        beats = read_wfdb_beats(folder / f"{name}.atr")
        assert len(beats) == n_beats
        assert 0 < beats.times_s[0] < beats.times_s[-1] < 1805.6


def test_every_real_record_adds_up_to_its_checksums(shared_data: Path) -> None:
    headers = sorted((shared_data / "ecg").glob("*/*.hea"))
    assert len(headers) == 27
    for path in headers:
        for number in ("1", "2"):
            reading = read_ecg_fully(path, column=number)
            assert not [note for note in reading.notes if "checksum" in note]
            assert reading.signal.samples.shape == (650_000,)


def test_a_made_ecg_survives_storage(tmp_path: Path) -> None:
    ecg = make_ecg()
    path = write_wfdb(tmp_path, np.round(ecg[:, None] * 200).astype(int), storage=212)
    np.testing.assert_allclose(read_ecg(path).samples, ecg, atol=0.5 / 200 + 1e-9)
