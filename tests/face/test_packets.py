"""Length, times and the right stream of a file follow from its packets, whatever its header says."""

from __future__ import annotations

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from video_files import (
    FPS,
    add_stream,
    draw,
    join,
    read_number,
    remux,
    write_film,
    write_live_webm,
    write_numbered,
    write_stamped,
    write_streams,
)

from ecg_facial.errors import CorruptDataError
from ecg_facial.face.video import probe_video, read_frames
from ecg_facial.recording import VideoRef
from ecg_facial.runtime.typing import Float64Array

N_FRAMES = 50
B_FRAMES = {"bf": "3", "preset": "medium"}


def read_times(path: Path, fps: float | None = None) -> tuple[Float64Array, list[int], list[str]]:
    """Times in frames, the numbers that the pictures show, and the notes."""
    frames = read_frames(VideoRef(path=path, fps=fps))
    found = [(frame.time_s * FPS, read_number(frame.small_rgb(1000)[0])) for frame in frames]
    return np.array([time for time, _ in found]), [number for _, number in found], frames.notes


def check_numbered(path: Path, n_frames: int = N_FRAMES, *, fps: float | None = None) -> list[str]:
    """Every frame is there, at its time; the probe says the same without decoding."""
    times, numbers, notes = read_times(path, fps)
    np.testing.assert_allclose(times, np.arange(n_frames), atol=0.06)
    np.testing.assert_allclose(numbers, np.arange(n_frames), atol=1)
    info = probe_video(VideoRef(path=path, fps=fps))
    assert info.n_frames == n_frames
    assert info.duration_s == pytest.approx(n_frames / FPS, abs=0.01)
    assert info.fps == pytest.approx(FPS, rel=0.01)
    return notes


KINDS: dict[str, Callable[[Path], Path]] = {
    "MP4": lambda folder: write_numbered(folder / "clip.mp4"),
    "MP4 with B-frames": lambda folder: write_numbered(folder / "clip.mp4", options=B_FRAMES),
    "fragmented MP4": lambda folder: write_numbered(folder / "clip.mp4", mux={"movflags": "frag_keyframe+empty_moov"}),
    "a late start": lambda folder: write_numbered(folder / "clip.mkv", times_s=[2 + n / FPS for n in range(N_FRAMES)]),
    "an edit list": lambda folder: write_numbered(
        folder / "clip.mp4", times_s=[2 + n / FPS for n in range(N_FRAMES)], options=B_FRAMES
    ),
    "MKV": lambda folder: write_numbered(folder / "clip.mkv", options=B_FRAMES),
    "WebM of a browser": lambda folder: write_live_webm(folder / "clip.webm"),
    "AVI with B-frames of H.264": lambda folder: write_numbered(
        folder / "clip.avi", options=B_FRAMES, time_base=Fraction(1, FPS)
    ),
    "AVI with B-frames of MPEG-4": lambda folder: write_numbered(
        folder / "clip.avi", codec="mpeg4", options={"bf": "2"}, time_base=Fraction(1, FPS)
    ),
    "TS": lambda folder: write_numbered(folder / "clip.ts", options=B_FRAMES, time_base=Fraction(1, 90000)),
    "FLV": lambda folder: write_numbered(folder / "clip.flv", options=B_FRAMES, time_base=Fraction(1, 1000)),
    "MPEG": lambda folder: write_numbered(
        folder / "clip.mpg", codec="mpeg2video", time_base=Fraction(1, FPS), options={"bf": "2"}
    ),
    "raw H.264": lambda folder: write_numbered(folder / "clip.h264", options=B_FRAMES, time_base=Fraction(1, FPS)),
    "raw H.265": lambda folder: write_numbered(
        folder / "clip.hevc", codec="libx265", time_base=Fraction(1, FPS), options={"x265-params": "log-level=none"}
    ),
    "raw MPEG-4": lambda folder: write_numbered(
        folder / "clip.m4v", codec="mpeg4", container="m4v", time_base=Fraction(1, FPS)
    ),
    "raw MPEG-2": lambda folder: write_numbered(folder / "clip.m2v", codec="mpeg2video", time_base=Fraction(1, FPS)),
    "Motion JPEG": lambda folder: write_numbered(
        folder / "clip.avi", codec="mjpeg", pixels="yuvj420p", time_base=Fraction(1, FPS)
    ),
    "a sound track that is longer": lambda folder: write_streams(folder / "clip.mkv", films=[N_FRAMES], sound_s=4.0),
    "a sound track that comes first": lambda folder: write_streams(
        folder / "clip.mov", films=[N_FRAMES], sound_s=2.0, sound_first=True
    ),
    "a sound track that is shorter": lambda folder: write_streams(folder / "clip.mkv", films=[N_FRAMES], sound_s=1.0),
}


@pytest.mark.parametrize("kind", KINDS)
def test_times_and_length_are_those_of_the_frames(tmp_path: Path, kind: str) -> None:
    assert not check_numbered(KINDS[kind](tmp_path))


def test_a_rate_of_a_raw_stream_is_read_from_it(tmp_path: Path) -> None:
    """FFmpeg assumes 25 frames per second before it looks."""
    path = write_numbered(tmp_path / "clip.h264", rate=50, time_base=Fraction(1, 50))
    assert probe_video(path).duration_s == pytest.approx(1.0)
    assert read_times(path)[0][-1] == pytest.approx(49 / 2)
    # what the stream states is believed more than what somebody says
    assert probe_video(VideoRef(path=path, fps=10.0)).duration_s == pytest.approx(1.0)


def test_a_rate_that_nobody_states_is_asked_for(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "clip.mjpeg", codec="mjpeg", pixels="yuvj420p", time_base=Fraction(1, FPS))
    with pytest.raises(CorruptDataError, match=r"clip.mjpeg: no time stamps, and no rate is stated; give its frames"):
        probe_video(path)
    assert not check_numbered(path, fps=25.0)


def test_a_rate_that_varies_is_kept(tmp_path: Path) -> None:
    times_s = np.concatenate([np.arange(0, 1, 1 / 30), np.arange(1, 3, 1 / 8), np.arange(3, 4, 1 / 30)])
    for suffix in ("mp4", "mkv"):
        path = write_film(tmp_path / f"vfr.{suffix}", (draw(n) for n in range(len(times_s))), list(times_s), rate=30)
        times, _, notes = read_times(path)
        np.testing.assert_allclose(times / FPS, times_s, atol=1.1e-3)
        assert not notes


def test_a_pause_stays_a_pause(tmp_path: Path) -> None:
    times_s = [n / FPS for n in (*range(20), *range(120, 140))]
    times, _, notes = read_times(write_numbered(tmp_path / "clip.mp4", times_s=times_s))
    np.testing.assert_allclose(times, np.array(times_s) * FPS, atol=0.01)
    assert not notes


@pytest.mark.parametrize("suffix", ["ts", "mkv"])
def test_stamps_that_start_anew_are_joined_with_a_note(tmp_path: Path, suffix: str) -> None:
    """As in recordings put together with `cat`, or by cameras that restart."""
    base = Fraction(1, 90000 if suffix == "ts" else 1000)
    part = write_numbered(tmp_path / f"part.{suffix}", options=B_FRAMES, time_base=base)
    path = join(tmp_path / f"both.{suffix}", part, part)
    times, numbers, notes = read_times(path)
    np.testing.assert_allclose(times, np.arange(2 * N_FRAMES), atol=0.3)
    np.testing.assert_allclose(numbers, [*range(N_FRAMES)] * 2, atol=1)
    assert len(notes) == 1
    assert "clock steps" in notes[0]
    assert probe_video(path).duration_s == pytest.approx(2 * N_FRAMES / FPS, abs=0.02)


STAMPS_MS = [40 * n for n in range(N_FRAMES)]
WRONG_MS = {
    "two overtook their neighbours": [
        STAMPS_MS[n] for n in (*range(10), 11, 10, *range(12, 30), 31, 30, *range(32, N_FRAMES))
    ],
    "one is a day late": [*STAMPS_MS[:20], 86_400_000, *STAMPS_MS[21:]],
    "one is 0": [*STAMPS_MS[:20], 0, *STAMPS_MS[21:]],
    "the clock was set back": [stamp + 10_000 * (n < 25) for n, stamp in enumerate(STAMPS_MS)],
    "the clock restarts": [STAMPS_MS[n % 13] for n in range(N_FRAMES)],
}


BASELINE = {"codec": "libx264", "pixels": "yuv420p", "options": {"profile": "baseline"}}


@pytest.mark.parametrize("about", [{}, BASELINE], ids=["Motion JPEG", "H.264"])
@pytest.mark.parametrize("stamps_ms", WRONG_MS.values(), ids=WRONG_MS.keys())
def test_a_few_wrong_stamps_cost_no_frame(tmp_path: Path, stamps_ms: list[int], about: dict[str, Any]) -> None:
    times, numbers, notes = read_times(write_stamped(tmp_path / "clip.mkv", stamps_ms, **about))
    np.testing.assert_allclose(times, np.arange(N_FRAMES), atol=0.5)
    np.testing.assert_allclose(numbers, range(N_FRAMES), atol=1)
    assert len(notes) == 1


@pytest.mark.parametrize(("scale", "rate"), [(1, 90_000), (1_000_000, 1)])
def test_a_rate_that_no_camera_has_is_asked_for(tmp_path: Path, scale: int, rate: int) -> None:
    path = write_numbered(tmp_path / "clip.avi", codec="mjpeg", pixels="yuvj420p", time_base=Fraction(1, FPS))
    content = bytearray(path.read_bytes())
    at = content.index(b"strh") + 8 + 20
    content[at : at + 8] = struct.pack("<II", scale, rate)
    path.write_bytes(content)
    with pytest.raises(CorruptDataError, match=r"time stamps of .* frames per second; give its frames per second"):
        probe_video(path)
    frames = read_frames(VideoRef(path=path, fps=float(FPS)))
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(N_FRAMES) / FPS, atol=1e-9)
    assert "frames follow each other at the stated 25" in frames.notes[0]


def test_a_time_lapse_keeps_its_minutes(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "clip.mp4", times_s=[60.0 * n for n in range(10)], time_base=Fraction(1, 1000))
    frames = read_frames(path)
    np.testing.assert_allclose([frame.time_s for frame in frames], 60.0 * np.arange(10), atol=1e-2)
    assert frames.notes == []


def test_a_clock_that_jumps_by_hours_is_no_pause(tmp_path: Path) -> None:
    times_s = [n / FPS for n in range(25)] + [7 * 3600 + n / FPS for n in range(25)]
    path = write_numbered(tmp_path / "clip.mkv", times_s=times_s, time_base=Fraction(1, 1000))
    times, _, notes = read_times(path)
    np.testing.assert_allclose(times, np.arange(50), atol=0.1)
    assert len(notes) == 1


@pytest.mark.parametrize(
    ("films", "still", "expected"), [([20, 50], False, 50), ([50, 20], False, 50), ([50], True, 50)]
)
def test_the_stream_with_most_frames_is_read_with_a_note(
    tmp_path: Path, films: list[int], still: bool, expected: int
) -> None:
    path = write_streams(tmp_path / "clip.mkv", films=films, still=still)
    times, _, notes = read_times(path)
    assert len(times) == expected == probe_video(path).n_frames
    assert len(notes) == 1
    assert notes[0].startswith("2 video streams: stream ")
    assert probe_video(path).notes == tuple(notes)


def test_of_two_films_of_equal_length_the_larger_is_read(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "clip.mkv"), "w") as box:
        streams = [add_stream(box, "libx264", width=width, height=64) for width in (48, 96)]
        for number in range(10):
            for stream in streams:
                frame = av.VideoFrame.from_ndarray(draw(number, width=stream.width), format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, FPS)
                box.mux(stream.encode(frame))
        for stream in streams:
            box.mux(stream.encode(None))
    assert next(read_frames(tmp_path / "clip.mkv")).width == 96


def test_a_cover_is_no_film(tmp_path: Path) -> None:
    """MP4 and M4A carry a picture of the cover as a video stream."""
    source = write_numbered(tmp_path / "film.mp4")
    path = tmp_path / "cover.mp4"
    with av.open(str(source)) as read, av.open(str(path), "w") as box:
        cover = add_stream(box, "mjpeg", rate=1, pixels="yuvj420p")
        try:
            cover.disposition = 0x400
        except AttributeError:
            pytest.skip("this PyAV writes no dispositions")
        film = box.add_stream_from_template(read.streams.video[0])
        frame = av.VideoFrame.from_ndarray(draw(), format="rgb24").reformat(format="yuvj420p")
        frame.pts = 0
        box.mux(cover.encode(frame))
        box.mux(cover.encode(None))
        for packet in read.demux(video=0):
            if packet.dts is not None:
                packet.stream = film
                box.mux(packet)
    assert not check_numbered(path)
    alone = tmp_path / "alone.mp4"
    with av.open(str(alone), "w") as box:
        sound, cover = box.add_stream("aac", rate=16000, layout="mono"), add_stream(box, "mjpeg", pixels="yuvj420p")
        cover.disposition = 0x400
        box.mux(cover.encode(frame))
        box.mux(cover.encode(None))
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        silence.sample_rate = 16000
        box.mux(sound.encode(silence))
        box.mux(sound.encode(None))
    with pytest.raises(CorruptDataError, match=r"alone.mp4: a still picture but no video"):
        probe_video(alone)


def test_a_stream_without_frames_is_not_chosen(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as box:
        add_stream(box, "libx264")
        film = add_stream(box, "libx264")
        for number in range(N_FRAMES):
            frame = av.VideoFrame.from_ndarray(draw(number), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            box.mux(film.encode(frame))
        box.mux(film.encode(None))
    assert not check_numbered(path)


def test_key_frames_alone_keep_their_times(tmp_path: Path) -> None:
    whole, path = write_numbered(tmp_path / "whole.mkv", options={"g": "10"}), tmp_path / "keys.mkv"
    with av.open(str(whole)) as read, av.open(str(path), "w") as box:
        film = box.add_stream_from_template(read.streams.video[0])
        for packet in read.demux(video=0):
            if packet.dts is not None and packet.is_keyframe:
                packet.stream = film
                box.mux(packet)
    times, _, _ = read_times(path)
    np.testing.assert_allclose(times, np.arange(0, N_FRAMES, 10), atol=0.05)
    assert probe_video(path).duration_s == pytest.approx(N_FRAMES / FPS, abs=0.01)


def test_a_film_is_looked_through_once_until_it_changes(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "clip.mkv")
    assert probe_video(path).n_frames == N_FRAMES
    write_numbered(path, 20)
    assert probe_video(path).n_frames == 20
    assert remux(path, tmp_path / "clip.mov").is_file()
    assert probe_video(tmp_path / "clip.mov").n_frames == 20
