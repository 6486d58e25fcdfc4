"""The demo's patients are recorded once, with their faults, and say that they are simulated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ecg_facial.ecg.reading import read_ecg
from ecg_facial.ecg.rpeaks import detect_r_peaks
from ecg_facial.face.video import read_frames
from ecg_facial.live.demo import recording
from ecg_facial.live.demo.faults import put_in_frames
from ecg_facial.live.demo.files import MARKER, is_recorded, patient_files
from ecg_facial.live.demo.recording import record_patients
from ecg_facial.live.demo.story import Fault, Series, Story
from ecg_facial.recording import VideoRef
from ecg_facial.runtime.typing import UInt8Array
from ecg_facial.simulate.head.drawing import FrameDrawer
from ecg_facial.simulate.head.scene import Scene
from ecg_facial.simulate.settings.cohort_settings import CohortSettings

STORY = Story(
    patient="SIM-9",
    index=3,
    series=(Series(level="PA3", start_s=14, count=2),),
    faults=(Fault(kind="camera", start_s=2, end_s=4), Fault(kind="lead off", start_s=36, end_s=40)),
    duration_s=46,
)


def make_checkered(settings: CohortSettings, index: int) -> FrameDrawer:
    """Draw a picture with contrast instead of a head."""
    rows, columns = np.indices((settings.height, settings.width))
    picture = np.repeat((((rows // 20 + columns // 20) % 2) * 200)[..., None], 3, axis=2).astype(np.uint8)

    def draw(action_units: Mapping[str, float], scene: Scene, frame: int) -> UInt8Array:
        return picture

    return draw


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("patients")
    record_patients(made, [STORY], drawer_factory=make_checkered)
    return made


def test_the_recording_has_the_length_of_the_story_and_half_the_usual_frame_rate(folder: Path) -> None:
    frames = read_frames(VideoRef(path=patient_files(folder, "SIM-9").video))
    times_s = [frame.time_s for frame in frames]
    assert len(times_s) == 46 * 12.5
    assert np.allclose(np.diff(times_s), 0.08)


def test_the_ecg_beats_from_beginning_to_end_but_for_the_electrode_that_is_off(folder: Path) -> None:
    signal = read_ecg(patient_files(folder, "SIM-9").ecg)
    assert signal.fs_hz == 512.0
    assert len(signal.samples) == 46 * 512
    off = np.isnan(signal.samples)
    assert np.flatnonzero(off)[[0, -1]].tolist() == [36 * 512, 40 * 512 - 1]
    assert off.sum() == 4 * 512
    beats_s = detect_r_peaks(signal.samples[: 36 * 512], signal.fs_hz).times_s
    assert beats_s[0] < 1.5
    assert np.diff(beats_s).max() < 1.5


def test_something_dark_hides_the_picture_only_while_the_fault_lasts(folder: Path) -> None:
    frames = read_frames(VideoRef(path=patient_files(folder, "SIM-9").video, duration_s=6.0))
    dark = [frame.time_s for frame in frames if frame.small_rgb(64)[0].mean() < 30]
    assert dark[0] == pytest.approx(2.0)
    assert dark[-1] == pytest.approx(3.92)
    assert len(dark) == 25


def test_a_cloth_hides_the_middle_alone() -> None:
    settings = CohortSettings()
    grey = np.full((settings.height, settings.width, 3), 128, np.uint8)
    faults = (Fault(kind="cloth", start_s=0, end_s=1), Fault(kind="lead off", start_s=0, end_s=9))
    (covered,) = put_in_frames([grey], faults, fps=1.0, settings=settings, index=3)
    changed = (covered != grey).any(axis=2)
    assert changed[120, 160]
    assert not changed[:, :40].any()
    assert (grey == 128).all()


def test_what_was_recorded_is_not_recorded_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_recorded(folder, [STORY])
    monkeypatch.setattr(recording, "simulate_session", None)
    record_patients(folder, [STORY])


def test_another_story_or_a_run_that_was_cut_off_is_recorded_anew(folder: Path, tmp_path: Path) -> None:
    assert not is_recorded(folder, [replace(STORY, duration_s=50)])
    assert not is_recorded(tmp_path, [STORY])


def test_the_folder_says_that_it_is_simulated(folder: Path) -> None:
    assert json.loads((folder / MARKER).read_text(encoding="utf-8"))["simulated"] is True
