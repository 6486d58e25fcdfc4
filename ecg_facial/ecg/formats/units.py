"""Units of voltage in files.

Input: the text of a unit. Output: the factor to millivolts, or None if it is not a voltage (the scale of ADC counts is
not guessed). Also the plausible range of an ECG, which tells when a unit is wrong.
"""

from __future__ import annotations

import re

import numpy as np

from ecg_facial.runtime.typing import Float64Array

MILLIVOLT = "mV"
# Mu occurs as the Greek letter, the micro sign, u, and as "?" where it was lost on the way to ASCII. Both "mV" and "MV"
# mean millivolts, since no ECG is in megavolts.
_FACTORS = {
    "v": 1e3, "volt": 1e3, "mv": 1.0, "millivolt": 1.0, "mvolt": 1.0, "uv": 1e-3, "microvolt": 1e-3, "uvolt": 1e-3,
    "?v": 1e-3, "\ufffdv": 1e-3, "mcv": 1e-3, "microv": 1e-3, "nv": 1e-6, "nanovolt": 1e-6,
    "\u043c\u0432": 1.0, "\u043c\u043a\u0432": 1e-3,
    # the micro sign of UTF-8 read as Windows-1252, and of DOS
    "\u00e2uv": 1e-3, "\u00e6v": 1e-3,
}  # fmt: skip
# a channel in one of these units is not an ECG
_OTHER_QUANTITIES = frozenset({
    "mmhg", "cmh2o", "kpa", "pa", "bpm", "/min", "%", "degc", "c", "\u00b0c", "k", "hz", "l/min", "ml", "l", "us", "s",
    "ms", "ohm", "kohm", "\u03c9", "k\u03c9", "g", "m/s2", "m/s\u00b2", "n", "a", "ma", "ua",
})  # fmt: skip
# plausible range within two seconds: QRS complexes have 0.1 to 5 mV, motion tens of millivolts
_RANGE_MV = (0.005, 100.0)
_BLOCK_S, _MAX_BLOCKS = 2.0, 300
_MAX_LABEL = 400
_IN_BRACKETS = re.compile(r"^(?P<name>.*?)\s*[(\[{<](?P<unit>[^()\[\]{}<>]{1,16})[)\]}>]\s*$")
# a voltage that stands in a label in another way: "ECG_mV", "ECG / uV", "ECG in mV", "ECGmV", "ECG (mV) filtered"
_VOLTAGES = (
    re.compile(r"[(\[{<]\s*(?P<unit>[^()\[\]{}<> ]{1,12})\s*[)\]}>]"),
    re.compile(r"(?:[/,]|\bin\b)\s*(?P<unit>[^\W\d_]{1,12})$", re.IGNORECASE),
    re.compile(r"[\s_:-](?P<unit>[^\W\d_]{2,12})$"),
    re.compile(r"[a-zG\d](?P<unit>[mnu\u00b5\u03bc]V)$"),
)


def find_factor(unit: str | None) -> float | None:
    """Millivolts of one `unit`; None when it is no voltage.

    Examples
    --------
    >>> [find_factor(unit) for unit in ("mV", "\u00b5V", "Volts", "adu", None)]
    [1.0, 0.001, 1000.0, None, None]
    """
    if unit is None:
        return None
    word = _normalise(unit)
    return _FACTORS.get(word, _FACTORS.get(word.removesuffix("s")))


def is_another_quantity(unit: str | None) -> bool:
    """Tell whether a unit is that of another quantity than voltage.

    Examples
    --------
    >>> [is_another_quantity(unit) for unit in ("mmHg", "bpm", "adu", "mV", None)]
    [True, True, False, False, False]
    """
    return unit is not None and _normalise(unit) in _OTHER_QUANTITIES


def _normalise(unit: str) -> str:
    return re.sub(r"[\s.()\[\]_]", "", unit).replace("\u03bc", "u").replace("\u00b5", "u").lower()


def measure_range_mv(samples_mv: Float64Array, fs_hz: float) -> float:
    """Median range (peak to peak) within two seconds, in millivolts; NaN for a shorter or a flat signal.

    Parameters
    ----------
    samples_mv : ndarray, shape (n_times,)
        Millivolts, NaN where nothing was recorded.
    fs_hz : float
        Sampling rate in Hz.
    """
    size = max(2, round(_BLOCK_S * fs_hz))
    blocks = samples_mv[: len(samples_mv) // size * size].reshape(-1, size)
    blocks = blocks[:: max(1, len(blocks) // _MAX_BLOCKS)]
    blocks = blocks[np.isfinite(blocks).all(axis=1)]
    ranges = np.ptp(blocks, axis=1) if len(blocks) else np.zeros(0)
    ranges = ranges[ranges > 0]
    return float(np.median(ranges)) if len(ranges) else float("nan")


def is_size_of_ecg(range_mv: float) -> bool:
    """Tell whether a range is plausible for an ECG; True for NaN, which is unknown."""
    return not (range_mv < _RANGE_MV[0] or range_mv > _RANGE_MV[1])


def split_unit(label: str) -> tuple[str, str | None]:
    """Split a label into a name and the unit in brackets behind it; a voltage is found in other places of a name too.

    Examples
    --------
    >>> split_unit("ECG (uV)"), split_unit("ecg"), split_unit("ECG_mV"), split_unit("lead V")
    (('ECG', 'uV'), ('ecg', None), ('ECG_mV', 'mV'), ('lead V', None))
    """
    if len(label) > _MAX_LABEL:
        return label, None
    found = _IN_BRACKETS.match(label)
    if found and found["name"]:
        return found["name"], found["unit"].strip()
    return label, _find_voltage(label)


def _find_voltage(label: str) -> str | None:
    text = label.strip()
    matches = (one for pattern in _VOLTAGES if (one := pattern.search(text)) and one.start())
    return next((one["unit"] for one in matches if find_factor(one["unit"]) is not None), None)
