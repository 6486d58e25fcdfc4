"""Settings of the monitor.

Input: values. Output: `MonitorSettings`, checked. Imports no numpy: the command line is made from it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.settings import strict_settings


@strict_settings
@dataclass(frozen=True, kw_only=True)
class MonitorSettings:
    """How often the monitor estimates, how long it waits, and when it gives up a signal.

    Attributes
    ----------
    step_s : float
        Seconds from one window's end to the next: whole seconds, as faces are searched anew on whole seconds.
    max_wait_s : float
        How long a window waits for a signal that has not arrived yet; then it is estimated without it.
    stale_s : float
        Age from which an estimate is no longer shown.
    flag_s : float
        Length of signal that the quality gates look at; what is wrong for so long is flagged.
    min_usable : float
        Share of a window that must hold usable signal for it to be estimated with that signal.
    rest_s : float
        Length of the calibration at rest of a new person; 0 for none.
    max_queue_frames : int
        Frames that may wait for processing; the oldest beyond it are dropped, and counted.
    keep_ecg : bool
        Keep the raw ECG in the store: 8 MB per hour at 512 Hz.
    """

    step_s: float = 1.0
    max_wait_s: float = 0.25
    stale_s: float = 3.0
    flag_s: float = 1.0
    min_usable: float = 0.5
    rest_s: float = 30.0
    max_queue_frames: int = 50
    keep_ecg: bool = False

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool):
                continue
            if not math.isfinite(value) or value < 0 or (value == 0 and field.name != "rest_s"):
                raise SettingsError(f"{field.name} is {value}: expected a positive number")
        if self.step_s != round(self.step_s):
            raise SettingsError(f"step_s is {self.step_s}: expected whole seconds")
        if self.min_usable > 1:
            raise SettingsError(f"min_usable is {self.min_usable}: expected a share up to 1")


@strict_settings
@dataclass(frozen=True, kw_only=True)
class WatchSettings:
    """Who is watched, by whom, and how fast.

    Attributes
    ----------
    patient : str
        Pseudonym of the patient; never a name.
    sign : str
        Sign of the person at the keys, for the log.
    speed : float
        Speed of a recording or of the demo; 1 is real time.
    """

    patient: str = "patient"
    sign: str = "bedside"
    speed: float = 1.0

    def __post_init__(self) -> None:
        for name in ("patient", "sign"):
            if not getattr(self, name).strip():
                raise SettingsError(f"{name} is empty: give a few letters")
        if not self.speed > 0:
            raise SettingsError(f"speed is {self.speed}: expected a positive number, or inf")
