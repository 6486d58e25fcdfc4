"""Prepared data in which some trials carry the signals of others: what an audit compares a run with.

Input: prepared data, and whose signals each row shows. Output: `AlteredData`. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from ecg_facial.prepared.base import Wrapper, change_window
from ecg_facial.prepared.contract import FrameEncoder, FrameFeatures, PreparedData
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.storage import sha256_json
from ecg_facial.runtime.typing import Float32Array
from ecg_facial.windows.window import SIGNALS, Window


class AlteredData(Wrapper):
    """Prepared data with some rows' signals exchanged; the tables stay as they are. See `PreparedData`.

    Parameters
    ----------
    base : PreparedData
    ecg, video : mapping of int to int
        For a row, the row whose arrays it shows instead of its own: those that come from the ECG, and from the video.
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
        arrays = {name: partial(getattr, donors[signal.source], name) for name, signal in SIGNALS.items()}
        return change_window(self.base[row], **arrays)

    def features(
        self, key: str, load: Callable[[], FrameEncoder], *, executor: Executor = SERIAL, show_progress: bool = False
    ) -> FrameFeatures:
        """Features of the crops that each row shows."""
        return partial(self._read, super().features(key, load, executor=executor, show_progress=show_progress))

    def _read(self, features: FrameFeatures, row: int) -> Float32Array:
        return features(self._shown["video"].get(row, row))
