"""Indexes on disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.datasets.readers.unbc import UnbcSettings
from ecg_facial.datasets.store import read_index, write_index
from ecg_facial.errors import CorruptDataError, MissingDataError


@pytest.fixture
def written(make_layout: Callable[[str], Any], tmp_path: Path) -> Path:
    write_index(index_dataset(make_layout("biovid").root), tmp_path / "index.parquet")
    return tmp_path / "index.parquet"


def test_pandas_reads_an_index_as_a_plain_table(written: Path) -> None:
    table = pd.read_parquet(written)
    assert len(table) == 4
    assert table.loc[0, ["subject", "sex", "age_years", "level"]].tolist() == ["071309_w_21", "w", 21, "BL1"]


def test_what_is_no_index_is_refused(written: Path) -> None:
    with pytest.raises(MissingDataError, match="no such file"):
        read_index(written.with_name("nowhere.parquet"))
    written.write_bytes(b"PAR1 no more")
    with pytest.raises(CorruptDataError, match="not an index"):
        read_index(written)
    pq.write_table(pa.table({"subject": ["a"]}), written)
    with pytest.raises(CorruptDataError, match="not an index"):
        read_index(written)


def test_an_index_of_another_version_is_refused(written: Path) -> None:
    table = pq.read_table(written)
    about = json.loads(table.schema.metadata[b"ecg_facial_index"]) | {"version": 99}
    pq.write_table(table.replace_schema_metadata({b"ecg_facial_index": json.dumps(about).encode()}), written)
    with pytest.raises(CorruptDataError, match="version 99"):
        read_index(written)


def test_settings_of_the_reader_come_back_as_they_are(make_layout: Callable[[str], Any], tmp_path: Path) -> None:
    index = index_dataset(make_layout("unbc").root, reader_options={"pspi_pain": 2.0})
    write_index(index, tmp_path / "index.parquet")
    assert index.reader_settings == UnbcSettings(pspi_pain=2.0)
    assert read_index(tmp_path / "index.parquet") == index


def test_an_index_by_a_reader_that_is_not_there_is_refused(written: Path) -> None:
    table = pq.read_table(written)
    about = json.loads(table.schema.metadata[b"ecg_facial_index"]) | {"reader": "toy"}
    pq.write_table(table.replace_schema_metadata({b"ecg_facial_index": json.dumps(about).encode()}), written)
    with pytest.raises(CorruptDataError, match="unknown reader 'toy': register"):
        read_index(written)
