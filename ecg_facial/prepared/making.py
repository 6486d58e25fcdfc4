"""Making the windows of a data set, in parallel, and resuming after an interruption.

Input: an index and settings. Output: a folder of shards, trials before rest recordings. The bytes on disk do not depend
on the executor or on interruptions. Only a few windows at a time are in memory, whatever the size of the data set.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from ecg_facial.datasets.records import DatasetIndex
from ecg_facial.ecg.stretches import read_ecg_stretch
from ecg_facial.errors import DataError, MissingDataError, SettingsError
from ecg_facial.face.detection import FaceDetector
from ecg_facial.face.detectors.loading import load_detector
from ecg_facial.face.video import read_frames
from ecg_facial.labels import PainLevel
from ecg_facial.prepared.shards import (
    FORMAT_VERSION,
    PREPARED_FILE,
    TRIALS_PER_SHARD,
    PreparedWindow,
    read_shard,
    remove_leftovers,
    table_path,
    write_shard,
)
from ecg_facial.prepared.stored import StoredData, open_prepared
from ecg_facial.recording import EcgSignal, Recording, RestRecording, Trial
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.outputs import lock_folder
from ecg_facial.runtime.progress import announce
from ecg_facial.runtime.settings import to_dict
from ecg_facial.runtime.storage import sha256_json, write_json
from ecg_facial.windows.making import make_window
from ecg_facial.windows.settings import PREPROCESSING_VERSION, WindowSettings
from ecg_facial.windows.window import Window

# 64 bits of the key: two combinations of data and settings do not meet by chance, and paths stay short
_KEY_DIGITS = 16
# Disk space beside the crops: a row of the table, and what a table needs whatever its length. Rounded up.
_TRIAL_BYTES, _SHARD_BYTES = 1024, 16384


@dataclass(frozen=True, kw_only=True)
class _Job:
    """Settings that all recordings share."""

    settings: WindowSettings
    detector_path: Path | None
    root: Path


def prepare(
    index: DatasetIndex,
    out: Path | str,
    *,
    settings: WindowSettings,
    classes: Collection[str] | None = None,
    with_rest: bool = True,
    executor: Executor = SERIAL,
    detector_path: Path | None = None,
    show_progress: bool = False,
) -> StoredData:
    """Make the windows that are not on disk yet and open them all.

    Parameters
    ----------
    index : DatasetIndex
    out : path
        Parent folder; each combination of data and settings has a folder of its own in it.
    settings : WindowSettings
    classes : collection of str, optional
        Only trials of these levels or classes, by name.
    with_rest : bool
        Also prepare the rest recordings of the people whose trials are prepared; see `queries.rest_rows`.
    executor : Executor
        The result does not depend on it.
    detector_path : Path, optional
        Model file of the detector, where it needs one.
    show_progress : bool
        Show the disk space that is needed, and a progress bar, on standard error.

    Returns
    -------
    StoredData

    Raises
    ------
    MissingDataError
        When there is no trial to prepare.
    SettingsError
        When the disk has too little space, or a setting is outside its limits.

    Notes
    -----
    A signal that cannot be read is absent from its window, and one that is damaged in part lacks that part: the table's
    column ``problem`` says what and why.
    """
    trials = _select_trials(index, classes)
    rest = _select_rest(index, trials) if with_rest else []
    recordings: list[Recording] = [*trials, *rest]
    parts = describe_key(index, settings, classes=classes, with_rest=with_rest, detector_path=detector_path)
    key = sha256_json(parts)
    folder = Path(out) / key[:_KEY_DIGITS]
    if (folder / PREPARED_FILE).is_file():
        return open_prepared(folder)
    # another program that prepares the same is waited for, and leaves nothing to do
    with lock_folder(folder, wait=True):
        remove_leftovers(folder)
        waiting = {
            number: recordings[number * TRIALS_PER_SHARD : (number + 1) * TRIALS_PER_SHARD]
            for number in range(-(-len(recordings) // TRIALS_PER_SHARD))
            if not table_path(folder, number).is_file()
        }
        n_waiting = sum(map(len, waiting.values()))
        _check_space(folder, n_waiting, settings, show=show_progress)
        root = index.root if index.root.is_dir() else index.root.parent
        shown = executor.map(
            _prepare,
            [recording for part in waiting.values() for recording in part],
            start=partial(_open_workshop, _Job(settings=settings, detector_path=detector_path, root=root)),
            label="Preparing windows" if show_progress else None,
        )
        for number, part in waiting.items():
            write_shard(folder, number, list(islice(shown, len(part))), key=key)
        # asking for one item more closes the progress bar and the workers
        next(shown, None)
        _finish(folder, index, parts, n_trials=len(recordings), n_rest=len(rest))
    return open_prepared(folder)


def describe_key(
    index: DatasetIndex,
    settings: WindowSettings,
    *,
    classes: Collection[str] | None = None,
    with_rest: bool = True,
    detector_path: Path | None = None,
) -> dict[str, Any]:
    """List everything that the prepared windows depend on; its hash names their folder."""
    # the entry is absent without rest, so that such windows are found under the key of earlier versions
    return {
        **({"rest": True} if with_rest and index.rest else {}),
        "data": index.fingerprint,
        "simulated": index.simulated,
        "levels": sorted(set(classes or index.class_names or PainLevel.__members__)),
        "settings": to_dict(settings),
        "detector_sha256": load_detector(settings.detector, model_path=detector_path).sha256,
        "preprocessing_version": PREPROCESSING_VERSION,
    }


def estimate_disk_bytes(n_trials: int, settings: WindowSettings) -> int:
    """Estimate the disk space that prepared windows take.

    Examples
    --------
    >>> estimate_disk_bytes(8700, WindowSettings()) // 10**6
    10490
    """
    crops = settings.n_frames * settings.crop_px**2 * 3
    return n_trials * (crops + _TRIAL_BYTES) + -(-n_trials // TRIALS_PER_SHARD) * _SHARD_BYTES


def _select_trials(index: DatasetIndex, classes: Collection[str] | None) -> list[Trial]:
    trials = [trial for trial in index.trials if classes is None or trial.code in classes]
    if not trials:
        wanted = "" if classes is None else f" of level {', '.join(sorted(classes))}"
        raise MissingDataError(f"{index.root}: no usable trial{wanted} among {len(index.trials)}; look at the index")
    return sorted(trials, key=lambda trial: (trial.subject.id, trial.id))


def _select_rest(index: DatasetIndex, trials: Sequence[Trial]) -> list[RestRecording]:
    people = {trial.subject.id for trial in trials}
    return sorted(
        (item for item in index.rest if item.subject.id in people), key=lambda item: (item.subject.id, item.id)
    )


def _check_space(folder: Path, n_trials: int, settings: WindowSettings, *, show: bool) -> None:
    """Show the disk space that is needed, and refuse to start where less is free."""
    needed, free = estimate_disk_bytes(n_trials, settings), shutil.disk_usage(folder).free
    need = f"{folder}: {n_trials} windows need {_format_size(needed)} of disk, {_format_size(free)} are free"
    if needed > free:
        raise SettingsError(f"{need}; make room, choose another folder, or fewer frames or smaller crops")
    if show:
        announce(need)


def _format_size(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.0f} MB"


def _finish(folder: Path, index: DatasetIndex, parts: dict[str, Any], *, n_trials: int, n_rest: int) -> None:
    """Write ``prepared.json``, which marks the folder as complete."""
    shards = [read_shard(folder, number) for number in range(-(-n_trials // TRIALS_PER_SHARD))]
    kept = {name: parts[name] for name in ("settings", "preprocessing_version")}
    write_json(
        folder / PREPARED_FILE,
        {
            "format_version": FORMAT_VERSION,
            "simulated": index.simulated,
            "reader": index.reader,
            "n_trials": n_trials,
            **({"n_rest": n_rest} if n_rest else {}),
            "n_problems": sum(bool(text) for table, _ in shards for text in table["problem"].to_pylist()),
            "fingerprint": sha256_json({**kept, "shards": [said["content"] for _, said in shards]}),
            "key": sha256_json(parts),
            "key_parts": parts,
        },
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Workshop:
    """State of a worker: its face detector, loaded once."""

    job: _Job
    detector: FaceDetector


def _open_workshop(job: _Job) -> _Workshop:
    return _Workshop(job=job, detector=load_detector(job.settings.detector, model_path=job.detector_path))


def _prepare(workshop: _Workshop, recording: Recording) -> PreparedWindow:
    job = workshop.job
    return prepare_trial(recording, workshop.detector, settings=job.settings, root=job.root)


def prepare_trial(trial: Recording, detector: FaceDetector, *, settings: WindowSettings, root: Path) -> PreparedWindow:
    """Make the window of one trial or rest recording; a signal that cannot be read is absent, with the reason.

    Parameters
    ----------
    trial : Trial or RestRecording
    detector : FaceDetector
    settings : WindowSettings
    root : Path
        Removed from paths in the reason, so that the reason does not depend on where the data lie.
    """
    reasons: list[str] = []
    ecg = _read_ecg(trial, reasons)
    window = _make_window_of(trial, ecg, detector, settings, reasons)
    return PreparedWindow(trial=trial, window=window, problem="; ".join(reasons).replace(f"{root}{os.sep}", ""))


def _read_ecg(trial: Recording, reasons: list[str]) -> EcgSignal | None:
    if trial.ecg is None:
        return None
    try:
        return read_ecg_stretch(trial.ecg)
    except (DataError, SettingsError) as error:
        reasons.append(f"ECG absent: {error}")
        return None


def _make_window_of(
    trial: Recording,
    ecg: EcgSignal | None,
    detector: FaceDetector,
    settings: WindowSettings,
    reasons: list[str],
) -> Window:
    if trial.video is not None:
        try:
            frames = read_frames(trial.video, duration_s=settings.window_s)
            window = make_window(frames, ecg, settings=settings, detector=detector)
            frames.close()
            reasons += (f"video: {note}" for note in frames.notes)
            return window
        except DataError as error:
            reasons.append(f"video absent: {error}")
    if ecg is not None:
        return make_window(None, ecg, settings=settings)
    # neither signal can be read: a window without frames, which has the right shapes and quality 0
    return replace(make_window((), None, settings=settings, detector=detector), has_video=False)
