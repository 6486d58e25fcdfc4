"""Prepared data, opened: a table in memory, crops mapped from disk.

Enters: a folder that `prepare` wrote. Leaves: `PreparedData`. Needs neither videos nor a detector.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ecg_facial.ecg.token_features import N_TOKEN_FEATURES
from ecg_facial.errors import CorruptDataError, MissingDataError, SettingsError, StaleCacheError
from ecg_facial.labels import REST_CODE
from ecg_facial.prepared.shards import (
    FORMAT_VERSION,
    PREPARED_FILE,
    RAGGED_COLUMNS,
    TRIALS_A_SHARD,
    crops_path,
    read_shard,
)
from ecg_facial.runtime.settings import from_dict
from ecg_facial.runtime.storage import sha256_json
from ecg_facial.runtime.typing import AnyArray, BoolArray, Float32Array, Float64Array, UInt8Array
from ecg_facial.windows.settings import PREPROCESSING_VERSION, WindowSettings

_MAX_OPEN_SHARDS = 32


class _Ragged:
    """Rows of different lengths in one array."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        lists = pa.concat_arrays(list(column.chunks))
        self._values = lists.flatten().to_numpy(zero_copy_only=False)
        self._bounds = np.concatenate([[0], np.cumsum(lists.value_lengths().to_numpy())])

    def __getitem__(self, row: int) -> AnyArray:
        values: AnyArray = self._values[self._bounds[row] : self._bounds[row + 1]]
        return values


class PreparedData:
    """Windows of a data set by row; row i of everything is row i of `table`.

    Attributes
    ----------
    folder : Path
    table : DataFrame
        Trials sorted by subject, then by id; after all of them the rest recordings, sorted alike, whose ``level`` is
        ``REST``, of no task: ``subject, trial, level, sex, age_years, has_video, has_ecg, face_quality,
        ecg_quality, heart_rate_bpm, n_faces, n_tokens, problem``. ``problem`` says why a signal that was indexed is
        absent; it is empty where none is.
    settings : WindowSettings
    fingerprint : str
        Hash of the windows themselves, whatever the files' times and places.
    simulated : bool
    """

    def __init__(
        self,
        folder: Path,
        *,
        table: pd.DataFrame,
        ragged: dict[str, _Ragged],
        settings: WindowSettings,
        fingerprint: str,
        simulated: bool,
    ) -> None:
        self.folder, self.table, self.settings = folder, table, settings
        self.fingerprint, self.simulated = fingerprint, simulated
        self._ragged = ragged
        self._open: OrderedDict[int, UInt8Array] = OrderedDict()

    def __len__(self) -> int:
        return len(self.table)

    def __getstate__(self) -> dict[str, Any]:
        # a mapped array would be pickled with all its bytes
        return {**self.__dict__, "_open": OrderedDict()}

    def crops(self, row: int) -> UInt8Array:
        """Crops (n_frames, crop_px, crop_px, 3), RGB, read-only; zeros where no face was seen."""
        number, place = divmod(self._check_row(row), TRIALS_A_SHARD)
        shard = self._open.pop(number, None)
        if shard is None:
            shard = self._map_shard(number)
        self._open[number] = shard
        if len(self._open) > _MAX_OPEN_SHARDS:
            self._open.popitem(last=False)
        return np.asarray(shard[place])

    def frame_mask(self, row: int) -> BoolArray:
        """Where a face was seen, (n_frames,)."""
        return self._ragged["frame_mask"][self._check_row(row)]

    def frame_times_s(self, row: int) -> Float32Array:
        """Seconds from the window's start to each frame, (n_frames,)."""
        return self._ragged["frame_times_s"][self._check_row(row)]

    def tokens(self, row: int) -> Float32Array:
        """Heart-rate tokens (n_tokens, N_TOKEN_FEATURES)."""
        return self._ragged["tokens"][self._check_row(row)].reshape(-1, N_TOKEN_FEATURES)

    def token_times_s(self, row: int) -> Float32Array:
        """Seconds from the window's start to each token, (n_tokens,)."""
        return self._ragged["token_times_s"][self._check_row(row)]

    def r_peak_times_s(self, row: int) -> Float64Array:
        """Seconds from the window's start to each R-peak, (n_beats,)."""
        return self._ragged["r_peak_times_s"][self._check_row(row)]

    @property
    def n_rest(self) -> int:
        """Number of rest recordings."""
        return int((self.table["level"] == REST_CODE).sum())

    def rest_rows(self, subject: str) -> list[int]:
        """Rows of a person at rest, outside the trials."""
        mask = (self.table["subject"] == subject) & (self.table["level"] == REST_CODE)
        return [int(row) for row in np.flatnonzero(mask.to_numpy())]

    def with_table(self, table: pd.DataFrame) -> PreparedData:
        """Give the same windows with another table, such as one with permuted levels.

        Raises
        ------
        SettingsError
            When the table's rows are other trials, or in another order.
        """
        keys = ["subject", "trial"]
        if not table[keys].reset_index(drop=True).equals(self.table[keys].reset_index(drop=True)):
            raise SettingsError("the table's subjects and trials are not those of the prepared data, in the same order")
        changed = not table.equals(self.table)
        levels = sha256_json([self.fingerprint, table.to_json(double_precision=15)])
        return self._like(table, fingerprint=levels if changed else self.fingerprint)

    def _like(self, table: pd.DataFrame, *, fingerprint: str) -> PreparedData:
        return PreparedData(
            self.folder,
            table=table,
            ragged=self._ragged,
            settings=self.settings,
            fingerprint=fingerprint,
            simulated=self.simulated,
        )

    def _check_row(self, row: int) -> int:
        if not 0 <= row < len(self.table):
            raise IndexError(f"row {row} of {len(self.table)} prepared trials")
        return int(row)

    def _map_shard(self, number: int) -> UInt8Array:
        path, size = crops_path(self.folder, number), self.settings.crop_px
        n_trials = min(TRIALS_A_SHARD, len(self.table) - number * TRIALS_A_SHARD)
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


def open_prepared(folder: Path | str) -> PreparedData:
    """Open what `prepare` wrote.

    Parameters
    ----------
    folder : path
        `PreparedData.folder`: the one that holds ``prepared.json``.

    Returns
    -------
    PreparedData

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
    n_shards = -(-about["n_trials"] // TRIALS_A_SHARD)
    shards = [read_shard(folder, number) for number in range(n_shards)]
    if any(said["key"] != about["key"] for _, said in shards):
        raise StaleCacheError(f"{folder}: holds windows of other data or settings; delete it and prepare again")
    whole = pa.concat_tables([table for table, _ in shards])
    if len(whole) != about["n_trials"]:
        raise CorruptDataError(f"{folder}: {len(whole)} of {about['n_trials']} trials; delete it and prepare again")
    ragged = {name: _Ragged(whole[name]) for name in RAGGED_COLUMNS}
    table = whole.drop_columns(list(RAGGED_COLUMNS)).to_pandas()
    return PreparedData(
        folder,
        table=table.assign(age_years=table["age_years"].astype("Int64")),
        ragged=ragged,
        settings=from_dict(WindowSettings, about["key_parts"]["settings"]),
        fingerprint=about["fingerprint"],
        simulated=about["simulated"],
    )


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
