"""What is shown of a patient, at one moment.

Input: values of the monitor. Output: a `PatientState`, from which the terminal and any other view are made: nothing
that is shown comes from elsewhere. Imports no numpy.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ecg_facial.live.alarms.panel import PAIN, ShownAlarm
from ecg_facial.live.store.rows import EstimateRow


class Phase(StrEnum):
    """What the monitor does for a patient.

    ``waiting`` is before the first estimate, ``rest`` the calibration at rest of a new person.
    """

    WAITING = "waiting"
    REST = "rest"
    RUNNING = "running"
    ENDED = "ended"


@dataclass(frozen=True, kw_only=True)
class Delay:
    """How long something took, over the last estimates or the whole session.

    Attributes
    ----------
    p50_ms, p99_ms, max_ms : float
    """

    p50_ms: float
    p99_ms: float
    max_ms: float


@dataclass(frozen=True, kw_only=True)
class PatientState:
    """All that is shown of one patient.

    Attributes
    ----------
    patient : str
        Pseudonym.
    time_s : float
        Now, on the session's clock.
    class_names : tuple of str
        Of the estimates, in their order.
    simulated : bool
        The patient or the bundle is simulated.
    phase : Phase
    rest_left_s : float
        Rest of the calibration at rest.
    last : EstimateRow or None
        The newest estimate, also where it could not be made; None before the first one.
    is_stale : bool
        The newest estimate is too old to be shown.
    trend : tuple of float or None
        Trend of the last minutes, the oldest first, one value per `trend_step_s`; None where there was none.
    trend_low, trend_high : tuple of float or None
        Ends of its interval, as long as `trend`.
    trend_step_s, trend_end_s : float
        Seconds between two values, and session time of the newest.
    alarms : tuple of ShownAlarm
        Alarms that are not quiet: the pain alarm first.
    pause_left_s : float
        Seconds until the alarms' pause ends; 0 without a pause.
    alarms_off : bool
        The sound of the alarms is switched off.
    sounds : bool
        An alarm sounds now.
    estimate_delay, alarm_delay : Delay or None
        From the last sensor sample to the estimate, and to the alarm that it raised.
    frames_shed : int
        Frames that were not looked at since the session's start, because the machine was too slow.
    gaps : int
        Stretches of a signal that were lost since the session's start.
    store_bytes : int
        Size of the store; 0 without one.
    store_problem : str
        Why the store cannot be written; empty while it can.
    sources : tuple of str
        Names of what is connected.
    message : str
        What a person should know now, such as what happens to a simulated patient; empty for nothing.
    """

    patient: str
    time_s: float
    class_names: tuple[str, ...]
    simulated: bool = False
    phase: Phase = Phase.RUNNING
    rest_left_s: float = 0.0
    last: EstimateRow | None = None
    is_stale: bool = False
    trend: tuple[float | None, ...] = ()
    trend_low: tuple[float | None, ...] = ()
    trend_high: tuple[float | None, ...] = ()
    trend_step_s: float = 1.0
    trend_end_s: float = 0.0
    alarms: tuple[ShownAlarm, ...] = ()
    pause_left_s: float = 0.0
    alarms_off: bool = False
    sounds: bool = False
    estimate_delay: Delay | None = None
    alarm_delay: Delay | None = None
    frames_shed: int = 0
    gaps: int = 0
    store_bytes: int = 0
    store_problem: str = ""
    sources: tuple[str, ...] = ()
    message: str = ""

    @property
    def shown(self) -> EstimateRow | None:
        """The newest estimate, as far as it may be shown: None where it is stale."""
        return None if self.is_stale else self.last

    @property
    def pain_alarm(self) -> ShownAlarm | None:
        """The pain alarm, where it is not quiet."""
        return next((alarm for alarm in self.alarms if alarm.name == PAIN), None)

    @property
    def technical_alarms(self) -> tuple[ShownAlarm, ...]:
        """All other alarms that are not quiet."""
        return tuple(alarm for alarm in self.alarms if alarm.name != PAIN)
