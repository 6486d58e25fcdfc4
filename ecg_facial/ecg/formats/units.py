"""Units of voltage, as files spell them.

Enters: the text of a unit. Leaves: the factor to millivolts, or None where it is no voltage: counts of a converter have
no scale that could be guessed.
"""

from __future__ import annotations

import re

MILLIVOLT = "mV"
# mu is written as the Greek letter, as the micro sign, and as u; "mV" and "MV" both occur, megavolts do not
_FACTORS = {"v": 1e3, "volt": 1e3, "mv": 1.0, "millivolt": 1.0, "uv": 1e-3, "microvolt": 1e-3, "nv": 1e-6}
_IN_BRACKETS = re.compile(r"^(?P<name>.*?)\s*[(\[](?P<unit>[^()\[\]]{1,16})[)\]]\s*$")


def find_factor(unit: str | None) -> float | None:
    """Millivolts of one `unit`; None when it is no voltage.

    Examples
    --------
    >>> [find_factor(unit) for unit in ("mV", "\u00b5V", "Volts", "adu", None)]
    [1.0, 0.001, 1000.0, None, None]
    """
    if unit is None:
        return None
    word = re.sub(r"[\s.]", "", unit).replace("\u03bc", "u").replace("\u00b5", "u").lower()
    return _FACTORS.get(word, _FACTORS.get(word.removesuffix("s")))


def split_unit(label: str) -> tuple[str, str | None]:
    """Split a label into a name and the unit in brackets behind it.

    Examples
    --------
    >>> split_unit("ECG (uV)"), split_unit("ecg")
    (('ECG', 'uV'), ('ecg', None))
    """
    found = _IN_BRACKETS.match(label)
    return (found["name"], found["unit"].strip()) if found and found["name"] else (label, None)
