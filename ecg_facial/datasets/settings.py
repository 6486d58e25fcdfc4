"""Settings of reading a data set.

Input: what is asked for. Output: frozen settings.
"""

from __future__ import annotations

from dataclasses import dataclass

from ecg_facial.windows.settings import WindowSettings

AUTO = "auto"
"""Name that stands for the reader that fits."""


@dataclass(frozen=True, kw_only=True)
class ScanSettings:
    """What readers may be told; each takes what concerns it.

    Attributes
    ----------
    signals : {"filtered", "raw"}
        Which of BioVid's biosignals.
    subjects : {"all", "reactive"}
        Which of BioVid's people.
    window_s : float
        Length in seconds of what is cut out of long recordings.
    pspi_pain : float
        Least PSPI that is pain where levels are an observer's.
    """

    signals: str = "filtered"
    subjects: str = "all"
    window_s: float = WindowSettings.window_s
    pspi_pain: float = 3.0
