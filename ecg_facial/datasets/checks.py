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

import av
import cv2
import numpy as np

from ecg_facial.datasets.records import Problem, ProblemKind
from ecg_facial.ecg.formats.opening import list_files
from ecg_facial.ecg.stretches import measure_ecg_stretch
from ecg_facial.errors import CorruptDataError, DataError, MissingDataError, SettingsError
from ecg_facial.face.frame_folders import DEFAULT_FPS, IMAGE_SUFFIXES, list_images
from ecg_facial.face.video import probe_video
from ecg_facial.recording import EcgRef, Recording, RestRecording, Trial, VideoRef
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.storage import fingerprint_file

_TRIALS_PER_TASK = 32
# starting two worker processes takes as long as checking this many trials
_MIN_PARALLEL_TRIALS = 512
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
    files = [*_files_of(trial.video), *_files_of(trial.ecg)]
    fingerprints = tuple((path, fingerprint_file(path)) for path in files)
    problems = []
    if trial.video is not None and (found := _check(trial, trial.video, check_files, min_duration_s)):
        problems.append(found)
        trial = replace(trial, video=None)
    if trial.ecg is not None and (found := _check(trial, trial.ecg, check_files, min_duration_s)):
        problems.append(found)
        trial = replace(trial, ecg=None)
    usable = trial.video is not None or trial.ecg is not None
    return CheckedTrial(trial=trial if usable else None, problems=tuple(problems), fingerprints=fingerprints)


def _files_of(signal: VideoRef | EcgRef | None) -> list[Path]:
    if signal is None:
        return []
    if signal.path.is_dir():
        return list_images(signal.path)
    if isinstance(signal, EcgRef):
        return list(list_files(signal.path))
    return [signal.path] if signal.path.is_file() else []


def _check(trial: Recording, signal: VideoRef | EcgRef, check_files: bool, min_duration_s: float) -> Problem | None:
    """Give the reason why a signal cannot be used, or None."""
    name = "video" if isinstance(signal, VideoRef) else "ECG"

    def describe(kind: ProblemKind, message: str) -> Problem:
        return Problem(kind=kind, subject=trial.subject.id, trial=trial.id, path=signal.path, message=message)

    if not signal.path.exists():
        return describe("missing", f"no such {name} file")
    if not check_files:
        return None
    try:
        duration_s = _measure_video(signal) if isinstance(signal, VideoRef) else measure_ecg_stretch(signal)
    except MissingDataError as error:
        return describe("missing", str(error))
    except (DataError, SettingsError, OSError) as error:
        return describe("unreadable", str(error))
    if duration_s < min_duration_s:
        return describe("too_short", f"{name} of {duration_s:.2f} s: at least {min_duration_s:.2f} s are needed")
    return None


def _measure_video(video: VideoRef) -> float:
    if video.path.is_dir():
        whole_s = _measure_folder(video)
    else:
        whole_s = probe_video(video.path).duration_s
        _find_cut(video.path)
    left_s = max(0.0, whole_s - video.start_s)
    return left_s if video.duration_s is None else min(left_s, video.duration_s)


def _find_cut(path: Path) -> None:
    """Compare the end of the last frame, as the header states it, with the end of the file.

    Raises
    ------
    CorruptDataError
        When the file was cut off.
    """
    with av.open(str(path)) as container:
        # older PyAV does not show the index; decoding finds the cut then
        places = getattr(container.streams.video[0], "index_entries", ())
        end = max((place.pos + place.size for place in places), default=0)
    size = path.stat().st_size
    if end > size:
        raise CorruptDataError(f"{path}: cut off at {size} of at least {end} bytes; copy it again")


def _measure_folder(video: VideoRef) -> float:
    images = list_images(video.path)
    if not images:
        raise CorruptDataError(f"{video.path}: no images in the folder; expected {', '.join(sorted(IMAGE_SUFFIXES))}")
    empty = next((path for path in images if not path.stat().st_size), None)
    if empty is not None:
        raise CorruptDataError(f"{empty}: the file is empty; copy it again")
    if cv2.imdecode(np.fromfile(images[0], np.uint8), cv2.IMREAD_COLOR) is None:
        raise CorruptDataError(f"{images[0]}: not a readable image; copy it again")
    return len(images) / (video.fps or DEFAULT_FPS)
