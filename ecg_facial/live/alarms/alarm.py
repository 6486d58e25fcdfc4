"""One alarm: raised after a delay, acknowledged by a person, cleared after a delay.

Input: whether its condition holds, at times that do not run back. Output: its state, and what changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AlarmState(StrEnum):
    """State of an alarm.

    ``past`` is shown for an alarm that was cleared by itself before anybody had seen it.
    """

    QUIET = "quiet"
    ACTIVE = "active"
    ACKNOWLEDGED = "acknowledged"
    PAST = "past"


@dataclass(kw_only=True)
class Alarm:
    """State of one alarm.

    Attributes
    ----------
    raise_after_s, clear_after_s : float
        How long the condition must hold, or not hold, first.
    latches : bool
        Whether it stays shown as past when it was cleared unseen.
    """

    raise_after_s: float
    clear_after_s: float
    latches: bool = False
    state: AlarmState = AlarmState.QUIET
    _since_s: float | None = None

    @property
    def is_raised(self) -> bool:
        """Whether its condition holds, seen or unseen."""
        return self.state in (AlarmState.ACTIVE, AlarmState.ACKNOWLEDGED)

    def update(self, time_s: float, *, holds: bool) -> str:
        """Take the condition at a time; return ``raised``, ``cleared``, or nothing.

        Parameters
        ----------
        time_s : float
            On the session's clock.
        holds : bool
        """
        if holds == self.is_raised:
            self._since_s = None
            return ""
        if self._since_s is None:
            self._since_s = time_s
        if time_s - self._since_s < (self.raise_after_s if holds else self.clear_after_s):
            return ""
        self._since_s = None
        if holds:
            self.state = AlarmState.ACTIVE
            return "raised"
        unseen = self.state is AlarmState.ACTIVE
        self.state = AlarmState.PAST if unseen and self.latches else AlarmState.QUIET
        return "cleared"

    def acknowledge(self) -> bool:
        """Take note that a person has seen it; return whether there was anything to see."""
        if self.state is AlarmState.ACTIVE:
            self.state = AlarmState.ACKNOWLEDGED
        elif self.state is AlarmState.PAST:
            self.state = AlarmState.QUIET
        else:
            return False
        return True


class PainLimit:
    """Whether the trend is above its limit, with hysteresis; without a trend it stays as it was."""

    def __init__(self, *, on: float, off: float) -> None:
        self._on, self._off = on, off
        self.is_above = False

    def update(self, share: float | None) -> bool:
        """Take the trend as a share of the scale, None where there is none."""
        if share is not None:
            self.is_above = share >= (self._off if self.is_above else self._on)
        return self.is_above
