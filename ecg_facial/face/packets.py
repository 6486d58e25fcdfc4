"""What a video file holds, by its packets: the stream that is the film, and the time of each frame. Decodes nothing.

Input: the path of a file. Output: `Film`. Headers are hints alone: duration and number of frames follow from the
packets, because headers state those of the sound track, of what was to be recorded before the power failed, or nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import av
import numpy as np

from ecg_facial.errors import CorruptDataError, MissingDataError
from ecg_facial.face.frame_folders import DEFAULT_FPS
from ecg_facial.face.joined_files import find_unread
from ecg_facial.runtime.clocks.irregular import check_times
from ecg_facial.runtime.other_files import is_web_page, name_other_file, name_pointer
from ecg_facial.runtime.paths import explain_absence
from ecg_facial.runtime.typing import Float64Array, Int64Array

AnyPacket: TypeAlias = "av.Packet[Any]"

# FFmpeg's AVFMT_NOTIMESTAMPS: raw streams, whose packets have no times or invented ones
_NO_TIMESTAMPS = 0x80
# rates outside of these are counts of clock ticks that some headers state as a rate
_LEAST_FPS, _MOST_FPS = 1.0, 1000.0
# usual steps of frames, from that of a high-speed camera to that of a time-lapse
_STEPS_S = (0.9 / _MOST_FPS, 600.0)
# H.264 and H.265 show a frame at most 16 frames behind its place in the stream
_MOST_REORDERED = 17
# FFmpeg's dispositions attached_pic, timed_thumbnails and still_image: pictures beside the film
_STILLS = 0x400 | 0x800 | 0x100000
# a file that fails this often in a row is read to where it fails
_MAX_FAILURES = 100
_HEAD = 512


@dataclass(frozen=True, eq=False, kw_only=True)
class Film:
    """The film of a video file.

    Attributes
    ----------
    stream : int
        Index of its stream.
    codec : str
    width, height : int
        Of the stored picture.
    aspect : Fraction or None
        Sample aspect ratio: width of a stored pixel by its height. How a picture is turned is stated by each frame.
    times_s : ndarray of float64, shape (n_frames,)
        Time of each frame in the order in which they are shown, in seconds from the first.
    stamps : ndarray of int64 or None, shape (n_frames,)
        Time stamp of each frame, increasing, by which a decoded frame is known; None where stamps do not tell that, and
        only the order does.
    keys : ndarray of int64
        Time stamps of key frames, increasing.
    notes : tuple of str
        What should be known: a choice of streams, times that were rebuilt, a file that was cut off.
    """

    stream: int
    codec: str
    width: int
    height: int
    aspect: Fraction | None
    times_s: Float64Array
    stamps: Int64Array | None
    keys: Int64Array
    notes: tuple[str, ...]

    @property
    def step_s(self) -> float:
        """Usual time from one frame to the next."""
        return usual_step(self.times_s)

    @property
    def duration_s(self) -> float:
        """Length with the last frame, which is shown for the usual time."""
        return float(self.times_s[-1]) + self.step_s


def usual_step(times_s: Float64Array) -> float:
    """Median time from one frame to the next; that of the default rate for a single one."""
    return float(np.median(np.diff(times_s))) if len(times_s) > 1 else 1 / DEFAULT_FPS


@dataclass(frozen=True, eq=False, kw_only=True)
class _Packets:
    """Packets of one stream in the order in which they are decoded; a stamp that is absent is None."""

    shown: list[int | None] = field(default_factory=list)
    decoded: list[int | None] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)

    def add(self, packet: AnyPacket) -> None:
        """Take a packet, unless an edit list hides its frame."""
        if not packet.size or packet.is_discard:
            return
        self.shown.append(packet.pts)
        self.decoded.append(packet.dts)
        if packet.is_keyframe and packet.pts is not None:
            self.keys.append(packet.pts)


@contextmanager
def open_video(path: Path) -> Iterator[av.container.InputContainer]:
    """Open a video file with a video stream; errors of FFmpeg become `CorruptDataError`."""
    if not path.is_file():
        raise MissingDataError(f"{path}: no such file{explain_absence(path)}; check the path of the video")
    try:
        container = av.open(str(path))
    except (av.FFmpegError, OSError, ValueError) as error:
        said = _describe(path) or f"not a readable video ({error.__class__.__name__}); copy it again"
        raise CorruptDataError(f"{path}: {said}") from None
    with container:
        if not container.streams.video:
            raise CorruptDataError(f"{path}: no video stream; expected a video such as H.264 in MP4")
        yield container


def _describe(path: Path) -> str | None:
    """Say what a file is that FFmpeg cannot open, if its first bytes tell."""
    try:
        with open(path, "rb") as stream:
            head = stream.read(_HEAD)
    except OSError as error:
        return f"cannot be read ({error.strerror}); check its permissions"
    if not head:
        return "the file is empty; copy it again"
    if head[4:8] == b"ftyp":
        # MP4 and MOV keep the index of frames at their end
        return "no readable video: its index (moov) is missing, as if it was never closed; copy it again, or repair it"
    if is_web_page(head):
        return "a page of the web in place of the file; download it again, signed in where that is needed"
    other = name_other_file(head)
    return name_pointer(head) or (f"not a video but {other}" if other and "unpack" in other else None)


def demux(container: av.container.InputContainer, *streams: av.VideoStream) -> Iterator[AnyPacket]:
    """Yield the packets of some streams; goes on behind damaged places."""
    failures = 0
    while failures < _MAX_FAILURES:
        try:
            for packet in container.demux(*streams):
                yield packet
                failures = 0
            return
        except av.FFmpegError:
            failures += 1


def find_film(path: Path, *, fps: float | None = None) -> Film:
    """Look through the packets of a file; the last files are remembered.

    Parameters
    ----------
    path : Path
    fps : float, optional
        Frames per second of a raw stream that does not state its rate.

    Raises
    ------
    MissingDataError, CorruptDataError
        When there is no such file, it is not a video, holds no frame, or nothing tells the times of its frames.
    """
    if not path.is_file():
        raise MissingDataError(f"{path}: no such file{explain_absence(path)}; check the path of the video")
    about = path.stat()
    return _find_film(path, fps, about.st_mtime_ns, about.st_size)


# hundreds of stretches of one long recording look through it once
@lru_cache(maxsize=8)
def _find_film(path: Path, fps: float | None, changed_ns: int, n_bytes: int) -> Film:
    with open_video(path) as container:
        known = [stream for stream in container.streams.video if stream.codec_context]
        streams = [stream for stream in known if not _is_still(stream)]
        if not known:
            raise CorruptDataError(
                f"{path}: a codec that FFmpeg does not know, or cut off; copy it again, or convert it to H.264 in MP4"
            )
        if not streams:
            raise CorruptDataError(f"{path}: a still picture but no video; expected a video such as H.264 in MP4")
        packets = {stream.index: _Packets() for stream in streams}
        read_to = 0
        for packet in demux(container, *streams):
            packets[packet.stream.index].add(packet)
            read_to = max(read_to, (packet.pos or 0) + packet.size)
        filled = [stream for stream in streams if packets[stream.index].shown]
        if not filled:
            raise CorruptDataError(f"{path}: no frame in it; copy it again")
        film = max(filled, key=lambda stream: (len(packets[stream.index].shown), stream.width * stream.height))
        found = packets[film.index]
        times_s, stamps, rebuilt = _time_frames(path, container, film, found, fps)
        return Film(
            stream=film.index,
            codec=film.codec_context.name,
            width=film.codec_context.width,
            height=film.codec_context.height,
            aspect=film.sample_aspect_ratio or film.codec_context.sample_aspect_ratio,
            times_s=times_s,
            stamps=stamps,
            keys=np.array(sorted(found.keys), dtype=np.int64),
            notes=(
                *_note_choice(filled, film, packets),
                *rebuilt,
                *_note_cut(film, n_frames=len(found.shown), n_bytes=n_bytes),
                *_note_unread(path, container.format.name, read_to),
            ),
        )


def _is_still(stream: av.VideoStream) -> bool:
    # older PyAV does not show it
    return bool(int(getattr(stream, "disposition", 0)) & _STILLS)


def _note_choice(streams: list[av.VideoStream], film: av.VideoStream, packets: dict[int, _Packets]) -> tuple[str, ...]:
    if len(streams) < 2:
        return ()
    counts = ", ".join(f"{len(packets[stream.index].shown)} in stream {stream.index}" for stream in streams)
    return (f"{len(streams)} video streams: stream {film.index} is read, with most frames ({counts})",)


def _note_cut(film: av.VideoStream, *, n_frames: int, n_bytes: int) -> tuple[str, ...]:
    """Compare the end of the last frame, as the header states it, with the end of the file."""
    # older PyAV does not show the index
    places = getattr(film, "index_entries", ())
    end = max((place.pos + place.size for place in places), default=0)
    if end <= n_bytes:
        return ()
    return (
        f"cut off at {n_bytes} of at least {end} bytes: {n_frames} of {max(film.frames, n_frames)} frames are left",
    )


def _note_unread(path: Path, format_name: str, read_to: int) -> tuple[str, ...]:
    place = find_unread(path, format_name, read_to)
    if place is None:
        return ()
    return (f"another recording begins at byte {place} of the same file and is not read: join them by a program",)


def _time_frames(
    path: Path, container: av.container.InputContainer, film: av.VideoStream, packets: _Packets, fps: float | None
) -> tuple[Float64Array, Int64Array | None, tuple[str, ...]]:
    """Give the times of the frames in their order, their stamps where those can be trusted, and what was rebuilt."""
    if container.format.flags & _NO_TIMESTAMPS:
        rate = _read_rate(film.codec_context.framerate) or fps
        if rate is None:
            raise CorruptDataError(f"{path}: no time stamps, and no rate is stated; give its frames per second (fps)")
        return np.arange(len(packets.shown)) / rate, None, ()
    base = float(film.time_base or 0)
    ordered = packets.shown if _shows_as_stored(film) else _order(packets)
    stamps_s = np.array([np.nan if stamp is None else stamp * base for stamp in ordered], dtype=np.float64)
    stated = fps or _read_rate(film.guessed_rate or film.average_rate) or 0.0
    checked = check_times(stamps_s, stated, what="frames")
    if checked.problem:
        raise CorruptDataError(f"{path}: {checked.problem}; give its frames per second (fps)")
    step_s = usual_step(checked.times_s)
    if not _STEPS_S[0] <= step_s <= _STEPS_S[1]:
        said = f"time stamps of {1 / step_s:.4g} frames per second"
        if not stated:
            raise CorruptDataError(f"{path}: {said}; give its frames per second (fps)")
        note = f"{said}: frames follow each other at the stated {stated:g}"
        return np.arange(len(stamps_s)) / stated, None, (note,)
    as_stamped = np.array_equal(checked.times_s, stamps_s)
    return checked.times_s - checked.times_s[0], _trust(film, packets) if as_stamped else None, checked.notes


def _read_rate(rate: object) -> float | None:
    """Read a rate that a header states, if it can be one of frames."""
    value = float(rate) if rate else 0.0  # type: ignore[arg-type]  # a fraction
    return value if _LEAST_FPS <= value <= _MOST_FPS else None


def _shows_as_stored(film: av.VideoStream) -> bool:
    """Whether frames are always shown in the order in which they are stored: a stamp against it is wrong.

    Network cameras send stamps that run back or far ahead.
    """
    codec = film.codec_context
    return not codec.codec.reorder or "Baseline" in (codec.profile or "")


def _order(packets: _Packets) -> list[int | None]:
    """Put time stamps into the order in which frames are shown, between restarts of the clock.

    Stamps of decoding increase within a recording, and a frame is shown behind one of those that were decoded shortly
    before it. Where neither holds, another recording was joined to the first.
    """
    ordered: list[int | None] = []
    part: list[int] = []
    last: int | None = None
    for shown, decoded in zip(packets.shown, packets.decoded, strict=True):
        is_back = decoded is not None and last is not None and decoded < last
        if shown is None:
            # no order without a stamp: it stays where it is
            ordered += [*sorted(part), None]
            part = []
        elif is_back and part and shown < min(part[-_MOST_REORDERED:]):
            ordered += sorted(part)
            part = [shown]
        else:
            part.append(shown)
        last = last if decoded is None else decoded
    return [*ordered, *sorted(part)]


def _trust(film: av.VideoStream, packets: _Packets) -> Int64Array | None:
    """Give the stamps if each names one frame. Containers such as AVI number packets, not the pictures shown."""
    stamps = np.array(packets.shown, dtype=np.int64)
    in_order = bool((np.diff(stamps) > 0).all())
    if film.codec_context.has_b_frames if in_order else _shows_as_stored(film):
        # the codec shows frames in another order than that of the stamps
        return None
    return np.sort(stamps)
