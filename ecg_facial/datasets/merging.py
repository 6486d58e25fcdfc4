"""Pair entries to trials and rest recordings: by id, never by position in a listing.

Input: the entries of a reader. Output: trials, rest recordings, and problems. A trial of unknown level, or with
conflicting levels or subjects, is left out and listed. Two files for one signal of a trial are an error, because either
may be the wrong one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from ecg_facial.datasets.labelling import Labelling
from ecg_facial.datasets.records import Entry, Problem, Scan
from ecg_facial.errors import AmbiguousDataError, UnknownLabelError
from ecg_facial.recording import EcgRef, RestRecording, Trial, VideoRef

Duplicates = Literal["raise", "list"]


def merge(scan: Scan, *, labelling: Labelling, duplicates: Duplicates) -> tuple[list[Trial], list[Problem]]:
    """Group entries by trial id.

    Parameters
    ----------
    scan : Scan
    labelling : Labelling
        Which class each label is.
    duplicates : {"raise", "list"}
        Two files for one signal of a trial are an error, or a problem by which the trial loses that signal.

    Returns
    -------
    trials : list of Trial
    problems : list of Problem
        Those of the scan first.

    Raises
    ------
    AmbiguousDataError
        For two files of the same signal of the same trial.
    """
    groups, doubled = _group(scan.entries, duplicates)
    trials, problems = [], [*scan.problems, *doubled]
    for group in groups:
        trial, found = _merge_group(group, scan, labelling)
        problems += found
        if trial is not None:
            trials.append(trial)
    return trials, problems


def merge_rest(scan: Scan, *, duplicates: Duplicates) -> tuple[list[RestRecording], list[Problem]]:
    """Group the entries of rest recordings by id, as `merge` does for trials.

    Returns
    -------
    rest : list of RestRecording
    problems : list of Problem

    Raises
    ------
    AmbiguousDataError
        For two files of the same signal, or an id that a trial has too.
    """
    groups, problems = _group(scan.rest, duplicates)
    shared = {entry.trial for entry in scan.rest} & {entry.trial for entry in scan.entries}
    if shared:
        raise AmbiguousDataError(f"{min(shared)} is both a trial and a rest recording; rename one of them")
    rest = []
    for group in groups:
        conflict = _find_subject_conflict(group)
        video, ecg = _pair(group)
        if conflict is not None:
            problems.append(conflict)
        elif video is not None or ecg is not None:
            rest.append(RestRecording(subject=group[0].subject, id=group[0].trial, video=video, ecg=ecg))
    return rest, problems


def _group(entries: Iterable[Entry], duplicates: Duplicates) -> tuple[list[list[Entry]], list[Problem]]:
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.trial, []).append(entry)
    doubled = [problem for group in groups.values() for problem in _find_duplicates(group)]
    if doubled and duplicates == "raise":
        more = f" (and {len(doubled) - 1} more)" if len(doubled) > 1 else ""
        raise AmbiguousDataError(f"trial {doubled[0].trial}: {doubled[0].message}; keep one of them{more}")
    return list(groups.values()), doubled


def _find_duplicates(group: Sequence[Entry]) -> Iterator[Problem]:
    for name, paths in (("videos", _video_paths(group)), ("ECGs", _ecg_paths(group))):
        if len(paths) > 1:
            listed = " and ".join(map(str, paths))
            yield Problem(
                kind="duplicate",
                subject=group[0].subject.id,
                trial=group[0].trial,
                path=paths[0],
                message=f"{len(paths)} {name}: {listed}",
            )


def _video_paths(group: Sequence[Entry]) -> list[Path]:
    return [entry.video.path for entry in group if entry.video is not None]


def _ecg_paths(group: Sequence[Entry]) -> list[Path]:
    return [entry.ecg.path for entry in group if entry.ecg is not None]


def _merge_group(group: Sequence[Entry], scan: Scan, labelling: Labelling) -> tuple[Trial | None, list[Problem]]:
    first = group[0]
    code = _find_code(group, labelling)
    if isinstance(code, Problem):
        return None, [code]
    videos, ecgs = _video_paths(group), _ecg_paths(group)
    problems = []
    if not videos and scan.expects_video:
        problems.append(
            Problem(kind="missing", subject=first.subject.id, trial=first.trial, path=first.origin, message="no video")
        )
    if not ecgs and scan.expects_ecg:
        problems.append(
            Problem(kind="missing", subject=first.subject.id, trial=first.trial, path=first.origin, message="no ECG")
        )
    video, ecg = _pair(group)
    if video is None and ecg is None:
        if not (problems or videos or ecgs):
            problems.append(
                Problem(
                    kind="missing",
                    subject=first.subject.id,
                    trial=first.trial,
                    path=first.origin,
                    message="neither video nor ECG",
                )
            )
        return None, problems
    return Trial(subject=first.subject, id=first.trial, code=code, video=video, ecg=ecg), problems


def _pair(group: Sequence[Entry]) -> tuple[VideoRef | None, EcgRef | None]:
    """Give the signals of a group; of two files for one signal neither is taken."""
    videos = [entry.video for entry in group if entry.video is not None]
    ecgs = [entry.ecg for entry in group if entry.ecg is not None]
    return (videos[0] if len(videos) == 1 else None), (ecgs[0] if len(ecgs) == 1 else None)


def _find_code(group: Sequence[Entry], labelling: Labelling) -> str | Problem:
    """Give the level or class that all entries state, or the problem for which the trial is left out."""
    first = group[0]
    codes: dict[str, Entry] = {}
    for entry in group:
        try:
            codes.setdefault(labelling.find(entry.code), entry)
        except UnknownLabelError as error:
            return Problem(
                kind="unknown_label", subject=first.subject.id, trial=first.trial, path=entry.origin, message=str(error)
            )
    conflict = _find_subject_conflict(group)
    if conflict is not None:
        return conflict
    if len(codes) > 1:
        message = "; ".join(f"{code} in {entry.origin}" for code, entry in codes.items())
        return Problem(
            kind="unknown_label",
            subject=first.subject.id,
            trial=first.trial,
            path=first.origin,
            message=f"levels disagree: {message}",
        )
    return next(iter(codes))


def _find_subject_conflict(group: Sequence[Entry]) -> Problem | None:
    """Find entries that state different subjects for one recording."""
    first = group[0]
    other = next((entry for entry in group if entry.subject.id != first.subject.id), None)
    if other is None:
        return None
    message = f"subject {first.subject.id} in {first.origin}, but {other.subject.id} in {other.origin}"
    return Problem(
        kind="unknown_label", subject=first.subject.id, trial=first.trial, path=other.origin, message=message
    )
