"""MATLAB files: ``.mat`` of versions 4 to 7 by SciPy, and of version 7.3 (HDF5) by h5py, an extra.

Input: a path. Output: one column of an array, which may lie in structs (``ecg.data``) beside its rate, unit and labels.
Exports of PhysioNet (``val`` with an ``.info`` beside it) and of LabChart (``data`` with ``datastart``) are known.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ecg_facial.ecg.formats.arrays import (
    LABEL_KEYS,
    MAX_SMALL_BYTES,
    ArrayFile,
    is_small_name,
    make_array_file,
    take_column,
)
from ecg_facial.ecg.formats.contract import MAX_BYTES, Channel, corrupt_on_failure, read_head, readable, shorten
from ecg_facial.ecg.formats.fields import decode_field, parse_field
from ecg_facial.ecg.formats.matlab_labchart import read_labchart
from ecg_facial.ecg.formats.matlab_sizes import check_sizes
from ecg_facial.errors import CorruptDataError, DataError
from ecg_facial.runtime.extras import require_extras
from ecg_facial.runtime.typing import AnyArray

if TYPE_CHECKING:
    from h5py import Dataset, File

KIND = "MATLAB file"
_HEAD_BYTES, _HDF5_MARK = 520, b"\x89HDF\r\n\x1a\n"
_MAX_ENTRIES, _MAX_DEPTH = 256, 8
_NUMBERS = "fiu"
# PhysioNet's .info: rate, and a row per signal: number, name, gain, base, unit
_INFO_RATE = re.compile(r"Sampling frequency:\s*([\d.,]+)\s*Hz", re.IGNORECASE)
_INFO_ROW = re.compile(r"^\s*\d+\s+(\S.*?)\s+([-\d.,]+)\s+([-\d.,]+)\s+(\S+)\s*$", re.MULTILINE)


def open_matlab(path: Path) -> ArrayFile:
    """Open a MATLAB file.

    Raises
    ------
    CorruptDataError, DataError, MissingDependencyError
        Where h5py is needed and not installed, too.
    """
    head = read_head(path, _HEAD_BYTES)
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise DataError(f"{path}: {size} bytes, limit {MAX_BYTES}; split the recording")
    if head.startswith(_HDF5_MARK) or head[512:].startswith(_HDF5_MARK):
        return _open_hdf5(path)
    check_sizes(path, head, size)
    entries = dict(_flatten(path, _load_all(path)))
    if {"data", "datastart", "dataend"} <= set(entries):
        return read_labchart(path, entries)
    info = path.with_suffix(".info")
    if "val" in entries and info.is_file():
        return _read_physionet(path, entries["val"], info)
    small = {name: array for name, array in entries.items() if _is_small(name, array)}
    shapes = {name: array.shape for name, array in entries.items() if array.dtype.kind in _NUMBERS}
    return make_array_file(path, shapes, small, load=lambda name, column: take_column(entries[name], column), kind=KIND)


def _load_all(path: Path) -> dict[str, Any]:
    from scipy import io

    with readable(path), corrupt_on_failure(path, "the file"), warnings.catch_warnings():
        # of names that occur twice, and of objects, which are left out here
        warnings.simplefilter("ignore")
        return dict(io.loadmat(str(path)))
    raise CorruptDataError(f"{path}: cannot be read")


def _flatten(path: Path, loaded: dict[str, Any]) -> Iterator[tuple[str, AnyArray]]:
    """Arrays of numbers and text of all structs and cells, with dots in their names."""
    waiting = [(name, value, 0) for name, value in loaded.items() if not name.startswith("__")]
    n_entries = 0
    while waiting:
        name, value, depth = waiting.pop(0)
        n_entries += 1
        if n_entries > _MAX_ENTRIES or depth > _MAX_DEPTH:
            raise DataError(
                f"{path}: over {_MAX_ENTRIES} arrays, or nested deeper than {_MAX_DEPTH}; save the ECG alone"
            )
        if not isinstance(value, np.ndarray):
            continue
        if value.dtype.names:
            fields = [(f"{name}.{key}", value.ravel()[0][key]) for key in value.dtype.names] if value.size == 1 else []
            waiting += [(key, one, depth + 1) for key, one in fields]
            # names of channels in a list of structs, as EEGLAB has them
            for key in value.dtype.names if value.size > 1 else ():
                texts = _list_texts(value, key)
                if texts is not None:
                    yield f"{name}.{key}", texts
        elif value.dtype.kind == "O":
            parts = [np.asarray(one) for one in value.ravel()]
            if all(part.dtype.kind == "U" for part in parts):
                yield name, np.array(["".join(part.ravel().tolist()) for part in parts])
            elif not is_small_name(name):
                waiting += [(f"{name}.{number}", part, depth + 1) for number, part in enumerate(parts, start=1)]
        elif value.dtype.kind in f"{_NUMBERS}U":
            yield name, value


def _list_texts(structs: AnyArray, key: str) -> AnyArray | None:
    """Texts of one field of several structs; None for another field than labels, and where one is no text."""
    if key.lower() not in LABEL_KEYS or structs.size > _MAX_ENTRIES:
        return None
    parts = [np.asarray(one[key]) for one in structs.ravel()]
    return (
        np.array(["".join(map(str, part.ravel())) for part in parts])
        if all(p.dtype.kind == "U" for p in parts)
        else None
    )


def _is_small(name: str, array: AnyArray) -> bool:
    return is_small_name(name) and array.dtype.kind in f"{_NUMBERS}U" and array.nbytes <= MAX_SMALL_BYTES


def _read_physionet(path: Path, counts: AnyArray, info: Path) -> ArrayFile:
    """Read ``val`` with the gains of PhysioNet's ``.info``; the lowest 16-bit number is a missing sample."""
    with readable(info):
        text = decode_field(info.read_bytes()[: 1 << 20])
    rate, rows = _INFO_RATE.search(text), _INFO_ROW.findall(text)
    table = counts.T if counts.shape[1] > counts.shape[0] else counts
    if rate is None or len(rows) != table.shape[1]:
        raise CorruptDataError(
            f"{info}: describes {len(rows)} signals of {table.shape[1]}, or no rate; give the record's .hea instead"
        )
    gains, bases = ([parse_field(row[at]) for row in rows] for at in (1, 2))

    def load(name: str, column: int) -> AnyArray:
        samples = table[:, column].astype(np.float64)
        samples[table[:, column] == -(1 << 15)] = np.nan
        return (samples - bases[column]) / gains[column] if gains[column] else samples

    return ArrayFile(
        path=path,
        channels=tuple(
            Channel(name=row[0], unit=row[3] if gain else None) for row, gain in zip(rows, gains, strict=True)
        ),
        places=tuple(("val", column) for column in range(len(rows))),
        shapes={"val": (len(table),)},
        rates_hz={"val": parse_field(rate[1])},
        load=load,
        kind=KIND,
    )


def _open_hdf5(path: Path) -> ArrayFile:
    """Open a file of version 7.3; arrays are read a column at a time."""
    require_extras("matlab")
    import h5py

    shapes: dict[str, tuple[int, ...]] = {}
    small: dict[str, AnyArray] = {}
    places: dict[str, str] = {}
    with readable(path), corrupt_on_failure(path, "the file"), h5py.File(path, "r") as file:
        for place, entry in _walk_hdf5(file):
            name = place.strip("/").replace("/", ".")
            places[name] = place
            text = _read_text(file, entry)
            if text is not None:
                small[name] = text
            elif entry.dtype.kind in _NUMBERS:
                shapes[name] = tuple(entry.shape)
                if is_small_name(name) and entry.size * entry.dtype.itemsize <= MAX_SMALL_BYTES:
                    small[name] = np.asarray(entry[()])
    if len(shapes) > _MAX_ENTRIES:
        raise DataError(f"{path}: over {_MAX_ENTRIES} arrays; save the ECG alone")

    def load(name: str, column: int) -> AnyArray:
        with readable(path), corrupt_on_failure(path, f"array {shorten(name)}"), h5py.File(path, "r") as file:
            entry = file[places[name]]
            wide = [axis for axis, size in enumerate(entry.shape) if size != 1]
            if len(wide) < 2:
                return np.ravel(entry[()])
            columns = min(wide, key=lambda axis: entry.shape[axis])
            at = tuple(column if axis == columns else slice(None) for axis in range(entry.ndim))
            return np.ravel(entry[at])
        raise CorruptDataError(f"{path}: cannot be read")

    return make_array_file(path, shapes, small, load=load, kind="MATLAB file (7.3)")


def _walk_hdf5(file: File) -> list[tuple[str, Dataset]]:
    """Datasets of a file, without MATLAB's own groups, and without links, which may lead anywhere."""
    import h5py

    found: list[tuple[str, Dataset]] = []
    waiting: list[tuple[str, Any, int]] = [("", file, 0)]
    while waiting and len(found) <= _MAX_ENTRIES:
        place, group, depth = waiting.pop(0)
        for key in group:
            if key.startswith("#") or not isinstance(group.get(key, getlink=True), h5py.HardLink) or depth > _MAX_DEPTH:
                continue
            entry = group[key]
            if isinstance(entry, h5py.Dataset):
                found.append((f"{place}/{key}", entry))
            elif isinstance(entry, h5py.Group):
                waiting.append((f"{place}/{key}", entry, depth + 1))
    return found


def _read_text(file: File, entry: Dataset) -> AnyArray | None:
    """Text of a char array, or of a cell of them; None for numbers."""
    kind = decode_field(bytes(entry.attrs.get("MATLAB_class", b"")))
    if entry.size * entry.dtype.itemsize > MAX_SMALL_BYTES:
        return None
    if kind == "char":
        return np.array(["".join(map(chr, np.ravel(entry[()].T if entry.ndim > 1 else entry[()]).tolist()))])
    if kind == "cell":
        parts = [file[one] for one in np.ravel(entry[()])]
        texts = [_read_text(file, part) for part in parts if part.dtype.kind in _NUMBERS]
        return np.array(["".join(one.tolist()) for one in texts if one is not None])
    return None
