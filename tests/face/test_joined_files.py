"""Recordings that were joined byte by byte are read, or what is not read is said."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from video_files import join, write_numbered

from ecg_facial.face.joined_files import find_unread
from ecg_facial.face.video import probe_video, read_frames

N_FRAMES = 10
CONTAINERS: dict[str, tuple[int, dict[str, Any]]] = {
    "mp4": (2, {}),
    "mov": (3, {}),
    "mkv": (3, {}),
    "webm": (3, {"codec": "libvpx", "time_base": Fraction(1, 1000)}),
    "flv": (2, {"time_base": Fraction(1, 1000)}),
    "avi": (2, {"codec": "mjpeg", "pixels": "yuvj420p"}),
    "ts": (3, {"time_base": Fraction(1, 90000)}),
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_recordings_one_behind_the_other_are_read_or_said(tmp_path: Path, container: str) -> None:
    n_parts, about = CONTAINERS[container]
    parts = [write_numbered(tmp_path / f"{number}.{container}", N_FRAMES, **about) for number in range(n_parts)]
    frames = read_frames(join(tmp_path / f"all.{container}", *parts))
    n_read = sum(1 for _ in frames)
    said = [note for note in frames.notes if note.startswith("another recording begins at byte")]
    n_unread = n_parts - n_read // N_FRAMES
    assert n_read % N_FRAMES == 0
    assert bool(said) == bool(n_unread)
    if n_unread:
        # the first of those that are not read
        begins = sum(part.stat().st_size for part in parts[: n_parts - n_unread])
        assert said == [
            f"another recording begins at byte {begins} of the same file and is not read: join them by a program"
        ]
        assert said[0] in probe_video(tmp_path / f"all.{container}").notes


@pytest.mark.parametrize(
    ("container", "mux"),
    [
        *((container, {}) for container in CONTAINERS),
        ("mp4", {"movflags": "faststart"}),
        ("mp4", {"movflags": "frag_keyframe+empty_moov"}),
        ("mov", {"movflags": "frag_keyframe+empty_moov+default_base_moof"}),
    ],
)
def test_a_recording_alone_has_no_such_note(tmp_path: Path, container: str, mux: dict[str, str]) -> None:
    path = write_numbered(tmp_path / f"clip.{container}", N_FRAMES, mux=mux, **CONTAINERS[container][1])
    frames = read_frames(path)
    assert sum(1 for _ in frames) == N_FRAMES
    assert frames.notes == []


def test_what_is_no_container_holds_no_second_recording(tmp_path: Path) -> None:
    for content in (b"", b"ftyp", bytes(100), b"\0\0\0\x08free" * 3, b"\xff" * 50):
        (tmp_path / "x.mp4").write_bytes(content)
        for name in ("mov,mp4,m4a", "matroska,webm", "flv", "avi"):
            assert find_unread(tmp_path / "x.mp4", name, 0) is None
    assert find_unread(tmp_path / "gone.mp4", "flv", 0) is None
