"""Text tables: separators, decimal signs, lines above the header, rates and units in the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ecg_files import make_ecg
from hypothesis import given, settings
from hypothesis import strategies as st
from written_ecg import check_text, read_text, write_rows

from ecg_facial.ecg.reading import probe_ecg, read_ecg, read_ecg_fully
from ecg_facial.errors import CorruptDataError, DataError

VALUES = [1.5, -2.5, 3.25]


def write(folder: Path, content: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        "time ecg\n0 1.5\n0.004 -2.5\n0.008 3.25\n",
        "  time   ecg\n  0.000   1.5\n  0.004  -2.5\n  0.008   3.25\n",
        "time\tecg\n0,000\t1,5\n0,004\t-2,5\n0,008\t3,25\n",
        "time ecg\n0,000 1,5\n0,004 -2,5\n0,008 3,25\n",
        "time;ecg\n0.000;1.5\n0.004;-2.5\n0.008;3.25\n",
        "Recorded by hand\n# of nobody\n\ntime,ecg\n0,1.5\n0.004,-2.5\n0.008,3.25\n",
        "Device: none\nOperator, nobody\ntime,gsr,ecg\n0,9,1.5\n0.004,9,-2.5\n0.008,9,3.25\n",
        "time;ecg\ns;counts\n0,000;1,5\n0,004;-2,5\n0,008;3,25\n",
        "time_ms,ecg\n0,1.5\n4,-2.5\n8,3.25\n",
        "Time [us],ecg\n0,1.5\n4000,-2.5\n8000,3.25\n",
        "# Sampling Rate (Hz):= 250.00\n# Labels:= ECG\n1.5\n-2.5\n3.25\n",
        "# fs=250\necg\n1.5\n-2.5\n3.25\n",
        "Sampling frequency: 0.25 kHz\necg,resp\n1.5,9\n-2.5,9\n3.25,9\n",
        "# sample_rate 250 Hz\necg\n1,5\n-2,5\n3,25\n",
        "sample,ecg,event\n0,1.5,start\n1,-2.5,\n2,3.25,end\n# sampling rate 250\n".replace(
            "sample,", "# sampling rate 250\nsample,"
        ),
    ],
    ids=[
        "blanks", "aligned", "TAB and comma", "blanks and comma", "semicolon and point", "preamble",
        "preamble of two cells", "line of units", "unit in the name", "unit in brackets", "stated rate and label",
        "stated fs", "stated kHz", "one column with comma", "words beside numbers",
    ],
)  # fmt: skip
def test_every_spelling_of_a_table_reads_the_same(tmp_path: Path, content: str) -> None:
    ecg = read_ecg(write(tmp_path, content))
    assert ecg.fs_hz == pytest.approx(250.0)
    assert ecg.samples.tolist() == VALUES


@pytest.mark.parametrize(
    ("unit", "factor"), [("mV", 1.0), ("uV", 1e-3), ("\u00b5V", 1e-3), ("\u03bcV", 1e-3), ("V", 1e3), ("nV", 1e-6)]
)
def test_a_unit_in_the_header_gives_millivolts(tmp_path: Path, unit: str, factor: float) -> None:
    path = write(tmp_path, f"time (s),ECG ({unit})\n0,1.5\n0.004,-2.5\n0.008,3.25\n")
    ecg = read_ecg(path)
    assert ecg.unit == "mV"
    np.testing.assert_allclose(ecg.samples, np.array(VALUES) * factor)


def test_a_header_in_latin_1_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, "time (s),ECG (\u00b5V)\n0,1500\n0.004,0\n0.008,1\n".encode("latin-1"))
    assert read_ecg(path).samples.tolist() == [1.5, 0.0, 0.001]


def test_counts_of_a_converter_stay_what_they_are_and_it_is_said(tmp_path: Path) -> None:
    reading = read_ecg_fully(write(tmp_path, "time,ecg (adu)\n0,100\n0.004,200\n0.008,300\n"))
    assert reading.signal.unit is None
    assert reading.signal.samples.tolist() == [100.0, 200.0, 300.0]
    assert reading.notes == (
        "the file gives the unit 'adu', which is no voltage: amplitudes are its own numbers, not millivolts",
    )
    silent = read_ecg_fully(write(tmp_path, "time,ecg\n0,100\n0.004,200\n0.008,300\n"))
    assert silent.notes == ("the file says no unit: amplitudes are its own numbers, not millivolts",)


@pytest.mark.parametrize(("unit", "scale"), [("uV", 1.0), ("V", 1.0), ("nV", 1000.0), ("mV", 1e6)])
def test_a_unit_that_cannot_be_true_is_not_believed_and_it_is_said(tmp_path: Path, unit: str, scale: float) -> None:
    ecg = scale * make_ecg()
    reading = read_ecg_fully(write(tmp_path, f"# fs 200\necg ({unit})\n" + "".join(f"{value:.9g}\n" for value in ecg)))
    assert reading.signal.unit is None
    np.testing.assert_allclose(reading.signal.samples, ecg, rtol=1e-6, atol=1e-7 * scale)
    assert f"so the file's unit '{unit}' is wrong" in reading.notes[0]


@pytest.mark.parametrize("unit", ["mmHg", "bpm", "%", "\u00b5S", "degC"])
def test_a_channel_of_another_quantity_is_refused(tmp_path: Path, unit: str) -> None:
    with pytest.raises(DataError, match=f"'ecg' is in {unit}, which is no voltage; choose the channel of the ECG"):
        read_ecg(write(tmp_path, f"time (s),ecg ({unit})\n0,1\n0.004,2\n0.008,3\n"))


def test_a_column_of_sample_numbers_is_no_time(tmp_path: Path) -> None:
    rows = "".join(f"{row},{row % 7}\n" for row in range(100))
    with pytest.raises(DataError, match=r"column 'sample' counts samples, which tells no time.*give it in Hz"):
        read_ecg(write(tmp_path, f"sample,ecg\n{rows}"))
    with pytest.raises(
        DataError, match="column 'time' steps by exactly 1: numbers of samples, or milliseconds at 1000"
    ):
        read_ecg(write(tmp_path, f"time,ecg\n{rows}"))
    for column in ("2", "ecg"):
        with pytest.raises(DataError, match=r"column 'sample' counts samples, which tells no time.*give it in Hz"):
            read_ecg(write(tmp_path, rows), column=column)
    assert read_ecg(write(tmp_path, f"# fs=360\n{rows}")).fs_hz == 360.0
    assert read_ecg(write(tmp_path, f"time_ms,ecg\n{rows}")).fs_hz == 1000.0
    assert read_ecg(write(tmp_path, f"time,ecg\n{rows}"), fs_hz=360.0).fs_hz == 360.0


def test_a_time_column_wins_over_a_stated_rate(tmp_path: Path) -> None:
    assert read_ecg(write(tmp_path, "# fs: 100\ntime,ecg\n0,1\n0.004,2\n0.008,3\n")).fs_hz == pytest.approx(250.0)


def test_the_ecg_is_found_by_the_name_of_its_lead(tmp_path: Path) -> None:
    path = write(tmp_path, "time,ecg_rate,resp,Lead II,ECG_Clean\n0,60,1,2,3\n0.004,60,1,2,3\n0.008,60,1,2,3\n")
    info = probe_ecg(path)
    assert (info.channel, info.columns) == ("ECG_Clean", ("time", "ecg_rate", "resp", "Lead II", "ECG_Clean"))
    assert read_ecg(path, column="lead ii").samples[0] == 2.0
    assert read_ecg(path, column="3").samples[0] == 1.0


@pytest.mark.parametrize("name", ["sample", "value", "Signal", "voltage (mV)", "uV"])
def test_the_only_signal_beside_times_is_read_and_it_is_said(tmp_path: Path, name: str) -> None:
    reading = check_text(tmp_path, write_rows(lambda t, v: f"{1000 * t:.0f},{v}", header=f"timestamp (ms),{name}\n"))
    assert "no channel is named like an ECG" in reading.notes[0]


@pytest.mark.parametrize("names", ["time,gsr", "time,value,sample", "time,x"])
def test_another_signal_is_not_taken_for_an_ecg(tmp_path: Path, names: str) -> None:
    more = ",1" * (names.count(",") - 1)
    with pytest.raises(DataError, match="no column 'ecg'"):
        read_text(tmp_path, write_rows(lambda t, v: f"{t:.3f},{v}{more}", header=f"{names}\n"))


@pytest.mark.parametrize("name", ["ecg_{}", "ECG[{}]", "Sample {}", "ecg{} (mV)"])
@pytest.mark.parametrize("first", [0, 1])
def test_samples_side_by_side_follow_each_other(tmp_path: Path, name: str, first: int) -> None:
    ecg = make_ecg(2000, fs_hz=250.0) + 0.2 * np.sin(np.arange(2000) / 40)
    names = ["timestamp_ms", *(name.format(first + number) for number in range(8))]
    rows = [[f"{32 * row}", *(f"{value:.4f}" for value in ecg[8 * row : 8 * row + 8])] for row in range(250)]
    reading = read_text(tmp_path, "\n".join(",".join(cells) for cells in [names, *rows]) + "\n")
    assert reading.signal.fs_hz == pytest.approx(250)
    np.testing.assert_allclose(reading.signal.samples, ecg, atol=1e-4)
    assert any("each row holds 8 samples" in note for note in reading.notes)


def test_leads_side_by_side_stay(tmp_path: Path) -> None:
    ecg = make_ecg(1000, fs_hz=250.0) + 0.2 * np.sin(np.arange(1000) / 40)
    rows = [
        f"{row / 250:.3f}," + ",".join(f"{value * (lead + 1):.4f}" for lead in range(8))
        for row, value in enumerate(ecg)
    ]
    names = ",".join(["time", *(f"ECG{lead + 1}" for lead in range(8))])
    reading = read_text(tmp_path, "\n".join([names, *rows]) + "\n")
    assert (reading.channel, reading.signal.fs_hz) == ("ECG1", pytest.approx(250))
    np.testing.assert_allclose(reading.signal.samples, ecg, atol=1e-4)


def test_two_columns_of_one_name_are_chosen_by_number(tmp_path: Path) -> None:
    path = write(tmp_path, "time,ecg,ecg\n0,1,4\n0.004,2,5\n0.008,3,6\n")
    with pytest.raises(DataError, match="2 channels are named 'ecg'; choose by number, one of 2, 3"):
        read_ecg(path)
    assert read_ecg(path, column="3").samples.tolist() == [4.0, 5.0, 6.0]


def test_a_header_narrower_than_its_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptDataError, match=r"rows of 3 cells under a header of 2.*name every column"):
        read_ecg(write(tmp_path, "time,ecg\na,0,1\nb,0.004,2\nc,0.008,3\n"))


def test_a_table_on_its_side_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="its rows begin with names"):
        read_ecg(write(tmp_path, "onsets,,1,2,3\noffsets,4,5,6,7\npeaks,8,9,10,11\n"))


@pytest.mark.parametrize("suffix", [".csv", ".txt", ".dat", ""])
def test_a_table_is_a_table_whatever_its_suffix(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path, "time,ecg\n0,1.5\n0.004,-2.5\n0.008,3.25\n", name=f"recording{suffix}")
    assert read_ecg(path).samples.tolist() == VALUES


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ecg.zip", "an archive; unpack it first"),
        ("ecg.csv.gz", "unpack it first"),
        ("100.atr", "give the record's .hea"),
    ],
)
def test_a_format_that_is_not_read_is_named_with_a_remedy(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_ecg(write(tmp_path, "x", name=name))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1," * 600_000 + "1\n2\n", "1200001 characters in a line, limit 1048576"),
        (("1," * 5000 + "1\n") * 3, "5001 columns, limit 4096"),
        ("# sampling rate" + " " * 900_000 + "\n1\n2\n", "the sampling rate is unknown"),
        ("a" + " " * 500_000 + "b\n1\n2\n", "no column 'ecg'"),
        ("# labels" + " =" * 400_000 + "\n1\n2\n", "the sampling rate is unknown"),
        ("ecg" + "(" * 500_000 + "\n1\n2\n", "the sampling rate is unknown"),
    ],
    ids=["long line", "many columns", "long remark", "long name", "long labels", "many brackets"],
)
def test_absurd_lines_are_refused(tmp_path: Path, content: str, message: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(DataError, match=message):
        read_ecg(path)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptDataError, match="not a text file"):
        read_ecg(write(tmp_path, b"ecg\n1\n\xff\x01\n"))


numbers = st.lists(st.one_of(st.floats(-1e6, 1e6, allow_nan=False), st.none()), min_size=3, max_size=30).filter(
    lambda values: sum(value is not None for value in values) > len(values) / 2
)


@settings(max_examples=60)
@given(values=numbers, delimiter=st.sampled_from(["\t", ";", ","]), comma=st.booleans(), preamble=st.booleans())
def test_a_written_table_reads_back(
    tmp_path_factory: pytest.TempPathFactory, values: list[float | None], delimiter: str, comma: bool, preamble: bool
) -> None:
    comma = comma and delimiter != ","
    rows = []
    for number, value in enumerate(values):
        cells = (f"{number * 0.004:.4f}", "" if value is None else repr(value), "7.0")
        rows.append(delimiter.join(cells).replace(".", "," if comma else "."))
    above = "Nobody's heart\n# fs 999\n" if preamble else ""
    content = above + delimiter.join(("time", "ecg", "gsr")) + "\n" + "\n".join(rows) + "\n"
    ecg = read_ecg(write(tmp_path_factory.mktemp("round"), content))
    assert ecg.fs_hz == pytest.approx(250.0)
    np.testing.assert_array_equal(ecg.samples, [np.nan if value is None else value for value in values])
