"""Features of all crops by a frozen ResNet18, computed once and kept on disk.

Enters: crops. Leaves: (n_frames, 512) a clip. Written in parts, each whole or not at all, so that a killed run goes on
where it was; keyed by the weights' SHA-256 beside the crops that they are of, so that a stale file is never used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from ecg_facial.face.pixels import normalise_crops
from ecg_facial.nets.resnet import N_FEATURES, ResNet18
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.storage import atomic_path
from ecg_facial.runtime.typing import BoolArray, Float32Array, UInt8Array

CLIPS_A_PART = 16
_IMAGES_A_BATCH = 32


class Clips(Protocol):
    """What is needed of prepared data: crops and masks by row."""

    def __len__(self) -> int: ...

    def crops(self, row: int, /) -> UInt8Array:
        """(n_frames, height, width, 3)."""

    def frame_mask(self, row: int, /) -> BoolArray:
        """(n_frames,)."""


class FrameFeatures:
    """Features by row, memory-mapped: `features[row]` has shape (n_frames, 512), zeros where no face was seen."""

    def __init__(self, folder: Path, n_clips: int) -> None:
        self._folder, self._n_clips = folder, n_clips
        self._parts: dict[int, Float32Array] = {}

    def __len__(self) -> int:
        return self._n_clips

    def __getitem__(self, row: int) -> Float32Array:
        number, place = divmod(row, CLIPS_A_PART)
        if number not in self._parts:
            self._parts[number] = np.load(_part_path(self._folder, number), mmap_mode="r")
        return np.asarray(self._parts[number][place])


class JoinedFeatures(FrameFeatures):
    """Features of data sets that stand one after the other."""

    def __init__(self, sets: Sequence[FrameFeatures]) -> None:
        self._sets = tuple(sets)
        self._starts = np.cumsum([0, *(len(each) for each in sets)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, row: int) -> Float32Array:
        number = int(np.searchsorted(self._starts, row, side="right")) - 1
        return self._sets[number][int(row - self._starts[number])]


class ExchangedFeatures(FrameFeatures):
    """Features where some rows show those of others."""

    def __init__(self, base: FrameFeatures, shown: Mapping[int, int]) -> None:
        self._base, self._shown = base, shown

    def __len__(self) -> int:
        return len(self._base)

    def __getitem__(self, row: int) -> Float32Array:
        return self._base[self._shown.get(row, row)]


class AdjustedFeatures(FrameFeatures):
    """Features that are shifted and scaled as they are read."""

    def __init__(self, base: FrameFeatures, adjust: Callable[[int], Float32Array]) -> None:
        self._base, self._adjust = base, adjust

    def __len__(self) -> int:
        return len(self._base)

    def __getitem__(self, row: int) -> Float32Array:
        return self._adjust(row)


def compute_features(
    clips: Clips,
    folder: Path,
    *,
    load_network: Callable[[], ResNet18],
    executor: Executor = SERIAL,
    show_progress: bool = False,
) -> FrameFeatures:
    """Compute what is missing in `folder` and open it.

    Parameters
    ----------
    clips : PreparedData
    folder : Path
        Named by whoever calls, after the crops and the weights.
    load_network : callable
        Called only when something is missing; picklable.
    executor : Executor
        Two workers of one thread each beat one of two threads, and keep beating it on a busy machine.
    show_progress : bool

    Returns
    -------
    FrameFeatures
    """
    n_parts = -(-len(clips) // CLIPS_A_PART)
    missing = [number for number in range(n_parts) if not _part_path(folder, number).is_file()]
    start = partial(_open_encoder, clips, folder, load_network)
    label = "Computing features" if show_progress else None
    for _ in executor.map(_write_part, missing, start=start, ordered=False, label=label):
        pass
    return FrameFeatures(folder, len(clips))


@dataclass(frozen=True, eq=False, kw_only=True)
class _Encoder:
    """What a worker computes features with."""

    clips: Clips
    folder: Path
    network: ResNet18


def _open_encoder(clips: Clips, folder: Path, load_network: Callable[[], ResNet18]) -> _Encoder:
    network = load_network().eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # stubs lack it
    return _Encoder(clips=clips, folder=folder, network=network)


def _write_part(encoder: _Encoder, number: int) -> int:
    clips = encoder.clips
    rows = range(number * CLIPS_A_PART, min((number + 1) * CLIPS_A_PART, len(clips)))
    with atomic_path(_part_path(encoder.folder, number)) as temporary:
        np.save(temporary, _encode_clips(clips, rows, encoder.network))
    return number


def _part_path(folder: Path, number: int) -> Path:
    return folder / f"part-{number:05d}.npy"


def _encode_clips(clips: Clips, rows: Iterable[int], network: ResNet18) -> Float32Array:
    encoded = []
    for row in rows:
        mask = clips.frame_mask(row)
        features = np.zeros((len(mask), N_FEATURES), np.float32)
        if mask.any():
            features[mask] = encode_crops(clips.crops(row)[mask], network)
        encoded.append(features)
    return np.stack(encoded)


def encode_crops(crops: UInt8Array, network: ResNet18) -> Float32Array:
    """Features (n, 512) of crops (n, height, width, 3)."""
    parts = []
    with torch.inference_mode():
        for first in range(0, len(crops), _IMAGES_A_BATCH):
            images = torch.from_numpy(normalise_crops(crops[first : first + _IMAGES_A_BATCH]))
            parts.append(network.features(images.contiguous(memory_format=torch.channels_last)).numpy())
    return np.concatenate(parts)
