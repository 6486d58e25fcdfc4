"""Small video files of every kind that people bring: containers, streams, stamps, displays, damage."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from ecg_facial.runtime.typing import UInt8Array

FPS = 25
WIDTH, HEIGHT = 96, 64
# fast, and so little compressed that the brightness tells the number of a frame
_FAITHFUL = {
    "libx264": {"crf": "18", "preset": "ultrafast", "bf": "0"},
    "mpeg4": {"b": "4000000", "qmax": "2"},
    "mpeg2video": {"b": "4000000", "qmax": "2"},
}
# display matrices of MP4 (a, b, c, d of x' = a x + c y, y' = b x + d y): what players do with the stored picture
TURNS = {
    "90": (0, 1, -1, 0),
    "180": (-1, 0, 0, -1),
    "270": (0, -1, 1, 0),
    "mirrored": (-1, 0, 0, 1),
    "upside down": (1, 0, 0, -1),
    "mirrored 90": (0, 1, 1, 0),
    "mirrored 270": (0, -1, -1, 0),
}


def draw(number: int = 0, *, width: int = WIDTH, height: int = HEIGHT) -> UInt8Array:
    """A picture without symmetry whose brightness tells its number: 2 levels a frame, in the upper left quarter."""
    y, x = np.mgrid[0:height, 0:width]
    picture = np.stack([30 + 150 * x / width, 200 - 120 * y / height, 60 + 100 * x * y / width / height], axis=-1)
    picture[: height // 2, : width // 2] = 20 + 2 * (number % 100)
    return picture.astype(np.uint8)


def read_number(rgb: UInt8Array) -> int:
    """Number of the frame that a picture of `draw` shows, at any size."""
    height, width = rgb.shape[:2]
    return round((float(np.median(rgb[height // 8 : height // 4, width // 8 : width // 4])) - 20) / 2)


def write_film(
    path: Path,
    pictures: Iterable[UInt8Array],
    times_s: Sequence[float],
    *,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    rate: int = FPS,
    time_base: Fraction = Fraction(1, 12800),
    container: str | None = None,
    options: Mapping[str, str] | None = None,
    mux: Mapping[str, str] | None = None,
    aspect: Fraction | None = None,
    colours: Mapping[str, int] | None = None,
) -> Path:
    """RGB pictures at the given times as one stream."""
    with av.open(str(path), "w", format=container, options=dict(mux or {})) as box:
        stream = add_stream(box, codec, rate=rate, pixels=pixels, time_base=time_base, options=options, aspect=aspect)
        for name, value in (colours or {}).items():
            setattr(stream.codec_context, name, value)
        for number, (picture, time_s) in enumerate(zip(pictures, times_s, strict=True)):
            if not number:
                stream.height, stream.width = picture.shape[:2]
            space = (
                {}
                if not colours
                else {"src_colorspace": colours["colorspace"], "dst_colorspace": colours["colorspace"]}
            )
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            if pixels != "rgb24":
                frame = frame.reformat(format=pixels, **space)
            frame.pts, frame.time_base = round(time_s / float(time_base)), time_base
            box.mux(stream.encode(frame))
        box.mux(stream.encode(None))
    return path


def add_stream(
    box: av.container.OutputContainer,
    codec: str,
    *,
    rate: int = FPS,
    pixels: str = "yuv420p",
    time_base: Fraction | None = None,
    options: Mapping[str, str] | None = None,
    aspect: Fraction | None = None,
    width: int = WIDTH,
    height: int = HEIGHT,
) -> Any:
    """A stream of a file that is being written."""
    stream: Any = box.add_stream(codec, rate=rate, options={**_FAITHFUL.get(codec, {}), **(options or {})})
    stream.width, stream.height, stream.pix_fmt = width, height, pixels
    if time_base is not None:
        stream.time_base = stream.codec_context.time_base = time_base
    if aspect is not None:
        stream.codec_context.sample_aspect_ratio = aspect
    return stream


def write_numbered(path: Path, n_frames: int = 50, *, times_s: Sequence[float] | None = None, **about: Any) -> Path:
    """Frames whose brightness tells their number."""
    rate = about.get("rate", FPS)
    times_s = [number / rate for number in range(n_frames)] if times_s is None else times_s
    return write_film(path, (draw(number) for number in range(len(times_s))), times_s, **about)


def write_stamped(
    path: Path,
    stamps_ms: Sequence[int],
    *,
    codec: str = "mjpeg",
    pixels: str = "yuvj420p",
    options: Mapping[str, str] | None = None,
) -> Path:
    """Numbered frames with any time stamps, as a camera of the network sends them; of a codec without B-frames."""
    base = Fraction(1, 1000)
    with av.open(str(path), "w") as box:
        stream = add_stream(box, codec, pixels=pixels, time_base=Fraction(1, FPS), options=options)
        packets = []
        for number in range(len(stamps_ms)):
            frame = av.VideoFrame.from_ndarray(draw(number), format="rgb24").reformat(format=pixels)
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            packets += stream.encode(frame)
        for number, packet in enumerate([*packets, *stream.encode(None)]):
            # decoding in order, long before it is shown
            packet.time_base, packet.pts, packet.dts = base, stamps_ms[number] + 2000, number
            box.mux(packet)
    return path


class Pipe(io.RawIOBase):
    """A stream that cannot be sought, as a browser writes to; muxers go back to no header."""

    def __init__(self) -> None:
        self.content = bytearray()

    def write(self, data: Any) -> int:
        """Take some bytes."""
        self.content += bytes(data)
        return len(data)

    def writable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """No."""
        return False


def write_live_webm(path: Path, n_frames: int = 50) -> Path:
    """WebM as a browser records it: without a duration."""
    pipe, base = Pipe(), Fraction(1, 1000)
    with av.open(pipe, "w", format="webm", options={"live": "1"}) as box:
        stream = add_stream(box, "libvpx", rate=1000, time_base=base, options={"deadline": "realtime", "cpu-used": "8"})
        _encode(box, stream, n_frames, base)
    path.write_bytes(pipe.content)
    return path


def _encode(box: Any, stream: Any, n_frames: int, base: Fraction, *, rate: float = FPS, first: int = 0) -> None:
    """Numbered frames into a stream of a file that is being written."""
    for number in range(n_frames):
        picture = draw(number + first, width=stream.width, height=stream.height)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=stream.pix_fmt)
        frame.pts, frame.time_base = round(number / rate / float(base)), base
        box.mux(stream.encode(frame))
    box.mux(stream.encode(None))


def write_streams(
    path: Path, *, films: Sequence[int], sound_s: float = 0.0, still: bool = False, sound_first: bool = False
) -> Path:
    """Several video streams with so many frames each, after a still picture and beside silence where asked for."""
    with av.open(str(path), "w") as box:
        sound = box.add_stream("aac", rate=16000, layout="mono") if sound_s and sound_first else None
        streams = [add_stream(box, "mjpeg", rate=1, pixels="yuvj420p")] if still else []
        streams += [add_stream(box, "libx264") for _ in films]
        if sound_s and not sound_first:
            sound = box.add_stream("aac", rate=16000, layout="mono")
        for stream, n_frames in zip(streams, [1, *films] if still else films, strict=True):
            _encode(box, stream, n_frames, Fraction(1, FPS))
        if sound is not None:
            for number in range(round(sound_s * 16000 / 1024)):
                silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
                silence.sample_rate, silence.pts, silence.time_base = 16000, 1024 * number, Fraction(1, 16000)
                box.mux(sound.encode(silence))
            box.mux(sound.encode(None))
    return path


def turn_by_header(path: Path, turn: str) -> Path:
    """Write a display matrix into the track header of an MP4 or MOV."""
    content = bytearray(path.read_bytes())
    plain = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 0x40000000)
    at = content.index(plain, content.index(b"tkhd"))
    a, b, c, d = (65536 * value for value in TURNS[turn])
    content[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 0x40000000)
    path.write_bytes(content)
    return path


def store(picture: UInt8Array, turn: str) -> UInt8Array:
    """The picture to store so that players show the given one: the inverse of the turn."""
    a, b, c, d = TURNS[turn]
    stored = picture.swapaxes(0, 1) if a == 0 else picture
    # the shown x runs along stored x or y, forwards or backwards
    along_x, along_y = (a, d) if a else (b, c)
    return np.ascontiguousarray(stored[::along_y, ::along_x])


def remux(source: Path, path: Path) -> Path:
    """Copy the packets of a film into another container, with what its header says."""
    with av.open(str(source)) as read, av.open(str(path), "w") as box:
        stream: Any = box.add_stream_from_template(read.streams.video[0])
        for packet in read.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                box.mux(packet)
    return path


def join(path: Path, *parts: Path) -> Path:
    """Files one behind the other, as with `cat`."""
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def packet_places(path: Path) -> list[int]:
    """Where each packet of the first video stream begins in the file."""
    with av.open(str(path)) as box:
        return [int(packet.pos) for packet in box.demux(video=0) if packet.size]


def damage(path: Path, place: int, content: bytes = b"\xff" * 6) -> Path:
    """Overwrite some bytes."""
    whole = bytearray(path.read_bytes())
    whole[place : place + len(content)] = content
    path.write_bytes(whole)
    return path


def write_images(folder: Path, names: Sequence[str]) -> Path:
    """Numbered pictures under the given names."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        bgr = cv2.cvtColor(draw(number), cv2.COLOR_RGB2BGR)
        (folder / name).write_bytes(cv2.imencode(Path(name).suffix.lower(), bgr)[1].tobytes())
    return folder
