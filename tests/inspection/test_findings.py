"""Results of an ECG: beats, heart rate, gaps, quality of stretches, and inverted leads."""

from __future__ import annotations

import numpy as np
import pytest
from ecg_files import FS_HZ, make_ecg
from readings import noisy, read

from ecg_facial.cli.wording import show_findings
from ecg_facial.inspection.findings import analyse_ecg


def test_beats_and_heart_rate_are_those_that_were_made() -> None:
    found = analyse_ecg(read(noisy()))
    assert len(found.beats) == 37
    assert found.heart_rate_bpm == pytest.approx(75.0, abs=0.1)
    assert found.heart_rate_range_bpm == (pytest.approx(75, abs=1), pytest.approx(75, abs=1))
    assert found.edges_s.tolist() == [0.0, 10.0, 20.0, 30.0]
    assert found.quality.min() > 0.9
    assert (found.share_not_recorded, found.share_low_quality, found.notes) == (0.0, 0.0, ())


def test_a_gap_counts_as_not_recorded_and_lowers_its_stretch_alone() -> None:
    samples = noisy()
    samples[2000:4000] = np.nan
    found = analyse_ecg(read(samples))
    assert found.share_not_recorded == pytest.approx(1 / 3)
    assert found.share_low_quality == pytest.approx(1 / 3)
    assert found.quality[1] == 0.0
    assert found.quality[[0, 2]].min() > 0.9


@pytest.mark.parametrize("scale", [-1.0, -0.001, -500.0])
def test_a_lead_that_points_down_is_noted(scale: float) -> None:
    notes = analyse_ecg(read(noisy(scale=scale))).notes
    assert [note for note in notes if "points down" in note]
    assert not [note for note in analyse_ecg(read(noisy(scale=-scale))).notes if "points down" in note]


def test_a_deep_s_wave_alone_does_not_make_a_lead_inverted() -> None:
    samples = noisy()
    samples -= 0.9 * np.roll(make_ecg(6000), round(0.03 * FS_HZ))
    assert not [note for note in analyse_ecg(read(samples)).notes if "points down" in note]


@pytest.mark.parametrize("samples", [np.zeros(3000), np.full(3000, np.nan), np.ones(40), np.zeros(1)])
def test_nothing_to_find_is_no_error_and_no_rate(samples: np.ndarray) -> None:
    found = analyse_ecg(read(samples))
    assert len(found.beats) == 0
    assert np.isnan(found.heart_rate_bpm)
    assert found.median_quality == 0.0
    assert [note for note in found.notes if "not to be trusted" in note]
    assert found.to_dict()["heart_rate_bpm"] is None
    assert "heart rate       unknown" in show_findings(found)
