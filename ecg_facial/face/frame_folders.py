"""Folders of frames as images.

Input: a folder, and its frame rate. Output: its images in their order in time, with their times. Opens none of them and
imports no OpenCV.

Numbers in the names count frames, so a number that is not there is a gap: cameras drop frames, and people keep key
frames alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from ecg_facial.errors import CorruptDataError
from ecg_facial.runtime.listing import list_files

DEFAULT_FPS = 25.0
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
_NUMBERS = re.compile(r"(\d+)")
# a gap of hours, and fewer than one number in a thousand that is there: these numbers do not count frames
_MAX_GAP_S, _LEAST_SHARE = 3600.0, 1e-3
# numbers that go up by the length of a frame in milliseconds or microseconds are times
_UNITS = {1e3: "milliseconds", 1e6: "microseconds"}
_SAME_STEP = 0.02


@dataclass(frozen=True, kw_only=True)
class TimedImages:
    """Images of a folder in order of time.

    Attributes
    ----------
    paths : tuple of Path
    times_s : tuple of float
        From the first image, increasing.
    fps : float
    notes : tuple of str
        What was assumed, and what is missing.
    """

    paths: tuple[Path, ...]
    times_s: tuple[float, ...]
    fps: float
    notes: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float:
        """Length with the last frame."""
        return self.times_s[-1] + 1 / self.fps


def list_images(folder: Path) -> list[Path]:
    """List the frame images of a folder in order of time: by name, with numbers by value."""
    return list_files(folder, IMAGE_SUFFIXES)


def time_images(folder: Path, fps: float | None = None) -> TimedImages:
    """List the images of a folder with their times.

    Parameters
    ----------
    folder : Path
    fps : float, optional
        Frames per second; 25 without it, with a note.

    Raises
    ------
    CorruptDataError
        When there are none.

    Notes
    -----
    Where the names differ in one number only, that number counts frames: ``frame_60.jpg`` is shown two frames after
    ``frame_58.jpg``. In other names order counts alone.
    """
    paths = list_images(folder)
    if not paths:
        raise CorruptDataError(f"{folder}: no images; expected frames as {', '.join(sorted(IMAGE_SUFFIXES))}")
    rate = fps or DEFAULT_FPS
    notes = [] if fps else [f"a folder of frames: {rate:g} frames per second are assumed; give its rate (fps)"]
    numbers = read_numbers([path.stem for path in paths])
    places: Sequence[float] = range(len(paths))
    if numbers is not None:
        places, about = _place(numbers, rate)
        notes += about
    return TimedImages(
        paths=tuple(paths), times_s=tuple(place / rate for place in places), fps=rate, notes=tuple(notes)
    )


def read_numbers(stems: Sequence[str]) -> list[int] | None:
    """Read the number of each frame; None where names differ in more than one number, or one stands twice.

    Examples
    --------
    >>> read_numbers(["cam1_frame8", "cam1_frame10"]), read_numbers(["a", "b"])
    ([8, 10], None)
    """
    parts = [_NUMBERS.split(stem) for stem in stems]
    if len({(len(part), *part[::2]) for part in parts}) != 1:
        return None
    columns = list(zip(*(part[1::2] for part in parts), strict=True))
    varying = [column for column in columns if len(set(column)) > 1]
    if len(varying) != 1:
        return None
    numbers = [int(text) for text in varying[0]]
    return numbers if all(one < other for one, other in pairwise(numbers)) else None


def _place(numbers: Sequence[int], rate: float) -> tuple[Sequence[float], list[str]]:
    """Give the place of each image in frames from the first one."""
    steps = sorted(other - one for one, other in pairwise(numbers))
    usual = steps[len(steps) // 2]
    for per_second, unit in _UNITS.items():
        per_frame = per_second / rate
        if usual > 1 and abs(usual / per_frame - 1) <= _SAME_STEP:
            places = [(number - numbers[0]) / per_frame for number in numbers]
            return places, [f"the numbers in the names are {unit}"]
    length = numbers[-1] - numbers[0] + 1
    if steps[-1] > _MAX_GAP_S * rate or len(numbers) < _LEAST_SHARE * length:
        return range(len(numbers)), ["the numbers in the names do not count frames: the order counts alone"]
    missing = length - len(numbers)
    note = f"{missing} of {length} frames are missing by the numbers in the names: gaps stay gaps"
    return [number - numbers[0] for number in numbers], [note] if missing else []
