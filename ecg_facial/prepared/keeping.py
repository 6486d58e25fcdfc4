"""Prepared data that are in memory alone, kept in a folder: so that a finished run can be audited later.

Input: prepared data of any kind, or the folder. Output: the folder; or the same data with the same fingerprint.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ecg_facial.errors import CorruptDataError, MissingDataError
from ecg_facial.prepared.contract import PreparedData
from ecg_facial.prepared.memory import MemoryData
from ecg_facial.prepared.tabular import TabularData
from ecg_facial.runtime.settings import from_dict, to_dict
from ecg_facial.runtime.storage import atomic_path, sha256_file, write_json
from ecg_facial.runtime.typing import AnyArray
from ecg_facial.windows.settings import WindowSettings
from ecg_facial.windows.window import SIGNALS, VALUES, Window

KEPT_FILE = "kept.json"
_TABLE_FILE, _WINDOWS_FILE = "table.parquet", "windows.npz"
FORMAT_VERSION = 1
# crops of 3,000 clips of 32 frames: more would fill a disk without having been asked for
MOST_BYTES = 4 * 2**30


def keep(prepared: PreparedData, folder: Path) -> Path | None:
    """Write data that have no folder of their own.

    Parameters
    ----------
    prepared : PreparedData
    folder : Path
        What it holds of the same data already is not written again.

    Returns
    -------
    Path or None
        The folder; None where the data have one, are larger than `MOST_BYTES`, or have a column of mixed types.
    """
    if prepared.folder is not None:
        return None
    if _holds(folder, prepared.fingerprint):
        return folder
    windows = {} if prepared.modalities else _pack(prepared)
    if sum(array.nbytes for array in windows.values()) > MOST_BYTES:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with atomic_path(folder / _TABLE_FILE) as temporary:
            prepared.table.to_parquet(temporary)
    except (pa.ArrowException, TypeError, ValueError):
        return None
    with atomic_path(folder / _WINDOWS_FILE) as temporary, temporary.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **windows)
    write_json(folder / KEPT_FILE, _describe(prepared, folder))
    return folder


def _holds(folder: Path, fingerprint: str) -> bool:
    try:
        return bool(json.loads((folder / KEPT_FILE).read_text(encoding="utf-8"))["fingerprint"] == fingerprint)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _pack(prepared: PreparedData) -> dict[str, AnyArray]:
    """Arrays of all windows end to end, and how many rows each window has of them."""
    windows = [prepared[row] for row in range(len(prepared))]
    packed: dict[str, AnyArray] = {}
    for name in SIGNALS:
        arrays = [np.asarray(getattr(window, name)) for window in windows]
        packed[name] = np.concatenate(arrays)
        packed[f"n_{name}"] = np.array([len(array) for array in arrays], np.int64)
    return packed


def _describe(prepared: PreparedData, folder: Path) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "fingerprint": prepared.fingerprint,
        "settings": to_dict(prepared.settings),
        "simulated": prepared.simulated,
        "modalities": {name: list(columns) for name, columns in prepared.modalities.items()},
        "sha256": {name: sha256_file(folder / name) for name in (_TABLE_FILE, _WINDOWS_FILE)},
    }


def open_kept(folder: Path) -> PreparedData:
    """Open what `keep` wrote.

    Raises
    ------
    MissingDataError
        When there is nothing.
    CorruptDataError
        When a file is damaged, was changed, or is of another version.
    """
    path = folder / KEPT_FILE
    if not path.is_file():
        raise MissingDataError(f"{path}: no such file; run the benchmark again")
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        intact = all(sha256_file(folder / name) == digest for name, digest in about["sha256"].items())
        if about["format_version"] != FORMAT_VERSION or not intact:
            raise ValueError("a file was changed, or is of another version")
        table = pd.read_parquet(folder / _TABLE_FILE)
        data = _open_features(table, about) if about["modalities"] else _open_windows(folder, table, about)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise CorruptDataError(f"{folder}: damaged ({error}); run the benchmark again") from None
    data.fingerprint = about["fingerprint"]
    return data


def _open_features(table: pd.DataFrame, about: Mapping[str, Any]) -> TabularData:
    columns = {name for group in about["modalities"].values() for name in group}
    features = {
        modality: table[group].rename(columns=lambda name, own=modality: name.removeprefix(f"{own}:"))
        for modality, group in about["modalities"].items()
    }
    trials = table[[name for name in table if name not in columns | {"face_quality", "ecg_quality"}]]
    return TabularData(trials, features, simulated=about["simulated"])


def _open_windows(folder: Path, table: pd.DataFrame, about: Mapping[str, Any]) -> MemoryData:
    with np.load(folder / _WINDOWS_FILE, allow_pickle=False) as packed:
        parts = {name: np.split(packed[name], np.cumsum(packed[f"n_{name}"])[:-1]) for name in SIGNALS}
    windows = []
    for row in range(len(table)):
        fields: dict[str, Any] = {name: parts[name][row] for name in SIGNALS}
        windows.append(Window(**fields, **{name: kind(table[name].iloc[row]) for name, kind in VALUES.items()}))
    settings = from_dict(WindowSettings, about["settings"])
    return MemoryData(windows, table, settings=settings, simulated=about["simulated"])
