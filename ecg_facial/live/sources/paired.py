"""A video beside an XDF file that holds the ECG, and a stream with the number and the time of each frame.

Input: both files, as recorders of the Lab Streaming Layer leave them. Output: the times of the frames on the ECG's
clock, where 0 is its first sample, and a pair of sources that are replayed together.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ecg_facial.ecg.formats.channels import ECG, choose_channel
from ecg_facial.ecg.formats.xdf import XdfFile, open_xdf
from ecg_facial.errors import DataError, SettingsError
from ecg_facial.face.video import open_film
from ecg_facial.live.sources.replay import EcgReplay, Pace, VideoReplay
from ecg_facial.recording import EcgRef, VideoRef
from ecg_facial.runtime.clocks.irregular import check_times
from ecg_facial.runtime.typing import Float64Array, IntpArray

# what streams of frame stamps are called
_SAID = ("frame", "video", "camera")


def open_pair(
    video: Path, xdf: Path, *, pace: Pace | None = None, stream: str = "", column: str = ECG
) -> tuple[VideoReplay, EcgReplay]:
    """Make the sources of a recorded pair.

    Parameters
    ----------
    video, xdf : Path
    pace : Pace, optional
        Real time without one.
    stream : str
        Name of the stream of frame stamps; the one that is called after frames, a video or a camera without it.
    column : str
        Name of the ECG's channel.

    Raises
    ------
    DataError, SettingsError
        When a file cannot be read, or there is no such stream.
    """
    pace = Pace() if pace is None else pace
    n_frames = len(open_film(VideoRef(path=video)).times_s)
    times_s = read_paired_times(xdf, n_frames, stream=stream, column=column)
    return VideoReplay(video, pace=pace, times_s=times_s), EcgReplay(EcgRef(path=xdf, column=column), pace=pace)


def read_paired_times(xdf: Path, n_frames: int, *, stream: str = "", column: str = ECG) -> Float64Array:
    """Read the time of each frame of a video, in seconds from the first sample of the ECG.

    Parameters
    ----------
    xdf : Path
    n_frames : int
        Of the video.
    stream, column : str
        As in `open_pair`.

    Returns
    -------
    ndarray of float64, shape (n_frames,)
        Increasing; negative for frames before the ECG's first sample.

    Notes
    -----
    A frame whose stamp was lost is known by its number: its time follows from its neighbours. Numbers count from 0, or
    from 1 where the last one is the number of frames; a counter that runs beyond that counts from its first value.
    """
    recording = open_xdf(xdf)
    place = _find_stream(recording, stream)
    numbers, stamps_s, _ = recording.read_stamped(place)
    start_s = recording.read_start(choose_channel(recording, column))
    if not np.isfinite(start_s):
        raise DataError(
            f"{xdf}: the ECG has no time stamps, so the frames cannot be placed; give a table of frame times"
        )
    frames = _place_frames(numbers, n_frames)
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


def _place_frames(numbers: Float64Array, n_frames: int) -> IntpArray:
    """Find the number of the frame, from 0, that each stamp is of."""
    order = np.arange(len(numbers))
    counts = np.isfinite(numbers).all() and (np.diff(numbers) > 0).all() and (numbers == np.round(numbers)).all()
    if not counts or numbers[-1] - numbers[0] >= n_frames:
        return order
    if numbers[0] >= 0 and numbers[-1] <= n_frames:
        first = 1.0 if numbers[-1] == n_frames or numbers[0] == 1.0 else 0.0
    else:
        first = float(numbers[0])
    return np.asarray(numbers - first, dtype=np.intp)
