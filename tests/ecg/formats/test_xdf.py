"""XDF: the ECG stream is found, late stamps give a regular rate, lost samples are NaN, wrong lengths are refused."""

from __future__ import annotations

import re
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
def test_a_wrong_chunk_length_ends_the_recording_and_allocates_nothing(tmp_path: Path, length: int) -> None:
    path = write_xdf(tmp_path / "lsl.xdf", make_xdf_stream(1, ECG[:, None], STAMPS_S))
    path.write_bytes(break_length(path.read_bytes(), 2, length))
    tracemalloc.start()
    try:
        reading = read_ecg_fully(path)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()
    np.testing.assert_allclose(reading.signal.samples, ECG[:200])
    assert re.match(
        r"the file is damaged at 1 places, \d+ of \d+ bytes \(\d+ %\) are lost: (the|a) chunk", reading.notes[0]
    )


BOUNDARY = bytes.fromhex("43a546dccbf5410fb30ed5467383cbe4")


@pytest.mark.parametrize("kind", ["length", "number", "bytes", "cut"])
def test_a_damaged_chunk_costs_what_is_up_to_the_next_boundary(tmp_path: Path, kind: str) -> None:
    """Samples 0-599, boundary, 600-1199 with damage in their second chunk, boundary, 1200-1999."""
    parts = [
        make_xdf_stream(1, ECG[at, None], STAMPS_S[at]) for at in (np.s_[0:600], np.s_[600:1200], np.s_[1200:2000])
    ]
    header_bytes = 2 + parts[0][1] if parts[0][0] == 1 else 5 + struct.unpack("<I", parts[0][1:5])[0]
    middle = parts[1][header_bytes:]
    chunk_bytes = 5 + struct.unpack("<I", middle[1:5])[0]
    at = chunk_bytes
    if kind == "length":
        middle = middle[: at + 1] + struct.pack("<I", 2**31) + middle[at + 5 :]
    elif kind == "number":
        middle = middle[: at + 12] + struct.pack("<I", 10**9) + middle[at + 16 :]
    elif kind == "bytes":
        middle = middle[: at + 40] + b"\7" * 40 + middle[at + 80 :]
    else:
        middle = middle[: at + 77]
    boundary = b"\x01\x12\x05\x00" + BOUNDARY
    path = write_xdf(tmp_path / "lsl.xdf", parts[0], boundary, middle, boundary, parts[2][header_bytes:])
    reading = read_ecg_fully(path)
    samples = reading.signal.samples
    assert len(samples) == 2000
    np.testing.assert_allclose(samples[:700], ECG[:700])
    assert np.isnan(samples[700:1200]).all()
    np.testing.assert_allclose(samples[1200:], ECG[1200:])
    assert "the file is damaged at 1 places" in reading.notes[0]


def make_offsets(number: int, offsets_s: list[tuple[float, float]]) -> bytes:
    return b"".join(
        b"\x01\x16\x04\x00" + struct.pack("<Idd", number, time_s, offset_s) for time_s, offset_s in offsets_s
    )


def test_clock_offsets_put_the_stamps_on_the_recorders_clock(tmp_path: Path) -> None:
    """The sender starts anew after 5 s: its clock is 500 s behind, and the offsets say so."""
    whole = make_xdf_stream(1, ECG[:, None], STAMPS_S - np.where(np.arange(2000) < 1000, 0.0, 500.0))
    header_bytes = 2 + whole[1] if whole[0] == 1 else 5 + struct.unpack("<I", whole[1:5])[0]
    chunk_bytes = 5 + struct.unpack("<I", whole[header_bytes + 1 : header_bytes + 5])[0]
    parts = [whole[:header_bytes]]
    for number in range(20):
        chunk = whole[header_bytes + number * chunk_bytes :][:chunk_bytes]
        offset_s = 3.0 if number < 10 else 503.0
        parts += [make_offsets(1, [(0.0, offset_s + 1e-4 * (number % 3))]), chunk]
    reading = read_ecg_fully(write_xdf(tmp_path / "lsl.xdf", *parts))
    np.testing.assert_allclose(reading.signal.samples, ECG)
    assert "the stream's clock was another one 1 times: put on the recorder's clock" in reading.notes


@pytest.mark.parametrize("stamped", [True, False])
def test_values_are_those_of_pyxdf(tmp_path: Path, stamped: bool) -> None:
    pyxdf = pytest.importorskip("pyxdf", reason="pyxdf is not installed here")
    values = np.random.default_rng(0).normal(0, 1, (500, 3)).astype(np.float32)
    stream = make_xdf_stream(4, values, STAMPS_S[:500] if stamped else None, per_chunk=70)
    path = write_xdf(tmp_path / "lsl.xdf", OTHER, stream)
    theirs = next(one for one in pyxdf.load_xdf(str(path))[0] if one["info"]["stream_id"] == 4)
    for number in range(3):
        ours = read_ecg(path, column=f"ECG {number + 1}")
        np.testing.assert_array_equal(ours.samples, theirs["time_series"][:, number])
        assert ours.fs_hz == pytest.approx(theirs["info"]["effective_srate"], rel=1e-6)


def test_a_drift_between_the_clocks_is_in_the_rate(tmp_path: Path) -> None:
    """10,000 samples at 200 Hz on the sender's clock, which is 0.2 % fast."""
    signal = np.tile(ECG, 5)
    stamps_s = np.arange(len(signal)) / FS_HZ
    whole = make_xdf_stream(1, signal[:, None], stamps_s, per_chunk=1000)
    header_bytes = 2 + whole[1] if whole[0] == 1 else 5 + struct.unpack("<I", whole[1:5])[0]
    chunk_bytes = 5 + struct.unpack("<I", whole[header_bytes + 1 : header_bytes + 5])[0]
    parts = [whole[:header_bytes]]
    for number in range(10):
        parts.append(make_offsets(1, [(0.0, 7.0 + 0.002 * number * 5.0)]))
        parts.append(whole[header_bytes + number * chunk_bytes :][:chunk_bytes])
    ecg = read_ecg(write_xdf(tmp_path / "lsl.xdf", *parts))
    assert ecg.fs_hz == pytest.approx(FS_HZ / 1.002, rel=2e-4)


def test_units_and_kinds_of_a_description_count(tmp_path: Path) -> None:
    """A unit of the whole stream, and a kind of channel where its label says nothing."""
    both = np.stack([np.arange(len(ECG)) % 256, 1000 * ECG], axis=1)
    channels = "".join(f"<channel><label>{label}</label><type>{label}</type></channel>" for label in ("EOG", "Ch2"))
    described = f"<unit>microvolts</unit><channels>{channels.replace('<type>Ch2', '<type>ECG')}</channels>"
    reading = read_ecg_fully(
        write_xdf(tmp_path / "x.xdf", make_xdf_stream(1, both, STAMPS_S, kind="EXG", described=described))
    )
    assert (reading.channel, reading.signal.unit) == ("Ch2", "mV")
    np.testing.assert_allclose(reading.signal.samples, ECG, atol=1e-4)


def test_a_counter_in_the_stream_of_an_ecg_is_none(tmp_path: Path) -> None:
    both = np.stack([np.arange(len(ECG)) % 256, ECG], axis=1)
    stream = make_xdf_stream(1, both, STAMPS_S, labels=[("Counter", ""), ("LeadII", "mV")])
    assert read_ecg_fully(write_xdf(tmp_path / "x.xdf", stream)).channel == "LeadII"


@pytest.mark.parametrize("pause_s", [0.0, 2.0])
def test_a_stream_that_was_opened_again_goes_on(tmp_path: Path, pause_s: float) -> None:
    first = make_xdf_stream(1, ECG[:800, None], STAMPS_S[:800], labels=[("ECG", "mV")])
    second = make_xdf_stream(2, ECG[800:, None], pause_s + STAMPS_S[800:], labels=[("ECG", "mV")])
    reading = read_ecg_fully(write_xdf(tmp_path / "x.xdf", first, OTHER, second))
    gap = np.full(round(pause_s * FS_HZ), np.nan)
    np.testing.assert_allclose(reading.signal.samples, np.concatenate([ECG[:800], gap, ECG[800:]]))
    assert "stream 'amplifier' was opened again: its parts follow each other" in reading.notes


def test_two_amplifiers_of_one_name_that_run_together_stay_two(tmp_path: Path) -> None:
    first, second = (
        make_xdf_stream(number, number * ECG[:n_times, None], STAMPS_S[:n_times], labels=[("ECG", "mV")])
        for number, n_times in ((1, 800), (2, 2000))
    )
    reading = read_ecg_fully(write_xdf(tmp_path / "x.xdf", first, second))
    np.testing.assert_allclose(reading.signal.samples, 2 * ECG)
    assert "stream 'amplifier' (2000 samples) was taken, not 'amplifier' (800 samples)" in reading.notes


def test_of_several_ecg_streams_the_longest_is_taken_and_named(tmp_path: Path) -> None:
    short = make_xdf_stream(1, ECG[:50, None], STAMPS_S[:50], name="preview")
    empty = make_xdf_stream(2, ECG[:0, None], None, name="empty")
    reading = read_ecg_fully(write_xdf(tmp_path / "lsl.xdf", short, empty, make_xdf_stream(3, ECG[:, None], STAMPS_S)))
    np.testing.assert_allclose(reading.signal.samples, ECG)
    assert "stream 'amplifier' (2000 samples) was taken, not 'preview' (50 samples)" in reading.notes
    assert reading.channels == ("ECG 1", "ECG 1 of preview (1)")


def test_a_stream_whose_clock_restarts_keeps_its_rate(tmp_path: Path) -> None:
    stamps_s = np.where(np.arange(2000) < 1000, STAMPS_S, (np.arange(2000) - 1000) / FS_HZ)
    reading = read_ecg_fully(write_xdf(tmp_path / "lsl.xdf", make_xdf_stream(1, ECG[:, None], stamps_s)))
    assert reading.signal.fs_hz == FS_HZ
    np.testing.assert_allclose(reading.signal.samples, ECG)
    assert any("the clock steps by" in note for note in reading.notes)


def test_memory_holds_one_channel_and_one_chunk(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(0, 1, (20_000, 64)).astype(np.float32)
    path = write_xdf(tmp_path / "lsl.xdf", make_xdf_stream(1, values, np.arange(20_000) / FS_HZ, per_chunk=500))
    probe_ecg(path, column="ECG 1")
    tracemalloc.start()
    try:
        np.testing.assert_array_equal(read_ecg(path, column="ECG 64").samples, values[:, 63])
        assert tracemalloc.get_traced_memory()[1] < path.stat().st_size / 2
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
