"""Data in memory are kept beside a run and opened again as they were."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ecg_facial.errors import CorruptDataError, MissingDataError
from ecg_facial.prepared import keeping
from ecg_facial.prepared.keeping import keep, open_kept
from ecg_facial.prepared.memory import MemoryData
from ecg_facial.prepared.tabular import TabularData
from ecg_facial.windows.window import SIGNALS, VALUES


def test_windows_in_memory_come_back_to_the_bit(make_prepared: Callable[..., MemoryData], tmp_path: Path) -> None:
    data = make_prepared(n_subjects=2, n_frames=3)
    changed = replace(data[0], heart_rate_bpm=float("nan"), face_quality=np.float64(0.25))
    data = data.with_windows({0: changed})
    data = data.with_table(data.table.assign(site=["a", "b"] * 8))
    assert keep(data, tmp_path / "data") == tmp_path / "data"
    back = open_kept(tmp_path / "data")
    assert (back.fingerprint, back.simulated, back.settings) == (data.fingerprint, True, data.settings)
    pd.testing.assert_frame_equal(back.table, data.table, check_dtype=False)
    for row in range(len(data)):
        for name in SIGNALS:
            np.testing.assert_array_equal(getattr(back[row], name), getattr(data[row], name))
        np.testing.assert_equal(
            [getattr(back[row], name) for name in VALUES], [getattr(data[row], name) for name in VALUES]
        )
    assert MemoryData(back.windows, data.table, settings=data.settings).fingerprint != back.fingerprint


def test_a_table_of_features_comes_back(tmp_path: Path) -> None:
    trials = pd.DataFrame({"subject": ["a", "b"], "trial": ["1", "2"], "level": ["x", "y"], "sex": ["f", "m"]})
    data = TabularData(trials, {"ecg": pd.DataFrame({"rate": [1.0, np.nan]})})
    keep(data, tmp_path / "data")
    back = open_kept(tmp_path / "data")
    assert (back.fingerprint, dict(back.modalities)) == (data.fingerprint, dict(data.modalities))
    pd.testing.assert_frame_equal(back.table, data.table, check_dtype=False)


def test_what_is_kept_already_is_not_written_again(make_prepared: Callable[..., MemoryData], tmp_path: Path) -> None:
    data = make_prepared(n_subjects=1, n_frames=2)
    keep(data, tmp_path)
    (tmp_path / "windows.npz").unlink()
    keep(data, tmp_path)
    assert not (tmp_path / "windows.npz").exists()
    keep(make_prepared(n_subjects=1, n_frames=2, seed=1), tmp_path)
    assert (tmp_path / "windows.npz").exists()


def test_more_than_the_limit_and_columns_of_mixed_types_are_not_kept(
    make_prepared: Callable[..., MemoryData], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data: Any = make_prepared(n_subjects=1, n_frames=2)
    mixed = data.with_table(data.table.assign(odd=[object()] + [1] * 7))
    assert keep(mixed, tmp_path / "mixed") is None
    monkeypatch.setattr(keeping, "MOST_BYTES", 1000)
    assert keep(data, tmp_path / "large") is None
    assert not (tmp_path / "large").exists()


def test_files_that_were_changed_or_are_gone_are_named(
    make_prepared: Callable[..., MemoryData], tmp_path: Path
) -> None:
    with pytest.raises(MissingDataError, match=r"kept\.json: no such file"):
        open_kept(tmp_path)
    keep(make_prepared(n_subjects=1, n_frames=2), tmp_path)
    content = bytearray((tmp_path / "windows.npz").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "windows.npz").write_bytes(content)
    with pytest.raises(CorruptDataError, match=r"damaged .a file was changed.*; run the benchmark again"):
        open_kept(tmp_path)
