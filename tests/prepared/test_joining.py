"""Two prepared data sets as one."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.errors import SettingsError
from ecg_facial.prepared.joining import join_prepared
from ecg_facial.prepared.making import prepare
from ecg_facial.prepared.stored import StoredData
from ecg_facial.windows.settings import WindowSettings


@pytest.fixture
def make_other(tiny_data: Path, tmp_path: Path) -> Callable[..., StoredData]:
    """Prepare the same recordings under other names, told by `prefix`."""

    def make(prefix: str, **settings: object) -> StoredData:
        text = (tiny_data / "manifest.csv").read_text()
        header, *rows = text.splitlines()
        renamed = [f"{prefix}{row}".replace(",t", f",{prefix}t", 1) for row in rows[:9]]
        (tiny_data / f"{prefix}.csv").write_text("\n".join([header, *renamed]) + "\n")
        index = index_dataset(tiny_data / f"{prefix}.csv", reader="manifest", min_duration_s=0.1)
        windows = WindowSettings(**({"window_s": 4.0, "n_frames": 2, "crop_px": 32} | settings))
        return prepare(index, tmp_path / prefix, settings=windows)

    return make


def test_rows_of_the_second_follow_those_of_the_first(
    tiny_prepared: StoredData, make_other: Callable[..., StoredData]
) -> None:
    other = make_other("b")
    joined = join_prepared(tiny_prepared, other)
    assert len(joined) == len(tiny_prepared) + len(other)
    assert joined.table["dataset"].tolist() == ["train"] * len(tiny_prepared) + ["test"] * len(other)
    for row, part, place in ((0, tiny_prepared, 0), (69, tiny_prepared, 69), (70, other, 0), (78, other, 8)):
        assert joined.table["trial"].iloc[row] == part.table["trial"].iloc[place]
        for name in ("crops", "frame_mask", "frame_times_s", "tokens", "token_times_s", "r_peak_times_s"):
            np.testing.assert_array_equal(getattr(joined[row], name), getattr(part[place], name))
    with pytest.raises(IndexError, match="row 79 of 79"):
        joined[79]
    again = pickle.loads(pickle.dumps(joined))  # noqa: S301  # our own, as a worker process gets it
    np.testing.assert_array_equal(again[78].tokens, joined[78].tokens)


def test_another_table_keeps_the_windows(tiny_prepared: StoredData, make_other: Callable[..., StoredData]) -> None:
    joined = join_prepared(tiny_prepared, make_other("b"))
    altered = joined.with_table(joined.table.assign(level="PA1"))
    np.testing.assert_array_equal(altered[75].tokens, joined[75].tokens)
    assert altered.fingerprint != joined.fingerprint


def test_a_subject_in_both_and_other_windows_are_refused(
    tiny_prepared: StoredData, make_other: Callable[..., StoredData]
) -> None:
    with pytest.raises(SettingsError, match=r"subject s0 \(7 in all\) is in both"):
        join_prepared(tiny_prepared, tiny_prepared)
    with pytest.raises(SettingsError, match="n_frames 2 and 3"):
        join_prepared(tiny_prepared, make_other("c", n_frames=3))
