"""Any recordings, described by one table.

Input: a CSV file, or the folder that holds it as ``manifest.csv``. Output: one entry per row.

::

    subject,trial,label,video,ecg,fs_hz
    anna,1,BL1,clips/anna_1.mp4,ecg/anna_1.csv,512

``video`` is a file or a folder of frames; ``video`` or ``ecg`` may be empty. Paths are absolute, or relative to the
manifest's folder. ``fs_hz`` may be empty if the ECG table has a time column. ``label`` is a stimulus level, or any
word or rating (`LabelSettings`); ``REST`` marks a rest recording, outside the trials. Optional columns: ``sex`` (``m``
or ``w``), ``age_years``; ``start_s`` and ``duration_s`` if a row is a part of longer files; they hold for video and
ECG, unless ``video_start_s`` or ``ecg_start_s`` says that a file began at another time; ``fps`` of a folder of frames;
and ``frame_times``, a text file that lists the time of each frame. A note names columns that are not read.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal, cast

from ecg_facial.datasets.readers.contract import FrameSettings, Reader
from ecg_facial.datasets.readers.naming import make_unique
from ecg_facial.datasets.readers.tables import open_rows, read_rows
from ecg_facial.datasets.records import Card, Entry, Scan
from ecg_facial.errors import CorruptDataError, DataError, MissingDataError
from ecg_facial.labels import REST_CODE
from ecg_facial.recording import EcgRef, Subject, VideoRef
from ecg_facial.runtime.listing import find_child
from ecg_facial.runtime.names import is_missing, name_key, unify_names
from ecg_facial.runtime.paths import PathFinder

MANIFEST_NAME = "manifest.csv"
LAYOUT = f"{MANIFEST_NAME} with the columns subject,trial,label,video,ecg,fs_hz"
CARD = Card(
    title="Recordings described by a table",
    source="the author of the table",
    access="on the terms of the recordings",
    needs=f"{MANIFEST_NAME}, and the videos and ECG tables that it names",
    layout=LAYOUT,
)
_SEXES = dict.fromkeys(("m", "male", "man"), "m") | dict.fromkeys(("w", "f", "female", "woman"), "w")
_NEEDED = ("subject", "trial", "label")
_STARTS = ("start_s", "video_start_s", "ecg_start_s")
_COLUMNS = (*_NEEDED, "video", "ecg", "fs_hz", *_STARTS, "duration_s", "fps", "frame_times", "sex", "age_years")
_OF_FEATURES = "or name the columns of a table of features: benchmark --features, --label, --subject"


def fits(root: Path) -> bool:
    """Tell whether a path is a manifest, or a folder with one."""
    return root.is_file() or find_child(root, MANIFEST_NAME).is_file()


def scan(root: Path, settings: FrameSettings, *, window_s: float) -> Scan:
    """Read the table.

    Raises
    ------
    MissingDataError
        When there is no manifest.
    CorruptDataError, DataError
        When the table, or a cell of it, is not what it should be.
    """
    path = root if root.is_file() else find_child(root, MANIFEST_NAME)
    if not path.is_file():
        raise MissingDataError(f"{path}: no such file; write a table with the columns subject,trial,label,video,ecg")
    table = open_rows(path, needed=_NEEDED, remedy=_OF_FEATURES)
    rows = []
    for number, row in read_rows(table):
        _refuse_words(row, f"{path}: row {number}")
        rows.append((number, _blank(row)))
    if not rows:
        raise MissingDataError(f"{path}: a header but no rows; write one row per trial")
    if not {"video", "ecg"} & rows[0][1].keys():
        raise CorruptDataError(f"{path}: no column video or ecg (found {', '.join(rows[0][1])}); add one")
    for number, row in rows:
        if not (row["subject"] and row["trial"]):
            raise CorruptDataError(f"{path}: row {number} has no subject or no trial; fill both cells")
    people = unify_names((row["subject"] for _, row in rows), what="subject", where=str(path), people=True)
    trials = unify_names((row["trial"] for _, row in rows), what="trial", where=str(path))
    rows = [
        (number, {**row, "subject": people.names[row["subject"]], "trial": trials.names[row["trial"]]})
        for number, row in rows
    ]
    subjects: dict[str, Subject] = {}
    for number, row in rows:
        _remember_subject(row, subjects, f"{path}: row {number}")
    ids = make_unique((row["subject"], row["trial"]) for _, row in rows)
    finder, entries = PathFinder(base=path.parent), []
    for number, row in rows:
        subject, trial = subjects[row["subject"]], ids[row["subject"], row["trial"]]
        video, ecg = _parse_signals(row, finder, f"{path}: row {number}", settings)
        entries.append(Entry(subject=subject, trial=trial, code=row["label"], origin=path, video=video, ecg=ecg))
    return Scan(
        base=path.parent,
        entries=tuple(entry for entry in entries if not _is_rest(entry)),
        problems=(),
        tables=(path,),
        expects_video=False,
        expects_ecg=False,
        rest=tuple(entry for entry in entries if _is_rest(entry)),
        notes=(*table.notes, *_name_unread(list(rows[0][1])), *people.notes, *trials.notes, *finder.notes),
    )


def _name_unread(columns: list[str]) -> tuple[str, ...]:
    """Say which columns hold nothing that is known here: one of them may be a known one in another spelling."""
    unread = [name for name in columns if name and name not in _COLUMNS]
    if not unread:
        return ()
    return (f"columns that are not read: {', '.join(unread)}; optional ones are {', '.join(_COLUMNS[3:])}",)


def _refuse_words(row: dict[str, str], where: str) -> None:
    """Refuse a person or trial whose name is a word for "missing": somebody may be called NA."""
    for name in ("subject", "trial"):
        if row[name] and is_missing(row[name]):
            raise CorruptDataError(
                f"{where}: {name} {row[name]!r} is a word for a missing name; fill it in, or spell it in another way"
            )


def _blank(row: dict[str, str]) -> dict[str, str]:
    """Empty the cells that hold a word for "missing"; what the label means is decided with all labels."""
    return {name: "" if name != "label" and is_missing(cell) else cell for name, cell in row.items()}


def _is_rest(entry: Entry) -> bool:
    return entry.code.upper() == REST_CODE


def _remember_subject(row: dict[str, str], known: dict[str, Subject], where: str) -> None:
    subject = _parse_subject(row, where)
    before = known.setdefault(subject.id, subject)
    if before != subject:
        raise CorruptDataError(f"{where} gives subject {subject.id} another sex or age than an earlier row; mend it")


def _parse_subject(row: dict[str, str], where: str) -> Subject:
    said, age = row.get("sex", ""), row.get("age_years", "")
    sex = _SEXES.get(name_key(said))
    if said and sex is None:
        raise CorruptDataError(f"{where} has sex {said!r}; expected m, w, or nothing")
    years = name_key(age)
    if age and not years.isdecimal():
        raise CorruptDataError(f"{where} has age_years {age!r}; expected whole years, or nothing")
    return Subject(
        id=row["subject"], sex=cast(Literal["m", "w"], sex) if sex else None, age_years=int(years) if age else None
    )


def _parse_signals(
    row: dict[str, str], finder: PathFinder, where: str, settings: FrameSettings
) -> tuple[VideoRef | None, EcgRef | None]:
    """Read the signals of a row; its numbers are checked even if no signal needs them."""
    fs_hz = _parse_number(row, "fs_hz", where, wanted="a positive sampling rate in Hz")
    start_s, video_start_s, ecg_start_s = (
        _parse_number(row, column, where, wanted="0 or more seconds", least=0.0) for column in _STARTS
    )
    duration_s = _parse_number(row, "duration_s", where, wanted="a positive number of seconds")
    fps = _parse_number(row, "fps", where, wanted="a positive number of frames per second") or settings.fps
    video, ecg, times = row.get("video"), row.get("ecg"), row.get("frame_times")
    return (
        VideoRef(
            path=finder.find(video).path,
            fps=fps,
            start_s=_first(video_start_s, start_s),
            duration_s=duration_s,
            frame_times=finder.find(times).path if times else None,
        )
        if video
        else None,
        EcgRef(path=finder.find(ecg).path, fs_hz=fs_hz, start_s=_first(ecg_start_s, start_s), duration_s=duration_s)
        if ecg
        else None,
    )


def _first(own_s: float | None, shared_s: float | None) -> float:
    """Give a signal's own start where it is said, else that of the row."""
    return own_s if own_s is not None else shared_s or 0.0


def _parse_number(
    row: dict[str, str], column: str, where: str, *, wanted: str, least: float | None = None
) -> float | None:
    """Read a number above 0, or of at least `least`; None for an empty cell."""
    text = row.get(column, "")
    try:
        # a cell with a decimal comma is quoted, or the separator is another one
        value = float(text.replace(",", ".")) if text else None
    except ValueError:
        value = math.nan
    if value is not None and not (math.isfinite(value) and (value > 0 if least is None else value >= least)):
        raise DataError(f"{where} has {column} {text}; expected {wanted}, or nothing")
    return value


READER = Reader(name="manifest", card=CARD, fits=fits, scan=scan, settings=FrameSettings)
