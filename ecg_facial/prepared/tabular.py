"""Prepared data made of a table of features: no frames and no ECG, but columns of numbers by modality.

Input: trials and their features. Output: `TabularData`, which the benchmark and the audit accept. Its windows are
empty; methods read `TrialSet.values`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from ecg_facial.ecg.token_features import N_TOKEN_FEATURES
from ecg_facial.errors import SettingsError
from ecg_facial.prepared.base import BaseData
from ecg_facial.prepared.contract import FrameEncoder, FrameFeatures
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.storage import sha256_bytes, sha256_json
from ecg_facial.runtime.typing import Float64Array
from ecg_facial.windows.settings import WindowSettings
from ecg_facial.windows.window import Window

# of the empty windows: no method looks at them
_SETTINGS = WindowSettings(n_frames=1, crop_px=32)


class TabularData(BaseData):
    """Prepared data of features in columns; see `PreparedData`.

    Parameters
    ----------
    trials : DataFrame
        At least ``subject, trial, level``: names, and the label. The columns ``sex, age_years`` are used by reports.
    features : mapping of str to DataFrame
        By modality, such as ``facial`` and ``ecg``: a row per trial, numbers, NaN where one is missing. A row without
        any number means that the trial lacks the modality.
    simulated : bool
        Whether any of the data are simulated; results are labelled so.

    Raises
    ------
    SettingsError
        For another number of rows, a column that is no number, no features, or a trial named twice.

    Examples
    --------
    >>> trials = pd.DataFrame({"subject": ["a", "b"], "trial": ["a-1", "b-1"], "level": ["mild", "severe"]})
    >>> data = TabularData(trials, {"ecg": pd.DataFrame({"rate_bpm": [61.0, 82.5]})})
    >>> data.modalities["ecg"], data.table["ecg:rate_bpm"].tolist()
    (('ecg:rate_bpm',), [61.0, 82.5])
    """

    def __init__(self, trials: pd.DataFrame, features: Mapping[str, pd.DataFrame], *, simulated: bool = False) -> None:
        _check(trials, features)
        columns = {
            f"{modality}:{name}": np.asarray(table[name], np.float64)
            for modality, table in features.items()
            for name in table
        }
        absent = {name: np.full(len(trials), np.nan) for name in ("face_quality", "ecg_quality")}
        table = pd.concat([trials.reset_index(drop=True), pd.DataFrame(absent), pd.DataFrame(columns)], axis=1)
        super().__init__(
            table,
            settings=_SETTINGS,
            fingerprint=_fingerprint(trials, columns),
            simulated=simulated,
            folder=None,
        )
        self._modalities = {
            modality: tuple(f"{modality}:{name}" for name in table) for modality, table in features.items()
        }
        self._window = _make_empty()

    @property
    def modalities(self) -> Mapping[str, tuple[str, ...]]:
        """Columns of the table that are features, by modality."""
        return self._modalities

    def __getitem__(self, row: int, /) -> Window:
        self.check_row(row)
        return self._window

    def features(
        self, key: str, load: Callable[[], FrameEncoder], *, executor: Executor = SERIAL, show_progress: bool = False
    ) -> FrameFeatures:
        """Refuse: there are no frames.

        Raises
        ------
        SettingsError
        """
        raise SettingsError("a table of features has no frames: a network finds nothing to look at")


def _check(trials: pd.DataFrame, features: Mapping[str, pd.DataFrame]) -> None:
    missing = [name for name in ("subject", "trial", "level") if name not in trials]
    if missing:
        raise SettingsError(f"the trials have no column {', '.join(missing)}: expected subject, trial, level")
    if not features or any(not len(table.columns) for table in features.values()):
        raise SettingsError("no features: expected a table with columns for each modality")
    for modality, table in features.items():
        if len(table) != len(trials):
            raise SettingsError(f"{len(table)} rows of {modality} for {len(trials)} trials: expected as many")
        for name in table:
            if not pd.api.types.is_numeric_dtype(table[name]):
                raise SettingsError(f"column {name!r} of {modality} is {table[name].dtype}: expected numbers")
    twice = trials["trial"][trials["trial"].duplicated()]
    if len(twice):
        raise SettingsError(f"trial {twice.iloc[0]} is in the table twice: expected a name of its own for each")


def _fingerprint(trials: pd.DataFrame, columns: Mapping[str, Float64Array]) -> str:
    # bytes of NaN differ between programs
    digests = {
        name: sha256_bytes(np.where(np.isnan(values), np.nan, values).tobytes()) for name, values in columns.items()
    }
    return sha256_json([trials.astype(str).to_numpy().tolist(), list(trials.columns.astype(str)), digests])


def _make_empty() -> Window:
    """Make a window without frames, beats or qualities."""
    shape = (_SETTINGS.n_frames, _SETTINGS.crop_px, _SETTINGS.crop_px, 3)
    return Window(
        crops=np.zeros(shape, np.uint8),
        frame_mask=np.zeros(_SETTINGS.n_frames, bool),
        frame_times_s=np.zeros(_SETTINGS.n_frames, np.float32),
        tokens=np.zeros((0, N_TOKEN_FEATURES), np.float32),
        token_times_s=np.zeros(0, np.float32),
        r_peak_times_s=np.zeros(0),
        has_video=False,
        has_ecg=False,
        face_quality=0.0,
        ecg_quality=0.0,
        heart_rate_bpm=float("nan"),
    )
