"""Questions about prepared data: which trials have a face, heart beats, or a class of the task.

Input: prepared data. Output: rows, counts and class indices.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from ecg_facial.labels import REST_CODE, Task
from ecg_facial.prepared.contract import PreparedData

_QUALITIES = (("face", "has_video"), ("ecg", "has_ecg"))
# Label of trials whose level must not be read. Cross-entropy refuses it, so that it can never be trained on.
NO_LABEL = -1


def sees_face(prepared: PreparedData, row: int) -> bool:
    """Whether any frame of a trial shows the face."""
    return prepared[row].n_faces > 0


def has_beats(prepared: PreparedData, row: int) -> bool:
    """Whether a trial has any heart-rate token."""
    return prepared[row].n_tokens > 0


def rows_of(prepared: PreparedData, subjects: Collection[str], task: Task) -> list[int]:
    """Rows of some subjects' trials whose level is a class of the task."""
    # as arrays: walking over pandas' strings takes a hundred times as long, which a table of 8,700 trials feels
    names, levels = (prepared.table[column].to_numpy() for column in ("subject", "level"))
    wanted, included = set(subjects), {level for level in set(levels) if task.includes_code(level)}
    return [row for row in range(len(names)) if names[row] in wanted and levels[row] in included]


def count_rest(prepared: PreparedData) -> int:
    """Count the rest recordings."""
    return int((prepared.table["level"] == REST_CODE).sum())


def rest_rows(prepared: PreparedData, subject: str) -> list[int]:
    """Rows of a person at rest, outside the trials."""
    mask = (prepared.table["subject"] == subject) & (prepared.table["level"] == REST_CODE)
    return [int(row) for row in np.flatnonzero(mask.to_numpy())]


def describe_losses(prepared: PreparedData) -> str | None:
    """Say in one line how many trials lost something, or rest on an assumption, and which is the worst.

    Worst is a signal that is absent, then what cannot be read, then the lowest quality. None where nothing was lost.
    """
    table = prepared.table
    if "problem" not in table:
        return None
    lost = table[table["problem"].fillna("") != ""]
    if lost.empty:
        return None

    def rank(row: Any) -> tuple[bool, bool, float]:
        text = row["problem"]
        qualities = [row[f"{name}_quality"] for name, there in _QUALITIES if row[there]]
        return " absent: " not in text, " cannot be " not in text, min(qualities, default=0.0)

    worst = min((row for _, row in lost.iterrows()), key=rank)
    return (
        f"{len(lost)} of {len(table)} recordings lost something or rest on an assumption, see their column 'problem'; "
        f"the worst is {worst['trial']} of {worst['subject']}: {worst['problem']}"
    )


def encode_labels(prepared: PreparedData, rows: Sequence[int], task: Task | None) -> list[int]:
    """Class index of each row; a level outside the task is an error. Without a task no level is read."""
    if task is None:
        return [NO_LABEL] * len(rows)
    levels = prepared.table["level"].to_numpy()
    return [task.encode(levels[row]) for row in rows]
