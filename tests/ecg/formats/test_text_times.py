"""Ways to write time: units in the header, dates, clocks, stamps that repeat, jump or run back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from written_ecg import ECG_MV, FS_HZ, N_ROWS, check_text, clock, read_text, write_rows

from ecg_facial.ecg.formats.contract import Channel
from ecg_facial.ecg.formats.text_times import find_time_columns
from ecg_facial.ecg.reading import read_ecg_fully
from ecg_facial.errors import DataError

UNITS = {
    "time (ns)": 1e9, "time_us": 1e6, "Time [\u00b5s]": 1e6, "Time (ms)": 1e3, "TimeMs": 1e3, "t/ms": 1e3,
    "Elapsed time (sec)": 1.0, "time (min)": 1 / 60, "time_min": 1 / 60, "Time [h]": 1 / 3600, "Zeit (ms)": 1e3,
    "Tiempo (s)": 1.0, "min": 1 / 60, "msec": 1e3, "Timestamp_Unix (ms)": 1e3,
}  # fmt: skip


@pytest.mark.parametrize("name", UNITS)
def test_the_unit_of_the_header_tells_the_rate(tmp_path: Path, name: str) -> None:
    reading = check_text(tmp_path, write_rows(lambda t, v: f"{t * UNITS[name]:.9f},{v}", header=f"{name},ecg\n"))
    assert not any("taken for" in note for note in reading.notes)


@pytest.mark.parametrize(("power", "unit"), [(1, "s"), (1e3, "ms"), (1e6, "us"), (1e9, "ns")])
def test_seconds_since_1970_in_any_unit_are_times(tmp_path: Path, power: float, unit: str) -> None:
    start = 1709631000 * int(power)
    text = write_rows(lambda t, v: f"{start + round(t * power, 3):.3f},{v}", header="timestamp,ecg\n")
    reading = check_text(tmp_path, text)
    assert any("taken for" in note for note in reading.notes) is (unit != "s")


DATES = {
    "ISO": lambda t: clock(t),
    "ISO in UTC": lambda t: clock(t) + "Z",
    "ISO with a zone": lambda t: clock(t, digits=6) + "+01:00",
    "a zone by name": lambda t: clock(t, pattern="%Y-%m-%d %H:%M:%S.") + " CET",
    "clock in UTC": lambda t: clock(t, pattern="%H:%M:%S.") + "Z",
    "ISO with a blank": lambda t: clock(t, pattern="%Y-%m-%d %H:%M:%S."),
    "slashes": lambda t: clock(t, pattern="%Y/%m/%d %H:%M:%S."),
    "day first": lambda t: clock(t, pattern="%d.%m.%Y %H:%M:%S."),
    "month first": lambda t: clock(t, pattern="%m/%d/%Y %I:%M:%S.") + " AM",
    "month by name": lambda t: clock(t, pattern="%d-%b-%Y %H:%M:%S."),
    "compact": lambda t: clock(t, pattern="%Y%m%dT%H%M%S."),
    "clock": lambda t: clock(t, pattern="%H:%M:%S."),
    "clock with a colon": lambda t: clock(t, pattern="%H:%M:%S:"),
    "clock in brackets": lambda t: clock(t, pattern="[%H:%M:%S.") + "]",
    "tenths of seconds of a spreadsheet": lambda t: f"30:{int(10 * t) / 10:04.1f}",
    "minutes": lambda t: f"{int(t // 60)}:{t % 60:06.3f}",
    "comma": lambda t: clock(t, pattern="%Y-%m-%d %H:%M:%S,"),
    "days of a spreadsheet": lambda t: f"{45356.4 + t / 86400:.10f}",
    "whole seconds": lambda t: clock(t, pattern="%H:%M:%S", digits=0),
    "as C writes it": lambda t: clock(t, pattern="%a %b %d %H:%M:%S.") + " 2024",
    "days and a clock": lambda t: f"1 days 00:00:{t:09.6f}",
    "part of a day": lambda t: f"{0.39583333 + t / 86400:.12f}",
    "ticks of 100 ns": lambda t: f"{638452278000000000 + round(t * 1e7)}",
    "over midnight": lambda t: clock(t, start=datetime(2024, 3, 5, 23, 59, 59), pattern="%H:%M:%S."),
    "over midnight with a date": lambda t: clock(t, start=datetime(2024, 2, 28, 23, 59, 59)),
    "over noon": lambda t: clock(t, start=datetime(2024, 3, 5, 12, 59, 59), pattern="%I:%M:%S."),
}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("kind", DATES)
def test_dates_and_clocks_are_read_off(tmp_path: Path, kind: str, separator: str) -> None:
    text = write_rows(lambda t, v: f"{DATES[kind](t)}{separator}{v}", header=f"timestamp{separator}ecg\n")
    check_text(tmp_path, text)


def test_a_date_and_a_clock_may_be_two_columns_or_two_words(tmp_path: Path) -> None:
    text = write_rows(lambda t, v: clock(t, pattern="%d.%m.%Y;%H:%M:%S.") + f";{v}", header="Date;Time;ecg\n")
    check_text(tmp_path, text)
    text = write_rows(lambda t, v: clock(t, pattern="%Y-%m-%d %H:%M:%S.") + f" {v}", header="timestamp ecg\n")
    check_text(tmp_path, text)


def test_summer_time_that_ends_is_no_break(tmp_path: Path) -> None:
    end = datetime(2024, 10, 27, 2, 59, 59)
    text = write_rows(lambda t, v: clock(t if t < 1 else t - 3600, start=end) + f",{v}", header="time,ecg\n")
    assert any("summer time ends" in note for note in check_text(tmp_path, text).notes)
    begin = datetime(2024, 3, 31, 1, 59, 59)
    text = write_rows(lambda t, v: clock(t if t < 1 else t + 3600, start=begin) + f",{v}", header="time,ecg\n")
    assert any("summer time begins" in note for note in check_text(tmp_path, text).notes)


STAMPS = {
    "rounded to 10 ms": lambda t: f"{t:.2f}",
    "whole seconds": lambda t: f"{int(t)}",
    "chunks of ten": lambda t: f"{(round(t * FS_HZ) // 10 * 10 + 9) / FS_HZ:.3f}",
    "jitter": lambda t: f"{t + 0.001 * (round(t * FS_HZ) * 7 % 3 - 1):.4f}",
    "every tenth row": lambda t: f"{t:.3f}" if round(t * FS_HZ) % 10 == 0 else "",
    "a unit each": lambda t: f"{t:.3f} s",
    "a clock that starts late": lambda t: f"{max(0, t - 1):.3f}",
    "a clock that stands still": lambda t: f"{1 if 1 < t < 2 else t:.3f}",
    "a restart": lambda t: f"{t if t < 1 else t - 1:.3f}",
}


@pytest.mark.parametrize("kind", STAMPS)
def test_uneven_stamps_are_checked_by_order_and_rate(tmp_path: Path, kind: str) -> None:
    check_text(tmp_path, write_rows(lambda t, v: f"{STAMPS[kind](t)},{v}", header="time (s),ecg\n"))


def test_the_newest_row_may_stand_first(tmp_path: Path) -> None:
    lines = write_rows(lambda t, v: f"{t:.3f},{v}").strip().split("\n")
    check_text(tmp_path, "time,ecg\n" + "\n".join(reversed(lines)) + "\n")


def test_lost_rows_are_a_gap(tmp_path: Path) -> None:
    lines = write_rows(lambda t, v: f"{t:.3f},{v}", header="time,ecg\n").split("\n")
    reading = read_text(tmp_path, "\n".join([*lines[:201], *lines[301:]]))
    expected = ECG_MV.copy()
    expected[200:300] = np.nan
    np.testing.assert_allclose(reading.signal.samples, expected, atol=1e-9)
    assert reading.signal.fs_hz == pytest.approx(FS_HZ)
    assert any("lost" in note for note in reading.notes)


def test_a_unit_that_is_none_of_time_is_named(tmp_path: Path) -> None:
    rows = write_rows(lambda t, v: f"{t * 9250:.0f},{v}", header="time (ticks),ecg\n")
    with pytest.raises(
        DataError, match=r"column 'time' is in 'ticks', which is no unit of time; give the rate \(fs_hz\)"
    ):
        read_text(tmp_path, rows)
    reading = check_text(tmp_path, "# sampling rate: 250 Hz\n" + rows)
    assert "column 'time' tells no time: samples follow each other at the stated 250 Hz" in reading.notes


@pytest.mark.parametrize("header", ["time (samples),ecg", "time,ecg", "sample,ecg", "'sample #','ecg'"])
def test_numbers_of_samples_are_no_times_and_a_stated_rate_is_enough(tmp_path: Path, header: str) -> None:
    rows = write_rows(lambda t, v: f"{t * FS_HZ:.0f},{v}", header=f"{header}\n")
    with pytest.raises(DataError, match=r"give (the rate|it) in Hz \(fs_hz\)"):
        read_text(tmp_path, rows)
    check_text(tmp_path, "# fs: 250 Hz\n" + rows)


def test_a_rate_of_no_ecg_is_not_taken_silently(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"1.5e\+04 Hz in s.*250 Hz in min: expected 50 to 5000 Hz; name its unit"):
        read_text(tmp_path, write_rows(lambda t, v: f"{t / 60:.8f},{v}", header="time,ecg\n"))
    with pytest.raises(DataError, match=r"has 1.5e\+04 Hz: expected 50 to 5000 Hz for an ECG; give the rate"):
        read_text(tmp_path, write_rows(lambda t, v: f"{t / 60:.8f},{v}", header="time (s),ecg\n"))
    with pytest.raises(DataError, match="states 2 Hz: expected 50 to 5000 Hz"):
        read_text(tmp_path, write_rows(lambda t, v: f"{v}", header="# sampling rate: 2 Hz\necg\n"))


def test_the_stated_rate_tells_the_unit_where_the_column_does_not(tmp_path: Path) -> None:
    text = write_rows(lambda t, v: f"{t / 60:.8f},{v}", header="# sampling rate: 250 Hz\ntime,ecg\n")
    assert "times are taken for min, which agrees with the stated 250 Hz" in check_text(tmp_path, text).notes


def test_the_better_of_two_clocks_is_taken(tmp_path: Path) -> None:
    header = "Phone timestamp;sensor timestamp [ns];timestamp [ms];ecg [uV]\n"
    text = write_rows(
        lambda t, v: f"{clock(t // 0.3 * 0.3)};{599616000000000000 + round(t * 1e9)};{t * 1e3:.1f};{v * 1e3:.0f}",
        header=header,
    )
    check_text(tmp_path, text)
    names = ("response time", "ecg time", "RR interval time", "timestamp", "sensor timestamp")
    found = find_time_columns([Channel(name=name) for name in names])
    assert [column.name for column in found] == ["timestamp", "sensor timestamp"]


@pytest.mark.parametrize("name", ["sample", "Sample Number", "index", "time (samples)", "time", "'sample #'"])
@pytest.mark.parametrize("is_given", [False, True])
def test_numbers_of_samples_show_which_are_lost(tmp_path: Path, name: str, is_given: bool) -> None:
    lines = [f"{number},{value}" for number, value in enumerate(ECG_MV)]
    text = "\n".join([f"{name},ecg", *lines[:200], *lines[300:]]) + "\n"
    path = tmp_path / "x.csv"
    path.write_text(text if is_given else f"# fs: 250 Hz\n{text}")
    expected = ECG_MV.copy()
    expected[200:300] = np.nan
    if is_given and name == "time":
        # a rate that is given counts in place of times, whatever they are
        expected = np.delete(ECG_MV, np.s_[200:300])
    reading = read_ecg_fully(path, fs_hz=FS_HZ if is_given else None)
    np.testing.assert_allclose(reading.signal.samples, expected, atol=1e-9)
    assert reading.signal.fs_hz == FS_HZ
    # numbers that start again count nothing
    path.write_text("# fs: 250 Hz\nsample,ecg\n" + "".join(f"{n % 250},{value}\n" for n, value in enumerate(ECG_MV)))
    np.testing.assert_allclose(read_ecg_fully(path).signal.samples, ECG_MV, atol=1e-9)


PAIRS = (
    "time_ppg,ppg,time_ecg,ecg", "ppg_time,ppg,ecg_time,ecg", "time,ppg,time,ecg", "time,ppg,time.1,ecg",
    "X [s],ACC,X [s],EKG 1", "Time PPG (s),PPG,Time ECG (s),ECG", "Timestamp,HR,Timestamp_2,ECG II",
)  # fmt: skip


@pytest.mark.parametrize("is_ecg_first", [False, True])
@pytest.mark.parametrize("header", PAIRS)
def test_each_signal_has_its_own_times_where_each_has_a_column(tmp_path: Path, header: str, is_ecg_first: bool) -> None:
    # 64 Hz beside 250 Hz: its cells end early
    rows = []
    for number, value in enumerate(ECG_MV):
        other = f"{number / 64:.5f},7" if number < 256 else ","
        own = f"{number / FS_HZ:.3f},{value}"
        rows.append(f"{own},{other}" if is_ecg_first else f"{other},{own}")
    names = header.split(",")
    names = [*names[2:], *names[:2]] if is_ecg_first and ".1" not in header else names
    if is_ecg_first and ".1" in header:
        names = ["time", "ecg", "time.1", "ppg"]
    check_text(tmp_path, "\n".join([",".join(names), *rows]) + "\n")


def test_a_signal_whose_cells_end_early_ends_there(tmp_path: Path) -> None:
    rows = [f"{n / 1000:.3f},7," + (f"{n / FS_HZ:.3f},{ECG_MV[n]}" if n < N_ROWS else ",") for n in range(4 * N_ROWS)]
    check_text(tmp_path, "time_emg,emg,time_ecg,ecg\n" + "\n".join(rows) + "\n")


def test_times_that_are_not_known_say_so(tmp_path: Path) -> None:
    text = write_rows(lambda t, v: f"PT{t:.3f}S,{v}", header="time,ecg\n")
    with pytest.raises(
        DataError, match=r"column 'time' holds 'PT0.000S', which is no time that is known; write seconds"
    ):
        read_text(tmp_path, text)


def test_stamps_of_a_table_without_names_are_found_by_their_cells(tmp_path: Path) -> None:
    check_text(tmp_path, write_rows(lambda t, v: f"{clock(t)},{v}"), column="2")


def test_absurd_stamps_do_no_harm(tmp_path: Path) -> None:
    lines = write_rows(lambda t, v: f"{t:.3f},{v}", header="time,ecg\n").split("\n")
    for stamp in ("1e300", "-1e300", "inf", "1e18", "-5"):
        changed = [*lines]
        changed[100] = f"{stamp},{ECG_MV[99]}"
        reading = read_text(tmp_path, "\n".join(changed))
        assert len(reading.signal.samples) == N_ROWS
        assert reading.signal.fs_hz == pytest.approx(FS_HZ, rel=1e-3)
