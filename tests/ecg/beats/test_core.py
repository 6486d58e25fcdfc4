"""Beats of one stretch: a signal without beats gives none, and no error."""

from __future__ import annotations

import numpy as np

from ecg_facial.ecg.beats.core import Stretch, find_beats
from ecg_facial.ecg.beats.scales import get_scales
from ecg_facial.ecg.rpeaks import detect_r_peaks

FS_HZ = 512.0


def test_a_steady_vibration_of_10_hz_has_no_beats() -> None:
    """All its candidates are weak: none is chosen."""
    times_s = np.arange(2816) / FS_HZ
    assert len(detect_r_peaks(np.sin(2 * np.pi * 10.0 * times_s), FS_HZ)) == 0


def test_a_flat_stretch_has_no_beats() -> None:
    scales = get_scales(FS_HZ)
    flat = np.zeros(1000)
    found = find_beats(Stretch(energy=flat, coarse=flat, fine=np.zeros(1000 * scales.second)), scales)
    assert len(found.index) == len(found.tips) == len(found.matched) == len(found.strength) == 0
