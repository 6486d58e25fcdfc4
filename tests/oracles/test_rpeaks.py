"""Beats agree with those of independent detectors where there is no doubt about them."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import import_oracle

from ecg_facial.ecg.rpeaks import detect_r_peaks
from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.heart.ecg import MORPHOLOGY_FAMILIES, make_morphology, simulate_ecg

FS_HZ, SECONDS = 250.0, 60.0


def make_record(family: str, seed: int) -> Float64Array:
    rng = np.random.default_rng(seed)
    n_times = round(SECONDS * FS_HZ)
    curve = 70.0 + 6.0 * seed + 5.0 * np.sin(np.arange(n_times) / FS_HZ)
    ecg, _ = simulate_ecg(curve, FS_HZ, rng=rng, morphology=make_morphology(family))
    return ecg + rng.normal(0.0, 0.02, n_times)


def assert_same_beats(ours_s: Float64Array, theirs_s: Float64Array) -> None:
    """All but the first and the last seconds, which other detectors learn from."""
    ours, theirs = (times[(times > 3.0) & (times < SECONDS - 1.0)] for times in (ours_s, theirs_s))
    assert len(ours) == len(theirs)
    assert np.abs(ours - theirs).max() < 0.02


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("family", MORPHOLOGY_FAMILIES)
def test_beats_are_those_of_sleepecg(family: str, seed: int) -> None:
    sleepecg = import_oracle("sleepecg")
    ecg = make_record(family, seed)
    assert_same_beats(detect_r_peaks(ecg, FS_HZ).times_s, sleepecg.detect_heartbeats(ecg, FS_HZ) / FS_HZ)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("family", MORPHOLOGY_FAMILIES)
def test_beats_are_those_of_xqrs(family: str, seed: int) -> None:
    processing = import_oracle("wfdb.processing")
    ecg = make_record(family, seed)
    detector = processing.XQRS(sig=ecg, fs=FS_HZ)
    detector.detect(verbose=False)
    assert_same_beats(detect_r_peaks(ecg, FS_HZ).times_s, detector.qrs_inds / FS_HZ)
