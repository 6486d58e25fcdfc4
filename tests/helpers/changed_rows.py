"""Prepared data in memory with other signals in some rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from ecg_facial.prepared.memory import MemoryData
from ecg_facial.windows.window import Window


def change_rows(data: MemoryData, rows: Iterable[int], **functions: Callable[[Any], Any]) -> MemoryData:
    """Apply a function to each named field of the windows of some rows."""

    def change(window: Window) -> Window:
        return replace(window, **{name: function(getattr(window, name)) for name, function in functions.items()})

    return data.with_windows({row: change(data[row]) for row in rows})


def copy_clip(data: MemoryData, source: int, target: int) -> MemoryData:
    """Make one row's crops a copy of another's, made brighter; both show the face in all frames."""
    data = change_rows(data, [source, target], frame_mask=np.ones_like)
    brighter = np.clip(data[source].crops.astype(int) + 5, 0, 255).astype(np.uint8)
    return change_rows(data, [target], crops=lambda _: brighter)
