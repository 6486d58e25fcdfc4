"""Named arrays as recordings: what NumPy and MATLAB files have in common.

Input: names and shapes of arrays, the small ones loaded, and a function that loads the others. Output: `ArrayFile`:
channels, rate and unit by the usual names of entries, and one column. Opens no file itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ecg_facial.ecg.formats.array_clock import find_time, name_unnamed
from ecg_facial.ecg.formats.contract import Channel, Lead, check_n_times, shorten
from ecg_facial.ecg.formats.ecg_names import looks_like_ecg
from ecg_facial.ecg.formats.fields import decode_field, parse_field
from ecg_facial.ecg.formats.text_rate import place_samples
from ecg_facial.ecg.formats.text_times import TimeColumn, scale_times
from ecg_facial.ecg.formats.units import split_unit
from ecg_facial.errors import CorruptDataError, DataError
from ecg_facial.runtime.typing import AnyArray, Float64Array

RATE_KEYS = (
    "fs_hz", "fs", "sampling_rate", "sample_rate", "samplingrate", "samplerate", "sampling_frequency",
    "samplingfrequency", "sampfreq", "sfreq", "srate", "sr", "freq", "frequency", "fsample", "samplingratehz",
    "sampleratehz", "sampling_rate_hz", "sample_rate_hz", "samplingfreq", "sampling_freq", "fsamp", "samp_rate",
)  # fmt: skip
# interval in milliseconds, as AcqKnowledge exports it
INTERVAL_KEYS = ("isi",)
UNIT_KEYS = ("unit", "units", "isi_units")
LABEL_KEYS = ("labels", "label", "channels", "channel_names", "columns", "names", "sig_name", "signal_names", "titles")
SMALL_KEYS = (*RATE_KEYS, *INTERVAL_KEYS, *UNIT_KEYS, *LABEL_KEYS)
MAX_SMALL_BYTES = 1 << 16
_ANONYMOUS = frozenset({"arr_0", "x", "data", "samples", "signal", "signals", "values", "val", "y"})
_COUNTED = re.compile(r"(?:ch|chan|channel|sig|signal)?[_ ]?\d{1,3}")
_MAX_COLUMNS = 4096
_INTERVALS_S = {"ms": 1e-3, "s": 1.0, "us": 1e-6, "": 1e-3}


@dataclass(frozen=True, kw_only=True)
class ArrayFile:
    """The arrays of a file; implements `contract.EcgFile`.

    Attributes
    ----------
    path : Path
    channels : tuple of Channel
    places : tuple of (str, int)
        Array name and column of each channel.
    shapes : mapping of str to tuple of int
    rates_hz : mapping of str to float
        Sampling rates in Hz by array, of those that have one.
    stated_hz : tuple of float
        Rates that the file states without saying of which array.
    load : callable
        Loads a column of an array: name, column -> samples.
    kind, hint : str
    notes : tuple of str
    count : callable or None
        Counts the samples of a column where its array was cut off: name, column -> number.
    """

    path: Path
    channels: tuple[Channel, ...]
    places: tuple[tuple[str, int], ...]
    shapes: Mapping[str, tuple[int, ...]]
    rates_hz: Mapping[str, float]
    load: Callable[[str, int], AnyArray]
    kind: str
    hint: str = field(default="", init=False)
    notes: tuple[str, ...] = ()
    count: Callable[[str, int], int] | None = None
    stated_hz: tuple[float, ...] = ()

    def measure(self, index: int, *, fs_hz: float | None = None) -> tuple[int, float]:
        """Return the number of samples, and their rate in Hz."""
        if fs_hz is None and self._find_time(index) is not None:
            lead = self.read(index)
            return len(lead.samples), lead.fs_hz
        name, column = self.places[index]
        rate_hz = self.rates_hz.get(name) if fs_hz is None else fs_hz
        if rate_hz is None and self.stated_hz:
            said = ", ".join(f"{rate:g}" for rate in self.stated_hz)
            raise DataError(f"{self.path}: states several sampling rates ({said} Hz); give that of the ECG (fs_hz)")
        if rate_hz is None:
            raise DataError(f"{self.path}: states no sampling rate (fs_hz); give it in Hz (fs_hz)")
        return self.count(name, column) if self.count else max(self.shapes[name]), rate_hz

    def read(self, index: int, *, fs_hz: float | None = None) -> Lead:
        """Read a column; by the times beside it where there are some."""
        time = None if fs_hz is not None else self._find_time(index)
        if time is not None:
            return self._read_by_times(index, time)
        n_times, rate_hz = self.measure(index, fs_hz=fs_hz)
        samples: Float64Array = np.array(self.load(*self.places[index]), dtype=np.float64)
        return Lead(samples=samples[:n_times], fs_hz=rate_hz, unit=self.channels[index].unit, notes=self.notes)

    def _find_time(self, index: int) -> TimeColumn | None:
        return find_time(self.channels, self.places, self.shapes, index)

    def _read_by_times(self, index: int, time: TimeColumn) -> Lead:
        values, times = (
            np.array(self.load(*self.places[place]), dtype=np.float64).ravel() for place in (index, time.index)
        )
        n_times = min(len(values), len(times))
        stated_hz = self.rates_hz.get(self.places[index][0])
        times_s, notes = scale_times(self.path, time, times[:n_times], stated_hz=stated_hz)
        no_cell_is_blank = np.zeros(n_times, dtype=bool)
        placed = place_samples(self.path, values[:n_times], no_cell_is_blank, times_s=times_s, stated_hz=stated_hz)
        return Lead(
            samples=placed.samples,
            fs_hz=placed.fs_hz,
            unit=self.channels[index].unit,
            notes=(*self.notes, *notes, *placed.notes),
        )


def make_array_file(
    path: Path,
    shapes: Mapping[str, tuple[int, ...]],
    small: Mapping[str, AnyArray],
    *,
    load: Callable[[str, int], AnyArray],
    kind: str,
    notes: tuple[str, ...] = (),
    count: Callable[[str, int], int] | None = None,
) -> ArrayFile:
    """Find the channels of the arrays of a file, and what small ones say of rate, unit and labels.

    Parameters
    ----------
    path : Path
    shapes : mapping of str to tuple of int
        Arrays of numbers. The longer axis is time.
    small : mapping of str to ndarray
        Entries of which `is_small_name` is true; of nested entries (``ecg.fs``) the last part counts.
    load, kind, notes, count
        As in `ArrayFile`.

    Raises
    ------
    CorruptDataError, DataError
        When no array fits, or a rate is no number.
    """
    plain = {name: tuple(size for size in shape if size != 1) or (1,) for name, shape in shapes.items()}
    signals = {name: shape for name, shape in plain.items() if name not in small and max(shape, default=0) > 1}
    if not signals:
        raise DataError(f"{path}: no array of numbers in it; expected the samples of an ECG")
    places, channels = [], []
    for name, shape in signals.items():
        n_columns = _count_columns(path, name, shape)
        labels = _list_texts(_find(small, LABEL_KEYS, beside=name))
        units = _list_texts(_find(small, UNIT_KEYS[:2], beside=name))
        for column in range(n_columns):
            places.append((name, column))
            channels.append(_name(_shorten(name, signals), column, n_columns, labels=labels, units=units))
    found = {name: _find_rates(path, small, name) for name in signals}
    channels = _name_siblings(channels, list(signals), _list_texts(_find(small, LABEL_KEYS)))
    named = name_unnamed(channels, places, load)
    if named is not None:
        channels, notes = list(named[0]), (*notes, named[1])
    return ArrayFile(
        path=path, channels=tuple(channels), places=tuple(places), shapes=signals, load=load, kind=kind, notes=notes,
        rates_hz={name: rates_hz[0] for name, rates_hz in found.items() if len(rates_hz) == 1}, count=count,
        stated_hz=max(found.values(), key=len) if any(len(rates_hz) > 1 for rates_hz in found.values()) else (),
    )  # fmt: skip


def _name_siblings(channels: list[Channel], arrays: Sequence[str], labels: Sequence[str]) -> list[Channel]:
    """Name vectors that are called by numbers alone (cells, ``ch1``) by labels, where there are as many."""
    is_counted = all(_COUNTED.fullmatch(last_part(name)) for name in arrays)
    if not is_counted or not len(labels) == len(arrays) == len(channels) > 1:
        return channels
    return [
        replace(channel, name=split_unit(label)[0], unit=channel.unit or split_unit(label)[1], is_named=True)
        for channel, label in zip(channels, labels, strict=True)
    ]


def is_small_name(name: str) -> bool:
    """Tell whether a name is that of a rate, a unit or labels; ``ecg_fs`` and ``fs_ecg`` are those of ``ecg``.

    Examples
    --------
    >>> [is_small_name(name) for name in ("rec.Fs", "ecg_fs", "labels", "ecg", "buffs")]
    [True, True, True, False, False]
    """
    last = last_part(name)
    return last in SMALL_KEYS or any(last.endswith(f"_{key}") or last.startswith(f"{key}_") for key in RATE_KEYS)


def _shorten(name: str, names: Collection[str]) -> str:
    """Leave out the structs around an array that is named like an ECG itself, unless another one is called the same."""
    around, _, last = name.rpartition(".")
    if last.lower() in _ANONYMOUS and looks_like_ecg(around.rpartition(".")[2]):
        # "rec.ecg.signal"
        return _shorten(around, [other.removesuffix(f".{last}") for other in names])
    is_clear = sum(other.rpartition(".")[2] == last for other in names) == 1
    return last if is_clear and looks_like_ecg(last) else name


def take_column(array: AnyArray, column: int) -> AnyArray:
    """Take one column of a vector or a table, whose longer axis is time."""
    array = np.squeeze(array)
    if array.ndim < 2:
        return np.atleast_1d(array)
    table = array.T if array.shape[1] > array.shape[0] else array
    return np.asarray(table[:, column])


def last_part(name: str) -> str:
    """Last part of the name of a nested entry, in lower case."""
    return name.rpartition(".")[2].lower()


def _find(small: Mapping[str, AnyArray], keys: Sequence[str], *, beside: str = "") -> AnyArray | None:
    """Entry of one of these names: beside an array in the same struct, else anywhere."""
    own = beside.rpartition(".")[0]
    for near in (True, False):
        for key in keys:
            for name, value in small.items():
                if last_part(name) == key and (not near or name.rpartition(".")[0] == own):
                    return value
    return None


def _list_texts(array: AnyArray | None) -> list[str]:
    cells = [] if array is None else np.ravel(array).tolist()
    return [decode_field(cell) if isinstance(cell, bytes) else str(cell).strip() for cell in cells]


def _name(name: str, column: int, n_columns: int, *, labels: Sequence[str], units: Sequence[str]) -> Channel:
    unit = units[column] if len(units) == n_columns else units[0] if len(units) == 1 else None
    if len(labels) == n_columns:
        label, own = split_unit(labels[column])
        return Channel(name=label, unit=unit or own)
    is_named = last_part(name) not in _ANONYMOUS
    unit = unit or (split_unit(name)[1] if is_named else None)
    if n_columns == 1:
        return Channel(name=name if is_named else "1", unit=unit, is_named=is_named)
    return Channel(name=f"{name} {column + 1}" if is_named else str(column + 1), unit=unit, is_named=is_named)


def _count_columns(path: Path, name: str, shape: tuple[int, ...]) -> int:
    if len(shape) > 2 or min(shape) < 1:
        raise DataError(f"{path}: array {name!r} has shape {shape}: expected (n_times,) or (n_times, n_channels)")
    check_n_times(max(shape), path, what=f"array {name!r}")
    n_columns = 1 if len(shape) == 1 else min(shape)
    if n_columns > _MAX_COLUMNS:
        raise DataError(f"{path}: array {name!r} has {n_columns} channels, limit {_MAX_COLUMNS}")
    return n_columns


def _find_rates(path: Path, small: Mapping[str, AnyArray], array: str) -> tuple[float, ...]:
    """List the rates that may be those of an array: the one that bears its name or stands nearest, else all others."""
    around, _, last = array.rpartition(".")
    names = {
        name: rank
        for name in small
        if (rank := _rank_rate(last_part(name), last.lower())) is not None and _is_around(name, around)
    }
    if not names:
        names = {name: 1 + RATE_KEYS.index(key) for name in small if (key := last_part(name)) in RATE_KEYS}
        return tuple(sorted({_to_rate(path, small[name]) for name in names})) or _find_interval(path, small)
    # the innermost struct first
    best = min(names, key=lambda name: (names[name] > 0, -name.count("."), names[name]))
    return (_to_rate(path, small[best]),)


def _rank_rate(key: str, array: str) -> int | None:
    """Rank of the name of a rate for an array: 0 where it bears its name; None where it is none, or another's."""
    if any(key in (f"{array}_{one}", f"{one}_{array}") for one in RATE_KEYS):
        return 0
    return 1 + RATE_KEYS.index(key) if key in RATE_KEYS else None


def _is_around(name: str, struct: str) -> bool:
    """Tell whether an entry stands in a struct, or in one around it."""
    own = name.rpartition(".")[0]
    return own in ("", struct) or struct.startswith(f"{own}.")


def _find_interval(path: Path, small: Mapping[str, AnyArray]) -> tuple[float, ...]:
    interval = _find(small, INTERVAL_KEYS)
    if interval is None:
        return ()
    unit = "".join(_list_texts(_find(small, ("isi_units",)))).lower()
    return (1.0 / (_to_rate(path, interval) * _INTERVALS_S.get(unit, 1e-3)),)


def _to_rate(path: Path, stated: AnyArray) -> float:
    values = np.unique(stated)
    value = math.nan
    if values.size == 1:
        text = str(values.ravel()[0])
        value = (
            float(values.ravel()[0])
            if values.dtype.kind in "fiu"
            else parse_field(re.sub(r"\s*hz$", "", text, flags=re.I))
        )
    if not (math.isfinite(value) and value > 0):
        raise CorruptDataError(
            f"{path}: states a sampling rate of {shorten(stated)}: expected one positive number; give fs_hz"
        )
    return value
