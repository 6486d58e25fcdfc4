"""Two prepared data sets as one, to train on the first and test on the second.

Input: prepared data made with the same settings. Output: `JoinedData`, the rows of the first before those of the
second, with a column that names the data set of each trial.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd

from ecg_facial.errors import SettingsError
from ecg_facial.prepared.base import BaseData
from ecg_facial.prepared.contract import FrameEncoder, FrameFeatures, PreparedData
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.settings import to_dict
from ecg_facial.runtime.storage import sha256_json
from ecg_facial.runtime.typing import Float32Array
from ecg_facial.windows.window import Window

DATASET_COLUMN = "dataset"


class JoinedData(BaseData):
    """Prepared data sets one after the other; see `PreparedData`.

    Parameters
    ----------
    parts : sequence of PreparedData
    table : DataFrame
        Of all rows.
    """

    def __init__(self, parts: Sequence[PreparedData], *, table: pd.DataFrame) -> None:
        super().__init__(
            table,
            settings=parts[0].settings,
            fingerprint=sha256_json([part.fingerprint for part in parts]),
            simulated=any(part.simulated for part in parts),
            folder=parts[0].folder,
        )
        self._parts = tuple(parts)
        self._starts = np.cumsum([0, *(len(part) for part in parts)])

    @property
    def parts(self) -> tuple[PreparedData, ...]:
        """The data sets, in order."""
        return self._parts

    def __getitem__(self, row: int, /) -> Window:
        number, place = self._locate(row)
        return self._parts[number][place]

    def features(
        self, key: str, load: Callable[[], FrameEncoder], *, executor: Executor = SERIAL, show_progress: bool = False
    ) -> FrameFeatures:
        """Features of each data set, kept where it lies."""
        found = [part.features(key, load, executor=executor, show_progress=show_progress) for part in self._parts]
        return partial(self._read, found)

    def _read(self, features: Sequence[FrameFeatures], row: int) -> Float32Array:
        number, place = self._locate(row)
        return features[number](place)

    def _locate(self, row: int) -> tuple[int, int]:
        """Give the data set of a row, and the row within it."""
        number = int(np.searchsorted(self._starts, self.check_row(row), side="right")) - 1
        return number, int(row - self._starts[number])


def join_prepared(
    first: PreparedData, second: PreparedData, *, names: tuple[str, str] = ("train", "test")
) -> JoinedData:
    """Put two data sets one after the other.

    Parameters
    ----------
    first, second : PreparedData
    names : tuple of str
        Values of the column ``dataset``.

    Raises
    ------
    SettingsError
        When their windows were made with different settings, or a subject or trial is in both.
    """
    _check_settings(first, second)
    for column in ("subject", "trial"):
        both = sorted(set(first.table[column]) & set(second.table[column]))
        if both:
            raise SettingsError(
                f"{column} {both[0]} ({len(both)} in all) is in both data sets: leave them out of one, or rename them "
                "where they are not the same"
            )
    tables = [part.table.assign(**{DATASET_COLUMN: name}) for part, name in zip((first, second), names, strict=True)]
    return JoinedData((first, second), table=pd.concat(tables, ignore_index=True))


def _check_settings(first: PreparedData, second: PreparedData) -> None:
    one, other = to_dict(first.settings), to_dict(second.settings)
    differ = sorted(key for key in one if one[key] != other[key])
    if differ:
        values = ", ".join(f"{key} {one[key]} and {other[key]}" for key in differ)
        raise SettingsError(f"windows of the two data sets differ in {values}: prepare both with the same settings")
