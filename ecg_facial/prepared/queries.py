"""Questions about prepared data: which trials have a face, heart beats, or a class of the task.

Input: prepared data. Output: rows, counts and class indices.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from ecg_facial.labels import REST_CODE, Task
from ecg_facial.prepared.contract import PreparedData

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
    wanted = set(subjects)
    table = prepared.table
    return [
        row
        for row, (subject, level) in enumerate(zip(table["subject"], table["level"], strict=True))
        if subject in wanted and task.includes_code(level)
    ]


def count_rest(prepared: PreparedData) -> int:
    """Count the rest recordings."""
    return int((prepared.table["level"] == REST_CODE).sum())


def rest_rows(prepared: PreparedData, subject: str) -> list[int]:
    """Rows of a person at rest, outside the trials."""
    mask = (prepared.table["subject"] == subject) & (prepared.table["level"] == REST_CODE)
    return [int(row) for row in np.flatnonzero(mask.to_numpy())]


def encode_labels(prepared: PreparedData, rows: Sequence[int], task: Task | None) -> list[int]:
    """Class index of each row; a level outside the task is an error. Without a task no level is read."""
    if task is None:
        return [NO_LABEL] * len(rows)
    levels = prepared.table["level"].to_numpy()
    return [task.encode(levels[row]) for row in rows]
