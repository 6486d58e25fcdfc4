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


FOREIGN = {
    "x.acq": (b"\0\0\x84\0\0\0junk", "save it there as text or MATLAB file"),
    "x.adicht": (b"CFWB\1\0junk", "a recording of LabChart; export it there"),
    "x.adibin": (b"CFWB\1\0junk", "a binary file of LabChart"),
    "x.ecg": (b"ISHNE1.0\x12\0junk", "an ISHNE Holter file; convert it to WFDB or EDF"),
    "x": (b"\0" * 128 + b"DICM junk", "a DICOM file; convert its waveform"),
    "x.xml": (b'<?xml version="1.0"?>\n<AnnotatedECG xmlns="urn:hl7-org:v3"/>', "an HL7 aECG"),
    "muse.xml": (b'\xef\xbb\xbf<?xml version="1.0"?>\n<RestingECG><x>1 2</x></RestingECG>', "an ECG of GE MUSE"),
    "x.csv": (b"<!DOCTYPE html>\n<html><body>Sign in</body></html>", "a page of the web"),
    "lfs.csv": (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "git lfs pull"),
    "x.json": (b'{"data": [1, 2]}', "a JSON document; write its samples to a CSV file"),
    "x.txt": (b'[{"ecg": {"Samples": [1, 2], "Timestamp": 0}}]', "a JSON document, and no table"),
    "x.vhdr": (b"Brain Vision Data Exchange Header File Version 1.0\n", "convert the recording to EDF"),
    "x.gdf": (b"GDF 2.10\0\1\2", "a GDF file; convert it to EDF"),
    "x.feather": (b"ARROW1\0\0junk", "a Feather .Arrow. file; save it as CSV"),
    "x.pkl": (b"\x80\x04\x95junk", "a pickle of Python, which is never unpacked"),
    "x.wav": (b"RIFF\0\0\0\0WAVEfmt ", "a sound or video file"),
    "x.mp4": (b"\0\0\0\x20ftypisom", "a video"),
    "x.dat": (b"\0\1\2\3" * 99, "needs its .hea beside it, with the same name"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_of_another_kind_is_named_with_a_remedy(tmp_path: Path, name: str) -> None:
    content, remedy = FOREIGN[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=remedy):
        read_ecg(tmp_path / name)


def test_a_text_with_the_ending_of_a_device_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.acq").write_text("fs: 250\necg\n" + "0.5\n1.5\n" * 60)
    assert probe_ecg(tmp_path / "x.acq").n_times == 120


def test_the_files_of_a_recording_are_listed(tmp_path: Path) -> None:
    path = write_examples(tmp_path)["wfdb16"]()
    assert {one.name for one in list_files(path)} == {"rec.hea", "rec.dat"}
    assert list_files(tmp_path / "gone.hea") == ()
    assert list_files(tmp_path / "gone.csv") == ()
