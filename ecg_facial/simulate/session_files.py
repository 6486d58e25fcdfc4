"""Whole sessions as files, in the shape of BioVid's Part C.

Enters: cohort settings, a subject, a folder. Leaves, per person::

    OUT/PartC/biosignals/<subject>.csv    TAB; time (microseconds) gsr ecg emg_trapezius emg_corrugator
                                          emg_zygomaticus temperature (degrees Celsius), 512 Hz; filtered, as the clips'
    OUT/PartC/truth/<subject>.npz         see `SessionTruth`
    OUT/PartC/video/<subject>.mp4         only where asked for
    OUT/PartC/labels.csv                  of everybody: subject,trial,level,onset_s; level REST outside the trials

A trial's 5.5 s hold the samples of its clip, but for ECG noise of what lies outside them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path

import numpy as np

from ecg_facial.errors import CorruptDataError, MissingDataError
from ecg_facial.labels import PainLevel, parse_pain_level
from ecg_facial.simulate.biosignals import FS_HZ, N_TIMES
from ecg_facial.simulate.clips import compute_columns
from ecg_facial.simulate.drawing import FrameDrawer, Picture
from ecg_facial.simulate.encode import BIOSIGNAL_COLUMNS, write_video
from ecg_facial.simulate.kinds import REST_CODE
from ecg_facial.simulate.nuisance import ACTION_UNITS, Scene, shown_action_units, simulate_scene
from ecg_facial.simulate.population import CohortSettings, SimulatedTrial, TrialPlan, simulate_trial, trial_rng
from ecg_facial.simulate.presets import get_preset
from ecg_facial.simulate.response import FPS, N_FRAMES, FloatArray, smooth_step
from ecg_facial.simulate.session import Session, list_gaps, plan_gap, plan_session, simulate_session
from ecg_facial.storage import atomic_path

SESSION_PART = "PartC"
LABEL_COLUMNS = ("subject", "trial", "level", "onset_s")
SESSION_COLUMNS = (*BIOSIGNAL_COLUMNS, "temperature")
_GSR, _GSR_EDGE = 0, 32
_AU_STEPS = 1000
_ROW = "\t".join(["%d"] + ["%.3f"] * (len(SESSION_COLUMNS) - 1)) + "\n"
_COURSES = ("yaw", "pitch", "roll", "x", "y", "zoom", "brightness")


@dataclass(frozen=True, eq=False)
class SessionTruth:
    """What is known about a session; the arrays of its ``.npz`` file.

    Attributes
    ----------
    beat_times_s : ndarray of float64, shape (n_beats,)
    action_units : ndarray of float64, shape (n_units, n_frames)
        `nuisance.ACTION_UNITS` at 25 fps in steps of a thousandth; kept as integers 0..1000 in the file.
    heart_rate_bpm, temperature_c : ndarray of float64, shape (n_frames,)
        Kept as float32.
    """

    beat_times_s: FloatArray
    action_units: FloatArray
    heart_rate_bpm: FloatArray
    temperature_c: FloatArray


@dataclass(frozen=True)
class LabelRow:
    """A row of ``labels.csv``; `level` is None for rest.

    Attributes
    ----------
    subject, trial : str
    level : PainLevel or None
    onset_s : float
    """

    subject: str
    trial: str
    level: PainLevel | None
    onset_s: float


@dataclass(frozen=True)
class SessionFiles:
    """Where a session's files lie.

    Attributes
    ----------
    biosignals, truth, video : Path
    """

    biosignals: Path
    truth: Path
    video: Path


def session_files(out: Path, subject: str) -> SessionFiles:
    """Say where a session's files lie in a cohort's folder."""
    part = out / SESSION_PART
    return SessionFiles(
        part / "biosignals" / f"{subject}.csv", part / "truth" / f"{subject}.npz", part / "video" / f"{subject}.mp4"
    )


def list_missing_session(out: Path, settings: CohortSettings, subject: str) -> tuple[Path, ...]:
    """List files of a session that are yet to be written."""
    files = session_files(out, subject)
    wanted = (files.biosignals, files.truth) + ((files.video,) if settings.continuous_video else ())
    return tuple(path for path in wanted if settings.continuous and not path.exists())


def format_labels(settings: CohortSettings) -> Iterator[str]:
    """Yield the lines of ``labels.csv``, the header first."""
    yield ",".join(LABEL_COLUMNS) + "\n"
    for index in range(settings.n_subjects):
        for label in plan_session(settings, index).labels:
            yield f"{label.plan.subject.id},{label.plan.name},{label.plan.code},{label.onset_s:.6f}\n"


def read_labels(path: Path) -> Iterator[LabelRow]:
    """Read ``labels.csv`` row by row, from the file or the cohort's folder.

    Raises
    ------
    MissingDataError
        When there is no such file.
    CorruptDataError
        When it is not a table of labels.
    """
    file = path / SESSION_PART / "labels.csv" if path.is_dir() else path
    if not file.is_file():
        raise MissingDataError(f"no labels at {file}: only cohorts with continuous recordings have them")
    with open(file, newline="", encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        if tuple(reader.fieldnames or ()) != LABEL_COLUMNS:
            raise CorruptDataError(f"{file} has columns {reader.fieldnames}: expected {', '.join(LABEL_COLUMNS)}")
        for row in reader:
            level = None if row["level"] == REST_CODE else parse_pain_level(row["level"])
            yield LabelRow(row["subject"], row["trial"], level, float(row["onset_s"]))


def read_session_truth(path: Path) -> SessionTruth:
    """Read the truth of one session.

    Raises
    ------
    MissingDataError
        When there is no such file.
    CorruptDataError
        When it is not the truth of a session.
    """
    if not path.is_file():
        raise MissingDataError(f"no truth of a session at {path}: only simulated cohorts have one")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            if tuple(arrays["units"].tolist()) != ACTION_UNITS:
                raise CorruptDataError(f"{path} holds other action units: simulate it again")
            found = {name: arrays[name].astype(np.float64) for name in SessionTruth.__dataclass_fields__}
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise CorruptDataError(f"{path} cannot be read ({error.__class__.__name__}): simulate it again") from None
    return SessionTruth(**{**found, "action_units": found["action_units"] / _AU_STEPS})


def write_session(out: Path, settings: CohortSettings, index: int, drawer: FrameDrawer | None) -> None:
    """Write the missing files of a subject's session.

    Parameters
    ----------
    out : Path
    settings : CohortSettings
    index : int
    drawer : FrameDrawer or None
        Needed for the video alone.
    """
    session = simulate_session(settings, index)
    files = session_files(out, session.subject.id)
    missing = list_missing_session(out, settings, session.subject.id)
    if files.biosignals in missing:
        _write_biosignals(files.biosignals, settings, session)
    if files.truth in missing:
        _write_truth(files.truth, session)
    if files.video in missing and drawer is not None:
        frames = film_session(settings, session, drawer)
        # Straight to the file: half an hour of video need not fit in memory.
        with atomic_path(files.video) as temporary:
            write_video(temporary, frames, width=settings.width, height=settings.height, fps=round(FPS))


def _write_truth(path: Path, session: Session) -> None:
    with atomic_path(path) as temporary:
        np.savez_compressed(
            temporary,
            units=np.array(ACTION_UNITS),
            beat_times_s=session.beat_times_s,
            action_units=np.rint(session.action_units * _AU_STEPS).astype(np.uint16),
            heart_rate_bpm=session.heart_rate_bpm.astype(np.float32),
            temperature_c=session.temperature_c.astype(np.float32),
        )


def _write_biosignals(path: Path, settings: CohortSettings, session: Session) -> None:
    with atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as stream:
        stream.write("\t".join(SESSION_COLUMNS) + "\n")
        first = 0
        for columns in compute_session_columns(settings, session):
            samples = np.arange(first, first + columns.shape[1])
            temperature = session.plan.temperature_c(samples / FS_HZ)
            values = np.vstack([np.rint(samples * (1e6 / FS_HZ)), np.round(columns, 3) + 0.0, temperature]).T
            stream.write((_ROW * len(values)) % tuple(values.ravel().tolist()))
            first += columns.shape[1]


def compute_session_columns(settings: CohortSettings, session: Session) -> Iterator[FloatArray]:
    """Compute what the electrodes record, piece by piece.

    Parameters
    ----------
    settings : CohortSettings
    session : Session
        Of the same cohort.

    Yields
    ------
    ndarray of float64, shape (5, n_times)
        Filtered signals, one piece after the other; no piece is longer than a trial.
    """
    onsets = [round(label.onset_s * FS_HZ) for label in session.labels]
    ends = [*onsets, round(session.plan.duration_s * FS_HZ)]
    now, last_us = 0, session.person.gsr_us
    for number, end in enumerate(ends):
        trial = None
        next_us = last_us
        if number < len(onsets):
            trial = simulate_trial(settings, session.labels[number].plan, person=session.person)
            own, _ = compute_columns(settings, trial)
            next_us = float(own[_GSR, :_GSR_EDGE].mean())
        before = session.labels[max(0, number - 1)].plan
        for tile, start in enumerate(range(now, end, N_TIMES)):
            piece = _fill(settings, session, plan_gap(before, number=number, tile=tile), start=start)
            # Skin conductance falls back after a response more slowly than it rose.
            share = (np.arange(start, start + N_TIMES) - now) / max(1, end - now)
            piece[_GSR] += last_us + (next_us - last_us) * smooth_step(share) - session.person.gsr_us
            yield piece[:, : end - start]
        if trial is not None:
            yield own
            now, last_us = end + N_TIMES, float(own[_GSR, -_GSR_EDGE:].mean())


def _fill(settings: CohortSettings, session: Session, plan: TrialPlan, *, start: int) -> FloatArray:
    """Compute a piece between trials: the session's own beats and action units, and conductance about rest."""
    start_s = start / FS_HZ
    rest = simulate_trial(settings, plan, person=session.person)
    frame = np.minimum(np.rint(start_s * FPS + np.arange(N_FRAMES)).astype(int), len(session.times_s) - 1)
    near = np.abs(session.beat_times_s - start_s) < 2.0 * N_TIMES / FS_HZ
    heart = replace(rest.heart, beat_times_s=session.beat_times_s[near] - start_s)
    there: SimulatedTrial = replace(rest, heart=heart, action_units=session.action_units[:, frame])
    columns, _ = compute_columns(settings, there)
    ends_us = columns[_GSR, :_GSR_EDGE].mean(), columns[_GSR, -_GSR_EDGE:].mean()
    columns[_GSR] += session.person.gsr_us - np.linspace(*ends_us, N_TIMES)
    return columns


def film_session(settings: CohortSettings, session: Session, drawer: FrameDrawer) -> Iterator[Picture]:
    """Draw the frames of a session; those of a trial are its clip's."""
    onsets = [round(label.onset_s * FPS) for label in session.labels]
    before: Scene | None = None
    for number, first, end in list_gaps(onsets, len(session.times_s)):
        plan = session.labels[max(0, number - 1)].plan
        after = _scene_of(settings, session.labels[number].plan) if number < len(onsets) else None
        for tile, start in enumerate(range(first, end, N_FRAMES)):
            own = _scene_of(settings, plan_gap(plan, number=number, tile=tile))
            scenes = _lead_over(own, before or after or own, after or before or own, (first, start, end))
            yield from _draw(session, drawer, scenes, range(start, min(end, start + N_FRAMES)))
        if after is not None:
            yield from _draw(session, drawer, repeat(after), range(end, end + N_FRAMES))
        before = after


def _scene_of(settings: CohortSettings, plan: TrialPlan) -> Scene:
    return simulate_scene(trial_rng(settings, plan, purpose="scene"), get_preset(settings.preset).scene)


def _lead_over(own: Scene, before: Scene, after: Scene, frames: tuple[int, int, int]) -> Iterator[Scene]:
    """Move head and light from where one trial leaves them to where the next finds them, with motion of their own."""
    first, start, end = frames
    share = np.clip((np.arange(start, start + N_FRAMES) - first + 1) / (end - first + 1), 0.0, 1.0)
    weight, middle = smooth_step(share), np.sin(np.pi * share) ** 2
    within = np.sin(np.pi * (np.arange(N_FRAMES) + 1) / (N_FRAMES + 1)) ** 2
    courses = {}
    for name in _COURSES:
        here, there, motion = (getattr(scene, name) for scene in (before, after, own))
        courses[name] = here[-1] + (there[0] - here[-1]) * weight + (motion - motion.mean()) * middle * within
    scene = replace(own, **courses)
    # The light's turn is one number a scene: a scene for every frame, so that the light does not jump.
    for turn in before.light_turn_rad + (after.light_turn_rad - before.light_turn_rad) * weight:
        yield replace(scene, light_turn_rad=float(turn))


def _draw(session: Session, drawer: FrameDrawer, scenes: Iterable[Scene], frames: range) -> Iterator[Picture]:
    for number, (frame, scene) in enumerate(zip(frames, scenes, strict=False)):
        yield drawer(shown_action_units(session.action_units, frame), scene, number)
