"""Files of whole sessions, in the layout of BioVid's Part C.

Input: cohort settings, a subject, a folder. Output, per person::

    OUT/PartC/biosignals/<subject>.csv    TAB; time (microseconds) gsr ecg emg_trapezius emg_corrugator
                                          emg_zygomaticus temperature (degrees Celsius), 512 Hz; filtered, as the clips'
    OUT/PartC/truth/<subject>.npz         see `SessionTruth`
    OUT/PartC/video/<subject>.mp4         optional
    OUT/PartC/labels.csv                  of all subjects: subject,trial,level,onset_s; level REST for rest clips

The 5.5 s of a trial equal its clip.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ecg_facial.errors import CorruptDataError, MissingDataError
from ecg_facial.labels import REST_CODE, PainLevel, parse_pain_level
from ecg_facial.runtime.storage import atomic_path
from ecg_facial.runtime.typing import Float64Array, StrArray
from ecg_facial.simulate.files.biosignals import FS_HZ
from ecg_facial.simulate.files.encode import BIOSIGNAL_COLUMNS, write_video
from ecg_facial.simulate.grid import ACTION_UNITS, FPS
from ecg_facial.simulate.head.drawing import FrameDrawer, simulate_trial_scene
from ecg_facial.simulate.heart.artefacts import Artefact
from ecg_facial.simulate.sessions.session import Session, simulate_session
from ecg_facial.simulate.sessions.session_frames import compute_session_cover, draw_session_frames
from ecg_facial.simulate.sessions.session_plan import plan_session
from ecg_facial.simulate.sessions.session_signals import compute_session_columns, list_session_artefacts
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.simulate.truth_tables import format_rows, read_rows

SESSION_PART = "PartC"
LABEL_COLUMNS = ("subject", "trial", "level", "onset_s")
SESSION_COLUMNS = (*BIOSIGNAL_COLUMNS, "temperature")
_AU_STEPS = 1000
_TRUTH_ARRAYS = ("beat_times_s", "action_units", "heart_rate_bpm", "temperature_c", "hand_cover")
_ROW = "\t".join(["%d"] + ["%.3f"] * (len(SESSION_COLUMNS) - 1)) + "\n"


@dataclass(frozen=True, eq=False, kw_only=True)
class SessionTruth:
    """Truth of a session: the arrays of its ``.npz`` file.

    Attributes
    ----------
    beat_times_s : ndarray of float64, shape (n_beats,)
    action_units : ndarray of float64, shape (n_units, n_frames)
        `grid.ACTION_UNITS` at 25 fps, 0..1; integers 0..1000 in the file.
    heart_rate_bpm, temperature_c : ndarray of float64, shape (n_frames,)
        float32 in the file.
    hand_cover : ndarray of float64, shape (n_frames,)
        Share of the face that a hand hides, 0..1; float32 in the file.
    ectopic : ndarray of str, shape (n_beats,)
        Kinds of the beats, see `ectopic`.
    artefacts : tuple of Artefact
        Artefacts of the ECG, in seconds from the start; three arrays ``artefact_kinds``, ``artefact_times_s`` and
        ``artefact_strengths_uv`` in the file.
    """

    beat_times_s: Float64Array
    action_units: Float64Array
    heart_rate_bpm: Float64Array
    temperature_c: Float64Array
    hand_cover: Float64Array
    ectopic: StrArray
    artefacts: tuple[Artefact, ...]


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, kw_only=True)
class SessionFiles:
    """Paths of the files of a session.

    Attributes
    ----------
    biosignals, truth, video : Path
    """

    biosignals: Path
    truth: Path
    video: Path


def session_files(out: Path, subject: str) -> SessionFiles:
    """Make the paths of a session's files in the folder of a cohort."""
    part = out / SESSION_PART
    return SessionFiles(
        biosignals=part / "biosignals" / f"{subject}.csv",
        truth=part / "truth" / f"{subject}.npz",
        video=part / "video" / f"{subject}.mp4",
    )


def list_missing_session(out: Path, settings: CohortSettings, subject: str) -> tuple[Path, ...]:
    """List the files of a session that do not exist yet."""
    files = session_files(out, subject)
    wanted = (files.biosignals, files.truth) + ((files.video,) if settings.continuous_video else ())
    return tuple(path for path in wanted if settings.continuous and not path.exists())


def format_labels(settings: CohortSettings) -> Iterator[str]:
    """Yield the lines of ``labels.csv``, the header first."""
    rows = (
        (label.plan.subject.id, label.plan.name, label.plan.code, f"{label.onset_s:.6f}")
        for index in range(settings.n_subjects)
        for label in plan_session(settings, index).labels
    )
    return format_rows(LABEL_COLUMNS, rows)


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
    absent = "no labels; only cohorts with continuous recordings have them"
    return read_rows(file, columns=LABEL_COLUMNS, parse=_read_label, absent=absent)


def _read_label(row: dict[str, str]) -> LabelRow:
    level = None if row["level"] == REST_CODE else parse_pain_level(row["level"])
    return LabelRow(subject=row["subject"], trial=row["trial"], level=level, onset_s=float(row["onset_s"]))


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
            found = {name: arrays[name].astype(np.float64) for name in _TRUTH_ARRAYS}
            names = ("artefact_kinds", "artefact_times_s", "artefact_strengths_uv")
            rows = zip(*(arrays[name].tolist() for name in names), strict=True)
            artefacts = tuple(
                Artefact(kind=kind, start_s=times_s[0], end_s=times_s[1], strength_uv=strength_uv)
                for kind, times_s, strength_uv in rows
            )
            kinds = arrays["ectopic"]
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        raise CorruptDataError(f"{path} cannot be read ({error.__class__.__name__}): simulate it again") from None
    found["action_units"] /= _AU_STEPS
    return SessionTruth(**found, ectopic=kinds, artefacts=artefacts)


def write_session(out: Path, settings: CohortSettings, index: int, drawer: FrameDrawer | None) -> None:
    """Write the missing files of a subject's session.

    Parameters
    ----------
    out : Path
    settings : CohortSettings
    index : int
    drawer : FrameDrawer or None
        Needed only for the video.
    """
    session = simulate_session(settings, index)
    files = session_files(out, session.subject.id)
    missing = list_missing_session(out, settings, session.subject.id)
    if files.biosignals in missing:
        _write_biosignals(files.biosignals, settings, session)
    if files.truth in missing:
        _write_truth(files.truth, settings, session)
    if files.video in missing and drawer is not None:
        frames = draw_session_frames(settings, session, drawer)
        # written directly to the file: half an hour of video may not fit in memory
        with atomic_path(files.video) as temporary:
            # one encoder for the session, with the rate factor of the first clip
            crf = simulate_trial_scene(settings, session.labels[0].plan).camera.crf
            write_video(temporary, frames, width=settings.width, height=settings.height, fps=round(FPS), crf=crf)


def _write_truth(path: Path, settings: CohortSettings, session: Session) -> None:
    artefacts = list_session_artefacts(settings, session)
    with atomic_path(path) as temporary:
        np.savez_compressed(
            temporary,
            units=np.array(ACTION_UNITS),
            beat_times_s=session.beat_times_s,
            action_units=np.rint(session.action_units * _AU_STEPS).astype(np.uint16),
            heart_rate_bpm=session.heart_rate_bpm.astype(np.float32),
            temperature_c=session.temperature_c.astype(np.float32),
            hand_cover=compute_session_cover(settings, session).astype(np.float32),
            ectopic=session.ectopic,
            artefact_kinds=np.array([item.kind for item in artefacts], dtype=np.str_),
            artefact_times_s=np.array([(item.start_s, item.end_s) for item in artefacts]).reshape(-1, 2),
            artefact_strengths_uv=np.array([item.strength_uv for item in artefacts], dtype=np.float64),
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
