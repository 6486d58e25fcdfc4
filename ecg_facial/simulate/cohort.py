"""Writing a simulated cohort in the folder layout of BioVid, with its truth.

Input: settings and a folder. Output::

    OUT/SIMULATED.json                                    settings of the cohort; marks the data as simulated
    OUT/truth.csv                                         see `truth`
    OUT/artefacts.csv                                     artefacts of the ECGs, see `artefacts`
    OUT/PartA/starting_point/samples.csv
    OUT/PartA/biosignals_filtered/<subject>/<sample>_bio.csv    (also biosignals_raw/)
    OUT/PartA/video/<subject>/<sample>.mp4
    OUT/rest/...                                  optional: rest clips in the folders of PartA, with truth.csv
    OUT/PartC/...                                 optional: whole sessions, see `session_files`
    OUT/pathologies.csv                           optional: damage to files, see `pathology`

Every file is written whole or not at all and depends only on the settings, not on the number of workers. An interrupted
cohort is completed by running the same command again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ecg_facial.errors import CorruptDataError, SettingsError
from ecg_facial.labels import REST_CODE
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.listing import list_files, list_folders
from ecg_facial.runtime.outputs import lock_folder
from ecg_facial.runtime.progress import track
from ecg_facial.runtime.settings import to_dict
from ecg_facial.runtime.storage import atomic_path, write_json
from ecg_facial.simulate.files.clips import (
    PART_NAME,
    REST_NAME,
    list_missing,
    plan_clip_artefacts,
    trial_files,
    write_biosignals,
    write_video,
)
from ecg_facial.simulate.files.pathology import PATHOLOGIES_NAME, format_pathologies
from ecg_facial.simulate.files.truth import format_truth
from ecg_facial.simulate.head.drawing import (
    DrawerFactory,
    FrameDrawer,
    draw_frames,
    make_face_drawer,
    simulate_trial_scene,
)
from ecg_facial.simulate.heart.artefacts import format_artefacts
from ecg_facial.simulate.people.population import (
    GENERATOR_VERSION,
    SimulatedTrial,
    TrialPlan,
    plan_rest,
    plan_trials,
    sample_cohort_person,
    simulate_features,
    simulate_rest,
    simulate_trial,
)
from ecg_facial.simulate.sessions.session_files import SESSION_PART, format_labels, list_missing_session, write_session
from ecg_facial.simulate.settings.cohort_settings import CohortSettings

MARKER_NAME = "SIMULATED.json"
TRUTH_NAME = "truth.csv"
ARTEFACTS_NAME = "artefacts.csv"
_SESSION = "session"
SAMPLES_COLUMNS = ("subject_id", "subject_name", "class_id", "class_name", "sample_id", "sample_name")


@dataclass(frozen=True, kw_only=True)
class _Block:
    """Task of a worker: a subject's clips of one level code, or the whole session."""

    out: Path
    settings: CohortSettings
    factory: DrawerFactory
    index: int
    code: str

    def plans(self) -> tuple[TrialPlan, ...]:
        """Clips of the block; none for a session."""
        every = plan_trials(self.settings, self.index) + plan_rest(self.settings, self.index)
        return tuple(plan for plan in every if plan.code == self.code)


def simulate_cohort(
    out: Path | str,
    settings: CohortSettings | None = None,
    *,
    executor: Executor = SERIAL,
    show_progress: bool = False,
    renderer_factory: DrawerFactory = make_face_drawer,
) -> Path:
    """Write a cohort, or complete one that was interrupted.

    Parameters
    ----------
    out : path
        A new or empty folder, or one that holds the same cohort in part.
    settings : CohortSettings, optional
        Settings of the cohort. Equal settings give equal bytes with the same versions of the packages; a person's
        trials do not depend on the number of people or trials.
    executor : Executor
        The bytes do not depend on it.
    show_progress : bool
        Whether to show a bar.
    renderer_factory : callable
        Draws the frames; rendered heads by default.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    SettingsError
        When `out` holds something else.
    CorruptDataError
        When the marker in `out` cannot be read.
    """
    settings = CohortSettings() if settings is None else settings
    out = Path(out)
    _claim_folder(out, _describe(settings, renderer_factory))
    with lock_folder(out):
        blocks = _find_open_blocks(out, settings, renderer_factory)
        n_open = sum(_count(block) for block in blocks)
        _write_tables(out, settings)
        done = _write_blocks(blocks, executor)
        for _ in track(done, label="Simulating clips", total=n_open, show=show_progress and n_open > 0):
            pass
    return out


def _describe(settings: CohortSettings, factory: DrawerFactory) -> dict[str, Any]:
    name = getattr(factory, "__qualname__", type(factory).__qualname__)
    return {"simulated": True, "generator_version": GENERATOR_VERSION, **to_dict(settings), "renderer": name}


def _claim_folder(out: Path, description: dict[str, Any]) -> None:
    """Write the marker to a new folder, or check that an existing one is of the same cohort."""
    marker = out / MARKER_NAME
    if out.exists() and not out.is_dir():
        raise SettingsError(f"{out} is a file: name a folder to write the cohort to")
    if not marker.exists():
        if list_files(out) or list_folders(out):
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


def _find_open_blocks(out: Path, settings: CohortSettings, factory: DrawerFactory) -> list[_Block]:
    """List the blocks with missing files; temporary files of a killed run are removed."""
    for folder in (PART_NAME, REST_NAME, SESSION_PART):
        for leftover in (out / folder).rglob(".*"):
            if leftover.is_file():
                leftover.unlink()
    codes = (*(level.name for level in settings.levels), REST_CODE, _SESSION)
    # a block is a subject's clips of one level, or a session: enough work for a process
    open_blocks = []
    for index in range(settings.n_subjects):
        missing = _find_missing(out, settings, index)
        open_blocks += [
            _Block(out=out, settings=settings, factory=factory, index=index, code=code)
            for code in codes
            if code in missing
        ]
    return open_blocks


def _find_missing(out: Path, settings: CohortSettings, index: int) -> set[str]:
    """Find the codes of a subject's blocks with missing files."""
    plans = plan_trials(settings, index) + plan_rest(settings, index)
    missing = {plan.code for plan in plans if list_missing(out, settings, plan)}
    return missing | ({_SESSION} if list_missing_session(out, settings, plans[0].subject.id) else set())


def _count(block: _Block) -> int:
    """Count the steps of progress: one per clip, one per session."""
    return {_SESSION: 1, REST_CODE: block.settings.rest}.get(block.code, block.settings.trials_per_level)


def _write_blocks(blocks: list[_Block], executor: Executor) -> Iterator[None]:
    """Write the blocks; yields once for each trial done."""
    if executor.workers > 1 and len(blocks) > 1:
        # one frame compiles the loops and caches them; otherwise each worker would compile them
        _warm_up(blocks[0])
    for count in executor.map(_write_block, blocks, ordered=False):
        yield from (None for _ in range(count))


def _warm_up(block: _Block) -> None:
    """Draw one frame."""
    plan = plan_trials(block.settings, block.index)[0]
    trial = simulate_trial(block.settings, plan, person=sample_cohort_person(block.settings, block.index))
    scene = simulate_trial_scene(block.settings, plan)
    next(draw_frames(_make_drawer(block.factory, block.settings, block.index), trial.action_units, scene))


@lru_cache(maxsize=1)
def _make_drawer(factory: DrawerFactory, settings: CohortSettings, index: int) -> FrameDrawer:
    return factory(settings, index)


def _write_block(block: _Block) -> int:
    """Write a block's missing files and return its number of clips, 1 for a session."""
    settings = block.settings
    if block.code == _SESSION:
        drawer = _make_drawer(block.factory, settings, block.index) if settings.continuous_video else None
        write_session(block.out, settings, block.index, drawer)
        return _count(block)
    person = sample_cohort_person(settings, block.index)
    for plan in block.plans():
        missing = list_missing(block.out, settings, plan)
        if not missing:
            continue
        trial = simulate_trial(settings, plan, person=person)
        video = trial_files(block.out, plan).video
        if any(path != video for path in missing):
            write_biosignals(block.out, settings, trial)
        if video in missing:
            write_video(block.out, settings, trial, _make_drawer(block.factory, settings, block.index))
    return _count(block)


def _write_tables(out: Path, settings: CohortSettings) -> None:
    _write_lines(out / PART_NAME / "starting_point" / "samples.csv", _format_samples(settings))
    _write_lines(out / TRUTH_NAME, format_truth(simulate_features(settings)))
    _write_lines(out / ARTEFACTS_NAME, _format_artefacts(settings, simulate_features(settings)))
    if settings.rest:
        _write_lines(out / REST_NAME / TRUTH_NAME, format_truth(simulate_rest(settings)))
        _write_lines(out / REST_NAME / ARTEFACTS_NAME, _format_artefacts(settings, simulate_rest(settings)))
    if settings.continuous:
        _write_lines(out / SESSION_PART / "labels.csv", format_labels(settings))
    if settings.pathologies:
        _write_lines(out / PATHOLOGIES_NAME, format_pathologies(settings))


def _format_artefacts(settings: CohortSettings, trials: Iterable[SimulatedTrial]) -> Iterator[str]:
    listed = ((trial.plan.subject.id, trial.plan.name, plan_clip_artefacts(settings, trial)) for trial in trials)
    return format_artefacts(listed)


def _write_lines(file: Path, lines: Iterator[str]) -> None:
    """Write a table line by line, unless it exists."""
    if not file.exists():
        with atomic_path(file) as path, open(path, "w", encoding="utf-8", newline="") as stream:
            stream.writelines(lines)


def _format_samples(settings: CohortSettings) -> Iterator[str]:
    yield "\t".join(SAMPLES_COLUMNS) + "\n"
    for index in range(settings.n_subjects):
        for number, plan in enumerate(plan_trials(settings, index), start=1):
            row = (index + 1, plan.subject.id, int(plan.level), plan.level.name, number, plan.name)
            yield "\t".join(map(str, row)) + "\n"
