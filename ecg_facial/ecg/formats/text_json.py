"""JSON in the lines above a text table, as OpenSignals writes it.

Input: lines without their marks of comments. Output: rates, names of columns and sensors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_RATE_KEYS = frozenset({
    "samplingrate", "samplerate", "samplingratehz", "sampleratehz", "samplingfrequency", "samplefrequency", "fs",
    "fshz", "sfreq", "srate", "nominalsrate",
})  # fmt: skip
_COLUMN_KEYS = ("column", "columns", "columnnames", "channelnames")
_SENSOR_KEYS = ("sensor", "sensors", "sensortypes")
_LABEL_KEYS = ("label", "labels")
# a JSON text of more lines or characters is no header; each end of a line that may be its end is tried
_MAX_LINES, _MAX_CHARACTERS, _MAX_TRIES, _MAX_DEPTH = 2000, 1 << 20, 50, 20


@dataclass(frozen=True, kw_only=True)
class JsonColumns:
    """What JSON says about the columns.

    Attributes
    ----------
    rates_hz : tuple of float
    names : tuple of str
        Of the columns, in their order.
    sensors : tuple of str
        What each column measures, as long as `names`; empty text where it is not said.
    """

    rates_hz: tuple[float, ...] = ()
    names: tuple[str, ...] = ()
    sensors: tuple[str, ...] = ()

    def join(self, other: JsonColumns) -> JsonColumns:
        """Put the columns of another device behind."""
        return JsonColumns(
            rates_hz=self.rates_hz + other.rates_hz,
            names=self.names + other.names,
            sensors=self.sensors + other.sensors,
        )


def find_json(texts: Sequence[str]) -> Iterator[Any]:
    """Yield the JSON objects that begin a line, over one line or several."""
    place, n_tries = 0, 0
    while place < len(texts) and n_tries < _MAX_TRIES:
        if texts[place].startswith("{"):
            for end in range(place + 1, min(len(texts), place + _MAX_LINES) + 1):
                if not texts[end - 1].endswith("}"):
                    continue
                n_tries += 1
                text = "\n".join(texts[place:end])
                if n_tries > _MAX_TRIES or len(text) > _MAX_CHARACTERS:
                    break
                try:
                    yield json.loads(text)
                except (ValueError, RecursionError):
                    continue
                place = end - 1
                break
        place += 1


def read_json_columns(value: Any, depth: int = 0) -> JsonColumns:
    """Read rates, columns and sensors, however deep they stand.

    Examples
    --------
    >>> read_json_columns({"x": {"sampling rate": 1000, "column": ["nSeq", "A1"], "label": ["A1"], "sensor": ["ECG"]}})
    JsonColumns(rates_hz=(1000.0,), names=('nSeq', 'A1'), sensors=('', 'ECG'))
    """
    if depth > _MAX_DEPTH or not isinstance(value, dict | list):
        return JsonColumns()
    if isinstance(value, list):
        found = JsonColumns()
        for item in value[:_MAX_LINES]:
            found = found.join(read_json_columns(item, depth + 1))
        return found
    keys = {re.sub(r"[^a-z0-9]", "", str(key).lower()): item for key, item in value.items()}
    rates = tuple(rate for key in keys if key in _RATE_KEYS and (rate := _to_rate(keys[key])))
    names = _list_words(keys, _COLUMN_KEYS)
    sensors = _list_words(keys, _SENSOR_KEYS)
    labels = _list_words(keys, _LABEL_KEYS)
    found = JsonColumns(rates_hz=rates, names=names, sensors=_place_sensors(names, labels, sensors))
    for item in value.values():
        found = found.join(read_json_columns(item, depth + 1))
    return found


def _place_sensors(names: tuple[str, ...], labels: tuple[str, ...], sensors: tuple[str, ...]) -> tuple[str, ...]:
    """Give each column its sensor: by the sensor's label, else the last columns are those of the sensors."""
    if len(labels) == len(sensors) and set(labels) <= set(names):
        of_label = dict(zip(labels, sensors, strict=True))
        return tuple(of_label.get(name, "") for name in names)
    if len(sensors) <= len(names):
        return ("",) * (len(names) - len(sensors)) + sensors
    return ("",) * len(names)


def _list_words(keys: dict[str, Any], wanted: Sequence[str]) -> tuple[str, ...]:
    found: list[Any] = next((keys[key] for key in wanted if isinstance(keys.get(key), list)), [])
    return tuple(str(word) for word in found) if all(isinstance(word, str) for word in found) else ()


def _to_rate(value: Any) -> float | None:
    """Read a rate that is a number, or begins with one: ``"1000 Hz"``."""
    if isinstance(value, bool):
        return None
    found = re.match(r"\s*(\d{1,9}(?:\.\d{1,9})?)\s*(k?)(?:hz)?\s*$", str(value), re.IGNORECASE)
    return float(found[1]) * (1e3 if found[2] else 1.0) if found and float(found[1]) > 0 else None
