"""EDF+: rows and raw ECG come back to half a step, and what is missing stays missing."""

from __future__ import annotations

import json
import math
import warnings
from pathlib import Path
from typing import Any

import edfio
import numpy as np
import pytest
from stored_sessions import draw_beats, draw_rows, draw_session, write_ecg_store, write_store

from ecg_facial.ecg.reading import read_ecg
from ecg_facial.export.content import SessionContent, read_sessions
from ecg_facial.export.edf import _LABELS
from ecg_facial.export.scaling import choose_scale
from ecg_facial.export.writing import write_export
from ecg_facial.live.store.database import Store
from ecg_facial.live.store.rows import AlarmRow, BaselineRow, EcgRow, EstimateRow, EventRow, RatingRow, Row

KINDS: dict[str, type[Row]] = {"alarm": AlarmRow, "event": EventRow, "rating": RatingRow, "rest": BaselineRow}


def export(store: Path, out: Path) -> tuple[edfio.Edf, SessionContent, Store, Path]:
    opened = Store(store, read_only=True)
    (path,) = write_export(opened, "P7", out, format="edf")
    (one,) = read_sessions(opened, "P7")
    with warnings.catch_warnings():
        return edfio.read_edf(path), one, opened, path


def values_of(file: edfio.Edf, label: str) -> tuple[np.ndarray, float]:
    """Values of a signal, NaN where it has none, and half of its step."""
    signal = file.get_signal(label)
    low, high = signal.physical_range
    return np.where(signal.digital == -32768, np.nan, signal.data), (high - low) / 65535 / 2


def annotations_of(file: edfio.Edf) -> list[tuple[float, float | None, str, dict[str, Any]]]:
    found = []
    for one in file.annotations:
        word, _, rest = one.text.partition(" {")
        found.append((one.onset, one.duration, word, json.loads("{" + rest) if rest else {}))
    return found


def read_marks(file: edfio.Edf) -> list[Row]:
    rows: list[Row] = []
    for onset_s, duration_s, word, content in annotations_of(file):
        if word in KINDS:
            length = {"duration_s": duration_s} if word == "event" else {}
            rows.append(KINDS[word](time_s=round(onset_s, 6), **length, **content))
    return rows


def check_estimates(file: edfio.Edf, rows: list[EstimateRow]) -> None:
    marks = annotations_of(file)
    about = marks[0][3]
    places = [round((row.time_s - about["offset_s"]) / about["step_s"]) for row in rows]
    for name, label in _LABELS.items():
        values, error = values_of(file, label)
        expected = np.full(len(values), np.nan)
        expected[places] = [math.nan if (value := getattr(row, name)) is None else value for row in rows]
        np.testing.assert_allclose(values, expected, atol=1.05 * error)
    for number in range(len(about["class_names"])) if any(row.probabilities for row in rows) else ():
        values, error = values_of(file, f"probability {number}")
        known = [math.nan if row.probabilities is None else row.probabilities[number] for row in rows]
        np.testing.assert_allclose(values[places], known, atol=1.05 * error)
    for row in rows:
        for name in ("used", "face_state", "ecg_state", "clock_state"):
            (state,) = [
                content["state"] for onset_s, length_s, word, content in marks
                if word == name and onset_s - 1e-6 < row.time_s < onset_s + (length_s or 0) - 1e-6
            ]  # fmt: skip
            assert state == getattr(row, name)


def check_ecg(file: edfio.Edf, rows: list[EcgRow]) -> None:
    firsts = {row.grid: (row.first, row.time_s) for row in reversed(rows)}
    labels = [label for label in file.labels if label.startswith("ECG")]
    assert bool(labels) is bool(rows)
    for row in rows:
        values, error = values_of(file, labels[0])
        dimension = file.get_signal(labels[0]).physical_dimension
        factor = {"uV": 1e-3, "V": 1e3, "mV": 1.0, "": 1.0, "nV": 1e-6}.get(dimension)
        factor = 10.0 ** int(dimension.removeprefix("e")) if factor is None else factor
        first, start_s = firsts[row.grid]
        place = round(start_s * row.rate_hz) + row.first - first
        samples = np.frombuffer(row.samples, "<f4").astype(float)
        np.testing.assert_allclose(values[place : place + len(samples)] * factor, samples, atol=1.05 * error * factor)


@pytest.mark.parametrize("first", range(0, 100, 10))
def test_every_row_of_a_store_comes_back_from_its_file(tmp_path: Path, first: int) -> None:
    for seed in range(first, first + 10):
        path = write_store(tmp_path / f"{seed}.sqlite", seed, n_sessions=1, ecg=seed % 2 == 0)
        file, one, store, _ = export(path, tmp_path / f"out {seed}")
        check_estimates(file, store.read(EstimateRow, one.number))
        check_ecg(file, store.read(EcgRow, one.number))
        expected = [row for kind in KINDS.values() for row in store.read(kind, one.number)]
        assert sorted(map(repr, read_marks(file))) == sorted(map(repr, expected))
        assert str(file.recording._to_str()).endswith("SIMULATED") is one.session.simulated
        assert file.patient._to_str() == "P7 X X X"
        assert file.reserved == "EDF+C"
        store.close()


@pytest.mark.parametrize("unit", ["mV", ""])
def test_our_own_reader_finds_the_ecg_and_its_gaps(tmp_path: Path, unit: str) -> None:
    samples = draw_beats(5_000)
    samples[2_000:2_500] = np.nan
    _, _, store, path = export(write_ecg_store(tmp_path / "monitor.sqlite", samples, unit=unit), tmp_path / "out")
    store.close()
    found = read_ecg(path, column="ECG")
    assert (found.fs_hz, found.unit) == (250.0, unit or None)
    # 250 Hz in a file whose records are of 1 s: what is ahead and behind is missing too
    np.testing.assert_allclose(found.samples[250:5_250], samples, atol=3e-4)
    assert np.isnan(found.samples[:250]).all()


def test_lost_samples_and_a_rate_that_fits_into_no_record_are_said(tmp_path: Path) -> None:
    samples = draw_beats(1_000)
    samples[300:400] = np.nan
    file, _, store, _ = export(write_ecg_store(tmp_path / "a.sqlite", samples), tmp_path / "a")
    store.close()
    assert (2.2, 0.4, "ECG lost", {}) in annotations_of(file)
    file, _, store, _ = export(write_ecg_store(tmp_path / "b.sqlite", samples, rate_hz=250.000123), tmp_path / "b")
    store.close()
    assert "ECG" not in file.labels
    (about,) = [content for _, _, word, content in annotations_of(file) if word == "raw ECG"]
    assert about["is_in_this_file"] is False
    assert about["n_lost"] == 100


def test_a_long_session_has_long_records(tmp_path: Path) -> None:
    path = write_store(tmp_path / "monitor.sqlite", 0, n_sessions=1, n_estimates=700)
    file, one, store, _ = export(path, tmp_path / "out")
    assert file.data_record_duration == 10.0
    check_estimates(file, store.read(EstimateRow, one.number))
    store.close()


def test_what_was_sampled_before_the_session_lies_ahead_of_the_file(tmp_path: Path) -> None:
    samples = draw_beats(1_000)
    with Store(write_ecg_store(tmp_path / "monitor.sqlite", samples)) as store:
        store._connection.execute("UPDATE ecg SET time_s = -1.0")
    file, _, store, _ = export(tmp_path / "monitor.sqlite", tmp_path / "out")
    store.close()
    values, error = values_of(file, "ECG")
    np.testing.assert_allclose(values[:750], samples[250:], atol=1.05 * error)


def test_a_machine_that_knows_no_date_writes_none(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    with Store(tmp_path / "monitor.sqlite") as store:
        store.add(store.begin(draw_session(rng, started_utc_s=3600.0)), draw_rows(rng, ("BL1",), n_estimates=0))
    file, _, store, _ = export(tmp_path / "monitor.sqlite", tmp_path / "out")
    store.close()
    assert file.recording._to_str().startswith("Startdate X X X ")
    assert file.starttime.hour == 1
    assert annotations_of(file)[0][3]["started_utc_s"] == 3600.0


@pytest.mark.parametrize("patient", ["M\u00fcller 7", "P 7", "x" * 100, "\u6f22"])
def test_the_header_takes_any_pseudonym(tmp_path: Path, patient: str) -> None:
    rng = np.random.default_rng(0)
    with Store(tmp_path / "monitor.sqlite") as store:
        store.add(store.begin(draw_session(rng, patient=patient)), draw_rows(rng, ("BL1",), n_estimates=0))
        (path,) = write_export(store, patient, tmp_path / "out", format="edf")
    file = edfio.read_edf(path)
    assert file.patient._to_str().split()[1:] == ["X", "X", "X"]
    assert annotations_of(file)[0][3]["patient"] == patient


@pytest.mark.parametrize("height", [1e-7, 3e-4, 0.9, 3.3, 6.5e6, 8e6, 1e12])
def test_numbers_of_any_size_have_a_step_that_a_header_can_hold(height: float) -> None:
    values = np.linspace(-height, height, 999)
    scale = choose_scale(values, is_signal=True)
    assert all(len(str(scale.to_value(count)).removesuffix(".0")) <= 8 for count in (-32768, 32767))
    back = scale.to_counts(values) * scale.step * 1000.0**scale.power
    np.testing.assert_allclose(back, values, atol=height / 1_000)
