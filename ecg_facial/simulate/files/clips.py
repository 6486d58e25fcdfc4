"""Files of one clip (a scored trial or a rest clip), with their damage.

Input: cohort settings, a clip at feature level, a folder. Output: its biosignals and its video. Files that a pathology
removes are not written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ecg_facial.runtime.storage import write_bytes, write_text
from ecg_facial.runtime.typing import Float64Array, UInt8Array
from ecg_facial.simulate.files.biosignals import (
    FS_HZ,
    N_TIMES,
    draw_trial_artefacts,
    plan_trial_artefacts,
    simulate_biosignals,
)
from ecg_facial.simulate.files.encode import encode_video, format_biosignals
from ecg_facial.simulate.files.pathology import (
    Painter,
    Pathology,
    cut_columns,
    damage_frames,
    damage_scene,
    lacks_ecg,
    lacks_video,
    plan_pathology,
    skew_action_units,
    skew_course,
    skew_times,
)
from ecg_facial.simulate.grid import FPS
from ecg_facial.simulate.head.drawing import FrameDrawer, draw_frames, simulate_trial_scene
from ecg_facial.simulate.heart.artefacts import Artefact
from ecg_facial.simulate.people.population import SimulatedTrial, TrialPlan, trial_rng
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.simulate.settings.presets import get_preset

PART_NAME = "PartA"
REST_NAME = "rest"
_GSR = 0
_TIMES_S = np.arange(N_TIMES) / FS_HZ


class TrialFiles(NamedTuple):
    """Paths of the files of a clip."""

    filtered: Path
    raw: Path
    video: Path


def trial_files(out: Path, plan: TrialPlan) -> TrialFiles:
    """Make the paths of a clip's files in the folder of a cohort; rest clips are outside of ``PartA``."""
    part = out / (REST_NAME if plan.place == "rest" else PART_NAME)
    subject, name = plan.subject.id, plan.name
    return TrialFiles(
        part / "biosignals_filtered" / subject / f"{name}_bio.csv",
        part / "biosignals_raw" / subject / f"{name}_bio.csv",
        part / "video" / subject / f"{name}.mp4",
    )


def list_missing(out: Path, settings: CohortSettings, plan: TrialPlan) -> tuple[Path, ...]:
    """List the files of a clip that do not exist yet."""
    files, pathology = trial_files(out, plan), plan_pathology(settings, plan)
    wanted: list[Path] = [] if lacks_ecg(pathology) else [files.filtered, files.raw]
    wanted += [] if lacks_video(pathology) else [files.video]
    return tuple(path for path in wanted if not path.exists())


def plan_clip_artefacts(settings: CohortSettings, trial: SimulatedTrial) -> tuple[Artefact, ...]:
    """Plan the artefacts of a clip's ECG, in times of its own clock."""
    rng = trial_rng(settings, trial.plan, purpose="artefacts")
    sensors = get_preset(settings.preset).sensors
    return plan_trial_artefacts(rng, action_units=trial.action_units, settings=sensors)


def compute_columns(
    settings: CohortSettings, trial: SimulatedTrial, pathology: Pathology | None = None
) -> tuple[Float64Array, Float64Array]:
    """Compute the biosignals of a clip.

    Parameters
    ----------
    settings : CohortSettings
    trial : SimulatedTrial
    pathology : Pathology, optional
        Damage: a wrong clock, or a recording that ends early.

    Returns
    -------
    filtered, raw : ndarray of float64, shape (5, n_times)
        See `biosignals.simulate_biosignals`.
    """
    both = simulate_biosignals(
        trial_rng(settings, trial.plan, purpose="sensors"),
        person=trial.person,
        felt=trial.intensity.felt,
        heart=replace(trial.heart, beat_times_s=skew_times(trial.heart.beat_times_s, pathology)),
        action_units=skew_action_units(trial.action_units, pathology),
        settings=get_preset(settings.preset).sensors,
        artefacts=plan_clip_artefacts(settings, trial),
    )
    for columns in both:
        columns[_GSR] = skew_course(columns[_GSR], _TIMES_S, pathology)
    filtered, raw = (cut_columns(columns, pathology) for columns in both)
    return filtered, raw


def draw_clip_artefacts(settings: CohortSettings, trial: SimulatedTrial) -> Float64Array:
    """Compute what artefacts add to a clip's filtered ECG and beyond it; see `biosignals.draw_trial_artefacts`."""
    return draw_trial_artefacts(
        trial_rng(settings, trial.plan, purpose="sensors"),
        person=trial.person,
        felt=trial.intensity.felt,
        heart=trial.heart,
        action_units=trial.action_units,
        settings=get_preset(settings.preset).sensors,
        artefacts=plan_clip_artefacts(settings, trial),
    )


def write_biosignals(out: Path, settings: CohortSettings, trial: SimulatedTrial) -> None:
    """Write both biosignal tables of a clip."""
    files = trial_files(out, trial.plan)
    filtered, raw = compute_columns(settings, trial, plan_pathology(settings, trial.plan))
    write_text(files.filtered, format_biosignals(filtered, fs_hz=FS_HZ))
    write_text(files.raw, format_biosignals(raw, fs_hz=FS_HZ))


def draw_clip_frames(
    settings: CohortSettings, trial: SimulatedTrial, drawer: FrameDrawer
) -> Iterator[UInt8Array | None]:
    """Draw the frames of a clip; None for a lost frame."""
    pathology = plan_pathology(settings, trial.plan)
    scene = damage_scene(simulate_trial_scene(settings, trial.plan), pathology)
    frames = draw_frames(drawer, trial.action_units, scene)
    return damage_frames(frames, pathology, paint_companion=_find_painter(settings, trial.plan, pathology))


def _find_painter(settings: CohortSettings, plan: TrialPlan, pathology: Pathology | None) -> Painter:
    if pathology is None or pathology.kind != "second_person":
        return lambda picture, frame: picture
    from ecg_facial.simulate.files.companion import make_companion_painter

    return make_companion_painter(settings, plan, pathology)


def write_video(out: Path, settings: CohortSettings, trial: SimulatedTrial, drawer: FrameDrawer) -> None:
    """Draw and write the video of a clip."""
    frames = draw_clip_frames(settings, trial, drawer)
    crf = simulate_trial_scene(settings, trial.plan).camera.crf
    content = encode_video(frames, width=settings.width, height=settings.height, fps=round(FPS), crf=crf)
    write_bytes(trial_files(out, trial.plan).video, content)
