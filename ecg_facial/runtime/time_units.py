"""Units of time in files.

Input: the text of a unit, or the name of a column. Output: the unit's length in seconds.
"""

from __future__ import annotations

import re

_WORDS = {
    1e-9: "ns nsec nanos nanosecond nanoseconds nanosekunden",
    1e-6: "us usec micros microsec microsecond microseconds mikrosekunden",
    1e-3: "ms msec msecs millis millisec millisecond milliseconds millisekunden milisegundos millisecondes",
    1.0: "s sec secs second seconds sek sekunde sekunden segundo segundos seconde secondes secondi sekundy",
    60.0: "min mins minute minutes minuten minuto minutos minuti",
    3600.0: "h hr hrs hour hours std stunde stunden hora horas heure heures ore",
    86400.0: "d day days tage dias jours",
}
_CYRILLIC = {
    "\u043c\u043a\u0441": 1e-6,
    "\u043c\u0441": 1e-3,
    "\u0441": 1.0,
    "\u0441\u0435\u043a": 1.0,
    "\u043c\u0438\u043d": 60.0,
}
_SECONDS = {word: seconds for seconds, words in _WORDS.items() for word in words.split()} | _CYRILLIC
_PARTS = re.compile(r"[a-z]{1,12}/[1-9]\d{0,5}")
# of a name such as "timestamp_ms", "Time [s]" or "pts (us)"
_BETWEEN = re.compile(r"[\s_.:,;()\[\]-]+")


def find_seconds(unit: str) -> float | None:
    """Seconds of one unit of time; None if it is another word.

    Examples
    --------
    >>> [find_seconds(unit) for unit in ("(ms)", "\u00b5s", "Min.", "s/256", "ticks")]
    [0.001, 1e-06, 60.0, 0.00390625, None]
    """
    word = re.sub(r"[\s.()\[\]]", "", unit).replace("\u03bc", "u").replace("\u00b5", "u").lower()
    # Hexoskin counts parts of seconds
    word, _, parts = word.partition("/") if _PARTS.fullmatch(word) else (word, "", "1")
    seconds = _SECONDS.get(word)
    return None if seconds is None else seconds / int(parts)


def find_unit_of_column(name: str) -> tuple[str, float] | None:
    """Find the unit in the name of a column of times, and its length in seconds; None where the name has none.

    Examples
    --------
    >>> [find_unit_of_column(name) for name in ("timestamp_ms", "#timestamp [ns]", "timestamp", "s")]
    [('ms', 0.001), ('ns', 1e-09), None, ('s', 1.0)]
    """
    parts = [part for part in _BETWEEN.split(name) if part]
    return next(((part, seconds) for part in reversed(parts) if (seconds := find_seconds(part)) is not None), None)
