"""Prepared data in which some trials carry the signals of others: what an audit compares a run with.

Enters: prepared data, and whose signals each row is to have. Leaves: `AlteredData`. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ecg_facial.prepared.data import PreparedData
from ecg_facial.runtime.storage import sha256_json
from ecg_facial.runtime.typing import BoolArray, Float32Array, Float64Array, UInt8Array


class AlteredData(PreparedData):
    """Prepared data with some rows' signals exchanged; see `PreparedData`.

    Parameters
    ----------
    base : PreparedData
    heart, video : mapping of int to int
        For a row, the row whose heart-rate tokens, and whose crops, it shows instead of its own.

    Attributes
    ----------
    base : PreparedData
    video : mapping of int to int
    """

    def __init__(self, base: PreparedData, *, heart: Mapping[int, int], video: Mapping[int, int]) -> None:
        self.base, self._heart, self.video = base, dict(heart), dict(video)
        self.folder, self.table, self.settings, self.simulated = base.folder, base.table, base.settings, base.simulated
        exchanged = [sorted(self._heart.items()), sorted(self.video.items())]
        self.fingerprint = sha256_json([base.fingerprint, exchanged])

    def with_table(self, table: pd.DataFrame) -> AlteredData:
        """Give the same windows with another table."""
        return AlteredData(self.base.with_table(table), heart=self._heart, video=self.video)

    def crops(self, row: int) -> UInt8Array:
        """Crops (n_frames, crop_px, crop_px, 3)."""
        return self.base.crops(self.video.get(row, row))

    def frame_mask(self, row: int) -> BoolArray:
        """Where a face was seen, (n_frames,)."""
        return self.base.frame_mask(self.video.get(row, row))

    def frame_times_s(self, row: int) -> Float32Array:
        """Seconds from the window's start to each frame, (n_frames,)."""
        return self.base.frame_times_s(self.video.get(row, row))

    def tokens(self, row: int) -> Float32Array:
        """Heart-rate tokens (n_tokens, N_TOKEN_FEATURES)."""
        return self.base.tokens(self._heart.get(row, row))

    def token_times_s(self, row: int) -> Float32Array:
        """Seconds from the window's start to each token, (n_tokens,)."""
        return self.base.token_times_s(self._heart.get(row, row))

    def r_peak_times_s(self, row: int) -> Float64Array:
        """Seconds from the window's start to each R-peak, (n_beats,)."""
        return self.base.r_peak_times_s(self._heart.get(row, row))
