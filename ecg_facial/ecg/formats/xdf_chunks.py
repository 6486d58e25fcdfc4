"""Checks of the chunks of an XDF file, before a library reads them.

Input: a path. Output: the streams of the file. Each length is compared with the rest of the file, and each number of
samples with the size of its chunk, so that a damaged length costs neither memory nor time.

References
----------
.. [1] XDF specification 1.0, https://github.com/sccn/xdf/wiki/Specifications.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from xml.etree import ElementTree

from ecg_facial.ecg.formats.contract import MAX_BYTES, MAX_SAMPLES, corrupt_on_failure, readable, shorten
from ecg_facial.errors import CorruptDataError, DataError

MAGIC = b"XDF:"
_FILE_HEADER, _STREAM_HEADER, _SAMPLES, _CLOCK_OFFSET, _STREAM_FOOTER = 1, 2, 3, 4, 6
_VALUE_BYTES = {"int8": 1, "int16": 2, "int32": 4, "int64": 8, "float32": 4, "double64": 8}
_LENGTHS = {1: "<B", 4: "<I", 8: "<Q"}
# tag, stream, time and offset
_CLOCK_OFFSET_BYTES = 22
# limits on damaged or hostile headers
_MAX_XML_BYTES, _MAX_CHANNELS, _MAX_DEPTH = 1 << 22, 4096, 64


@dataclass(kw_only=True)
class XdfStream:
    """One stream: its header, and the number of its samples."""

    id: int
    name: str
    type: str
    value_format: str
    n_channels: int
    nominal_hz: float
    labels: tuple[str, ...]
    units: tuple[str | None, ...]
    n_times: int = 0

    @property
    def sample_bytes(self) -> int:
        """Size of one sample of all channels, without its time stamp; 0 for text."""
        return self.n_channels * _VALUE_BYTES.get(self.value_format, 0)


def walk_streams(path: Path) -> list[XdfStream]:
    """List the streams of a file.

    Raises
    ------
    CorruptDataError, DataError
        When lengths and sizes do not agree, or the file is too large.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise DataError(f"{path}: {size} bytes, limit {MAX_BYTES}; split the recording")
    streams: dict[int, XdfStream] = {}
    with readable(path), open(path, "rb") as stream:
        if stream.read(len(MAGIC)) != MAGIC:
            raise CorruptDataError(f"{path}: does not begin with 'XDF:'; it is no XDF file, or damaged")
        while stream.tell() < size:
            _walk_chunk(path, stream, size, streams)
    return list(streams.values())


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
    left = end - stream.tell()
    least = max(1, described.sample_bytes or described.n_channels) + (1 if described.sample_bytes else 0)
    if n_times * least > left or (described.sample_bytes and not _fills(stream, n_times, described, left)):
        raise CorruptDataError(
            f"{path}: a chunk of stream {shorten(described.name)} claims {n_times} samples in {left} bytes; the file "
            "is damaged: copy it again"
        )
    described.n_times += n_times
    if described.n_times * described.n_channels > MAX_SAMPLES:
        raise DataError(f"{path}: stream {shorten(described.name)} has over {MAX_SAMPLES} values; split the recording")


def _fills(stream: BufferedReader, n_times: int, described: XdfStream, left: int) -> bool:
    """Tell whether the samples, some with a time stamp of 8 bytes, fill the chunk exactly."""
    content = stream.read(left)
    place, width = 0, described.sample_bytes
    for _ in range(n_times):
        if place >= left or content[place] not in (0, 8):
            return False
        place += 1 + content[place] + width
    return place == left


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
    n_channels = int(_text(root, "channel_count"))
    nominal_hz = float(_text(root, "nominal_srate"))
    if not 0 < n_channels <= _MAX_CHANNELS:
        raise CorruptDataError(f"{path}: stream {number} has {n_channels} channels: expected 1 to {_MAX_CHANNELS}")
    if value_format not in (*_VALUE_BYTES, "string"):
        raise CorruptDataError(f"{path}: stream {number} holds {shorten(value_format)}: expected a format of XDF")
    if not (math.isfinite(nominal_hz) and 0 <= nominal_hz <= 1e6):
        raise CorruptDataError(f"{path}: stream {number} has a rate of {nominal_hz:g} Hz: expected 0 to 1e6")
    described = root.findall("./desc/channels/channel")
    if len(described) != n_channels:
        described = []
    labels = tuple(_text(one, "label", default="") for one in described)
    units = tuple(_text(one, "unit", default="") or None for one in described)
    return XdfStream(
        id=number, name=_text(root, "name", default=""), type=_text(root, "type", default=""),
        value_format=value_format, n_channels=n_channels, nominal_hz=nominal_hz,
        labels=labels, units=units,
    )  # fmt: skip


def _text(root: ElementTree.Element, tag: str, *, default: str | None = None) -> str:
    found = root.findtext(tag)
    if found is None and default is None:
        raise ValueError(f"no <{tag}>")
    return (found or default or "").strip()
