"""A camera through OpenCV; a film stands for the device."""

from __future__ import annotations

import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest
from video_files import read_number, write_numbered

from ecg_facial.errors import SourceLostError
from ecg_facial.live.sources.camera import CameraSource
from ecg_facial.live.sources.contract import MACHINE, VideoBlock


def test_frames_are_stamped_when_they_are_grabbed(tmp_path: Path) -> None:
    ticks = count(10)
    camera = CameraSource(str(write_numbered(tmp_path / "film.mp4", 20)), now=lambda: float(next(ticks)))
    info = camera.open()
    assert (info.kind, info.clock, info.rate_hz) == ("video", MACHINE, 25.0)
    blocks = [camera.read(0.1) for _ in range(20)]
    assert all(isinstance(block, VideoBlock) for block in blocks)
    frames = [block.frame for block in blocks if block is not None]
    # one tick at the grab, one after decoding
    assert [(block.frame.time_s, block.arrived_s) for block in blocks if block is not None] == [
        (10.0 + 2 * number, 11.0 + 2 * number) for number in range(20)
    ]
    # in the right order, and red is red
    assert all(abs(read_number(one.small_rgb(96)[0]) - number) <= 1 for number, one in enumerate(frames))
    red, _, blue = frames[0].small_rgb(96)[0][-8, -8]
    assert red > blue
    with pytest.raises(SourceLostError, match="gives no frames; check its cable"):
        camera.read(0.1)
    # it can be opened again
    camera.open()
    assert camera.read(0.1) is not None
    camera.close()
    camera.close()


def test_a_camera_that_is_not_there_is_lost_for_now(tmp_path: Path) -> None:
    with pytest.raises(SourceLostError, match="check that it is plugged in"):
        CameraSource(str(tmp_path / "none.mp4")).open()
    with pytest.raises(SourceLostError, match="gives no frames"):
        CameraSource(3).read(0.1)


def test_a_camera_that_is_away_writes_nothing_across_the_screen() -> None:
    # in a process of its own: OpenCV reads FFmpeg's level once, and writes past Python's stderr
    program = """
from ecg_facial.errors import SourceLostError
from ecg_facial.live.sources.camera import CameraSource
for device in (77, "/dev/video77", "rtsp://127.0.0.1:1/x"):
    try:
        CameraSource(device).open()
    except SourceLostError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["77", "/dev/video77", "rtsp://127.0.0.1:1/x"]
