"""Write a simulated cohort in BioVid's folder shape, with its truth.

Enters: settings and a folder. Leaves::

    OUT/SIMULATED.json                                    what it was made with; it marks the data as simulated
    OUT/truth.csv                                         see `truth`
    OUT/PartA/starting_point/samples.csv
    OUT/PartA/biosignals_filtered/<subject>/<sample>_bio.csv    (also biosignals_raw/)
    OUT/PartA/video/<subject>/<sample>.mp4

Every file is written whole or not at all and depends on the settings alone, never on the number of workers, so that an
interrupted cohort is completed by running it again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import as_completed
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import cv2

from ecg_facial.errors import CorruptDataError, SettingsError
from ecg_facial.executors import open_pool
from ecg_facial.labels import PainLevel
from ecg_facial.progress import track
from ecg_facial.simulate.biosignals import FS_HZ, simulate_biosignals
from ecg_facial.simulate.drawing import DrawerFactory, FrameDrawer, draw_frames, make_face_drawer
from ecg_facial.simulate.encode import encode_video, format_biosignals
from ecg_facial.simulate.nuisance import simulate_scene
from ecg_facial.simulate.population import (
    GENERATOR_VERSION,
    CohortSettings,
    SimulatedTrial,
    TrialPlan,
    plan_trials,
    sample_cohort_person,
    simulate_features,
    simulate_trial,
    trial_rng,
)
from ecg_facial.simulate.presets import get_preset
from ecg_facial.simulate.response import FPS
from ecg_facial.simulate.truth import format_truth
from ecg_facial.storage import atomic_path, write_bytes, write_json, write_text

MARKER_NAME = "SIMULATED.json"
TRUTH_NAME = "truth.csv"
PART_NAME = "PartA"
SAMPLES_COLUMNS = ("subject_id", "subject_name", "class_id", "class_name", "sample_id", "sample_name")


class TrialFiles(NamedTuple):
    """Where a trial's files lie."""

    filtered: Path
    raw: Path
    video: Path


@dataclass(frozen=True)
class _Block:
    """One worker's task: a subject's trials of one level."""

    out: Path
    settings: CohortSettings
    factory: DrawerFactory
    index: int
    level: PainLevel


def simulate_cohort(
    out: Path,
    *,
    n_subjects: int = 12,
    trials_per_level: int = 20,
    levels: tuple[PainLevel, ...] = tuple(PainLevel),
    preset: str = "clear",
    seed: int = 0,
    size: tuple[int, int] = (320, 240),
    workers: int = 2,
    show_progress: bool = False,
    renderer_factory: DrawerFactory = make_face_drawer,
) -> Path:
    """Write a cohort, or complete one that was interrupted.

    Parameters
    ----------
    out : Path
        A new or empty folder, or one that holds the same cohort in part.
    n_subjects, trials_per_level : int
        How many people, and trials of each level for each.
    levels : tuple of PainLevel
        Levels to simulate.
    preset : str
        Difficulty; see `presets`.
    seed : int
        Equal seeds give equal bytes on the same versions; a person's trials do not change with the other counts.
    size : (int, int)
        Width and height of the video in pixels.
    workers : int
        Worker processes; 1 works in this one.
    show_progress : bool
        Whether to show a bar.
    renderer_factory : callable
        Who draws the frames; rendered heads by default.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    SettingsError
        When a setting is outside its limits, or `out` holds something else.
    CorruptDataError
        When the marker in `out` cannot be read.
    """
    settings = CohortSettings(n_subjects, trials_per_level, tuple(levels), preset, seed, *size)
    if workers < 1:
        raise SettingsError(f"number of workers is {workers}: expected at least 1")
    out = Path(out)
    _claim_folder(out, _describe(settings, renderer_factory))
    blocks = _find_open_blocks(out, settings, renderer_factory)
    n_open = len(blocks) * trials_per_level
    _write_tables(out, settings)
    done = _write_blocks(blocks, workers=workers)
    for _ in track(done, label="Simulating clips", total=n_open, show=show_progress and n_open > 0):
        pass
    return out


def _describe(settings: CohortSettings, factory: DrawerFactory) -> dict[str, Any]:
    name = getattr(factory, "__qualname__", type(factory).__qualname__)
    return {"simulated": True, "generator_version": GENERATOR_VERSION, **settings.to_dict(), "renderer": name}


def _claim_folder(out: Path, description: dict[str, Any]) -> None:
    """Mark a new folder as this cohort's, or check that it is."""
    marker = out / MARKER_NAME
    if out.exists() and not out.is_dir():
        raise SettingsError(f"{out} is a file: name a folder to write the cohort to")
    if not marker.exists():
        if out.exists() and any(out.iterdir()):
            raise SettingsError(f"{out} is not empty and holds no simulated cohort: name a new folder")
        write_json(marker, description)
        return
    found = _read_marker(marker)
    for key, value in description.items():
        if found.get(key) != value:
            raise SettingsError(
                f"{out} holds another simulated cohort ({key} is {found.get(key)}, not {value}): "
                "name another folder or delete this one"
            )


def _read_marker(marker: Path) -> dict[str, Any]:
    try:
        found = json.loads(marker.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise CorruptDataError(f"{marker} cannot be read: delete the folder and simulate again")
    return found


def trial_files(out: Path, plan: TrialPlan) -> TrialFiles:
    """Say where a trial's files lie in a cohort's folder."""
    part, subject, name = out / PART_NAME, plan.subject.id, plan.name
    return TrialFiles(
        part / "biosignals_filtered" / subject / f"{name}_bio.csv",
        part / "biosignals_raw" / subject / f"{name}_bio.csv",
        part / "video" / subject / f"{name}.mp4",
    )


def _find_open_blocks(out: Path, settings: CohortSettings, factory: DrawerFactory) -> list[_Block]:
    """List the blocks with files yet to write; what a killed run left half-written is removed."""
    for leftover in (out / PART_NAME).rglob(".*"):
        leftover.unlink()
    open_blocks = []
    for index in range(settings.n_subjects):
        plans = plan_trials(settings, index)
        missing = {plan.level for plan in plans if not all(path.exists() for path in trial_files(out, plan))}
        open_blocks += [_Block(out, settings, factory, index, level) for level in settings.levels if level in missing]
    return open_blocks


def _write_blocks(blocks: list[_Block], *, workers: int) -> Iterator[None]:
    """Start on the blocks; the iterator yields once for each trial done."""
    if workers == 1 or len(blocks) < 2:
        return (None for block in blocks for _ in range(_write_block(block)))
    # One frame here compiles and caches what the workers would otherwise each compile.
    _warm_up(blocks[0])
    return _write_in_processes(blocks, workers=min(workers, len(blocks)))


def _write_in_processes(blocks: list[_Block], *, workers: int) -> Iterator[None]:
    with open_pool(workers, start=cv2.setNumThreads, arguments=(1,)) as pool:
        for future in as_completed([pool.submit(_write_block, block) for block in blocks]):
            yield from (None for _ in range(future.result()))


def _warm_up(block: _Block) -> None:
    plan = plan_trials(block.settings, block.index)[0]
    trial = simulate_trial(block.settings, plan, person=sample_cohort_person(block.settings, block.index))
    scene = simulate_scene(trial_rng(block.settings, plan, purpose="scene"), get_preset(block.settings.preset).scene)
    next(draw_frames(_make_drawer(block.factory, block.settings, block.index), trial.action_units, scene))


@lru_cache(maxsize=1)
def _make_drawer(factory: DrawerFactory, settings: CohortSettings, index: int) -> FrameDrawer:
    return factory(settings, index)


def _write_block(block: _Block) -> int:
    """Write a block's missing files and return its number of trials."""
    person = sample_cohort_person(block.settings, block.index)
    plans = [plan for plan in plan_trials(block.settings, block.index) if plan.level == block.level]
    for plan in plans:
        files = trial_files(block.out, plan)
        trial = simulate_trial(block.settings, plan, person=person)
        if not (files.filtered.exists() and files.raw.exists()):
            _write_biosignals(files, trial, block.settings)
        if not files.video.exists():
            drawer = _make_drawer(block.factory, block.settings, block.index)
            write_bytes(files.video, _film(trial, drawer, block.settings))
    return len(plans)


def _write_biosignals(files: TrialFiles, trial: SimulatedTrial, settings: CohortSettings) -> None:
    filtered, raw = simulate_biosignals(
        trial_rng(settings, trial.plan, purpose="sensors"),
        person=trial.person,
        felt=trial.intensity.felt,
        heart=trial.heart,
        action_units=trial.action_units,
        settings=get_preset(settings.preset).sensors,
    )
    write_text(files.filtered, format_biosignals(filtered, fs_hz=FS_HZ))
    write_text(files.raw, format_biosignals(raw, fs_hz=FS_HZ))


def _film(trial: SimulatedTrial, drawer: FrameDrawer, settings: CohortSettings) -> bytes:
    scene = simulate_scene(trial_rng(settings, trial.plan, purpose="scene"), get_preset(settings.preset).scene)
    frames = draw_frames(drawer, trial.action_units, scene)
    return encode_video(frames, width=settings.width, height=settings.height, fps=round(FPS))


def _write_tables(out: Path, settings: CohortSettings) -> None:
    samples = out / PART_NAME / "starting_point" / "samples.csv"
    if not samples.exists():
        write_text(samples, "".join(_format_samples(settings)))
    if not (out / TRUTH_NAME).exists():
        with atomic_path(out / TRUTH_NAME) as path, open(path, "w", encoding="utf-8", newline="") as stream:
            stream.writelines(format_truth(simulate_features(settings)))


def _format_samples(settings: CohortSettings) -> Iterator[str]:
    yield "\t".join(SAMPLES_COLUMNS) + "\n"
    for index in range(settings.n_subjects):
        for number, plan in enumerate(plan_trials(settings, index), start=1):
            row = (index + 1, plan.subject.id, int(plan.level), plan.level.name, number, plan.name)
            yield "\t".join(map(str, row)) + "\n"
