"""XDF: the ECG stream is found, late stamps give a regular rate, lost samples are NaN, wrong lengths are refused."""

from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from ecg_files import FS_HZ, make_ecg, make_xdf_stream, write_xdf
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg_facial.ecg.reading import probe_ecg, read_ecg, read_ecg_fully
from ecg_facial.errors import CorruptDataError, DataError, EcgFacialError

ECG = make_ecg().astype(np.float32).astype(np.float64)
STAMPS_S = 1234.5 + np.arange(len(ECG)) / FS_HZ
OTHER = make_xdf_stream(7, np.ones((300, 4)), None, name="cap", kind="EEG", labels=[(name, "uV") for name in "abcd"])


def test_the_ecg_stream_is_found_among_others(tmp_path: Path) -> None:
    stream = make_xdf_stream(3, 1024 * ECG[:, None], STAMPS_S, labels=[("chest", "microvolts")])
    reading = read_ecg_fully(write_xdf(tmp_path / "lsl.xdf", OTHER, stream))
    assert reading.channel == "ECG chest"
    assert reading.channels == ("a", "b", "c", "d", "ECG chest")
    assert (reading.signal.fs_hz, reading.signal.unit) == (FS_HZ, "mV")
    np.testing.assert_allclose(reading.signal.samples, 1.024 * ECG)


@pytest.mark.parametrize(
    ("name", "kind", "labels", "found"),
    [
        ("Polar", "ECG", (), "ECG 1"),
        ("Polar H10 ECG", "EEG", (), "ECG 1"),
        ("box", "EXG", (), "ECG 1"),
        ("box", "EEG", [("EKG", "mV")], "EKG"),
        ("box", "EEG", [("Lead II", "mV")], "Lead II"),
    ],
)
def test_type_name_and_label_each_tell_an_ecg(
    tmp_path: Path, name: str, kind: str, labels: list[tuple[str, str]], found: str
) -> None:
    stream = make_xdf_stream(1, ECG[:, None], STAMPS_S, name=name, kind=kind, labels=labels)
    assert probe_ecg(write_xdf(tmp_path / "lsl.xdf", OTHER, stream)).channel == found


def test_an_amplifier_of_several_unnamed_channels_is_not_guessed(tmp_path: Path) -> None:
    stream = make_xdf_stream(1, np.stack([ECG, -ECG], axis=1), STAMPS_S, name="box", kind="EXG")
    path = write_xdf(tmp_path / "lsl.xdf", stream)
    with pytest.raises(DataError, match=r"no channel 'ecg' \(channels: 'box 1, box 2'\)"):
        read_ecg(path)
    np.testing.assert_allclose(read_ecg(path, column="box 2").samples, -ECG)


def test_stamps_only_at_chunk_starts_are_continued(tmp_path: Path) -> None:
    ecg = read_ecg(write_xdf(tmp_path / "lsl.xdf", make_xdf_stream(1, ECG[:, None], None)))
    assert ecg.fs_hz == FS_HZ
    np.testing.assert_allclose(ecg.samples, ECG)


def test_lost_samples_are_nan_where_they_were(tmp_path: Path) -> None:
    kept = np.r_[0:700, 1100:2000]
    late_s = np.random.default_rng(0).exponential(0.004, len(kept))
    path = write_xdf(tmp_path / "lsl.xdf", make_xdf_stream(1, ECG[kept, None], STAMPS_S[kept] + late_s))
    reading = read_ecg_fully(path)
    samples = reading.signal.samples
    assert len(samples) == 2000
    assert np.isnan(samples[700:1100]).all()
    np.testing.assert_allclose(samples[kept], ECG[kept])
    assert "samples were lost 1 times (2 s): NaN there" in reading.notes


def test_a_given_rate_takes_the_samples_one_after_the_other(tmp_path: Path) -> None:
    shuffled = np.random.default_rng(0).permutation(STAMPS_S) + 0.3 * (np.arange(len(ECG)) % 3)
    path = write_xdf(tmp_path / "lsl.xdf", make_xdf_stream(1, ECG[:, None], shuffled))
    with pytest.raises(DataError, match=r"time stamps (that jump .* times|of .* Hz); give fs_hz"):
        read_ecg(path)
    np.testing.assert_allclose(read_ecg(path, fs_hz=FS_HZ).samples, ECG)


@settings(max_examples=40)
@given(
    n_times=st.integers(2, 300),
    n_channels=st.integers(1, 4),
    per_chunk=st.integers(1, 120),
    stamped=st.booleans(),
    rate=st.sampled_from([50.0, 130.0, 256.0, 1000.0]),
    seed=st.integers(0, 99),
)
def test_a_written_stream_reads_back(
    tmp_path_factory: pytest.TempPathFactory, n_times: int, n_channels: int, per_chunk: int, stamped: bool, rate: float,
    seed: int,
) -> None:  # fmt: skip
    values = np.random.default_rng(seed).normal(0, 1, (n_times, n_channels)).astype(np.float32).astype(np.float64)
    stream = make_xdf_stream(
        9, values, 7.0 + np.arange(n_times) / rate if stamped else None, nominal_hz=rate, per_chunk=per_chunk
    )
    path = write_xdf(tmp_path_factory.mktemp("xdf") / "lsl.xdf", OTHER, stream)
    for number in range(n_channels):
        ecg = read_ecg(path, column=f"ECG {number + 1}")
        assert ecg.fs_hz == pytest.approx(rate)
        np.testing.assert_array_equal(ecg.samples, values[:, number])


def break_length(content: bytes, number: int, length: int) -> bytes:
    """Replace the length of the first chunk of four length bytes after so many."""
    found = [at for at in range(len(content) - 7) if content[at] == 4 and content[at + 5 : at + 7] == b"\3\0"]
    return content[: found[number] + 1] + struct.pack("<I", length) + content[found[number] + 5 :]


@pytest.mark.parametrize("length", [0, 1, 5, 7, 2**31, 2**32 - 1])
def test_a_wrong_chunk_length_is_refused_at_once(tmp_path: Path, length: int) -> None:
    path = write_xdf(tmp_path / "lsl.xdf", make_xdf_stream(1, ECG[:, None], STAMPS_S))
    path.write_bytes(break_length(path.read_bytes(), 2, length))
    tracemalloc.start()
    try:
        with pytest.raises(EcgFacialError):
            read_ecg(path)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_a_number_of_samples_that_its_chunk_cannot_hold_is_refused(tmp_path: Path) -> None:
    path = write_xdf(tmp_path / "lsl.xdf", make_xdf_stream(1, ECG[:, None], STAMPS_S))
    honest, lie = b"\x04" + struct.pack("<I", 100), b"\x04" + struct.pack("<I", 2**32 - 1)
    path.write_bytes(path.read_bytes().replace(honest, lie, 1))
    with pytest.raises(CorruptDataError, match=r"claims 4294967295 samples in \d+ bytes"):
        read_ecg(path)


HEADERS = {
    "many channels": ("<channel_count>1<", "<channel_count>1000000<", "1000000 channels: expected 1 to 4096"),
    "no channels": ("<channel_count>1<", "<channel_count>0<", "0 channels"),
    "endless rate": ("<nominal_srate>200<", "<nominal_srate>inf<", "a rate of inf Hz"),
    "negative rate": ("<nominal_srate>200<", "<nominal_srate>-9<", "a rate of -9 Hz"),
    "another format": ("float32", "pickled", "holds 'pickled'"),
    "no format": ("channel_format", "channel_figure", "no <channel_format>"),
    "no XML": ("<info>", "<oh no", "the header of stream 1 cannot be read"),
    "entities": ("<info>", "<!DOCTYPE x [<!ENTITY a 'b'>]><info>", "declares entities"),
}


@pytest.mark.parametrize(("honest", "lie", "message"), HEADERS.values(), ids=HEADERS.keys())
def test_a_stream_header_that_lies_is_refused(tmp_path: Path, honest: str, lie: str, message: str) -> None:
    stream = make_xdf_stream(1, ECG[:, None], STAMPS_S)
    length = struct.unpack("<I", stream[1:5])[0] if stream[0] == 4 else stream[1]
    start = 5 if stream[0] == 4 else 2
    body = stream[start : start + length].replace(honest.encode(), lie.encode())
    path = write_xdf(tmp_path / "lsl.xdf", b"\x04" + struct.pack("<I", len(body)) + body + stream[start + length :])
    with pytest.raises(EcgFacialError, match=message):
        read_ecg(path)


def test_a_deeply_nested_header_is_refused(tmp_path: Path) -> None:
    body = struct.pack("<H", 2) + struct.pack("<I", 1) + b"<a>" * 5000 + b"</a>" * 5000
    path = write_xdf(tmp_path / "lsl.xdf", b"\x04" + struct.pack("<I", len(body)) + body)
    with pytest.raises(CorruptDataError, match="nested deeper than 64"):
        read_ecg(path)


def test_files_without_an_ecg_or_compressed_say_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no stream of numbers"):
        read_ecg(write_xdf(tmp_path / "lsl.xdf"))
    with pytest.raises(DataError, match="holds no samples"):
        read_ecg(write_xdf(tmp_path / "lsl.xdf", make_xdf_stream(1, ECG[:0, None], None)))
    (tmp_path / "lsl.xdfz").write_bytes(b"\x1f\x8b")
    with pytest.raises(DataError, match="unpack it first"):
        read_ecg(tmp_path / "lsl.xdfz")
