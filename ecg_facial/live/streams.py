"""The signals of one patient, in session time, with their gates.

Input: blocks as they arrive. Output: rings, the state of each signal and of their clocks, and events. Blocks whose
stamps are in doubt wait until the clock decides.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from ecg_facial.face.detection import FaceDetector
from ecg_facial.face.frames import VideoFrame
from ecg_facial.face.tracking import TrackedFace
from ecg_facial.live.clock import ClockState, SessionClock, Verdict
from ecg_facial.live.estimating import ClosedStretches
from ecg_facial.live.quality.ecg_gate import LOOK_S, EcgGate
from ecg_facial.live.quality.face_gate import judge_face
from ecg_facial.live.rings.ecg import EcgRing, RawEcg
from ecg_facial.live.rings.faces import FaceRing, SeenFrame
from ecg_facial.live.settings import MonitorSettings
from ecg_facial.live.signals import ECG_S, LivePicture, LiveSignals
from ecg_facial.live.sources.contract import RECORDING, Block, EcgBlock, Kind, SourceEvent, SourceInfo, VideoBlock
from ecg_facial.windows.settings import WindowSettings

# seconds kept beyond the window: what a late block, or a window that waits, may still need
_SPARE_S = 4.0
# frames whose stamps are in doubt for longer are dropped
_MAX_HELD = 250
# blocks whose arrival is remembered, for the delay of an estimate
_MAX_ARRIVALS = 500
# a frame may miss the window's edge by rounding
_TOLERANCE_S = 1e-6


class PatientStreams:
    """Rings, clocks and gates of one patient; used by one thread.

    Parameters
    ----------
    sources : sequence of SourceInfo
        At most one of each kind.
    windows : WindowSettings
        Of the bundle.
    settings : MonitorSettings
    detector : FaceDetector or None
        Needed where there is video; an instance of its own.
    origin_s : float
        Time of the monitor's clock that is 0 in session time.
    """

    def __init__(
        self,
        sources: Sequence[SourceInfo],
        *,
        windows: WindowSettings,
        settings: MonitorSettings,
        detector: FaceDetector | None,
        origin_s: float = 0.0,
    ) -> None:
        self.clock = SessionClock(sources, origin_s=origin_s)
        self.infos: dict[Kind, SourceInfo] = {info.kind: info for info in sources}
        self._settings, self._windows = settings, windows
        keep_s = windows.window_s + settings.step_s + settings.max_wait_s + _SPARE_S
        self.faces: FaceRing | None = None
        self.ecg: EcgRing | None = None
        if "video" in self.infos and detector is not None:
            self.faces = FaceRing(windows, detector, keep_s=keep_s)
        if "ecg" in self.infos:
            self.ecg = EcgRing(self.clock["ecg"], keep_s=keep_s, gives_raw=settings.keep_ecg)
        self.closed = ClosedStretches()
        self._gate = EcgGate(settings.flag_s)
        self._keep_s = keep_s
        self._held: list[VideoBlock] = []
        self._arrivals: dict[Kind, deque[tuple[float, float]]] = {}
        self._events: list[SourceEvent] = []
        self._firsts: dict[Kind, float] = {}
        # raw ECG of a ring that is gone
        self._rest: list[tuple[SourceInfo, RawEcg]] = []
        self.face_state = "no signal" if self.faces is not None else ""
        self.ecg_state = "no signal" if self.ecg is not None else ""

    def connect(self, info: SourceInfo) -> None:
        """Take note that a source came back, maybe with another clock or rate."""
        self.clock.connect(info)
        before = self.infos[info.kind]
        changed = before.rate_hz != info.rate_hz or before.clock != info.clock
        self.infos[info.kind] = info
        if info.kind == "ecg" and changed:
            if self.ecg is not None:
                self._rest += [(before, raw) for raw in self.ecg.take_raw(all=True)]
            grid = 0 if self.ecg is None else self.ecg.grid + 1
            self.ecg = EcgRing(self.clock["ecg"], keep_s=self._keep_s, gives_raw=self._settings.keep_ecg, grid=grid)

    def push(self, block: Block) -> None:
        """Take a block."""
        if isinstance(block, EcgBlock):
            if self.ecg is not None:
                self.ecg.push(block)
                self._note_arrival("ecg", block.arrived_s, length_s=len(block.samples) / self.infos["ecg"].rate_hz)
        elif self.faces is not None:
            self._push_frame(block)

    def first_s(self, kind: Kind) -> float | None:
        """Session time of a signal's first sample; None before it."""
        return self._firsts.get(kind)

    def newest_s(self, kind: Kind) -> float | None:
        """Session time up to which a signal has arrived; None before its first block."""
        if kind == "ecg":
            return None if self.ecg is None else self.ecg.last_s
        return None if self.faces is None else self.faces.last_s

    def session_s(self, now_s: float) -> float:
        """Session time of a time of the monitor's clock; replayed recordings go on from their newest sample."""
        reference: Kind = "video" if "video" in self.infos else "ecg"
        if self.infos[reference].clock != RECORDING:
            return self.clock.at(now_s)
        last = [(arrivals[-1][0], arrivals[-1][1]) for arrivals in self._arrivals.values() if arrivals]
        if not last:
            return 0.0
        newest_s, arrived_s = max(last)
        return newest_s + max(0.0, now_s - arrived_s)

    def has_arrived(self, kind: Kind, end_s: float) -> bool:
        """Tell whether nothing before a time can still arrive: for video, that a later frame has arrived."""
        newest_s = self.newest_s(kind)
        return newest_s is not None and newest_s >= end_s - _TOLERANCE_S

    def arrival_s(self, end_s: float) -> float | None:
        """When the last sample before a time arrived, on the monitor's clock; None where nothing did."""
        last = []
        for kind, arrivals in self._arrivals.items():
            before = [arrived_s for newest_s, arrived_s in arrivals if newest_s < end_s - _TOLERANCE_S]
            after = [arrived_s for newest_s, arrived_s in arrivals if newest_s >= end_s - _TOLERANCE_S]
            # the block that goes beyond holds the last samples, the frame beyond does not
            found = after[:1] if kind == "ecg" and after else before[-1:]
            last += found
        return max(last, default=None)

    def judge(self, now_s: float) -> None:
        """Look at the last seconds of each signal.

        Parameters
        ----------
        now_s : float
            On the session's clock.
        """
        flag_s = self._settings.flag_s
        if self.faces is not None:
            self.face_state = judge_face(self._seen(now_s - flag_s, now_s), now_s, flag_s=flag_s)
        if self.ecg is not None:
            self.ecg_state = self._gate.update(self.ecg.recent(LOOK_S), now_s)
            if self._gate.is_bad and self.ecg_state != "no signal":
                self.closed.add(now_s - flag_s, now_s)

    @property
    def clock_state(self) -> ClockState | None:
        """State of the ECG's clock against the video's; None where there is one signal alone."""
        return self.clock["ecg"].state if len(self.infos) == 2 else None

    @property
    def is_aligned(self) -> bool:
        """Whether face and ECG may be used together."""
        state = self.clock_state
        return state is None or state.state != "unsynchronised"

    def signals(self, now_s: float) -> LiveSignals:
        """Give the newest picture and the last seconds of ECG, for those who want to see them."""
        newest = None if self.faces is None else self.faces.newest(person_from_s=self._person_from_s(now_s))
        return LiveSignals(
            picture=None if newest is None else _make_picture(*newest),
            ecg=None if self.ecg is None else self.ecg.recent(ECG_S),
        )

    def take_events(self) -> list[SourceEvent]:
        """Give what happened since the last call."""
        events, self._events = self._events, []
        events += self.clock.take_events()
        if self.ecg is not None:
            events += self.ecg.take_events()
        return events

    def take_raw(self, *, all: bool = False) -> list[tuple[SourceInfo, RawEcg]]:
        """Give the raw ECG that was not given yet, and the source that it is of; none where it is not kept.

        Parameters
        ----------
        all : bool
            Whether the sources are at their end.
        """
        raw, self._rest = self._rest, []
        if self.ecg is not None:
            raw += [(self.infos["ecg"], block) for block in self.ecg.take_raw(all=all)]
        return raw

    def flush(self) -> None:
        """Take what is held back: the sources are at their end."""
        if self.ecg is not None:
            self.ecg.flush()

    def _seen(self, since_s: float, now_s: float) -> list[SeenFrame]:
        """Frames since a time; the person is whom the window that ends now follows."""
        assert self.faces is not None
        return self.faces.recent(since_s, person_from_s=self._person_from_s(now_s))

    def _person_from_s(self, now_s: float) -> float:
        return max(now_s - self._windows.window_s, 0.0)

    def _push_frame(self, block: VideoBlock) -> None:
        if not math.isfinite(block.frame.time_s):
            self._note_stray(1, block.arrived_s)
            return
        verdict = self.clock["video"].observe(block.frame.time_s, block.arrived_s)
        if verdict is Verdict.WAIT:
            self._held = [*self._held[-_MAX_HELD:], block]
            return
        # frames that waited are on the clock that is believed now, or were stray: ahead of it, or in the past
        waiting, self._held = [*self._held, block], []
        believed = [one for one in waiting if one.frame.time_s <= block.frame.time_s]
        n_placed = sum(self._place_frame(one) for one in sorted(believed, key=lambda one: one.frame.time_s))
        if n_placed < len(waiting) > 1:
            self._note_stray(len(waiting) - n_placed, block.arrived_s)

    def _place_frame(self, block: VideoBlock) -> bool:
        """Put a frame into the ring; tell whether it is later than all before."""
        assert self.faces is not None
        session_s = self.clock["video"].to_session(block.frame.time_s)
        newest_s = self.faces.last_s
        if session_s is None or (newest_s is not None and session_s <= newest_s):
            return False
        frame = block.frame
        if newest_s is not None and session_s - newest_s > max(0.5, 4.0 / self.infos["video"].rate_hz):
            self._events.append(
                SourceEvent(
                    source="video",
                    kind="gap",
                    message=f"{session_s - newest_s:.3g} s of video were lost",
                    arrived_s=block.arrived_s,
                    start_s=newest_s,
                    duration_s=session_s - newest_s,
                )
            )
        frame.time_s = session_s
        self.faces.push(frame)
        self._note_arrival("video", block.arrived_s)
        return True

    def _note_arrival(self, kind: Kind, arrived_s: float, *, length_s: float = 0.0) -> None:
        newest_s = self.newest_s(kind)
        if newest_s is not None:
            self._firsts.setdefault(kind, newest_s - length_s)
            self._arrivals.setdefault(kind, deque(maxlen=_MAX_ARRIVALS)).append((newest_s, arrived_s))

    def _note_stray(self, number: int, arrived_s: float) -> None:
        message = f"{number} frames with stray stamps were dropped"
        self._events.append(SourceEvent(source="video", kind="stray", message=message, arrived_s=arrived_s))


def _make_picture(frame: VideoFrame, tracked: TrackedFace | None) -> LivePicture:
    if tracked is None:
        return LivePicture(frame=frame, box=None)
    left, top, width, height = (float(one) for one in tracked.face.box)
    return LivePicture(frame=frame, box=(left, top, width, height))
