"""Recording the demo's patients, once.

Input: stories and a folder. Output per patient ``FOLDER/<patient>.mp4`` and ``FOLDER/<patient>_ecg.npz``, and
``FOLDER/SIMULATED.json``. Faces and ECGs are those that the simulator writes for cohorts; faults are put in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from ecg_facial.labels import PainLevel
from ecg_facial.live.demo.faults import put_in_ecg, put_in_frames
from ecg_facial.live.demo.files import MARKER, describe_recording, is_recorded, patient_files
from ecg_facial.live.demo.story import STIMULUS_EVERY_S, STORIES, Story
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.outputs import lock_folder
from ecg_facial.runtime.progress import announce_time
from ecg_facial.runtime.storage import atomic_path, write_json
from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.files.biosignals import ECG_ROW, FS_HZ
from ecg_facial.simulate.files.encode import write_video
from ecg_facial.simulate.grid import FPS
from ecg_facial.simulate.head.drawing import DrawerFactory, make_face_drawer
from ecg_facial.simulate.people.population import plan_rest, plan_trials
from ecg_facial.simulate.sessions.session import Session, simulate_session
from ecg_facial.simulate.sessions.session_frames import draw_session_frames
from ecg_facial.simulate.sessions.session_plan import BASELINE_C, SessionLabel, SessionPlan
from ecg_facial.simulate.sessions.session_signals import compute_session_columns
from ecg_facial.simulate.settings.cohort_settings import CohortSettings

# Half of a camera's usual rate: the models look at 12 frames per 5.5 s, and the recording takes half as long.
_EVERY = 2
_RATE = Fraction(round(FPS), _EVERY)
# people as the demo's model knows them
_COHORT = CohortSettings()
# onset of the first clip, and of the last one before the end
_FIRST_S, _LAST_S = 5.0, 7.0


@dataclass(frozen=True, kw_only=True)
class _Task:
    """A patient to be recorded by a worker."""

    story: Story
    folder: Path
    factory: DrawerFactory


def record_patients(
    folder: Path,
    stories: Sequence[Story] = STORIES,
    *,
    executor: Executor = SERIAL,
    show_progress: bool = False,
    drawer_factory: DrawerFactory = make_face_drawer,
) -> None:
    """Record the patients, unless they are there.

    Parameters
    ----------
    folder : Path
    stories : sequence of Story
    executor : Executor
        A patient per task.
    show_progress : bool
    drawer_factory : callable
        Draws the frames; rendered heads by default.
    """
    with lock_folder(folder, wait=True):
        if is_recorded(folder, stories):
            return
        tasks = [_Task(story=story, folder=folder, factory=drawer_factory) for story in stories]
        what = f"Simulating {len(stories)} patients for {max(one.duration_s for one in stories) / 60:.0f} minutes"
        with announce_time(what, show=show_progress):
            for _ in executor.map(_record, tasks):
                pass
        # last: without it nothing counts as recorded
        write_json(folder / MARKER, describe_recording(stories))


def _record(task: _Task) -> None:
    story, files = task.story, patient_files(task.folder, task.story.patient)
    session = simulate_session(_COHORT, story.index, plan=_plan(story))
    drawer = task.factory(_COHORT, story.index)
    frames = draw_session_frames(_COHORT, session, drawer, every=_EVERY)
    shown = put_in_frames(frames, story.faults, fps=float(_RATE), settings=_COHORT, index=story.index)
    with atomic_path(files.video) as temporary:
        write_video(temporary, shown, width=_COHORT.width, height=_COHORT.height, fps=_RATE)
    ecg_uv = put_in_ecg(_draw_ecg(session), story.faults, fs_hz=FS_HZ)
    with atomic_path(files.ecg) as temporary, open(temporary, "wb") as stream:
        np.savez(stream, ecg=ecg_uv.astype(np.float32), fs=np.float64(FS_HZ))


def _plan(story: Story) -> SessionPlan:
    """Schedule the stimuli of a story, no trial twice, with a rest clip at both ends.

    The simulator makes heart beats between clips, and hardly any before the first or after the last one.
    """
    first, last = plan_rest(_COHORT, story.index, n_clips=2)
    labels = [SessionLabel(first, _FIRST_S)]
    trials = plan_trials(_COHORT, story.index)
    unused = {level: iter([plan for plan in trials if plan.level is level]) for level in PainLevel}
    for series in story.series:
        for number in range(series.count):
            onset_s = float(series.start_s + number * STIMULUS_EVERY_S)
            plan = replace(next(unused[PainLevel[series.level]]), moment=onset_s / story.duration_s)
            labels.append(SessionLabel(plan, onset_s))
    labels.append(SessionLabel(replace(last, moment=1.0), story.duration_s - _LAST_S))
    return SessionPlan(
        labels=tuple(labels),
        duration_s=float(story.duration_s),
        corners_s=np.array([0.0, float(story.duration_s)]),
        corners_c=np.array([BASELINE_C, BASELINE_C]),
    )


def _draw_ecg(session: Session) -> Float64Array:
    return np.concatenate([columns[ECG_ROW] for columns in compute_session_columns(_COHORT, session)])
