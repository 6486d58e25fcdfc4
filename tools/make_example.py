"""Make the recording that `ecg_facial.load_example` gives.

Usage: python tools/make_example.py ecg_facial/assets

One SIMULATED trial, of which everything follows from the settings below. The video's bytes also depend on the version
of x264; its pictures do not.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np

from ecg_facial.example import SIGNALS_FILE, VIDEO_FILE
from ecg_facial.labels import PainLevel
from ecg_facial.runtime.storage import write_bytes
from ecg_facial.simulate.files.biosignals import FS_HZ
from ecg_facial.simulate.files.clips import compute_columns, draw_clip_frames
from ecg_facial.simulate.files.encode import BIOSIGNAL_COLUMNS, encode_video
from ecg_facial.simulate.grid import FPS, TRIAL_S
from ecg_facial.simulate.head.drawing import make_face_drawer
from ecg_facial.simulate.people.population import (
    CohortSettings,
    SimulatedTrial,
    plan_trials,
    sample_cohort_person,
    simulate_trial,
)

SETTINGS = CohortSettings(
    n_subjects=1, trials_per_level=1, levels=(PainLevel.PA4,), preset="clear", seed=3, width=320, height=240
)
CRF = 33  # about 100 kB; MTCNN finds the face in every frame
_ECG = BIOSIGNAL_COLUMNS.index("ecg") - 1  # the columns have no time
_UV_PER_MV = 1000.0


def make_signals() -> dict[str, np.ndarray]:
    """Make the ECG in mV with its rate, the true R-peak times and the level."""
    trial = _simulate()
    filtered, _ = compute_columns(SETTINGS, trial)
    times_s = trial.heart.beat_times_s
    return {
        "ecg_mv": (filtered[_ECG] / _UV_PER_MV).astype(np.float32),
        "fs_hz": np.array(FS_HZ),
        "r_peak_times_s": times_s[(times_s >= 0) & (times_s < TRIAL_S)],
        "pain_level": np.array(int(trial.plan.level)),
    }


def make_frames() -> list[np.ndarray]:
    """Draw the frames of the video."""
    return [
        frame for frame in draw_clip_frames(SETTINGS, _simulate(), make_face_drawer(SETTINGS, 0)) if frame is not None
    ]


def main(folder: Path) -> None:
    """Write both files."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **make_signals())
    write_bytes(folder / SIGNALS_FILE, buffer.getvalue())
    video = encode_video(make_frames(), width=SETTINGS.width, height=SETTINGS.height, fps=round(FPS), crf=CRF)
    write_bytes(folder / VIDEO_FILE, video)


def _simulate() -> SimulatedTrial:
    return simulate_trial(SETTINGS, plan_trials(SETTINGS, 0)[0], person=sample_cohort_person(SETTINGS, 0))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
