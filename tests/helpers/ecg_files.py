"""Small ECG files in every format, written by hand where a library would hide what is in them; and damage to files."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import av
import edfio
import numpy as np

from ecg_facial.runtime.typing import Float64Array, Int64Array

FS_HZ = 200.0


def make_ecg(n_times: int = 2000, *, rr_s: float = 0.8, fs_hz: float = FS_HZ) -> Float64Array:
    """Narrow beats of 1 mV at a constant rate, the first at 0.4 s."""
    times_s = np.arange(n_times) / fs_hz
    beats_s = np.arange(0.4, n_times / fs_hz, rr_s)
    return np.exp(-0.5 * ((times_s[:, None] - beats_s) / 0.012) ** 2).sum(axis=1)


def pack_212(counts: Int64Array) -> bytes:
    """Twelve bits a sample, two samples in three bytes."""
    padded = np.pad(counts, (0, len(counts) % 2)) & 0xFFF
    first, second = padded[0::2], padded[1::2]
    packed = np.stack([first & 0xFF, first >> 8 | (second >> 8) << 4, second & 0xFF], axis=1).astype(np.uint8).ravel()
    return packed.tobytes()[: -(-len(counts) * 3 // 2)]


def write_wfdb(
    folder: Path,
    counts: Int64Array,
    *,
    name: str = "rec",
    storage: int = 16,
    gain: str = "200",
    labels: Sequence[str] = ("MLII", "V1", "V2", "V5"),
    zero: int = 0,
    suffix: str = "",
) -> Path:
    """Write a record with one signal file; `counts` has shape (n_times, n_signals)."""
    n_times, n_signals = counts.shape
    content = pack_212(counts.ravel()) if storage == 212 else counts.astype("<i2").tobytes()
    (folder / f"{name}.dat").write_bytes(content)
    lines = [f"{name} {n_signals} {FS_HZ:g} {n_times}"]
    for number in range(n_signals):
        total = int(counts[:, number].sum()) & 0xFFFF
        lines.append(f"{name}.dat {storage}{suffix} {gain} 12 {zero} {counts[0, number]} {total} 0 {labels[number]}")
    header = folder / f"{name}.hea"
    header.write_text("\n".join([*lines, "# made by hand"]) + "\n")
    return header


def write_flac(path: Path, counts: Int64Array, n_bits: int) -> None:
    """Write a FLAC stream as FFmpeg does: one channel per column of counts."""
    planar = np.ascontiguousarray(counts.T << (8 if n_bits == 24 else 0))
    with av.open(str(path), "w", format="flac") as container:
        stream = container.add_stream("flac", rate=8000, layout="mono" if counts.shape[1] == 1 else "stereo")
        stream.format = "s16" if n_bits == 16 else "s32"
        packed = planar.T.reshape(1, -1).astype(np.int16 if n_bits == 16 else np.int32)
        frame = av.AudioFrame.from_ndarray(packed, format=stream.format.name, layout=stream.layout.name)
        frame.sample_rate = 8000
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)


def write_atr(path: Path, marks: Sequence[tuple[int, int]], *, note: bytes = b"") -> Path:
    """Write annotations: (sample, code), with a skip where a step does not fit ten bits."""
    content, before = b"", 0
    if note:
        content += struct.pack("<HH", 22 << 10, 63 << 10 | len(note)) + note + b"\0" * (len(note) % 2)
    for sample, code in marks:
        step = sample - before
        if step > 1023:
            content += struct.pack("<HHH", 59 << 10, step >> 16, step & 0xFFFF)
            step = 0
        content += struct.pack("<H", code << 10 | step)
        before = sample
    path.write_bytes(content + b"\0\0")
    return path


def write_edf(path: Path, signals: Sequence[tuple[str, str, Float64Array, float]], *, annotated: bool = False) -> Path:
    """Write EDF or BDF by its suffix; a signal is (label, unit, samples, rate)."""
    is_bdf = path.suffix == ".bdf"
    kind, of_signal = (edfio.Bdf, edfio.BdfSignal) if is_bdf else (edfio.Edf, edfio.EdfSignal)
    made = [of_signal(samples, rate, label=label, physical_dimension=unit) for label, unit, samples, rate in signals]
    notes = [edfio.EdfAnnotation(1.0, None, "start")] if annotated else None
    kind(made, annotations=notes, data_record_duration=1.0).write(path)
    return path


def make_discontinuous(path: Path, onsets_s: Sequence[float]) -> Path:
    """Turn an annotated EDF of records of 1 s into EDF+D, with these starts of its records."""
    content = path.read_bytes().replace(b"EDF+C", b"EDF+D", 1)
    n_records = int(content[236:244])
    assert len(onsets_s) == n_records
    # from the end, so that a new time is never taken for an old one
    for number, onset_s in reversed(list(enumerate(onsets_s))):
        before, after = f"+{number}\x14\x14".encode(), f"+{onset_s}\x14\x14".encode()
        at = content.index(before)
        # the record keeps its length: zeros follow the mark
        grown = len(after) - len(before)
        cut = content.index(b"\0\0\0", at + len(before))
        content = content[:at] + after + content[at + len(before) : cut] + content[cut + grown :]
    path.write_bytes(content)
    return path


def _chunk(tag: int, content: bytes) -> bytes:
    length = len(content) + 2
    head = b"\x01" + bytes([length]) if length < 256 else b"\x04" + struct.pack("<I", length)
    return head + struct.pack("<H", tag) + content


def make_xdf_stream(
    number: int,
    values: Float64Array,
    stamps_s: Float64Array | None,
    *,
    name: str = "amplifier",
    kind: str = "ECG",
    labels: Sequence[tuple[str, str]] = (),
    nominal_hz: float = FS_HZ,
    per_chunk: int = 100,
    described: str = "",
) -> bytes:
    """Chunks of a float32 stream; without stamps only the first sample of each chunk has one."""
    channels = "".join(f"<channel><label>{label}</label><unit>{unit}</unit></channel>" for label, unit in labels)
    header = (
        f"<info><name>{name}</name><type>{kind}</type><channel_count>{values.shape[1]}</channel_count>"
        f"<nominal_srate>{nominal_hz:g}</nominal_srate><channel_format>float32</channel_format>"
        f"<desc>{described or f'<channels>{channels}</channels>'}</desc></info>"
    )
    content = _chunk(2, struct.pack("<I", number) + header.encode())
    for first in range(0, len(values), per_chunk):
        block = values[first : first + per_chunk].astype("<f4")
        body = b"\x04" + struct.pack("<I", len(block))
        for place, row in enumerate(block):
            if stamps_s is None and place:
                body += b"\0"
            else:
                stamp_s = 1000.0 + (first + place) / nominal_hz if stamps_s is None else float(stamps_s[first + place])
                body += b"\x08" + struct.pack("<d", stamp_s)
            body += row.tobytes()
        content += _chunk(3, struct.pack("<I", number) + body)
    return content + _chunk(6, struct.pack("<I", number) + b"<info><sample_count>1</sample_count></info>")


def write_xdf(path: Path, *streams: bytes) -> Path:
    """Write a file of such streams."""
    path.write_bytes(
        b"XDF:" + _chunk(1, b"<?xml version='1.0'?><info><version>1.0</version></info>") + b"".join(streams)
    )
    return path


def damage(content: bytes, rng: np.random.Generator) -> bytes:
    """Damage some bytes: flipped, cut off, inserted, doubled, or a number replaced by a wild one."""
    kind = rng.integers(6)
    place = int(rng.integers(max(1, len(content))))
    if rng.random() < 0.5:
        # headers are short and matter most
        place = min(place, int(rng.integers(1, 700)))
    changed = bytearray(content)
    if kind == 0:
        for _ in range(int(rng.integers(1, 9))):
            changed[int(rng.integers(len(changed))) if rng.random() < 0.5 else place % len(changed)] ^= 1 << int(
                rng.integers(8)
            )
    elif kind == 1:
        del changed[place:]
    elif kind == 2:
        changed[place:place] = rng.integers(0, 256, int(rng.integers(1, 64))).astype(np.uint8).tobytes()
    elif kind == 3:
        del changed[place : place + int(rng.integers(1, 300))]
    elif kind == 4:
        return _replace_number(content, rng)
    else:
        width = int(rng.choice([1, 2, 4, 8]))
        wild = int(rng.choice([0, 1, 255, 65535, 2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1])) & (256**width - 1)
        changed[place : place + width] = wild.to_bytes(width, "little")
    return bytes(changed)


_WILD = (
    b"-1",
    b"0",
    b"1e9",
    b"999999999",
    b"1e308",
    b"nan",
    b"inf",
    b"",
    b"00000000",
    b"x",
    b"0.0001",
    b"-5",
    b"4294967296",
)


def _replace_number(content: bytes, rng: np.random.Generator) -> bytes:
    found = list(re.finditer(rb"\d+(?:\.\d+)?", content[:4000]))
    if not found:
        return content
    one = found[int(rng.integers(len(found)))]
    wild = _WILD[int(rng.integers(len(_WILD)))]
    if rng.random() < 0.5:
        # as long as before, so that what follows stays in its place
        wild = wild.ljust(len(one[0]))[: len(one[0])]
    return content[: one.start()] + wild + content[one.end() :]


def write_examples(folder: Path) -> dict[str, Callable[[], Path]]:
    """Give a function a format, which writes a small file of it."""
    ecg = make_ecg()
    counts = np.round(np.stack([200 * ecg, -100 * ecg], axis=1)).astype(np.int64)
    stamps_s = 50.0 + np.arange(len(ecg)) / FS_HZ

    def csv() -> Path:
        path = folder / "table.csv"
        rows = [f"{row / FS_HZ:.3f},5.0,{value:.4f}" for row, value in enumerate(ecg[:600])]
        path.write_text("\n".join(["# Sampling Rate (Hz):= 200", "time (s),gsr,ecg (mV)", *rows]) + "\n")
        return path

    def npz() -> Path:
        path = folder / "arrays.npz"
        np.savez(path, ecg=ecg, fs_hz=np.float64(FS_HZ), unit=np.array("mV"))
        return path

    def npy() -> Path:
        path = folder / "array.npy"
        np.save(path, ecg)
        return path

    def xdf() -> Path:
        stream = make_xdf_stream(3, ecg[:, None], stamps_s, labels=[("ECG", "millivolts")])
        return write_xdf(folder / "lsl.xdf", stream)

    pair = [("ECG II", "uV", 1000 * ecg, FS_HZ), ("Resp", "au", ecg[:500], 50.0)]
    return {
        "csv": csv,
        "wfdb16": lambda: write_wfdb(folder, counts),
        "wfdb212": lambda: write_wfdb(folder, counts, storage=212, name="short"),
        "edf": lambda: write_edf(folder / "night.edf", pair, annotated=True),
        "edf+d": lambda: make_discontinuous(
            write_edf(folder / "paused.edf", pair, annotated=True), [0, 1, 2, 5, 6, 7, 8, 12.5, 13.5, 14.5]
        ),
        "bdf": lambda: write_edf(folder / "night.bdf", pair),
        "xdf": xdf,
        "npy": npy,
        "npz": npz,
    }
