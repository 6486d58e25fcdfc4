"""What the kinds of prepared data have in common, so that each states only what is its own.

Input: a table, or other prepared data. Output: two classes to derive from: `BaseData` for data that hold windows, and
`Wrapper` for data that change those of others.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import pandas as pd

from ecg_facial.errors import SettingsError
from ecg_facial.prepared.contract import FrameEncoder, FrameFeatures, PreparedData
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.storage import sha256_json
from ecg_facial.windows.settings import WindowSettings
from ecg_facial.windows.window import Window, read_lazily

_KEYS = ["subject", "trial"]


class BaseData(ABC):
    """Prepared data that hold windows; nothing is fitted. See `PreparedData`.

    Parameters
    ----------
    table : DataFrame
    settings : WindowSettings
    fingerprint : str
    simulated : bool
    folder : Path or None
    """

    def __init__(
        self, table: pd.DataFrame, *, settings: WindowSettings, fingerprint: str, simulated: bool, folder: Path | None
    ) -> None:
        self.table, self.settings, self.fingerprint = table, settings, fingerprint
        self.simulated, self.folder = simulated, folder

    @property
    def parts(self) -> tuple[PreparedData, ...]:
        """These data alone."""
        return (self,)

    @property
    def modalities(self) -> Mapping[str, tuple[str, ...]]:
        """None: signals are windows."""
        return {}

    def __len__(self) -> int:
        return len(self.table)

    @abstractmethod
    def __getitem__(self, row: int, /) -> Window:
        """Give the window of a row."""

    @abstractmethod
    def features(
        self, key: str, load: Callable[[], FrameEncoder], *, executor: Executor = SERIAL, show_progress: bool = False
    ) -> FrameFeatures:
        """Compute the features of all crops by a frozen network, once, and give them by row."""

    def with_table(self, table: pd.DataFrame) -> Self:
        """Give the same windows with another table of the same trials in the same order."""
        if not table[_KEYS].reset_index(drop=True).equals(self.table[_KEYS].reset_index(drop=True)):
            raise SettingsError("the table's subjects and trials are not those of the prepared data, in the same order")
        other = copy.copy(self)
        if not table.equals(self.table):
            other.fingerprint = sha256_json([self.fingerprint, table.to_json(double_precision=15)])
        other.table = table
        return other

    def fit(self, train_rows: Sequence[int]) -> Self:
        """Give the same data: nothing is fitted."""
        return self

    def describe_fit(self) -> Mapping[str, str]:
        """Nothing: nothing is fitted."""
        return {}

    def check_row(self, row: int) -> int:
        """Give the row back where it is there."""
        if not 0 <= row < len(self.table):
            raise IndexError(f"row {row} of {len(self.table)} prepared trials")
        return int(row)


class Wrapper(ABC):
    """Prepared data that show those of another with some changes: what is not overridden is the other's.

    Parameters
    ----------
    base : PreparedData
    """

    def __init__(self, base: PreparedData) -> None:
        self.base = base

    @abstractmethod
    def wrap(self, base: PreparedData) -> Self:
        """Make the same changes to other data."""

    @property
    def table(self) -> pd.DataFrame:
        """Table of the base."""
        return self.base.table

    @property
    def settings(self) -> WindowSettings:
        """Settings of the base."""
        return self.base.settings

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the base."""
        return self.base.fingerprint

    @property
    def simulated(self) -> bool:
        """Whether the base is simulated."""
        return self.base.simulated

    @property
    def folder(self) -> Path | None:
        """Folder of the base."""
        return self.base.folder

    @property
    def parts(self) -> tuple[PreparedData, ...]:
        """Parts of the base, as they are without the changes."""
        return self.base.parts

    @property
    def modalities(self) -> Mapping[str, tuple[str, ...]]:
        """Columns of features of the base."""
        return self.base.modalities

    def __len__(self) -> int:
        return len(self.base)

    def __getitem__(self, row: int, /) -> Window:
        return self.base[row]

    def features(
        self, key: str, load: Callable[[], FrameEncoder], *, executor: Executor = SERIAL, show_progress: bool = False
    ) -> FrameFeatures:
        """Features of the base."""
        return self.base.features(key, load, executor=executor, show_progress=show_progress)

    def with_table(self, table: pd.DataFrame) -> Self:
        """Give the same windows with another table."""
        return self.wrap(self.base.with_table(table))

    def fit(self, train_rows: Sequence[int]) -> Self:
        """Give the data as a fold with this training part sees them."""
        return self.wrap(self.base.fit(train_rows))

    def describe_fit(self) -> Mapping[str, str]:
        """SHA-256 of what was fitted in the base."""
        return self.base.describe_fit()


def change_window(window: Window, **changes: Callable[[], Any]) -> Window:
    """Give a window with other values of some fields; each is computed when it is first asked for."""
    return read_lazily(lambda name: changes[name]() if name in changes else getattr(window, name))
