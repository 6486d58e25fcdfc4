"""Settings of the inspection of an ECG file.

Input: values. Output: `InspectionSettings`, checked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ecg_facial.errors import SettingsError
from ecg_facial.recording import EcgRef
from ecg_facial.runtime.settings import strict_settings

MIN_STRIP_S, MAX_STRIP_S = 1.0, 60.0


@strict_settings
@dataclass(frozen=True, kw_only=True)
class InspectionSettings:
    """Settings of the analysis of an ECG file: its channel, and the part that the strip shows.

    Attributes
    ----------
    fs_hz : float or None
        Sampling rate in Hz, if the file does not state it.
    channel : str
        Name or number of the channel.
    start_s : float
        Start of the strip in seconds. Beats are found in the whole recording.
    duration_s : float
        Length of the strip in seconds, up to 60; one row shows 10 s.

    Raises
    ------
    SettingsError
        For a strip that is too short or too long.
    """

    fs_hz: float | None = None
    channel: str = EcgRef.column
    start_s: float = 0.0
    duration_s: float = 10.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.duration_s) and MIN_STRIP_S <= self.duration_s <= MAX_STRIP_S):
            raise SettingsError(f"a strip of {self.duration_s} s: expected {MIN_STRIP_S:g} to {MAX_STRIP_S:g} s")
