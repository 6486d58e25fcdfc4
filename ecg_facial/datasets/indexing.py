"""From a folder to an index: choose the reader, merge, check, fingerprint.

Enters: the path of a data set. Leaves: `DatasetIndex`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ecg_facial.datasets.checks import MIN_DURATION_S, MIN_SHARE, CheckedTrial, check_trials
from ecg_facial.datasets.merging import Duplicates, merge, merge_rest
from ecg_facial.datasets.readers import biovid, manifest, original, pmed, unbc
from ecg_facial.datasets.records import Card, DatasetIndex, Problem, Scan
from ecg_facial.datasets.settings import AUTO, ScanSettings
from ecg_facial.errors import AmbiguousDataError, MissingDataError, SettingsError
from ecg_facial.labels import REST_CODE
from ecg_facial.recording import EcgRef, Recording, Trial, VideoRef
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.progress import announce_time, track
from ecg_facial.runtime.storage import fingerprint_file, sha256_json
from ecg_facial.windows.settings import WindowSettings

MARKER_NAME = "SIMULATED.json"
# from a trial's file up to the root of a data set: subject, signal, part, root
_LEVELS_UP = 4
# what the levels are is said by long tables, or by a file a frame
_SLOW_READERS = frozenset({"pmed", "unbc"})


@dataclass(frozen=True, kw_only=True)
class Reader:
    """A folder layout.

    Attributes
    ----------
    card : Card
        What people should know of the data.
    fits : callable
        Whether a path looks like it.
    scan : callable
        What is there.
    """

    card: Card
    fits: Callable[[Path], bool]
    scan: Callable[[Path, ScanSettings], Scan]


READERS: dict[str, Reader] = {
    "biovid": Reader(card=biovid.CARD, fits=biovid.fits, scan=biovid.scan),
    "original": Reader(card=original.CARD, fits=original.fits, scan=original.scan),
    "pmed": Reader(card=pmed.CARD, fits=pmed.fits, scan=pmed.scan),
    "unbc": Reader(card=unbc.CARD, fits=unbc.fits, scan=unbc.scan),
    "manifest": Reader(card=manifest.CARD, fits=manifest.fits, scan=manifest.scan),
}


def index_dataset(
    root: Path | str,
    *,
    reader: str = AUTO,
    signals: str = ScanSettings.signals,
    subjects: str = ScanSettings.subjects,
    window_s: float = WindowSettings.window_s,
    pspi_pain: float = ScanSettings.pspi_pain,
    check_files: bool = True,
    min_duration_s: float | None = None,
    duplicates: Duplicates = "raise",
    executor: Executor = SERIAL,
    show_progress: bool = False,
) -> DatasetIndex:
    """Find out what a data set holds and what of it can be used.

    Parameters
    ----------
    root : path
        Folder of the data set, or a manifest file.
    reader : {"auto", "biovid", "original", "pmed", "unbc", "manifest"}
        Layout; by default the one that fits.
    signals : {"filtered", "raw"}
        Which of BioVid's biosignals.
    subjects : {"all", "reactive"}
        All, or BioVid's 67 subjects with a visible reaction.
    window_s : float
        Length in seconds of what is cut out of long recordings: rest out of sessions, trials out of UNBC's sequences.
    pspi_pain : float
        Least PSPI that is pain in UNBC's sequences.
    check_files : bool
        Look into every file; otherwise only see that it is there.
    min_duration_s : float, optional
        Shortest usable clip in seconds; by default nine tenths of BioVid's 5.5 s, or of `window_s` where that is less.
    duplicates : {"raise", "list"}
        Two files for one signal of a trial: an error, or a problem that costs the trial that signal.
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
        For an option outside its limits, or one that the reader does not know.
    """
    shortest_s = min(MIN_DURATION_S, MIN_SHARE * window_s) if min_duration_s is None else min_duration_s
    settings = ScanSettings(signals=signals, window_s=window_s, pspi_pain=pspi_pain)
    _check_options(settings, subjects, shortest_s, duplicates)
    root = Path(root).resolve()
    name = _choose_reader(root, reader)
    _check_reader_options(name, settings, subjects)
    with announce_time("Looking through the data set", show=show_progress and name in _SLOW_READERS):
        found = _select(READERS[name].scan(root, settings), subjects)
    trials, problems = merge(found, duplicates=duplicates)
    rest, odd = merge_rest(found, duplicates=duplicates)
    if not (trials or problems):
        raise MissingDataError(f"{root}: no trial in it; expected {READERS[name].card.layout}")
    check = partial(check_trials, check_files=check_files, min_duration_s=shortest_s, executor=executor)
    trials.sort(key=_order)
    checked = list(track(check(trials), label="Checking trials", total=len(trials), show=show_progress))
    usable = tuple(item.trial for item in checked if item.trial is not None)
    # rest of somebody without a trial is of no use
    people = {trial.subject.id for trial in usable}
    rest = sorted((item for item in rest if item.subject.id in people), key=_order)
    resting = list(track(check(rest), label="Checking rest", total=len(rest), show=show_progress and bool(rest)))
    usable_rest = tuple(item.trial for item in resting if item.trial is not None)
    problems += [*odd, *_list_problems(checked), *_list_problems(resting)]
    options = {"reader": name, "signals": signals, "subjects": subjects}
    return DatasetIndex(
        root=root,
        reader=name,
        trials=usable,
        problems=tuple(sorted(problems, key=lambda p: (p.subject, p.trial, p.kind, str(p.path)))),
        fingerprint=_fingerprint(found, (*usable, *usable_rest), _fingerprint_files(found, checked, resting), options),
        simulated=find_marker(found.base, usable) is not None,
        rest=usable_rest,
        levels_by=READERS[name].card.levels,
    )


def _list_problems(checked: Iterable[CheckedTrial[Any]]) -> list[Problem]:
    return [problem for item in checked for problem in item.problems]


def _check_reader_options(name: str, settings: ScanSettings, subjects: str) -> None:
    if name != "biovid" and (settings.signals, subjects) != ("filtered", "all"):
        given = f"signals={settings.signals!r}, subjects={subjects!r}"
        raise SettingsError(f"{given}: only BioVid has them; the reader is {name}")
    if name != "unbc" and settings.pspi_pain != ScanSettings.pspi_pain:
        given = f"pspi_pain={settings.pspi_pain}"
        raise SettingsError(f"{given}: only UNBC-McMaster has levels by PSPI; the reader is {name}")


def _check_options(settings: ScanSettings, subjects: str, min_duration_s: float, duplicates: str) -> None:
    choices = {
        "signals": (settings.signals, tuple(biovid.SIGNAL_FOLDERS)),
        "subjects": (subjects, ("all", "reactive")),
        "duplicates": (duplicates, ("raise", "list")),
    }
    for option, (value, allowed) in choices.items():
        if value not in allowed:
            raise SettingsError(f"{option} is {value!r}: expected {' or '.join(allowed)}")
    if not (math.isfinite(settings.window_s) and settings.window_s > 0):
        raise SettingsError(f"window_s is {settings.window_s}: expected a positive number of seconds")
    if not 0 < settings.pspi_pain <= unbc.MAX_PSPI:
        raise SettingsError(f"pspi_pain is {settings.pspi_pain}: expected above 0 and at most {unbc.MAX_PSPI}")
    if not min_duration_s >= 0:
        raise SettingsError(f"min_duration_s is {min_duration_s}: expected 0 or more seconds")


def _choose_reader(root: Path, wanted: str) -> str:
    if wanted != AUTO and wanted not in READERS:
        raise SettingsError(f"unknown reader {wanted!r}: expected {AUTO}, {', '.join(READERS)}")
    if not root.exists():
        raise MissingDataError(f"{root}: no such folder; check the path of the data set")
    if root.is_dir() and next(root.iterdir(), None) is None:
        raise MissingDataError(f"{root}: the folder is empty; expected a data set")
    fitting = [name for name, reader in READERS.items() if reader.fits(root)]
    if wanted != AUTO and (wanted in fitting or wanted == "manifest"):
        return wanted
    layouts = "; ".join(f"{name}: {READERS[name].card.layout}" for name in (READERS if wanted == AUTO else [wanted]))
    if wanted != AUTO or not fitting:
        raise MissingDataError(f"{root}: no data set that can be read; looked for {layouts}")
    if len(fitting) > 1:
        raise AmbiguousDataError(f"{root}: fits the readers {' and '.join(fitting)}; name the one that is meant")
    return fitting[0]


def _select(scan: Scan, subjects: str) -> Scan:
    if subjects == "all":
        return scan
    entries, rest = (
        tuple(entry for entry in part if entry.subject.id not in biovid.UNREACTIVE)
        for part in (scan.entries, scan.rest)
    )
    problems = tuple(problem for problem in scan.problems if problem.subject not in biovid.UNREACTIVE)
    return replace(scan, entries=entries, problems=problems, rest=rest)


def _order(trial: Recording) -> tuple[str, str]:
    return trial.subject.id, trial.id


def _fingerprint_files(scan: Scan, *checked: Iterable[CheckedTrial[Any]]) -> dict[Path, str]:
    files = {path: fingerprint_file(path) for path in scan.tables}
    for part in checked:
        for item in part:
            files.update(item.fingerprints)
    return files


def _fingerprint(scan: Scan, recordings: Sequence[Recording], files: dict[Path, str], options: dict[str, Any]) -> str:
    """Hash everything that decides what the recordings are; paths count from the data set's folder."""
    described = [_describe(item, scan) for item in recordings]
    trials = [item for item in described if item["level"] != REST_CODE]
    rest = [item for item in described if item["level"] == REST_CODE]
    contents = sorted((_name(path, scan), digest) for path, digest in files.items())
    # a data set without rest keeps the fingerprint, and so the windows, that it had before rest was read
    return sha256_json({"options": options, "trials": trials, "files": contents, **({"rest": rest} if rest else {})})


def _describe(recording: Recording, scan: Scan) -> dict[str, Any]:
    video, ecg = recording.video, recording.ecg
    return {
        "subject": asdict(recording.subject),
        "trial": recording.id,
        "level": recording.code,
        "video": None if video is None else [_name(video.path, scan), video.fps, *_describe_stretch(video)],
        "ecg": None if ecg is None else [_name(ecg.path, scan), ecg.fs_hz, ecg.column, *_describe_stretch(ecg)],
    }


def _describe_stretch(signal: VideoRef | EcgRef) -> list[float | None]:
    return [] if signal.is_whole else [signal.start_s, signal.duration_s]


def _name(path: Path, scan: Scan) -> str:
    base = scan.base if scan.rest_base is None or path.is_relative_to(scan.base) else scan.rest_base
    return Path(os.path.relpath(path, base)).as_posix() if path.is_relative_to(base) else path.as_posix()


def find_marker(base: Path, trials: Sequence[Trial]) -> Path | None:
    """Find the simulator's mark, above the files too, so that a manifest into simulated data is marked as well.

    Parameters
    ----------
    base : Path
        Folder of the data set.
    trials : sequence of Trial

    Returns
    -------
    Path or None
        The first mark that is found; None where nothing is simulated.
    """
    folders = dict.fromkeys((base, base.parent))
    for parent in {signal.path.parent for trial in trials for signal in (trial.video, trial.ecg) if signal}:
        folders |= dict.fromkeys((parent, *list(parent.parents)[: _LEVELS_UP - 1]))
    return next((folder / MARKER_NAME for folder in folders if (folder / MARKER_NAME).is_file()), None)
