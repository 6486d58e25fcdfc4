"""Prepared data on disk, opened: a table and short arrays in memory, crops mapped from files.

Input: a folder that `making.prepare` wrote. Output: `StoredData`. Needs neither videos nor a detector.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ecg_facial.errors import CorruptDataError, MissingDataError, StaleCacheError
from ecg_facial.prepared.base import BaseData
from ecg_facial.prepared.contract import FrameEncoder
from ecg_facial.prepared.features import StoredFeatures, compute_features
from ecg_facial.prepared.shards import (
    FORMAT_VERSION,
    PREPARED_FILE,
    RAGGED_COLUMNS,
    TRIALS_PER_SHARD,
    crops_path,
    read_shard,
)
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.settings import from_dict
from ecg_facial.runtime.storage import sha256_json
from ecg_facial.runtime.typing import AnyArray, UInt8Array
from ecg_facial.windows.settings import PREPROCESSING_VERSION, WindowSettings
from ecg_facial.windows.window import SIGNALS, Window, read_lazily

# Each open shard holds a file descriptor, of which a process often has 256 or 1,024.
_MAX_OPEN_SHARDS = 32


class _Ragged:
    """Arrays of different lengths, one per row, stored end to end in one array."""

    def __init__(self, column: pa.ChunkedArray, *, width: int | None) -> None:
        lists = pa.concat_arrays(list(column.chunks))
        self._values = lists.flatten().to_numpy(zero_copy_only=False)
        self._bounds = np.concatenate([[0], np.cumsum(lists.value_lengths().to_numpy())])
        self._width = width

    def __getitem__(self, row: int) -> AnyArray:
        values: AnyArray = self._values[self._bounds[row] : self._bounds[row + 1]]
        return values if self._width is None else values.reshape(-1, self._width)


class StoredData(BaseData):
    """Prepared data on disk: crops mapped from files, everything else in memory. See `PreparedData`.

    The table has the columns ``subject, trial, level, sex, age_years, has_video, has_ecg, face_quality, ecg_quality,
    heart_rate_bpm, n_faces, n_tokens, problem``. Trials are sorted by subject, then by id, and after all of them the
    rest recordings likewise. ``problem`` says why a signal that was indexed is absent, what of it was lost, and what
    was assumed; it is empty where nothing was.

    Parameters
    ----------
    folder : Path
    about : mapping
        Content of ``prepared.json``.
    rows : Table
        All rows of the shards' tables.
    """

    folder: Path

    def __init__(self, folder: Path, *, about: Mapping[str, Any], rows: pa.Table) -> None:
        table = rows.drop_columns(list(RAGGED_COLUMNS)).to_pandas()
        super().__init__(
            table.assign(age_years=table["age_years"].astype("Int64")),
            settings=from_dict(WindowSettings, about["key_parts"]["settings"]),
            fingerprint=about["fingerprint"],
            simulated=about["simulated"],
            folder=folder,
        )
        self._ragged = {name: _Ragged(rows[name], width=SIGNALS[name].width) for name in RAGGED_COLUMNS}
        self._open: OrderedDict[int, UInt8Array] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        # a mapped array would be pickled with all its bytes
        return {**self.__dict__, "_open": OrderedDict()}

    def __getitem__(self, row: int, /) -> Window:
        return read_lazily(partial(self._read, self.check_row(row)))

    def features(
        self, key: str, load: Callable[[], FrameEncoder], *, executor: Executor = SERIAL, show_progress: bool = False
    ) -> StoredFeatures:
        """Compute the features of all crops that are not on disk under ``folder/key`` yet, and open them."""
        return compute_features(self, self.folder / key, load=load, executor=executor, show_progress=show_progress)

    def _read(self, row: int, name: str) -> Any:
        """Read a field of a row's window."""
        if name == "crops":
            return self._map_crops(row)
        if name in self._ragged:
            return self._ragged[name][row]
        return self.table[name].iloc[row].item()

    def _map_crops(self, row: int) -> UInt8Array:
        number, place = divmod(row, TRIALS_PER_SHARD)
        shard = self._open.pop(number, None)
        if shard is None:
            shard = self._map_shard(number)
        self._open[number] = shard
        if len(self._open) > _MAX_OPEN_SHARDS:
            self._open.popitem(last=False)
        return np.asarray(shard[place])

    def _map_shard(self, number: int) -> UInt8Array:
        path, size = crops_path(self.folder, number), self.settings.crop_px
        n_trials = min(TRIALS_PER_SHARD, len(self.table) - number * TRIALS_PER_SHARD)
        shape = (n_trials, self.settings.n_frames, size, size, 3)
        try:
            shard: UInt8Array = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            raise CorruptDataError(f"{path}: damaged; delete {self.folder} and prepare again") from None
        if shard.shape != shape or shard.dtype != np.uint8:
            raise CorruptDataError(
                f"{path}: {shard.dtype} {shard.shape}, expected uint8 {shape}; delete {self.folder} and prepare again"
            )
        return shard


def open_prepared(folder: Path | str) -> StoredData:
    """Open what `prepare` wrote.

    Parameters
    ----------
    folder : path
        `StoredData.folder`: the one that holds ``prepared.json``.

    Returns
    -------
    StoredData

    Raises
    ------
    MissingDataError
        When there is none, or the preparation was not finished.
    StaleCacheError
        When another version of the preprocessing made it.
    CorruptDataError
        When a file is damaged.
    """
    folder = Path(folder)
    about = _read_about(folder)
    n_shards = -(-about["n_trials"] // TRIALS_PER_SHARD)
    shards = [read_shard(folder, number) for number in range(n_shards)]
    if any(said["key"] != about["key"] for _, said in shards):
        raise StaleCacheError(f"{folder}: holds windows of other data or settings; delete it and prepare again")
    rows = pa.concat_tables([table for table, _ in shards])
    if len(rows) != about["n_trials"]:
        raise CorruptDataError(f"{folder}: {len(rows)} of {about['n_trials']} trials; delete it and prepare again")
    return StoredData(folder, about=about, rows=rows)


def _read_about(folder: Path) -> dict[str, Any]:
    path = folder / PREPARED_FILE
    if not path.is_file():
        raise MissingDataError(f"{path}: no such file; the windows were not prepared, or not to the end: prepare again")
    try:
        about: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        versions = about["format_version"], about["key_parts"]["preprocessing_version"]
        intact = sha256_json(about["key_parts"]) == about["key"]
    except (OSError, ValueError, TypeError, KeyError):
        raise CorruptDataError(f"{path}: damaged; delete {folder} and prepare again") from None
    if versions != (FORMAT_VERSION, PREPROCESSING_VERSION):
        raise StaleCacheError(
            f"{folder}: format and preprocessing have versions {versions[0]} and {versions[1]}, expected "
            f"{FORMAT_VERSION} and {PREPROCESSING_VERSION}; prepare again"
        )
    if not intact:
        raise CorruptDataError(f"{path}: does not fit its own key; delete {folder} and prepare again")
    return about
