"""Raw ECG as WFDB and CSV: each sample comes back, and what was lost stays lost."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from stored_sessions import draw_beats, write_ecg_store, write_store

from ecg_facial.ecg.formats.wfdb import WfdbRecord
from ecg_facial.ecg.formats.wfdb_header import read_header
from ecg_facial.ecg.reading import read_ecg
from ecg_facial.errors import MissingDataError
from ecg_facial.export.content import read_sessions
from ecg_facial.export.series import EcgSeries
from ecg_facial.export.series import read_ecg as read_series
from ecg_facial.export.writing import write_export
from ecg_facial.live.store.database import Store


def check_record(path: Path, series: EcgSeries) -> None:
    (line,) = [line for line in path.read_text(encoding="ascii").splitlines() if " 16 " in line]
    gain = float(line.split()[2].partition("(")[0])
    lead = WfdbRecord(read_header(path)).read(0)
    assert lead.fs_hz == series.rate_hz
    assert lead.notes == ()
    np.testing.assert_allclose(lead.samples, series.samples, rtol=0, atol=0.5001 / gain)


def check_table(path: Path, series: EcgSeries) -> None:
    table = pd.read_csv(path)
    name = "ecg (mV)" if series.unit else "ecg"
    assert list(table.columns) == ["sample", "time_s", name]
    assert np.array_equal(table[name].to_numpy(np.float32), series.samples, equal_nan=True)
    assert np.array_equal(table["sample"], np.arange(len(series.samples)))
    expected_s = series.start_s + np.arange(len(series.samples)) / series.rate_hz
    np.testing.assert_allclose(table["time_s"], expected_s, rtol=0, atol=5.1e-7)


@pytest.mark.parametrize("first", range(0, 100, 25))
def test_every_sample_comes_back_from_records_and_tables(tmp_path: Path, first: int) -> None:
    for seed in range(first, first + 25):
        path, out = write_store(tmp_path / f"{seed}.sqlite", seed, n_sessions=1, n_estimates=1, ecg=True), tmp_path
        with Store(path, read_only=True) as store:
            (one,) = read_sessions(store, "P7")
            records = [
                path for path in write_export(store, "P7", out / f"w{seed}", format="wfdb") if path.suffix == ".hea"
            ]
            tables = [
                path for path in write_export(store, "P7", out / f"c{seed}", format="csv") if "_ecg-" in path.name
            ]
            kept = read_series(one)
            assert len(records) == len(tables) == len(kept)
            for record, table, series in zip(records, tables, kept, strict=True):
                check_record(record, series)
                check_table(table, series)
                header = record.read_text(encoding="ascii")
                assert ("SIMULATED data" in header) is one.session.simulated
                begun = re.search(r"(\d\d:\d\d:\d\d\.\d{6} \d\d/\d\d/\d{4})", header)
                assert begun is not None
                utc = datetime.strptime(begun[1], "%H:%M:%S.%f %d/%m/%Y").replace(tzinfo=UTC)
                assert utc.timestamp() == pytest.approx(one.utc_s(series.start_s), abs=1e-5)


def test_our_own_reader_reads_both_by_name(tmp_path: Path) -> None:
    samples = draw_beats(5_000)
    samples[2_000:2_500] = np.nan
    with Store(write_ecg_store(tmp_path / "monitor.sqlite", samples), read_only=True) as store:
        record, _ = write_export(store, "P7", tmp_path / "out", format="wfdb")
        table = write_export(store, "P7", tmp_path / "out", format="csv")[-1]
    for path in (record, table):
        found = read_ecg(path)
        assert (found.fs_hz, found.unit) == (250.0, "mV")
        np.testing.assert_allclose(found.samples, samples, atol=1e-4)


def test_without_raw_ecg_there_is_no_record(tmp_path: Path) -> None:
    with (
        Store(write_store(tmp_path / "monitor.sqlite", 0), read_only=True) as store,
        pytest.raises(MissingDataError, match="no raw ECG was kept in session 2, 3: `monitor --keep-ecg` keeps it"),
    ):
        write_export(store, "P7", tmp_path / "out", format="wfdb")
