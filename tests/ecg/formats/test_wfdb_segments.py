"""WFDB records of several segments: layouts, pauses, gains of each segment, and segments that are missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from ecg_files import FS_HZ, make_ecg, write_atr

from ecg_facial.ecg.formats.opening import list_files
from ecg_facial.ecg.formats.wfdb_beats import read_wfdb_beats
from ecg_facial.ecg.reading import probe_ecg, read_ecg, read_ecg_fully
from ecg_facial.errors import DataError, MissingDataError
from ecg_facial.runtime.typing import Float64Array

ECG = make_ecg(3000)
OTHER = np.sin(np.arange(3000) / 9)


def write_segment(
    folder: Path, name: str, signals: Sequence[tuple[str, Float64Array]], *, gain: float = 200.0, unit: str = "mV",
    fs_hz: float = FS_HZ, storage: int = 16,
) -> None:  # fmt: skip
    """Write one segment; a signal is (name, millivolts)."""
    per_mv = gain if unit == "mV" else gain * 1000
    counts = np.round(np.stack([samples for _, samples in signals], axis=1) * per_mv).astype("<i2")
    (folder / f"{name}.dat").write_bytes(counts.tobytes())
    lines = [f"{name} {len(signals)} {fs_hz:g} {len(counts)}"]
    lines += [f"{name}.dat {storage} {gain:g}(0)/{unit} 16 0 0 0 0 {label}" for label, _ in signals]
    (folder / f"{name}.hea").write_text("\n".join(lines) + "\n")


def write_whole(folder: Path, *segments: tuple[str, int], n_signals: int = 1, total: int | None = None) -> Path:
    total = sum(n_frames for _, n_frames in segments) if total is None else total
    lines = [f"whole/{len(segments)} {n_signals} {FS_HZ:g} {total}", *(f"{name} {n}" for name, n in segments)]
    path = folder / "whole.hea"
    path.write_text("\n".join(lines) + "\n")
    return path


def write_fixed(folder: Path) -> Path:
    for number, at in enumerate((np.s_[:1000], np.s_[1000:1700], np.s_[1700:3000])):
        write_segment(folder, f"s{number}", [("II", ECG[at]), ("V1", OTHER[at])])
    return write_whole(folder, ("s0", 1000), ("s1", 700), ("s2", 1300), n_signals=2)


def test_segments_of_a_fixed_layout_follow_each_other(tmp_path: Path) -> None:
    path = write_fixed(tmp_path)
    reading = read_ecg_fully(path)
    assert (reading.signal.unit, reading.signal.fs_hz, reading.notes) == ("mV", FS_HZ, ())
    assert (reading.kind, reading.channels) == ("WFDB record of several segments", ("II", "V1"))
    np.testing.assert_allclose(reading.signal.samples, ECG, atol=0.003)
    np.testing.assert_allclose(read_ecg(path, column="V1").samples, OTHER, atol=0.003)
    assert probe_ecg(path).n_times == 3000
    np.testing.assert_allclose(read_ecg(tmp_path / "whole").samples, ECG, atol=0.003)


def test_pauses_are_nan(tmp_path: Path) -> None:
    write_segment(tmp_path, "a", [("II", ECG[:1000])])
    write_segment(tmp_path, "b", [("II", ECG[1000:])])
    samples = read_ecg(write_whole(tmp_path, ("~", 50), ("a", 1000), ("~", 300), ("b", 2000), ("~", 7))).samples
    np.testing.assert_allclose(samples[50:1050], ECG[:1000], atol=0.003)
    np.testing.assert_allclose(samples[1350:3350], ECG[1000:], atol=0.003)
    assert np.isnan(samples).sum() == 357


def test_a_variable_layout_finds_signals_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "layout.hea").write_text(
        f"layout 3 {FS_HZ:g} 0\n~ 0 100(0)/mV 16 0 0 0 0 II\n~ 0 100(0)/mV 16 0 0 0 0 V1\n~ 0 100/mmHg 0 0 0 0 0 ABP\n"
    )
    write_segment(tmp_path, "a", [("II", ECG[:1000])])
    write_segment(tmp_path, "b", [("V1", OTHER[1000:1500])])
    write_segment(tmp_path, "c", [("V1", OTHER[1500:]), ("II", ECG[1500:])])
    path = write_whole(tmp_path, ("layout", 0), ("a", 1000), ("b", 500), ("~", 100), ("c", 1500), n_signals=3)
    reading = read_ecg_fully(path)
    assert (reading.channel, reading.channels) == ("II", ("II", "V1", "ABP"))
    samples = reading.signal.samples
    assert len(samples) == 3100
    np.testing.assert_allclose(samples[:1000], ECG[:1000], atol=0.003)
    assert np.isnan(samples[1000:1600]).all()
    np.testing.assert_allclose(samples[1600:], ECG[1500:], atol=0.003)
    first = read_ecg(path, column="V1").samples
    assert np.isnan(first[:1000]).all()
    np.testing.assert_allclose(first[1000:1500], OTHER[1000:1500], atol=0.003)


def test_the_lead_that_most_segments_hold_is_taken(tmp_path: Path) -> None:
    (tmp_path / "layout.hea").write_text(
        f"layout 3 {FS_HZ:g} 0\n~ 0 100(0)/mV 16 0 0 0 0 V\n~ 0 100(0)/mV 16 0 0 0 0 II\n~ 0 100/mmHg 0 0 0 0 0 ABP\n"
    )
    write_segment(tmp_path, "a", [("V", OTHER[:1000])])
    write_segment(tmp_path, "b", [("ABP", OTHER[1000:2000]), ("II", ECG[1000:2000])])
    write_segment(tmp_path, "c", [("II", ECG[2000:])])
    path = write_whole(tmp_path, ("layout", 0), ("a", 1000), ("b", 1000), ("c", 1000), n_signals=3)
    reading = read_ecg_fully(path)
    assert reading.channel == "II"
    assert "signal 'II' (2000 samples) was taken, not 'V' (1000 samples)" in reading.notes
    np.testing.assert_allclose(reading.signal.samples[1000:], ECG[1000:], atol=0.003)
    # one that is given by its name is read
    np.testing.assert_allclose(read_ecg(path, column="V").samples[:1000], OTHER[:1000], atol=0.003)


def test_each_segment_has_its_own_gain_and_unit(tmp_path: Path) -> None:
    write_segment(tmp_path, "a", [("II", ECG[:1000])], gain=200.0)
    write_segment(tmp_path, "b", [("II", ECG[1000:2000])], gain=1000.0)
    write_segment(tmp_path, "c", [("II", ECG[2000:])], gain=2.0, unit="uV")
    ecg = read_ecg(write_whole(tmp_path, ("a", 1000), ("b", 1000), ("c", 1000)))
    assert ecg.unit == "mV"
    np.testing.assert_allclose(ecg.samples, ECG, atol=0.003)


@pytest.mark.parametrize("lost", ["s1.hea", "s1.dat", "s0.hea"])
def test_a_segment_that_is_missing_is_nan_and_noted(tmp_path: Path, lost: str) -> None:
    path = write_fixed(tmp_path)
    (tmp_path / lost).unlink()
    reading = read_ecg_fully(path)
    at = np.s_[:1000] if lost == "s0.hea" else np.s_[1000:1700]
    assert len(reading.signal.samples) == 3000
    assert np.isnan(reading.signal.samples[at]).all()
    np.testing.assert_allclose(np.delete(reading.signal.samples, at), np.delete(ECG, at), atol=0.003)
    assert f"segment {lost[:2]} is left out" in reading.notes[0]


def test_a_damaged_segment_costs_itself_alone(tmp_path: Path) -> None:
    path = write_fixed(tmp_path)
    (tmp_path / "s1.hea").write_text("what is this\n")
    (tmp_path / "s2.dat").write_bytes((tmp_path / "s2.dat").read_bytes()[:2000])
    reading = read_ecg_fully(path)
    assert np.isnan(reading.signal.samples[1000:1700]).all()
    np.testing.assert_allclose(reading.signal.samples[1700:2200], ECG[1700:2200], atol=0.003)
    assert np.isnan(reading.signal.samples[2200:]).all()
    assert "s1 is left out" in reading.notes[0]
    assert "segment s2: s2.dat is cut off: 800 of 1300 samples (4 s)" in reading.notes[1]


def test_without_any_segment_the_record_is_refused(tmp_path: Path) -> None:
    path = write_fixed(tmp_path)
    for one in tmp_path.glob("s*"):
        one.unlink()
    with pytest.raises(MissingDataError, match=r"s0\.hea: no such file"):
        read_ecg(path)


def test_a_segment_of_another_rate_is_left_out(tmp_path: Path) -> None:
    write_segment(tmp_path, "a", [("II", ECG[:1000])])
    write_segment(tmp_path, "b", [("II", ECG[1000:])], fs_hz=125.0)
    reading = read_ecg_fully(write_whole(tmp_path, ("a", 1000), ("b", 2000)))
    assert np.isnan(reading.signal.samples[1000:]).all()
    assert "125 Hz in a record of 200 Hz" in reading.notes[0]


def test_a_length_that_the_segments_do_not_have_is_noted(tmp_path: Path) -> None:
    write_segment(tmp_path, "a", [("II", ECG)])
    reading = read_ecg_fully(write_whole(tmp_path, ("a", 3000), total=9999))
    assert len(reading.signal.samples) == 3000
    assert reading.notes == ("the header promises 9999 samples, and its segments have 3000: all are read",)


def test_a_pause_of_years_is_not_allocated(tmp_path: Path) -> None:
    write_segment(tmp_path, "a", [("II", ECG)])
    with pytest.raises(DataError, match="a signal has 1000000002999 samples, limit"):
        read_ecg(write_whole(tmp_path, ("a", 3000), ("~", 999_999_999_999)))


def test_files_and_beats_of_the_whole_are_found(tmp_path: Path) -> None:
    path = write_fixed(tmp_path)
    names = {one.name for one in list_files(path)}
    assert names == {"whole.hea", *(f"s{number}.{end}" for number in range(3) for end in ("hea", "dat"))}
    assert read_wfdb_beats(write_atr(tmp_path / "whole.atr", [(400, 1)])).times_s.tolist() == [2.0]
