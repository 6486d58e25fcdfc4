"""Pacing spikes of one or both chambers are removed, in pieces as in the whole; other signals stay as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecg_facial.ecg.beats.pacing import SpikeRemover, remove_spikes
from ecg_facial.ecg.beats.scales import get_scales
from ecg_facial.ecg.beats.stream import BeatStream, join
from ecg_facial.ecg.quality import compute_sqi
from ecg_facial.ecg.reading import read_ecg
from ecg_facial.ecg.rpeaks import detect_r_peaks
from ecg_facial.runtime.typing import Float64Array

SECONDS = 20.0
BEATS_S = np.arange(0.5, SECONDS - 0.3, 0.8)


def make_heart(fs_hz: float, *, sd_s: float = 0.025, wander: float = 0.1) -> Float64Array:
    """Broad QRS complexes of 1 mV, each with a T wave, on a slow baseline: the beats of a paced ventricle."""
    times_s = np.arange(round(SECONDS * fs_hz)) / fs_hz
    ecg = wander * np.sin(times_s)
    for beat in BEATS_S:
        ecg += np.exp(-0.5 * ((times_s - beat) / sd_s) ** 2) - 0.35 * np.exp(
            -0.5 * ((times_s - beat - 0.3) / 0.06) ** 2
        )
    return ecg


def add_spikes(
    ecg: Float64Array, fs_hz: float, before_s: tuple[float, ...], *, height: float = 4.0, width_s: float = 0.002
) -> Float64Array:
    spiked = ecg.copy()
    width = max(1, round(width_s * fs_hz))
    for ahead in before_s:
        for at in np.round((BEATS_S - ahead) * fs_hz).astype(int):
            spiked[at : at + width] += height
    return spiked


@pytest.mark.parametrize("fs_hz", [250.0, 500.0, 1000.0, 2000.0])
@pytest.mark.parametrize("before_s", [(0.06,), (0.06, 0.22), (0.22,)], ids=["ventricle", "both", "atrium"])
@pytest.mark.parametrize("height", [4.0, -4.0, 1.2])
def test_paced_beats_are_found_as_without_their_spikes(
    fs_hz: float, before_s: tuple[float, ...], height: float
) -> None:
    heart = make_heart(fs_hz)
    paced = add_spikes(heart, fs_hz, before_s, height=height)
    found = detect_r_peaks(paced, fs_hz)
    assert len(found) == len(BEATS_S)
    np.testing.assert_allclose(found.times_s, BEATS_S, atol=0.012)
    np.testing.assert_allclose(remove_spikes(paced, fs_hz), heart, atol=0.15)
    assert compute_sqi(paced, fs_hz, r_peaks=found) > 0.8


def test_without_the_removal_spikes_are_taken_for_beats() -> None:
    """What would happen otherwise, so that the test above cannot pass for another reason."""
    paced = add_spikes(make_heart(500.0), 500.0, (0.06, 0.22))
    found = detect_r_peaks(paced, 500.0, may_be_paced=False).times_s
    off_s = np.abs(found[:, None] - BEATS_S).min(axis=1)
    assert len(found) != len(BEATS_S) or off_s.max() > 0.03


@pytest.mark.parametrize("longest", [1, 7, 300, 4000])
@pytest.mark.parametrize("fs_hz", [250.0, 512.0])
def test_pieces_of_any_size_give_the_samples_of_the_whole(fs_hz: float, longest: int) -> None:
    rng = np.random.default_rng(longest)
    paced = add_spikes(make_heart(fs_hz), fs_hz, (0.06, 0.22))
    paced = (
        paced[: round((3.0 if longest == 1 else SECONDS) * fs_hz)]
        + rng.normal(0, 0.005, len(paced))[: len(paced)][: round((3.0 if longest == 1 else SECONDS) * fs_hz)]
    )
    remover, parts, first = SpikeRemover(fs_hz), [], 0
    while first < len(paced):
        size = int(rng.integers(1, longest + 1))
        parts.append(remover.push(paced[first : first + size])[0])
        first += size
    parts.append(remover.flush()[0])
    np.testing.assert_array_equal(np.concatenate(parts), remove_spikes(paced, fs_hz))
    stream, found = BeatStream(get_scales(fs_hz)), []
    for at in range(0, len(paced), 97):
        found.append(stream.push(paced[at : at + 97]))
    found.append(stream.flush())
    np.testing.assert_array_equal(join(found)[0], detect_r_peaks(paced, fs_hz).times_s)


def make_others() -> dict[str, tuple[Float64Array, float]]:
    rng = np.random.default_rng(0)
    narrow = make_heart(500.0, sd_s=0.008)
    pulses = np.zeros(10_000)
    pulses[250::400] = 1.0
    return {
        "narrow beats": (narrow, 500.0),
        "narrow beats of a child": (make_heart(500.0, sd_s=0.006), 500.0),
        "noise": (rng.normal(0, 1, 10_000), 500.0),
        "noisy beats": (narrow + rng.normal(0, 0.1, len(narrow)), 500.0),
        "a pulse a beat and nothing else": (pulses, 500.0),
        "flat": (np.zeros(5000), 500.0),
        "a step": (np.r_[np.zeros(3000), np.ones(3000)] + 0.01 * np.sin(np.arange(6000) / 50), 500.0),
        "small spikes": (add_spikes(narrow, 500.0, (0.06,), height=0.2), 500.0),
        "spikes at 128 Hz": (add_spikes(make_heart(128.0), 128.0, (0.06,)), 128.0),
        "short": (narrow[:300], 500.0),
        "one sample": (narrow[:1], 500.0),
        "none": (narrow[:0], 500.0),
    }


OTHERS = make_others()


@pytest.mark.parametrize(("ecg", "fs_hz"), OTHERS.values(), ids=OTHERS.keys())
def test_a_signal_without_spikes_leaves_as_it_came(ecg: Float64Array, fs_hz: float) -> None:
    np.testing.assert_array_equal(remove_spikes(ecg, fs_hz), ecg)


def test_gaps_keep_their_marks() -> None:
    paced = add_spikes(make_heart(500.0), 500.0, (0.06, 0.22))
    marks = np.zeros(len(paced), dtype=bool)
    marks[3000:3200] = True
    remover = SpikeRemover(500.0)
    parts = [remover.push(paced[at : at + 777], marks[at : at + 777]) for at in range(0, len(paced), 777)]
    parts.append(remover.flush())
    given = np.concatenate([np.zeros(len(part), bool) if own is None else own for part, own in parts])
    np.testing.assert_array_equal(given, marks)


def test_real_records_leave_as_they_came(shared_data: Path) -> None:
    """Records 102 and 104 are paced: their spikes are broad at 360 Hz, and do not mislead the detector. 203 rings."""
    for name, column in (("101", "1"), ("102", "1"), ("104", "1"), ("208", "1"), ("203", "2")):
        ecg = read_ecg(shared_data / "ecg" / "mitdb" / f"{name}.hea", column=column)
        part = ecg.samples[: round(600 * ecg.fs_hz)]
        np.testing.assert_array_equal(remove_spikes(part, ecg.fs_hz), part)
