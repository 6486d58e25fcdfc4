"""Decoding the film of a video file, round what is damaged.

Input: a `Film` and a stretch of it. Output: its frames with their times, and a note of how many were lost.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np

from ecg_facial.errors import CorruptDataError
from ecg_facial.face.display import Display, read_display
from ecg_facial.face.frames import YuvFrame
from ecg_facial.face.packets import AnyPacket, Film, demux, open_video

CLOCK_TOLERANCE_S = 1e-6
"""Time stamps are fractions: a frame may miss the edge of a stretch by rounding, never by a microsecond."""
# decoding 10 s takes about as long as seeking
_SEEK_FROM_S = 10.0


def decode_film(path: Path, film: Film, *, begin_s: float, end_s: float, notes: list[str]) -> Iterator[YuvFrame]:
    """Yield the frames of a stretch.

    Parameters
    ----------
    path : Path
    film : Film
        What `packets.find_film` found in it.
    begin_s, end_s : float
        The stretch in seconds from the first frame, without the end.
    notes : list of str
        Gets a note of what was lost, when the last frame was taken or the iterator is closed.

    Raises
    ------
    CorruptDataError
        When no frame of the whole file can be decoded.
    """
    decoder = _Decoder(path, film)
    begin_s, end_s = begin_s - CLOCK_TOLERANCE_S, end_s - CLOCK_TOLERANCE_S
    n_given, seen_s = 0, -np.inf
    try:
        for frame, time_s in decoder.decode(begin_s):
            if time_s >= end_s:
                break
            if time_s >= begin_s:
                n_given, seen_s = n_given + 1, time_s
                yield YuvFrame(frame, time_s, display=decoder.find_display(frame))
        seen_s = end_s
    finally:
        # closed early, frames behind the last one were not asked for
        reached = np.searchsorted(film.times_s, [begin_s, min(seen_s + CLOCK_TOLERANCE_S, end_s)])
        wanted = max(int(reached[1] - reached[0]), n_given)
        if wanted > n_given:
            notes.append(f"{wanted - n_given} of {wanted} frames cannot be decoded: the file is damaged")
        if decoder.is_interlaced:
            notes.append("interlaced: pictures are read as they are, both half pictures at once")
    if decoder.is_all and not decoder.n_decoded:
        raise CorruptDataError(f"{path}: no frame can be decoded; copy it again")


class _Decoder:
    """Frames of a film with their times."""

    def __init__(self, path: Path, film: Film) -> None:
        self._path, self._film = path, film
        self._display: Display | None = None
        self._angle = 0
        self.n_decoded, self.is_all, self.is_interlaced = 0, False, False

    def decode(self, begin_s: float) -> Iterator[tuple[av.VideoFrame, float]]:
        """Yield frames from `begin_s` or before; long recordings are not decoded from their first frame.

        A hundred stretches would otherwise decode the whole a hundred times.
        """
        key = self._find_key(begin_s)
        if key is not None:
            frames = self._decode_from(key)
            first = next(frames, None)
            # some containers find a key frame behind the wanted one
            if first is not None and first[1] <= begin_s:
                yield first
                yield from frames
                return
            frames.close()
        yield from self._decode_from(None)
        self.is_all = True

    def find_display(self, frame: av.VideoFrame) -> Display:
        """How a frame is shown: FFmpeg gives a stream's display matrix to each frame that has none of its own.

        The matrix is read where the angle, which is cheap to ask for, is another one. Once asked for its side data a
        frame is freed by the garbage collector alone: reading 138 frames of 1388 x 1038 took half as long again.
        """
        angle = getattr(frame, "rotation", 0)
        if self._display is None or angle != self._angle:
            matrix: Any = frame.side_data.get("DISPLAYMATRIX")
            self._display = read_display(None if matrix is None else bytes(matrix), self._film.aspect)
            self._angle = angle
        return self._display

    def _find_key(self, begin_s: float) -> int | None:
        """Stamp of the last key frame before a time, where it pays to start there."""
        film = self._film
        if film.stamps is None or begin_s <= _SEEK_FROM_S:
            return None
        before = film.stamps[max(int(np.searchsorted(film.times_s, begin_s, side="right")) - 1, 0)]
        place = int(np.searchsorted(film.keys, before, side="right")) - 1
        return int(film.keys[place]) if place >= 0 else None

    def _decode_from(self, key: int | None) -> Generator[tuple[av.VideoFrame, float], None, None]:
        with open_video(self._path) as container:
            stream = container.streams[self._film.stream]
            assert isinstance(stream, av.VideoStream)
            if key is not None:
                container.seek(key, stream=stream)
            numbers = _Numbers(self._film)
            for packet in demux(container, stream):
                numbers.feed(packet)
                try:
                    frames = packet.decode()
                except av.FFmpegError:
                    numbers.is_damaged = True
                    continue
                for frame in frames:
                    number = numbers.find(frame.pts)
                    if number is None or frame.is_corrupt:
                        continue
                    self.n_decoded += 1
                    self.is_interlaced |= bool(frame.interlaced_frame)
                    yield frame, float(self._film.times_s[number])


class _Numbers:
    """Numbers of decoded frames in the order in which they are shown."""

    def __init__(self, film: Film) -> None:
        self._stamps, self._n_frames, self._next = film.stamps, len(film.times_s), 0
        self._n_fed, self._delay = 0, -1
        self.is_damaged = False

    def feed(self, packet: AnyPacket) -> None:
        """Count a packet that the decoder gets."""
        self._n_fed += bool(packet.size)

    def find(self, stamp: int | None) -> int | None:
        """Give the number of a frame; None for one more than there are, or before an earlier one."""
        number = self._next
        if self._delay < 0:
            # frames are shown so many packets late, where the decoder puts them in order
            self._delay = self._n_fed
        if self._stamps is None and self.is_damaged:
            number = max(number, self._n_fed - self._delay)
        elif self._stamps is not None and stamp is not None:
            place = int(np.searchsorted(self._stamps, stamp))
            if place < self._n_frames and self._stamps[place] == stamp:
                number = place
        if not self._next <= number < self._n_frames:
            return None
        self._next = number + 1
        return number
