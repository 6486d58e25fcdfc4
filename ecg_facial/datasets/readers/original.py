"""Folder layout of the original project: frames as images, and one ECG table per trial.

Input: the folder that holds ``prepro_vid`` and ``ecg_only``. Output: one entry per clip folder and per ECG table.

::

    prepro_vid/<subject>/<clip folder>/*.jpg
    ecg_only/<subject>/<clip>.csv

The level is in the clip's name, as ``P0``..``P3`` or ``BL1``, ``PA1``.. between dashes, underscores or blanks. A clip
and its ECG are paired by subject and name; the spelling of the level and an ending ``_bio`` or ``_ecg`` do not matter.
A clip may be a video file in place of a folder of frames.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ecg_facial.datasets.readers.biovid import parse_subject
from ecg_facial.datasets.readers.contract import FrameSettings, Reader
from ecg_facial.datasets.readers.folders import VIDEO_SUFFIXES, find_folder, name_left_out
from ecg_facial.datasets.readers.naming import make_unique
from ecg_facial.datasets.records import Card, Entry, Problem, Scan
from ecg_facial.errors import UnknownLabelError
from ecg_facial.face.frame_folders import DEFAULT_FPS
from ecg_facial.labels import parse_pain_level
from ecg_facial.recording import EcgRef, VideoRef
from ecg_facial.runtime.listing import find_child, fold_name, list_files, list_folders

LAYOUT = "prepro_vid/<subject>/<clip folder>/*.jpg or ecg_only/<subject>/*.csv"
CARD = Card(
    title="Folders of the original project, made of BioVid",
    source="BioVid Heat Pain Database (see biovid), taken apart into frames and tables",
    access="as BioVid: by agreement with its makers; may not be passed on",
    needs="folders of frames, ECG tables or both",
    layout=LAYOUT,
)
# BioVid's rate, for tables of bare samples
DOCUMENTED_FS_HZ = 512.0
_VIDEO, _ECG = "prepro_vid", "ecg_only"
_SEPARATORS = re.compile(r"([-_ ]+)")
_CODE = re.compile(r"(BL|PA?)\d+", re.IGNORECASE)
_TABLES = (".csv",)
_TABLE_ENDING = re.compile(r"_(bio|ecg)$", re.IGNORECASE)
_TIME_COLUMN = re.compile(r"\"?\s*(t|time\w*)\s*\"?", re.IGNORECASE)


def fits(root: Path) -> bool:
    """Tell whether a folder looks like this layout."""
    return any(find_child(root, name).is_dir() for name in (_VIDEO, _ECG))


def scan(root: Path, settings: FrameSettings, *, window_s: float) -> Scan:
    """List what is there."""
    folders = {name: find_folder(root, name) for name in (_VIDEO, _ECG)}
    there = {name: folder.is_dir() for name, folder in folders.items()}
    problems = [
        Problem(
            kind="missing",
            subject="",
            trial="",
            path=folders[name],
            message=f"no folder {name}: no trial has that signal",
        )
        for name, is_there in there.items()
        if not is_there
    ]
    entries: list[Entry] = []
    for item in (*_list_clips(folders[_VIDEO], settings.fps or DEFAULT_FPS), *_list_tables(folders[_ECG])):
        (entries if isinstance(item, Entry) else problems).append(item)  # type: ignore[arg-type]  # each to its kind
    ids = make_unique((entry.subject.id, entry.trial) for entry in entries)
    named = tuple(replace(entry, trial=ids[entry.subject.id, entry.trial]) for entry in entries)
    return Scan(
        base=root,
        entries=named,
        problems=tuple(problems),
        tables=(),
        expects_video=there[_VIDEO],
        expects_ecg=there[_ECG],
    )


def _list_clips(folder: Path, fps: float) -> Iterator[Entry | Problem]:
    yield from name_left_out(folder)
    for subject in list_folders(folder):
        yield from name_left_out(subject, _TABLES)
        folders = list_folders(subject)
        for path in folders:
            yield _make_entry(path, path.name, video=VideoRef(path=path, fps=fps))
        # frames were taken out of the video that lies beside them
        taken = {fold_name(path.name) for path in folders}
        for path in list_files(subject, VIDEO_SUFFIXES):
            if fold_name(path.stem) not in taken:
                yield _make_entry(path, path.stem, video=VideoRef(path=path))


def _list_tables(folder: Path) -> Iterator[Entry | Problem]:
    yield from name_left_out(folder)
    for subject in list_folders(folder):
        yield from name_left_out(subject, _TABLES)
        for path in list_files(subject, _TABLES):
            fs_hz = None if _has_time_column(path) else DOCUMENTED_FS_HZ
            yield _make_entry(path, _TABLE_ENDING.sub("", path.stem), ecg=EcgRef(path=path, fs_hz=fs_hz))


def _make_entry(path: Path, name: str, *, video: VideoRef | None = None, ecg: EcgRef | None = None) -> Entry | Problem:
    """Write the level by its name in the trial's name, so that ``P1_003`` is paired with ``PA1_003``."""
    subject = parse_subject(path.parent.name)
    parts = _SEPARATORS.split(name)
    places = [place for place, part in enumerate(parts) if _CODE.fullmatch(part)]
    if len(places) != 1:
        found = ", ".join(parts[place] for place in places) or "none"
        message = f"levels in the name {path.name!r}: {found}; expected one, such as P1 or PA1"
        return Problem(kind="unknown_label", subject=subject.id, trial=name, path=path, message=message)
    try:
        code = parse_pain_level(parts[places[0]]).name
    except UnknownLabelError as error:
        return Problem(kind="unknown_label", subject=subject.id, trial=name, path=path, message=str(error))
    parts[places[0]] = code
    return Entry(subject=subject, trial="".join(parts), code=code, origin=path, video=video, ecg=ecg)


def _has_time_column(path: Path) -> bool:
    with open(path, encoding="utf-8-sig", errors="replace") as stream:
        head = next((line for line in stream if line.strip() and not line.startswith("#")), "")
    return any(_TIME_COLUMN.fullmatch(cell.strip()) for cell in re.split("[\t;,]", head))


READER = Reader(name="original", card=CARD, fits=fits, scan=scan, settings=FrameSettings)
