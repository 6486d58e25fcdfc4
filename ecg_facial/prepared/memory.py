"""Prepared data in memory, for whoever has signals as arrays in Python instead of files.

Input: windows and a table. Output: `MemoryData`, which every model, protocol and audit of the package accepts. Nothing
is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from ecg_facial.errors import SettingsError
from ecg_facial.prepared.base import BaseData
from ecg_facial.prepared.contract import FrameEncoder, FrameFeatures
from ecg_facial.prepared.features import encode_window
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.settings import to_dict
from ecg_facial.runtime.storage import sha256_json
from ecg_facial.runtime.typing import Float32Array
from ecg_facial.windows.settings import WindowSettings
from ecg_facial.windows.window import SIGNALS, VALUES, Window

_NEEDED = ("subject", "trial", "level")


class MemoryData(BaseData):
    """Prepared data in memory; see `PreparedData`.

    Parameters
    ----------
    windows : sequence of Window
        One per row of the table, such as `windows.making.make_window` gives.
    table : DataFrame
        At least ``subject, trial, level``: names, and a level such as ``BL1`` or ``PA3``, or ``REST``. Further
        columns are kept; those that a window has itself (`Window.summarise`) are taken from the windows.
    settings : WindowSettings
        How the windows were made.
    simulated : bool
        Whether any of the data are simulated; results are labelled so.

    Raises
    ------
    SettingsError
        For another number of windows than rows, a missing column, a trial named twice, or crops of another shape than
        the settings say.

    Examples
    --------
    Two windows of ECG alone, 128 samples per second:

    >>> from ecg_facial.recording import EcgSignal
    >>> from ecg_facial.windows.making import make_window
    >>> settings = WindowSettings(window_s=4.0, n_frames=2, crop_px=32)
    >>> samples = np.tile(np.exp(-(((np.arange(100) - 50) / 2.0) ** 2)), 6)
    >>> ecg = EcgSignal(samples=samples, fs_hz=128.0)
    >>> table = pd.DataFrame({"subject": ["a", "b"], "trial": ["a-1", "b-1"], "level": ["BL1", "PA3"]})
    >>> data = MemoryData([make_window(None, ecg, settings=settings)] * 2, table, settings=settings)
    >>> round(float(data.table["heart_rate_bpm"][0]), 1), data[1].has_video
    (76.8, False)
    """

    def __init__(
        self, windows: Sequence[Window], table: pd.DataFrame, *, settings: WindowSettings, simulated: bool = False
    ) -> None:
        _check(windows, table, settings)
        self.windows = tuple(windows)
        self._features: dict[str, list[Float32Array]] = {}
        found = pd.DataFrame([window.summarise() for window in windows])
        super().__init__(
            table.reset_index(drop=True).assign(**{name: found[name] for name in found}),
            settings=settings,
            fingerprint=_fingerprint(windows, table, settings),
            simulated=simulated,
            folder=None,
        )

    def __getitem__(self, row: int, /) -> Window:
        return self.windows[self.check_row(row)]

    def with_windows(self, changed: Mapping[int, Window]) -> MemoryData:
        """Give the same rows with other windows in some of them."""
        windows = [changed.get(row, window) for row, window in enumerate(self.windows)]
        return MemoryData(windows, self.table, settings=self.settings, simulated=self.simulated)

    def features(
        self, key: str, load: Callable[[], FrameEncoder], *, executor: Executor = SERIAL, show_progress: bool = False
    ) -> FrameFeatures:
        """Compute the features of all crops by a frozen network, once and in this process, and give them by row."""
        if key not in self._features:
            encoder = load()
            self._features[key] = [encode_window(window, encoder) for window in self.windows]
        return self._features[key].__getitem__


def _check(windows: Sequence[Window], table: pd.DataFrame, settings: WindowSettings) -> None:
    missing = [name for name in _NEEDED if name not in table]
    if missing:
        raise SettingsError(f"the table has no column {', '.join(missing)}: expected {', '.join(_NEEDED)}")
    if len(windows) != len(table) or not len(table):
        raise SettingsError(f"{len(windows)} windows for a table of {len(table)} rows: expected as many, 1 or more")
    twice = table["trial"][table["trial"].duplicated()]
    if len(twice):
        raise SettingsError(f"trial {twice.iloc[0]} is in the table twice: expected a name of its own for each")
    shape = (settings.n_frames, settings.crop_px, settings.crop_px, 3)
    for row, window in enumerate(windows):
        if window.crops.shape != shape:
            raise SettingsError(f"crops of row {row} have shape {window.crops.shape}: the settings say {shape}")


def _fingerprint(windows: Sequence[Window], table: pd.DataFrame, settings: WindowSettings) -> str:
    digest = hashlib.sha256()
    for window in windows:
        for name in SIGNALS:
            digest.update(np.ascontiguousarray(getattr(window, name)).data)
        # numbers of numpy print otherwise than Python's
        values = {name: kind(getattr(window, name)) for name, kind in VALUES.items()}
        digest.update(repr({**window.summarise(), **values}).encode())
    rows = table[list(_NEEDED)].astype(str).to_numpy().tolist()
    return sha256_json([digest.hexdigest(), rows, to_dict(settings)])
