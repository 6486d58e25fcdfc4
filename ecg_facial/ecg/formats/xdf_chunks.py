"""Chunks of an XDF file, checked before anything is allocated.

Input: a path. Output: the streams of the file, with the place of each of their chunks. Each length is compared with the
rest of the file, and each number of samples with the size of its chunk, so that a damaged length costs neither memory
nor time. What is damaged is left out: reading goes on at the next boundary chunk, and a note says how much was lost.

References
----------
.. [1] XDF specification 1.0, https://github.com/sccn/xdf/wiki/Specifications.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from ecg_facial.ecg.formats.contract import MAX_BYTES, MAX_SAMPLES, corrupt_on_failure, readable, shorten
from ecg_facial.ecg.formats.fields import parse_field
from ecg_facial.ecg.formats.xdf_samples import place_samples
from ecg_facial.errors import CorruptDataError, DataError

MAGIC = b"XDF:"
# recorders write it every few seconds, for readers that lost their way
BOUNDARY = bytes.fromhex("43a546dccbf5410fb30ed5467383cbe4")
TEXT = "string"
VALUE_TYPES = {
    name: np.dtype(kind)
    for name, kind in {
        "int8": "i1", "int16": "<i2", "int32": "<i4", "int64": "<i8", "float32": "<f4", "double64": "<f8",
    }.items()
}  # fmt: skip
_FILE_HEADER, _STREAM_HEADER, _SAMPLES, _CLOCK_OFFSET, _STREAM_FOOTER = 1, 2, 3, 4, 6
_LENGTHS = {1: "<B", 4: "<I", 8: "<Q"}
# tag, stream, time and offset
_CLOCK_OFFSET_BYTES = 22
# limits on damaged or hostile headers
_MAX_XML_BYTES, _MAX_CHANNELS, _MAX_DEPTH = 1 << 22, 4096, 64
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class SampleChunk:
    """A chunk of samples: its first sample's byte, its bytes, and its number of samples."""

    at: int
    n_bytes: int
    n_times: int


@dataclass(frozen=True, kw_only=True)
class ClockOffset:
    """What has to be added to a stream's time stamps, measured when so many of its samples were there."""

    n_times: int
    offset_s: float


@dataclass(kw_only=True)
class XdfStream:
    """One stream: its header, with labels, units and kinds of the channels, its chunks, and its number of samples."""

    id: int
    name: str
    type: str
    value_format: str
    n_channels: int
    nominal_hz: float
    labels: tuple[str, ...]
    units: tuple[str | None, ...]
    kinds: tuple[str, ...] = ()
    n_times: int = 0
    chunks: list[SampleChunk] = field(default_factory=list)
    offsets: list[ClockOffset] = field(default_factory=list)

    @property
    def sample_bytes(self) -> int:
        """Size of one sample of all channels, without its time stamp; 0 for text."""
        return 0 if self.value_format == TEXT else self.n_channels * VALUE_TYPES[self.value_format].itemsize


@dataclass(frozen=True, kw_only=True)
class XdfContent:
    """Streams of a file, and notes on what was left out."""

    streams: tuple[XdfStream, ...]
    notes: tuple[str, ...]


def walk_streams(path: Path) -> XdfContent:
    """List the streams of a file.

    Raises
    ------
    CorruptDataError, DataError
        When it is no XDF file, or too large; or when nothing but damage is in it.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise DataError(f"{path}: {size} bytes, limit {MAX_BYTES}; split the recording")
    streams: dict[int, XdfStream] = {}
    damages: list[tuple[int, CorruptDataError]] = []
    with readable(path), open(path, "rb") as stream:
        if stream.read(len(MAGIC)) != MAGIC:
            raise CorruptDataError(f"{path}: does not begin with 'XDF:'; it is no XDF file, or damaged")
        while stream.tell() < size:
            start = stream.tell()
            try:
                _walk_chunk(path, stream, size, streams)
            except CorruptDataError as error:
                following = _find_boundary(stream, start + 1, size)
                damages.append((following - start, error))
                stream.seek(following)
    if damages and not any(one.n_times for one in streams.values()):
        raise damages[0][1]
    notes: tuple[str, ...] = ()
    if damages:
        lost = sum(n_bytes for n_bytes, _ in damages)
        said = str(damages[0][1]).removeprefix(f"{path}: ").partition(";")[0]
        share = f"{lost} of {size} bytes ({100 * lost / size:.2g} %)"
        notes = (f"the file is damaged at {len(damages)} places, {share} are lost: {said}",)
    return XdfContent(streams=tuple(streams.values()), notes=notes)


def _find_boundary(stream: BufferedReader, start: int, size: int) -> int:
    """Byte behind the next boundary chunk, or the end of the file."""
    stream.seek(start)
    before = b""
    while block := stream.read(_BLOCK_BYTES):
        found = (before + block).find(BOUNDARY)
        if found >= 0:
            return stream.tell() - len(block) - len(before) + found + len(BOUNDARY)
        before = block[-len(BOUNDARY) :]
    return size


def _walk_chunk(path: Path, stream: BufferedReader, size: int, streams: dict[int, XdfStream]) -> None:
    """Check one chunk and go to its end; headers add a stream, samples count for theirs."""
    start = stream.tell()
    length = _read_length(path, stream)
    content_at = stream.tell()
    if not 2 <= length <= size - content_at:
        raise CorruptDataError(
            f"{path}: the chunk at byte {start} claims {length} bytes, {size - content_at} are left; the file is cut "
            "off or damaged: copy it again"
        )
    tag = struct.unpack("<H", stream.read(2))[0]
    if tag == _FILE_HEADER:
        _read_xml(path, "the file header", stream, length - 2)
    elif tag in (_STREAM_HEADER, _SAMPLES, _CLOCK_OFFSET, _STREAM_FOOTER):
        if length < 6:
            raise CorruptDataError(f"{path}: the chunk at byte {start} is too short for its kind; copy the file again")
        number = struct.unpack("<I", stream.read(4))[0]
        # each stream needs one header before its samples
        if tag == _STREAM_HEADER:
            if number in streams:
                raise CorruptDataError(f"{path}: stream {number} has two headers; the file is damaged: copy it again")
            what = f"the header of stream {number}"
            content = _read_xml(path, what, stream, length - 6)
            with corrupt_on_failure(path, what):
                streams[number] = _describe(path, number, ElementTree.fromstring(content))
        elif number not in streams:
            raise CorruptDataError(f"{path}: the chunk at byte {start} is of stream {number}, which has no header")
        elif tag == _SAMPLES:
            _check_samples(path, stream, streams[number], content_at + length)
        elif tag == _STREAM_FOOTER:
            _read_xml(path, f"the footer of stream {number}", stream, length - 6)
        elif length != _CLOCK_OFFSET_BYTES:
            raise CorruptDataError(f"{path}: the clock offset at byte {start} has {length} bytes, expected 22")
        else:
            offset_s = struct.unpack("<dd", stream.read(16))[1]
            if math.isfinite(offset_s):
                streams[number].offsets.append(ClockOffset(n_times=streams[number].n_times, offset_s=offset_s))
    stream.seek(content_at + length)


def _read_length(path: Path, stream: BufferedReader) -> int:
    """Read a length of 1, 4 or 8 bytes."""
    at = stream.tell()
    width = stream.read(1)
    code = _LENGTHS.get(width[0]) if width else None
    content = stream.read(width[0]) if code else b""
    if code is None or len(content) < width[0]:
        raise CorruptDataError(f"{path}: no length at byte {at}: expected 1, 4 or 8 bytes; the file is damaged")
    return int(struct.unpack(code, content)[0])


def _check_samples(path: Path, stream: BufferedReader, described: XdfStream, end: int) -> None:
    """Compare the number of samples of a chunk with its size."""
    n_times = _read_length(path, stream)
    at = stream.tell()
    left = end - at
    least = max(1, described.sample_bytes or described.n_channels) + (1 if described.sample_bytes else 0)
    fits = n_times * least <= left
    if fits and described.sample_bytes:
        fits = place_samples(stream.read(left), n_times, described.sample_bytes) is not None
    if not fits:
        raise CorruptDataError(
            f"{path}: a chunk of stream {shorten(described.name)} claims {n_times} samples in {left} bytes; the file "
            "is damaged: copy it again"
        )
    described.n_times += n_times
    described.chunks.append(SampleChunk(at=at, n_bytes=left, n_times=n_times))
    if described.n_times * described.n_channels > MAX_SAMPLES:
        raise DataError(f"{path}: stream {shorten(described.name)} has over {MAX_SAMPLES} values; split the recording")


def _read_xml(path: Path, what: str, stream: BufferedReader, n_bytes: int) -> str:
    """Read XML; refuse it if it is too large, declares entities, or is nested too deep for a recursive reader."""
    if n_bytes > _MAX_XML_BYTES:
        raise CorruptDataError(f"{path}: {what} has {n_bytes} bytes, limit {_MAX_XML_BYTES}; the file is damaged")
    content = stream.read(n_bytes)
    if b"<!" in content:
        raise CorruptDataError(f"{path}: {what} declares entities, which no recorder does")
    text = content.decode("utf-8", "replace")
    with corrupt_on_failure(path, what):
        _check_depth(ElementTree.fromstring(text))
    return text


def _check_depth(element: ElementTree.Element, depth: int = 0) -> None:
    if depth > _MAX_DEPTH:
        raise ValueError(f"nested deeper than {_MAX_DEPTH}")
    for child in element:
        _check_depth(child, depth + 1)


def _describe(path: Path, number: int, root: ElementTree.Element) -> XdfStream:
    """Read the description of a stream from its header."""
    value_format = _text(root, "channel_format")
    n_channels = int(parse_field(_text(root, "channel_count")))
    # a stream that is irregular says 0, and some say nothing
    nominal_hz = parse_field(_text(root, "nominal_srate", default="") or "0")
    if not 0 < n_channels <= _MAX_CHANNELS:
        raise CorruptDataError(f"{path}: stream {number} has {n_channels} channels: expected 1 to {_MAX_CHANNELS}")
    if value_format not in (*VALUE_TYPES, TEXT):
        raise CorruptDataError(f"{path}: stream {number} holds {shorten(value_format)}: expected a format of XDF")
    if not (math.isfinite(nominal_hz) and 0 <= nominal_hz <= 1e6):
        raise CorruptDataError(f"{path}: stream {number} has a rate of {nominal_hz:g} Hz: expected 0 to 1e6")
    described = root.findall("./desc/channels/channel")
    if len(described) != n_channels:
        described = []
    labels = tuple(_text(one, "label", default="") for one in described)
    of_all = next((unit for place in ("unit", "units") if (unit := _text(root, f"desc/{place}", default=""))), None)
    units = tuple(_text(one, "unit", default="") or of_all for one in described) or (of_all,) * n_channels
    kinds = tuple(_text(one, "type", default="") for one in described)
    return XdfStream(
        id=number, name=_text(root, "name", default=""), type=_text(root, "type", default=""),
        value_format=value_format, n_channels=n_channels, nominal_hz=nominal_hz,
        labels=labels, units=units, kinds=kinds,
    )  # fmt: skip


def _text(root: ElementTree.Element, tag: str, *, default: str | None = None) -> str:
    found = root.findtext(tag)
    if found is None and default is None:
        raise ValueError(f"no <{tag}>")
    return (found or default or "").strip()
