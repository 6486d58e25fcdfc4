"""From a folder to an index: choose the reader, merge, check, fingerprint.

Input: the path of a data set. Output: `DatasetIndex`.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, get_args

from ecg_facial.datasets.checks import CheckedTrial, check_trials
from ecg_facial.datasets.labelling import find_classes
from ecg_facial.datasets.locating import locate
from ecg_facial.datasets.merging import Duplicates, merge, merge_rest
from ecg_facial.datasets.readers.registry import make_settings
from ecg_facial.datasets.records import DatasetIndex, LabelCount, Problem, Scan
from ecg_facial.datasets.settings import AUTO, MIN_DURATION_S, MIN_SHARE, LabelSettings
from ecg_facial.datasets.shared_files import find_shared
from ecg_facial.datasets.spelling import unify_scan
from ecg_facial.errors import AmbiguousDataError, MissingDataError, SettingsError
from ecg_facial.labels import REST_CODE
from ecg_facial.recording import EcgRef, Recording, Trial, VideoRef
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.names import name_key
from ecg_facial.runtime.progress import announce_time, track
from ecg_facial.runtime.settings import to_dict
from ecg_facial.runtime.storage import fingerprint_file, sha256_json
from ecg_facial.windows.settings import WindowSettings

MARKER_NAME = "SIMULATED.json"
# from a trial's file up to the root of a data set: subject, signal, part, root
_LEVELS_UP = 4


def index_dataset(
    root: Path | str,
    *,
    reader: str = AUTO,
    reader_options: Mapping[str, Any] | None = None,
    labels: LabelSettings | None = None,
    window_s: float = WindowSettings.window_s,
    check_files: bool = True,
    min_duration_s: float | None = None,
    duplicates: Duplicates = "raise",
    executor: Executor = SERIAL,
    show_progress: bool = False,
) -> DatasetIndex:
    """List what a data set holds and which part of it can be used.

    Parameters
    ----------
    root : path
        Folder of the data set, or a manifest file.
    reader : str
        Name of a reader (`readers.registry.READERS`); by default the one that fits.
    reader_options : mapping of str to object, optional
        Settings of that reader by name, such as ``{"signals": "raw"}`` for BioVid; its own defaults hold otherwise.
    labels : LabelSettings, optional
        How labels become classes; stimulus levels without it.
    window_s : float
        Length in seconds of what is cut out of long recordings: rest out of sessions, trials out of UNBC's sequences.
    check_files : bool
        Whether to open every file; otherwise files only have to exist.
    min_duration_s : float, optional
        Shortest usable clip in seconds; by default nine tenths of BioVid's 5.5 s, or of `window_s` where that is less.
    duplicates : {"raise", "list"}
        Two files for one signal of a trial are an error, or a problem by which the trial loses that signal.
    executor : Executor
        Checks the files; the result does not depend on it.
    show_progress : bool
        Whether to show a bar.

    Returns
    -------
    DatasetIndex

    Raises
    ------
    MissingDataError
        When the folder is not there, is empty, or fits no reader.
    CorruptDataError, DataError
        When a table that describes the data set cannot be used.
    AmbiguousDataError
        When two readers fit, or two files claim to be the same signal of a trial.
    SettingsError
        For an option outside its limits, one that the reader does not know, or classes that the labels do not have.
    """
    labels = LabelSettings() if labels is None else labels
    shortest_s = min(MIN_DURATION_S, MIN_SHARE * window_s) if min_duration_s is None else min_duration_s
    _check_limits(window_s, shortest_s, duplicates)
    located = locate(root, reader)
    root, chosen = located.root, located.reader
    settings = make_settings(chosen, reader_options or {})
    with announce_time("Looking through the data set", show=show_progress and chosen.slow):
        found = _take_rest(unify_scan(chosen.scan(root, settings, window_s=window_s)), labels)
    labelling = find_classes(_count_labels(found), labels)
    trials, problems = merge(found, labelling=labelling, duplicates=duplicates)
    rest, odd = merge_rest(found, duplicates=duplicates)
    shared, overlaps = find_shared(found.entries)
    if shared and duplicates == "raise":
        more = f" (and {len(shared) - 1} more)" if len(shared) > 1 else ""
        raise AmbiguousDataError(
            f"{shared[0].path}: trial {shared[0].trial} has the {shared[0].message}{more}; mend one"
        )
    problems += shared
    if not (trials or problems):
        raise MissingDataError(f"{root}: no trial in it; expected {chosen.card.layout}")
    check = partial(check_trials, check_files=check_files, min_duration_s=shortest_s, executor=executor)
    trials.sort(key=_order)
    checked = list(track(check(trials), label="Checking trials", total=len(trials), show=show_progress))
    usable = tuple(item.trial for item in checked if item.trial is not None)
    # rest recordings of subjects without a trial cannot be used
    people = {trial.subject.id for trial in usable}
    rest = sorted((item for item in rest if item.subject.id in people), key=_order)
    resting = list(track(check(rest), label="Checking rest", total=len(rest), show=show_progress and bool(rest)))
    usable_rest = tuple(item.trial for item in resting if item.trial is not None)
    problems += [*odd, *_list_problems(checked), *_list_problems(resting)]
    # classes of one's own are part of the data; without them the fingerprint is that of the levels
    own = {"labels": to_dict(labels)} if labelling.class_names else {}
    options = {"reader": chosen.name, **to_dict(settings), **own}
    return DatasetIndex(
        root=root,
        reader=chosen.name,
        reader_settings=settings,
        trials=usable,
        problems=tuple(sorted(problems, key=lambda p: (p.subject, p.trial, p.kind, str(p.path)))),
        fingerprint=_fingerprint(found, (*usable, *usable_rest), _fingerprint_files(found, checked, resting), options),
        simulated=find_marker(found.base, usable) is not None,
        rest=usable_rest,
        levels_by="unknown" if labelling.class_names else chosen.card.levels,
        labels=labels,
        class_names=labelling.class_names,
        found_labels=tuple(
            LabelCount(label, n, labelling.classes.get(label, "")) for label, n in labelling.counts.items()
        ),
        notes=(*located.notes, *found.notes, *overlaps, *labelling.notes),
    )


def _count_labels(scan: Scan) -> Counter[str]:
    """Trials by label, in the order of the data set; a trial of two files counts once."""
    return Counter(code for _, code in dict.fromkeys((entry.trial, entry.code) for entry in scan.entries))


def _take_rest(scan: Scan, labels: LabelSettings) -> Scan:
    """Take rest recordings for trials where a class of one's own bears their name.

    Raises
    ------
    SettingsError
        For the very code of rest recordings, by which tables tell them from trials.
    """
    if REST_CODE in labels.classes:
        raise SettingsError(
            f"class {REST_CODE!r} (--classes) is the code of rest recordings; write {REST_CODE.lower()!r} for a class"
        )
    if not any(name_key(name) == name_key(REST_CODE) for name in labels.classes):
        return scan
    return replace(scan, entries=(*scan.entries, *scan.rest), rest=())


def _list_problems(checked: Iterable[CheckedTrial[Any]]) -> list[Problem]:
    return [problem for item in checked for problem in item.problems]


def _check_limits(window_s: float, min_duration_s: float, duplicates: str) -> None:
    if duplicates not in get_args(Duplicates):
        raise SettingsError(f"duplicates is {duplicates!r}: expected {' or '.join(get_args(Duplicates))}")
    if not (math.isfinite(window_s) and window_s > 0):
        raise SettingsError(f"window_s is {window_s}: expected a positive number of seconds")
    if not min_duration_s >= 0:
        raise SettingsError(f"min_duration_s is {min_duration_s}: expected 0 or more seconds")


def _order(trial: Recording) -> tuple[str, str]:
    return trial.subject.id, trial.id


def _fingerprint_files(scan: Scan, *checked: Iterable[CheckedTrial[Any]]) -> dict[Path, str]:
    files = {path: fingerprint_file(path) for path in scan.tables}
    for part in checked:
        for item in part:
            files.update(item.fingerprints)
    return files


def _fingerprint(scan: Scan, recordings: Sequence[Recording], files: dict[Path, str], options: dict[str, Any]) -> str:
    """Hash everything that defines the recordings; paths are relative to the folder of the data set."""
    described = [_describe(item, scan) for item in recordings]
    trials = [item for item in described if item["level"] != REST_CODE]
    rest = [item for item in described if item["level"] == REST_CODE]
    contents = sorted((_name(path, scan), digest) for path, digest in files.items())
    # without rest recordings there is no key "rest"
    return sha256_json({"options": options, "trials": trials, "files": contents, **({"rest": rest} if rest else {})})


def _describe(recording: Recording, scan: Scan) -> dict[str, Any]:
    video, ecg = recording.video, recording.ecg
    return {
        "subject": asdict(recording.subject),
        "trial": recording.id,
        "level": recording.code,
        "video": None if video is None else _describe_video(video, scan),
        "ecg": None if ecg is None else [_name(ecg.path, scan), ecg.fs_hz, ecg.column, *_describe_stretch(ecg)],
    }


def _describe_video(video: VideoRef, scan: Scan) -> list[str | float | None]:
    times = [] if video.frame_times is None else [_name(video.frame_times, scan)]
    return [_name(video.path, scan), video.fps, *_describe_stretch(video), *times]


def _describe_stretch(signal: VideoRef | EcgRef) -> list[float | None]:
    return [] if signal.is_whole else [signal.start_s, signal.duration_s]


def _name(path: Path, scan: Scan) -> str:
    base = scan.base if scan.rest_base is None or path.is_relative_to(scan.base) else scan.rest_base
    return Path(os.path.relpath(path, base)).as_posix() if path.is_relative_to(base) else path.as_posix()


def find_marker(base: Path, trials: Sequence[Trial]) -> Path | None:
    """Find the simulator's marker, also in the folders above the signals, since a manifest may name simulated files.

    Parameters
    ----------
    base : Path
        Folder of the data set.
    trials : sequence of Trial

    Returns
    -------
    Path or None
        The first marker found, or None.
    """
    folders = dict.fromkeys((base, base.parent))
    for parent in {signal.path.parent for trial in trials for signal in (trial.video, trial.ecg) if signal}:
        folders |= dict.fromkeys((parent, *list(parent.parents)[: _LEVELS_UP - 1]))
    return next((folder / MARKER_NAME for folder in folders if (folder / MARKER_NAME).is_file()), None)
