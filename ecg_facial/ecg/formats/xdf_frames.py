"""A stream in an XDF file with the number and the time of each frame of a video beside it.

Input: the path of the file. Output: the times of the frames on the ECG's clock, where 0 is its first sample. Opens no
video.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ecg_facial.ecg.formats.channels import ECG, choose_channel
from ecg_facial.ecg.formats.xdf import XdfFile, open_xdf
from ecg_facial.errors import DataError, EcgFacialError, SettingsError
from ecg_facial.runtime.clocks.irregular import check_times
from ecg_facial.runtime.typing import Float64Array, IntpArray

# what streams of frame stamps are called
_SAID = ("frame", "video", "camera")


def holds_frames(path: Path) -> bool:
    """Tell whether a file is an XDF recording with a stream of frame stamps; False for one that cannot be read."""
    if path.suffix.lower() != ".xdf" or not path.is_file():
        return False
    try:
        _find_stream(open_xdf(path), "")
    except EcgFacialError:
        # what cannot be read says so when it is opened
        return False
    return True


def read_paired_times(xdf: Path, n_frames: int, *, stream: str = "", column: str = ECG) -> Float64Array:
    """Read the time of each frame of a video, in seconds from the first sample of the ECG.

    Parameters
    ----------
    xdf : Path
    n_frames : int
        Of the video.
    stream, column : str
        Names of the stream of frame stamps, and of the channel of the ECG. Without a name it is the stream that is
        called after frames, a video or a camera.

    Returns
    -------
    ndarray of float64, shape (n_frames,)
        Increasing; negative for frames before the ECG's first sample.

    Notes
    -----
    A frame whose stamp was lost is known by its number: its time follows from its neighbours. Numbers count from 0, or
    from 1 where the last one is the number of frames; a counter that runs beyond that counts from its first value.
    Stamps without numbers must be as many as there are frames: which of them are missing is not known.
    """
    recording = open_xdf(xdf)
    place = _find_stream(recording, stream)
    numbers, stamps_s, _ = recording.read_stamped(place)
    start_s = recording.read_start(choose_channel(recording, column))
    if not np.isfinite(start_s):
        raise DataError(
            f"{xdf}: the time stamps of the ECG do not tell when it begins (none, or of another rate than stated); "
            "give a table of frame times"
        )
    frames = _place_frames(numbers, n_frames)
    if frames is None:
        raise DataError(
            f"{xdf}: {len(numbers)} stamps without usable numbers for {n_frames} frames, so it is not known which are "
            "missing; give a table of frame times, or the ECG in a file of its own"
        )
    found = np.full(n_frames, np.nan)
    inside = (frames >= 0) & (frames < n_frames)
    found[frames[inside]] = stamps_s[inside]
    checked = check_times(found)
    if checked.problem:
        raise DataError(f"{xdf}: the stream of frames has {checked.problem}; give a table of frame times")
    return np.asarray(checked.times_s - start_s, dtype=np.float64)


def _find_stream(recording: XdfFile, wanted: str) -> int:
    """Find the first channel of the stream of frame stamps, or that of the frames' numbers."""
    places = [(place, one) for place, (one, _) in enumerate(recording.places)]
    if wanted:
        found = [place for place, one in places if wanted.lower() in (one.name.lower(), one.type.lower())]
    else:
        found = [place for place, one in places if any(said in f"{one.name} {one.type}".lower() for said in _SAID)]
    if not found:
        names = ", ".join(sorted({one.name for _, one in places}))
        raise SettingsError(f"{recording.path}: no stream {wanted or 'of frames'!r} among {names}; give its name")
    named = [
        place for place in found if any(word in recording.channels[place].name.lower() for word in ("frame", "number"))
    ]
    return (named or found)[0]


def _place_frames(numbers: Float64Array, n_frames: int) -> IntpArray | None:
    """Find the number of the frame, from 0, that each stamp is of; None where that is not known."""
    order = np.arange(len(numbers)) if len(numbers) == n_frames else None
    counts = np.isfinite(numbers).all() and (np.diff(numbers) > 0).all() and (numbers == np.round(numbers)).all()
    if not counts or numbers[-1] - numbers[0] >= n_frames:
        return order
    if numbers[0] >= 0 and numbers[-1] <= n_frames:
        first = 1.0 if numbers[-1] == n_frames or numbers[0] == 1.0 else 0.0
    else:
        first = float(numbers[0])
    return np.asarray(numbers - first, dtype=np.intp)
