"""Folders of frames as images.

Input: a folder, and its frame rate. Output: its images in their order in time, with their times. Opens none of them and
imports no OpenCV.

Numbers in the names count frames, so a number that is not there is a gap: cameras drop frames, and people keep key
frames alone. Where the names are times, these count. `frame_names` reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

from ecg_facial.errors import CorruptDataError
from ecg_facial.face.frame_names import choose_frames, count_series, find_stem, find_unit, read_numbers, read_stamps
from ecg_facial.runtime.listing import list_files, list_folders

DEFAULT_FPS = 25.0
IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pnm"}
)
# a gap of hours, and fewer than one number in a thousand that is there: these numbers do not count frames
_MAX_GAP_S, _LEAST_SHARE = 3600.0, 1e-3
_ORDER_ALONE = "the order counts alone"


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
    """List the images of a folder by name, with numbers by value; a few of them may be no frames."""
    return list_files(folder, IMAGE_SUFFIXES)


def time_images(folder: Path, fps: float | None = None) -> TimedImages:
    """List the images of a folder with their times.

    Parameters
    ----------
    folder : Path
    fps : float, optional
        Frames per second; 25 without it, with a note, unless the names are times.

    Raises
    ------
    CorruptDataError
        When there are none.

    Notes
    -----
    Where a number in the names goes up from each to the next, it counts frames: ``frame_60.jpg`` is shown two frames
    after ``frame_58.jpg``. Dates with times, seconds with a fraction, and numbers that are milliseconds, microseconds
    or nanoseconds are the times themselves. In other names order counts alone.
    """
    paths = {path.name: path for path in list_images(folder)}
    if not paths:
        raise CorruptDataError(
            f"{folder}: no images{_say_where(folder)}; expected frames as {', '.join(sorted(IMAGE_SUFFIXES))}"
        )
    chosen = choose_frames(paths)
    stems = [find_stem(name) for name in chosen.names]
    stamps_s, about = _read_times(stems, fps)
    if stamps_s is not None:
        times_s, checked = _check(stamps_s)
        rate = 1 / median(other - one for one, other in pairwise(times_s))
        notes = [*about, *checked]
    else:
        rate = fps or DEFAULT_FPS
        places, placed = _place(stems, rate)
        times_s = tuple(place / rate for place in places)
        assumed = f"a folder of frames: {rate:g} frames per second are assumed; give its rate (fps)"
        notes = [*([] if fps else [assumed]), *placed]
    return TimedImages(
        paths=tuple(paths[name] for name in chosen.names),
        times_s=times_s,
        fps=rate,
        notes=(*chosen.notes, *notes),
    )


def _say_where(folder: Path) -> str:
    """Name the subfolder that holds images, or what is there instead, as the end of a message."""
    below = next((path.name for path in list_folders(folder) if list_images(path)), None)
    if below:
        return f" in it, but in its folder {below!r}"
    there = next((path.name for path in list_files(folder)), None)
    if not there:
        return ""
    return f", but {there!r}: name a video by its file, and save pictures of other formats as PNG or JPEG"


def _read_times(stems: Sequence[str], fps: float | None) -> tuple[list[float] | None, list[str]]:
    """Read times that stand in the names, in seconds."""
    stamps_s = read_stamps(stems)
    if stamps_s is not None:
        return stamps_s, ["the times in the names are taken"]
    numbers = read_numbers(stems)
    unit = None if numbers is None else find_unit(numbers, fps)
    if numbers is None or unit is None:
        return None, []
    # of whole numbers, so that nothing is lost of nanoseconds since 1970
    return [(number - numbers[0]) / unit[0] for number in numbers], [f"the numbers in the names are {unit[1]}"]


def _check(stamps_s: Sequence[float]) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """Check times by the rules of all clocks; from the first one."""
    # readers are light to import
    import numpy as np

    from ecg_facial.runtime.clocks.irregular import check_times

    checked = check_times(np.array(stamps_s, dtype=np.float64), what="frames")
    return tuple((checked.times_s - checked.times_s[0]).tolist()), checked.notes


def _place(stems: Sequence[str], rate: float) -> tuple[Sequence[float], list[str]]:
    """Give the place of each image in frames from the first one."""
    order = range(len(stems))
    numbers = read_numbers(stems)
    if numbers is None:
        n_series = count_series(stems)
        if len(stems) < 2:
            return order, []
        if n_series < 2:
            return order, [f"no number in the names counts frames: {_ORDER_ALONE}"]
        return order, [f"the numbers in the names start anew: {n_series} series are read one behind the other"]
    length = numbers[-1] - numbers[0] + 1
    longest = max(other - one for one, other in pairwise(numbers))
    if longest > _MAX_GAP_S * rate or len(numbers) < _LEAST_SHARE * length:
        return order, [f"the numbers in the names do not count frames: {_ORDER_ALONE}"]
    missing = length - len(numbers)
    note = f"{missing} of {length} frames are missing by the numbers in the names: gaps stay gaps"
    return [number - numbers[0] for number in numbers], [note] if missing else []
