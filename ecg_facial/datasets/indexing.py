"""From a folder to an index: choose the reader, merge, check, fingerprint.

Enters: the path of a data set. Leaves: `DatasetIndex`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ecg_facial.datasets import biovid, manifest, original
from ecg_facial.datasets.checks import MIN_DURATION_S, CheckedTrial, check_trials
from ecg_facial.datasets.merging import Duplicates, merge
from ecg_facial.datasets.records import DatasetIndex, Scan
from ecg_facial.errors import AmbiguousDataError, MissingDataError, SettingsError
from ecg_facial.progress import track
from ecg_facial.recording import Trial
from ecg_facial.storage import fingerprint_file, sha256_json

MARKER_NAME = "SIMULATED.json"
# from a trial's file up to the root of a data set: subject, signal, part, root
_LEVELS_UP = 4


@dataclass(frozen=True)
class Reader:
    """A folder layout.

    Attributes
    ----------
    layout : str
        What it looks for, for people to read.
    fits : callable
        Whether a path looks like it.
    scan : callable
        What is there.
    """

    layout: str
    fits: Callable[[Path], bool]
    scan: Callable[[Path], Scan]


READERS: dict[str, Reader] = {
    "biovid": Reader(biovid.LAYOUT, biovid.fits, biovid.scan),
    "original": Reader(original.LAYOUT, original.fits, original.scan),
    "manifest": Reader(manifest.LAYOUT, manifest.fits, manifest.scan),
}


def index_dataset(
    root: Path,
    *,
    reader: str = "auto",
    signals: str = "filtered",
    subjects: str = "all",
    check_files: bool = True,
    min_duration_s: float = MIN_DURATION_S,
    duplicates: Duplicates = "raise",
    workers: int = 1,
    show_progress: bool = False,
) -> DatasetIndex:
    """Find out what a data set holds and what of it can be used.

    Parameters
    ----------
    root : Path
        Folder of the data set, or a manifest file.
    reader : {"auto", "biovid", "original", "manifest"}
        Layout; by default the one that fits.
    signals : {"filtered", "raw"}
        Which of BioVid's biosignals.
    subjects : {"all", "reactive"}
        All, or BioVid's 67 subjects with a visible reaction.
    check_files : bool
        Look into every file; otherwise only see that it is there.
    min_duration_s : float
        Shortest usable clip in seconds; by default nine tenths of BioVid's 5.5 s.
    duplicates : {"raise", "list"}
        Two files for one signal of a trial: an error, or a problem that costs the trial that signal.
    workers : int
        Processes; the result does not depend on it.
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
    _check_options(signals, subjects, min_duration_s, duplicates, workers)
    root = Path(root).resolve()
    name = _choose_reader(root, reader)
    if name != "biovid" and (signals, subjects) != ("filtered", "all"):
        raise SettingsError(f"signals={signals!r}, subjects={subjects!r}: only BioVid has them; the reader is {name}")
    found = biovid.scan(root, signals=signals) if name == "biovid" else READERS[name].scan(root)
    trials, problems = merge(_select(found, subjects), duplicates=duplicates)
    if not (trials or problems):
        raise MissingDataError(f"{root}: no trial in it; expected {READERS[name].layout}")
    trials.sort(key=_order)
    checking = check_trials(trials, check_files=check_files, min_duration_s=min_duration_s, workers=workers)
    checked = list(track(checking, label="Checking trials", total=len(trials), show=show_progress))
    usable = tuple(item.trial for item in checked if item.trial is not None)
    problems += [problem for item in checked for problem in item.problems]
    options = {"reader": name, "signals": signals, "subjects": subjects}
    return DatasetIndex(
        root=root,
        reader=name,
        trials=usable,
        problems=tuple(sorted(problems, key=lambda p: (p.subject, p.trial, p.kind, str(p.path)))),
        fingerprint=_fingerprint(found.base, usable, _fingerprint_files(found.tables, checked), options),
        simulated=find_marker(found.base, usable) is not None,
    )


def _check_options(signals: str, subjects: str, min_duration_s: float, duplicates: str, workers: int) -> None:
    choices = {
        "signals": (signals, tuple(biovid.SIGNAL_FOLDERS)),
        "subjects": (subjects, ("all", "reactive")),
        "duplicates": (duplicates, ("raise", "list")),
    }
    for option, (value, allowed) in choices.items():
        if value not in allowed:
            raise SettingsError(f"{option} is {value!r}: expected {' or '.join(allowed)}")
    if not min_duration_s >= 0:
        raise SettingsError(f"min_duration_s is {min_duration_s}: expected 0 or more seconds")
    if workers < 1:
        raise SettingsError(f"number of workers is {workers}: expected at least 1")


def _choose_reader(root: Path, wanted: str) -> str:
    if wanted != "auto" and wanted not in READERS:
        raise SettingsError(f"unknown reader {wanted!r}: expected auto, {', '.join(READERS)}")
    if not root.exists():
        raise MissingDataError(f"{root}: no such folder; check the path of the data set")
    if root.is_dir() and next(root.iterdir(), None) is None:
        raise MissingDataError(f"{root}: the folder is empty; expected a data set")
    fitting = [name for name, reader in READERS.items() if reader.fits(root)]
    if wanted != "auto" and (wanted in fitting or wanted == "manifest"):
        return wanted
    layouts = "; ".join(f"{name}: {READERS[name].layout}" for name in (READERS if wanted == "auto" else [wanted]))
    if wanted != "auto" or not fitting:
        raise MissingDataError(f"{root}: no data set that can be read; looked for {layouts}")
    if len(fitting) > 1:
        raise AmbiguousDataError(f"{root}: fits the readers {' and '.join(fitting)}; name the one that is meant")
    return fitting[0]


def _select(scan: Scan, subjects: str) -> Scan:
    if subjects == "all":
        return scan
    entries = tuple(entry for entry in scan.entries if entry.subject.id not in biovid.UNREACTIVE)
    problems = tuple(problem for problem in scan.problems if problem.subject not in biovid.UNREACTIVE)
    return replace(scan, entries=entries, problems=problems)


def _order(trial: Trial) -> tuple[str, str]:
    return trial.subject.id, trial.id


def _fingerprint_files(tables: Iterable[Path], checked: Iterable[CheckedTrial]) -> dict[Path, str]:
    files = {path: fingerprint_file(path) for path in tables}
    for item in checked:
        files.update(item.fingerprints)
    return files


def _fingerprint(base: Path, trials: Sequence[Trial], files: dict[Path, str], options: dict[str, Any]) -> str:
    """Hash everything that decides what the trials are; paths count from the data set's folder."""

    def name(path: Path) -> str:
        return Path(os.path.relpath(path, base)).as_posix() if path.is_relative_to(base) else path.as_posix()

    described = [
        {
            "subject": asdict(trial.subject),
            "trial": trial.id,
            "level": trial.level.name,
            "video": None if trial.video is None else [name(trial.video.path), trial.video.fps],
            "ecg": None if trial.ecg is None else [name(trial.ecg.path), trial.ecg.fs_hz, trial.ecg.column],
        }
        for trial in trials
    ]
    contents = sorted((name(path), digest) for path, digest in files.items())
    return sha256_json({"options": options, "trials": described, "files": contents})


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
