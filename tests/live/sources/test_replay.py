"""Replayed recordings: the same frames and samples as from the file, when they are due."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from tiny_files import write_ecg, write_images
from video_files import write_numbered

from ecg_facial.ecg.stretches import read_ecg_stretch
from ecg_facial.errors import SettingsError, SourceEndedError
from ecg_facial.face.video import read_frames
from ecg_facial.live.clock import SessionClock
from ecg_facial.live.rings.ecg import EcgRing
from ecg_facial.live.sources.contract import RECORDING, EcgBlock, VideoBlock
from ecg_facial.live.sources.replay import EcgReplay, Pace, VideoReplay, read_in_turn
from ecg_facial.recording import EcgRef, VideoRef


class Clock:
    """A clock that goes on when somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def now(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    def pace(self, speed: float) -> Pace:
        return Pace(speed=speed, now=self.now, sleep=self.sleep)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    write_ecg(tmp_path / "ecg.csv", duration_s=6.0)
    return write_numbered(tmp_path / "film.mp4", 50), tmp_path / "ecg.csv"


def test_video_and_ecg_are_given_in_turn_as_the_files_hold_them(files: tuple[Path, Path]) -> None:
    video, ecg = files
    pace = Clock().pace(math.inf)
    sources = (VideoReplay(video, pace=pace, simulated=True), EcgReplay(ecg, pace=pace))
    infos = [source.open() for source in sources]
    assert [(info.kind, info.clock, info.simulated) for info in infos] == [
        ("video", RECORDING, True), ("ecg", RECORDING, False),
    ]  # fmt: skip
    blocks = list(read_in_turn(*sources))
    frames = [block.frame for block in blocks if isinstance(block, VideoBlock)]
    expected = list(read_frames(video))
    assert [frame.time_s for frame in frames] == [frame.time_s for frame in expected]
    assert all(np.array_equal(a.small_rgb(96)[0], b.small_rgb(96)[0]) for a, b in zip(frames, expected, strict=True))
    parts = [block for block in blocks if isinstance(block, EcgBlock)]
    signal = read_ecg_stretch(EcgRef(path=ecg))
    assert np.array_equal(np.concatenate([part.samples for part in parts]), signal.samples)
    due_s = [one.frame.time_s if isinstance(one, VideoBlock) else one.stamps_s[-1] for one in blocks]
    assert due_s == sorted(due_s)


@pytest.mark.parametrize("start_s", [0.0, 1.5])
def test_the_ring_gives_what_the_reader_of_files_gives(files: tuple[Path, Path], start_s: float) -> None:
    ref = EcgRef(path=files[1], start_s=start_s, duration_s=4.0)
    source = EcgReplay(ref, pace=Clock().pace(math.inf), block_s=0.033)
    ring = EcgRing(SessionClock([source.open()])["ecg"])
    for block in read_in_turn(source):
        assert isinstance(block, EcgBlock)
        ring.push(block)
    found, expected = ring.signal(0.0, 4.0), read_ecg_stretch(ref)
    assert found is not None
    assert (found.start_s, found.fs_hz, found.unit) == (0.0, expected.fs_hz, expected.unit)
    assert np.array_equal(found.samples, expected.samples, equal_nan=True)


@pytest.mark.parametrize("speed", [1.0, 4.0])
def test_blocks_come_when_they_are_due(files: tuple[Path, Path], speed: float) -> None:
    clock = Clock()
    source = VideoReplay(files[0], pace=clock.pace(speed))
    source.open()
    arrived_s = []
    while len(arrived_s) < 50:
        block = source.read(0.01)
        if block is not None:
            arrived_s.append(block.arrived_s)
    np.testing.assert_allclose(arrived_s, 100.0 + np.arange(50) / 25 / speed, atol=1e-6)
    with pytest.raises(SourceEndedError, match="at its end"):
        source.read(0.0)


def test_as_fast_as_possible_no_signal_runs_away_from_the_other(files: tuple[Path, Path]) -> None:
    pace = Clock().pace(math.inf)
    video, ecg = VideoReplay(files[0], pace=pace), EcgReplay(files[1], pace=pace)
    video.open(), ecg.open()
    blocks = [ecg.read(0.0) for _ in range(100)]
    assert blocks == [None] * 100
    assert video.read(0.0) is not None
    last_s = 0.0
    while isinstance(block := ecg.read(0.0), EcgBlock):
        last_s = float(block.stamps_s[-1])
    assert last_s == pytest.approx(1.0, abs=0.05)
    # who stops holds nobody up
    video.close()
    assert ecg.read(0.0) is not None


def test_a_recording_can_be_replayed_again(files: tuple[Path, Path]) -> None:
    source = EcgReplay(files[1], pace=Clock().pace(math.inf))
    source.open()
    n_blocks = len(list(read_in_turn(source)))
    source.open()
    assert len(list(read_in_turn(source))) == n_blocks > 0


def test_a_folder_of_images_is_replayed_at_its_rate(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "frames", n_frames=10)
    source = VideoReplay(VideoRef(path=folder, fps=5.0), pace=Clock().pace(math.inf))
    assert source.open().rate_hz == 5.0
    times_s = [block.frame.time_s for block in read_in_turn(source) if isinstance(block, VideoBlock)]
    assert times_s == [number / 5 for number in range(10)]


def test_what_can_never_be_replayed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no\.mp4"):
        VideoReplay(tmp_path / "no.mp4").open()
    with pytest.raises(SettingsError, match="expected a positive number"):
        Pace(speed=0.0)
