"""The ECG is found by name in tables as BioVid and others have them; errors of bad tables name the problem."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecg_facial.ecg.intervals import mean_heart_rate
from ecg_facial.ecg.quality import compute_sqi
from ecg_facial.ecg.reading import probe_ecg, read_ecg, read_ecg_fully
from ecg_facial.ecg.rpeaks import detect_r_peaks
from ecg_facial.errors import CorruptDataError, DataError, EcgFacialError, MissingDataError, SettingsError
from ecg_facial.simulate.files.biosignals import FS_HZ
from ecg_facial.simulate.heart.ecg import simulate_ecg

BIOVID_COLUMNS = ("time", "gsr", "ecg", "emg_trapezius", "emg_corrugator", "emg_zygomaticus")


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def write_biovid(folder: Path, *, columns: tuple[str, ...] = BIOVID_COLUMNS, n_times: int = 2816) -> Path:
    """Every column holds its own number plus the row, so that a mixed-up column shows."""
    rows = ["\t".join(columns)]
    for row in range(n_times):
        values = [row * 1e6 / 512 if name == "time" else 1000.0 * number + row for number, name in enumerate(columns)]
        rows.append("\t".join(f"{value:.6f}" for value in values))
    return write(folder, "\n".join(rows) + "\n")


def test_biovids_table_gives_the_ecg_and_its_rate(tmp_path: Path) -> None:
    ecg = read_ecg(write_biovid(tmp_path))
    assert ecg.fs_hz == pytest.approx(512.0, abs=1e-3)
    assert ecg.duration_s == pytest.approx(5.5)
    np.testing.assert_array_equal(ecg.samples, 2000.0 + np.arange(2816))


def test_the_ecg_is_taken_by_name_not_by_position(tmp_path: Path) -> None:
    """The second column is the skin conductance, which was once read as ECG."""
    for columns in (("time", "ecg", "gsr"), ("gsr", "time", "ecg"), ("time", "gsr", "ecg")):
        ecg = read_ecg(write_biovid(tmp_path, columns=columns, n_times=8))
        np.testing.assert_array_equal(ecg.samples, 1000.0 * columns.index("ecg") + np.arange(8))
        gsr = read_ecg(write_biovid(tmp_path, columns=columns, n_times=8), column="gsr")
        np.testing.assert_array_equal(gsr.samples, 1000.0 * columns.index("gsr") + np.arange(8))


def test_missing_emg_columns_do_not_matter(tmp_path: Path) -> None:
    path = write_biovid(tmp_path, columns=("time", "gsr", "ecg"))
    assert read_ecg(path).samples[0] == 2000.0
    assert probe_ecg(path).columns == ("time", "gsr", "ecg")


def test_probing_agrees_with_reading(tmp_path: Path) -> None:
    path = write_biovid(tmp_path, n_times=600)
    info, ecg = probe_ecg(path), read_ecg(path)
    assert (info.n_times, info.fs_hz, info.duration_s) == (len(ecg.samples), ecg.fs_hz, ecg.duration_s)
    assert info.columns == BIOVID_COLUMNS


@pytest.mark.parametrize(
    "content",
    [
        "time,ecg\n0,1.5\n0.004,-2.5\n0.008,3.25\n",
        "time;ecg\n0,000;1,5\n0,004;-2,5\n0,008;3,25\n",
        "time\tecg\r\n0\t1.5\r\n4\t-2.5\r\n8\t3.25\r\n",
        "\ufefftime\tECG\n0\t1.5\n4000\t-2.5\n8000\t3.25\n",
        " Time ,gsr, Ecg \n0, 9, 1.5\n4, 9, -2.5\n8, 9, 3.25\n",
        '"timestamp","ECG"\n"0","1.5"\n"4","-2.5"\n"8","3.25"\n',
        "# made by hand\n\nT,ecg,\n0,1.5,\n4,-2.5,\n\n8,3.25,\n",
        "time ,ecg\n100.000,1.5\n100.004,-2.5\n100.008,3.25\n",
    ],
    ids=["seconds", "decimal comma", "ms and CRLF", "us and BOM", "blanks and case", "quotes", "comment", "offset"],
)
def test_every_spelling_of_a_table_reads_the_same(tmp_path: Path, content: str) -> None:
    ecg = read_ecg(write(tmp_path, content))
    assert ecg.fs_hz == pytest.approx(250.0)
    assert ecg.samples.tolist() == [1.5, -2.5, 3.25]


@pytest.mark.parametrize("fs_hz", [100.0, 250.0, 512.0, 1000.0, 4000.0])
@pytest.mark.parametrize("unit", [1.0, 1e3, 1e6], ids=["s", "ms", "us"])
def test_the_unit_of_time_follows_from_its_step(tmp_path: Path, fs_hz: float, unit: float) -> None:
    rows = "\n".join(f"{5.5 + row * unit / fs_hz:.9f}\t0.5" for row in range(50))
    assert read_ecg(write(tmp_path, f"time\tecg\n{rows}\n")).fs_hz == pytest.approx(fs_hz, rel=1e-6)


def test_times_rounded_to_milliseconds_still_give_the_rate(tmp_path: Path) -> None:
    rows = "\n".join(f"{round(row * 1e3 / 512)}\t0.5" for row in range(2816))
    assert read_ecg(write(tmp_path, f"time\tecg\n{rows}\n")).fs_hz == pytest.approx(512.0, rel=1e-3)


def test_a_headerless_column_needs_a_rate(tmp_path: Path) -> None:
    path = write(tmp_path, "# made by hand\n1.5\n-2.5\n3.25\n")
    assert read_ecg(path, fs_hz=100.0).samples.tolist() == [1.5, -2.5, 3.25]
    assert probe_ecg(path, fs_hz=100.0).columns == ("1",)
    with pytest.raises(DataError, match=r"sampling rate is unknown; give it in Hz \(fs_hz\)"):
        read_ecg(path)


def test_a_column_without_header_is_named_by_its_number(tmp_path: Path) -> None:
    path = write(tmp_path, "1,10\n2,20\n")
    assert read_ecg(path, fs_hz=100.0, column="2").samples.tolist() == [10.0, 20.0]
    with pytest.raises(DataError, match="2 columns without a header"):
        read_ecg(path, fs_hz=100.0)


def test_a_given_rate_wins_over_the_time_column(tmp_path: Path) -> None:
    assert read_ecg(write_biovid(tmp_path, n_times=20), fs_hz=256.0).fs_hz == 256.0


def test_empty_and_nan_cells_are_nan(tmp_path: Path) -> None:
    path = write(tmp_path, "time\tecg\n0\t1\n2\t\n4\tNaN\n6\tn/a\n8\t2\n")
    np.testing.assert_array_equal(read_ecg(path).samples, [1.0, np.nan, np.nan, np.nan, 2.0])


GOOD = "time\tecg\n0\t1\n2\t2\n4\t3\n"
BAD_FILES: dict[str, tuple[str | bytes, type[EcgFacialError], str]] = {
    "empty": ("", CorruptDataError, "the file is empty; expected a header line and rows of numbers"),
    "blank": ("\n \n# note\n", CorruptDataError, "the file is empty"),
    "header only": ("time\tgsr\tecg\n", CorruptDataError, "a header but no rows"),
    "wrong delimiter": ("time/ecg\n0/1\n2/2\n", DataError, "a header but no rows; expected rows of numbers"),
    "no ecg": ("time\tgsr\n0\t1\n2\t2\n", DataError, "no column 'ecg' .*time, gsr.*name the ECG column"),
    "no rate": ("ecg\n1\n2\n", DataError, "no time column, so the sampling rate is unknown; give it in Hz"),
    "one row": ("time\tecg\n0\t1\n", DataError, "a single row, so the sampling rate is unknown"),
    "not text": (b"\x00\xff\xfe\x80" * 50, CorruptDataError, "not a text file"),
    "words in ecg": (GOOD + "6\tabc\n" * 3, CorruptDataError, "row 5 holds 'abc' in column 'ecg', and 3 of 6 rows"),
    "words in time": (GOOD + "later\t4\n" * 3, CorruptDataError, "row 5 holds 'later' in column 'ecg', and 3 of 6"),
    "very long words": (GOOD + ("6\t" + "x" * 5000 + "\n") * 3, CorruptDataError, r"row 5 holds 'x+\.\.\. in"),
    "time stands": ("time\tecg\n" + "0\t1\n" * 5, DataError, "column 'time' does not increase, so the rate is unknown"),
    "time unknown": ("time\tecg\n" + "nan\t1\n" * 5, DataError, "a single row, so the sampling rate is unknown"),
    "too slow": (
        "time\tecg\n0\t1\n0.05\t2\n0.1\t3\n",
        DataError,
        "steps by 0.05, which is 20 Hz in s.*expected 50 to 5000 Hz",
    ),
}


@pytest.mark.parametrize(
    "row",
    [
        "6\tabc\n",
        "later\t4\n",
        "6\t" + "x" * 5000 + "\n",
        "6\n",
        "6",
        "6\t1.2.3\n",
        "\0\0\0\n",
        "6\t4\0\n",
        "6\t4\t8\n",
    ],
    ids=["word", "no time", "long", "short", "cut", "two points", "NUL", "NUL in a cell", "too long"],
)
@pytest.mark.parametrize("goes_on", [False, True])
def test_a_damaged_row_costs_itself_and_no_more(tmp_path: Path, row: str, goes_on: bool) -> None:
    good = "time\tecg\n" + "".join(f"{2 * number}\t{number + 1}\n" for number in range(12))
    path = write(tmp_path, good + row + ("\n" * (row == "6") + "26\t14\n28\t15\n" if goes_on else ""))
    reading = read_ecg_fully(path)
    assert reading.signal.fs_hz == pytest.approx(500.0)
    expected = [*range(1, 13), *([np.nan, 14, 15] if goes_on else [])]
    np.testing.assert_array_equal(reading.signal.samples, expected)
    assert f"1 of {15 if goes_on else 13} rows are damaged, the first one is row 14: left out" in reading.notes


@pytest.mark.parametrize(("content", "kind", "message"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_bad_file_is_refused_in_one_line(
    tmp_path: Path, content: str | bytes, kind: type[EcgFacialError], message: str
) -> None:
    path = write(tmp_path, content)
    with pytest.raises(kind, match=message) as caught:
        read_ecg(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    assert len(text) < len(str(path)) + 250


@pytest.mark.parametrize("fs_hz", [0.0, -512.0, np.nan, np.inf])
def test_a_rate_that_is_none_is_refused(tmp_path: Path, fs_hz: float) -> None:
    for function in (read_ecg, probe_ecg):
        with pytest.raises(SettingsError, match=f"sampling rate is {fs_hz} Hz: expected a positive number"):
            function(write(tmp_path, GOOD), fs_hz=fs_hz)


@pytest.mark.parametrize("fs_hz", [1e-9, 1e12])
def test_a_rate_of_no_recording_is_refused(tmp_path: Path, fs_hz: float) -> None:
    for function in (read_ecg, probe_ecg):
        with pytest.raises(SettingsError, match=r"expected 0\.1 to 1e\+06 Hz"):
            function(write(tmp_path, GOOD), fs_hz=fs_hz)


def test_a_missing_file_or_a_folder_is_said_to_be_missing(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.csv", tmp_path):
        with pytest.raises(MissingDataError, match="no such file; check the path"):
            read_ecg(path)


def test_reading_a_written_ecg_finds_its_beats(tmp_path: Path) -> None:
    samples, r_times = simulate_ecg(np.full(2816, 66.0), FS_HZ, rng=np.random.default_rng(4))
    rows = "\n".join(f"{row * 1e6 / FS_HZ:.3f}\t5.0\t{value:.6f}" for row, value in enumerate(samples))
    ecg = read_ecg(write(tmp_path, f"time\tgsr\tecg\n{rows}\n"))
    np.testing.assert_allclose(detect_r_peaks(ecg.samples, ecg.fs_hz).times_s, r_times, atol=0.001)


REAL = [
    ("bio_eventrelated_100hz.csv", 100.0, "ecg", 150.0, (50.0, 100.0)),
    ("bio_resting_5min_100hz.csv", 100.0, "ecg", 300.0, (85.5, 87.5)),
    ("e0103.csv", 250.0, "ecg", 120.0, (50.0, 100.0)),
    ("ecg.txt", 1000.0, "ecg", 15.0, (60.0, 120.0)),
    ("ecg_1000hz.csv", 1000.0, "ecg", 50.0, (50.0, 100.0)),
    ("good_4000.csv", 4000.0, "2", 12.5, (75.0, 90.0)),
]


@pytest.mark.parametrize(("name", "fs_hz", "column", "duration_s", "bpm_range"), REAL, ids=[row[0] for row in REAL])
def test_real_tables_are_read_and_their_heart_rate_is_a_hearts(
    shared_data: Path, name: str, fs_hz: float, column: str, duration_s: float, bpm_range: tuple[float, float]
) -> None:
    ecg = read_ecg(shared_data / "ecg" / "other" / name, fs_hz=fs_hz, column=column)
    assert ecg.duration_s == pytest.approx(duration_s, abs=1.0)
    beats = detect_r_peaks(ecg.samples, fs_hz)
    low, high = bpm_range
    assert low < mean_heart_rate(beats.times_s) < high
    assert compute_sqi(ecg.samples, fs_hz, r_peaks=beats) > 0.8


def test_beats_of_a_real_ecg_are_those_of_its_annotation(shared_data: Path) -> None:
    """Each R wave lies between its annotated onset and offset, one beat in each."""
    folder = shared_data / "ecg" / "other"
    rows = dict(line.split(",", 1) for line in (folder / "good_4000_annotation.csv").read_text().splitlines())
    onsets, offsets = (
        np.array([float(cell) for cell in rows[f"ECG_R_{edge}"].split(",") if cell.strip()])
        for edge in ("Onsets", "Offsets")
    )
    ecg = read_ecg(folder / "good_4000.csv", fs_hz=4000.0, column="2")
    beats = detect_r_peaks(ecg.samples, 4000.0).times_s * 4000.0
    for onset in onsets[onsets < offsets.max()]:
        offset = offsets[offsets > onset].min()
        assert ((beats > onset) & (beats < offset)).sum() == 1


def test_a_table_that_is_no_recording_is_refused(shared_data: Path) -> None:
    with pytest.raises(DataError, match="no column 'ecg'"):
        read_ecg(shared_data / "ecg" / "other" / "good_4000_annotation.csv")
