"""A real face and a real ECG, replayed: the monitor gives what `predict_files` gives for the same files."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from bedside import START_UTC_S, make_predictor

from ecg_facial.ecg.reading import read_ecg
from ecg_facial.face.detectors.loading import load_detector
from ecg_facial.inference.predictor import predict_files
from ecg_facial.live.alarms.settings import AlarmSettings
from ecg_facial.live.engine import PatientEngine
from ecg_facial.live.settings import MonitorSettings
from ecg_facial.live.sources.contract import VideoBlock
from ecg_facial.live.sources.replay import EcgReplay, Pace, VideoReplay, read_in_turn
from ecg_facial.live.store.rows import EstimateRow
from ecg_facial.recording import VideoRef

LENGTH_S = 8.0
# every whole second whose window ends within the recording
STARTS_S = [0.0, 1.0, 2.0]


@pytest.fixture
def ecg(shared_data: Path, tmp_path: Path) -> Path:
    """Some seconds of a recording of half an hour, whose rate is no multiple of the video's."""
    whole = read_ecg(shared_data / "ecg" / "mitdb" / "101.hea", column="MLII")
    first = round(300.0 * whole.fs_hz)
    samples = whole.samples[first : first + round(LENGTH_S * whole.fs_hz)]
    np.savez(tmp_path / "ecg.npz", ecg=samples, fs_hz=np.float64(whole.fs_hz), unit=np.array("mV"))
    return tmp_path / "ecg.npz"


def test_a_replayed_recording_is_estimated_as_its_files_are_predicted(shared_data: Path, ecg: Path) -> None:
    film = shared_data / "face_video" / "WolfgangLanger_Pexels.mp4"
    predictor = make_predictor()
    pace = Pace(speed=math.inf, now=lambda: 0.0, sleep=lambda seconds: None)
    sources = VideoReplay(VideoRef(path=film, duration_s=LENGTH_S), pace=pace), EcgReplay(ecg, pace=pace)
    infos = [source.open() for source in sources]
    engine = PatientEngine(
        "P1", predictor, infos, settings=MonitorSettings(rest_s=0), alarms=AlarmSettings(), now=lambda: 0.0,
        detector=load_detector(predictor.info.windows.detector),
    )  # fmt: skip
    rows = []
    now_s = 0.0
    for block in read_in_turn(*sources):
        engine.push(block)
        now_s = block.frame.time_s if isinstance(block, VideoBlock) else float(block.stamps_s[-1])
        rows += engine.tick(now_s, START_UTC_S + now_s)
    rows += engine.end(now_s, START_UTC_S + now_s)
    estimates = {row.time_s - row.window_s: row for row in rows if isinstance(row, EstimateRow)}
    assert sorted(estimates) == STARTS_S
    for start_s, live in estimates.items():
        offline = predict_files(predictor, video=film, ecg=ecg, start_s=start_s)
        assert live.used == "facial+ecg"
        assert live.probabilities == offline.probabilities
        assert live.face_quality == offline.face_quality
        assert live.ecg_quality == offline.ecg_quality
        assert live.heart_rate_bpm == offline.heart_rate_bpm
    # neither signal is the same in all windows
    assert len({row.probabilities for row in estimates.values()}) == len(STARTS_S)
