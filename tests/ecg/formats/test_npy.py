"""NumPy files: shapes, labels, rates and units; Python objects and wrong sizes are refused."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from ecg_files import FS_HZ, make_ecg
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ecg_facial.ecg.reading import probe_ecg, read_ecg, read_ecg_fully
from ecg_facial.errors import CorruptDataError, DataError, EcgFacialError
from ecg_facial.runtime.typing import AnyArray

ECG = make_ecg()


def test_a_vector_needs_a_rate(tmp_path: Path) -> None:
    np.save(tmp_path / "ecg.npy", ECG)
    with pytest.raises(DataError, match="states no sampling rate"):
        read_ecg(tmp_path / "ecg.npy")
    ecg = read_ecg(tmp_path / "ecg.npy", fs_hz=FS_HZ)
    assert ecg.unit is None
    np.testing.assert_array_equal(ecg.samples, ECG)


@pytest.mark.parametrize("across", [False, True])
def test_columns_are_chosen_by_label_or_number_whichever_way_they_lie(tmp_path: Path, across: bool) -> None:
    table = np.stack([np.zeros_like(ECG), 500 * ECG], axis=1)
    path = tmp_path / "two.npz"
    np.savez(path, data=table.T if across else table, labels=["gsr", "ecg"], fs=250, units=["uS", "uV"])
    ecg = read_ecg(path)
    assert (ecg.fs_hz, ecg.unit) == (250.0, "mV")
    np.testing.assert_allclose(ecg.samples, ECG / 2)
    np.save(tmp_path / "two.npy", table.T if across else table)
    with pytest.raises(DataError, match="2 channels without a header"):
        read_ecg(tmp_path / "two.npy", fs_hz=250)
    np.testing.assert_array_equal(read_ecg(tmp_path / "two.npy", fs_hz=250, column="2").samples, 500 * ECG)


@pytest.mark.parametrize("key", ["fs", "fs_hz", "sfreq", "sampling_rate"])
@pytest.mark.parametrize("dtype", ["f4", "f8", "i2", ">f8", "u1"])
def test_every_number_type_and_spelling_of_the_rate_is_read(tmp_path: Path, key: str, dtype: str) -> None:
    values = np.round(100 * ECG).astype(dtype)
    np.savez_compressed(tmp_path / "one.npz", ecg=values, gsr=values[::-1], **{key: np.array([360.0])})
    ecg = read_ecg(tmp_path / "one.npz")
    assert (ecg.fs_hz, probe_ecg(tmp_path / "one.npz").n_times) == (360.0, len(ECG))
    np.testing.assert_array_equal(ecg.samples, np.round(100 * ECG))


@settings(max_examples=40)
@given(
    table=arrays(np.float64, st.tuples(st.integers(5, 60), st.integers(1, 4)), elements=st.floats(-1e6, 1e6)),
    archived=st.booleans(),
    in_order=st.sampled_from("CF"),
)
def test_a_written_array_reads_back(
    tmp_path_factory: pytest.TempPathFactory, table: np.ndarray, archived: bool, in_order: str
) -> None:
    path = tmp_path_factory.mktemp("npy") / ("array.npz" if archived else "array.npy")
    content = np.asarray(table, order=in_order)
    if archived:
        np.savez(path, data=content, fs=100)
    else:
        np.save(path, content)
    for number in range(table.shape[1]):
        np.testing.assert_array_equal(read_ecg(path, fs_hz=100.0, column=str(number + 1)).samples, table[:, number])


def test_infinite_samples_are_not_recorded(tmp_path: Path) -> None:
    np.save(tmp_path / "ecg.npy", np.array([1.0, np.inf, -np.inf, np.nan]))
    np.testing.assert_array_equal(read_ecg(tmp_path / "ecg.npy", fs_hz=100).samples, [1.0, np.nan, np.nan, np.nan])


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("unpacked"),))


def test_fields_of_a_table_with_names_are_columns(tmp_path: Path) -> None:
    table = np.zeros(len(ECG), dtype=[("time", "f8"), ("gsr", "f4"), ("ecg_mV", "f4")])
    table["time"], table["ecg_mV"] = np.arange(len(ECG)) / FS_HZ, ECG
    np.save(tmp_path / "x.npy", table)
    ecg = read_ecg(tmp_path / "x.npy")
    assert (ecg.fs_hz, ecg.unit) == (pytest.approx(FS_HZ), "mV")
    np.testing.assert_allclose(ecg.samples, ECG, atol=1e-6)


def test_dates_beside_the_samples_are_times(tmp_path: Path) -> None:
    steps = np.round(1e9 * np.arange(len(ECG)) / FS_HZ).astype("timedelta64[ns]")
    for times in (np.datetime64("2024-03-05T09:30:00", "ns") + steps, steps):
        np.savez(tmp_path / "x.npz", time=times, ecg=ECG)
        ecg = read_ecg(tmp_path / "x.npz")
        assert ecg.fs_hz == pytest.approx(FS_HZ)
        np.testing.assert_allclose(ecg.samples, ECG)


def test_objects_are_never_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save(tmp_path / "bomb.npy", np.array([Bomb()], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "bomb.npz", ecg=np.array([Bomb()], dtype=object), fs=250)
    np.savez(tmp_path / "rate.npz", ecg=ECG, fs=np.array([Bomb()], dtype=object))
    for name in ("bomb.npy", "bomb.npz", "rate.npz"):
        with pytest.raises(DataError, match="holds Python objects, which are never unpacked"):
            read_ecg(tmp_path / name, fs_hz=250)
    assert not (tmp_path / "unpacked").exists()


def header(shape: tuple[int, ...], dtype: str = "<f8") -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": dtype, "fortran_order": False, "shape": shape})
    return stream.getvalue()


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((10**9,), r"has 8000000000 bytes, limit 1073741824"),
        ((10**12, 10**12), "limit"),
        ((2, 5, 3), "expected|claims"),
        ((-3,), "expected|claims"),
    ],
)
@pytest.mark.parametrize("archived", [False, True])
def test_a_shape_that_lies_is_refused_before_anything_is_allocated(
    tmp_path: Path, shape: tuple[int, ...], message: str, archived: bool
) -> None:
    content = header(shape) + bytes(80)
    path = tmp_path / ("lie.npz" if archived else "lie.npy")
    if archived:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("ecg.npy", content)
    else:
        path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(EcgFacialError, match=message):
            read_ecg(path, fs_hz=100)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("rate", [0.0, -1.0, np.nan, np.inf, np.zeros(3), np.array("fast")])
def test_a_stated_rate_that_is_none_is_refused(tmp_path: Path, rate: object) -> None:
    np.savez(tmp_path / "ecg.npz", ecg=ECG, fs=rate)
    with pytest.raises(CorruptDataError, match="expected one positive number"):
        read_ecg(tmp_path / "ecg.npz")


def test_arrays_that_are_no_signals_say_so(tmp_path: Path) -> None:
    np.savez(tmp_path / "words.npz", words=np.array(["a", "b"]))
    with pytest.raises(DataError, match="no array of numbers"):
        read_ecg(tmp_path / "words.npz")
    (tmp_path / "not.npz").write_bytes(b"PK\3\4 and no more")
    with pytest.raises(CorruptDataError, match=r"no list of contents: it is cut off or no \.npz file; copy it again"):
        read_ecg(tmp_path / "not.npz")
    (tmp_path / "empty.npy").write_bytes(b"")
    with pytest.raises(CorruptDataError, match="array 'arr_0' cannot be read"):
        read_ecg(tmp_path / "empty.npy")


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("transposed", [False, True])
def test_an_array_that_was_cut_off_is_read_to_its_end(tmp_path: Path, order: str, transposed: bool) -> None:
    table = np.arange(2000.0).reshape(1000, 2) + 0.5
    path = tmp_path / "cut.npy"
    np.save(path, np.array(table.T if transposed else table, order=order))
    path.write_bytes(path.read_bytes()[: 128 + 8 * 1501 + 3])
    in_blocks = (order == "C") == transposed
    lengths = (1000, 501) if in_blocks else (751, 750)
    for column, n_times in enumerate(lengths):
        reading = read_ecg_fully(path, column=str(column + 1), fs_hz=250.0)
        np.testing.assert_array_equal(reading.signal.samples, table[:n_times, column])
        assert "499 of 2000 numbers are missing at its end" in reading.notes[0]
        assert probe_ecg(path, column=str(column + 1), fs_hz=250.0).n_times == n_times
    path.write_bytes(path.read_bytes()[: 128 + 8 * 700])
    if in_blocks:
        with pytest.raises(CorruptDataError, match="column 2 lies behind the end of the file"):
            read_ecg(path, column="2", fs_hz=250.0)


def test_a_vector_that_was_cut_off_is_read_to_its_end(tmp_path: Path) -> None:
    np.save(tmp_path / "cut.npy", np.arange(1000, dtype=np.int16))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "cut.npy").read_bytes()[:-501])
    np.testing.assert_array_equal(read_ecg(tmp_path / "cut.npy", fs_hz=250.0).samples, np.arange(749))


def test_what_a_header_claims_is_not_allocated(tmp_path: Path) -> None:
    (tmp_path / "lie.npy").write_bytes(header((10**8,)) + bytes(80))
    tracemalloc.start()
    try:
        assert len(read_ecg(tmp_path / "lie.npy", fs_hz=250.0).samples) == 10
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("shape", [(10**8,), (11,)])
def test_an_archive_whose_arrays_are_too_short_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with zipfile.ZipFile(tmp_path / "lie.npz", "w") as archive:
        archive.writestr("ecg.npy", header(shape) + bytes(80))
    with pytest.raises(CorruptDataError, match=r"claims shape \(\d+,\), which is \d+ bytes, and holds 80"):
        read_ecg(tmp_path / "lie.npz", fs_hz=250.0)


def _beats(n_times: int) -> AnyArray:
    return np.sin(np.arange(n_times) ** 1.01 / 9)


@pytest.mark.parametrize("across", [False, True])
def test_the_times_in_a_column_without_names_give_the_rate(tmp_path: Path, across: bool) -> None:
    ecg = _beats(500)
    table = np.column_stack([np.arange(500) / 256, ecg])
    np.save(tmp_path / "a.npy", table.T if across else table)
    found = read_ecg_fully(tmp_path / "a.npy")
    assert found.signal.fs_hz == pytest.approx(256)
    np.testing.assert_array_equal(found.signal.samples, ecg)
    assert any("read as the time" in note for note in found.notes)


@pytest.mark.parametrize(("name", "scale"), [("time", 1.0), ("t", 1.0), ("time_ms", 1e3), ("timestamps", 1e9)])
def test_the_times_in_an_array_of_their_own_give_the_rate_and_the_gaps(tmp_path: Path, name: str, scale: float) -> None:
    ecg, kept = _beats(1000), np.r_[0:400, 500:1000]
    times = 1.7e9 + np.arange(1000) / 250
    np.savez(tmp_path / "a.npz", **{"ecg": ecg[kept], name: np.round((times[kept]) * scale, 6)})
    found = read_ecg(tmp_path / "a.npz")
    assert found.fs_hz == pytest.approx(250, rel=1e-4)
    assert len(found.samples) == 1000
    assert np.isnan(found.samples[400:500]).all()
    np.testing.assert_array_equal(found.samples[500:], ecg[500:])


def test_two_signals_without_names_are_still_asked_for(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.column_stack([_beats(500), _beats(500)[::-1]]))
    with pytest.raises(DataError, match="2 channels"):
        read_ecg(tmp_path / "a.npy", fs_hz=250)


def test_a_rate_that_is_given_counts_more_than_times(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", ecg=_beats(500), time=np.arange(500) / 256)
    assert read_ecg(tmp_path / "a.npz", fs_hz=200).fs_hz == 200
