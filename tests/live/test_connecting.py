"""Names of files and devices become sources, and what cannot be watched together is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecg_facial.errors import SettingsError
from ecg_facial.live.connecting import Wanted, connect
from ecg_facial.live.sources.brainflow import BrainFlowSource
from ecg_facial.live.sources.camera import CameraSource
from ecg_facial.live.sources.lsl import LslSource
from ecg_facial.live.sources.replay import EcgReplay, VideoReplay
from ecg_facial.recording import EcgRef, VideoRef

VIDEO, ECG = VideoRef(path=Path("a.mp4")), EcgRef(path=Path("a.csv"))


@pytest.mark.parametrize(
    ("wanted", "kinds"),
    [
        (Wanted(camera=0, lsl="Amplifier"), [CameraSource, LslSource]),
        (Wanted(camera=1), [CameraSource]),
        (Wanted(lsl=""), [LslSource]),
        (Wanted(camera=0, brainflow=-1), [CameraSource, BrainFlowSource]),
        (Wanted(video=VIDEO, ecg=ECG), [VideoReplay, EcgReplay]),
        (Wanted(ecg=ECG), [EcgReplay]),
    ],
)
def test_each_name_becomes_a_source_that_is_not_opened_yet(wanted: Wanted, kinds: list[type]) -> None:
    connection = connect(wanted, patient="P7", speed=1.0)
    assert connection.patient == "P7"
    assert [type(source) for source in connection.sources] == kinds


def test_video_and_ecg_of_a_recording_are_replayed_at_one_pace() -> None:
    video, ecg = connect(Wanted(video=VIDEO, ecg=ECG), patient="P7", speed=4.0).sources
    assert isinstance(video, VideoReplay)
    assert isinstance(ecg, EcgReplay)
    assert video.pace is ecg.pace
    assert video.pace.speed == 4.0


def test_a_device_has_no_speed() -> None:
    with pytest.raises(SettingsError, match="only recordings are played faster"):
        connect(Wanted(camera=0), patient="P7", speed=2.0)


def test_nothing_two_ecgs_and_a_recording_beside_a_device_are_refused() -> None:
    with pytest.raises(SettingsError, match="nothing to watch"):
        Wanted()
    with pytest.raises(SettingsError, match="one patient has one ECG"):
        Wanted(lsl="A", brainflow=-1)
    with pytest.raises(SettingsError, match=r"--ecg, --camera: a recording and a device"):
        Wanted(ecg=ECG, camera=0)
