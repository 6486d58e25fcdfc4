"""A video beside an XDF file with the ECG and the stamps of the frames."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from ecg_files import make_ecg, make_xdf_stream, write_xdf
from video_files import read_number, write_numbered

from ecg_facial.ecg.reading import read_ecg
from ecg_facial.errors import SettingsError
from ecg_facial.live.sources.contract import EcgBlock, VideoBlock
from ecg_facial.live.sources.paired import open_pair, read_paired_times
from ecg_facial.live.sources.replay import Pace, read_in_turn

# the ECG begins at 1000 s of the recorder's clock, the video 1.3 s later, at 20 instead of the 25 fps of its file
ECG_S, VIDEO_S, STEP_S = 1000.0, 1001.3, 0.05


def write_pair(folder: Path, numbers: np.ndarray, *, name: str = "camera frames") -> tuple[Path, Path]:
    ecg = make_ecg(2000, fs_hz=250.0)
    frames_s = VIDEO_S + STEP_S * (numbers - 1)
    streams = (
        make_xdf_stream(1, ecg[:, None], ECG_S + np.arange(2000) / 250, labels=[("ECG", "mV")], nominal_hz=250.0),
        make_xdf_stream(2, numbers[:, None], frames_s, name=name, kind="stamps", nominal_hz=0, labels=[("number", "")]),
    )
    return write_numbered(folder / "film.mp4", 50), write_xdf(folder / "recording.xdf", *streams)


@pytest.mark.parametrize("lost", [[], [7, 8, 30], [1, 2], [50]], ids=["none", "inside", "first", "last"])
def test_frames_stand_at_the_time_of_their_stamps_on_the_clock_of_the_ecg(tmp_path: Path, lost: list[int]) -> None:
    numbers = np.array([number for number in range(1, 51) if number not in lost], dtype=np.float64)
    video, xdf = write_pair(tmp_path, numbers)
    pair = open_pair(video, xdf, pace=Pace(speed=math.inf, now=lambda: 0.0, sleep=lambda seconds: None))
    assert [source.open().rate_hz for source in pair] == [pytest.approx(20.0), 250.0]
    blocks = list(read_in_turn(*pair))
    frames = [block.frame for block in blocks if isinstance(block, VideoBlock)]
    assert len(frames) == 50
    expected = (VIDEO_S - ECG_S) + STEP_S * np.arange(50)
    np.testing.assert_allclose([frame.time_s for frame in frames], expected, atol=1e-4)
    assert all(abs(read_number(frame.small_rgb(96)[0]) - number) <= 1 for number, frame in enumerate(frames))
    samples = np.concatenate([block.samples for block in blocks if isinstance(block, EcgBlock)])
    assert np.array_equal(samples, read_ecg(xdf).samples)


def test_the_stream_of_frames_is_found_by_name(tmp_path: Path) -> None:
    _, xdf = write_pair(tmp_path, np.arange(1.0, 51), name="markers")
    assert read_paired_times(xdf, 50, stream="Markers")[0] == pytest.approx(1.3, abs=1e-4)
    with pytest.raises(SettingsError, match=r"no stream 'of frames' among amplifier, markers"):
        read_paired_times(xdf, 50)
