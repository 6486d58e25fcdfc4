"""A video beside an XDF file that holds the ECG, and a stream with the number and the time of each frame.

Input: both files, as recorders of the Lab Streaming Layer leave them. Output: the times of the frames on the ECG's
clock, where 0 is its first sample, and a pair of sources that are replayed together.
"""

from __future__ import annotations

from pathlib import Path

from ecg_facial.ecg.formats.channels import ECG
from ecg_facial.ecg.formats.xdf_frames import holds_frames, read_paired_times
from ecg_facial.face.video import open_film
from ecg_facial.live.sources.replay import EcgReplay, Pace, VideoReplay
from ecg_facial.recording import EcgRef, VideoRef


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
    if not is_plain or not video.path.is_file() or not holds_frames(ecg.path):
        return None
    return open_pair(video.path, ecg.path, pace=pace, column=ecg.column)
