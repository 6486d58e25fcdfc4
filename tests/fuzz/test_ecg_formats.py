"""Binary ECG files, spelt, ordered, cut and damaged in many ways: the same ECG, or one line why not."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ecg_files import FS_HZ, damage, make_ecg, make_xdf_stream, write_atr, write_edf, write_examples, write_xdf
from fuzzing import attempt, attempt_and_read
from scipy import io

from ecg_facial.ecg.formats.wfdb_beats import WfdbBeats, read_wfdb_beats
from ecg_facial.ecg.reading import EcgReading, read_ecg, read_ecg_fully
from ecg_facial.errors import EcgFacialError
from ecg_facial.recording import EcgSignal
from ecg_facial.runtime.typing import Float64Array

ECG = make_ecg(1200)
OTHER = np.sin(np.arange(1200) / 9)


def pick(rng: np.random.Generator, choices: Sequence[Any]) -> Any:
    return choices[int(rng.integers(len(choices)))]


def write_mat(folder: Path) -> Path:
    io.savemat(folder / "ecg.mat", {"rec": {"ecg": ECG, "fs": FS_HZ, "labels": ["ECG"]}}, do_compression=True)
    return folder / "ecg.mat"


def write_segments(folder: Path) -> Path:
    for name, part in (("a", ECG[:500]), ("b", ECG[500:])):
        (folder / f"{name}.dat").write_bytes(np.round(200 * part).astype("<i2").tobytes())
        (folder / f"{name}.hea").write_text(f"{name} 1 200 {len(part)}\n{name}.dat 16 200(0)/mV 16 0 0 0 0 II\n")
    (folder / "whole.hea").write_text("whole/3 1 200 1300\na 500\n~ 100\nb 700\n")
    return folder / "whole.hea"


FORMATS = ("wfdb16", "wfdb212", "edf", "edf+d", "bdf", "xdf", "npy", "npz", "mat", "segments")


def write_format(name: str, folder: Path) -> Path:
    made = {"mat": partial(write_mat, folder), "segments": partial(write_segments, folder), **write_examples(folder)}
    return made[name]()


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_is_an_ecg_or_one_line(name: str, rng: np.random.Generator, tmp_path: Path) -> None:
    path = write_format(name, tmp_path)
    victim = pick(rng, [one for one in sorted(tmp_path.iterdir()) if one.is_file()])
    victim.write_bytes(damage(victim.read_bytes(), rng))
    found = attempt(lambda: read_ecg(path, fs_hz=pick(rng, [None, FS_HZ])))
    if isinstance(found, EcgSignal):
        assert not np.isinf(found.samples).any()


def test_damaged_annotations_are_beats_or_one_line(rng: np.random.Generator, tmp_path: Path) -> None:
    path = write_atr(tmp_path / "rec.atr", [(number * 160, 1) for number in range(1, 400)])
    path.write_bytes(damage(path.read_bytes(), rng))
    found = attempt(lambda: read_wfdb_beats(path, fs_hz=FS_HZ))
    if isinstance(found, WfdbBeats):
        assert len(found.times_s) == len(found.symbols)


def test_an_edf_reads_the_same_however_its_header_is_spelt(rng: np.random.Generator, tmp_path: Path) -> None:
    suffix, unit = pick(rng, [".edf", ".bdf"]), pick(rng, ["mV", "MV", "\u00b5V", "\u03bcV", "uV", "?V"])
    in_mv = unit.lower() == "mv"
    path = write_edf(
        tmp_path / f"x{suffix}", [("gsr", "uS", OTHER, FS_HZ), ("ECG", "mV" if in_mv else "uV", ECG, FS_HZ)]
    )
    content = bytearray(path.read_bytes())
    # limits of the ECG, second of two signals: physical at 104 and 112, digital at 120 and 128 times two
    limit = pick(rng, [2.0, 2.5, 3.0]) * (1.0 if in_mv else 1000.0)
    count = 32767 if suffix == ".edf" else 8388607
    comma = pick(rng, [".", ","])
    padding = pick(rng, [b" ", b"\0"])
    for at, value in ((104, -limit), (112, limit), (120, -count), (128, count)):
        text = pick(rng, ["{:g}", "{:.1f}", "{:+g}", " {:g}"]).format(value)
        text = text if len(text) <= 8 and at < 120 else f"{value:.0f}" if at >= 120 else f"{value:g}"
        where = 256 + 2 * at + 8
        content[where : where + 8] = text.replace(".", comma).encode().ljust(8, padding)[:8]
    where = 256 + 2 * 96 + 8
    encoding = pick(rng, ["utf-8", "latin-1"]) if unit != "\u03bcV" else "utf-8"
    content[where : where + 8] = unit.encode(encoding).ljust(8, padding)[:8]
    content[236:244] = pick(rng, [b"6       ", b"-1      ", b"        ", b"0\0\0\0\0\0\0\0", b"9999    "])
    content[168:176] = pick(rng, [b"01.01.01", b"01/01/01", b"        "])
    n_records = int(rng.integers(1, 7))
    record_bytes = (len(content) - 768) // 6
    extra = int(rng.integers(record_bytes)) if n_records < 6 else 0
    path.write_bytes(bytes(content[: 768 + record_bytes * n_records + extra]))
    found: EcgReading = attempt_and_read(lambda: read_ecg_fully(path))
    samples = found.signal.samples
    assert found.signal.fs_hz == FS_HZ
    assert len(samples) == 200 * n_records
    # the limits were exchanged, so amplitudes are known up to a factor
    factor = np.polyfit(ECG[: len(samples)], samples, 1)[0]
    np.testing.assert_allclose(samples - samples[0], factor * (ECG[: len(samples)] - ECG[0]), atol=2e-3)
    if found.signal.unit == "mV":
        assert abs(factor) < 10
    else:
        assert "no heart's" in " ".join(found.notes)


def draw_layout(rng: np.random.Generator) -> list[tuple[str, int, int]]:
    """Segments of a record: name, first sample, number of samples; a pause has no name."""
    layout, first = [], 0
    while first < len(ECG):
        n_times = int(min(rng.integers(20, 500), len(ECG) - first))
        layout.append((f"s{len(layout)}", first, n_times))
        first += n_times
        if rng.random() < 0.4:
            layout.append(("~", first, int(rng.integers(1, 300))))
    return layout


def test_a_wfdb_record_of_segments_is_the_recording_with_its_pauses(rng: np.random.Generator, tmp_path: Path) -> None:
    layout = draw_layout(rng)
    is_variable = rng.random() < 0.5
    expected: list[Float64Array] = []
    lines = []
    for name, first, n_times in layout:
        lines.append(f"{name} {n_times}")
        lost = name != "~" and n_times < 400 and rng.random() < 0.15
        expected.append(ECG[first : first + n_times] if name != "~" and not lost else np.full(n_times, np.nan))
        if name == "~" or lost:
            continue
        gain = int(rng.choice([200, 1000, 400]))
        order = ["II", "V1"] if not is_variable or rng.random() < 0.5 else ["V1", "II"]
        signals = {"II": ECG[first : first + n_times], "V1": OTHER[first : first + n_times]}
        counts = np.round(np.stack([signals[label] for label in order], axis=1) * gain).astype("<i2")
        (tmp_path / f"{name}.dat").write_bytes(counts.tobytes())
        comma = pick(rng, [f"{gain}", f"{gain}.0", f"{gain},0"])
        rows = [f"{name}.dat 16 {comma}(0)/mV 16 0 0 0 0 {label}" for label in order]
        (tmp_path / f"{name}.hea").write_text("\n".join([f"{name} 2 200 {n_times}", *rows]) + "\n")
    if is_variable:
        lines.insert(0, "layout 0")
        (tmp_path / "layout.hea").write_text("layout 2 200 0\n~ 0 200(0)/mV 0 0 0 0 0 II\n~ 0 200(0)/mV 0 0 0 0 0 V1\n")
    path = tmp_path / "whole.hea"
    path.write_text("\n".join([f"whole/{len(lines)} 2 200", *lines]) + "\n")
    whole = np.concatenate(expected)
    if not np.isfinite(whole).any():
        assert isinstance(attempt(lambda: read_ecg(path)), EcgFacialError)
        return
    found = attempt_and_read(lambda: read_ecg(path, column="II"))
    np.testing.assert_allclose(found.samples, whole, atol=0.003)


def test_an_xdf_stream_is_on_its_clock_whatever_its_chunks_and_stamps(rng: np.random.Generator, tmp_path: Path) -> None:
    """Chunks of any size, stamps late, a clock that was set, samples lost in one place: rate and places are right."""
    signal = np.tile(ECG, 4).astype(np.float32).astype(np.float64)
    kept = np.arange(len(signal))
    stamps_s: Float64Array | None = 1000.0 + kept / FS_HZ
    kind = pick(rng, ["exact", "late", "set back", "set to 0", "hours ahead", "lost", "chunks"])
    at = int(rng.integers(1000, 3000))
    if kind == "late":
        stamps_s = stamps_s + rng.exponential(0.003, len(signal))
    elif kind == "set back":
        stamps_s = stamps_s - np.where(kept >= at, rng.uniform(0.2, 20.0), 0.0)
    elif kind == "set to 0":
        stamps_s = np.where(kept >= at, (kept - at) / FS_HZ, stamps_s)
    elif kind == "hours ahead":
        stamps_s = stamps_s + np.where(kept >= at, rng.uniform(4000, 1e6), 0.0)
    elif kind == "lost":
        kept = np.delete(kept, np.arange(at, at + int(rng.integers(50, 1500))))
        stamps_s = stamps_s[kept]
    elif kind == "chunks":
        stamps_s = None
    stream = make_xdf_stream(
        1, signal[kept, None], stamps_s, per_chunk=int(rng.integers(1, 400)), nominal_hz=FS_HZ,
        labels=[("ECG", pick(rng, ["mV", "millivolts"]))],
    )  # fmt: skip
    path = write_xdf(tmp_path / "x.xdf", stream)
    found = attempt_and_read(lambda: read_ecg(path))
    assert found.fs_hz == pytest.approx(FS_HZ, rel=1e-3)
    samples = found.samples
    assert np.isfinite(samples).sum() == len(kept)
    np.testing.assert_array_equal(samples[np.isfinite(samples)], signal[kept])
    assert abs(len(samples) - (kept[-1] + 1)) <= 2


def test_what_is_left_of_an_xdf_file_stays_in_its_place(rng: np.random.Generator, tmp_path: Path) -> None:
    """Boundary chunks between, a damaged length or number of samples somewhere: the rest is where it was."""
    signal = np.tile(ECG, 4).astype(np.float32).astype(np.float64)
    boundary = b"\x01\x12\x05\x00" + bytes.fromhex("43a546dccbf5410fb30ed5467383cbe4")
    stamps_s = 50.0 + np.arange(len(signal)) / FS_HZ
    per_chunk = 100
    whole = make_xdf_stream(1, signal[:, None], stamps_s, per_chunk=per_chunk)
    header_bytes = 2 + whole[1] if whole[0] == 1 else 5 + struct.unpack("<I", whole[1:5])[0]
    chunk_bytes = 5 + struct.unpack("<I", whole[header_bytes + 1 : header_bytes + 5])[0]
    chunks = [whole[header_bytes + number * chunk_bytes :][:chunk_bytes] for number in range(len(signal) // per_chunk)]
    hit = int(rng.integers(2, len(chunks) - 2))
    place = pick(rng, [1, 2, 12, 13])
    chunks[hit] = (
        chunks[hit][:place] + bytes([chunks[hit][place] ^ int(rng.integers(1, 256))]) + chunks[hit][place + 1 :]
    )
    every = int(rng.integers(1, 6))
    parts = [part for number, chunk in enumerate(chunks) for part in ([boundary] * (number % every == 0) + [chunk])]
    path = write_xdf(tmp_path / "x.xdf", whole[:header_bytes], *parts)
    found = attempt_and_read(lambda: read_ecg_fully(path))
    samples = found.signal.samples
    known = np.isfinite(samples)
    np.testing.assert_array_equal(samples[known], signal[: len(samples)][known])
    assert known.sum() >= len(signal) - per_chunk * (every + 1)
    assert "the file is damaged at" in found.notes[0]


def test_an_array_is_the_same_in_every_kind_order_and_length(rng: np.random.Generator, tmp_path: Path) -> None:
    kind = pick(rng, ["<f8", ">f8", "<f4", "<i2", ">i4"])
    n_columns = int(rng.integers(1, 5))
    table = np.round(1000 * np.stack([np.roll(ECG, number) for number in range(n_columns)], axis=1)).astype(kind)
    is_row = rng.random() < 0.5
    array = np.array(table.T if is_row else table, order=pick(rng, ["C", "F"]))
    column = int(rng.integers(n_columns))
    path = tmp_path / "x.npy"
    np.save(path, array[:, 0] if n_columns == 1 and not is_row else array)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) - int(rng.integers(0, len(content) - 300))])
    found = attempt(lambda: read_ecg(path, fs_hz=FS_HZ, column=str(column + 1)))
    if isinstance(found, EcgSignal):
        np.testing.assert_array_equal(found.samples, table[: len(found.samples), column])
    else:
        assert "lies behind the end of the file" in str(found)


def test_a_matlab_file_is_the_same_in_every_shape_and_struct(rng: np.random.Generator, tmp_path: Path) -> None:
    samples = ECG.astype(pick(rng, [np.float64, np.float32]))
    array = samples[None, :] if rng.random() < 0.5 else samples[:, None]
    rate = pick(rng, [FS_HZ, np.array([[FS_HZ]]), "200", "200 Hz", np.int16(200)])
    inner = {pick(rng, ["ecg", "ECG", "EKG", "lead_II"]): array, pick(rng, ["fs", "Fs", "SamplingRate", "sfreq"]): rate}
    content = pick(rng, [inner, {"rec": inner}, {"a": {"b": inner}}, {**inner, "note": "made by hand", "n": 7.0}])
    io.savemat(tmp_path / "x.mat", content, do_compression=bool(rng.random() < 0.5), format="5")
    found = attempt_and_read(lambda: read_ecg(tmp_path / "x.mat"))
    assert found.fs_hz == FS_HZ
    np.testing.assert_allclose(found.samples, samples)
