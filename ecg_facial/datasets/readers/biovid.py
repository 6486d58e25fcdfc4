"""BioVid Heat Pain Database, Part A.

Input: the folder that holds ``PartA``, or ``PartA`` itself. Output: one entry per file and per row of ``samples.csv``,
and rest recordings from the folders beside ``PartA``. No signal of a trial is opened. The database is available by
agreement with its authors; no part of it is in this package.

::

    PartA/biosignals_filtered/<subject>/<sample>_bio.csv     (also biosignals_raw/)
    PartA/video/<subject>/<sample>.mp4
    PartA/starting_point/samples.csv                          optional
    rest/...                                                  optional: rest clips, in PartA's folders
    PartC/...                                                 optional: whole sessions, see `sessions`
    subject = 071309_w_21      sample = 071309_w_21-BL1-081, at rest 071309_w_21-REST-001

References
----------
.. [1] Walter et al., "The BioVid Heat Pain Database", IEEE CYBCO 2013.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, cast, get_args

from ecg_facial.datasets.readers.contract import Reader
from ecg_facial.datasets.readers.folders import VIDEO_SUFFIXES, find_folder, name_left_out
from ecg_facial.datasets.readers.sessions import SESSION_PART, list_session_rest
from ecg_facial.datasets.readers.tables import open_rows, read_rows
from ecg_facial.datasets.records import Card, Entry, Problem, Scan
from ecg_facial.errors import CorruptDataError, MissingDataError, SettingsError
from ecg_facial.labels import REST_CODE
from ecg_facial.recording import EcgRef, Subject, VideoRef
from ecg_facial.runtime.listing import find_child, fold_name, list_files, list_folders
from ecg_facial.runtime.names import name_key, same_name
from ecg_facial.runtime.settings import strict_settings

Signals = Literal["filtered", "raw"]
People = Literal["all", "reactive"]
SIGNAL_FOLDERS = {"filtered": "biosignals_filtered", "raw": "biosignals_raw"}
LAYOUT = "PartA/video/<subject>/*.mp4 or PartA/biosignals_filtered/<subject>/*_bio.csv"
CARD = Card(
    title="BioVid Heat Pain Database, Part A",
    source="Walter et al., The BioVid Heat Pain Database, IEEE CYBCO 2013",
    access="by agreement with its makers, for research; may not be passed on",
    needs="videos, biosignals (filtered or raw) or both; samples.csv, rest clips and Part C where they are there",
    layout=LAYOUT,
)
# Subjects without a visible reaction, whom some papers leave out: 67 of 87 remain. Most of them are older people.
UNREACTIVE = frozenset(
    {
        *("082315_w_60", "082414_m_64", "082909_m_47", "083009_w_42", "083013_w_47", "083109_m_60", "083114_w_55"),
        *("091914_m_46", "092009_m_54", "092014_m_56", "092509_w_51", "092714_m_64", "100514_w_51", "100914_m_39"),
        *("101114_w_37", "101209_w_61", "101809_m_59", "101916_m_40", "111313_m_64", "120614_w_61"),
    }
)
_REST_FOLDER, _SHOWN = "rest", 5
_PART, _VIDEO, _SAMPLES = "PartA", "video", Path("starting_point") / "samples.csv"
_BIOSIGNAL_SUFFIXES = frozenset({".csv", ".tsv"})
_BIOSIGNAL_ENDING = re.compile(r"_bio$", re.IGNORECASE)
_SUBJECT = re.compile(r"[^_]+_(?P<sex>[mw])_(?P<age>\d{1,3})", re.IGNORECASE)
_SAMPLE = re.compile(r"(?P<subject>.+)-(?P<code>[^-]+)-\d+")


@strict_settings
@dataclass(frozen=True, kw_only=True)
class BiovidSettings:
    """Which part of BioVid is read.

    Attributes
    ----------
    signals : {"filtered", "raw"}
        Biosignals of BioVid.
    subjects : {"all", "reactive"}
        People of BioVid: all 87, or the 67 with a visible reaction.

    Raises
    ------
    SettingsError
        For another value.
    """

    signals: Signals = "filtered"
    subjects: People = "all"

    def __post_init__(self) -> None:
        for name, value, allowed in (("signals", self.signals, Signals), ("subjects", self.subjects, People)):
            if value not in get_args(allowed):
                raise SettingsError(f"{name} is {value!r}: expected {' or '.join(get_args(allowed))}")


def fits(root: Path) -> bool:
    """Tell whether a folder looks like this data set."""
    part = _find_part(root)
    return any(find_child(part, name).is_dir() for name in (_VIDEO, *SIGNAL_FOLDERS.values()))


def parse_subject(name: str) -> Subject:
    """Read sex and age from a name; both are None if the name has another form.

    Examples
    --------
    >>> parse_subject("071309_w_21")
    Subject(id='071309_w_21', sex='w', age_years=21)
    """
    match = _SUBJECT.fullmatch(name)
    if match is None:
        return Subject(id=name)
    return Subject(id=name, sex=cast(Literal["m", "w"], match["sex"].lower()), age_years=int(match["age"]))


def scan(root: Path, settings: BiovidSettings, *, window_s: float) -> Scan:
    """List the trials and rest recordings.

    Parameters
    ----------
    root : Path
        The folder that holds ``PartA``, or ``PartA`` itself.
    settings : BiovidSettings
    window_s : float
        Length in seconds of the rest that is cut out of sessions.

    Raises
    ------
    MissingDataError
        Without videos and without the wanted biosignals.
    CorruptDataError
        When ``samples.csv``, or the labels of Part C, is not the table it should be.
    """
    part = _find_part(root)
    videos, biosignals = find_folder(part, _VIDEO), find_folder(part, SIGNAL_FOLDERS[settings.signals])
    there = {folder: folder.is_dir() for folder in (videos, biosignals)}
    if not any(there.values()):
        raise MissingDataError(f"{part}: neither {_VIDEO} nor {SIGNAL_FOLDERS[settings.signals]}; expected {LAYOUT}")
    problems = [
        Problem(
            kind="missing",
            subject="",
            trial="",
            path=folder,
            message=f"no folder {folder.name}: no trial has that signal{_hint(folder, part)}",
        )
        for folder, is_there in there.items()
        if not is_there
    ]
    home = part.parent if fold_name(part.name) == fold_name(_PART) else part
    entries, odd = _sort_out([*_list_videos(videos), *_list_biosignals(biosignals)])
    rest, odd_rest = _sort_out(_list_rest(home, settings.signals, window_s))
    problems += odd + odd_rest
    samples = find_child(find_child(part, _SAMPLES.parent.name), _SAMPLES.name)
    tables = (samples,) if samples.is_file() else ()
    if tables:
        listed = list(_read_samples(samples))
        entries, unlisted = _keep_listed(entries, {entry.trial for entry in listed}, samples)
        entries, problems = listed + entries, problems + unlisted
    found = Scan(
        base=part,
        entries=tuple(entries),
        problems=tuple(problems),
        tables=tables,
        expects_video=there[videos],
        expects_ecg=there[biosignals],
        rest=tuple(rest),
        rest_base=home,
        notes=(*_note_others(videos, VIDEO_SUFFIXES), *_note_others(biosignals, _BIOSIGNAL_SUFFIXES)),
    )
    return found if settings.subjects == "all" else _keep_reactive(found)


def _keep_reactive(scan: Scan) -> Scan:
    """Leave out the people without a visible reaction, and their problems."""
    entries, rest = (
        tuple(entry for entry in part if name_key(entry.subject.id) not in UNREACTIVE)
        for part in (scan.entries, scan.rest)
    )
    problems = tuple(problem for problem in scan.problems if name_key(problem.subject) not in UNREACTIVE)
    return replace(scan, entries=entries, problems=problems, rest=rest)


def _sort_out(items: Iterable[Entry | Problem]) -> tuple[list[Entry], list[Problem]]:
    items = list(items)
    return [item for item in items if isinstance(item, Entry)], [item for item in items if isinstance(item, Problem)]


def _list_rest(home: Path, signals: str, window_s: float) -> Iterator[Entry | Problem]:
    """List rest clips, then rest windows of sessions that are not among the clips."""
    folder = find_folder(home, _REST_FOLDER)
    videos, biosignals = find_folder(folder, _VIDEO), find_folder(folder, SIGNAL_FOLDERS[signals])
    items = [*_list_videos(videos), *_list_biosignals(biosignals)]
    for item in items:
        if isinstance(item, Entry) and item.code.upper() != REST_CODE:
            message = f"level {item.code} in the folder of rest clips: expected {REST_CODE}"
            yield Problem(
                kind="unknown_label", subject=item.subject.id, trial=item.trial, path=item.origin, message=message
            )
        else:
            yield item
    clips = {item.trial for item in items}
    yield from list_session_rest(
        find_folder(home, SESSION_PART), window_s=window_s, clips=clips, parse_subject=parse_subject
    )


def _find_part(root: Path) -> Path:
    part = find_folder(root, _PART)
    return part if part.is_dir() else root


def _hint(folder: Path, part: Path) -> str:
    others = {name: path for name, path in SIGNAL_FOLDERS.items() if find_child(part, path).is_dir()}
    if folder.name == _VIDEO or not others:
        return ""
    name, path = next(iter(others.items()))
    return f" ({path} is there: signals={name!r})"


def _list_videos(folder: Path) -> Iterator[Entry | Problem]:
    for path in _list_files(folder, VIDEO_SUFFIXES):
        yield path if isinstance(path, Problem) else _make_entry(path, path.stem, video=VideoRef(path=path))


def _list_biosignals(folder: Path) -> Iterator[Entry | Problem]:
    for path in _list_files(folder, _BIOSIGNAL_SUFFIXES):
        if isinstance(path, Problem):
            yield path
        else:
            yield _make_entry(path, _BIOSIGNAL_ENDING.sub("", path.stem), ecg=EcgRef(path=path))


def _list_files(folder: Path, endings: Collection[str]) -> Iterator[Path | Problem]:
    """List files one level down, and copies as problems."""
    yield from name_left_out(folder)
    for subfolder in list_folders(folder):
        yield from name_left_out(subfolder, endings)
        yield from list_files(subfolder, endings)


def _note_others(folder: Path, endings: Collection[str]) -> Iterator[str]:
    """Say what else is in the folders of people: clips of another ending, or taken apart into frames."""
    others: Counter[str] = Counter()
    n_folders = 0
    for subfolder in list_folders(folder):
        others.update(path.suffix.lower() for path in list_files(subfolder) if path.suffix.lower() not in endings)
        n_folders += len(list_folders(subfolder))
    if others:
        listed = ", ".join(f"{n} {ending or 'without an ending'}" for ending, n in others.most_common(_SHOWN))
        yield f"{folder.name}: files of other endings are not read ({listed}); read are {', '.join(sorted(endings))}"
    if n_folders:
        yield f"{folder.name}: {n_folders} folders within those of people are not read; name them in a manifest"


def _make_entry(
    path: Path, sample: str, *, video: VideoRef | None = None, ecg: EcgRef | None = None
) -> Entry | Problem:
    match, folder = _SAMPLE.fullmatch(sample), path.parent.name
    if match is None:
        message = f"no level in the name {path.name!r}: expected such as 071309_w_21-BL1-081"
        return Problem(kind="unknown_label", subject=folder, trial=sample, path=path, message=message)
    if not same_name(match["subject"], folder):
        message = f"named after subject {match['subject']!r}, but in the folder of {folder!r}"
        return Problem(kind="unknown_label", subject=folder, trial=sample, path=path, message=message)
    return Entry(subject=parse_subject(folder), trial=sample, code=match["code"], origin=path, video=video, ecg=ecg)


def _read_samples(path: Path) -> Iterator[Entry]:
    """Read the table by its column names; the level is the class name, or the class id if there is no name."""
    table = open_rows(path, needed=("sample_name",), remedy="or remove it: file names are used then")
    for number, row in read_rows(table):
        sample, match = row["sample_name"], _SAMPLE.fullmatch(row["sample_name"])
        code = row.get("class_name") or name_key(row.get("class_id", ""))
        subject = row.get("subject_name") or (match["subject"] if match else "")
        if not (sample and subject):
            raise CorruptDataError(f"{path}: row {number} names no sample and subject; mend or remove that row")
        yield Entry(subject=parse_subject(subject), trial=sample, code=code, origin=path)


def _keep_listed(entries: list[Entry], listed: set[str], samples: Path) -> tuple[list[Entry], list[Problem]]:
    known = {name_key(trial) for trial in listed}
    kept = [entry for entry in entries if name_key(entry.trial) in known]
    message = f"not listed in {samples.name}"
    problems = [
        Problem(kind="unknown_label", subject=entry.subject.id, trial=entry.trial, path=entry.origin, message=message)
        for entry in entries
        if name_key(entry.trial) not in known
    ]
    return kept, problems


READER = Reader(name="biovid", card=CARD, fits=fits, scan=scan, settings=BiovidSettings)
