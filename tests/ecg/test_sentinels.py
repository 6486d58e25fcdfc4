"""Numbers that stand for no value are gaps with a note; whatever a heart or an amplifier does is left as it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ecg_files import make_ecg, write_edf

from ecg_facial.ecg.reading import read_ecg_fully
from ecg_facial.ecg.sentinels import remove_sentinels

FS_HZ = 200.0
ECG = make_ecg(2000) + 0.02 * np.sin(np.arange(2000) / 5)
RUN = slice(700, 760)


def put(value: float, *places: slice, ecg: np.ndarray = ECG) -> np.ndarray:
    changed = ecg.copy()
    for place in places:
        changed[place] = value
    return changed


@pytest.mark.parametrize("value", [-9999.0, -999.0, 99999.0, -32768.0, 32767.0, 65535.0, -2147483648.0, -187.5])
@pytest.mark.parametrize("scale", [1.0, -1.0])
def test_runs_of_a_number_that_lies_apart_are_gaps(value: float, scale: float) -> None:
    changed = put(value, RUN, slice(1990, 2000), ecg=scale * ECG)
    samples, notes = remove_sentinels(changed, FS_HZ)
    np.testing.assert_array_equal(np.isnan(samples), changed == value)
    assert notes == (f"70 samples are {value:.6g}, which stands for no value: read as gaps",)


def test_two_numbers_and_single_samples_of_a_known_one_are_gaps_too() -> None:
    changed = put(9999.0, RUN, ecg=put(-9999.0, slice(100, 101), slice(300, 340)))
    samples, notes = remove_sentinels(changed, FS_HZ)
    np.testing.assert_array_equal(np.isnan(samples), np.abs(changed) == 9999)
    assert len(notes) == 2


def test_a_number_apart_from_counts_of_a_converter_is_a_gap() -> None:
    counts = np.round(2000 + 1500 * ECG)
    samples, _ = remove_sentinels(put(-9999.0, RUN, ecg=counts), FS_HZ)
    assert np.isnan(samples).sum() == 60


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(np.clip(3 * ECG, -1, 1), id="clipped at the end of the range"),
        pytest.param(np.round(ECG * 20) / 20, id="few steps"),
        pytest.param(put(4.0, slice(700, 702)), id="pacing spike"),
        pytest.param(put(2.5, RUN), id="calibration pulse"),
        pytest.param(put(0.0, RUN), id="flat"),
        pytest.param(np.round(32767 * np.clip(3 * ECG, -1, 1)), id="clipped at the last count"),
        pytest.param(np.where(np.arange(2000) % 160 == 80, 9999.0, np.round(9000 * ECG)), id="large counts"),
        pytest.param(np.full(2000, -9999.0), id="nothing else"),
        pytest.param(np.full(2000, np.nan), id="nothing"),
        pytest.param(np.zeros(0), id="empty"),
    ],
)
def test_what_a_heart_or_an_amplifier_does_is_left_as_it_is(changed: np.ndarray) -> None:
    samples, notes = remove_sentinels(changed, FS_HZ)
    assert samples is changed
    assert notes == ()


def test_readers_give_gaps_and_a_note_in_every_format(tmp_path: Path) -> None:
    changed = put(-9999.0, RUN)
    rows = [f"{number / FS_HZ:.3f},{value:.4f}" for number, value in enumerate(changed)]
    (tmp_path / "x.csv").write_text("\n".join(["time,ecg (mV)", *rows, ""]))
    np.savez(tmp_path / "x.npz", ecg=changed, fs=FS_HZ, unit="mV")
    write_edf(tmp_path / "x.edf", [("ECG", "mV", put(-30.0, RUN), FS_HZ)])
    for path in sorted(tmp_path.iterdir()):
        found = read_ecg_fully(path)
        assert np.flatnonzero(np.isnan(found.signal.samples)).tolist() == [*range(700, 760)], path
        # the rest is known to be millivolts
        assert found.signal.unit == "mV"
        assert sum("stands for no value" in note for note in found.notes) == 1
