"""MATLAB files: matrices in either orientation, structs, exports of PhysioNet and LabChart, and version 7.3."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ecg_files import FS_HZ, damage, make_ecg
from fuzzing import attempt
from scipy import io

from ecg_facial.ecg.reading import probe_ecg, read_ecg, read_ecg_fully
from ecg_facial.errors import CorruptDataError, DataError, MissingDependencyError
from ecg_facial.runtime import extras

ECG = make_ecg()
OTHER = np.sin(np.arange(len(ECG)) / 30)


def write(folder: Path, content: dict[str, Any], **options: Any) -> Path:
    path = folder / "ecg.mat"
    io.savemat(path, content, **options)
    return path


MATRICES = {
    "a row": {"ecg": ECG[None, :], "fs": FS_HZ},
    "a column": {"ecg": ECG[:, None], "Fs": FS_HZ},
    "channels in columns": {"data": np.stack([OTHER, ECG], axis=1), "fs": FS_HZ, "labels": ["gsr", "ECG II"]},
    "channels in rows": {"data": np.stack([OTHER, ECG]), "fs": FS_HZ, "labels": np.array(["gsr", "ECG"], dtype=object)},
    "a struct": {"rec": {"ecg": ECG, "fs": FS_HZ, "unit": "mV"}},
    "a struct in a struct": {"rec": {"signals": {"ECG": ECG, "EDA": OTHER}, "info": {"SamplingRate": FS_HZ}}},
    "a rate as text": {"ecg": ECG, "fs": "200 Hz"},
    "an interval of AcqKnowledge": {
        "data": np.stack([OTHER, ECG], axis=1), "isi": 5.0, "isi_units": "ms", "labels": ["RSP", "ECG"],
        "units": ["V", "mV"],
    },
    "a small matrix beside it": {"ecg": ECG, "events": np.arange(7), "fs": np.array([[FS_HZ]])},
}  # fmt: skip


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("content", MATRICES.values(), ids=MATRICES.keys())
def test_the_ecg_is_found_with_its_rate(tmp_path: Path, content: dict[str, Any], compressed: bool) -> None:
    ecg = read_ecg(write(tmp_path, content, do_compression=compressed))
    assert ecg.fs_hz == pytest.approx(FS_HZ)
    np.testing.assert_allclose(ecg.samples, ECG)


def test_version_4_is_read(tmp_path: Path) -> None:
    np.testing.assert_allclose(read_ecg(write(tmp_path, {"ecg": ECG, "fs": FS_HZ}, format="4")).samples, ECG)


def test_several_candidates_are_named(tmp_path: Path) -> None:
    path = write(tmp_path, {"one": ECG, "two": OTHER, "fs": FS_HZ})
    with pytest.raises(DataError, match=r"no channel 'ecg' \(channels: 'one, two'\)"):
        read_ecg(path)
    np.testing.assert_allclose(read_ecg(path, column="one").samples, ECG)


def test_a_rate_that_nobody_states_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, {"ecg": ECG})
    with pytest.raises(DataError, match="states no sampling rate"):
        read_ecg(path)
    np.testing.assert_allclose(read_ecg(path, fs_hz=FS_HZ).samples, ECG)


def test_a_unit_in_the_file_gives_millivolts(tmp_path: Path) -> None:
    ecg = read_ecg(write(tmp_path, {"ecg": 1000 * ECG, "fs": FS_HZ, "units": "uV"}))
    assert ecg.unit == "mV"
    np.testing.assert_allclose(ecg.samples, ECG)


def test_a_matrix_of_physionet_has_the_gains_of_its_info(tmp_path: Path) -> None:
    counts = np.stack([np.round(200 * ECG) + 1024, np.round(100 * OTHER)]).astype(np.int16)
    counts[0, 500] = -(1 << 15)
    path = write(tmp_path, {"val": counts})
    path.with_suffix(".info").write_text(
        "Source: record mitdb/100  Start: [00:00:10.000]\nval has 2 rows (signals) and 2000 columns\n"
        "Sampling frequency: 200 Hz  Sampling interval: 0.005 sec\n\nRow\tSignal\tGain\tBase\tUnits\n"
        "1\tMLII\t200\t1024\tmV\n2\tresp wave\t100\t0\tmV\n"
    )
    ecg = read_ecg(path)
    assert (ecg.fs_hz, ecg.unit) == (200.0, "mV")
    assert np.isnan(ecg.samples[500])
    np.testing.assert_allclose(np.delete(ecg.samples, 500), np.delete(ECG, 500), atol=0.003)


def test_a_matrix_that_a_header_names_is_a_wfdb_record(tmp_path: Path) -> None:
    """PhysioNet's challenges: version 4, whose numbers begin at byte 24."""
    counts = np.round(1000 * ECG)[None, :].astype(np.int16)
    path = tmp_path / "A0001.mat"
    io.savemat(path, {"val": counts}, format="4")
    (tmp_path / "A0001.hea").write_text("A0001 1 200 2000\nA0001.mat 16+24 1000/mV 16 0 0 0 0 ECG\n")
    for name in ("A0001.mat", "A0001.hea", "A0001"):
        ecg = read_ecg(tmp_path / name)
        assert (ecg.fs_hz, ecg.unit) == (200.0, "mV")
        np.testing.assert_allclose(ecg.samples, ECG, atol=0.001)


def test_an_export_of_labchart_is_read(tmp_path: Path) -> None:
    data = np.concatenate([OTHER[:1500], OTHER[1500:], ECG[:1500], ECG[1500:]])
    path = write(
        tmp_path,
        {
            "data": data[None, :], "datastart": [[1, 1501], [2001, 3501]], "dataend": [[1500, 2000], [3500, 4000]],
            "titles": ["Finger", "ECG"], "samplerate": [[FS_HZ, FS_HZ], [FS_HZ, FS_HZ]], "unittext": ["V", "mV"],
            "unittextmap": [[1, 1], [2, 2]],
        },
    )  # fmt: skip
    reading = read_ecg_fully(path)
    assert (reading.signal.fs_hz, reading.signal.unit, reading.channels) == (FS_HZ, "mV", ("Finger", "ECG"))
    np.testing.assert_allclose(reading.signal.samples, ECG)
    assert "2 blocks follow each other" in reading.notes[0]


def test_channels_and_blocks_of_labchart_have_rates_of_their_own(tmp_path: Path) -> None:
    """The ECG is missing in the first block, and stored as counts."""
    counts = np.round(200 * ECG).astype(np.int16)
    data = np.concatenate([np.zeros(700, np.int16), np.zeros(900, np.int16), counts - 50])
    path = write(
        tmp_path,
        {
            "data": data[None, :], "datastart": [[1, 701], [-1, 1601]], "dataend": [[700, 1600], [-1, 3600]],
            "titles": ["Finger", "ECG"], "samplerate": [[100.0, 100.0], [0.0, FS_HZ]], "unittext": ["V", "mV"],
            "unittextmap": [[1, 1], [-1, 2]], "scaleunits": [[1.0, 1.0], [0.0, 0.005]],
            "scaleoffset": [[0.0, 0.0], [0.0, 50.0]],
        },
    )  # fmt: skip
    ecg = read_ecg(path)
    assert (ecg.fs_hz, ecg.unit, probe_ecg(path).n_times) == (FS_HZ, "mV", 2000)
    np.testing.assert_allclose(ecg.samples, ECG, atol=0.003)
    assert read_ecg(path, column="Finger").fs_hz == 100.0


def cell(*parts: Any) -> Any:
    made = np.empty((1, len(parts)), dtype=object)
    made[0, :] = parts
    return made


SLOW = OTHER[:500]
SEVERAL_RATES = {
    "in structs": {"rec": {"ppg": {"signal": SLOW, "fs": 50.0}, "ecg": {"signal": ECG, "fs": FS_HZ}}},
    "in a struct around": {"ppg": SLOW, "fs": 50.0, "rec": {"fs": FS_HZ, "info": {"ecg": ECG}}},
    "by name": {"gsr": SLOW, "gsr_fs": 50.0, "ecg": ECG, "ecg_fs": FS_HZ},
    "by name in front": {"fs_gsr": 50.0, "fs_ecg": FS_HZ, "gsr": SLOW, "ecg": ECG},
    "FieldTrip": {
        "data": {
            "trial": cell(np.stack([OTHER, ECG])), "time": cell(np.arange(len(ECG)) / FS_HZ), "fsample": FS_HZ,
            "label": cell("EEG1", "ECG"),
        }
    },
    "EEGLAB": {
        "EEG": {
            "srate": FS_HZ, "data": np.stack([OTHER, ECG]), "times": 1e3 * np.arange(len(ECG)) / FS_HZ,
            "chanlocs": np.array([("Fp1", "EEG"), ("ECG", "")], dtype=[("labels", "O"), ("type", "O")]),
        }
    },
}  # fmt: skip


@pytest.mark.parametrize("content", SEVERAL_RATES.values(), ids=SEVERAL_RATES.keys())
def test_the_rate_is_that_of_the_ecg_among_several(tmp_path: Path, content: dict[str, Any]) -> None:
    ecg = read_ecg(write(tmp_path, content))
    assert ecg.fs_hz == pytest.approx(FS_HZ)
    np.testing.assert_allclose(ecg.samples, ECG)


VECTORS = {
    "times in a struct that is called ECG": {"ecg": {"t": np.arange(len(ECG)) / FS_HZ, "v": ECG}},
    "times beside a rate": {"ecg": {"t": np.arange(len(ECG)) / FS_HZ, "v": ECG, "fs": FS_HZ}},
    "cells of several lengths": {"data": cell(SLOW, ECG), "labels": cell("PPG", "ECG"), "fs": FS_HZ},
    "arrays that are counted": {"ch1": OTHER, "ch2": ECG, "labels": cell("GSR", "ECG (mV)"), "fs": FS_HZ},
}


@pytest.mark.parametrize("content", VECTORS.values(), ids=VECTORS.keys())
def test_the_ecg_is_found_among_vectors(tmp_path: Path, content: dict[str, Any]) -> None:
    ecg = read_ecg(write(tmp_path, content))
    assert ecg.fs_hz == pytest.approx(FS_HZ)
    np.testing.assert_allclose(ecg.samples, ECG)


def test_several_rates_that_bear_no_name_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, {"ecg": ECG, "one": {"fs": 50.0}, "two": {"fs": FS_HZ}})
    with pytest.raises(DataError, match=r"several sampling rates \(50, 200 Hz\); give that of the ECG"):
        read_ecg(path)


def test_a_small_file_that_holds_gigabytes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, {"ecg": np.zeros(3_000_000), "fs": FS_HZ}, do_compression=True)
    assert path.stat().st_size < 100_000
    monkeypatch.setattr("ecg_facial.ecg.formats.matlab_sizes.MAX_BYTES", 1 << 24)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=r"holds 16777216 bytes or more when unpacked"):
            read_ecg(path)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("version", ["4", "5"])
def test_a_size_beyond_the_end_of_the_file_is_refused_before_so_much_is_allocated(tmp_path: Path, version: str) -> None:
    path = tmp_path / "x.mat"
    io.savemat(path, {"ecg": ECG, "fs": FS_HZ}, format=version)
    content = bytearray(path.read_bytes())
    refused = 0
    for place in range(0 if version == "4" else 128, 400, 4):
        path.write_bytes(content[:place] + (0x60000000).to_bytes(4, "little") + content[place + 4 :])
        tracemalloc.start()
        try:
            read_ecg(path)
        except DataError as error:
            refused += "states more bytes than it holds" in str(error)
        finally:
            most = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert most < 8 << 20, place
    assert refused >= 2


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("compressed", [False, True])
def test_a_damaged_file_is_an_ecg_or_one_of_our_errors(tmp_path: Path, seed: int, compressed: bool) -> None:
    path = write(tmp_path, {"rec": {"ecg": ECG[:300], "fs": FS_HZ}, "x": "text"}, do_compression=compressed)
    path.write_bytes(damage(path.read_bytes(), np.random.default_rng(seed)))
    attempt(lambda: read_ecg(path))


def test_without_h5py_a_newer_file_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "new.mat").write_bytes(b"MATLAB 7.3 MAT-file".ljust(512) + b"\x89HDF\r\n\x1a\n" + bytes(100))
    monkeypatch.setattr(extras, "is_installed", lambda package: package != "h5py")
    with pytest.raises(MissingDependencyError, match=r"h5py is needed here.*'ecg-facial\[matlab\]'"):
        read_ecg(tmp_path / "new.mat")


def write_hdf5(path: Path, arrays: dict[str, Any], texts: dict[str, str], cells: dict[str, list[str]]) -> Path:
    """Write as MATLAB does: HDF5 behind 512 bytes, axes in reverse, text as numbers, cells as references."""
    h5py = pytest.importorskip("h5py", reason="h5py is an extra: pip install 'ecg-facial[matlab]'")
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            file[name] = np.asarray(array).T
        for name, text in texts.items():
            file[name] = np.array([[ord(one)] for one in text], dtype=np.uint16)
            file[name].attrs["MATLAB_class"] = np.bytes_("char")
        for name, parts in cells.items():
            for number, part in enumerate(parts):
                place = f"#refs#/{name.replace('/', '_')}{number}"
                file[place] = np.array([[ord(one)] for one in part], dtype=np.uint16)
                file[place].attrs["MATLAB_class"] = np.bytes_("char")
            refs = [[file[f"#refs#/{name.replace('/', '_')}{number}"].ref] for number in range(len(parts))]
            file.create_dataset(name, data=np.array(refs, dtype=h5py.ref_dtype), dtype=h5py.ref_dtype)
            file[name].attrs["MATLAB_class"] = np.bytes_("cell")
    content = path.read_bytes()
    path.write_bytes(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512) + content[512:])
    return path


def test_version_7_3_is_read(tmp_path: Path) -> None:
    table = np.stack([OTHER, ECG], axis=1)
    path = write_hdf5(
        tmp_path / "new.mat",
        {"rec/data": table, "rec/fs": [[FS_HZ]]},
        {"rec/unit": "mV"},
        {"rec/labels": ["gsr", "ECG"]},
    )
    reading = read_ecg_fully(path)
    assert (reading.signal.fs_hz, reading.signal.unit, reading.channels) == (FS_HZ, "mV", ("gsr", "ECG"))
    np.testing.assert_allclose(reading.signal.samples, ECG)
    assert probe_ecg(path).n_times == len(ECG)


def test_a_vector_of_version_7_3_is_read_in_either_orientation(tmp_path: Path) -> None:
    for array in (ECG[None, :], ECG[:, None]):
        path = write_hdf5(tmp_path / "new.mat", {"ecg": array, "Fs": [[FS_HZ]]}, {}, {})
        np.testing.assert_allclose(read_ecg(path).samples, ECG)


def test_a_damaged_file_of_version_7_3_is_one_line(tmp_path: Path) -> None:
    path = write_hdf5(tmp_path / "new.mat", {"ecg": ECG, "fs": [[FS_HZ]]}, {}, {})
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(CorruptDataError, match="the file cannot be read"):
        read_ecg(path)
    for seed in range(30):
        path.write_bytes(damage(content, np.random.default_rng(seed)))
        attempt(lambda: read_ecg(path))
