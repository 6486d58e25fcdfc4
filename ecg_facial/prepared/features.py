"""Features of all crops by a frozen network, computed once and kept on disk.

Input: prepared data and a frozen network. Output: features (n_frames, n_features) by row, zeros where no face was seen.
They are written in parts, each complete or absent, so that a killed run continues where it stopped. The network itself
is not known here: see `nets.features`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ecg_facial.prepared.contract import FrameEncoder, PreparedData
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.storage import atomic_path
from ecg_facial.runtime.typing import Float32Array
from ecg_facial.windows.window import Window

# A killed run loses at most 16 clips of work per worker; the 8,700 clips of BioVid make 544 files.
ROWS_PER_PART = 16


class StoredFeatures:
    """Features by row, memory-mapped: ``features(row)`` has shape (n_frames, n_features).

    Parameters
    ----------
    folder : Path
        Where `compute_features` wrote them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts: dict[int, Float32Array] = {}

    def __getstate__(self) -> dict[str, Any]:
        # a mapped array would be pickled with all its bytes
        return {**self.__dict__, "_parts": {}}

    def __call__(self, row: int) -> Float32Array:
        """Features of a row, shape (n_frames, n_features)."""
        number, place = divmod(row, ROWS_PER_PART)
        if number not in self._parts:
            self._parts[number] = np.load(_part_path(self._folder, number), mmap_mode="r")
        return np.asarray(self._parts[number][place])


def compute_features(
    data: PreparedData,
    folder: Path,
    *,
    load: Callable[[], FrameEncoder],
    executor: Executor = SERIAL,
    show_progress: bool = False,
) -> StoredFeatures:
    """Compute what is missing in `folder` and open it.

    Parameters
    ----------
    data : PreparedData
    folder : Path
        Named by the caller after the crops and the network's weights, so that a stale file is never used.
    load : callable
        Loads the network; called only when something is missing. Picklable, for workers in other processes.
    executor : Executor
        Two workers of one thread each are faster than one of two threads, also on a busy machine.
    show_progress : bool

    Returns
    -------
    StoredFeatures
    """
    n_parts = -(-len(data) // ROWS_PER_PART)
    missing = [number for number in range(n_parts) if not _part_path(folder, number).is_file()]
    start = partial(_open_workshop, data, folder, load)
    label = "Computing features" if show_progress else None
    for _ in executor.map(_write_part, missing, start=start, ordered=False, label=label):
        pass
    return StoredFeatures(folder)


def encode_window(window: Window, encoder: FrameEncoder) -> Float32Array:
    """Features (n_frames, n_features) of a window's crops; zeros where no face was seen."""
    mask = window.frame_mask
    features = np.zeros((len(mask), encoder.n_features), np.float32)
    if mask.any():
        features[mask] = encoder(window.crops[mask])
    return features


@dataclass(frozen=True, eq=False, kw_only=True)
class _Workshop:
    """State of a worker: the network, loaded once."""

    data: PreparedData
    folder: Path
    encoder: FrameEncoder


def _open_workshop(data: PreparedData, folder: Path, load: Callable[[], FrameEncoder]) -> _Workshop:
    return _Workshop(data=data, folder=folder, encoder=load())


def _write_part(workshop: _Workshop, number: int) -> int:
    data = workshop.data
    rows = range(number * ROWS_PER_PART, min((number + 1) * ROWS_PER_PART, len(data)))
    with atomic_path(_part_path(workshop.folder, number)) as temporary:
        np.save(temporary, np.stack([encode_window(data[row], workshop.encoder) for row in rows]))
    return number


def _part_path(folder: Path, number: int) -> Path:
    return folder / f"part-{number:05d}.npy"
