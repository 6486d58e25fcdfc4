"""The format of a file follows from its ending, else from its first bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ecg_files import FS_HZ, write_examples

from ecg_facial.ecg.formats.opening import list_files
from ecg_facial.ecg.reading import probe_ecg, read_ecg
from ecg_facial.errors import DataError, MissingDataError

KINDS = {
    "csv": "text table", "edf": "EDF file", "bdf": "BDF file", "xdf": "XDF recording", "npy": "NumPy arrays",
    "wfdb16": "WFDB record",
}  # fmt: skip


@pytest.mark.parametrize(("name", "kind"), KINDS.items(), ids=KINDS.keys())
def test_the_ending_tells_the_format(name: str, kind: str, tmp_path: Path) -> None:
    path = write_examples(tmp_path)[name]()
    assert probe_ecg(path, fs_hz=FS_HZ).kind == kind
    if name != "wfdb16":
        upper = path.rename(path.with_suffix(path.suffix.upper()))
        assert probe_ecg(upper, fs_hz=FS_HZ).kind == kind


@pytest.mark.parametrize("name", ["edf", "bdf", "xdf", "npy", "csv"])
def test_the_first_bytes_tell_the_format_where_the_ending_does_not(name: str, tmp_path: Path) -> None:
    path = write_examples(tmp_path)[name]()
    expected = read_ecg(path, fs_hz=FS_HZ).samples
    other = path.rename(tmp_path / "recording.data")
    np.testing.assert_array_equal(read_ecg(other, fs_hz=FS_HZ).samples, expected)


def test_what_cannot_be_read_says_what_to_do(tmp_path: Path) -> None:
    for name, remedy in {
        "x.zip": "unpack it first",
        "x.gz": "unpack it first",
        "x.atr": "give the record's .hea",
    }.items():
        (tmp_path / name).write_bytes(b"junk")
        with pytest.raises(DataError, match=remedy):
            read_ecg(tmp_path / name)
    with pytest.raises(MissingDataError, match="no such file"):
        read_ecg(tmp_path / "gone.csv")


def test_the_files_of_a_recording_are_listed(tmp_path: Path) -> None:
    path = write_examples(tmp_path)["wfdb16"]()
    assert {one.name for one in list_files(path)} == {"rec.hea", "rec.dat"}
    assert list_files(tmp_path / "gone.hea") == ()
    assert list_files(tmp_path / "gone.csv") == ()
