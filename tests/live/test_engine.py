"""The monitor of one patient: equal to offline, blind to the future, silent about what it cannot see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from bedside import ECG, FPS, FS_HZ, VIDEO, WINDOWS, Bed, MarkedDetector, Person, draw_ecg, make_predictor

from ecg_facial.live.alarms.settings import AlarmSettings
from ecg_facial.live.settings import MonitorSettings
from ecg_facial.live.sources.contract import EcgBlock
from ecg_facial.live.state import Phase
from ecg_facial.live.store.rows import AlarmRow, BaselineRow
from ecg_facial.recording import EcgSignal
from ecg_facial.windows.making import make_window

SETTINGS = MonitorSettings(rest_s=0)


def _wavering(time_s: float) -> float:
    return 120.0 + 60.0 * np.sin(time_s / 3.0)


def test_a_replayed_recording_gives_the_predictions_of_its_windows_exactly() -> None:
    person = Person(seconds=14, brightness=_wavering)
    estimates = Bed().watch(person)
    predictor = make_predictor()
    frames = [person.frame(number) for number in range(round(14 * FPS))]
    assert [row.time_s for row in estimates] == [5.5 + second for second in range(9)]
    for second, row in enumerate(estimates):
        assert person.ecg is not None
        window = make_window(
            [frame for frame in frames if frame is not None], EcgSignal(samples=person.ecg, fs_hz=FS_HZ),
            settings=WINDOWS, detector=MarkedDetector(), start_s=float(second),
        )  # fmt: skip
        expected = predictor.predict(window)
        assert row.probabilities == expected.probabilities
        assert row.used == "facial+ecg"
        assert row.heart_rate_bpm == expected.heart_rate_bpm
        assert (row.face_quality, row.ecg_quality) == (expected.face_quality, expected.ecg_quality)
    assert len({row.probabilities for row in estimates}) == len(estimates)


def test_what_was_given_out_does_not_change_with_later_samples() -> None:
    first = Bed().watch(Person(seconds=9, brightness=_wavering))
    rng = np.random.default_rng(9)
    other = Person(seconds=14, brightness=lambda time_s: _wavering(time_s) if time_s < 9 else 250.0)
    assert other.ecg is not None
    other.ecg = np.concatenate([Person(seconds=9).ecg, rng.normal(0, 3, round(5 * FS_HZ))])  # type: ignore[list-item]
    later = Bed().watch(other)
    whole = [row for row in later if row.time_s < 9]
    assert whole
    for one, two in zip(first, whole, strict=False):
        assert replace(one, latency_ms=0.0) == replace(two, latency_ms=0.0)


def test_an_estimate_comes_with_the_sample_that_ends_its_window() -> None:
    bed = Bed()
    for block in Person(seconds=8).blocks():
        new = bed.take(block)
        if any(row in bed.estimates for row in new):
            break
    assert bed.now_s == pytest.approx(5.5, abs=1.5 / FPS)


def test_a_window_waits_for_a_late_signal_and_then_goes_without_it() -> None:
    person = Person(seconds=8)
    bed = Bed()
    for block in person.blocks():
        if not isinstance(block, EcgBlock) or block.arrived_s < 5.2:
            bed.take(block)
            if bed.estimates:
                break
    assert 5.5 + SETTINGS.max_wait_s <= bed.now_s <= 5.5 + SETTINGS.max_wait_s + 1.5 / FPS
    assert bed.estimates[0].used == "facial+ecg"
    assert bed.estimates[0].ecg_quality is not None


def test_one_source_alone_is_enough() -> None:
    for source, used in ((VIDEO, "facial"), (ECG, "ecg")):
        bed = Bed(sources=(source,))
        for block in Person(seconds=8).blocks():
            if isinstance(block, EcgBlock) is (source is ECG):
                bed.take(block)
        assert {row.used for row in bed.estimates} == {used}
        assert {row.clock_state for row in bed.estimates} == {"one clock"}


def test_a_new_person_is_calibrated_at_rest_and_the_alarm_measures_from_there() -> None:
    settings = MonitorSettings(rest_s=10)
    bed = Bed(settings=settings, alarms=AlarmSettings(pain_raise_after_s=2))
    phases = []
    for block in Person(seconds=40, brightness=lambda time_s: 60.0 if time_s < 25 else 124.0).blocks():
        bed.take(block)
        phases.append(bed.engine.phase)
    assert list(dict.fromkeys(phases)) == [Phase.WAITING, Phase.REST, Phase.RUNNING]
    (baseline,) = [row for row in bed.rows if isinstance(row, BaselineRow)]
    assert baseline.n_estimates == 10
    pain = [row for row in bed.rows if isinstance(row, AlarmRow) and row.alarm == "pain"]
    assert [row.change for row in pain] == ["raised"]
    assert pain[0].time_s > 25


def test_no_alarm_is_raised_during_the_calibration() -> None:
    bed = Bed(settings=MonitorSettings(rest_s=60), alarms=AlarmSettings(pain_raise_after_s=1))
    bed.watch(Person(seconds=30, brightness=lambda _: 124.0))
    assert bed.engine.phase is Phase.ENDED
    assert not [row for row in bed.rows if isinstance(row, AlarmRow) and row.alarm == "pain"]


def test_a_stale_estimate_is_said_and_not_shown() -> None:
    bed = Bed()
    for block in Person(seconds=8).blocks():
        bed.take(block)
    assert bed.engine.state().shown is not None
    for tenth in range(60):
        bed.wait(8.0 + tenth / 10)
    state = bed.engine.state()
    shown = state.shown
    assert shown is None or shown.estimate is None
    raised = {row.alarm for row in bed.rows if isinstance(row, AlarmRow) and row.change == "raised"}
    assert {"face", "ecg"} <= raised


def test_the_shown_trend_is_that_of_the_rows_with_its_interval_and_its_end() -> None:
    bed = Bed(settings=SETTINGS)
    rows = bed.watch(Person(seconds=12, brightness=_wavering))
    state = bed.engine.state()
    assert list(zip(state.trend, state.trend_low, state.trend_high, strict=True)) == [
        (row.trend, row.low, row.high) for row in rows
    ]
    assert state.trend_end_s == rows[-1].time_s


def test_the_delay_runs_from_the_last_sample_of_the_window() -> None:
    bed = Bed()
    slow = 0.12
    real_tick = bed.engine.tick

    def tick(now_s: float, utc_s: float) -> list:  # type: ignore[type-arg]
        bed.now_s += slow
        return real_tick(now_s, utc_s)

    bed.engine.tick = tick  # type: ignore[method-assign, assignment]
    for block in Person(seconds=7).blocks(chunk=4):
        bed.now_s = block.arrived_s
        bed.engine.push(block)
        bed.rows += bed.engine.tick(block.arrived_s, 0.0)
    # the ECG's last sample of the window comes a sample before the frame that tells that the window is complete
    assert bed.estimates[0].latency_ms == pytest.approx(1e3 * (slow + 1 / FS_HZ), abs=1e-6)


def test_ecg_and_video_of_unsynchronised_clocks_are_not_fused() -> None:
    bed = Bed(sources=(VIDEO, replace(ECG, clock="another clock")))
    for block in Person(seconds=6).blocks():
        if isinstance(block, EcgBlock):
            jitter = 0.2 * np.random.default_rng(int(1e3 * block.arrived_s)).random()
            block = replace(block, stamps_s=block.stamps_s + 1e4, arrived_s=block.arrived_s + jitter)
        bed.take(block)
    (estimate, *_) = bed.estimates
    assert estimate.clock_state == "unsynchronised"
    assert estimate.used == "facial"


def test_drawn_beats_are_found() -> None:
    estimates = Bed().watch(Person(seconds=8, ecg=draw_ecg(np.random.default_rng(1), seconds=8, rate_bpm=90)))
    assert estimates[0].heart_rate_bpm == pytest.approx(90, abs=4)
