"""Numbers as people write them.

Input: cells of a text table. Output: the style of its numbers (decimal sign, grouping), found once per file, and the
numbers: a cell is a number as a whole, a word for "missing", or neither; it is never the first half of something.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# a cell that says that there is no value; compared in lower case
MISSING_WORDS = frozenset({
    "", "nan", "-nan", "+nan", "nan(ind)", "-nan(ind)", "1.#qnan", "-1.#ind", "1.#ind", "#nan", "na", "n/a", "n.a.",
    "<na>", "#n/a", "#na", "#value!", "#div/0!", "#num!", "#ref!", "#null!", "null", "none", "nil", "missing", "nat",
    "-", "--", "---", "\u2013", "\u2014", ".", "..", "?", "*",
})  # fmt: skip
_INFINITE = {"inf": math.inf, "infinity": math.inf, "\u221e": math.inf}
# blanks that group digits: blank, no-break space, thin space, narrow no-break space, figure space
_BLANKS = " \u00a0\u2009\u202f\u2007"
_APOSTROPHES = "'\u2019\u02bc"
_MINUS = str.maketrans(
    {"\u2212": "-", "\u2013": "-", "\u2010": "-", "\u2011": "-", "\ufe63": "-", "\uff0d": "-", "\uff0b": "+"}
)
_MAX_CELL = 64
_NUMBER = re.compile(
    rf"(?P<sign>[-+]?)\s*(?P<digits>\d[\d.,{_BLANKS}{_APOSTROPHES}]*|[.,]\d+)(?:\s*[eEdD](?P<power>[-+]?\d{{1,4}}))?"
    r"\s*(?P<unit>(?:[^\W\d_]|[%\u2030\u00b0])[^\d;,\x00-\x1f\ufffd]{0,15})?"
)
_PLAIN = re.compile(r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d{1,4})?", re.ASCII)
_GROUPED = {sign: re.compile(rf"[1-9]\d{{0,2}}(?:{re.escape(sign)}\d{{3}})+") for sign in f".,{_BLANKS}{_APOSTROPHES}"}


@dataclass(frozen=True, kw_only=True)
class NumberStyle:
    """How the numbers of a file are written.

    Attributes
    ----------
    decimal : str
        ``"."`` or ``","``.
    is_grouped : bool
        Whether the other one of the two signs may group thousands. Blanks and apostrophes always may.
    """

    decimal: str = "."
    is_grouped: bool = True


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A number with the unit behind it.

    Attributes
    ----------
    value : float
        NaN for a missing value; a per cent is a hundredth.
    unit : str
        Empty where there is none.
    """

    value: float
    unit: str = ""


class StyleFinder:
    """Collects what the cells of a file say about its style of numbers.

    Parameters
    ----------
    separator : str, optional
        What separates the cells. Between commas a point is the decimal sign where nothing else is said.

    Notes
    -----
    A sign with other than three digits behind it, or with zero or four digits before it, is the decimal sign; one that
    occurs twice, or before the other one, groups thousands. Where every cell allows both (``1,234``), the sign groups
    if the same column holds whole numbers too, and none of four digits without it.
    """

    def __init__(self, separator: str | None = None) -> None:
        self._separator = separator
        self._decimal = dict.fromkeys(".,", 0)
        self._grouping = dict.fromkeys(".,", 0)
        # per column: cells that allow both, by sign; whole numbers up to 999, and above
        self._columns: dict[int, Counter[str]] = {}

    def add(self, cell: str, column: int = 0) -> None:
        """Look at a cell; anything that is no number says nothing."""
        found = _NUMBER.fullmatch(_clean(cell)) if len(cell) <= _MAX_CELL else None
        if found is None:
            return
        digits = found["digits"].strip()
        points, commas = digits.count("."), digits.count(",")
        last, first = (".", ",") if digits.rfind(".") > digits.rfind(",") else (",", ".")
        if points and commas:
            if digits.count(last) == 1:
                self._decimal[last] += 1
                self._grouping[first] += 1
        elif points + commas == 1 and (found["power"] or not _GROUPED[last].fullmatch(digits)):
            self._decimal[last] += 1
        elif points + commas > 1:
            self._grouping[last] += bool(_GROUPED[last].fullmatch(digits))
        else:
            kind = last if points + commas else "small" if len(digits) <= 3 else "large"
            self._columns.setdefault(column, Counter())[kind] += 1

    def decide(self) -> NumberStyle:
        """Return the style that most cells show; where cells contradict each other, no sign groups."""
        for sign, other in (".,", ",."):
            if self._decimal[sign] > self._decimal[other]:
                return NumberStyle(decimal=sign, is_grouped=not self._decimal[other] and not self._grouping[sign])
        for sign, other in (".,", ",."):
            if self._grouping[sign] > self._grouping[other]:
                return NumberStyle(decimal=other)
        unclear = {sign: [column for column in self._columns.values() if column[sign]] for sign in ".,"}
        if self._separator == ",":
            # quoted cells between commas: 1,234 is a thousand unless the column shows that it is not
            return NumberStyle(decimal="," if any(column["large"] for column in unclear[","]) else ".")
        for sign, other in (",.", ".,"):
            if unclear[sign] and not unclear[other]:
                groups = any(column["small"] and not column["large"] and column[sign] > 1 for column in unclear[sign])
                return NumberStyle(decimal=other if groups else sign)
        return NumberStyle()


def find_style(rows: Iterable[Sequence[str]], separator: str | None = None) -> NumberStyle:
    """Find the style of numbers in the rows of a file.

    Parameters
    ----------
    rows : iterable of sequences of str
        Cells; those that are no numbers do no harm.
    separator : str, optional
        As for `StyleFinder`.

    Examples
    --------
    >>> find_style([["1.234,5", "7"]]).decimal, find_style([["0.5"], ["1,006.9"]]).decimal
    (',', '.')
    >>> find_style([["512"], ["1,024"], ["1,100"]]).decimal, find_style([["1,234"], ["1,500"]]).decimal
    ('.', ',')
    """
    finder = StyleFinder(separator)
    for cells in rows:
        for column, cell in enumerate(cells):
            finder.add(cell, column)
    return finder.decide()


def parse_quantity(cell: str, style: NumberStyle) -> Quantity | None:
    r"""Read a cell as a number, perhaps with a unit behind it; None where the cell as a whole is neither.

    Parameters
    ----------
    cell : str
    style : NumberStyle
        Of the file.

    Examples
    --------
    >>> parse_quantity("\u22121\u202f234,5 mV", NumberStyle(decimal=","))
    Quantity(value=-1234.5, unit='mV')
    >>> parse_quantity("12.0\0", NumberStyle()) is parse_quantity("1,5", NumberStyle()) is None
    True
    """
    text = _clean(cell)
    if text.lower() in MISSING_WORDS:
        return Quantity(value=math.nan)
    if len(text) > _MAX_CELL:
        return None
    if style.decimal == "." and _PLAIN.fullmatch(text):
        return Quantity(value=float(text))
    infinite = _INFINITE.get(text.lstrip("+-").lower())
    if infinite is not None:
        return Quantity(value=-infinite if text[0] == "-" else infinite)
    if text[:1] == "(" and text[-1:] == ")":
        # negative, as accountants write it
        inner = parse_quantity(text[1:-1], style)
        return None if inner is None or not inner.value >= 0 else Quantity(value=-inner.value, unit=inner.unit)
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    digits = _to_plain(found["digits"].strip(), style)
    if digits is None:
        return None
    value = float(f"{found['sign']}{digits}e{found['power'] or 0}")
    unit = (found["unit"] or "").strip()
    return Quantity(value=value / 100) if unit == "%" else Quantity(value=value, unit=unit)


def parse_number(cell: str, style: NumberStyle) -> float | None:
    """Read a cell as a number without a unit (a per cent is a hundredth); NaN if missing, None if it is neither.

    Examples
    --------
    >>> style = NumberStyle()
    >>> [parse_number(cell, style) for cell in ("1,006.9", "+1e-3", "45 %", "1 mV", "1.2.3", "n/a")]
    [1006.9, 0.001, 0.45, None, None, nan]
    """
    found = parse_quantity(cell, style)
    return None if found is None or found.unit else found.value


def _clean(cell: str) -> str:
    text = cell.strip().strip('"').strip()
    return text if text.isascii() else text.translate(_MINUS)


def _to_plain(digits: str, style: NumberStyle) -> str | None:
    """Digits with a decimal point and without grouping; None where they are not grouped in threes."""
    whole, sign, fraction = digits.partition(style.decimal)
    if sign and not (fraction.isdecimal() or not fraction):
        return None
    if whole and not whole.isdecimal():
        mark = next(character for character in whole if not character.isdecimal())
        other = "," if style.decimal == "." else "."
        if (mark == other and not style.is_grouped) or not _GROUPED[mark].fullmatch(whole):
            return None
        whole = whole.replace(mark, "")
    return f"{whole or 0}.{fraction or 0}"
