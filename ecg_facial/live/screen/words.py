"""Words and numbers of the screen.

Input: values of a `PatientState`. Output: short text. A value that is not known or may not be shown is `DASHES`.
"""

from __future__ import annotations

from ecg_facial.live.alarms.alarm import AlarmState
from ecg_facial.live.alarms.panel import ShownAlarm
from ecg_facial.live.state import PatientState, Phase
from ecg_facial.live.store.rows import EstimateRow

DASHES = "--"
OK, NOT_WATCHED = "ok", "not watched"
SIMULATED = "SIMULATED"
FACE, ECG = "facial", "ecg"
_USED = {"facial+ecg": "face + ECG", FACE: "face alone", ECG: "ECG alone"}
_SEEN = {AlarmState.ACTIVE: "", AlarmState.ACKNOWLEDGED: ", seen", AlarmState.PAST: ", over but not seen"}


def say_number(value: float | None, form: str = ".1f") -> str:
    """Format a number; dashes for None.

    Examples
    --------
    >>> say_number(1.26), say_number(None)
    ('1.3', '--')
    """
    return DASHES if value is None else format(value, form)


def say_time(seconds: float) -> str:
    """Format a time since the session's start, or that is left.

    Examples
    --------
    >>> say_time(75.4), say_time(3661)
    ('1:15', '1:01:01')
    """
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def say_trend(row: EstimateRow | None) -> str:
    """Give the trend with its interval."""
    if row is None or row.trend is None:
        return DASHES
    if row.low is None or row.high is None:
        return say_number(row.trend)
    return f"{row.trend:.1f} ({row.low:.1f} to {row.high:.1f})"


def say_used(row: EstimateRow | None) -> str:
    """Say which signals are behind the estimate."""
    return "no usable signal" if row is None or not row.used else f"from {_USED.get(row.used, row.used)}"


def say_heart_rate(row: EstimateRow | None) -> str:
    """Give the heart rate; dashes where the ECG is not usable."""
    dead = row is None or (row.ecg_state != OK and not uses(row, ECG))
    return f"{DASHES if dead or row is None else say_number(row.heart_rate_bpm, '.0f')} bpm"


def uses(row: EstimateRow, signal: str) -> bool:
    """Whether a signal is behind the estimate."""
    return signal in row.used.split("+")


def say_quality(state: str, quality: float | None) -> str:
    """Give the state of a signal and its quality."""
    if not state:
        return NOT_WATCHED
    return state if quality is None else f"{state} {quality:.2f}"


def say_clock(row: EstimateRow | None) -> str:
    """Give the state of the clocks, with what is known of them."""
    if row is None:
        return f"clocks {DASHES}"
    if row.clock_state == "one clock":
        return row.clock_state
    known = row.clock_uncertainty_ms
    if known is None or row.clock_offset_ms is None:
        return f"clocks {row.clock_state}"
    return f"clocks {row.clock_state}, offset {row.clock_offset_ms:+.0f} ms, uncertain by {known:.0f} ms"


def say_alarm(alarm: ShownAlarm) -> str:
    """Name an alarm with its priority, its reason, and whether it was seen, and by whom."""
    by = f" by {alarm.by}" if alarm.by else ""
    return f"{alarm.priority}: {alarm.name}, {alarm.message}{_SEEN[alarm.state]}{by}"


def say_sound(state: PatientState) -> list[str]:
    """Say what keeps the alarms silent: a pause, off, or both."""
    paused = f"PAUSED {say_time(state.pause_left_s)} left" if state.pause_left_s > 0 else ""
    return [text for text in (paused, "sound OFF" if state.alarms_off else "") if text]


def say_delay(state: PatientState) -> str:
    """Give the delays, and how many frames were not looked at."""
    parts = []
    for name, delay in (("delay", state.estimate_delay), ("to alarm", state.alarm_delay)):
        if delay is not None:
            parts.append(f"{name} {delay.p50_ms:.0f} ms, p99 {delay.p99_ms:.0f}")
    return "; ".join([*(parts or [f"delay {DASHES}"]), f"{state.frames_shed} frames shed"])


def say_phase(state: PatientState) -> str:
    """Say what the monitor does, where that is not simply estimating."""
    if state.phase is Phase.REST:
        return f"calibration at rest, {say_time(state.rest_left_s)} left"
    if state.phase is Phase.WAITING:
        return "waiting for the first window"
    if state.phase is Phase.ENDED:
        return "ended"
    return "STALE: no new estimate" if state.is_stale else ""
