"""When an alarm is raised and cleared, and how urgent it is.

Input: limits and delays. Output: nothing, or an error. Imports no numpy: the command line is made from it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.settings import strict_settings

Priority = Literal["high", "medium", "low"]


@strict_settings
@dataclass(frozen=True, kw_only=True)
class AlarmSettings:
    """Limits and delays of the alarms.

    Attributes
    ----------
    pain_raise, pain_clear : float
        Trend at which the pain alarm is raised, and below which it is cleared, as a share of the scale: 0 is the first
        class, 1 the last. Between them it stays as it is (hysteresis).
    pain_raise_after_s, pain_clear_after_s : float
        How long the trend must stay there first.
    technical_raise_after_s, technical_clear_after_s : float
        The same for technical alarms: no face, lead off, stale estimate, unsynchronised clocks, store not written.
    pause_s : float
        A pause ends by itself after this time.
    """

    pain_raise: float = 0.6
    pain_clear: float = 0.45
    pain_raise_after_s: float = 5.0
    pain_clear_after_s: float = 10.0
    technical_raise_after_s: float = 2.0
    technical_clear_after_s: float = 2.0
    pause_s: float = 120.0

    def __post_init__(self) -> None:
        if not 0 <= self.pain_clear <= self.pain_raise <= 1:
            limits = f"pain_clear {self.pain_clear}, pain_raise {self.pain_raise}"
            raise SettingsError(f"{limits}: expected 0 <= pain_clear <= pain_raise <= 1, shares of the scale")
        for name in ("pain_raise_after_s", "pain_clear_after_s", "technical_raise_after_s", "technical_clear_after_s"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise SettingsError(f"{name} is {value}: expected 0 or more seconds")
        if not 0 < self.pause_s <= 3600:
            raise SettingsError(f"pause_s is {self.pause_s}: expected more than 0 and at most 3600 seconds")


PRIORITIES: dict[str, Priority] = {
    "pain": "medium", "estimate": "medium", "store": "medium", "face": "low", "ecg": "low", "clock": "low"
}  # fmt: skip
"""Alarms and their priorities. All but ``pain`` are technical: ``estimate`` (stale), ``store`` (not written), ``face``,
``ecg`` (no usable signal), ``clock`` (unsynchronised). None is of high priority: nobody may be called to a
life-threatening event by an estimate for research."""
