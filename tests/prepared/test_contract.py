"""Every kind of prepared data fulfils the contract."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ecg_facial.errors import SettingsError
from ecg_facial.prepared.altering import AlteredData
from ecg_facial.prepared.contract import PreparedData
from ecg_facial.prepared.joining import join_prepared
from ecg_facial.prepared.memory import MemoryData
from ecg_facial.prepared.normalising import normalise
from ecg_facial.prepared.settings import NormalisationSettings
from ecg_facial.runtime.typing import Float32Array, UInt8Array
from ecg_facial.windows.settings import WindowSettings
from ecg_facial.windows.window import SIGNALS, VALUES, Window

Store = Callable[[MemoryData], PreparedData]
KINDS = ("stored", "memory", "joined", "normalised", "altered", "normalised and altered")


class MeanColour:
    """An encoder without a network: the mean red, green and blue of each crop."""

    n_features = 3

    def __call__(self, crops: UInt8Array, /) -> Float32Array:
        return crops.mean(axis=(1, 2), dtype=np.float64).astype(np.float32)


def refuse_to_load() -> MeanColour:
    raise AssertionError("what is there was computed again")


def rename(data: MemoryData) -> MemoryData:
    table = data.table.assign(subject="b-" + data.table["subject"], trial="b-" + data.table["trial"])
    return MemoryData(data.windows, table, settings=data.settings, simulated=data.simulated)


@pytest.fixture(params=KINDS)
def data(request: pytest.FixtureRequest, make_prepared: Callable[..., MemoryData], store: Store) -> PreparedData:
    """Four people of eight trials; row 0 shows no face, row 1 has no beats."""
    memory = make_prepared(n_frames=3)
    if request.param == "memory":
        return memory
    stored = store(memory)
    if request.param == "joined":
        return join_prepared(stored, rename(memory))
    altered = AlteredData(stored, ecg={3: 9}, video={4: 10}) if "altered" in request.param else stored
    if "normalised" in request.param:
        return normalise(altered, NormalisationSettings(mode="training-set")).fit(range(8, len(stored)))
    return altered


def test_a_row_is_a_window_of_the_right_types_and_shapes(data: PreparedData) -> None:
    assert len(data) == len(data.table)
    settings = data.settings
    for row in (0, 1, len(data) - 1):
        window = data[row]
        assert isinstance(window, Window)
        assert window.crops.shape == (settings.n_frames, settings.crop_px, settings.crop_px, 3)
        assert window.frame_mask.shape == window.frame_times_s.shape == (settings.n_frames,)
        assert window.tokens.shape == (window.n_tokens, SIGNALS["tokens"].width)
        assert {name: getattr(window, name).dtype for name in SIGNALS} == {n: s.dtype for n, s in SIGNALS.items()}
        assert {name: type(getattr(window, name)) for name in VALUES} == dict(VALUES)
        assert {name: getattr(window, name) for name in VALUES} == data.table.iloc[row][list(VALUES)].to_dict()
    assert data[0].n_faces == 0
    assert data[1].n_tokens == 0


def test_a_row_that_is_not_there_is_an_index_error(data: PreparedData) -> None:
    for row in (-1, len(data)):
        with pytest.raises(IndexError, match=f"row .* of {len(data)}|row"):
            data[row]


def test_signals_without_crops_are_read_without_the_files_of_crops(data: PreparedData) -> None:
    for part in data.parts:
        for path in [] if part.folder is None else part.folder.glob("crops-*"):
            path.unlink()
    assert data[2].tokens.shape[0] == data[2].n_tokens > 0
    assert data[2].frame_mask.any()


def test_a_pickled_copy_shows_the_same_windows(data: PreparedData) -> None:
    other: PreparedData = pickle.loads(pickle.dumps(data))  # noqa: S301  # our own, as a worker process gets it
    window: Window = pickle.loads(pickle.dumps(data[5]))  # noqa: S301  # our own
    assert other.fingerprint == data.fingerprint
    assert other.table.equals(data.table)
    for name in SIGNALS:
        np.testing.assert_array_equal(getattr(other[5], name), getattr(data[5], name))
        np.testing.assert_array_equal(getattr(window, name), getattr(data[5], name))


def test_a_field_of_a_window_can_be_replaced(data: PreparedData) -> None:
    window = replace(data[5], heart_rate_bpm=61.0)
    assert window.heart_rate_bpm == 61.0
    np.testing.assert_array_equal(window.tokens, data[5].tokens)


def test_another_table_keeps_the_windows_and_changes_the_fingerprint(data: PreparedData) -> None:
    assert len(data.fingerprint) == 64
    assert data.with_table(data.table.copy()).fingerprint == data.fingerprint
    changed = data.with_table(data.table.assign(level="PA2"))
    assert changed.fingerprint != data.fingerprint
    assert set(changed.table["level"]) == {"PA2"}
    assert set(data.table["level"]) == {"BL1", "PA1", "PA2", "PA3"}
    np.testing.assert_array_equal(changed[3].crops, data[3].crops)
    with pytest.raises(SettingsError, match="same order"):
        data.with_table(data.table.iloc[::-1])


def test_fitting_keeps_the_rows_and_says_what_was_fitted(data: PreparedData) -> None:
    fitted = data.fit(range(8, 16))
    assert len(fitted) == len(data)
    assert fitted.table.equals(data.table)
    _ = fitted[3].tokens
    assert all(len(digest) == 64 for digest in fitted.describe_fit().values())
    assert fitted.describe_fit().keys() == data.fit(range(16)).describe_fit().keys() | fitted.describe_fit().keys()


def test_parts_hold_the_rows_one_after_the_other(data: PreparedData) -> None:
    assert sum(len(part) for part in data.parts) == len(data)
    names = [name for part in data.parts for name in part.table["trial"]]
    assert names == data.table["trial"].tolist()


def test_features_are_those_of_the_crops_and_are_computed_once(data: PreparedData) -> None:
    features = data.features("mean-colour", MeanColour)
    again = data.features("mean-colour", refuse_to_load)
    assert not features(0).any(), "row 0 has no face"
    for row in (2, 4, len(data) - 1):
        mask = data[row].frame_mask
        assert features(row).shape == (data.settings.n_frames, 3)
        assert not features(row)[~mask].any()
        np.testing.assert_array_equal(again(row), features(row))
    other = pickle.loads(pickle.dumps(features))  # noqa: S301  # our own, as a worker process gets it
    np.testing.assert_array_equal(other(4), features(4))


def test_features_follow_the_crops_where_nothing_normalises_them(
    make_prepared: Callable[..., MemoryData], store: Store
) -> None:
    memory = make_prepared(n_frames=3)
    stored = store(memory)
    altered = AlteredData(stored, ecg={}, video={4: 10})
    joined = join_prepared(stored, rename(memory))
    for data, row, shown in ((memory, 4, 4), (stored, 4, 4), (altered, 4, 10), (joined, len(memory) + 4, 4)):
        expected = np.where(memory[shown].frame_mask[:, None], MeanColour()(memory[shown].crops), 0)
        np.testing.assert_array_equal(data.features("mean-colour", MeanColour)(row), expected)


def test_only_what_is_missing_on_disk_is_computed_again(make_prepared: Callable[..., MemoryData], store: Store) -> None:
    stored = store(make_prepared(n_frames=3))
    assert stored.folder is not None
    whole = stored.features("mean-colour", MeanColour)
    before = [np.array(whole(row)) for row in range(len(stored))]
    parts = sorted((stored.folder / "mean-colour").iterdir())
    assert [path.name for path in parts] == ["part-00000.npy", "part-00001.npy"]
    stamp, content = parts[0].stat().st_mtime_ns, parts[1].read_bytes()
    parts[1].unlink()
    again = stored.features("mean-colour", MeanColour)
    assert parts[0].stat().st_mtime_ns == stamp
    assert parts[1].read_bytes() == content
    for row, features in enumerate(before):
        np.testing.assert_array_equal(again(row), features)


def test_only_normalised_data_are_changed_by_a_fit(make_prepared: Callable[..., MemoryData]) -> None:
    memory = make_prepared(n_frames=3)
    assert memory.fit([1, 2]) is memory
    assert memory.describe_fit() == {}
    normalised = normalise(memory, NormalisationSettings(mode="training-set"))
    with pytest.raises(SettingsError, match="fit them first"):
        _ = normalised[3].tokens
    first, second = normalised.fit(range(8, 16)), normalised.fit(range(16, 32))
    assert not np.array_equal(first[3].tokens, second[3].tokens)
    assert first.describe_fit()["normalisation"] == second.describe_fit()["normalisation"]
    assert first.describe_fit()["normalisation:tokens"] != second.describe_fit()["normalisation:tokens"]


@pytest.mark.parametrize("module", ["contract", "settings", "queries"])
def test_contract_settings_and_queries_are_imported_without_heavy_packages(module: str) -> None:
    program = (
        f"import sys, ecg_facial.prepared.{module}\n"
        "print(*{'torch', 'cv2', 'av', 'pandas', 'pyarrow', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_contract_is_fulfilled_by_data_on_disk_that_were_written_from_memory(
    make_prepared: Callable[..., MemoryData], store: Store
) -> None:
    memory = make_prepared(n_frames=2)
    stored = store(memory)
    assert isinstance(stored.folder, Path)
    assert memory.folder is None
    assert (stored.settings, stored.simulated) == (memory.settings, memory.simulated)
    assert stored.settings == WindowSettings(n_frames=2, crop_px=32)
    for row in range(len(memory)):
        for name in SIGNALS:
            np.testing.assert_array_equal(getattr(stored[row], name), getattr(memory[row], name))
    columns = list(memory.table.columns)
    assert stored.table[columns].equals(memory.table)
