"""A video beside an XDF file that holds the ECG, and a stream with the number and the time of each frame.

Input: both files, as recorders of the Lab Streaming Layer leave them. Output: the times of the frames on the ECG's
clock, where 0 is its first sample, and a pair of sources that are replayed together.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ecg_facial.ecg.formats.channels import ECG, choose_channel
from ecg_facial.ecg.formats.xdf import XdfFile, open_xdf
from ecg_facial.errors import DataError, EcgFacialError, SettingsError
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


def find_pair(video: VideoRef, ecg: EcgRef, *, pace: Pace) -> tuple[VideoReplay, EcgReplay] | None:
    """Make the sources of a recorded pair, if a video and an ECG are one.

    Parameters
    ----------
    video : VideoRef
    ecg : EcgRef
    pace : Pace

    Returns
    -------
    tuple of VideoReplay and EcgReplay, or None
        None where the ECG is no whole XDF file with a stream of frame stamps, or the times of the frames are given.

    Raises
    ------
    DataError
        When there is such a stream, and the frames cannot be placed by it.
    """
    is_plain = video.is_whole and ecg.is_whole and video.frame_times is None and ecg.fs_hz is None
    if not is_plain or ecg.path.suffix.lower() != ".xdf" or not (video.path.is_file() and ecg.path.is_file()):
        return None
    try:
        _find_stream(open_xdf(ecg.path), "")
    except EcgFacialError:
        # what cannot be read says so when it is opened
        return None
    return open_pair(video.path, ecg.path, pace=pace, column=ecg.column)


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
