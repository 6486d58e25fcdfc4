"""Prepared data from arrays in memory: what is refused, and a whole benchmark on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from changed_rows import change_rows

from ecg_facial.errors import SettingsError
from ecg_facial.prepared.memory import MemoryData
from ecg_facial.windows.settings import WindowSettings


@pytest.fixture
def data(make_prepared: Callable[..., MemoryData]) -> MemoryData:
    return make_prepared(n_frames=2, per_level=1)


def test_columns_of_the_windows_are_in_the_table_and_others_are_kept(data: MemoryData) -> None:
    table = data.table[["subject", "trial", "level"]].assign(room="a", n_tokens=-1)
    made = MemoryData(data.windows, table, settings=data.settings)
    assert made.table["room"].eq("a").all()
    assert made.table["n_tokens"].tolist() == [window.n_tokens for window in data.windows]
    assert made.table["n_faces"].tolist() == [window.n_faces for window in data.windows]
    assert not made.simulated
    assert "heart_rate_bpm" not in table, "the caller's table stays as it is"


def test_the_fingerprint_follows_signals_names_and_settings(data: MemoryData) -> None:
    def make(**changes: Any) -> str:
        given = {"windows": data.windows, "table": data.table, "settings": data.settings} | changes
        return MemoryData(given["windows"], given["table"], settings=given["settings"]).fingerprint

    assert make() == make() == data.fingerprint
    others = [
        change_rows(data, [3], crops=lambda crops: crops + 1).fingerprint,
        change_rows(data, [3], tokens=lambda tokens: tokens + 1).fingerprint,
        make(table=data.table.assign(level="PA1")),
        make(table=data.table.assign(subject="one")),
        make(settings=replace(data.settings, window_s=4.0)),
    ]
    assert len({data.fingerprint, *others}) == 6


def test_other_windows_take_the_place_of_some_rows(data: MemoryData) -> None:
    other = data.with_windows({2: data[1]})
    assert other[2] is data[1]
    assert other[3] is data[3]
    assert other.table["n_tokens"][2] == 0
    assert data.table["n_tokens"][2] > 0


def test_what_does_not_fit_together_is_refused(data: MemoryData) -> None:
    def refuse(match: str, *, windows: Any = data.windows, table: pd.DataFrame = data.table, **settings: Any) -> None:
        with pytest.raises(SettingsError, match=match):
            MemoryData(windows, table, settings=replace(data.settings, **settings))

    refuse("no column level", table=data.table.drop(columns="level"))
    refuse("15 windows for a table of 16 rows", windows=data.windows[1:])
    refuse("0 windows for a table of 0 rows", windows=(), table=data.table[:0])
    refuse("trial t is in the table twice", table=data.table.assign(trial="t"))
    refuse(r"crops of row 0 have shape \(2, 32, 32, 3\): the settings say \(5, 32, 32, 3\)", n_frames=5)


def test_a_table_with_an_index_of_its_own_is_numbered_anew(data: MemoryData) -> None:
    table = data.table.set_index(np.arange(100, 100 + len(data)))
    made = MemoryData(data.windows, table, settings=WindowSettings(n_frames=2, crop_px=32))
    assert made.table.index.tolist() == list(range(len(data)))
    assert made.table["n_tokens"].notna().all()
