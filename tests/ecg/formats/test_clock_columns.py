"""A table without names is read where all columns but one are clocks, and says so; otherwise it is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ecg_files import FS_HZ, make_ecg

from ecg_facial.ecg.formats.clock_columns import find_roles
from ecg_facial.ecg.reading import EcgReading, probe_ecg, read_ecg_fully
from ecg_facial.errors import DataError

ECG = np.round(make_ecg(2000), 4)
Row = Callable[[int, float], tuple[str, ...]]


def read(folder: Path, row: Row, separator: str = ",") -> EcgReading:
    path = folder / "x.csv"
    rows = (separator.join(row(number, float(value))) for number, value in enumerate(ECG))
    path.write_text("\n".join([*rows, ""]))
    assert probe_ecg(path).n_times == len(ECG)
    return read_ecg_fully(path)


ROWS: dict[str, tuple[Row, str, str]] = {
    "seconds": (lambda n, v: (f"{n / FS_HZ:.3f}", f"{v}"), ",", "column 1 goes up in even steps"),
    "behind": (
        lambda n, v: (f"{v}", f"{5 * n}"),
        ",",
        "column 2 goes up in even steps and is read as the time",
    ),
    "newest first": (lambda n, v: (f"{(4000 - n) / FS_HZ:.3f}", f"{v}"), ",", "column 1 goes up in even steps"),
    "blanks": (lambda n, v: (f"{n / FS_HZ:.3f}", f"{v}"), " ", "column 1 goes up in even steps"),
    "decimal commas": (
        lambda n, v: (f"{n / FS_HZ:.3f}".replace(".", ","), f"{v}".replace(".", ",")),
        ";",
        "column 1 goes up in even steps",
    ),
    "counted": (
        lambda n, v: (f"{n}", f"{n / FS_HZ:.3f}", f"{v}"),
        "\t",
        "column 1 counts samples, column 2 goes up",
    ),
    "clock": (lambda n, v: (f"10:00:{n / FS_HZ:06.3f}", f"{v}"), ",", "column 1 goes up in even steps"),
    "date and clock": (
        lambda n, v: ("2024-05-01", f"10:00:{n / FS_HZ:06.3f}", f"{v}"),
        ";",
        "column 1 goes up in even steps",
    ),
}


@pytest.mark.parametrize("kind", ROWS)
def test_the_column_beside_a_regular_clock_is_the_ecg(tmp_path: Path, kind: str) -> None:
    row, separator, said = ROWS[kind]
    found = read(tmp_path, row, separator)
    assert found.signal.fs_hz == pytest.approx(FS_HZ)
    samples = found.signal.samples[::-1] if kind == "newest first" else found.signal.samples
    np.testing.assert_array_equal(samples, ECG)
    assert found.notes[0].startswith("the columns have no names: ")
    assert said in found.notes[0]
    assert found.notes[0].endswith("is read as the ECG")


def test_times_that_are_rounded_and_samples_that_are_lost_are_times_nevertheless(tmp_path: Path) -> None:
    kept = np.delete(np.arange(2000), np.arange(700, 760))
    path = tmp_path / "x.csv"
    path.write_text("".join(f"{round(1e3 * n / 512)},{ECG[n]}\n" for n in kept))
    found = read_ecg_fully(path)
    assert found.signal.fs_hz == pytest.approx(512, rel=1e-3)
    assert np.isnan(found.signal.samples).sum() == 60


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ((np.arange(2000) / FS_HZ, ECG, np.sin(np.arange(2000) / 9)), "3 columns without a header"),
        ((np.arange(2000) / FS_HZ, np.arange(2000) / 50), "2 columns without a header"),
        ((ECG, np.sin(np.arange(2000) / 9)), "2 columns without a header"),
        ((np.arange(2000) / FS_HZ, np.zeros(2000)), "2 columns without a header"),
        ((np.arange(2000), ECG), "column 'sample' counts samples, which tells no time"),
    ],
)
def test_what_is_not_clear_is_refused(tmp_path: Path, columns: tuple[np.ndarray, ...], message: str) -> None:
    path = tmp_path / "x.csv"
    np.savetxt(path, np.stack(columns, axis=1), fmt="%.4f" if columns[0][1] != 1 else "%g", delimiter=",")
    with pytest.raises(DataError, match=message):
        read_ecg_fully(path)
    assert read_ecg_fully(path, fs_hz=FS_HZ, column="2").signal.samples.tolist() == pytest.approx(
        np.round(columns[1], 4).tolist(), abs=1e-3
    )


def test_two_clocks_or_none_leave_the_roles_open() -> None:
    times = np.arange(100) / FS_HZ
    assert find_roles([times, 7 * times, ECG[:100]]) is None
    assert find_roles([ECG[:100]]) is None
    assert find_roles([times[:10], ECG[:10]]) is None
