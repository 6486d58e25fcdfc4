"""Prepared data in which some trials carry the signals of others: what an audit compares a run with.

Input: prepared data, and whose signals each row shows. Output: `AlteredData`, `ReorderedData` with the same trials in
other rows, and `RenamedData` with other names. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from ecg_facial.prepared.base import Wrapper, change_window
from ecg_facial.prepared.contract import FrameEncoder, FrameFeatures, PreparedData
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.storage import sha256_json
from ecg_facial.runtime.typing import Float32Array
from ecg_facial.windows.window import SIGNALS, VALUES, Window

_OF_VIDEO = ("has_video", "face_quality")
_SOURCES = {
    **{name: signal.source for name, signal in SIGNALS.items()},
    **{name: "video" if name in _OF_VIDEO else "ecg" for name in VALUES},
}


class AlteredData(Wrapper):
    """Prepared data with some rows' signals exchanged; the tables stay as they are. See `PreparedData`.

    Parameters
    ----------
    base : PreparedData
    ecg, video : mapping of int to int
        For a row, the row whose arrays and single values it shows instead of its own: those that come from the ECG, and
        from the video.
    """

    def __init__(self, base: PreparedData, *, ecg: Mapping[int, int], video: Mapping[int, int]) -> None:
        super().__init__(base)
        self._shown = {"ecg": dict(ecg), "video": dict(video)}

    def wrap(self, base: PreparedData) -> AlteredData:
        """Exchange the same rows of other data."""
        return AlteredData(base, **self._shown)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the base and of what was exchanged."""
        exchanged = [sorted(self._shown[source].items()) for source in ("ecg", "video")]
        return sha256_json([self.base.fingerprint, exchanged])

    def __getitem__(self, row: int, /) -> Window:
        donors = {source: self.base[shown.get(row, row)] for source, shown in self._shown.items()}
        arrays = {name: partial(getattr, donors[source], name) for name, source in _SOURCES.items()}
        return change_window(self.base[row], **arrays)

    def features(
        self, key: str, load: Callable[[], FrameEncoder], *, executor: Executor = SERIAL, show_progress: bool = False
    ) -> FrameFeatures:
        """Features of the crops that each row shows."""
        return partial(self._read, super().features(key, load, executor=executor, show_progress=show_progress))

    def _read(self, features: FrameFeatures, row: int) -> Float32Array:
        return features(self._shown["video"].get(row, row))


class ReorderedData(Wrapper):
    """The same trials in other rows. See `PreparedData`.

    Parameters
    ----------
    base : PreparedData
    order : sequence of int
        For each row, the row of the base that it shows; every row once.
    """

    def __init__(self, base: PreparedData, order: Sequence[int]) -> None:
        super().__init__(base)
        self.order = [int(row) for row in order]
        self._table = base.table.iloc[self.order].reset_index(drop=True)

    def wrap(self, base: PreparedData) -> ReorderedData:
        """Put other data into the same order."""
        return ReorderedData(base, self.order)

    @property
    def table(self) -> pd.DataFrame:
        """Table of the base in the new order."""
        return self._table

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the base and of the order."""
        return sha256_json([self.base.fingerprint, self.order])

    def with_table(self, table: pd.DataFrame) -> ReorderedData:
        """Give the same windows with another table, in the new order."""
        back = np.argsort(self.order)
        return self.wrap(self.base.with_table(table.iloc[back].reset_index(drop=True)))

    def fit(self, train_rows: Sequence[int]) -> ReorderedData:
        """Give the data as a fold with this training part sees them."""
        return self.wrap(self.base.fit([self.order[row] for row in train_rows]))

    def __getitem__(self, row: int, /) -> Window:
        return self.base[self.order[row]]

    def features(
        self, key: str, load: Callable[[], FrameEncoder], *, executor: Executor = SERIAL, show_progress: bool = False
    ) -> FrameFeatures:
        """Features of the crops, in the new order."""
        return partial(self._read, super().features(key, load, executor=executor, show_progress=show_progress))

    def _read(self, features: FrameFeatures, row: int) -> Float32Array:
        return features(self.order[row])


class RenamedData(Wrapper):
    """The same trials under other names. See `PreparedData`.

    Parameters
    ----------
    base : PreparedData
    names : mapping of int to str
        By row.
    """

    def __init__(self, base: PreparedData, names: Mapping[int, str]) -> None:
        super().__init__(base)
        self.names = dict(names)
        self._table = self._rename(base.table, self.names)

    def _rename(self, table: pd.DataFrame, names: Mapping[int, str]) -> pd.DataFrame:
        return table.assign(trial=[names.get(row, name) for row, name in enumerate(table["trial"])])

    def wrap(self, base: PreparedData) -> RenamedData:
        """Rename the same rows of other data."""
        return RenamedData(base, self.names)

    @property
    def table(self) -> pd.DataFrame:
        """Table of the base with the other names."""
        return self._table

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the base and of the names."""
        return sha256_json([self.base.fingerprint, sorted(self.names.items())])

    def with_table(self, table: pd.DataFrame) -> RenamedData:
        """Give the same windows with another table, under the other names."""
        own = self.base.table["trial"]
        return self.wrap(self.base.with_table(self._rename(table, {row: str(own.iloc[row]) for row in self.names})))
