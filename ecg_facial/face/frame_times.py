"""Times of frames from a text file beside a video or a folder of images.

Input: a text file with a line per frame: its number or name, and a time. Output: the time of each frame.

::

    0 2020-01-31 10:11:12.040000
    1 2020-01-31 10:11:12.080000

Separators are blanks, TAB, comma or semicolon. A time is a date with hours, minutes and seconds, hours and minutes
alone, or a number: of seconds, unless the header or the numbers themselves say another unit. The number or name of the
frame may be absent: then the order counts. `frame_lists` finds the columns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from ecg_facial.errors import CorruptDataError
from ecg_facial.face.frame_lists import is_number, split_list
from ecg_facial.runtime.clocks.irregular import check_times
from ecg_facial.runtime.text_files import find_text
from ecg_facial.runtime.time_cells import parse_time_cells
from ecg_facial.runtime.typing import Float64Array

EXPECTED = "a line per frame: its number, and a time such as 2020-01-31 10:11:12.040000 or 0.04"
_LAST_NUMBER = re.compile(r"(\d+)\D*$")
# of more lines than this that are no times, the file is another one
_MAX_BAD_SHARE = 0.1
# Frames further apart than this are no video: the unit is another one. Whole numbers are seconds up to half of that.
_MAX_STEP_S, _MIN_STEP_S = 10.0, 0.9e-3
_UNITS, _FPS = {"milliseconds": 1e-3, "microseconds": 1e-6, "nanoseconds": 1e-9}, (1.0, 1000.0)
# nearer to each other than those, so that only usual rates tell them apart
_LONG_UNITS, _USUAL_FPS = {"minutes": 60.0, "hours": 3600.0, "days": 86400.0}, (5.0, 250.0)


@dataclass(frozen=True, eq=False, kw_only=True)
class FrameTimes:
    """Times of frames as a file lists them.

    Attributes
    ----------
    keys : tuple of str or None
        Number or name of each frame; None where the file has no such column.
    stamps_s : ndarray of float64, shape (n_lines,)
        As they stand there; NaN where a line is no time.
    notes : tuple of str
    """

    keys: tuple[str, ...] | None
    stamps_s: Float64Array
    notes: tuple[str, ...] = ()


def read_frame_times(path: Path) -> FrameTimes:
    """Read a file of frame times.

    Raises
    ------
    MissingDataError
        When there is no such file.
    CorruptDataError
        When it is not a list of times, or not in seconds.
    """
    text = find_text(path, expected=EXPECTED, allow_damage=True)
    listed = split_list([line for row in text.lines() if (line := row.replace('"', "").strip())])
    cells = listed.times
    are_numbers = sum(map(is_number, cells)) > len(cells) / 2
    parsed = None if are_numbers else parse_time_cells(cells)
    stamps_s = np.array([_to_number(cell) for cell in cells], dtype=np.float64) if parsed is None else parsed.seconds
    n_bad = int(np.isnan(stamps_s).sum())
    if not len(stamps_s) or n_bad > _MAX_BAD_SHARE * len(stamps_s):
        raise CorruptDataError(f"{path}: {n_bad} of {len(stamps_s)} lines are no frame times; expected {EXPECTED}")
    assumed: tuple[str, ...] = () if parsed is None else parsed.notes
    if are_numbers:
        unit_s, assumed = _find_unit(path, stamps_s, listed.unit)
        # from the first one, since numbers of nanoseconds since 1970 have 19 digits
        stamps_s = (stamps_s - np.nanmin(stamps_s)) * unit_s
    keys = listed.keys
    lost = (f"{n_bad} of {len(stamps_s)} lines are no frame times",) if n_bad else ()
    return FrameTimes(
        keys=keys if all(keys) and len(set(keys)) == len(keys) else None,
        stamps_s=stamps_s,
        notes=(*text.notes, *assumed, *lost),
    )


def _find_unit(path: Path, numbers: Float64Array, stated: tuple[str, float] | None) -> tuple[float, tuple[str, ...]]:
    """Find the unit of times, in seconds: the stated one, else seconds if these can be steps of frames, else another.

    Raises
    ------
    CorruptDataError
        Where no unit makes a rate of frames.
    """
    if stated is not None:
        return stated[1], ()
    known = numbers[np.isfinite(numbers)]
    usual = float(np.median(np.diff(known))) if len(known) > 1 else 0.0
    is_whole = bool((known == np.round(known)).all())
    if usual <= 0 or _MIN_STEP_S <= usual <= (_MAX_STEP_S / 2 if is_whole else _MAX_STEP_S):
        return 1.0, ()
    units, fps = (_UNITS, _FPS) if usual > 1 else (_LONG_UNITS, _USUAL_FPS)
    for name, unit_s in units.items():
        if fps[0] <= 1 / (usual * unit_s) <= fps[1]:
            return unit_s, (f"the frame times have no unit: {name} are assumed",)
    raise CorruptDataError(f"{path}: times go up by {usual:g} per frame; expected seconds, or dates and times")


def _to_number(cell: str) -> float:
    return float(cell.rstrip(" s").replace(",", ".")) if is_number(cell) else np.nan


def match_times(
    listed: FrameTimes, n_frames: int, names: Sequence[str] | None = None
) -> tuple[Float64Array, list[str]]:
    """Give each frame its time.

    Parameters
    ----------
    listed : FrameTimes
    n_frames : int
    names : sequence of str, optional
        Names of the images, by which their lines are found; without them, or with other names, the numbers of the
        lines count from the first one where they fit, else the order.

    Returns
    -------
    ndarray of float64, shape (n_frames,)
        In seconds from the first frame, increasing.
    list of str
        What was done.
    """
    places = _find_places(listed, n_frames, names)
    stamps_s = np.full(n_frames, np.nan)
    inside = (places >= 0) & (places < n_frames)
    stamps_s[places[inside]] = listed.stamps_s[inside]
    checked = check_times(stamps_s, what="frames")
    if checked.problem:
        raise CorruptDataError(f"the file of frame times: {checked.problem}; expected {EXPECTED}")
    n_lines = len(places)
    notes = [*listed.notes, *checked.notes]
    if n_lines != n_frames:
        notes.append(f"the file of frame times lists {n_lines} frames, there are {n_frames}")
    return checked.times_s - checked.times_s[0], notes


def _find_places(listed: FrameTimes, n_frames: int, names: Sequence[str] | None) -> np.ndarray:
    """Find the number of the frame that each line is of, from 0; -1 where there is none."""
    order = np.arange(len(listed.stamps_s))
    if listed.keys is None:
        return order
    if names is not None:
        by_name = {name: place for place, name in enumerate(names)} | {Path(n).stem: p for p, n in enumerate(names)}
        # lists name frames by their place in a data set, too: rgb/0001.png
        own = [PurePosixPath(key.replace("\\", "/")).name for key in listed.keys]
        found = [by_name.get(key, -1) for key in own]
        if max(found) < 0:
            by_number = {_number(Path(name).stem): place for place, name in enumerate(names)}
            found = [by_number.get(_number(Path(key).stem), -1) for key in own]
        if max(found) >= 0:
            return np.array(found)
    numbers = [_number(key) for key in listed.keys]
    known = [number for number in numbers if number is not None]
    # a camera's counter runs on over frames that were never stored: then the video holds those of the lines
    if len(known) == len(numbers) and len(order) != n_frames and max(known) - min(known) < n_frames:
        return np.array(known) - min(known)
    return order


def _number(key: str) -> int | None:
    match = _LAST_NUMBER.search(key)
    return None if match is None else int(match[1])
