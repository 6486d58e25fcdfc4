"""Names of people, trials, classes and files, brought to one form in one place.

Input: names as files spell them. Output: one spelling for each name, and notes of what was merged; or one line that
names both spellings. Unicode form, blanks and letter case do not make two names of one, nor do 1 and 1.0; words for
"missing" are no name. Who is who decides what is a leak, so that a spelling that may be another person's is refused.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ecg_facial.errors import CorruptDataError
from ecg_facial.runtime.numbers import MISSING_WORDS

# no-break, thin and other blanks become one blank; marks without width disappear, as does what copying from a page adds
_BLANKS = re.compile(r"\s+")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff"
    "\x00-\x08\x0e-\x1f\x7f]"
)
_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d{1,3})?")
# a whole number that a program wrote as a float: 1.0, 1.000000e+03
_WHOLE = re.compile(r"\d+[.,](0*|\d*[eE]\+?\d{1,3})")
_FRACTION = re.compile(r"\d+[.,]\d*[1-9]\d*")
_LEADING_ZERO = re.compile(r"(?<![\d.,])0+(?=\d)")
# letters of other alphabets that look like Latin ones: Cyrillic, then Greek
_LOOK_ALIKES = str.maketrans(
    "аеорсухіјѕԁԛԝһӏүвкмнт" + "αβεικνορτυχηγμζ",
    "aeopcyxijsdqwhlybkmht" + "abeiknoptuxnymz",
)
_QUOTES = frozenset({"''", '""', "\u201c\u201d", "\u201e\u201c", "\u2018\u2019", "\u00ab\u00bb"})
# "no_pain", "no-pain" and "no pain"
_BETWEEN_WORDS = re.compile(r"(?<=[^\W\d_])[\s_\-\u2010-\u2015]+(?=[^\W\d_])")
_SHOWN, _MOST_EXACT = 5, 2.0**53


@dataclass(frozen=True, kw_only=True)
class Spellings:
    """One name for each spelling.

    Attributes
    ----------
    names : dict of str to str
        The name of every spelling, itself included.
    notes : tuple of str
        What was merged or read otherwise, one line each.
    """

    names: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def tidy_name(text: str) -> str:
    r"""Bring a name to Unicode NFC, with single blanks inside and none around it.

    Examples
    --------
    >>> tidy_name("\u00a0Anna\u200b  B. "), tidy_name("Ju\u0308rgen") == "J\u00fcrgen"
    ('Anna B.', True)
    """
    if text.isascii() and text.isprintable():
        return text.strip() if "  " not in text else " ".join(text.split())
    plain = _INVISIBLE.sub("", text)
    return unicodedata.normalize("NFC", _BLANKS.sub(" ", plain).strip())


def name_key(text: str, *, by_value: bool = False) -> str:
    """Form in which two spellings of one name are equal.

    Parameters
    ----------
    text : str
    by_value : bool
        Whether all numbers count by their value, as classes do: ``.50`` is ``0.5``. Of other names only whole numbers
        lose their decimals, since trial 1.10 is not trial 1.1. Between words of a class a blank, a dash and an
        underscore are one, and quotes around it do not count.

    Examples
    --------
    >>> name_key("Anna ") == name_key("ANNA"), name_key("1.0") == name_key("1"), name_key("07") == name_key("7")
    (True, True, False)
    """
    tidy = _plain_words(tidy_name(text)) if by_value else tidy_name(text)
    if (number := _plain_number(tidy, by_value)) is not None:
        return number
    if tidy.isascii():
        return tidy.casefold()
    return _DASHES.sub("-", unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", tidy).casefold()))


def _plain_words(tidy: str) -> str:
    """Name of a class without quotes around it, with a blank for what joins its words."""
    if len(tidy) > 2 and tidy[0] + tidy[-1] in _QUOTES:
        tidy = tidy[1:-1].strip()
    return _BETWEEN_WORDS.sub(" ", tidy)


def same_name(one: str, other: str) -> bool:
    """Whether two spellings are one name."""
    return one == other or name_key(one) == name_key(other)


def is_missing(text: str) -> bool:
    """Whether a cell says that there is no name: empty, nan, NA, null, none, a dash.

    Examples
    --------
    >>> [is_missing(text) for text in ("", "NaN", "n/a", "None", "-", "Nan Li")]
    [True, True, True, True, True, False]
    """
    return tidy_name(text).casefold() in MISSING_WORDS


def unify_names(
    spellings: Iterable[str], *, what: str, where: str, people: bool = False, by_value: bool = False
) -> Spellings:
    """Give one name to every spelling; the first spelling of a name is taken.

    Parameters
    ----------
    spellings : iterable of str
        As the file holds them, in any number.
    what, where : str
        For notes and messages: ``subject``, and the file.
    people : bool
        Whether they are names of people: spellings that differ by leading zeros (007 and 7, S01 and S1) are refused
        then, since nobody can tell whether they are one person or two.
    by_value : bool
        As for `name_key`.

    Raises
    ------
    CorruptDataError
        For names that look alike in two alphabets, and names of people that differ by leading zeros.
    """
    different = list(dict.fromkeys(spellings))
    # 1.1, 1.2, ... 1.10 are names, so that 1.0 is one too
    as_text = not by_value and any(_FRACTION.fullmatch(spelling.strip()) for spelling in different)
    first: dict[str, str] = {}
    names: dict[str, str] = {}
    for spelling in different:
        tidy = tidy_name(spelling)
        number = None if as_text else _plain_number(tidy, by_value)
        key = tidy.casefold() if as_text else name_key(spelling, by_value=by_value)
        names[spelling] = first.setdefault(key, number or tidy)
    found = list(first.values())
    _refuse_look_alikes(found, what, where)
    if people:
        _refuse_lost_zeros(found, what, where)
    return Spellings(names=names, notes=_describe(names, what))


def find_name(text: str, known: Iterable[str]) -> str | None:
    """Find the one name of a list that a spelling stands for; None without one, or for two that fit."""
    known = list(known)
    if text in known:
        return text
    fitting = [name for name in known if same_name(name, text)]
    return fitting[0] if len(fitting) == 1 else None


def _plain_number(tidy: str, by_value: bool) -> str | None:
    """Write a number without its decimals where they say nothing; None for a name, and for a number with leading zeros.

    007 and 7 may be two people, so that the zeros stay.
    """
    if not tidy or (tidy.isascii() and tidy[0] not in "0123456789+-.,") or not _NUMBER.fullmatch(tidy):
        return None
    if _LEADING_ZERO.match(tidy.lstrip("+-")) and not by_value:
        return None
    if tidy.isdecimal():
        return str(int(tidy))
    if not (by_value or _WHOLE.fullmatch(tidy)):
        return None
    value = float(tidy.replace(",", "."))
    if not math.isfinite(value) or (not by_value and not value.is_integer()):
        return None
    # beyond it a float says no digits of its own: 1e300, not 300 digits
    return f"{value + 0.0:.0f}" if value.is_integer() and abs(value) < _MOST_EXACT else repr(value)


def _describe(names: dict[str, str], what: str) -> tuple[str, ...]:
    changed = [f"{spelling!r} as {name!r}" for spelling, name in names.items() if spelling != name]
    more = f", and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
    return (f"{what}: read {', '.join(changed[:_SHOWN])}{more}",) if changed else ()


def _refuse_look_alikes(names: Sequence[str], what: str, where: str) -> None:
    if all(name.isascii() for name in names):
        return
    seen: dict[str, str] = {}
    for name in names:
        key = name_key(name)
        other = seen.setdefault(key.translate(_LOOK_ALIKES), name)
        # numbers that are written differently, which stay apart beside fractions, do not look alike
        if name_key(other) != key:
            strange = next(letter for letter in key + name_key(other) if letter.translate(_LOOK_ALIKES) != letter)
            raise CorruptDataError(
                f"{where}: {what} {other!r} and {name!r} look alike, but one has {unicodedata.name(strange, 'another')}"
                f" ({strange!r}): one or two? Spell it in one way"
            )


def _refuse_lost_zeros(names: Sequence[str], what: str, where: str) -> None:
    """Refuse names that differ by leading zeros of a number in them."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(_LEADING_ZERO.sub("", name_key(name)), name)
        if other != name:
            raise CorruptDataError(
                f"{where}: {what} {other!r} and {name!r} differ by zeros alone: one or two? Spell it in one way"
            )
