"""A video beside an XDF file that holds the ECG and the stamps of the frames: the frames on the ECG's clock.

Input: both files. Output: which stretch of the video a window needs, and its frames with their times on the ECG's
clock, where 0 is its first sample, as the live monitor replays such a pair.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ecg_facial.ecg.formats.xdf_frames import holds_frames, read_paired_times
from ecg_facial.face.video import VideoFrame, open_film
from ecg_facial.recording import VideoRef
from ecg_facial.runtime.typing import Float64Array

# times of frames agree to well within a frame
_TOLERANCE_S = 0.004


@dataclass(frozen=True, eq=False, kw_only=True)
class FramePlaces:
    """Times of the frames of a video.

    Attributes
    ----------
    own_s : ndarray of float64, shape (n_frames,)
        In the video, from its first frame.
    times_s : ndarray of float64, shape (n_frames,)
        On the ECG's clock.
    note : str
        When the video begins.
    """

    own_s: Float64Array
    times_s: Float64Array
    note: str

    def find_span(self, begin_s: float, end_s: float) -> tuple[float, float]:
        """Start and length, in the video, of a stretch on the ECG's clock; of length 0 where no frame is in it."""
        inside = np.flatnonzero((self.times_s >= begin_s) & (self.times_s < end_s))
        if not len(inside):
            return 0.0, 0.0
        first_s = max(0.0, float(self.own_s[inside[0]]) - _TOLERANCE_S)
        return first_s, float(self.own_s[inside[-1]]) + _TOLERANCE_S - first_s

    def place(self, frames: Iterable[VideoFrame]) -> Iterator[VideoFrame]:
        """Yield frames with their times on the ECG's clock."""
        for frame in frames:
            frame.time_s = float(np.interp(frame.time_s, self.own_s, self.times_s))
            yield frame


def find_places(video: VideoRef, ecg: Path, *, column: str) -> FramePlaces | None:
    """Find the times of the frames where an XDF file tells them; None for any other pair, which begins together.

    Parameters
    ----------
    video : VideoRef
    ecg : Path
    column : str
        Name of the channel of the ECG.

    Raises
    ------
    DataError
        When there is a stream of frame stamps, and the frames cannot be placed by it.
    """
    if not video.path.is_file() or video.frame_times is not None or not holds_frames(ecg):
        return None
    own_s = np.asarray(open_film(video).times_s, dtype=np.float64)
    times_s = read_paired_times(ecg, len(own_s), column=column)
    before = "after" if times_s[0] >= 0 else "before"
    note = f"by the stamps of its frames in {ecg.name} it begins {abs(times_s[0]):.3f} s {before} the ECG"
    return FramePlaces(own_s=own_s, times_s=times_s, note=note)
