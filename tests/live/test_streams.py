"""Signals of a patient in session time: it goes on through steps, strays and pauses, and never runs back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from bedside import WINDOWS, MarkedDetector
from two_clocks import AMPLIFIER, CAMERA, SAMPLES, Stream, make_stream

from ecg_facial.face.video import RgbFrame
from ecg_facial.live.settings import MonitorSettings
from ecg_facial.live.sources.contract import EcgBlock, SourceEvent, SourceInfo, VideoBlock
from ecg_facial.live.streams import PatientStreams
from ecg_facial.runtime.typing import Float64Array

_IMAGE = np.zeros((96, 96, 3), np.uint8)
STEPS = (-3600.0, -12.0, 12.0, 3600.0)
SLOW_CAMERA = replace(CAMERA, rate_hz=10.0)


@dataclass(kw_only=True)
class Watched:
    """Session times of the frames that were taken, beside their true times; events; when fusion was allowed."""

    streams: PatientStreams
    frames_s: list[tuple[float, float]] = field(default_factory=list)
    events: list[SourceEvent] = field(default_factory=list)
    aligned: list[tuple[float, bool]] = field(default_factory=list)

    def kinds(self, source: str) -> list[str]:
        return [event.kind for event in self.events if event.source == source]

    def is_aligned_between(self, from_s: float, until_s: float) -> set[bool]:
        return {good for at_s, good in self.aligned if from_s < at_s < until_s}


def watch(*sources: Stream, ecg: Float64Array | None = None) -> Watched:
    """Give all blocks in the order of arrival; samples of the ECG are their true times, unless they are given."""
    infos = [one.info for one in sources]
    streams = PatientStreams(infos, windows=WINDOWS, settings=MonitorSettings(), detector=MarkedDetector())
    seen, number = Watched(streams=streams), 0
    blocks = [(float(one.arrived_s[k]), one, k) for one in sources for k in range(len(one.true_s))]
    for arrived_s, one, k in sorted(blocks, key=lambda block: block[0]):
        stamp_s, true_s = float(one.stamps_s[k]), float(one.true_s[k])
        if one.info.kind == "video":
            newest_s = streams.newest_s("video")
            streams.push(VideoBlock(frame=RgbFrame(_IMAGE, stamp_s), arrived_s=arrived_s))
            now_s = streams.newest_s("video")
            if now_s is not None and now_s != newest_s:
                assert newest_s is None or now_s > newest_s
                seen.frames_s.append((true_s, now_s))
        else:
            back_s = np.arange(1 - SAMPLES, 1) / one.info.rate_hz
            samples = true_s + back_s / (1 + one.drift) if ecg is None else ecg[number : number + SAMPLES]
            streams.push(EcgBlock(samples=samples, stamps_s=stamp_s + back_s, arrived_s=arrived_s))
            number += SAMPLES
        seen.events += streams.take_events()
        seen.aligned.append((arrived_s, streams.is_aligned))
    return seen


def camera_and_amplifier(*, duration_s: float = 50.0) -> tuple[Stream, Stream]:
    video = make_stream(SLOW_CAMERA, offset_s=1e4, rng=np.random.default_rng(1), duration_s=duration_s)
    return video, make_stream(AMPLIFIER, skew=2e-4, rng=np.random.default_rng(2), duration_s=duration_s)


def error_of_ecg_s(seen: Watched, start_s: float, end_s: float) -> float:
    """How far the ECG of a stretch is from where the frames say that it was measured."""
    assert seen.streams.ecg is not None
    signal = seen.streams.ecg.signal(start_s, end_s)
    assert signal is not None
    true_s, session_s = seen.frames_s[-1]
    shown_s = signal.start_s + np.arange(len(signal.samples)) / signal.fs_hz
    return float(np.nanmax(np.abs(shown_s - signal.samples - (session_s - true_s))))


@pytest.mark.parametrize("by_s", STEPS)
def test_a_step_of_the_ecg_is_said_within_a_second_and_fusion_is_refused_until_it_is_known_anew(by_s: float) -> None:
    video, ecg = camera_and_amplifier()
    ecg.set_clock(30.0, by_s)
    seen = watch(video, ecg)
    assert seen.kinds("ecg") == ["step"]
    (event,) = seen.events
    assert 30.0 < event.arrived_s < 31.0
    assert seen.is_aligned_between(20, 30) == {True}
    assert seen.is_aligned_between(30.1, 34) == {False}
    assert seen.is_aligned_between(42, 50) == {True}
    assert len(seen.frames_s) == len(video.true_s)
    end_s = seen.frames_s[-1][1]
    assert error_of_ecg_s(seen, end_s - 6.0, end_s - 0.5) < 0.020


@pytest.mark.parametrize("by_s", STEPS)
def test_frames_that_waited_for_a_step_of_the_camera_are_placed_and_session_time_goes_on(by_s: float) -> None:
    video, ecg = camera_and_amplifier()
    video.set_clock(30.0, by_s)
    seen = watch(video, ecg)
    assert [(one.source, one.kind) for one in seen.events] == [("video", "step")]
    assert 30.0 < seen.events[0].arrived_s < 31.0
    true_s, session_s = np.array(seen.frames_s).T
    assert np.abs(session_s - true_s - (session_s[0] - true_s[0])).max() < 0.020
    assert seen.streams.faces is not None
    kept = [one.time_s for one in seen.streams.faces.recent(0.0)]
    assert np.diff(kept).max() < 0.13
    assert seen.is_aligned_between(30.2, 34) == {False}
    assert seen.is_aligned_between(42, 50) == {True}
    end_s = seen.frames_s[-1][1]
    assert error_of_ecg_s(seen, end_s - 6.0, end_s - 0.5) < 0.020


@pytest.mark.parametrize("by_s", [-600.0, 600.0])
def test_no_frame_is_missing_around_a_step(by_s: float) -> None:
    video, _ = camera_and_amplifier(duration_s=34)
    video.set_clock(30.0, by_s)
    seen = watch(video)
    assert seen.streams.faces is not None
    times = np.array([one.time_s for one in seen.streams.faces.recent(26.0)])
    assert len(times) == round(10 * (times[-1] - times[0])) + 1


def test_both_clocks_may_be_set_again_and_again() -> None:
    video, ecg = camera_and_amplifier(duration_s=100)
    rng = np.random.default_rng(4)
    for at_s in (20.0, 50.0, 80.0):
        video.set_clock(at_s, float(rng.choice([-1, 1]) * rng.uniform(10, 20)))
        ecg.set_clock(at_s + 15, float(rng.choice([-1, 1]) * rng.uniform(10, 20)))
    seen = watch(video, ecg)
    assert seen.kinds("video") == seen.kinds("ecg") == ["step"] * 3
    true_s, session_s = np.array(seen.frames_s).T
    assert np.abs(session_s - true_s - (session_s[0] - true_s[0])).max() < 0.060


@pytest.mark.parametrize("by_s", [-3600.0, 3600.0])
@pytest.mark.parametrize("stray_s", [-10.0, 10.0])
def test_a_stray_stamp_just_before_a_step_is_not_placed(stray_s: float, by_s: float) -> None:
    video, ecg = camera_and_amplifier(duration_s=38)
    for one in (video, ecg):
        one.set_clock(30.0, by_s)
        one.stamps_s[np.flatnonzero(one.true_s <= 30.0)[-1]] += stray_s
    seen = watch(video, ecg)
    assert sorted(seen.kinds("video")) == ["step", "stray"]
    assert seen.kinds("ecg") == ["step"]
    true_s, session_s = np.array(seen.frames_s).T
    assert np.abs(session_s - true_s - (session_s[0] - true_s[0])).max() < 0.020
    assert seen.streams.ecg is not None
    assert seen.streams.ecg.n_stray == SAMPLES
    assert len(seen.frames_s) > len(video.true_s) - 15


def test_stray_frames_are_dropped_and_counted() -> None:
    video, _ = camera_and_amplifier(duration_s=40)
    for place, by_s in ((150, 30.0), (200, -30.0), (250, np.nan), (300, np.inf)):
        video.stamps_s[place] += by_s
    seen = watch(video)
    assert [event.kind for event in seen.events] == ["stray"] * 4
    assert len(seen.frames_s) == len(video.true_s) - 4
    true_s, session_s = np.array(seen.frames_s).T
    assert np.abs(session_s - true_s - (session_s[0] - true_s[0])).max() < 1e-6


def test_frames_of_a_queue_that_empties_after_a_loss_are_kept() -> None:
    video, _ = camera_and_amplifier(duration_s=45)
    video.lose(20.0, 30.0)
    # what follows was read late, one after the other, until the queue is empty
    late = (video.true_s >= 30.0) & (video.true_s < 33.0)
    video.arrived_s[late] += 1.5 * (33.0 - video.true_s[late]) / 3.0
    video.arrived_s = np.maximum.accumulate(video.arrived_s)
    seen = watch(video)
    assert seen.kinds("video") == ["gap"]
    assert seen.streams.faces is not None
    # none of those that waited was dropped
    assert len(seen.frames_s) >= len(video.true_s) - 30
    session_s = [at_s for _, at_s in seen.frames_s]
    (gap,) = seen.events
    assert gap.duration_s == pytest.approx(10.1, abs=0.02)
    assert gap.arrived_s < 32.0 + 1.5
    assert np.diff(session_s).min() > 0


def test_a_camera_that_drops_frames_is_said_within_a_second_and_nothing_stands_in_between() -> None:
    video, ecg = camera_and_amplifier()
    video.lose(30.0, 33.0)
    seen = watch(video, ecg)
    (event,) = seen.events
    assert (event.source, event.kind) == ("video", "gap")
    assert event.arrived_s < 33.0 + 1.0
    assert event.duration_s == pytest.approx(3.0, abs=0.11)
    first_s = seen.frames_s[0][1] - seen.frames_s[0][0]
    assert not [one for _, one in seen.frames_s if 30.0 < one - first_s < 32.9]


def test_a_burst_is_no_step_and_no_gap() -> None:
    video, ecg = camera_and_amplifier()
    for one in (video, ecg):
        one.hold_back(25.0, 29.0)
    seen = watch(video, ecg)
    assert seen.events == []
    assert len(seen.frames_s) == len(video.true_s)


def test_samples_without_a_stamp_leave_their_place_empty() -> None:
    _, ecg = camera_and_amplifier(duration_s=30)
    streams = PatientStreams([AMPLIFIER], windows=WINDOWS, settings=MonitorSettings(), detector=None)
    for k, true_s in enumerate(ecg.true_s.tolist()):
        back_s = np.arange(1 - SAMPLES, 1) / AMPLIFIER.rate_hz
        stamps_s = true_s + back_s
        if k == 200:
            stamps_s[5:9] = np.nan
        if k == 300:
            stamps_s[:] = np.nan
        streams.push(EcgBlock(samples=true_s + back_s, stamps_s=stamps_s, arrived_s=true_s))
    events = streams.take_events()
    assert [event.kind for event in events] == ["gap", "gap"]
    assert [event.duration_s for event in events] == [4 / 512, 32 / 512]
    assert streams.ecg is not None
    assert streams.ecg.n_stray == 36
    found = streams.ecg.recent(18.0)
    assert found is not None
    shown_s = found.start_s + np.arange(len(found.samples)) / 512
    assert np.isnan(found.samples).sum() == 36
    off_s = shown_s - found.samples
    assert np.nanmax(off_s) - np.nanmin(off_s) < 1e-9


@pytest.mark.parametrize("stray_s", [-20.0, 20.0, 4000.0])
def test_a_stray_stamp_inside_a_block_does_not_open_a_hole(stray_s: float) -> None:
    streams = PatientStreams([AMPLIFIER], windows=WINDOWS, settings=MonitorSettings(), detector=None)
    for k in range(400):
        stamps_s = np.arange(k * SAMPLES, (k + 1) * SAMPLES) / 512
        samples = stamps_s.copy()
        if k == 200:
            stamps_s[10] += stray_s
        streams.push(EcgBlock(samples=samples, stamps_s=stamps_s, arrived_s=float(samples[-1])))
        newest_s = streams.newest_s("ecg")
        assert newest_s is None or newest_s < samples[-1] + 0.1
    assert [event.duration_s for event in streams.take_events()] == [1 / 512]


def test_stamps_that_begin_anew_at_0_are_a_step() -> None:
    video, ecg = camera_and_amplifier()
    ecg.stamps_s[ecg.true_s > 30.0] -= ecg.stamps_s[ecg.true_s > 30.0][0]
    seen = watch(video, ecg)
    assert seen.kinds("ecg") == ["step"]
    end_s = seen.frames_s[-1][1]
    assert error_of_ecg_s(seen, end_s - 6.0, end_s - 0.5) < 0.020


def test_ten_seconds_that_come_as_one_block_after_a_pause_stand_where_they_were_measured() -> None:
    streams = PatientStreams([AMPLIFIER], windows=WINDOWS, settings=MonitorSettings(), detector=None)
    times = np.arange(40 * 512) / 512
    edges = [*range(0, 15 * 512, 32), 25 * 512, *range(25 * 512 + 32, 40 * 512, 32)]
    for first, last in zip(edges, [*edges[1:], 40 * 512], strict=True):
        part = times[first:last]
        streams.push(EcgBlock(samples=part, stamps_s=part + 9.0, arrived_s=float(part[-1])))
    assert streams.take_events() == []
    assert streams.ecg is not None
    found = streams.ecg.recent(10.0)
    assert found is not None
    assert np.array_equal(found.samples, times[-5120:])
    assert streams.newest_s("ecg") == pytest.approx(40.0, abs=0.1)


def test_what_was_given_of_the_past_does_not_change() -> None:
    info = SourceInfo(name="amplifier", kind="ecg", clock="machine", rate_hz=512.0)
    streams = PatientStreams([info], windows=WINDOWS, settings=MonitorSettings(), detector=None)
    assert streams.ecg is not None
    rng = np.random.default_rng(0)
    given = []
    for k in range(16 * 30):
        if rng.random() < 0.05:
            continue
        stamps_s = np.arange(k * SAMPLES, (k + 1) * SAMPLES) / 512
        streams.push(EcgBlock(samples=rng.normal(size=SAMPLES), stamps_s=stamps_s, arrived_s=float(stamps_s[-1])))
        newest_s = streams.newest_s("ecg")
        if newest_s is not None and k % 16 == 0 and newest_s > 4.0:
            stretch = (newest_s - 4.0, newest_s - 1.1)
            given.append((stretch, streams.ecg.signal(*stretch)))
        later = [(one, streams.ecg.signal(*stretch)) for stretch, one in given[-4:-2]]
        for one, two in later:
            assert one is not None
            assert two is not None
            assert one.start_s == two.start_s
            assert np.array_equal(one.samples, two.samples, equal_nan=True)
    assert len(given) > 20
