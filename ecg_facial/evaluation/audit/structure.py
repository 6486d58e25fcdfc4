"""Who is on which side of a fold: subjects, trials, stretches of recordings, and copies of clips.

Input: prepared data and folds. Output: checks, all deterministic.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np

from ecg_facial.evaluation.audit.duplicates import find_duplicates
from ecg_facial.evaluation.benchmark.fold_running import rows_of_part, test_rows
from ecg_facial.evaluation.judging.schema import Check
from ecg_facial.evaluation.protocols.folds import Fold
from ecg_facial.labels import Task
from ecg_facial.prepared.contract import PreparedData
from ecg_facial.recording import EcgRef, Trial, VideoRef

_INNER = ("train", "stopping", "calibration", "conformal")
_SHOWN = 3


def check_structure(prepared: PreparedData, folds: Sequence[Fold], *, task: Task, shots: bool = False) -> list[Check]:
    """Check that nobody and no trial is on two sides of a fold.

    Parameters
    ----------
    prepared : PreparedData
    folds : sequence of Fold
    task : Task
    shots : bool
        Whether the protocol lets trials of the test person train (k-shot): then single trials are compared alone.
    """
    subjects = prepared.table["subject"].astype(str).to_numpy()
    shared: list[str] = []
    for fold in folds:
        parts = _list_parts(prepared, fold, task)
        for (first, mine), (second, theirs) in combinations(parts.items(), 2):
            if shots and "test" in (first, second):
                both = [str(prepared.table["trial"].iloc[row]) for row in sorted(set(mine) & set(theirs))]
            else:
                both = sorted({subjects[row] for row in mine} & {subjects[row] for row in theirs})
            shared += [f"fold {fold.index}: {name} in {first} and {second}" for name in both]
    what = "trial" if shots else "subject"
    return [
        Check(
            name=f"no {what} on both sides",
            kind="deterministic",
            passed=not shared,
            message=_list_findings(shared) or f"{len(folds)} folds: every {what} is on one side",
            leak=1,
        )
    ]


def check_copies(
    prepared: PreparedData, folds: Sequence[Fold], *, task: Task, trials: Iterable[Trial] = ()
) -> list[Check]:
    """Check that no stretch of a recording, and no copy of a clip or an ECG, is on both sides of a fold.

    Parameters
    ----------
    prepared : PreparedData
    folds : sequence of Fold
    task : Task
    trials : iterable of Trial
        The indexed trials, by which files and stretches are known; without them stretches are not compared.
    """
    sides = [_sides(prepared, fold, task) for fold in folds]
    used = sorted({row for side in sides for rows in side for row in rows})
    # where no subject is on two sides, trials of one subject need not be compared with each other
    subjects = prepared.table["subject"].astype(str).to_numpy()
    whole = all(not {subjects[row] for row in test} & {subjects[row] for row in inner} for test, inner in sides)
    pairs = find_duplicates(prepared, used, groups=list(subjects) if whole else None)
    copies = [pair for pair in pairs if _is_split(pair, sides)]
    names = prepared.table["trial"].astype(str).to_numpy()
    found = [f"{names[a]} and {names[b]}" for a, b in copies]
    alike = "have the same features" if prepared.modalities else "look or beat alike"
    checks = [
        Check(
            name="no copy of a trial on both sides",
            kind="deterministic",
            passed=not found,
            message=_list_findings(found) or f"{len(used)} trials: no two on different sides {alike}",
            leak=9,
        )
    ]
    stretches = {trial.id: trial for trial in trials}
    if not stretches:
        return [
            *checks,
            Check(
                name="no overlapping windows on both sides",
                kind="deterministic",
                passed=None,
                message="files of the trials are not at hand",
            ),
        ]
    overlapping = [pair for pair in _find_overlaps(prepared, used, stretches) if _is_split(pair, sides)]
    found = [f"{names[a]} and {names[b]}" for a, b in overlapping]
    message = _list_findings(found) or f"{len(used)} trials: no two on different sides share a stretch of a file"
    return [
        *checks,
        Check(
            name="no overlapping windows on both sides", kind="deterministic", passed=not found, message=message, leak=9
        ),
    ]


def _list_parts(prepared: PreparedData, fold: Fold, task: Task) -> Mapping[str, list[int]]:
    """Rows of each part of a fold, by name."""
    inner = {name: rows_of_part(prepared, fold, getattr(fold, name), task=task) for name in _INNER}
    # cross-fitted conformal scores are out-of-fold predictions of all inner subjects, which overlap with training
    if fold.crossfit:
        inner.pop("conformal")
    return {"test": test_rows(prepared, fold, task=task), **inner}


def _sides(prepared: PreparedData, fold: Fold, task: Task) -> tuple[set[int], set[int]]:
    """Rows that are tested, and rows that any inner part uses."""
    parts = dict(_list_parts(prepared, fold, task))
    test = set(parts.pop("test"))
    held = {row for each in fold.crossfit for row in rows_of_part(prepared, fold, each.held_out, task=task)}
    return test, {row for rows in parts.values() for row in rows} | held


def _is_split(pair: tuple[int, int], sides: Sequence[tuple[set[int], set[int]]]) -> bool:
    """Whether some fold has the two on different sides."""
    first, second = pair
    return any((first in test and second in inner) or (second in test and first in inner) for test, inner in sides)


def _find_overlaps(prepared: PreparedData, rows: Sequence[int], trials: Mapping[str, Trial]) -> list[tuple[int, int]]:
    """Pairs of rows whose stretches of one file overlap."""
    by_file: dict[str, list[tuple[float, float, int]]] = {}
    for row in rows:
        trial = trials.get(str(prepared.table["trial"].iloc[row]))
        for ref in (trial.video, trial.ecg) if trial else ():
            if ref is not None:
                by_file.setdefault(str(ref.path), []).append((*_stretch(ref), row))
    pairs: set[tuple[int, int]] = set()
    for spans in by_file.values():
        spans.sort()
        for place, (_, end_s, row) in enumerate(spans):
            for begin_s, _, other in spans[place + 1 :]:
                if begin_s >= end_s - 1e-6:
                    break
                if other != row:
                    pairs.add((min(row, other), max(row, other)))
    return sorted(pairs)


def _stretch(ref: EcgRef | VideoRef) -> tuple[float, float]:
    """Start and end in seconds; a whole file has no end."""
    return ref.start_s, np.inf if ref.duration_s is None else ref.start_s + ref.duration_s


def _list_findings(found: Sequence[str]) -> str:
    """Name the first findings and count the rest; empty where nothing was found."""
    if not found:
        return ""
    more = f", and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return "; ".join(found[:_SHOWN]) + more
