"""All alarms of one patient, with pause, off and log.

Input: the trend, and what is technically wrong, at times that do not run back; what persons do. Output: the state of
every alarm, and a row of the log for each change. Alarms that are paused or off are still raised, shown and logged:
only the sound is silent. A pause ends by itself; off stays, is shown as off, and both survive a restart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ecg_facial.errors import SettingsError
from ecg_facial.live.alarms.alarm import Alarm, AlarmState, PainLimit
from ecg_facial.live.alarms.settings import PRIORITIES, AlarmSettings, Priority
from ecg_facial.live.store.rows import AlarmRow

PAIN = "pain"
TECHNICAL = tuple(name for name in PRIORITIES if name != PAIN)
MONITOR = "monitor"
"""Who acts where no person does."""
_ALL = "all"


@dataclass(frozen=True, kw_only=True)
class ShownAlarm:
    """An alarm as it is shown.

    Attributes
    ----------
    name : str
    priority : {"high", "medium", "low"}
    state : AlarmState
    message : str
        Why it was raised.
    by : str
        Sign of the person who has seen it; empty until then.
    """

    name: str
    priority: Priority
    state: AlarmState
    message: str
    by: str = ""


class AlarmPanel:
    """Alarms of one patient; used by one thread."""

    def __init__(self, settings: AlarmSettings) -> None:
        self._settings = settings
        self._limit = PainLimit(on=settings.pain_raise, off=settings.pain_clear)
        self._alarms = {name: _make_alarm(name, settings) for name in PRIORITIES}
        self._messages = dict.fromkeys(PRIORITIES, "")
        self._seen_by = dict.fromkeys(PRIORITIES, "")
        self._pause_ends_s: float | None = None
        self.is_off = False

    @property
    def is_paused(self) -> bool:
        """Whether a pause goes on."""
        return self._pause_ends_s is not None

    @property
    def shown(self) -> tuple[ShownAlarm, ...]:
        """Alarms that are not quiet: the pain alarm first, then by priority as in `PRIORITIES`."""
        return tuple(
            ShownAlarm(
                name=name, priority=PRIORITIES[name], state=alarm.state, message=self._messages[name],
                by=self._seen_by[name] if alarm.state is AlarmState.ACKNOWLEDGED else "",
            )
            for name, alarm in self._alarms.items()
            if alarm.state is not AlarmState.QUIET
        )  # fmt: skip

    @property
    def sounds(self) -> bool:
        """Whether an alarm sounds now: one is active and unseen, and alarms are neither paused nor off."""
        return not self.is_off and not self.is_paused and any(one.state is AlarmState.ACTIVE for one in self.shown)

    def pause_left_s(self, time_s: float) -> float:
        """Seconds until the pause ends; 0 without one."""
        return 0.0 if self._pause_ends_s is None else max(0.0, self._pause_ends_s - time_s)

    def update(
        self, time_s: float, utc_s: float, *, share: float | None, problems: Mapping[str, str]
    ) -> list[AlarmRow]:
        """Take what is known now.

        Parameters
        ----------
        time_s, utc_s : float
            Now, on the session's clock and in UTC.
        share : float or None
            Trend as a share of the scale; None where there is none.
        problems : mapping of str to str
            For each technical alarm what is wrong; empty or absent where nothing is.

        Returns
        -------
        list of AlarmRow
            What changed, for the log.

        Raises
        ------
        SettingsError
            For a problem of an unknown name.
        """
        if unknown := sorted(set(problems) - set(TECHNICAL)):
            raise SettingsError(f"unknown technical alarm {', '.join(unknown)}: expected {', '.join(TECHNICAL)}")
        rows = self._end_pause(time_s, utc_s)
        reasons = dict(problems)
        if self._limit.update(share):
            reasons[PAIN] = self._messages[PAIN] if share is None else f"trend at {100 * share:.0f} % of the scale"
        for name, alarm in self._alarms.items():
            reason = reasons.get(name, "")
            self._messages[name] = reason or self._messages[name]
            if change := alarm.update(time_s, holds=bool(reason)):
                rows.append(self._row(name, change, MONITOR, time_s, utc_s, message=self._messages[name]))
        return rows

    def acknowledge(self, name: str, *, by: str, time_s: float, utc_s: float) -> list[AlarmRow]:
        """Take note that a person has seen an alarm.

        Raises
        ------
        SettingsError
            For an unknown alarm, or an empty sign of the person.
        """
        if name not in self._alarms:
            raise SettingsError(f"unknown alarm {name!r}: expected {', '.join(self._alarms)}")
        _check_person(by)
        if not self._alarms[name].acknowledge():
            return []
        self._seen_by[name] = by
        return [self._row(name, "acknowledged", by, time_s, utc_s, message=self._messages[name])]

    def pause(self, *, by: str, time_s: float, utc_s: float) -> list[AlarmRow]:
        """Silence all alarms for `AlarmSettings.pause_s`; a pause that goes on begins anew."""
        _check_person(by)
        self._pause_ends_s = time_s + self._settings.pause_s
        return [self._row(_ALL, "paused", by, time_s, utc_s, message=f"for {self._settings.pause_s:g} s")]

    def resume(self, *, by: str, time_s: float, utc_s: float) -> list[AlarmRow]:
        """End a pause."""
        _check_person(by)
        if self._pause_ends_s is None:
            return []
        self._pause_ends_s = None
        return [self._row(_ALL, "resumed", by, time_s, utc_s)]

    def switch(self, *, on: bool, by: str, time_s: float, utc_s: float) -> list[AlarmRow]:
        """Switch the sound of all alarms off until it is switched on again, or on."""
        _check_person(by)
        if on is not self.is_off:
            return []
        self.is_off = not on
        return [self._row(_ALL, "switched on" if on else "switched off", by, time_s, utc_s)]

    def restore(self, log: Iterable[AlarmRow], *, time_s: float, utc_s: float) -> None:
        """Take over what a log of an earlier session left: off, and the rest of a pause.

        Parameters
        ----------
        log : iterable of AlarmRow
            In their order.
        time_s, utc_s : float
            Now. Only UTC joins two sessions; a clock that was set back never makes a pause longer than a new one.
        """
        paused_utc_s = None
        for row in log:
            if row.change in ("switched off", "switched on"):
                self.is_off = row.change == "switched off"
            elif row.change in ("paused", "resumed"):
                paused_utc_s = row.utc_s if row.change == "paused" else None
        if paused_utc_s is not None and 0 <= utc_s - paused_utc_s < self._settings.pause_s:
            self._pause_ends_s = time_s + self._settings.pause_s - (utc_s - paused_utc_s)

    def _end_pause(self, time_s: float, utc_s: float) -> list[AlarmRow]:
        if self._pause_ends_s is None or time_s < self._pause_ends_s:
            return []
        self._pause_ends_s = None
        return [self._row(_ALL, "resumed", MONITOR, time_s, utc_s)]

    def _row(self, name: str, change: str, by: str, time_s: float, utc_s: float, *, message: str = "") -> AlarmRow:
        priority = "" if name == _ALL else PRIORITIES[name]
        return AlarmRow(
            time_s=time_s, utc_s=utc_s, alarm=name, priority=priority, change=change, by=by, message=message
        )


def _make_alarm(name: str, settings: AlarmSettings) -> Alarm:
    if name == PAIN:
        return Alarm(raise_after_s=settings.pain_raise_after_s, clear_after_s=settings.pain_clear_after_s, latches=True)
    return Alarm(raise_after_s=settings.technical_raise_after_s, clear_after_s=settings.technical_clear_after_s)


def _check_person(by: str) -> None:
    if not by.strip() or by.strip() == MONITOR:
        raise SettingsError(f"by is {by!r}: expected the sign of the person who does it")
