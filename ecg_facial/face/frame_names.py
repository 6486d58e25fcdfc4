"""What the names of images say: which of them are frames, in which order, and when each was taken.

Input: names of the images of one folder. Output: the names of frames in order; the number that counts them; or their
times. Opens no file.

Names of one film have one form, such as ``cam1_0001.jpg``: pictures of another form beside many of one are covers and
overviews. Of the numbers in a name one may count frames; dates and seconds tell times.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import PurePath
from statistics import median

from ecg_facial.runtime.listing import fold_name, natural_key

_NUMBERS = re.compile(r"(\d+)")
# so few names of another form beside so many of one are no frames
_FEW_OTHERS, _SHARE_OF_OTHERS, _LEAST_FRAMES = 2, 0.05, 4
# of a frame that is there twice, compressed without a loss and with one, the first is better
_LOSSLESS = frozenset({".png", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".pnm"})
_DATE = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d\d)[-_. ]?(?P<month>\d\d)[-_. ]?(?P<day>\d\d)[-_.,T@ ]{0,3}"
    r"(?P<hours>[01]\d|2[0-3])[-_.:h ]?(?P<minutes>[0-5]\d)[-_.:m ]?(?P<seconds>[0-5]\d)"
    r"(?:[-_.,:s ]?(?P<fraction>\d{1,9}))?(?!\d)",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"(?<!\d)(?P<hours>[01]\d|2[0-3])[-_.:h](?P<minutes>[0-5]\d)[-_.:m](?P<seconds>[0-5]\d)"
    r"[-_.,](?P<fraction>\d{3,9})(?!\d)"
)
_SECONDS = re.compile(r"(?<!\d)(?P<seconds>\d+)\.(?P<fraction>\d{2,9})(?!\d)")
# Frames are at least 1 ms and at most 10 s apart.
_LEAST_STEP_S, _MOST_STEP_S = 1e-3, 10.0
# A counter behind the seconds is no fraction of them: fractions of a clock come to half a second and more, and go up by
# more than one unit of their last digit.
_LEAST_FRACTION_S, _LEAST_UNITS = 0.5, 1.5
_UNITS = {1e3: "milliseconds", 1e6: "microseconds", 1e9: "nanoseconds"}
# no camera has taken so many frames: such a number is a time
_MOST_FRAMES = 10**11
# numbers that go up by the length of a frame at the given rate, within this share, are times
_SAME_STEP = 0.02
# without a rate: milliseconds that are rounded, as 33, 34, 33, at 5 to 66 frames per second
_ROUNDED_MS, _ROUNDED_SHARE = (15, 200), 0.1


@dataclass(frozen=True, kw_only=True)
class ChosenNames:
    """Frames of a folder in their order.

    Attributes
    ----------
    names : tuple of str
    notes : tuple of str
        Which images are no frames, one sentence each.
    """

    names: tuple[str, ...]
    notes: tuple[str, ...] = ()


def choose_frames(names: Iterable[str]) -> ChosenNames:
    """Choose which images are frames, each once, and put them in order: by name, with numbers by value.

    Parameters
    ----------
    names : iterable of str

    Examples
    --------
    >>> choose_frames(["cover.jpg", "f10.jpg", "F8.jpg", "f9.jpg", "f11.jpg"])
    ChosenNames(names=('F8.jpg', 'f9.jpg', 'f10.jpg', 'f11.jpg'), notes=('no frame by its name: cover.jpg',))
    """
    by_form: dict[tuple[str, ...], list[str]] = {}
    for name in names:
        by_form.setdefault(_form(find_stem(name)), []).append(name)
    usual = max(by_form.values(), key=len, default=[])
    others = sorted(name for form in by_form.values() if form is not usual for name in form)
    most = max(_FEW_OTHERS, _SHARE_OF_OTHERS * len(usual))
    notes = []
    if others and len(usual) >= _LEAST_FRAMES and len(others) <= min(most, len(usual) / 2):
        notes.append(f"no frame by its name: {', '.join(others[:3])}{', ...' if len(others) > 3 else ''}")
    else:
        usual = [*usual, *others]
    kept, twice = _take_once(usual)
    if twice:
        notes.append(f"{len(twice)} frames are there in two formats, such as {twice[0]}: each is read once")
    ordered = sorted(kept, key=lambda name: (natural_key(find_stem(name)), name))
    return ChosenNames(names=tuple(ordered), notes=tuple(notes))


def find_stem(name: str) -> str:
    """Give a name without its ending, in one letter case; of tens of thousands `pathlib` takes four times as long."""
    stem = name.rpartition(".")[0] or name
    return stem.lower() if stem.isascii() else fold_name(stem)


def _form(stem: str) -> tuple[str, ...]:
    """Give what a name is besides its numbers."""
    return tuple(_NUMBERS.split(stem)[::2])


def _take_once(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Take one image of each name; give those that are left, and one of each that is left out."""
    by_stem: dict[str, list[str]] = {}
    for name in names:
        by_stem.setdefault(find_stem(name), []).append(name)
    if len(by_stem) == len(names):
        return list(names), []
    endings = Counter(PurePath(name).suffix.lower() for name in names)

    def fitness(name: str) -> tuple[int, bool]:
        ending = PurePath(name).suffix.lower()
        return endings[ending], ending in _LOSSLESS

    kept = [max(same, key=fitness) for same in by_stem.values()]
    return kept, sorted(set(names) - set(kept))


def read_numbers(stems: Sequence[str]) -> list[int] | None:
    """Read the number that counts frames: one that goes up from each name to the next, of several the slowest.

    Examples
    --------
    >>> read_numbers(["cam1_frame8", "cam1_frame10"]), read_numbers(["f1_40ms", "f2_80ms"])
    ([8, 10], [1, 2])
    >>> read_numbers(["cam1_1", "cam1_2", "cam2_1"]), read_numbers(["a", "b"])
    (None, None)
    """
    parts = [_NUMBERS.split(stem) for stem in stems]
    if len({tuple(part[::2]) for part in parts}) != 1:
        return None
    columns = zip(*(map(int, part[1::2]) for part in parts), strict=True)
    rising = [column for column in columns if all(one < other for one, other in pairwise(column))]
    slowest = min(rising, key=lambda column: column[-1] - column[0], default=None)
    return None if slowest is None or len(stems) < 2 else list(slowest)


def count_series(stems: Sequence[str]) -> int:
    """Count the series of numbers that go up; 1 where names are no series, as those without a number.

    Examples
    --------
    >>> count_series(["cam1_1", "cam1_2", "cam2_1", "cam2_2"]), count_series(["a", "b"]), count_series(["f9", "a7"])
    (2, 1, 1)
    """
    ends = [int(numbers[-1]) for stem in stems if (numbers := _NUMBERS.findall(stem))]
    if len(ends) != len(stems):
        return 1
    n_series = 1 + sum(other <= one for one, other in pairwise(ends))
    return n_series if 2 * n_series <= len(stems) else 1


def read_stamps(stems: Sequence[str]) -> list[float] | None:
    """Read dates with times, or seconds with a fraction, of all names, in seconds; None where they tell no times.

    Examples
    --------
    >>> read_stamps(["IMG_20200131_235959_600", "IMG_20200131_235959_900", "IMG_20200201_000000_200"])[2]
    86400.2
    >>> read_stamps(["1305031102.875304", "1305031103.175304"])[0]
    1305031102.875304
    """
    for pattern in (_DATE, _CLOCK, _SECONDS):
        found = [pattern.search(stem) for stem in stems]
        matches = [match for match in found if match is not None]
        if len(matches) == len(stems) and len(stems) > 1:
            stamps_s = _to_seconds(matches)
            if stamps_s is not None:
                return stamps_s
    return None


def _to_seconds(matches: Sequence[re.Match[str]]) -> list[float] | None:
    """Seconds of matches, if they can be times of frames."""
    stamps_s, fractions_s = [], []
    first_day, unit_s = None, 0.0
    for match in matches:
        parts = match.groupdict()
        fraction = parts.get("fraction") or ""
        unit_s = max(unit_s, 10.0 ** -len(fraction) if fraction else 0.0)
        fractions_s.append(int(fraction) / 10 ** len(fraction) if fraction else 0.0)
        whole_s = int(parts["seconds"]) + 60 * int(parts.get("minutes") or 0) + 3600 * int(parts.get("hours") or 0)
        if "year" in parts:
            try:
                day = date(int(parts["year"]), int(parts["month"]), int(parts["day"])).toordinal()
            except ValueError:
                return None
            first_day = day if first_day is None else first_day
            whole_s += 86400 * (day - first_day)
        stamps_s.append(whole_s + fractions_s[-1])
    steps = [other - one for one, other in pairwise(stamps_s)]
    is_plausible = min(steps) > 0 and max(_LEAST_STEP_S, _LEAST_UNITS * unit_s) <= median(steps) <= _MOST_STEP_S
    return stamps_s if is_plausible and max(fractions_s) >= _LEAST_FRACTION_S else None


def find_unit(numbers: Sequence[int], fps: float | None) -> tuple[float, str] | None:
    """Find the unit of numbers that are times: how many are a second, and its name; None where they count frames.

    Parameters
    ----------
    numbers : sequence of int
        Increasing.
    fps : float or None
        Frames per second where the rate is known.

    Examples
    --------
    >>> find_unit([0, 33, 67, 100], None), find_unit([0, 40, 80], 25.0), find_unit([1, 2, 3], None)
    ((1000.0, 'milliseconds'), (1000.0, 'milliseconds'), None)
    """
    steps = [other - one for one, other in pairwise(numbers)]
    usual = median(steps)
    for per_second, unit in _UNITS.items() if usual > 1 else ():
        if numbers[-1] >= _MOST_FRAMES:
            if _LEAST_STEP_S <= usual / per_second <= _MOST_STEP_S:
                return per_second, unit
        elif fps is not None and abs(usual * fps / per_second - 1) <= _SAME_STEP:
            return per_second, unit
    return (1e3, _UNITS[1e3]) if fps is None and _are_rounded(steps, usual) else None


def _are_rounded(steps: Sequence[int], usual: float) -> bool:
    """Whether steps are one that is no whole number, up and down: 33, 34, 33."""
    near = Counter(step for step in steps if abs(step - usual) <= 1)
    several = sum(n >= _ROUNDED_SHARE * len(steps) for n in near.values())
    return _ROUNDED_MS[0] <= usual <= _ROUNDED_MS[1] and several >= 2 and near.total() > len(steps) / 2
