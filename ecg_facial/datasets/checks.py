"""Check the files of trials and rest recordings, without decoding them.

Input: trials or rest recordings. Output: the same with their usable signals only, problems, and the fingerprints of the
files. A trial that loses one signal keeps the other. What only decoding can show is found later, by `prepare`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from ecg_facial.datasets.records import Problem, ProblemKind
from ecg_facial.ecg.formats.opening import list_files
from ecg_facial.ecg.stretches import measure_ecg_stretch
from ecg_facial.errors import CorruptDataError, DataError, MissingDataError, SettingsError
from ecg_facial.face.frame_folders import list_images
from ecg_facial.face.video import open_folder, probe_video, read_image
from ecg_facial.recording import EcgRef, Recording, RestRecording, Trial, VideoRef
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.paths import explain_absence
from ecg_facial.runtime.storage import fingerprint_file

_TRIALS_PER_TASK = 32
# starting two worker processes takes as long as checking this many trials
_MIN_PARALLEL_TRIALS = 512
_IMAGES_TRIED = 5
AnyRecording = TypeVar("AnyRecording", Trial, RestRecording)


@dataclass(frozen=True, kw_only=True)
class CheckedTrial(Generic[AnyRecording]):
    """A trial or rest recording whose files were checked.

    Attributes
    ----------
    trial : Trial, RestRecording or None
        With its usable signals only; None if there is none.
    problems : tuple of Problem
    fingerprints : tuple of (Path, str)
        Of every existing file, usable or not.
    """

    trial: AnyRecording | None
    problems: tuple[Problem, ...]
    fingerprints: tuple[tuple[Path, str], ...]


@dataclass(frozen=True, kw_only=True)
class _CheckedSignal:
    """Problems and fingerprints of one signal."""

    problems: tuple[Problem, ...] = ()
    fingerprints: tuple[tuple[Path, str], ...] = ()


def check_trials(
    trials: Sequence[AnyRecording], *, check_files: bool, min_duration_s: float, executor: Executor = SERIAL
) -> Iterator[CheckedTrial[AnyRecording]]:
    """Check trials, or rest recordings, in their order; few of them in this process."""
    check = partial(_check_batch, check_files=check_files, min_duration_s=min_duration_s)
    batches = [trials[first : first + _TRIALS_PER_TASK] for first in range(0, len(trials), _TRIALS_PER_TASK)]
    chosen = executor if len(trials) >= _MIN_PARALLEL_TRIALS else SERIAL
    for checked in chosen.map(check, batches):
        yield from checked


def _check_batch(
    trials: Sequence[AnyRecording], *, check_files: bool, min_duration_s: float
) -> list[CheckedTrial[AnyRecording]]:
    return [check_trial(trial, check_files=check_files, min_duration_s=min_duration_s) for trial in trials]


def check_trial(trial: AnyRecording, *, check_files: bool, min_duration_s: float) -> CheckedTrial[AnyRecording]:
    """Check the files of one trial or rest recording.

    Parameters
    ----------
    trial : Trial or RestRecording
    check_files : bool
        Whether to open the files; otherwise they only have to exist.
    min_duration_s : float
        Shortest usable length of either signal in seconds.
    """
    video: _CheckedSignal = _check_signal(trial, trial.video, check_files, min_duration_s)
    ecg: _CheckedSignal = _check_signal(trial, trial.ecg, check_files, min_duration_s)
    trial = replace(trial, video=None) if any(each.excludes for each in video.problems) else trial
    trial = replace(trial, ecg=None) if any(each.excludes for each in ecg.problems) else trial
    usable = trial.video is not None or trial.ecg is not None
    return CheckedTrial(
        trial=trial if usable else None,
        problems=(*video.problems, *ecg.problems),
        fingerprints=(*video.fingerprints, *ecg.fingerprints),
    )


def _check_signal(
    trial: Recording, signal: VideoRef | EcgRef | None, check_files: bool, min_duration_s: float
) -> _CheckedSignal:
    """Check the files of one signal, and fingerprint them; what the system refuses costs that signal alone."""
    if signal is None:
        return _CheckedSignal()
    try:
        prints = tuple((path, fingerprint_file(path)) for path in _files_of(signal))
        problems = _check(trial, signal, check_files, min_duration_s)
        return _CheckedSignal(problems=tuple(problems), fingerprints=prints)
    except OSError as error:
        said = f"{error.filename or signal.path}: cannot be read ({error.strerror or error}); check its permissions"
    who = trial.subject.id
    refused = Problem(kind="unreadable", subject=who, trial=trial.id, path=signal.path, message=said)
    return _CheckedSignal(problems=(refused,))


def _files_of(signal: VideoRef | EcgRef | None) -> list[Path]:
    if signal is None:
        return []
    if isinstance(signal, VideoRef) and signal.frame_times is not None:
        beside = [signal.frame_times] if signal.frame_times.is_file() else []
        return [*_files_of(replace(signal, frame_times=None)), *beside]
    if signal.path.is_dir():
        return list_images(signal.path)
    if isinstance(signal, EcgRef):
        return list(list_files(signal.path))
    return [signal.path] if signal.path.is_file() else []


def _check(trial: Recording, signal: VideoRef | EcgRef, check_files: bool, min_duration_s: float) -> list[Problem]:
    """Give the reason why a signal cannot be used, or what should be known of one that can."""
    name = "video" if isinstance(signal, VideoRef) else "ECG"

    def describe(kind: ProblemKind, message: str) -> Problem:
        return Problem(kind=kind, subject=trial.subject.id, trial=trial.id, path=signal.path, message=message)

    if not signal.path.exists():
        return [describe("missing", f"no such {name} file{explain_absence(signal.path)}")]
    if not check_files:
        return []
    notes: tuple[str, ...] = ()
    try:
        if isinstance(signal, VideoRef):
            duration_s, notes = _measure_video(signal)
        else:
            duration_s = measure_ecg_stretch(signal)
    except MissingDataError as error:
        return [describe("missing", str(error))]
    except (DataError, SettingsError, OSError) as error:
        return [describe("unreadable", str(error))]
    noted = [describe("note", f"{name}: {note}") for note in notes]
    if duration_s < min_duration_s:
        message = f"{name} of {duration_s:.2f} s: at least {min_duration_s:.2f} s are needed"
        return [describe("too_short", message), *noted]
    return noted


def _measure_video(video: VideoRef) -> tuple[float, tuple[str, ...]]:
    """Give the length of a video, or of a stretch of it, and what should be known of it."""
    if video.path.is_dir():
        whole_s, notes = _measure_folder(video)
    else:
        info = probe_video(video)
        whole_s, notes = info.duration_s, info.notes
    left_s = max(0.0, whole_s - video.start_s)
    return left_s if video.duration_s is None else min(left_s, video.duration_s), notes


def _measure_folder(video: VideoRef) -> tuple[float, tuple[str, ...]]:
    images = open_folder(video)
    filled = [path for path in images.paths if path.stat().st_size]
    # decoding all takes as long as preparing does; of a folder whose first images are damaged nothing is expected
    if not any(read_image(path) is not None for path in filled[:_IMAGES_TRIED]):
        first = (filled or images.paths)[0]
        raise CorruptDataError(f"{first}: {'not a readable image' if filled else 'the file is empty'}; copy it again")
    empty = len(images.paths) - len(filled)
    lost = (f"{empty} of {len(images.paths)} images are empty",) if empty else ()
    return images.duration_s, (*images.notes, *lost)
