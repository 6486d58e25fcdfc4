"""What is damaged costs its frames and no more, and is said."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from video_files import FPS, damage, draw, packet_places, read_number, write_film, write_numbered

from ecg_facial.errors import CorruptDataError
from ecg_facial.face import decoding
from ecg_facial.face.video import probe_video, read_frames
from ecg_facial.recording import VideoRef

N_FRAMES, GROUP = 50, 10


def read_numbers(path: Path, **part: float) -> tuple[list[float], list[int], list[str]]:
    frames = read_frames(path, **part)
    found = [(frame.time_s * FPS, read_number(frame.small_rgb(1000)[0])) for frame in frames]
    return [time for time, _ in found], [number for _, number in found], frames.notes


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi"])
@pytest.mark.parametrize("options", [{"g": "10"}, {"g": "10", "bf": "3", "preset": "medium"}])
def test_a_damaged_packet_costs_its_frames_and_no_more(tmp_path: Path, suffix: str, options: dict[str, str]) -> None:
    path = write_numbered(tmp_path / f"clip.{suffix}", options=options, time_base=Fraction(1, FPS))
    # where MKV says what the packet is, a few bytes; damage there costs all up to the next mark of the container
    header = 10 if suffix == "mkv" else 0
    damage(path, packet_places(path)[2 * GROUP + 4] + header)
    times, numbers, notes = read_numbers(path)
    assert N_FRAMES - GROUP <= len(times) < N_FRAMES
    # those outside of the damaged group have their own times
    good = [(time, number) for time, number in zip(times, numbers, strict=True) if not 20 <= round(time) < 30]
    np.testing.assert_allclose([time for time, _ in good], [*range(20), *range(30, 50)], atol=0.1)
    np.testing.assert_allclose([number for _, number in good], [*range(20), *range(30, 50)], atol=1)
    assert np.all(np.diff(times) > 0)
    lost = N_FRAMES - len(times)
    assert notes == [f"{lost} of {N_FRAMES} frames cannot be decoded: the file is damaged"]
    # the length is that of the recording
    assert probe_video(path).duration_s == pytest.approx(N_FRAMES / FPS, abs=0.01)


def test_only_what_was_asked_for_counts_as_lost(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "clip.mp4", options={"g": "10"})
    damage(path, packet_places(path)[24])
    assert read_numbers(path, start_s=0.0, duration_s=0.8)[2] == []
    assert read_numbers(path, start_s=0.8, duration_s=0.4)[2] == [
        "1 of 10 frames cannot be decoded: the file is damaged"
    ]
    frames = read_frames(path)
    for _ in range(10):
        next(frames)
    frames.close()
    assert frames.notes == []


def test_a_file_without_a_frame_that_can_be_decoded_is_corrupt(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "clip.mp4", 3)
    for place in packet_places(path):
        damage(path, place, b"\xff" * 30)
    with pytest.raises(CorruptDataError, match=r"clip.mp4: no frame can be decoded; copy it again"):
        list(read_frames(path))


def test_noise_within_a_transport_stream_is_read_round(tmp_path: Path) -> None:
    """Packets that are not there at all: the stamps of the others tell when."""
    path = write_numbered(tmp_path / "clip.ts", options={"g": "5"}, time_base=Fraction(1, 90000))
    content = path.read_bytes()
    # whole packets of the transport stream, about a tenth of the file
    first = len(content) // 188 // 2 * 188
    path.write_bytes(content[:first] + content[first + len(content) // 10 // 188 * 188 :])
    times, numbers, _ = read_numbers(path)
    assert 0.7 * N_FRAMES <= len(times) < N_FRAMES
    assert np.mean(np.abs(np.array(times) - numbers) <= 1) > 0.9


def test_a_late_stretch_of_every_container_is_the_same_as_in_the_whole(tmp_path: Path) -> None:
    for suffix in ("mp4", "mkv", "ts", "avi"):
        base = Fraction(1, {"ts": 90000, "avi": FPS}.get(suffix, 1000))
        path = write_numbered(
            tmp_path / f"clip.{suffix}", 400, time_base=base, options={"g": "50", "bf": "2", "preset": "fast"}
        )
        times, numbers, notes = read_numbers(path, start_s=12.0, duration_s=1.0)
        np.testing.assert_allclose(times, np.arange(300, 325), atol=0.1)
        np.testing.assert_allclose(numbers, np.arange(300, 325) % 100, atol=1)
        assert not notes


def test_a_container_that_seeks_too_far_is_read_from_its_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_numbered(tmp_path / "clip.mp4", 300, options={"g": "50"})
    opened: list[int | None] = []
    whole = decoding._Decoder._decode_from

    def too_far(self: decoding._Decoder, key: int | None) -> Iterator[tuple[av.VideoFrame, float]]:
        opened.append(key)
        return whole(self, key if key is None else int(self._film.keys[-1]))

    monkeypatch.setattr(decoding._Decoder, "_decode_from", too_far)
    frames = list(read_frames(VideoRef(path=path, start_s=10.08, duration_s=0.4)))
    assert [round(frame.time_s * FPS) for frame in frames] == list(range(10))
    monkeypatch.setattr(decoding._Decoder, "_find_key", lambda self, begin_s: int(self._film.keys[-1]))
    frames = list(read_frames(VideoRef(path=path, start_s=4.0, duration_s=0.4)))
    assert [round(frame.time_s * FPS) for frame in frames] == list(range(10))
    assert opened[-1] is None


def test_interlaced_pictures_are_read_as_they_are_with_a_note(tmp_path: Path) -> None:
    path = write_film(
        tmp_path / "clip.mp4",
        (draw(number) for number in range(5)),
        [number / FPS for number in range(5)],
        options={"x264-params": "interlaced=1"},
    )
    frames = read_frames(path)
    assert len(list(frames)) == 5
    assert frames.notes == ["interlaced: pictures are read as they are, both half pictures at once"]
