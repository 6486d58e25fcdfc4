"""The newest signals for those who look: current, cheap when nobody does, each sample and beat once."""

from __future__ import annotations

import numpy as np
import pytest
from bedside import Bed, Person

from ecg_facial.live.signals import ECG_S, EcgTail, LiveSignals, SignalsTap
from ecg_facial.recording import EcgSignal

FS_HZ = 500.0


def make_ecg(start_s: float, end_s: float, *, fs_hz: float = FS_HZ) -> EcgSignal:
    """Give a beat on each whole second."""
    times_s = start_s + np.arange(round((end_s - start_s) * fs_hz)) / fs_hz
    samples = np.exp(-0.5 * (((times_s + 0.5) % 1.0 - 0.5) / 0.012) ** 2)
    return EcgSignal(samples=samples, fs_hz=fs_hz, unit="mV", start_s=start_s)


def test_the_newest_frame_comes_with_the_persons_box_and_the_last_seconds_of_ecg() -> None:
    bed = Bed()
    bed.watch(Person(seconds=8, n_faces=lambda time_s: 1 if time_s < 7.8 else 0))
    (picture, ecg) = (bed.engine.signals().picture, bed.engine.signals().ecg)
    assert picture is not None
    assert picture.frame.time_s == pytest.approx(7.9)
    assert picture.box is None
    assert ecg is not None
    assert ecg.start_s + len(ecg.samples) / ecg.fs_hz == pytest.approx(8.0)
    assert len(ecg.samples) / ecg.fs_hz <= ECG_S
    bed = Bed()
    bed.watch(Person(seconds=8, n_faces=lambda time_s: 2 if time_s > 7 else 1))
    picture = bed.engine.signals().picture
    assert picture is not None
    # the person's, not that of somebody who came later
    assert picture.box == (4.0, 20.0, 40.0, 40.0)


def test_nothing_is_made_while_nobody_looks_and_nothing_old_is_given() -> None:
    now_s, made = [0.0], []

    def make() -> LiveSignals:
        made.append(now_s[0])
        return LiveSignals(ecg=make_ecg(0.0, 1.0))

    tap = SignalsTap(lambda: now_s[0])
    tap.offer(make)
    assert made == []
    assert tap.ask().ecg is None
    for _ in range(10):
        tap.offer(make)
        now_s[0] += 0.0625
    assert len(made) == 5
    assert tap.ask().ecg is not None
    now_s[0] += 3.0
    tap.offer(make)
    assert len(made) == 5
    assert tap.ask().ecg is None


def test_each_sample_and_each_beat_is_given_once_however_often_one_looks() -> None:
    tail, given, beats_s, starts_s = EcgTail(max_fs_hz=250.0), [], [], []
    for number in range(200):
        end_s = 10.0 + 0.237 * number
        new = tail.update(make_ecg(round((end_s - 10.0) * FS_HZ) / FS_HZ, round(end_s * FS_HZ) / FS_HZ))
        assert new is not None
        assert new.fs_hz == 250.0
        starts_s.append(new.start_s)
        given.append(new.samples)
        beats_s += new.beats_s
    ends_s = np.array(starts_s) + np.array([len(one) for one in given]) / 250.0
    np.testing.assert_allclose(starts_s[1:], ends_s[:-1], atol=1e-9)
    whole = make_ecg(0.0, 58.0).samples.reshape(-1, 2).mean(axis=1)
    np.testing.assert_allclose(np.concatenate(given), whole[: sum(map(len, given))], atol=1e-9)
    assert np.round(beats_s).tolist() == sorted({*np.round(beats_s).tolist()})
    assert len(beats_s) >= 50
    assert np.abs(np.array(beats_s) - np.round(beats_s)).max() < 0.01


def test_after_a_break_another_stream_or_nothing_new_it_begins_anew_or_waits() -> None:
    tail = EcgTail(max_fs_hz=250.0)
    assert tail.update(None) is None
    assert tail.update(make_ecg(0.0, 10.0)) is not None
    assert tail.update(make_ecg(0.0, 10.0)) is None
    late = tail.update(make_ecg(50.0, 60.0))
    assert late is not None
    assert (late.start_s, len(late.samples)) == (50.0, 2500)
    slow = tail.update(make_ecg(51.0, 61.0, fs_hz=40.0))
    assert slow is not None
    assert (slow.fs_hz, len(slow.samples), slow.beats_s) == (40.0, 400, ())


def test_lost_samples_stay_lost() -> None:
    ecg = make_ecg(0.0, 10.0)
    ecg.samples[1000:1003] = np.nan
    new = EcgTail(max_fs_hz=250.0).update(ecg)
    assert new is not None
    assert np.flatnonzero(np.isnan(new.samples)).tolist() == [500, 501]
