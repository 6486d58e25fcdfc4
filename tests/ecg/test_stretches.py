"""Stretches of a long recording hold the right samples, and the recording is read once."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from ecg_files import make_ecg, write_wfdb

from ecg_facial.ecg import stretches
from ecg_facial.ecg.formats.opening import list_files
from ecg_facial.ecg.stretches import measure_ecg_stretch, read_ecg_stretch
from ecg_facial.errors import CorruptDataError, MissingDataError, SettingsError
from ecg_facial.recording import EcgRef, VideoRef


def write_ramp(path: Path, *, n_times: int = 1000) -> Path:
    path.write_text("ecg\n" + "\n".join(map(str, range(n_times))) + "\n")
    return path


def test_a_stretch_holds_its_own_samples_and_starts_its_own_clock(tmp_path: Path) -> None:
    path = write_ramp(tmp_path / "ramp.csv")
    part = read_ecg_stretch(EcgRef(path=path, fs_hz=100.0, start_s=2.0, duration_s=1.5))
    np.testing.assert_array_equal(part.samples, np.arange(200, 350))
    assert (part.fs_hz, part.start_s, part.duration_s) == (100.0, 0.0, 1.5)
    whole = read_ecg_stretch(EcgRef(path=path, fs_hz=100.0))
    np.testing.assert_array_equal(whole.samples, np.arange(1000))


def test_a_stretch_ends_where_the_recording_does(tmp_path: Path) -> None:
    path = write_ramp(tmp_path / "ramp.csv")
    assert measure_ecg_stretch(EcgRef(path=path, fs_hz=100.0, start_s=9.0, duration_s=5.0)) == pytest.approx(1.0)
    assert measure_ecg_stretch(EcgRef(path=path, fs_hz=100.0, start_s=9.0)) == pytest.approx(1.0)
    assert measure_ecg_stretch(EcgRef(path=path, fs_hz=100.0, start_s=50.0, duration_s=5.0)) == 0.0


def test_a_recording_is_read_once_for_all_its_stretches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, read, calls = write_ramp(tmp_path / "ramp.csv"), stretches.read_ecg, []
    monkeypatch.setattr(stretches, "read_ecg", lambda *a, **k: calls.append(a) or read(*a, **k))
    for number in range(50):
        read_ecg_stretch(EcgRef(path=path, fs_hz=100.0, start_s=number / 10, duration_s=1.0))
    assert len(calls) == 1


def test_what_is_done_to_a_stretch_does_not_reach_the_others(tmp_path: Path) -> None:
    part = EcgRef(path=write_ramp(tmp_path / "ramp.csv"), fs_hz=100.0, start_s=1.0, duration_s=1.0)
    read_ecg_stretch(part).samples[:] = -1.0
    np.testing.assert_array_equal(read_ecg_stretch(part).samples, np.arange(100, 200))


def test_a_file_written_anew_is_another_recording(tmp_path: Path) -> None:
    path = write_ramp(tmp_path / "ramp.csv")
    part = EcgRef(path=path, fs_hz=100.0, start_s=1.0)
    assert measure_ecg_stretch(part) == pytest.approx(9.0)
    write_ramp(path, n_times=500)
    assert measure_ecg_stretch(part) == pytest.approx(4.0)


def test_a_damaged_recording_says_so_for_each_stretch_and_is_tried_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, read, calls = tmp_path / "damaged.csv", stretches.read_ecg, []
    path.write_text("ecg\n1\nx\n")
    monkeypatch.setattr(stretches, "read_ecg", lambda *a, **k: calls.append(a) or read(*a, **k))
    for start_s in (1.0, 2.0, 3.0):
        with pytest.raises(CorruptDataError, match="row 3 holds 'x'"):
            read_ecg_stretch(EcgRef(path=path, fs_hz=100.0, start_s=start_s))
    assert len(calls) == 1
    with pytest.raises(MissingDataError, match="no such file"):
        read_ecg_stretch(EcgRef(path=tmp_path / "gone.csv", fs_hz=100.0, start_s=1.0))


def test_many_stretches_of_a_recording_read_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, read, calls = write_ramp(tmp_path / "long.csv", n_times=200_000), stretches.read_ecg, []
    monkeypatch.setattr(stretches, "read_ecg", lambda *a, **k: calls.append(a) or read(*a, **k))
    parts = [EcgRef(path=path, fs_hz=250.0, start_s=10.0 * number, duration_s=5.5) for number in range(40)]
    for part in parts:
        read_ecg_stretch(part)
    assert len(calls) == 1


@pytest.mark.parametrize("wrong", [{"start_s": -1.0}, {"start_s": float("nan")}, {"duration_s": 0.0}])
def test_a_stretch_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    for kind in (EcgRef, VideoRef):
        with pytest.raises(SettingsError, match="a stretch"):
            kind(path=Path("x"), **wrong)


def test_a_record_whose_samples_were_written_anew_is_read_again(tmp_path: Path) -> None:
    counts = np.round(200 * make_ecg()[:, None]).astype(np.int64)
    path = write_wfdb(tmp_path, counts)
    part = EcgRef(path=path, start_s=1.0, duration_s=1.0)
    before = read_ecg_stretch(part).samples
    # the header, and the length of the samples, stay what they were
    path.with_suffix(".dat").write_bytes((counts + 100).astype("<i2").tobytes())
    os.utime(path.with_suffix(".dat"), ns=(1, 1))
    np.testing.assert_allclose(read_ecg_stretch(part).samples, before + 0.5)
    assert list_files(path) == (path, path.with_suffix(".dat"))
