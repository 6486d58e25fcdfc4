"""A running session: what it keeps, what persons do, what it takes over from before, and what it survives."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from bedside import ECG, VIDEO, BedSource, MarkedDetector, Person, make_predictor
from chaos import times

from ecg_facial.errors import SettingsError, StoreError
from ecg_facial.live import session as running
from ecg_facial.live.alarms.settings import AlarmSettings
from ecg_facial.live.connecting import Connection
from ecg_facial.live.session import BundleName, RunningSession, open_ward
from ecg_facial.live.settings import MonitorSettings
from ecg_facial.live.sources.contract import SourceInfo
from ecg_facial.live.state import Phase
from ecg_facial.live.store.database import Store
from ecg_facial.live.store.rows import AlarmRow, BaselineRow, EcgRow, EstimateRow, EventRow, RatingRow, Row

UTC_S = 1_800_000_000.0


class ScriptedFeed:
    """Gives what the test puts into it; each item is taken in a turn of its own."""

    n_sources, is_unpaced, is_ended = 2, False, False
    kinds = ("video", "ecg")

    def __init__(self) -> None:
        self._items: queue.Queue[object] = queue.Queue()
        self._done: queue.Queue[None] = queue.Queue()
        self._is_first = True

    def give(self, item: object) -> None:
        """Hand over an item, and wait until the session has dealt with it."""
        self._items.put(item)
        self._done.get(timeout=60)

    def open(self, timeout_s: float) -> list[SourceInfo]:
        return [VIDEO, ECG]

    def take(self, timeout_s: float) -> Iterator[object]:
        if not self._is_first:
            self._done.put(None)
        self._is_first = False
        item = self._items.get(timeout=60)
        return iter([] if item is None else [item])

    def stop(self) -> None:
        pass


@pytest.fixture(autouse=True)
def _marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "load_detector", lambda *_, **__: MarkedDetector())


def start(
    store: Path | None,
    person: Person | None = None,
    *,
    patient: str = "P1",
    rest_s: float = 0,
    keep_ecg: bool = False,
    utc: Callable[[], float] = lambda: UTC_S,
) -> RunningSession:
    person = person or Person(seconds=9)
    sources = (BedSource(VIDEO, person), BedSource(ECG, person))
    return RunningSession(
        Connection(patient=patient, sources=sources), make_predictor(), bundle=BundleName(version="1", sha256="ab"),
        settings=MonitorSettings(rest_s=rest_s, keep_ecg=keep_ecg), alarms=AlarmSettings(), store=store,
        now=lambda: 0.0, utc=utc,
    )  # fmt: skip


def wait(session: RunningSession) -> None:
    session._thread.join(timeout=60)
    assert session.is_ended


def test_a_session_keeps_its_estimates_and_says_what_it_was(tmp_path: Path) -> None:
    path = tmp_path / "monitor.sqlite"
    session = start(path)
    wait(session)
    assert session.state().phase is Phase.ENDED
    assert session.state().message == ""
    with Store(path, read_only=True) as store:
        ((number, about),) = store.sessions()
        assert (about.patient, about.end, about.simulated, about.bundle_sha256) == ("P1", "closed", True, "ab")
        assert about.sources == "camera, amplifier"
        estimates = store.read(EstimateRow, number)
        assert [row.time_s for row in estimates] == [5.5, 6.5, 7.5, 8.5]
        assert {row.used for row in estimates} == {"facial+ecg"}
        assert [row.kind for row in store.read(EventRow, number) if row.source == "monitor"] == ["started", "ended"]


def test_a_session_tells_for_how_long_nobody_watched_behind_one_that_was_interrupted(tmp_path: Path) -> None:
    path = tmp_path / "monitor.sqlite"
    wait(start(path))
    wait(start(path, utc=lambda: UTC_S + 100))
    for after_s, told in ((12.5, (12.5, "for 12.5 s")), (-30.0, (None, "clock was set back"))):
        with Store(path) as store:
            number = store.sessions()[-1][0]
            # as a program that was killed leaves it
            store._connection.execute("UPDATE sessions SET end = '', ended_utc_s = NULL WHERE id = ?", (number,))
            ((_, before),) = store.end_interrupted()
        assert before.ended_utc_s is not None
        wait(start(path, utc=lambda at_s=before.ended_utc_s + after_s: at_s))
        with Store(path, read_only=True) as store:
            (back,) = [row for row in store.read(EventRow, number + 1) if row.kind == "back"]
        assert (back.source, back.time_s, back.duration_s) == ("monitor", 0.0, told[0])
        assert told[1] in back.message
    with Store(path, read_only=True) as store:
        # behind a session that somebody ended there is none
        assert not [row for number in (1, 2) for row in store.read(EventRow, number) if row.kind == "back"]


@pytest.mark.parametrize("keep_ecg", [False, True])
def test_raw_ecg_is_kept_to_the_last_sample_where_that_is_asked_for(tmp_path: Path, keep_ecg: bool) -> None:
    path, person = tmp_path / "monitor.sqlite", Person(seconds=9.3)
    wait(start(path, person, keep_ecg=keep_ecg))
    with Store(path, read_only=True) as store:
        ((number, _),) = store.sessions()
        rows = store.read(EcgRow, number)
    kept = np.concatenate([np.frombuffer(row.samples, "<f4") for row in rows]) if rows else np.empty(0)
    assert person.ecg is not None
    expected = person.ecg.astype(np.float32) if keep_ecg else np.empty(0)
    assert np.array_equal(kept, expected)
    assert [row.time_s for row in rows] == pytest.approx([row.first / 128 for row in rows])


def test_raw_ecg_needs_a_store(bundle: Path) -> None:
    with pytest.raises(SettingsError, match="there is no store: name a file"):
        open_ward(
            [Connection(patient="P1", sources=())], bundle=bundle, settings=MonitorSettings(keep_ecg=True),
            alarms=AlarmSettings(),
        )  # fmt: skip


def test_without_a_store_the_session_runs_too() -> None:
    session = start(None)
    wait(session)
    state = session.state()
    assert state.last is not None
    assert state.last.time_s == 8.5
    assert state.store_bytes == 0


def test_what_persons_do_is_kept_with_their_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, feed = tmp_path / "monitor.sqlite", ScriptedFeed()
    monkeypatch.setattr(running, "make_feed", lambda *_, **__: feed)
    session = start(path)
    session.pause(by="RN1")
    session.rate(scale="NRS", value=7.0, by="RN1", note="after turning")
    feed.give(None)
    assert session.state().pause_left_s > 0
    session.resume(by="RN2")
    session.switch(on=False, by="RN2")
    feed.give(None)
    assert session.state().alarms_off
    threading.Thread(target=session.close).start()
    feed._items.put(None)
    wait(session)
    with Store(path, read_only=True) as store:
        ((number, _),) = store.sessions()
        found = [(row.change, row.by) for row in store.read(AlarmRow, number) if row.by != "monitor"]
        assert found == [("paused", "RN1"), ("resumed", "RN2"), ("switched off", "RN2")]
        ((rating),) = store.read(RatingRow, number)
        assert (rating.scale, rating.value, rating.by, rating.note) == ("NRS", 7.0, "RN1", "after turning")


def test_alarms_that_were_off_stay_off_and_rest_is_not_measured_twice(tmp_path: Path) -> None:
    path = tmp_path / "monitor.sqlite"
    first = start(path, Person(seconds=12), rest_s=4)
    first.switch(on=False, by="RN1")
    wait(first)
    second = start(path, rest_s=4, utc=lambda: UTC_S + 3600)
    wait(second)
    assert second.state().alarms_off
    third = start(path, Person(seconds=12), rest_s=4, utc=lambda: UTC_S + 48 * 3600)
    wait(third)
    other = start(path, Person(seconds=12), rest_s=4, patient="P2")
    wait(other)
    assert not other.state().alarms_off
    with Store(path, read_only=True) as store:
        counts = [len(store.read(BaselineRow, number)) for number, _ in store.sessions()]
    assert counts == [1, 0, 1, 1]


@pytest.mark.parametrize("first", range(1, times(ordinary=5, full=50) + 1))
def test_a_disk_that_fills_at_any_write_raises_an_alarm_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    path, add, n_writes = tmp_path / "monitor.sqlite", Store.add, itertools.count()

    def fill(store: Store, session: int, rows: Iterable[Row]) -> None:
        if first <= next(n_writes) < first + 4:
            raise StoreError("the disk is full")
        add(store, session, rows)

    monkeypatch.setattr(Store, "add", fill)
    seconds = itertools.count()
    # about one write per second: so long that all four fail, and room is back before the end
    session = start(path, Person(seconds=24 + first), utc=lambda: UTC_S + next(seconds) / 20)
    wait(session)
    assert session.state().message == ""
    with Store(path, read_only=True) as store:
        assert store.find_damage() == ""
        ((number, about),) = store.sessions()
        assert about.end == "closed"
        assert [row.time_s for row in store.read(EstimateRow, number)] == [5.5 + second for second in range(19 + first)]
        changes = [row.change for row in store.read(AlarmRow, number) if row.alarm == "store"]
    assert changes == ["raised", "cleared"]


def test_a_session_that_fails_says_so_and_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "monitor.sqlite"

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a broken network")

    monkeypatch.setattr("ecg_facial.live.engine.estimate_window", fail)
    session = start(path)
    wait(session)
    assert session.state().phase is Phase.ENDED
    assert "has stopped: a broken network" in session.state().message
    assert "a broken network" in session.failure
    with Store(path, read_only=True) as store:
        assert [about.end for _, about in store.sessions()] == ["failed"]


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is taken for a bundle."""
    predictor = make_predictor()
    (tmp_path / "SHA256SUMS").write_text("")
    monkeypatch.setattr(running, "load_bundle", lambda _: SimpleNamespace(info=predictor.info))
    monkeypatch.setattr(running, "open_predictor", lambda *_, **__: predictor)
    return tmp_path


def test_a_thread_that_hangs_leaves_no_number_on_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    feed, clock = ScriptedFeed(), [0.0]
    monkeypatch.setattr(running, "make_feed", lambda *_, **__: feed)
    person = Person(seconds=7)
    session = RunningSession(
        Connection(patient="P1", sources=()), make_predictor(), bundle=BundleName(version="1", sha256="ab"),
        settings=MonitorSettings(rest_s=0), alarms=AlarmSettings(), store=None, now=lambda: clock[0],
    )  # fmt: skip
    for block in person.blocks():
        clock[0] = block.arrived_s
        feed.give(block)
    shown = session.state().shown
    assert shown is not None
    assert shown.estimate is not None
    clock[0] += 3.5
    state = session.state()
    assert state.shown is None
    assert "has not answered for" in state.message
    threading.Thread(target=session.close).start()
    feed._items.put(None)
    wait(session)


def test_a_feed_that_cannot_be_made_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise SettingsError("no such camera")

    monkeypatch.setattr(running, "make_feed", fail)
    session = start(None)
    wait(session)
    assert "no such camera" in session.state().message


def test_two_monitors_do_not_write_one_store(tmp_path: Path, bundle: Path) -> None:
    path = tmp_path / "monitor.sqlite"
    person = Person(seconds=1)
    connection = Connection(patient="P1", sources=(BedSource(ECG, person),))
    options = {"bundle": bundle, "settings": MonitorSettings(), "alarms": AlarmSettings(), "store": path}
    ward = open_ward([connection], **options)  # type: ignore[arg-type]
    try:
        with pytest.raises(SettingsError, match="another program writes to it"):
            open_ward([connection], **options)  # type: ignore[arg-type]
    finally:
        ward.close()
    again = open_ward([connection], **options)  # type: ignore[arg-type]
    again.close()


def test_a_patient_is_watched_once(bundle: Path) -> None:
    connection = Connection(patient="P1", sources=())
    with pytest.raises(SettingsError, match="each once"):
        open_ward([connection] * 2, bundle=bundle, settings=MonitorSettings(), alarms=AlarmSettings())
