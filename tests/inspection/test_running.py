"""An ECG file gives beats, summary and strip; wrong input is refused; simulated files are marked."""

from __future__ import annotations

import csv
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from ecg_files import FS_HZ, make_ecg, write_edf, write_examples

from ecg_facial.errors import DataError, SettingsError
from ecg_facial.inspection.running import MARKER_NAME, inspect_ecg
from ecg_facial.inspection.settings import InspectionSettings


def write(folder: Path, n_times: int = 3000) -> Path:
    ecg = make_ecg(n_times) + np.random.default_rng(0).normal(0, 0.01, n_times)
    return write_edf(folder / "heart.edf", [("ECG", "mV", ecg, FS_HZ)])


def test_tables_say_what_was_found(tmp_path: Path) -> None:
    inspect_ecg(write(tmp_path), tmp_path / "out")
    with open(tmp_path / "out" / "beats.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 19
    assert list(rows[0]) == ["time_s", "confidence", "rr_s", "nn_s", "heart_rate_bpm"]
    assert (rows[0]["rr_s"], rows[0]["nn_s"], rows[0]["heart_rate_bpm"]) == ("", "", "")
    for number, row in enumerate(rows):
        assert float(row["time_s"]) == pytest.approx(0.4 + 0.8 * number, abs=0.005)
        assert number == 0 or float(row["rr_s"]) == float(row["nn_s"]) == pytest.approx(0.8, abs=0.005)
        assert number == 0 or float(row["heart_rate_bpm"]) == pytest.approx(75, abs=0.5)
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (summary["n_beats"], summary["unit"], summary["fs_hz"], summary["duration_s"]) == (19, "mV", 200.0, 15.0)
    assert (summary["channel"], summary["format"], summary["simulated"]) == ("ECG", "EDF file", False)
    assert summary["heart_rate_bpm"] == pytest.approx(75, abs=0.1)
    assert len(summary["quality_of_stretches"]) == 2


def test_an_interval_over_a_lost_beat_has_no_rate(tmp_path: Path) -> None:
    path = tmp_path / "ecg.csv"
    samples = make_ecg() + np.random.default_rng(0).normal(0, 0.01, 2000)
    samples[1000:1080] = 0.0
    path.write_text("ecg\n" + "".join(f"{value:.4f}\n" for value in samples))
    inspect_ecg(path, tmp_path / "out", InspectionSettings(fs_hz=FS_HZ))
    with open(tmp_path / "out" / "beats.csv", newline="") as stream:
        lost = [row for row in csv.DictReader(stream) if row["rr_s"] and float(row["rr_s"]) > 1.2]
    assert [(row["nn_s"], row["heart_rate_bpm"]) for row in lost] == [("", "")]


def test_files_of_a_simulated_cohort_are_marked(tmp_path: Path) -> None:
    folder = tmp_path / "cohort" / "PartA" / "biosignals_filtered" / "somebody"
    folder.mkdir(parents=True)
    path = write(folder)
    assert not inspect_ecg(path, tmp_path / "out").simulated
    (tmp_path / "cohort" / MARKER_NAME).write_text("{}")
    assert inspect_ecg(path, tmp_path / "out").simulated
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["simulated"]
    assert "SIMULATED" in (tmp_path / "out" / "strip.svg").read_text()


@pytest.mark.parametrize(
    ("start_s", "duration_s", "message"),
    [
        (15.0, 5.0, "a strip from 15 s: the recording lasts 15 s"),
        (0.0, 61.0, "a strip of 61.0 s: expected 1 to 60 s"),
        (0.0, 0.0, "expected 1 to 60 s"),
        (0.0, float("nan"), "expected 1 to 60 s"),
        (float("nan"), 5.0, "a strip from nan s"),
    ],
)
def test_a_strip_that_cannot_be_is_refused(tmp_path: Path, start_s: float, duration_s: float, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        inspect_ecg(write(tmp_path), tmp_path / "out", InspectionSettings(start_s=start_s, duration_s=duration_s))


def test_without_matplotlib_the_tables_are_written_and_the_remedy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, found = write(tmp_path), importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "matplotlib" else found(name))
    findings = inspect_ecg(path, tmp_path / "out")
    assert findings.notes[-1] == "no strip is drawn: that needs matplotlib: pip install 'ecg-facial[evaluate]'"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"beats.csv", "summary.json"}


@pytest.mark.parametrize("name", ["csv", "wfdb16", "wfdb212", "edf", "edf+d", "bdf", "xdf", "npy", "npz"])
def test_every_format_becomes_a_strip(tmp_path: Path, name: str) -> None:
    found = inspect_ecg(
        write_examples(tmp_path)[name](), tmp_path / "out", InspectionSettings(fs_hz=FS_HZ if name == "npy" else None)
    )
    assert found.heart_rate_bpm == pytest.approx(75, abs=1)
    assert (tmp_path / "out" / "strip.png").stat().st_size > 10_000


OTHER = {
    "bad_500.csv": (500.0, "2", (45.0, 65.0)),
    "bio_eventrelated_100hz.csv": (100.0, "ecg", (50.0, 75.0)),
    "bio_resting_5min_100hz.csv": (100.0, "ecg", (85.0, 88.0)),
    "e0103.csv": (250.0, "ecg", (55.0, 65.0)),
    "ecg.txt": (None, "ecg", (58.0, 63.0)),
    "ecg_1000hz.csv": (1000.0, "ecg", (55.0, 65.0)),
    "good_4000.csv": (4000.0, "2", (75.0, 90.0)),
}


@pytest.mark.parametrize("name", sorted(OTHER))
def test_real_tables_become_strips(shared_data: Path, tmp_path: Path, name: str) -> None:
    fs_hz, channel, (low, high) = OTHER[name]
    found = inspect_ecg(
        shared_data / "ecg" / "other" / name, tmp_path / "out", InspectionSettings(fs_hz=fs_hz, channel=channel)
    )
    assert low < found.heart_rate_bpm < high
    assert found.signal.unit is None


def test_real_files_that_are_no_ecg_or_say_too_little_are_refused_with_a_remedy(
    shared_data: Path, tmp_path: Path
) -> None:
    for name, message in (
        ("other/good_4000_annotation.csv", "its rows begin with names"),
        ("other/good_4000.csv", "counts samples, which tells no time.*give it in Hz"),
        ("other/e0103.csv", "the sampling rate is unknown; give it in Hz"),
        ("other/LICENSE", "a header but no rows; expected rows of numbers"),
        ("nstdb/bw.hea", r"no channel 'ecg' \(channels: 'noise1, noise2'\)"),
        ("nstdb/em_recovered.npz", r"no channel 'ecg' \(channels: 'em 1, em 2'\)"),
        ("mitdb/101.atr", "annotations, which hold no samples"),
    ):
        with pytest.raises(DataError, match=message):
            inspect_ecg(shared_data / "ecg" / name, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["101", "114", "208", "230"])
def test_real_records_have_the_heart_rate_of_their_annotations(shared_data: Path, tmp_path: Path, name: str) -> None:
    from ecg_facial.ecg.formats.wfdb_beats import read_wfdb_beats

    path = shared_data / "ecg" / "mitdb" / f"{name}.hea"
    found = inspect_ecg(path, tmp_path / "out", InspectionSettings(start_s=60.0))
    rr_s = np.diff(read_wfdb_beats(path.with_suffix(".atr")).times_s)
    assert found.heart_rate_bpm == pytest.approx(60 / np.mean(rr_s), rel=0.01)
    assert found.signal.unit == "mV"
