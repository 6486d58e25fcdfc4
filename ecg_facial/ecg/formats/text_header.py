"""Keys and values in the lines above a text table.

Input: these lines. Output: a `Header`: sampling rates, names, units, sensors and gains, wherever a device writes them.

Read are lines such as ``Sampling Rate (Hz):= 1000``, ``Interval= 0.004 s``, ``0.5 msec/sample``, ``Sample Rate,512
hertz`` (Apple, in any language: the unit tells), JSON (OpenSignals), ``ChannelTitle=`` and ``Range=`` (LabChart), and
"3 channels" with a name and a unit per channel (AcqKnowledge).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ecg_facial.ecg.formats.ecg_rates import is_ecg_rate
from ecg_facial.ecg.formats.text_json import JsonColumns, find_json, read_json_columns
from ecg_facial.ecg.formats.units import find_factor
from ecg_facial.runtime.numbers import NumberStyle, parse_quantity
from ecg_facial.runtime.time_units import find_seconds

COMMENT_MARKS = ("#", "%", "//")
# a longer line states no rate; the search would take time in proportion to the square of its length
_MAX_LINE = 400
# a longer text is a sentence, not the name of the number below it
_MAX_KEY = 40
_NUMBER = r"(?P<value>\d(?:[.,' \u00a0\u202f]?\d){0,15}(?:[eE][-+]?\d{1,2})?|[.,]\d{1,15})"
_RATE_UNIT = (
    r"(?P<unit>k?hz|k?hertz|\u043a?\u0433\u0446|k?hercios?|k?hertzios?|sps|k?s/s|samples?\s*(?:/|per)\s*s(?:ec\w*)?|"
    r"1\s*/\s*s|/\s*s)\b"
)
_RATE_KEY = re.compile(
    r"(?:sampl\w*[ _.-]*(?:rate|freq\w*)|(?:output|data|scan|acquisition|recording)[ _-]*rate|\bsfreq|\bs?rate\b|"
    r"(?<![a-z])f_?s(?:_?(?:hz|ecg))?(?![a-z])|^(?:freq|frequency|frecuencia|fr\u00e9quence)\.?(?=\s*(?:[(\[]|$))|"
    # Chinese, Japanese, Korean, Russian
    r"\u91c7\u6837|\u63a1\u6a23|\u53d6\u6837|\u30b5\u30f3\u30d7\u30ea\u30f3\u30b0|\uc0d8\ud50c\ub9c1|"
    r"\u0434\u0438\u0441\u043a\u0440\u0435\u0442\u0438\u0437\u0430\u0446|"
    r"\bsr\b|abtast(?!interv)\w*|messrate|tasa de muestreo|frecuencia de muestreo|muestreo|"
    r"chantillonnage|campionamento|amostragem|bemonstering\w*|pr\u00f3bkowania|samples?[ _]*(?:per|/)[ _]*s\w*)",
    re.IGNORECASE,
)
_INTERVAL_KEY = re.compile(
    r"(?:sampl\w*|time|abtast)?[ _-]*(?:interval\w*|period\b|abstand)|\bdt\b|\bdelta[ _]?t\b|\btime[ _]?step\b|"
    r"\bsampl\w*[ _]time\b|\btime between samples\b|\btime resolution\b",
    re.IGNORECASE,
)
_OTHER_RATES = re.compile(
    r"filter|notch|cut.?off|pass\b|mains|line\W|netz|heart|pulse|puls\b|resp|frame|refresh|screen|baud|bit|hrv?\b|"
    r"sync|bandwidth|update|display|battery",
    re.IGNORECASE,
)
# "Frequency: 50 Hz" is that of the mains more often than not
_FREQUENCY, _MAINS_HZ = re.compile(r"fr[e\u00e9]\w*\b", re.IGNORECASE), ([50.0], [60.0])
_UNIT_IN_KEY = re.compile(r"[(\[]\s*(?P<unit>[^)\]]{1,16})\s*[)\]]")
_KEY = re.compile(r"(?P<key>[^=:\uff1a\t,;]{0,80}?)\s*(?::=|[=:\uff1a\t,;])\s*(?P<value>.*)", re.DOTALL)
_PLAIN_KEY = re.compile(r"(?P<key>[^\d=:]{1,80}?)\s+(?P<value>\d.*)", re.DOTALL)
_QUANTITY = re.compile(_NUMBER + r"\s*[\t(\[,;]?\s*(?P<unit>[^\d\s)\],;][^)\],;\t]{0,24})?", re.IGNORECASE)
_RATE_ALONE = re.compile(_NUMBER + r"\s*" + _RATE_UNIT + r"\W*", re.IGNORECASE)
_PER_SAMPLE = re.compile(_NUMBER + r"\s*(?P<unit>[^\W\d]{1,12})\s*(?:/|per)\s*(?:sample|sa|point)\b", re.IGNORECASE)
_ANYWHERE = re.compile(_RATE_KEY.pattern + r"\D{0,20}?" + _NUMBER + r"\s*" + _RATE_UNIT, re.IGNORECASE)
_LABELS = re.compile(r"(?:labels?|columns?|channels?|signals?|leads?)\s*(?:names?)?", re.IGNORECASE)
_UNIT_KEYS = re.compile(r"units?|einheit(?:en)?|unit\u00e9s?|unidad(?:es)?|unit\u00e0|unidade|eenheid", re.IGNORECASE)
_GAIN = re.compile(
    _NUMBER + r"\s*(?:adu|counts?|lsb|bits?|digits?|units?)?\s*(?:/|per)\s*(?P<unit>[mun\u00b5\u03bc]?v)\b",
    re.IGNORECASE,
)
_STEP = re.compile(
    _NUMBER + r"\s*(?P<unit>[mun\u00b5\u03bc]?v)\s*(?:/|per)\s*(?:adu|counts?|lsb|bits?|digits?|units?)\b",
    re.IGNORECASE,
)
_BASELINE_KEY = re.compile(r"baseline|adc\W?zero|zero\W?(?:level|offset)|nulllinie", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class StatedRate:
    """A sampling rate that the file states.

    Attributes
    ----------
    rate_hz : float
    text : str
        The line that says so.
    """

    rate_hz: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Header:
    """What the lines above a table say.

    Attributes
    ----------
    rates : tuple of StatedRate
        In the file's order.
    names, units, sensors : tuple of str
        Of the channels or columns; empty where they are not given. A sensor says what a channel measures.
    unit : str or None
        Of all channels.
    factor_mv : float or None
        Millivolts of one count of the converter.
    baseline : float
        Count of the converter at 0 mV.
    """

    rates: tuple[StatedRate, ...] = ()
    names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    sensors: tuple[str, ...] = ()
    unit: str | None = None
    factor_mv: float | None = None
    baseline: float = 0.0


@dataclass(kw_only=True)
class _Found:
    """What was found so far."""

    rates: list[StatedRate] = field(default_factory=list)
    names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    unit: str | None = None
    factor_mv: float | None = None
    baseline: float = 0.0


def read_header(lines: Sequence[str]) -> Header:
    r"""Read the lines above a table.

    Parameters
    ----------
    lines : sequence of str
        As they stand in the file, comments too.

    Returns
    -------
    Header

    Examples
    --------
    >>> read_header(["# Simple Text Format", "# Sampling Rate (Hz):= 1000.00"]).rates[0].rate_hz
    1000.0
    >>> read_header(["Interval=\t0.004 s", "ChannelTitle=\tECG\tResp"]).names
    ('ECG', 'Resp')
    """
    found = _Found()
    json = JsonColumns()
    texts = [strip_comment(line) for line in lines]
    for value in find_json([line.strip().lstrip("#%/ ") for line in lines]):
        json = json.join(read_json_columns(value))
    for rate_hz in json.rates_hz:
        found.rates.append(StatedRate(rate_hz=rate_hz, text=f"sampling rate {rate_hz:g} in JSON"))
    for place, text in enumerate(texts):
        if text and not text.startswith(("{", "[")) and len(text) <= _MAX_LINE:
            _read_line(text, found)
            _read_acqknowledge(texts, place, found)
            below = next((other for other in texts[place + 1 :] if other), "")
            below_hz = find_rate_below(text, below)
            if below_hz is not None:
                found.rates.append(StatedRate(rate_hz=below_hz, text=f"{text} {below}"))
    return Header(
        rates=tuple(found.rates),
        names=json.names or found.names,
        units=found.units,
        sensors=json.sensors,
        unit=found.unit,
        factor_mv=found.factor_mv,
        baseline=found.baseline,
    )


def find_rate_below(line: str, below: str) -> float | None:
    """Find the rate in Hz whose name stands in one line, and its number in the line below, in the same cell.

    Examples
    --------
    >>> find_rate_below("Subject;Sampling Rate (Hz)", "7;512"), find_rate_below("Sampling rate: 512 Hz", "7")
    (512.0, None)
    """
    if max(len(line), len(below)) > _MAX_LINE or not any(map(str.isdecimal, below)):
        return None
    for mark in ("\t", ";", ",", None):
        names = [line] if mark is None else line.split(mark)
        cells = [below] if mark is None else below.split(mark)
        if (mark is None or len(names) > 1) and len(names) == len(cells):
            found = (_read_pair(*pair) for pair in zip(names, cells, strict=True))
            return next((rate_hz for rate_hz in found if rate_hz is not None), None)
    return None


def _read_pair(name: str, cell: str) -> float | None:
    """Read a name without a number, and a cell that is a number, perhaps with a unit."""
    key = strip_comment(name).strip(" :=\"'")
    value = strip_comment(cell).strip(" \"'")
    is_named = _RATE_KEY.search(key) or _INTERVAL_KEY.fullmatch(_UNIT_IN_KEY.sub("", key).strip())
    if not is_named or any(map(str.isdecimal, key)) or _OTHER_RATES.search(key) or len(key) > _MAX_KEY:
        return None
    return find_rate(f"{key}: {value}") if _QUANTITY.fullmatch(value) else None


def strip_comment(line: str) -> str:
    """Take the marks of a comment and quotes around a whole line away."""
    text = line.strip().lstrip("#%").strip()
    text = text.removeprefix("//").strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' and '"' not in text[1:-1] else text


def states_a_rate(line: str) -> bool:
    """Tell whether a line states a sampling rate."""
    return len(line) <= _MAX_LINE and find_rate(strip_comment(line)) is not None


def _split_pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield keys and values of a line; several stand in one line as ``fs=250, unit=mV``."""
    parts = re.split(r"[;,]\s+", text)
    whole = [text] if len(parts) < 2 or not all(re.search(r"[=:]", part) for part in parts) else parts
    for part in whole:
        found = _KEY.fullmatch(part) or _PLAIN_KEY.fullmatch(part)
        yield (found["key"].strip(" \"'*"), found["value"].strip(" \"'=")) if found else ("", part)


def _read_line(text: str, found: _Found) -> None:
    """Read one line."""
    rate_hz = find_rate(text)
    if rate_hz is not None:
        found.rates.append(StatedRate(rate_hz=rate_hz, text=text))
    for key, value in _split_pairs(text):
        cells = [cell.strip() for cell in re.split("\t" if "\t" in value else r"[\t;,]|\s{2,}", value) if cell.strip()]
        if key.lower() == "channeltitle" or (_LABELS.fullmatch(key) and not value[:1].isdigit()):
            found.names = found.names or tuple(cells if len(cells) > 1 else value.split())
        elif key.lower() == "range":
            found.units = found.units or tuple(cell.split()[-1] for cell in cells)
        elif key.lower() == "unitname":
            found.units = tuple(cells)
        elif _UNIT_KEYS.fullmatch(key) and find_factor(value) is not None:
            found.unit = value
        elif _UNIT_KEYS.fullmatch(key) and any(find_factor(cell) is not None for cell in value.split()):
            found.units = found.units or tuple(cells if len(cells) > 1 else value.split())
        elif _BASELINE_KEY.search(key):
            found.baseline = next(iter(_read_numbers(value)), found.baseline)
        else:
            _read_gain(f"{key} {value}", found)


def _read_gain(text: str, found: _Found) -> None:
    """Read a gain with its unit (``200 adu/mV``, ``0.5 uV/count``); a number alone may be that of an amplifier."""
    gain, step = _GAIN.search(text), _STEP.search(text)
    match = gain or step
    if match is None:
        return
    factor, values = find_factor(match["unit"]), _read_numbers(match["value"])
    if factor and values:
        found.factor_mv = factor / values[0] if gain else factor * values[0]


def _read_acqknowledge(texts: Sequence[str], place: int, found: _Found) -> None:
    """Read "3 channels", and below it a name and a unit for each."""
    count = re.fullmatch(r"(\d{1,3}) channels?", texts[place], re.IGNORECASE)
    if count is None or found.names:
        return
    listed = texts[place + 1 : place + 1 + 2 * int(count[1])]
    if len(listed) == 2 * int(count[1]) and all(listed):
        found.names, found.units = tuple(listed[::2]), tuple(listed[1::2])


def find_rate(text: str) -> float | None:
    r"""Find the sampling rate in Hz that a line states, as rate or as interval; None if there is none.

    Examples
    --------
    >>> [find_rate(text) for text in ("rate: 0.5 kHz", "Interval=\t0.004 s", "0.5 msec/sample", "at 9:30")]
    [500.0, 250.0, 2000.0, None]
    """
    if not any(map(str.isdecimal, text)):
        return None
    per_sample = _PER_SAMPLE.fullmatch(text)
    if per_sample:
        return _from_interval(per_sample["value"], per_sample["unit"])
    for key, value in _split_pairs(text):
        if _OTHER_RATES.search(key):
            continue
        quantity = _QUANTITY.match(value)
        if _FREQUENCY.match(key) and quantity and _read_numbers(quantity["value"])[:1] in _MAINS_HZ:
            continue
        if _RATE_KEY.search(key or value) and quantity:
            return _from_rate(quantity, key)
        if _INTERVAL_KEY.search(key) and quantity:
            in_key = _UNIT_IN_KEY.search(key)
            return _from_interval(quantity["value"], quantity["unit"] or (in_key["unit"] if in_key else ""))
        alone = _RATE_ALONE.fullmatch(value)
        if alone:
            return _from_hertz(alone["value"], alone["unit"])
    return _find_rate_anywhere(text)


def _find_rate_anywhere(text: str) -> float | None:
    """Find a rate with its unit inside a sentence."""
    found = _ANYWHERE.search(text)
    if found is None or _OTHER_RATES.search(text[: found.start()]):
        return None
    return _from_hertz(found["value"], found["unit"])


def _from_rate(quantity: re.Match[str], key: str) -> float | None:
    in_key = _UNIT_IN_KEY.search(key)
    unit = (quantity["unit"] or (in_key["unit"] if in_key else "")).strip()
    if unit and find_seconds(unit) is not None:
        # "sampling rate: 4 ms"
        return _from_interval(quantity["value"], unit)
    return _from_hertz(quantity["value"], unit)


def _from_hertz(value: str, unit: str) -> float | None:
    scale = 1e3 if unit.strip().lower().startswith("k") else 1.0
    rates_hz = [number * scale for number in _read_numbers(value)]
    return next(filter(is_ecg_rate, rates_hz), rates_hz[0] if rates_hz else None)


def _from_interval(value: str, unit: str) -> float | None:
    """Rate of an interval; without a unit, seconds or milliseconds where one of them gives the rate of an ECG."""
    seconds = find_seconds(unit) if unit.strip() else None
    if unit.strip() and seconds is None:
        return None
    for step_s in (seconds,) if seconds else (1.0, 1e-3):
        rates_hz = [1 / (number * step_s) for number in _read_numbers(value)]
        plausible = next(filter(is_ecg_rate, rates_hz), None)
        if plausible or (seconds and rates_hz):
            return plausible or rates_hz[0]
    return None


def _read_numbers(text: str) -> list[float]:
    """Positive numbers that a text may be, with a point and with a comma as decimal sign."""
    found = [parse_quantity(text.strip(), NumberStyle(decimal=sign)) for sign in ".,"]
    return [one.value for one in found if one is not None and one.value > 0]
