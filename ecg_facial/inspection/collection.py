"""A look at all ECGs of a folder.

Input: a folder, and one for the results. Output: ``collection.csv``, ``collection.html``, and per file a JSON and a
strip, which are kept: a second call looks only at files that are new, or have changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ecg_facial.ecg.formats.opening import ECG_SUFFIXES, list_files
from ecg_facial.ecg.formats.wfdb_header import read_header
from ecg_facial.ecg.reading import read_ecg_fully
from ecg_facial.errors import CorruptDataError, DataError, EcgFacialError, MissingDataError
from ecg_facial.inspection.collection_page import format_page
from ecg_facial.inspection.findings import analyse_ecg
from ecg_facial.inspection.overview import Overview, format_csv, summarise_findings
from ecg_facial.inspection.running import is_simulated
from ecg_facial.inspection.settings import InspectionSettings
from ecg_facial.inspection.small_strip import draw_small_strip
from ecg_facial.runtime import listing
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.paths import explain_absence
from ecg_facial.runtime.records import Record
from ecg_facial.runtime.settings import to_dict
from ecg_facial.runtime.storage import sha256_json, write_text
from ecg_facial.version import __version__

TABLE_FILE, PAGE_FILE, FILES_FOLDER = "collection.csv", "collection.html", "files"
_WFDB, _MAX_DEPTH = ".hea", 32
# text that stands beside data
_NO_DATA = frozenset({"readme", "license", "licence", "records", "annotators", "sha256sums", "changelog", "notes"})


@dataclass(frozen=True, kw_only=True)
class _Task:
    """One file to look at: its path, its name in the tables, and where its results are kept."""

    path: Path
    name: str
    out: Path
    settings: InspectionSettings


@dataclass(frozen=True, kw_only=True)
class _Kept(Record):
    """The result of one file as it is kept, with what it depends on."""

    format_version: ClassVar[int | None] = 1
    key: str
    overview: Overview


def inspect_collection(
    folder: Path,
    out: Path,
    settings: InspectionSettings | None = None,
    *,
    executor: Executor = SERIAL,
    show_progress: bool = False,
) -> list[Overview]:
    """Look at all ECGs of a folder and its subfolders.

    Parameters
    ----------
    folder : Path
    out : Path
        Folder for the results; it may lie in `folder`.
    settings : InspectionSettings, optional
        Channel and rate for all files.
    executor : Executor
        Each worker holds one recording at a time.
    show_progress : bool

    Returns
    -------
    list of Overview
        One per recording, by name. A file that cannot be read is one of them, with the reason.

    Raises
    ------
    MissingDataError, DataError
        When there is no such folder, or no ECG in it.
    """
    if not folder.is_dir():
        raise MissingDataError(f"{folder}: no such folder{explain_absence(folder)}; check the path of the collection")
    paths = list_recordings(folder, without=out)
    if not paths:
        raise DataError(
            f"{folder}: no file of a known format in it ({', '.join(sorted(ECG_SUFFIXES))}); check the path"
        )
    chosen = settings or InspectionSettings()
    kept = out / FILES_FOLDER
    tasks = [_Task(path=path, name=path.relative_to(folder).as_posix(), out=kept, settings=chosen) for path in paths]
    label = "Looking at ECGs" if show_progress else None
    rows = list(executor.map(_look, tasks, label=label))
    write_text(out / TABLE_FILE, format_csv(rows))
    write_text(out / PAGE_FILE, format_page(rows, title=folder.resolve().name, strips=FILES_FOLDER, table=TABLE_FILE))
    return rows


def list_recordings(folder: Path, *, without: Path | None = None) -> list[Path]:
    """List the files of a folder that may be ECGs; of a WFDB record its header alone, without those of its segments.

    Parameters
    ----------
    folder : Path
    without : Path, optional
        A folder that is left out: that of the results.
    """
    left_out = without.resolve() if without is not None else None
    found: list[Path] = []
    for one in _walk(folder, left_out):
        files = listing.list_files(one, ECG_SUFFIXES)
        parts = set(_list_parts([path for path in files if path.suffix.lower() == _WFDB]))
        found += [path for path in files if path not in parts and path.stem.lower() not in _NO_DATA]
    return found


def _walk(folder: Path, left_out: Path | None, depth: int = 0) -> Iterator[Path]:
    yield folder
    for one in listing.list_folders(folder) if depth < _MAX_DEPTH else ():
        if one.resolve() != left_out and not one.is_symlink():
            yield from _walk(one, left_out, depth + 1)


def _list_parts(headers: Sequence[Path]) -> Iterator[Path]:
    """Files that belong to the records of these headers: their signal files, and the headers of segments."""
    for path in headers:
        try:
            header = read_header(path)
        except EcgFacialError:
            continue
        yield from (path.with_name(signal.file) for signal in header.signals)
        yield from (path.with_name(f"{segment.name}{_WFDB}") for segment in header.segments)


def _look(task: _Task) -> Overview:
    """Look at one file, unless the result that is kept is of the same file and settings."""
    key = _make_key(task)
    stem = f"{Path(task.name).stem[:40]}-{sha256_json(task.name)[:10]}"
    path = task.out / f"{stem}.json"
    known = _read_kept(path, key)
    if known is not None and (known.strip is None or (task.out / known.strip).is_file()):
        return known
    row = _analyse(task, f"{stem}.svg")
    _Kept(key=key, overview=row).write(path)
    return row


def _make_key(task: _Task) -> str:
    """Name what the result depends on: sizes and times of the recording's files, settings, version."""
    states = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in list_files(task.path)]
    return sha256_json({"files": states, "settings": to_dict(task.settings), "version": __version__})


def _read_kept(path: Path, key: str) -> Overview | None:
    if not path.is_file():
        return None
    try:
        kept = _Kept.read(path)
    except EcgFacialError:
        # of an older version, or damaged: made again
        return None
    return kept.overview if kept.key == key else None


def _analyse(task: _Task, strip: str) -> Overview:
    try:
        reading = read_ecg_fully(task.path, fs_hz=task.settings.fs_hz, column=task.settings.channel)
        if not len(reading.signal.samples):
            raise CorruptDataError(f"{task.path}: holds no samples")
        findings = analyse_ecg(reading, simulated=is_simulated(task.path))
    except EcgFacialError as error:
        said = " ".join(str(error).split()).removeprefix(f"{task.path}: ")
        return Overview(file=task.name, state="unreadable", what_is_wrong=(said,), simulated=is_simulated(task.path))
    write_text(task.out / strip, draw_small_strip(findings))
    return summarise_findings(findings, task.name, strip=strip)
