"""Prepared data opened: damage and old versions are found, memory stays small."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from ecg_facial.errors import CorruptDataError, MissingDataError, SettingsError, StaleCacheError
from ecg_facial.prepared import stored
from ecg_facial.prepared.shards import PREPARED_FILE
from ecg_facial.prepared.stored import StoredData, open_prepared
from ecg_facial.runtime.storage import sha256_json
from ecg_facial.windows.window import SIGNALS, VALUES


@pytest.fixture
def folder(tiny_prepared: StoredData, tmp_path: Path) -> Path:
    """Copy prepared data that a test may damage."""
    return Path(shutil.copytree(tiny_prepared.folder, tmp_path / "copy"))


def edit(folder: Path, **values: object) -> None:
    path = folder / PREPARED_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_what_was_written_is_opened(tiny_prepared: StoredData, folder: Path) -> None:
    opened = open_prepared(folder)
    assert opened.table.equals(tiny_prepared.table)
    assert (opened.fingerprint, opened.settings) == (tiny_prepared.fingerprint, tiny_prepared.settings)
    assert opened.simulated is False
    assert opened[69].tokens.shape == (len(opened[69].token_times_s), 3)


def test_every_field_of_a_window_is_stored_in_the_order_that_fingerprints_depend_on(tiny_prepared: StoredData) -> None:
    names = pq.read_schema(tiny_prepared.folder / "windows-00000.parquet").names
    assert names == [
        *("subject", "trial", "level", "sex", "age_years", "has_video", "has_ecg", "face_quality", "ecg_quality"),
        *("heart_rate_bpm", "n_faces", "n_tokens", "problem"),
        *("frame_mask", "frame_times_s", "tokens", "token_times_s", "r_peak_times_s"),
    ]
    assert {*SIGNALS, *VALUES} <= {*names, "crops"}


def test_an_unfinished_folder_is_refused(folder: Path) -> None:
    (folder / PREPARED_FILE).unlink()
    with pytest.raises(MissingDataError, match="prepare again"):
        open_prepared(folder)


def test_another_version_of_the_preprocessing_is_refused(folder: Path) -> None:
    parts = json.loads((folder / PREPARED_FILE).read_text())["key_parts"] | {"preprocessing_version": 0}
    edit(folder, key_parts=parts, key=sha256_json(parts))
    with pytest.raises(StaleCacheError, match="prepare again"):
        open_prepared(folder)


def test_changed_settings_do_not_fit_the_key(folder: Path) -> None:
    parts = json.loads((folder / PREPARED_FILE).read_text())["key_parts"]
    edit(folder, key_parts=parts | {"data": "other"})
    with pytest.raises(CorruptDataError, match="its own key"):
        open_prepared(folder)


def test_a_shard_of_other_data_is_refused(folder: Path) -> None:
    parts = json.loads((folder / PREPARED_FILE).read_text())["key_parts"] | {"data": "other"}
    edit(folder, key_parts=parts, key=sha256_json(parts))
    with pytest.raises(StaleCacheError, match="other data or settings"):
        open_prepared(folder)


def test_a_damaged_table_is_found(folder: Path) -> None:
    path = folder / "windows-00001.parquet"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(CorruptDataError, match="windows-00001"):
        open_prepared(folder)


def test_a_table_of_another_shard_is_found(folder: Path) -> None:
    shutil.copy(folder / "windows-00000.parquet", folder / "windows-00002.parquet")
    with pytest.raises(CorruptDataError, match="96 of 70 trials"):
        open_prepared(folder)


@pytest.mark.parametrize("n_bytes", [0, 60, 10_000])
def test_damaged_crops_are_found_when_they_are_read(folder: Path, n_bytes: int) -> None:
    path = folder / "crops-00001.npy"
    path.write_bytes(path.read_bytes()[:n_bytes])
    prepared = open_prepared(folder)
    assert prepared[0].crops.shape == (2, 32, 32, 3)
    with pytest.raises(CorruptDataError, match="crops-00001"):
        _ = prepared[32].crops


def test_missing_crops_are_found(folder: Path) -> None:
    (folder / "crops-00002.npy").unlink()
    with pytest.raises(CorruptDataError, match="00002"):
        open_prepared(folder)


def test_crops_cannot_be_written_to_and_rows_are_checked(tiny_prepared: StoredData) -> None:
    with pytest.raises(ValueError, match="read-only"):
        tiny_prepared[0].crops[:] = 1
    for row in (-1, 70):
        with pytest.raises(IndexError):
            tiny_prepared[row]


def test_few_shards_are_open_at_a_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "_MAX_OPEN_SHARDS", 2)
    prepared = open_prepared(folder)
    for row in (0, 33, 65, 1, 34):
        _ = prepared[row].crops
    assert list(prepared._open) == [0, 1]


def test_pickling_leaves_the_crops_on_disk(tiny_prepared: StoredData) -> None:
    _ = tiny_prepared[0].crops
    content = pickle.dumps(tiny_prepared)
    assert len(content) < 32 * 2 * 32 * 32 * 3
    np.testing.assert_array_equal(pickle.loads(content)[5].crops, tiny_prepared[5].crops)  # noqa: S301  # own bytes


def test_another_table_keeps_the_windows_and_changes_the_fingerprint(tiny_prepared: StoredData) -> None:
    same = tiny_prepared.with_table(tiny_prepared.table.copy())
    assert same.fingerprint == tiny_prepared.fingerprint
    levels = tiny_prepared.table["level"].to_numpy()[::-1]
    changed = tiny_prepared.with_table(tiny_prepared.table.assign(level=levels))
    assert changed.fingerprint != tiny_prepared.fingerprint
    assert changed.table["level"].tolist() == list(levels)
    np.testing.assert_array_equal(changed[3].tokens, tiny_prepared[3].tokens)
    with pytest.raises(SettingsError, match="same order"):
        tiny_prepared.with_table(tiny_prepared.table.iloc[::-1])
