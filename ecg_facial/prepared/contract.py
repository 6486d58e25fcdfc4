"""The contract of prepared data: windows of a data set by row, with a table that says what each row is.

Input: nothing. Output: the protocol `PreparedData`, which models, the benchmark and the audit are written for. The
kinds that fulfil it: `stored.StoredData` (on disk), `memory.MemoryData` (arrays in memory), `tabular.TabularData` (a
table of features), `joining.JoinedData` (two data sets), `normalising.NormalisedData` and `altering.AlteredData` (other
data, changed on the way).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.typing import Float32Array, UInt8Array

if TYPE_CHECKING:
    import pandas as pd

    from ecg_facial.windows.settings import WindowSettings
    from ecg_facial.windows.window import Window

FrameFeatures: TypeAlias = Callable[[int], Float32Array]
"""Features of the frames of a row, shape (n_frames, n_features); zeros where no face was seen."""


class FrameEncoder(Protocol):
    """A frozen network that maps face crops to features."""

    @property
    def n_features(self) -> int:
        """Number of features per crop."""

    def __call__(self, crops: UInt8Array, /) -> Float32Array:
        """Map crops (n, crop_px, crop_px, 3) to features (n, n_features)."""


class PreparedData(Protocol):
    """Windows of a data set by row: row i of everything is row i of `table`.

    Windows are read when they are asked for, and only the parts that are asked for: ``data[row].tokens`` reads no
    crops.
    """

    @property
    def table(self) -> pd.DataFrame:
        """A row per window, trials before rest recordings.

        At least ``subject, trial, level``, and the window's single values (`Window.summarise`). The level of a rest
        recording is ``REST``, which is part of no task.
        """

    @property
    def settings(self) -> WindowSettings:
        """How the windows were made."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the windows and of what was changed in them, wherever they are kept."""

    @property
    def simulated(self) -> bool:
        """Whether any of the data come from the simulator."""

    @property
    def folder(self) -> Path | None:
        """Folder of the windows and of what is computed of them; None for data in memory."""

    @property
    def parts(self) -> tuple[PreparedData, ...]:
        """The data sets that stand one after the other in these data; the data set alone where there is one."""

    @property
    def modalities(self) -> Mapping[str, tuple[str, ...]]:
        """Columns of the table that a method may see as features, by modality; empty where signals are windows."""

    def __len__(self) -> int:
        """Count the rows."""

    def __getitem__(self, row: int, /) -> Window:
        """Give the window of a row, counted from 0.

        Raises
        ------
        IndexError
            For a row that is not there.
        """

    def features(
        self, key: str, load: Callable[[], FrameEncoder], *, executor: Executor = SERIAL, show_progress: bool = False
    ) -> FrameFeatures:
        """Compute the features of all crops by a frozen network, once, and give them by row.

        Parameters
        ----------
        key : str
            Name of the network's weights: equal keys give equal features.
        load : callable
            Loads the network; called only where features are missing. Picklable, for workers in other processes.
        executor : Executor
            The result does not depend on it.
        show_progress : bool
        """

    def with_table(self, table: pd.DataFrame) -> PreparedData:
        """Give the same windows with another table, such as one with permuted levels.

        Raises
        ------
        SettingsError
            When the table's rows are other trials, or in another order.
        """

    def fit(self, train_rows: Sequence[int]) -> PreparedData:
        """Give the data as a fold with this training part sees them; the same data where nothing is fitted."""

    def describe_fit(self) -> Mapping[str, str]:
        """SHA-256 by name of what was fitted to the training part; empty for data in which nothing is fitted."""
