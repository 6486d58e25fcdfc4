"""What cannot be done with some data, said before the first fold.

Input: the folds of a run and its data. Output: nothing, or one line that names the fold, what it lacks, and the remedy.
A fold that fails after hours of others would be too late to say so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.benchmark.fold_running import rows_of_part
from ecg_facial.evaluation.protocols.fold_manifest import FoldPlan
from ecg_facial.evaluation.protocols.folds import Fold
from ecg_facial.labels import Task
from ecg_facial.prepared.contract import PreparedData
from ecg_facial.prepared.queries import has_beats, rows_of, sees_face
from ecg_facial.runtime.typing import BoolArray

_SIGNALS: tuple[tuple[str, str, Callable[[PreparedData, int], bool]], ...] = (
    ("a face", "videos", sees_face),
    ("a heart beat", "ECGs", has_beats),
)
_SHOWN = 3


def check_folds(prepared: PreparedData, plan: FoldPlan, task: Task, *, of_signals: bool) -> None:
    """Check that every fold can be fitted.

    Parameters
    ----------
    prepared : PreparedData
    plan : FoldPlan
    task : Task
    of_signals : bool
        Whether the models of the face and of the ECG are fitted, so that each needs trials of its own in every fold.

    Raises
    ------
    SettingsError
        When all trials are of one class, or a fold has one class alone to train on, or no trial with a signal that
        other folds have.
    """
    levels = prepared.table["level"].astype(str).to_numpy()
    rows = rows_of(prepared, set(prepared.table["subject"]), task)
    classes = sorted(set(levels[rows]))
    if len(classes) < 2:
        raise SettingsError(
            f"all {len(rows)} trials are of class {classes[0] if classes else 'none'}: nothing to tell apart; expected "
            f"two classes or more of {', '.join(task.class_names)}"
        )
    seen = _find_signals(prepared, rows) if of_signals else {}
    for folds in plan.folds.values():
        for fold in folds:
            _check_fold(prepared, fold, task, levels, seen)


def _find_signals(prepared: PreparedData, rows: Sequence[int]) -> dict[str, tuple[str, BoolArray]]:
    """Which rows have a signal, by its name, of those signals that there are."""
    found = {}
    for name, files, there in _SIGNALS:
        mask = np.zeros(len(prepared.table), bool)
        mask[list(rows)] = [there(prepared, row) for row in rows]
        if mask.any():
            found[name] = files, mask
    return found


def _check_fold(
    prepared: PreparedData,
    fold: Fold,
    task: Task,
    levels: np.ndarray[tuple[int], np.dtype[np.object_]],
    seen: dict[str, tuple[str, BoolArray]],
) -> None:
    tested = ", ".join((*fold.test.subjects, *fold.test.trials)[:_SHOWN])
    train = rows_of_part(prepared, fold, fold.train, task=task)
    classes = sorted({str(levels[row]) for row in train})
    if len(classes) < 2:
        raise SettingsError(
            f"the fold that tests {tested} has one class alone to train on ({', '.join(classes) or 'none'}): people "
            "need trials of two classes or more; add some, or take another protocol"
        )
    for name, (files, there) in seen.items():
        if not there[train].any():
            people = sorted(set(prepared.table["subject"].to_numpy()[there]))
            raise SettingsError(
                f"the fold that tests {tested} has no trial with {name} to train on: {len(people)} of "
                f"{prepared.table['subject'].nunique()} subjects have any ({', '.join(people[:_SHOWN])}); leave the "
                f"{files} out, or judge these subjects alone"
            )
