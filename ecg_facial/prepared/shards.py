"""Files of prepared data: shards of a fixed number of trials, each a file of crops and a table.

Input: windows and their trials. Output: the files, and the table read back. The table is written after the crops, so a
shard is complete when its table exists. A shard's bytes do not depend on where the data lie or when it was written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ecg_facial.errors import CorruptDataError
from ecg_facial.recording import Recording
from ecg_facial.runtime.storage import atomic_path
from ecg_facial.runtime.typing import UInt8Array
from ecg_facial.windows.window import SIGNALS, VALUES, Window

FORMAT_VERSION = 1
# 32 windows of 32 frames of 112 px are 39 MB. A killed run loses at most the windows of the shard that was not full.
TRIALS_PER_SHARD = 32
PREPARED_FILE = "prepared.json"
_ABOUT = b"ecg_facial_shard"
RAGGED_COLUMNS = {name: pa.from_numpy_dtype(each.dtype) for name, each in SIGNALS.items() if name != "crops"}
"""Columns with an array per row: all arrays of a window except the crops, which have a file of their own."""
_SCHEMA = pa.schema(
    [
        ("subject", pa.string()),
        ("trial", pa.string()),
        ("level", pa.string()),
        ("sex", pa.string()),
        ("age_years", pa.int64()),
        *((name, pa.from_numpy_dtype(np.dtype(kind))) for name, kind in VALUES.items()),
        ("n_faces", pa.int64()),
        ("n_tokens", pa.int64()),
        ("problem", pa.string()),
        *((name, pa.list_(kind)) for name, kind in RAGGED_COLUMNS.items()),
    ]
)


@dataclass(frozen=True, eq=False, kw_only=True)
class PreparedWindow:
    """The window of a trial or a rest recording.

    Attributes
    ----------
    trial : Trial or RestRecording
    window : Window
    problem : str
        Why a signal that was indexed is absent from the window, or what of it is lost; empty where nothing is.
    """

    trial: Recording
    window: Window
    problem: str = ""


def crops_path(folder: Path, number: int) -> Path:
    """Path of a shard's crops."""
    return folder / f"crops-{number:05d}.npy"


def table_path(folder: Path, number: int) -> Path:
    """Path of a shard's table; the shard is complete when it exists."""
    return folder / f"windows-{number:05d}.parquet"


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of a killed run."""
    for leftover in (*folder.glob(".crops-*"), *folder.glob(".windows-*"), *folder.glob(".prepared-*")):
        leftover.unlink(missing_ok=True)


def write_shard(folder: Path, number: int, windows: Sequence[PreparedWindow], *, key: str) -> None:
    """Write one shard: crops first, then the table that completes it."""
    crops = np.stack([item.window.crops for item in windows])
    table = pa.Table.from_pylist([_to_row(item) for item in windows], schema=_SCHEMA)
    about = json.dumps({"format_version": FORMAT_VERSION, "key": key, "content": _hash_content(crops, table)})
    with atomic_path(crops_path(folder, number)) as temporary:
        np.save(temporary, crops)
    with atomic_path(table_path(folder, number)) as temporary:
        pq.write_table(table.replace_schema_metadata({_ABOUT: about.encode()}), temporary)


def _hash_content(crops: UInt8Array, table: pa.Table) -> str:
    """SHA-256 of the values, in Arrow's stream format: Parquet's bytes change with the version of its writer."""
    digest = hashlib.sha256(np.ascontiguousarray(crops).data)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    digest.update(sink.getvalue())
    return digest.hexdigest()


def _to_row(item: PreparedWindow) -> dict[str, Any]:
    """Row of a shard's table."""
    subject, window = item.trial.subject, item.window
    return {
        "subject": subject.id,
        "trial": item.trial.id,
        "level": item.trial.code,
        "sex": subject.sex,
        "age_years": subject.age_years,
        **window.summarise(),
        "problem": item.problem,
        **{name: getattr(window, name).ravel() for name in RAGGED_COLUMNS},
    }


def read_shard(folder: Path, number: int) -> tuple[pa.Table, dict[str, Any]]:
    """Read a shard's table and its metadata: ``format_version``, ``key``, ``content`` (a hash).

    Raises
    ------
    CorruptDataError
        When the shard is not there or cannot be read.
    """
    path = table_path(folder, number)
    try:
        table = pq.read_table(path)
        about = json.loads(table.schema.metadata[_ABOUT])
        if not crops_path(folder, number).is_file():
            raise OSError(f"{crops_path(folder, number)} is not there")
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError):
        raise CorruptDataError(f"{path}: incomplete or damaged; delete {folder} and prepare again") from None
    return table.replace_schema_metadata(None), about
