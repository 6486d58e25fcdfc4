"""The time column of a text table.

Input: the columns' names and units, and their cells. Output: which column holds the times, and times in seconds. The
clock itself is checked by `runtime.clocks`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ecg_facial.ecg.formats.contract import Channel, shorten
from ecg_facial.ecg.formats.ecg_rates import ECG_RATES_HZ, is_ecg_rate
from ecg_facial.ecg.formats.text_names import is_clock_format
from ecg_facial.errors import DataError
from ecg_facial.runtime.time_units import find_seconds
from ecg_facial.runtime.typing import Float64Array

# in the order in which they are preferred
_NAMES = ("time", "timestamp", "timestamps", "t", "times")
_WORDS = frozenset({
    *_NAMES, "datetime", "zeit", "zeitstempel", "uhrzeit", "temps", "tiempo", "hora", "heure", "tempo", "czas", "tid",
    "tijd", "elapsed", "timecode", "epoch", "clock", "unixtime", "localtime",
    # Russian, Chinese, Japanese, Korean, Greek
    "\u0432\u0440\u0435\u043c\u044f", "\u65f6\u95f4", "\u65f6\u95f4\u6233", "\u6642\u9593", "\u6642\u523b",
    "\uc2dc\uac04", "\u03c7\u03c1\u03cc\u03bd\u03bf\u03c2",
})  # fmt: skip
_DATES = frozenset({"date", "datum", "fecha", "day"})
# times of something else than the sample
_OTHERS = frozenset({
    "rr", "rri", "ibi", "nn", "interval", "response", "reaction", "rt", "stim", "stimulus", "event", "delay",
    "duration", "onset", "offset", "peak", "transit", "pulse", "exposure", "zone", "ecg", "ekg",
})  # fmt: skip
COUNT_NAMES = frozenset({
    "sample", "samples", "sample #", "sample no", "sample number", "samplenumber", "sampleindex", "index", "n", "nseq",
    "frame", "counter", "row", "id", "#", "no", "nr", "",
})  # fmt: skip
_COUNT_UNITS = frozenset({"samples", "sample", "points", "rows", "frames", "index", "n"})
# words in the place of a unit that are none
_NO_UNITS = frozenset({
    "utc", "gmt", "local", "unix", "epoch", "datetime", "date", "time", "iso", "iso8601", "iso 8601", "clock", "cal",
    "abs", "absolute", "rel", "relative", "posix", "",
})  # fmt: skip
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_MAX_NAME = 200
# a column of times that bears the name of its signal counts more than any plain name
_FAR = 100
# units that a table without one may mean: never minutes or hours, in which 250 Hz looks like 15 kHz in seconds
_GUESSED = (("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9))
_NAMED = (*_GUESSED, ("min", 60.0), ("h", 3600.0), ("days", 86400.0))
# nanoseconds since 1970 are 2e18; larger numbers are damage
_MOST = 1e19
# stamps of chunks or whole seconds: fewer of their steps than this share go forward
_MOSTLY = 0.7
_SHOWN = (("s", 1.0), ("ms", 1e-3), ("min", 60.0))
# days since 1900 of a spreadsheet, for dates from 1954 to 2119
_SERIAL_DAYS = (20_000.0, 80_000.0)
# tenths of microseconds since the year 1, for dates from 1970 to 2200
_MAX_DAYS = 2.0
# numbers of samples go up by one in more than this share of the rows
_MOSTLY_NEXT = 0.9
_TICKS, _TICK_S = (6.2e17, 6.95e17), 1e-7


@dataclass(frozen=True, kw_only=True)
class TimeColumn:
    """A column of times.

    Attributes
    ----------
    index : int
        Place among the columns.
    name : str
    unit : str
        As the file spells it; empty where there is none.
    seconds : float or None
        Of one unit; None where no unit is given, or it is none of time.
    counts : bool
        Whether the unit says that it counts samples.
    """

    index: int
    name: str
    unit: str
    seconds: float | None
    counts: bool


def find_time_columns(channels: Sequence[Channel], *, of: int | None = None) -> tuple[TimeColumn, ...]:
    """Find the columns whose name says that they hold times, the most plain name first.

    Parameters
    ----------
    channels : sequence of Channel
    of : int, optional
        Column whose times are wanted: the one that bears its name (``time_ecg``) stands first, and where each signal
        has a column of the same name beside it (``time,ppg,time,ecg``), its own.

    Examples
    --------
    >>> [(one.index, one.seconds) for one in find_time_columns((Channel(name="ecg"), Channel(name="time_ms")))]
    [(1, 0.001)]
    >>> pairs = [Channel(name=name) for name in ("time_ppg", "ppg", "time_ecg", "ecg")]
    >>> [column.name for column in find_time_columns(pairs, of=3)]
    ['time_ecg', 'time_ppg']
    """
    words = [_split_words(channel) for channel in channels]
    own = set(words[of]) if of is not None else set()
    found = []
    for place, channel in enumerate(channels):
        shared = own & set(words[place]) & _OTHERS
        ranked = None if place == of else _rank(place, channel, [one for one in words[place] if one not in shared])
        if ranked is None:
            continue
        rank, column = ranked
        if of is not None:
            rank += _belong(words, place, own)
        found.append((rank, column))
    ordered = [column for _, column in sorted(found, key=lambda pair: (pair[0], pair[1].index))]
    return tuple(ordered if of is None else _prefer_beside(ordered, of))


def _split_words(channel: Channel) -> list[str]:
    if len(channel.name) > _MAX_NAME:
        return []
    return [word for word in re.split(r"[\W_]+", _CAMEL.sub(" ", channel.name).lower()) if word]


def _belong(words: Sequence[Sequence[str]], place: int, own: set[str]) -> int:
    """Rank of a column of times for one signal: first if it bears that one's name, last if it bears another's."""
    rest = {one for one in words[place] if one not in _WORDS and find_seconds(one) is None and not one.isdecimal()}
    if not rest:
        return 0
    if rest <= own:
        return -_FAR
    return _FAR if any(rest == set(other) for number, other in enumerate(words) if number != place) else 0


def _prefer_beside(columns: list[TimeColumn], of: int) -> list[TimeColumn]:
    """Put the nearest of columns of one name first: in front of its signal, or behind it where the first one is."""
    if not columns:
        return columns
    name = _base_name(columns[0])
    alike = sorted(one.index for one in columns if _base_name(one) == name)
    if len(alike) < 2:
        return columns
    before, behind = [place for place in alike if place < of], [place for place in alike if place > of]
    nearest = (before[-1:] or behind[:1]) if alike[0] == 0 else (behind[:1] or before[-1:])
    return sorted(columns, key=lambda one: one.index != nearest[0])


def _base_name(column: TimeColumn) -> str:
    """Name without the number by which a program tells equal names apart: ``time.1``."""
    return re.sub(r"[\W_]*\d*$", "", column.name.lower())


def _rank(place: int, channel: Channel, words: list[str]) -> tuple[int, TimeColumn] | None:
    """Rank of a column as that of times, 0 is best; None where its name says another thing."""
    if not channel.is_named or len(channel.name) > _MAX_NAME:
        return None
    unit = channel.unit or ""
    if not unit and len(words) > 1 and find_seconds(words[-1]) is not None:
        unit = words.pop()
    rank: int | None = None
    if len(words) == 1 and words[0] in _NAMES:
        rank = _NAMES.index(words[0])
    elif _WORDS & set(words) and not _OTHERS & set(words):
        # a sensor's own clock is better than that of the phone that received it
        rank = len(_NAMES) + (0 if "sensor" in words else 1)
    elif place == 0 and len(words) == 1 and not channel.unit and find_seconds(words[0]) is not None:
        # a header that is the unit alone: "min", "sec"
        rank, unit = len(_NAMES) + 2, words[0]
    elif find_seconds(unit) is not None and (words == ["x"] or (place == 0 and not channel.name.isascii())):
        # "X [s]" of Delsys; a word of another alphabet with a unit of time
        rank = len(_NAMES) + 2
    elif _DATES & set(words):
        rank = len(_NAMES) + 3
    if rank is None:
        return None
    word = unit.strip().lower()
    seconds = None if is_clock_format(word) else find_seconds(word)
    if seconds is None and (word in _NO_UNITS or is_clock_format(word) or re.fullmatch(r"(utc|gmt).*", word)):
        unit = ""
    return rank, TimeColumn(index=place, name=channel.name, unit=unit, seconds=seconds, counts=word in _COUNT_UNITS)


def counts_samples(values: Float64Array) -> bool:
    """Tell whether values count up by 1."""
    return len(values) > 2 and bool(np.all(values == np.round(values)) and np.all(np.diff(values) == 1))


def find_count(channels: Sequence[Channel], index: int) -> int | None:
    """Place of the column that counts samples, by its name or unit; None where there is none."""
    counted = {column.index for column in find_time_columns(channels) if column.counts}
    counted |= {place for place, one in enumerate(channels) if one.is_named and one.name.lower() in COUNT_NAMES}
    return next((place for place in sorted(counted) if place != index), None)


def skips_samples(values: Float64Array) -> bool:
    """Tell whether numbers of samples go up by 1, but for a few larger steps, where samples were lost."""
    steps = np.diff(values)
    if len(steps) < 2 or not np.isfinite(values).all() or steps.min() < 1 or steps.max() == 1:
        return False
    return bool((values == np.round(values)).all() and np.mean(steps == 1) > _MOSTLY_NEXT)


def scale_times(
    path: Path, column: TimeColumn, values: Float64Array, *, stated_hz: float | None
) -> tuple[Float64Array | None, tuple[str, ...]]:
    """Convert the numbers of a time column to seconds.

    Parameters
    ----------
    path : Path
        For the messages.
    column : TimeColumn
    values : ndarray, shape (n_rows,)
        NaN where a row has none.
    stated_hz : float or None
        Rate that the lines above the table state; it tells the unit where the column does not.

    Returns
    -------
    times_s : ndarray of float64, shape (n_rows,), or None
        From the first one on; None where the column tells no time, and the lines above tell the rate.
    notes : tuple of str
        Which unit was assumed.

    Raises
    ------
    DataError
        When the unit is unknown, or gives a rate that no ECG has.
    """
    if len(values) < 2:
        raise DataError(f"{path}: a single row, so the sampling rate is unknown; give it in Hz (fs_hz)")
    steps = np.diff(values)
    if steps.min() > 0 and values[0] > -_MOST and values[-1] < _MOST:
        known, start, step = values, values[0], float(values[-1] - values[0]) / len(steps)
    else:
        values = np.where(np.abs(values) < _MOST, values, np.nan)
        known = values[np.isfinite(values)]
        start, step = _measure_step(path, column, values)
    if column.seconds is not None:
        return (values - start) * column.seconds, ()
    if stated_hz is not None:
        fitting = next((pair for pair in _NAMED if abs(step * pair[1] * stated_hz - 1) < 0.05), None)
        if fitting is None and skips_samples(values):
            note = f"the numbers in column {column.name!r} show which samples were lost"
            return (values - start) / stated_hz, (note,)
        if fitting is None and (column.unit or counts_samples(known[:1000])):
            note = f"column {column.name!r} tells no time: samples follow each other at the stated {stated_hz:g} Hz"
            return None, (note,)
        if fitting is not None:
            name, seconds = fitting
            note = f"times are taken for {name}, which agrees with the stated {stated_hz:g} Hz"
            return (values - start) * seconds, () if name == "s" else (note,)
    if column.unit:
        raise DataError(
            f"{path}: the column {column.name!r} is in {shorten(column.unit)}, which is no unit of time; give the rate "
            "(fs_hz), or name the column time_s, time_ms, time_us or time_min"
        )
    if counts_samples(known[:1000]):
        raise DataError(
            f"{path}: column {column.name!r} steps by exactly 1: numbers of samples, or milliseconds at 1000 Hz? give "
            "the rate in Hz (fs_hz), or name the column time_ms"
        )
    name, seconds = _guess(path, column, known, step)
    notes = () if name == "s" else (f"the times have no unit: they are taken for {name}",)
    return (values - start) * seconds, notes


def _measure_step(path: Path, column: TimeColumn, values: Float64Array) -> tuple[float, float]:
    """Find the first time, and the usual step per row of times that are missing, stand still, jump or run back."""
    places = np.flatnonzero(np.isfinite(values))
    if len(places) < 2:
        raise DataError(f"{path}: a single row, so the sampling rate is unknown; give it in Hz (fs_hz)")
    steps = np.diff(values[places]) / np.diff(places)
    # the newest row may stand first
    steps = -steps if (steps < 0).all() else steps
    forward = steps[steps > 0]
    if not len(forward):
        raise DataError(f"{path}: the column {column.name!r} does not increase, so the rate is unknown; give fs_hz")
    usual = float(np.median(forward))
    step = usual * len(forward) / len(steps) if len(forward) < _MOSTLY * len(steps) else usual
    return float(values[places[0]]), step


def _guess(path: Path, column: TimeColumn, known: Float64Array, step: float) -> tuple[str, float]:
    """Guess the unit of numbers of times by their step, and the days of a spreadsheet by their size."""
    days_hz = 1 / (step * 86400.0)
    if _SERIAL_DAYS[0] < known[0] < _SERIAL_DAYS[1] and is_ecg_rate(days_hz):
        return "days of a spreadsheet", 86400.0
    if _TICKS[0] < known[0] < _TICKS[1] and is_ecg_rate(1 / (step * _TICK_S)):
        return "ticks of 100 ns since the year 1", _TICK_S
    if 0 <= known[0] < 1 and known[-1] < _MAX_DAYS and is_ecg_rate(days_hz):
        return "days of a spreadsheet", 86400.0
    found = next((pair for pair in _GUESSED if is_ecg_rate(1 / (step * pair[1]))), None)
    if found is not None:
        return found
    rates = ", ".join(f"{1 / (step * seconds):.3g} Hz in {name}" for name, seconds in _SHOWN)
    raise DataError(
        f"{path}: the time column {column.name!r} steps by {step:.4g}, which is {rates}: expected {ECG_RATES_HZ[0]:g} "
        f"to {ECG_RATES_HZ[1]:g} Hz; name its unit (time_min, time_h) or give fs_hz"
    )
