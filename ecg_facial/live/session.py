"""A patient's running session: the thread between sources, engine and store.

Input: a `Connection`, a bundle, settings, and the file of a store. Output: a `PatientSession` whose state is read while
it runs. All decisions are the engine's; here blocks are fetched, the time is told, and rows are written. What fails in
one session does not stop another's.
"""

from __future__ import annotations

import importlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from ecg_facial.errors import SettingsError
from ecg_facial.face.detectors.loading import load_detector
from ecg_facial.inference.bundle import MANIFEST_FILE, load_bundle
from ecg_facial.inference.predictor import Predictor, open_predictor
from ecg_facial.live.alarms.settings import AlarmSettings
from ecg_facial.live.connecting import Connection
from ecg_facial.live.engine import PatientEngine
from ecg_facial.live.feeding import Feed, make_feed
from ecg_facial.live.settings import MonitorSettings
from ecg_facial.live.signals import LiveSignals, SignalsTap
from ecg_facial.live.sources.contract import Kind, SourceEvent, SourceInfo
from ecg_facial.live.state import PatientState, Phase
from ecg_facial.live.store.database import CLOSED, FAILED, Store
from ecg_facial.live.store.keeping import Keeper
from ecg_facial.live.store.rows import EventRow, RatingRow, Row, Session
from ecg_facial.live.ward import Ward
from ecg_facial.runtime.outputs import lock_file
from ecg_facial.runtime.storage import sha256_file
from ecg_facial.version import __version__

# how long a session waits for all of its sources before it begins with those that are there
_WAIT_S = 5.0
# blocks are waited for no longer than this, so that time goes on without them
_TICK_S = 0.05

_Command = Callable[[PatientEngine, float, float], list[Row]]


@dataclass(frozen=True, kw_only=True)
class BundleName:
    """What a store keeps of the bundle.

    Attributes
    ----------
    version : str
        Of the package that wrote it.
    sha256 : str
        Of its manifest.
    """

    version: str
    sha256: str


class RunningSession:
    """A session in a thread of its own, from now until `close`.

    Parameters
    ----------
    connection : Connection
    predictor : Predictor
        Shared by all sessions.
    bundle : BundleName
    settings : MonitorSettings
    alarms : AlarmSettings
    store : Path or None
        File of the store; without one nothing is kept.
    detector_path : Path, optional
        Model file of the face detector, where the bundle's needs one.
    now, utc : callable
        The monitor's clock and UTC, in seconds.
    """

    def __init__(
        self,
        connection: Connection,
        predictor: Predictor,
        *,
        bundle: BundleName,
        settings: MonitorSettings,
        alarms: AlarmSettings,
        store: Path | None,
        detector_path: Path | None = None,
        now: Callable[[], float] = time.monotonic,
        utc: Callable[[], float] = time.time,
    ) -> None:
        self._connection, self._predictor, self._bundle = connection, predictor, bundle
        self._settings, self._alarms, self._store_path = settings, alarms, store
        self._detector_path, self._now, self._utc = detector_path, now, utc
        self._commands: queue.SimpleQueue[_Command] = queue.SimpleQueue()
        self._stop, self._error = threading.Event(), ""
        self._state = PatientState(
            patient=connection.patient, time_s=0.0, class_names=predictor.info.class_names,
            simulated=predictor.info.simulated, phase=Phase.WAITING,
        )  # fmt: skip
        self._published_s, self._tap = now(), SignalsTap(now)
        self._thread = threading.Thread(target=self._run, name=f"monitor {connection.patient}", daemon=True)
        self._thread.start()

    def state(self) -> PatientState:
        """Give all that is shown now; what a thread that hangs has left is stale."""
        state, silent_s = self._state, self._now() - self._published_s
        if state.phase is Phase.ENDED or silent_s <= self._settings.stale_s:
            return state
        return replace(state, is_stale=True, message=f"the monitor has not answered for {silent_s:.0f} s")

    def signals(self) -> LiveSignals:
        """Give the newest picture and the last seconds of ECG; see `SignalsTap.ask`."""
        return self._tap.ask()

    def acknowledge(self, *, by: str) -> None:
        """Take note that a person has seen all alarms."""

        def do(engine: PatientEngine, time_s: float, utc_s: float) -> list[Row]:
            names = [alarm.name for alarm in engine.panel.shown]
            return [row for name in names for row in engine.panel.acknowledge(name, by=by, time_s=time_s, utc_s=utc_s)]

        self._commands.put(do)

    def pause(self, *, by: str) -> None:
        """Silence all alarms for a time."""
        self._commands.put(lambda engine, time_s, utc_s: [*engine.panel.pause(by=by, time_s=time_s, utc_s=utc_s)])

    def resume(self, *, by: str) -> None:
        """End a pause."""
        self._commands.put(lambda engine, time_s, utc_s: [*engine.panel.resume(by=by, time_s=time_s, utc_s=utc_s)])

    def switch(self, *, on: bool, by: str) -> None:
        """Switch the sound of all alarms on or off."""
        self._commands.put(
            lambda engine, time_s, utc_s: [*engine.panel.switch(on=on, by=by, time_s=time_s, utc_s=utc_s)]
        )

    def rate(self, *, scale: str, value: float | None, by: str, note: str) -> None:
        """Keep a rating or a note."""
        self._commands.put(
            lambda engine, time_s, utc_s: [
                RatingRow(time_s=time_s, utc_s=utc_s, scale=scale, value=value, by=by, note=note)
            ]
        )

    def close(self) -> None:
        """End the session, and everything that belongs to it; returns when all of it is kept."""
        self._stop.set()
        self._thread.join()

    @property
    def is_ended(self) -> bool:
        """Whether the thread has ended."""
        return not self._thread.is_alive()

    @property
    def failure(self) -> str:
        """Why the session has stopped by itself, though its sources had not ended; empty while it has not."""
        return self._error

    def _run(self) -> None:
        """Whole life of the session; whatever fails is shown, and kept where it can be."""
        feed: Feed | None = None
        # the first beats need it, and importing it takes a second: meanwhile the screen is there
        importlib.import_module("scipy.signal")
        try:
            feed = make_feed(self._connection.sources, now=self._now, max_queue_frames=self._settings.max_queue_frames)
            infos = self._wait_for_sources(feed)
            if infos:
                keeper = Keeper(self._store_path, self._session_row(infos), utc_s=self._utc())
                end = FAILED
                try:
                    self._watch(feed, infos, keeper)
                    end = CLOSED
                finally:
                    keeper.close(self._utc(), end=end)
        except Exception as error:  # shown to the person at the screen: a thread has nobody to raise to
            self._error = f"the monitor of this patient has stopped: {error}"
        finally:
            if feed is not None:
                feed.stop()
            self._state = replace(self._state, phase=Phase.ENDED, message=self._error or self._state.message)

    def _wait_for_sources(self, feed: Feed) -> list[SourceInfo]:
        """Wait for all sources for a while, then for any of them; one that comes later is taken up then."""
        begun_s = self._now()
        while not self._stop.is_set():
            infos = feed.open(_TICK_S)
            if len(infos) == feed.n_sources or feed.is_ended:
                return infos
            if infos and self._now() - begun_s > _WAIT_S:
                known = {info.kind for info in infos}
                return [*infos, *(_absent(kind) for kind in feed.kinds if kind not in known)]
            self._state = replace(self._state, message="waiting for camera and amplifier")
            self._published_s = self._now()
        return []

    def _session_row(self, infos: list[SourceInfo]) -> Session:
        info = self._predictor.info
        return Session(
            patient=self._connection.patient,
            started_utc_s=self._utc(),
            class_names=info.class_names,
            bundle_version=self._bundle.version,
            bundle_sha256=self._bundle.sha256,
            simulated=info.simulated or any(one.simulated for one in infos),
            sources=", ".join(one.name for one in infos),
            software=__version__,
        )

    def _make_engine(self, infos: list[SourceInfo], keeper: Keeper) -> PatientEngine:
        has_video = any(info.kind == "video" for info in infos)
        detector = None
        if has_video:
            detector = load_detector(self._predictor.info.windows.detector, model_path=self._detector_path)
        engine = PatientEngine(
            self._connection.patient, self._predictor, infos, settings=self._settings, alarms=self._alarms,
            now=self._now, detector=detector, baseline=keeper.find_baseline(self._utc()),
        )  # fmt: skip
        engine.restore(keeper.alarm_log, time_s=0.0, utc_s=self._utc())
        return engine

    def _watch(self, feed: Feed, infos: list[SourceInfo], keeper: Keeper) -> None:
        engine = self._make_engine(infos, keeper)
        begun = self._event("started", ", ".join(info.name for info in infos), 0.0)
        keeper.write([begun, *keeper.tell_gap(begun)], 0.0, self._utc())
        while not self._stop.is_set() and not feed.is_ended:
            for item in feed.take(_TICK_S):
                utc_s = self._utc()
                if isinstance(item, SourceEvent):
                    engine.note(item, utc_s=utc_s)
                elif isinstance(item, SourceInfo):
                    engine.connect(item)
                else:
                    engine.push(item)
                    if feed.is_unpaced:
                        # as fast as possible, time is that of the samples
                        self._tick(engine, keeper, engine.newest_s)
            self._tick(engine, keeper, engine.newest_s if feed.is_unpaced else engine.session_s(self._now()))
        utc_s = self._utc()
        rows = engine.end(engine.time_s, utc_s)
        keeper.write([*rows, self._event("ended", "", engine.time_s)], engine.time_s, utc_s)
        self._publish(engine, keeper)

    def _tick(self, engine: PatientEngine, keeper: Keeper, now_s: float) -> None:
        utc_s = self._utc()
        rows = engine.tick(now_s, utc_s, store_problem=keeper.problem)
        while not self._commands.empty():
            rows += self._commands.get()(engine, engine.time_s, utc_s)
        keeper.write(rows, engine.time_s, utc_s)
        self._publish(engine, keeper)
        self._tap.offer(engine.signals)

    def _publish(self, engine: PatientEngine, keeper: Keeper) -> None:
        self._state = engine.state(store_bytes=keeper.size_bytes(self._now()), store_problem=keeper.problem)
        self._published_s = self._now()

    def _event(self, kind: str, message: str, time_s: float) -> EventRow:
        return EventRow(time_s=time_s, utc_s=self._utc(), source="monitor", kind=kind, message=message)


def _absent(kind: Kind) -> SourceInfo:
    """Describe a source that is not there yet; it is described anew when it comes."""
    rate_hz = 25.0 if kind == "video" else 250.0
    return SourceInfo(name=f"{kind} (not connected)", kind=kind, clock=f"{kind} (not connected)", rate_hz=rate_hz)


def open_ward(
    connections: Sequence[Connection],
    *,
    bundle: Path,
    settings: MonitorSettings,
    alarms: AlarmSettings,
    store: Path | None = None,
    describe: Sequence[Callable[[float], str]] | None = None,
    detector_path: Path | None = None,
) -> Ward:
    """Open a bundle and a store, and watch patients.

    Parameters
    ----------
    connections : sequence of Connection
        Each patient once.
    bundle : Path
        Folder of a bundle.
    settings : MonitorSettings
    alarms : AlarmSettings
    store : Path, optional
        File of the store; without one nothing is kept.
    describe : sequence of callable, optional
        For each patient what happens at a time of the session, for simulated ones.
    detector_path : Path, optional
        Model file of the face detector, where the bundle's needs one.

    Raises
    ------
    BundleError, StoreError, SettingsError
    """
    names = [one.patient for one in connections]
    if not names or len(set(names)) < len(names):
        raise SettingsError(f"patients are {names}: expected one or more, each once")
    if settings.keep_ecg and store is None:
        raise SettingsError("keep_ecg is asked for, but there is no store: name a file to keep it in, with --store")
    with ExitStack() as held:
        if store is not None:
            held.enter_context(lock_file(store))
            with Store(store) as opened:
                opened.end_interrupted()
        loaded = load_bundle(bundle)
        predictor = open_predictor(loaded, threads=1, detector_path=detector_path)
        name = BundleName(version=loaded.info.package_version, sha256=sha256_file(bundle / MANIFEST_FILE))
        release = held.pop_all().close
    sessions = [
        RunningSession(
            one, predictor, bundle=name, settings=settings, alarms=alarms, store=store, detector_path=detector_path
        )
        for one in connections
    ]
    return Ward(sessions, describe=describe, release=release)
