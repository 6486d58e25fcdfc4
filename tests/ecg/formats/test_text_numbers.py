"""Numbers, encodings, merged rates and damage in ECG tables, as people write them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from written_ecg import ECG_MV, FS_HZ, N_ROWS, check_text, read_text, write_rows

from ecg_facial.ecg.filtering import bandpass
from ecg_facial.errors import CorruptDataError
from ecg_facial.runtime.typing import BoolArray

Lost = Callable[[np.random.Generator], BoolArray]

COMMA, GERMAN = str.maketrans(".", ","), str.maketrans({",": ".", ".": ","})
# ten thousandths of a millivolt have thousands
BIG = 1e4
CELLS = {
    "point and comma": lambda v: f"{BIG * v:,.2f}".translate(GERMAN),
    "blank and comma": lambda v: f"{BIG * v:,.2f}".translate(str.maketrans({",": " ", ".": ","})),
    "no-break space": lambda v: f"{BIG * v:,.2f}".translate(str.maketrans({",": "\u00a0", ".": ","})),
    "narrow no-break space": lambda v: f"{BIG * v:,.2f}".translate(str.maketrans({",": "\u202f", ".": ","})),
    "apostrophe": lambda v: f"{BIG * v:,.2f}".replace(",", "'"),
    "comma and point": lambda v: f"{BIG * v:,.2f}",
    "quoted": lambda v: f'"{BIG * v:,.2f}"',
    "powers of ten": lambda v: f"{BIG * v:.6E}",
    "powers of ten with a comma": lambda v: f"{BIG * v:.6e}".translate(COMMA),
    "plus": lambda v: f"{BIG * v:+.3f}",
    "brackets": lambda v: f"({BIG * -v:.3f})" if v < 0 else f"{BIG * v:.3f}",
    "minus of print": lambda v: f"{BIG * v:.3f}".replace("-", "\u2212"),
    "quoted comma": lambda v: f'"{BIG * v:.3f}"'.translate(COMMA),
}


@pytest.mark.parametrize("separator", [";", "\t", "|", ","])
@pytest.mark.parametrize("kind", CELLS)
def test_numbers_are_read_as_people_write_them(tmp_path: Path, kind: str, separator: str) -> None:
    written = CELLS[kind]
    if separator == "," and "," in written(0.1234):
        written = lambda v: f'"{CELLS[kind](v).strip(chr(34))}"'  # noqa: E731
    decimal = "," if CELLS[kind](0.5).strip('"').endswith((",00", ",000")) or "," in written(0.05) else "."
    stamp = (lambda t: f"{t:.3f}") if separator == "," or decimal == "." else (lambda t: f"{t:.3f}".translate(COMMA))
    text = write_rows(lambda t, v: f"{stamp(t)}{separator}{written(v)}", header=f"time{separator}ecg\n")
    check_text(tmp_path, text, scale=BIG)


def test_whole_numbers_with_grouped_thousands_are_never_fractions(tmp_path: Path) -> None:
    counts = np.round(2000 * ECG_MV) + 900
    for sign, separator in ((",", ";"), (".", ";"), (".", "\t")):
        rows = "".join(f"{count:,.0f}".replace(",", sign) + f"{separator}1\n" for count in counts)
        reading = read_text(tmp_path, f"# fs: 250\necg{separator}resp\n" + rows)
        np.testing.assert_array_equal(reading.signal.samples, counts)


def test_units_behind_numbers_are_those_of_the_column(tmp_path: Path) -> None:
    reading = check_text(tmp_path, write_rows(lambda t, v: f"{t:.3f} s,{1000 * v:.1f} uV", header="time,ecg\n"))
    assert reading.signal.unit == "mV"


def test_missing_values_have_many_names(tmp_path: Path) -> None:
    words = ["", "NaN", "NA", "n/a", "-", "--", "#N/A", "null", ".", "1.#QNAN", "?"]
    expected = ECG_MV.copy()
    expected[100 : 100 + len(words)] = np.nan
    cells = [f"{value}" for value in ECG_MV]
    cells[100 : 100 + len(words)] = words
    rows = "".join(f"{number / FS_HZ:.3f},{cell}\n" for number, cell in enumerate(cells))
    reading = read_text(tmp_path, "time,ecg\n" + rows)
    np.testing.assert_array_equal(reading.signal.samples, expected)
    assert not any("damaged" in note for note in reading.notes)


def test_quoted_decimal_commas_are_found_below_remarks(tmp_path: Path) -> None:
    header = "Sampling frequency: 0,25 kHz\necg,resp\n"
    check_text(tmp_path, write_rows(lambda _, v: f'"{v}","0.75"'.translate(COMMA), header=header))


def test_a_missing_value_at_the_start_of_a_row_is_no_comment(tmp_path: Path) -> None:
    rows = [f"{value},1" for value in ECG_MV]
    rows[500:502] = ["#N/A,1", "#VALUE!,1"]
    samples = read_text(tmp_path, "# fs: 250\necg,resp\n" + "\n".join([*rows, "#Name: nobody"]) + "\n").signal.samples
    assert len(samples) == N_ROWS
    assert np.isnan(samples[[500, 501]]).all()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_encoding_and_line_end_is_read(tmp_path: Path, encoding: str, end: str) -> None:
    text = write_rows(lambda t, v: f"{t:.3f};{1000 * v:.1f}", header="Zeit (s);EKG (\u00b5V)\n")
    reading = check_text(tmp_path, text.replace("\n", end).encode(encoding))
    assert reading.signal.unit == "mV"
    assert any("read as" in note for note in reading.notes) is not encoding.startswith("utf-8")


@pytest.mark.parametrize("restarts", [False, True])
def test_files_that_were_put_together_are_one_table(tmp_path: Path, restarts: bool) -> None:
    parts = [f"{(n - (500 if restarts and n >= 500 else 0)) / FS_HZ:.3f},{value}" for n, value in enumerate(ECG_MV)]
    files = ["\ufefftime,ecg\n" + "\n".join(part) + "\n" for part in (parts[:500], parts[500:])]
    reading = check_text(tmp_path, "".join(files).encode())
    assert not any("damaged" in note for note in reading.notes)


def test_rows_that_stand_twice_count_once(tmp_path: Path) -> None:
    rows = [f"{number / FS_HZ:.3f},{value}" for number, value in enumerate(ECG_MV)]
    twice = [line for number, row in enumerate(rows) for line in ([row, row] if number % 100 == 50 else [row])]
    reading = check_text(tmp_path, "time,ecg\n" + "\n".join(twice) + "\n")
    assert "10 rows stand in the file twice: left out" in reading.notes
    # a clock that was set back is none, even where the signal repeats itself
    assert len(read_text(tmp_path, "time,ecg\n" + "\n".join([*rows[:600], *rows[400:]]) + "\n").signal.samples) == 1200


def test_the_last_number_of_a_file_that_was_cut_is_not_believed(tmp_path: Path) -> None:
    text = write_rows(lambda t, v: f"{t:.3f},{v:.4f}", header="time,ecg\n")
    reading = read_text(tmp_path, text[:-3])
    np.testing.assert_allclose(reading.signal.samples, ECG_MV[:-1], atol=1e-4)
    assert "the last row was cut off within its last number: left out" in reading.notes
    # a file whose last line has no end is whole where its last number is
    assert len(check_text(tmp_path, text.rstrip()).signal.samples) == N_ROWS
    assert (
        len(read_text(tmp_path, write_rows(lambda t, v: f"{t:.3f},{v}", header="time,ecg\n")[:-1]).signal.samples)
        == N_ROWS
    )


def test_commas_with_two_meanings_are_refused(tmp_path: Path) -> None:
    text = write_rows(
        lambda t, v: f"{t:.3f},{v:.4f}".translate(str.maketrans({",": ",", ".": ","})), header="time,ecg\n"
    )
    with pytest.raises(CorruptDataError, match="commas separate the cells and stand within the numbers too"):
        read_text(tmp_path, text)


@pytest.mark.parametrize("blank", ["", "NaN"])
@pytest.mark.parametrize("every", [2, 4])
def test_a_column_that_is_blank_at_regular_rows_has_a_rate_of_its_own(tmp_path: Path, blank: str, every: int) -> None:
    rows = []
    for number, value in enumerate(ECG_MV):
        for part in range(every):
            cell = f"{value}" if part == 0 else blank
            rows.append(f"{(number + part / every) / FS_HZ:.6f},1.0,{cell}")
    reading = check_text(tmp_path, "time,resp,ecg\n" + "\n".join(rows) + "\n")
    assert f"the column is filled in every {every}. row only: it has a rate of its own, 250 Hz" in reading.notes
    # the same with a stated rate of the rows, and no times
    rows = [row.partition(",")[2] for row in rows]
    check_text(tmp_path, f"# sampling rate: {every * FS_HZ:g} Hz\nresp,ecg\n" + "\n".join(rows) + "\n")


def test_lost_samples_of_a_column_of_its_own_rate_do_not_change_that_rate(tmp_path: Path) -> None:
    lost = range(20, 300, 40)
    rows = [
        # a tenth of a millisecond is too coarse to show one lost sample of 360 Hz
        f"{1.7e9 + number / 720:.4f},1.0,{'' if number % 2 or number // 2 in lost else number}"
        for number in range(600)
    ]
    signal = read_text(tmp_path, "time,resp,ecg\n" + "\n".join(rows) + "\n").signal
    assert signal.fs_hz == pytest.approx(360.0, rel=1e-3)
    assert np.flatnonzero(np.isnan(signal.samples)).tolist() == list(lost)
    np.testing.assert_array_equal(signal.samples[[0, 19, 299]], [0, 38, 598])


@pytest.mark.parametrize(("first", "ahead"), [(0, 0), (8, 4)])
def test_a_column_of_its_own_rate_may_begin_in_a_row_without_a_time(tmp_path: Path, first: int, ahead: int) -> None:
    rows = [f"{number / 500:.3f},1.0,{number if number >= first and number % 2 == 0 else ''}" for number in range(600)]
    rows[first] = f"x,1.0,{first}"
    signal = read_text(tmp_path, "time,resp,ecg\n" + "\n".join(rows) + "\n").signal
    assert signal.fs_hz == pytest.approx(250.0, rel=1e-3)
    # a row without a time is damaged
    assert np.isnan(signal.samples[: ahead + 1]).all()
    np.testing.assert_array_equal(signal.samples[ahead + 1 : ahead + 3], [first + 2, first + 4])


def test_two_devices_merged_by_time_keep_their_rates(tmp_path: Path) -> None:
    merged = [(number / FS_HZ, f"{value}", "") for number, value in enumerate(ECG_MV)]
    merged += [(number / 130, "", "1.0") for number in range(1, 4 * 130)]
    rows = "".join(f"{time:.6f},{ecg},{ppg}\n" for time, ecg, ppg in sorted(merged))
    check_text(tmp_path, "time,ecg,ppg\n" + rows)


@pytest.mark.parametrize("lost", [lambda rng: rng.random(N_ROWS) < 0.3, lambda _: np.arange(N_ROWS) % 3 == 1])
def test_single_samples_that_are_missing_stay_in_their_places(tmp_path: Path, lost: Lost) -> None:
    expected = np.where(lost(np.random.default_rng(5)), np.nan, ECG_MV)
    rows = [f"{number / FS_HZ:.3f},{'' if np.isnan(value) else value}" for number, value in enumerate(expected)]
    reading = read_text(tmp_path, "time,ecg\n" + "\n".join(rows) + "\n")
    np.testing.assert_array_equal(reading.signal.samples, expected)
    assert reading.signal.fs_hz == pytest.approx(FS_HZ)
    # they are bridged before filtering
    filtered = bandpass(reading.signal.samples, FS_HZ)
    assert np.isnan(filtered).mean() < 0.05


def test_a_long_gap_is_no_other_rate(tmp_path: Path) -> None:
    rows = [f"{number / FS_HZ:.3f},{value}" for number, value in enumerate(ECG_MV)]
    rows[300:700] = [row.partition(",")[0] + "," for row in rows[300:700]]
    reading = read_text(tmp_path, "time,ecg\n" + "\n".join(rows) + "\n")
    assert len(reading.signal.samples) == N_ROWS
    assert np.isnan(reading.signal.samples[300:700]).all()


def test_a_last_column_that_is_nearly_always_blank_is_a_column(tmp_path: Path) -> None:
    text = write_rows(lambda t, v: f"{t:.3f},{v}," + ("7" if t in (0.4, 1.2) else ""), header="time,ecg,trigger\n")
    assert not any("damaged" in note for note in check_text(tmp_path, text).notes)


def test_damage_within_a_table_is_left_out_and_said(tmp_path: Path) -> None:
    lines = write_rows(lambda t, v: f"{t:.3f},{v}", header="time,ecg\n").split("\n")
    lines[101], lines[201], lines[301] = "0.4", "0.800,0.\0\0\0", "garbage \ufffd"
    reading = read_text(tmp_path, "\n".join(lines).encode("utf-8") + bytes(700))
    expected = ECG_MV.copy()
    expected[[100, 200, 300]] = np.nan
    np.testing.assert_array_equal(reading.signal.samples, expected)
    assert "3 of 1000 rows are damaged, the first one is row 102: left out" in reading.notes
    assert any("700 NUL bytes: it was not closed" in note for note in reading.notes)


def test_the_last_cell_of_a_row_that_is_cut_is_not_believed(tmp_path: Path) -> None:
    lines = write_rows(lambda t, v: f"{t:.3f},{v:.3f},1.0", header="time,ecg,resp\n").split("\n")
    lines[101] = lines[101][:7]
    reading = read_text(tmp_path, "\n".join(lines))
    assert np.flatnonzero(np.isnan(reading.signal.samples)).tolist() == [100]


def test_a_column_of_words_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptDataError, match="row 2 holds 'low' in column 'ecg', and 1000 of 1000 rows are like it"):
        read_text(tmp_path, write_rows(lambda t, _: f"{t:.3f},low", header="time,ecg\n"))
