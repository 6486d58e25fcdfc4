"""Two prepared data sets as one, to train on the first and test on the second.

Enters: prepared data cut alike. Leaves: `JoinedData`, the rows of the first before those of the second, with a column
that says which set a trial is of.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ecg_facial.errors import SettingsError
from ecg_facial.prepared.data import PreparedData
from ecg_facial.runtime.settings import to_dict
from ecg_facial.runtime.storage import sha256_json
from ecg_facial.runtime.typing import BoolArray, Float32Array, Float64Array, UInt8Array

DATASET_COLUMN = "dataset"


class JoinedData(PreparedData):
    """Prepared data sets one after the other; see `PreparedData`.

    Attributes
    ----------
    parts : tuple of PreparedData
    """

    def __init__(self, parts: Sequence[PreparedData], *, table: pd.DataFrame, fingerprint: str) -> None:
        super().__init__(
            Path(parts[0].folder),
            table=table,
            ragged={},
            settings=parts[0].settings,
            fingerprint=fingerprint,
            simulated=any(part.simulated for part in parts),
        )
        self.parts = tuple(parts)
        self._starts = np.cumsum([0, *(len(part) for part in parts)])

    def crops(self, row: int) -> UInt8Array:
        """Crops (n_frames, crop_px, crop_px, 3)."""
        part, place = self._locate(row)
        return part.crops(place)

    def frame_mask(self, row: int) -> BoolArray:
        """Where a face was seen, (n_frames,)."""
        part, place = self._locate(row)
        return part.frame_mask(place)

    def frame_times_s(self, row: int) -> Float32Array:
        """Seconds from the window's start to each frame, (n_frames,)."""
        part, place = self._locate(row)
        return part.frame_times_s(place)

    def tokens(self, row: int) -> Float32Array:
        """Heart-rate tokens (n_tokens, N_TOKEN_FEATURES)."""
        part, place = self._locate(row)
        return part.tokens(place)

    def token_times_s(self, row: int) -> Float32Array:
        """Seconds from the window's start to each token, (n_tokens,)."""
        part, place = self._locate(row)
        return part.token_times_s(place)

    def r_peak_times_s(self, row: int) -> Float64Array:
        """Seconds from the window's start to each R-peak, (n_beats,)."""
        part, place = self._locate(row)
        return part.r_peak_times_s(place)

    def _like(self, table: pd.DataFrame, *, fingerprint: str) -> PreparedData:
        return JoinedData(self.parts, table=table, fingerprint=fingerprint)

    def _locate(self, row: int) -> tuple[PreparedData, int]:
        number = int(np.searchsorted(self._starts, self._check_row(row), side="right")) - 1
        return self.parts[number], int(row - self._starts[number])


def join_prepared(
    first: PreparedData, second: PreparedData, *, names: tuple[str, str] = ("train", "test")
) -> JoinedData:
    """Put two data sets one after the other.

    Parameters
    ----------
    first, second : PreparedData
    names : tuple of str
        What the column ``dataset`` calls them.

    Raises
    ------
    SettingsError
        When they are cut differently, or a subject or trial is in both.
    """
    cuts: list[dict[str, Any]] = [to_dict(part.settings) for part in (first, second)]
    differ = sorted(key for key in cuts[0] if cuts[0][key] != cuts[1][key])
    if differ:
        values = ", ".join(f"{key} {cuts[0][key]} and {cuts[1][key]}" for key in differ)
        raise SettingsError(f"windows of the two data sets differ in {values}: prepare both with the same settings")
    for column in ("subject", "trial"):
        both = sorted(set(first.table[column]) & set(second.table[column]))
        if both:
            raise SettingsError(
                f"{column} {both[0]} ({len(both)} in all) is in both data sets: leave them out of one, or rename them "
                "where they are not the same"
            )
    tables = [part.table.assign(**{DATASET_COLUMN: name}) for part, name in zip((first, second), names, strict=True)]
    joined = sha256_json([first.fingerprint, second.fingerprint])
    return JoinedData((first, second), table=pd.concat(tables, ignore_index=True), fingerprint=joined)
