"""A video beside an XDF file with the ECG and the stamps of the frames: one window of both, on one clock."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ecg_files import make_ecg, make_xdf_stream, write_xdf
from video_files import read_number, write_numbered

from ecg_facial.errors import DataError
from ecg_facial.face.video import read_frames
from ecg_facial.inference.bundle import load_bundle
from ecg_facial.inference.pairing import find_places
from ecg_facial.inference.predictor import open_predictor, predict_files
from ecg_facial.recording import VideoRef

# the ECG begins at 1000 s of the recorder's clock, the video 1.3 s later, at 20 instead of the 25 fps of its file
ECG_S, LATE_S, STEP_S = 1000.0, 1.3, 0.05


def write_pair(folder: Path, *, name: str = "camera frames", late_s: float = LATE_S) -> tuple[VideoRef, Path]:
    numbers = np.arange(1.0, 51)
    frames_s = ECG_S + late_s + STEP_S * (numbers - 1)
    ecg_s = ECG_S + np.arange(2000) / 250
    xdf = write_xdf(
        folder / "recording.xdf",
        make_xdf_stream(1, make_ecg(2000, fs_hz=250.0)[:, None], ecg_s, labels=[("ECG", "mV")], nominal_hz=250.0),
        make_xdf_stream(2, numbers[:, None], frames_s, name=name, kind="x", nominal_hz=0, labels=[("number", "")]),
    )
    return VideoRef(path=write_numbered(folder / "film.mp4", 50)), xdf


@pytest.mark.parametrize("late_s", [LATE_S, -0.4])
def test_frames_of_a_window_are_those_of_its_seconds_on_the_clock_of_the_ecg(tmp_path: Path, late_s: float) -> None:
    video, xdf = write_pair(tmp_path, late_s=late_s)
    places = find_places(video, xdf, column="ecg")
    assert places is not None
    side = "after" if late_s > 0 else "before"
    assert places.note == f"by the stamps of its frames in recording.xdf it begins {abs(late_s):.3f} s {side} the ECG"
    start_s, length_s = places.find_span(1.5, 2.0)
    frames = list(places.place(read_frames(video, start_s=start_s, duration_s=length_s)))
    expected = late_s + STEP_S * np.arange(50)
    inside = (expected > 1.5 - 1e-6) & (expected < 2.0 - 1e-6)
    np.testing.assert_allclose([frame.time_s for frame in frames], expected[inside], atol=1e-3)
    first = int(np.argmax(inside))
    assert abs(read_number(frames[0].small_rgb(96)[0]) - first) <= 1
    assert places.find_span(99.0, 100.0) == (0.0, 0.0)


def test_other_pairs_begin_together(tmp_path: Path) -> None:
    video, xdf = write_pair(tmp_path, name="markers")
    assert find_places(video, xdf, column="ecg") is None
    video, xdf = write_pair(tmp_path)
    given = VideoRef(path=video.path, frame_times=tmp_path / "times.txt")
    assert find_places(given, xdf, column="ecg") is None
    assert find_places(video, xdf.rename(tmp_path / "x.csv"), column="ecg") is None


def test_a_prediction_says_how_the_two_were_placed(tmp_path: Path, small_bundle: Path) -> None:
    video, xdf = write_pair(tmp_path)
    predictor = open_predictor(load_bundle(small_bundle), threads=1)
    notes = predict_files(predictor, video=video.path, ecg=xdf).notes
    assert "video: by the stamps of its frames in recording.xdf it begins 1.300 s after the ECG" in notes
    # behind its end there is no frame, and the heart is judged alone
    late = predict_files(predictor, video=video.path, ecg=xdf, start_s=4.5)
    assert late.facial is None
    # the samples one after the other have no clock
    notes = predict_files(predictor, video=video.path, ecg=xdf, fs_hz=250.0).notes
    assert not any("stamps of its frames" in note for note in notes)


def test_frames_that_cannot_be_placed_are_refused(tmp_path: Path) -> None:
    video, xdf = write_pair(tmp_path)
    short = VideoRef(path=write_numbered(tmp_path / "short.mp4", 20))
    with pytest.raises(DataError, match="50 stamps without usable numbers for 20 frames"):
        find_places(short, xdf, column="ecg")
    assert find_places(video, xdf, column="ecg") is not None
