"""The monitor of one patient, without threads and without a clock of its own.

Input: blocks of the sources, then the time. Output: rows for the store, and the state that is shown. Only the past is
looked at: what was given out never changes with later samples. Replaying a recording gives the predictions that
`predict` gives for the same stretches.

Time passes by `tick` alone. A window of `window_s` starts on each whole `step_s`; it is estimated when everything
before its end has arrived, or `max_wait_s` after its end without what is missing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from ecg_facial.face.detection import FaceDetector
from ecg_facial.inference.predictor import Predictor
from ecg_facial.live.alarms.panel import PAIN, AlarmPanel
from ecg_facial.live.alarms.settings import AlarmSettings
from ecg_facial.live.baseline import Calibration, share_of_scale
from ecg_facial.live.delays import Delays
from ecg_facial.live.estimating import WindowEstimate, estimate_window
from ecg_facial.live.settings import MonitorSettings
from ecg_facial.live.signals import LiveSignals
from ecg_facial.live.sources.contract import Block, Kind, SourceEvent, SourceInfo
from ecg_facial.live.state import PatientState, Phase
from ecg_facial.live.store.rows import AlarmRow, BaselineRow, EcgRow, EstimateRow, EventRow, Row
from ecg_facial.live.streams import PatientStreams
from ecg_facial.live.trend import Level, Trend

# the gates look at the signals so often
_JUDGE_S = 0.25
# the trend that is shown: five minutes, one value per window
_SHOWN = 300


class PatientEngine:
    """Monitor of one patient; used by one thread.

    Parameters
    ----------
    patient : str
        Pseudonym.
    predictor : Predictor
        May be shared by threads, but for its detector.
    sources : sequence of SourceInfo
        One video, one ECG, or both.
    settings : MonitorSettings
    alarms : AlarmSettings
    now : callable
        The monitor's clock, on which blocks arrive; it tells the delay of an estimate, and nothing else.
    detector : FaceDetector, optional
        Needed with video: an instance of its own, the one that the bundle's windows name.
    baseline : BaselineRow, optional
        Of the same person, from before; without one the monitor calibrates at rest.
    """

    def __init__(
        self,
        patient: str,
        predictor: Predictor,
        sources: Sequence[SourceInfo],
        *,
        settings: MonitorSettings,
        alarms: AlarmSettings,
        now: Callable[[], float],
        detector: FaceDetector | None = None,
        baseline: BaselineRow | None = None,
    ) -> None:
        self.patient, self._predictor, self._settings, self._now = patient, predictor, settings, now
        windows = predictor.info.windows
        self._window_s, self._n_classes = windows.window_s, len(predictor.info.class_names)
        self.streams = PatientStreams(sources, windows=windows, settings=settings, detector=detector, origin_s=now())
        self.panel = AlarmPanel(alarms)
        self.baseline = baseline
        self._calibration = Calibration(rest_s=settings.rest_s, step_s=settings.step_s)
        if baseline is not None:
            self._calibration.close()
        self._trend = Trend(self._n_classes)
        self._level: Level | None = None
        self._levels: deque[Level | None] = deque(maxlen=_SHOWN)
        self._delays, self._alarm_delays = Delays(), Delays()
        self._next_s: float | None = None
        self._judged_s: float | None = None
        self._last: EstimateRow | None = None
        self._time_s = 0.0
        self._shed_now, self._shed, self._gaps = 0, 0, 0
        self._gates: dict[Kind, str] = {}
        self._events: list[EventRow] = []
        self.message = ""
        self.is_ended = False

    def push(self, block: Block) -> None:
        """Take a block of a source."""
        self.streams.push(block)

    def connect(self, info: SourceInfo) -> None:
        """Take note that a source came back, maybe with another clock or rate."""
        self.streams.connect(info)

    def note(self, event: SourceEvent, *, utc_s: float) -> None:
        """Take note of something that happened to a source."""
        self._shed_now += event.n_frames
        self._shed += event.n_frames
        self._events.append(self._event_row(event, utc_s))

    def tick(self, now_s: float, utc_s: float, *, store_problem: str = "") -> list[Row]:
        """Let time pass.

        Parameters
        ----------
        now_s : float
            On the session's clock; does not run back.
        utc_s : float
        store_problem : str
            Why the store cannot be written; empty while it can.

        Returns
        -------
        list of Row
            Estimates, events, changes of alarms; in order of what happened.
        """
        self._time_s = now_s = max(now_s, self._time_s)
        self._start_windows()
        if self._judged_s is None or now_s - self._judged_s >= _JUDGE_S:
            self._judged_s = now_s
            self.streams.judge(now_s)
        rows: list[Row] = [*self._events, *(self._event_row(one, utc_s) for one in self.streams.take_events())]
        self._events = []
        self._gaps += sum(isinstance(row, EventRow) and row.kind == "gap" for row in rows)
        rows += self._note_gates(now_s, utc_s)
        while self._next_s is not None and self._is_due(self._next_s + self._window_s, now_s):
            rows += self._estimate(self._next_s, utc_s)
            self._next_s += self._settings.step_s
        return [*rows, *self._update_alarms(now_s, utc_s, store_problem), *self._take_raw(utc_s)]

    def end(self, now_s: float, utc_s: float) -> list[Row]:
        """Estimate what has arrived in full; the sources are at their end."""
        self.streams.flush()
        rows = self.tick(now_s, utc_s)
        self.is_ended = True
        return [*rows, *self._take_raw(utc_s, all=True)]

    def restore(self, log: Iterable[AlarmRow], *, time_s: float, utc_s: float) -> None:
        """Take over paused and off from the log of an earlier session."""
        self.panel.restore(log, time_s=time_s, utc_s=utc_s)

    def signals(self) -> LiveSignals:
        """Give the newest picture and the last seconds of ECG."""
        return self.streams.signals(self._time_s)

    @property
    def time_s(self) -> float:
        """Time of the last tick, on the session's clock."""
        return self._time_s

    @property
    def newest_s(self) -> float:
        """Session time of the newest sample; 0 before the first."""
        found = [self.streams.newest_s(kind) for kind in self.streams.infos]
        return max((one for one in found if one is not None), default=0.0)

    def session_s(self, now_s: float) -> float:
        """Session time of a time of the monitor's clock."""
        return self.streams.session_s(now_s)

    @property
    def phase(self) -> Phase:
        """What the monitor does."""
        if self.is_ended:
            return Phase.ENDED
        if self._last is None:
            return Phase.WAITING
        return Phase.REST if self._calibration.is_open else Phase.RUNNING

    @property
    def is_stale(self) -> bool:
        """Whether the newest estimate is too old to be shown."""
        return self._last is not None and self._time_s - self._last.time_s > self._settings.stale_s

    def state(self, *, store_bytes: int = 0, store_problem: str = "") -> PatientState:
        """Give all that is shown."""
        info = self._predictor.info
        return PatientState(
            patient=self.patient,
            time_s=self._time_s,
            class_names=info.class_names,
            simulated=info.simulated or any(one.simulated for one in self.streams.infos.values()),
            phase=self.phase,
            rest_left_s=self._calibration.left_s,
            last=self._last,
            is_stale=self.is_stale,
            trend=tuple(None if level is None else level.value for level in self._levels),
            trend_low=tuple(None if level is None else level.low for level in self._levels),
            trend_high=tuple(None if level is None else level.high for level in self._levels),
            trend_end_s=0.0 if self._last is None else self._last.time_s,
            trend_step_s=self._settings.step_s,
            alarms=self.panel.shown,
            pause_left_s=self.panel.pause_left_s(self._time_s),
            alarms_off=self.panel.is_off,
            sounds=self.panel.sounds,
            estimate_delay=self._delays.summarise(),
            alarm_delay=self._alarm_delays.summarise(),
            frames_shed=self._shed,
            gaps=self._gaps,
            store_bytes=store_bytes,
            store_problem=store_problem,
            sources=tuple(one.name for one in self.streams.infos.values()),
            message=self.message,
        )

    def _start_windows(self) -> None:
        """Start the first window on the first whole step at or after the first sample."""
        if self._next_s is not None:
            return
        starts = [self.streams.first_s(kind) for kind in self.streams.infos]
        known = [one for one in starts if one is not None]
        if known:
            step_s = self._settings.step_s
            self._next_s = step_s * -(-(min(known) - 1e-6) // step_s)

    def _is_due(self, end_s: float, now_s: float) -> bool:
        if now_s >= end_s + self._settings.max_wait_s:
            return True
        return all(self.streams.has_arrived(kind, end_s) for kind in self.streams.infos)

    def _estimate(self, start_s: float, utc_s: float) -> list[Row]:
        streams, end_s = self.streams, start_s + self._window_s
        face_ok, ecg_ok = streams.face_state == "ok", streams.ecg_state == "ok"
        found = estimate_window(
            self._predictor,
            start_s=start_s,
            faces=streams.faces if face_ok else None,
            ecg=streams.ecg if ecg_ok else None,
            closed=streams.closed,
            is_aligned=streams.is_aligned,
            min_usable=self._settings.min_usable,
        )
        rows: list[Row] = []
        if found.estimate is None or found.variance is None:
            self._level = self._trend.at(end_s) if self._last is not None else None
        else:
            self._level = self._trend.update(end_s, found.estimate, found.variance)
            baseline = self._calibration.update(end_s, utc_s, found.estimate, found.heart_rate_bpm)
            if baseline is not None:
                self.baseline = baseline
                rows.append(baseline)
        self._levels.append(None if found.estimate is None else self._level)
        arrived_s = streams.arrival_s(end_s)
        latency_ms = 0.0 if arrived_s is None else max(0.0, 1e3 * (self._now() - arrived_s))
        if found.estimate is not None:
            self._delays.add(latency_ms)
        self._last = self._row(end_s, utc_s, found, latency_ms)
        self._shed_now = 0
        return [*rows, self._last]

    def _row(self, end_s: float, utc_s: float, found: WindowEstimate, latency_ms: float) -> EstimateRow:
        level = None if found.estimate is None else self._level
        clock = self.streams.clock_state
        return EstimateRow(
            time_s=end_s,
            utc_s=utc_s,
            window_s=self._window_s,
            estimate=found.estimate,
            low=None if level is None else level.low,
            high=None if level is None else level.high,
            trend=None if level is None else level.value,
            probabilities=found.probabilities,
            used=found.used,
            face_state=self.streams.face_state,
            ecg_state=self.streams.ecg_state,
            face_quality=found.face_quality,
            ecg_quality=found.ecg_quality,
            heart_rate_bpm=found.heart_rate_bpm,
            clock_state="one clock" if clock is None else clock.state,
            clock_offset_ms=None if clock is None else clock.offset_ms,
            clock_drift_ppm=None if clock is None else clock.drift_ppm,
            clock_uncertainty_ms=None if clock is None else clock.uncertainty_ms,
            latency_ms=latency_ms,
            frames_shed=self._shed_now,
        )

    def _update_alarms(self, now_s: float, utc_s: float, store_problem: str) -> list[Row]:
        streams = self.streams
        problems = {
            "face": streams.face_state if streams.face_state != "ok" else "",
            "ecg": streams.ecg_state if streams.ecg_state != "ok" else "",
            "clock": "" if streams.is_aligned else "clocks of video and ECG are not synchronised",
            "estimate": self._find_stale(now_s),
            "store": store_problem,
        }
        share = None
        if not self._calibration.is_open and not self.is_stale:
            trend = None if self._last is None else self._last.trend
            share = None if trend is None else share_of_scale(trend, self.baseline, n_classes=self._n_classes)
        rows = self.panel.update(now_s, utc_s, share=share, problems=problems)
        for row in rows:
            if row.alarm == PAIN and row.change == "raised" and self._last is not None:
                arrived_s = streams.arrival_s(self._last.time_s)
                if arrived_s is not None:
                    self._alarm_delays.add(max(0.0, 1e3 * (self._now() - arrived_s)))
        return list(rows)

    def _find_stale(self, now_s: float) -> str:
        """Say that there is no new estimate, once there should be one."""
        if self._last is None or self._last.estimate is None:
            return ""
        return f"no estimate for {now_s - self._last.time_s:.0f} s" if self.is_stale else ""

    def _note_gates(self, now_s: float, utc_s: float) -> list[Row]:
        """Log each change of a gate."""
        rows: list[Row] = []
        states: dict[Kind, str] = {"video": self.streams.face_state, "ecg": self.streams.ecg_state}
        for kind, state in states.items():
            if state and state != self._gates.get(kind, "no signal"):
                rows.append(EventRow(time_s=now_s, utc_s=utc_s, source=kind, kind="gate", message=state))
            self._gates[kind] = state
        return rows

    def _take_raw(self, utc_s: float, *, all: bool = False) -> list[Row]:
        """Give the raw ECG, where it is kept."""
        return [
            EcgRow(
                time_s=raw.time_s, utc_s=utc_s, grid=raw.grid, first=raw.first, rate_hz=info.rate_hz,
                unit=info.unit or "", samples=raw.samples.astype("<f4").tobytes(),
            )
            for info, raw in self.streams.take_raw(all=all)
        ]  # fmt: skip

    def _event_row(self, event: SourceEvent, utc_s: float) -> EventRow:
        time_s = self._time_s if event.start_s is None else event.start_s
        return EventRow(
            time_s=time_s, utc_s=utc_s, source=event.source, kind=event.kind, message=event.message,
            duration_s=event.duration_s,
        )  # fmt: skip
