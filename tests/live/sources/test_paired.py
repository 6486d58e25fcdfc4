"""A video beside an XDF file with the ECG and the stamps of the frames."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np
import pytest
from ecg_files import make_ecg, make_xdf_stream, write_xdf
from video_files import read_number, write_numbered

from ecg_facial.ecg.formats.xdf_frames import read_paired_times
from ecg_facial.ecg.reading import read_ecg
from ecg_facial.errors import DataError, SettingsError
from ecg_facial.live.sources.contract import EcgBlock, VideoBlock
from ecg_facial.live.sources.paired import find_pair, open_pair
from ecg_facial.live.sources.replay import Pace, read_in_turn
from ecg_facial.recording import EcgRef, VideoRef

# the ECG begins at 1000 s of the recorder's clock, the video 1.3 s later, at 20 instead of the 25 fps of its file
ECG_S, VIDEO_S, STEP_S = 1000.0, 1001.3, 0.05


def write_pair(
    folder: Path, numbers: np.ndarray, *, name: str = "camera frames", video_s: float = VIDEO_S
) -> tuple[Path, Path]:
    ecg = make_ecg(2000, fs_hz=250.0)
    frames_s = video_s + STEP_S * (numbers - 1)
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


def make_ecg_stream() -> bytes:
    stamps_s = ECG_S + np.arange(500) / 250
    return make_xdf_stream(1, make_ecg(500)[:, None], stamps_s, labels=[("ECG", "mV")], nominal_hz=250.0)


def test_a_pair_is_known_by_the_stream_of_frames_in_it(tmp_path: Path) -> None:
    video, xdf = write_pair(tmp_path, np.arange(1.0, 51))
    pace = Pace(speed=math.inf)
    pair = find_pair(VideoRef(path=video), EcgRef(path=xdf), pace=pace)
    assert pair is not None
    assert [source.pace for source in pair] == [pace, pace]
    assert "by the stamps of its frames" in pair[0].open().name
    # a stretch, other times, another format, no such stream, no file
    others = [
        (VideoRef(path=video, start_s=1.0), EcgRef(path=xdf)),
        (VideoRef(path=video, frame_times=tmp_path / "times.txt"), EcgRef(path=xdf)),
        (VideoRef(path=video), EcgRef(path=xdf.rename(tmp_path / "copy.csv"))),
        (VideoRef(path=video), EcgRef(path=write_pair(tmp_path, np.arange(1.0, 51), name="markers")[1])),
        (VideoRef(path=video), EcgRef(path=tmp_path / "none.xdf")),
    ]
    assert [find_pair(film, ecg, pace=pace) for film, ecg in others] == [None] * 5


def test_stamps_without_numbers_must_be_as_many_as_the_frames(tmp_path: Path) -> None:
    _, xdf = write_pair(tmp_path, np.arange(1.0, 51))
    values = np.zeros((49, 1))
    ecg = make_ecg_stream()
    stamps = make_xdf_stream(2, values, VIDEO_S + STEP_S * np.arange(49), name="video", kind="x", nominal_hz=0)
    write_xdf(xdf, ecg, stamps)
    assert read_paired_times(xdf, 49)[-1] == pytest.approx(1.3 + 48 * STEP_S, abs=1e-4)
    with pytest.raises(DataError, match="49 stamps without usable numbers for 50 frames"):
        read_paired_times(xdf, 50)


def test_the_clock_of_the_camera_is_put_on_that_of_the_ecg_by_measured_offsets(tmp_path: Path) -> None:
    # as when camera and amplifier hang on two computers
    ecg = make_ecg_stream()
    own_s = VIDEO_S + STEP_S * np.arange(50) - 5000.0
    frames = make_xdf_stream(2, np.arange(1.0, 51)[:, None], own_s, name="frames", kind="x", nominal_hz=0)
    offset = b"\x01\x16" + struct.pack("<HIdd", 4, 2, own_s[0], 5000.0)
    xdf = write_xdf(tmp_path / "two.xdf", ecg, frames, offset)
    np.testing.assert_allclose(read_paired_times(xdf, 50), 1.3 + STEP_S * np.arange(50), atol=1e-4)


def test_frames_before_the_first_sample_are_watched_too(tmp_path: Path) -> None:
    video, xdf = write_pair(tmp_path, np.arange(1.0, 51), video_s=ECG_S - 1.3)
    pair = open_pair(video, xdf, pace=Pace(speed=math.inf, now=lambda: 0.0, sleep=lambda seconds: None))
    for source in pair:
        source.open()
    blocks = list(read_in_turn(*pair))
    due_s = [one.frame.time_s if isinstance(one, VideoBlock) else one.stamps_s[-1] for one in blocks]
    assert due_s == sorted(due_s)
    assert due_s[0] == pytest.approx(-1.3, abs=1e-4)
    assert sum(isinstance(one, VideoBlock) for one in blocks) == 50


def test_pyxdf_reads_the_same_streams(tmp_path: Path) -> None:
    pyxdf = pytest.importorskip("pyxdf")
    _, xdf = write_pair(tmp_path, np.arange(1.0, 51))
    streams, _ = pyxdf.load_xdf(str(xdf), dejitter_timestamps=False)
    starts = {one["info"]["name"][0]: one["time_stamps"] for one in streams}
    theirs_s = starts["camera frames"] - starts["amplifier"][0]
    np.testing.assert_allclose(read_paired_times(xdf, 50), theirs_s, atol=1e-4)
