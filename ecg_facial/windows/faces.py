"""The face part of a window, put together from the faces of its frames.

Input: times and faces of frames in order, and their crops. Output: a `FacePart`. Frames of a file and frames that a
monitor keeps go through the same code, so that their windows are equal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ecg_facial.face.decoding import CLOCK_TOLERANCE_S
from ecg_facial.face.person import PersonFinder
from ecg_facial.face.settings import TrackSettings
from ecg_facial.face.tracking import FrameFaces, TrackedFace, find_interval
from ecg_facial.runtime.typing import BoolArray, Float32Array, Float64Array, UInt8Array
from ecg_facial.windows.settings import WindowSettings

# Faces react 1 to 3 s after the stimulus, so the policy "late" leaves out the first 2 s of BioVid's 5.5 s.
_LATE_START = 2.0 / 5.5


@dataclass(frozen=True, eq=False, kw_only=True)
class FacePart:
    """What a `Window` holds of the video; see there."""

    crops: UInt8Array
    frame_mask: BoolArray
    frame_times_s: Float32Array
    face_quality: float


def frame_grid(settings: WindowSettings) -> Float64Array:
    """Compute the slots' times in seconds, shape (n_frames,): the middles of equal parts of the window."""
    begin_s = _LATE_START * settings.window_s if settings.frame_policy == "late" else 0.0
    parts = (np.arange(settings.n_frames) + 0.5) / settings.n_frames
    return np.asarray(begin_s + (settings.window_s - begin_s) * parts, dtype=np.float64)


def track_settings(settings: WindowSettings) -> TrackSettings:
    """Give the settings by which the faces of windows are followed."""
    return TrackSettings(search_every_s=settings.search_every_s)


def first_frame_s(start_s: float, settings: WindowSettings) -> float:
    """Give the time from which on frames count for a window: the start of the interval in which it starts.

    Examples
    --------
    >>> first_frame_s(12.4, WindowSettings())
    12.0
    """
    return float(find_interval(start_s, search_every_s=settings.search_every_s) * settings.search_every_s)


class FaceSlots:
    """Collector of a window's crops.

    Parameters
    ----------
    settings : WindowSettings
    start_s : float
        Start of the window on the clock of the frames.
    enrolled : ndarray of float32, shape (24, 24), optional
        Look of the person, where it is known; see `face.person.PersonFinder`.
    """

    def __init__(self, settings: WindowSettings, *, start_s: float = 0.0, enrolled: Float32Array | None = None) -> None:
        self._settings, self._start_s = settings, start_s
        self._from_s = first_frame_s(start_s, settings)
        self._person = PersonFinder(settings=track_settings(settings), enrolled=enrolled)
        self._crops = np.zeros((settings.n_frames, settings.crop_px, settings.crop_px, 3), np.uint8)
        self._mask = np.zeros(settings.n_frames, np.bool_)
        # a slot takes the first frame with a face from its own time until the next slot's time
        self._grid = frame_grid(settings)
        self._times_s = self._grid.copy()
        self._confidences: list[float] = []
        self._last_s = 0.0

    def is_before(self, time_s: float) -> bool:
        """Tell whether a frame comes before all that count."""
        return time_s < self._from_s - CLOCK_TOLERANCE_S

    def is_after(self, time_s: float) -> bool:
        """Tell whether a frame comes after the window's end."""
        return time_s - self._start_s >= self._settings.window_s - CLOCK_TOLERANCE_S

    def add(self, frame_s: float, seen: FrameFaces, *, crop: Callable[[TrackedFace], UInt8Array]) -> None:
        """Take the faces of the next frame that is neither before nor after.

        Parameters
        ----------
        frame_s : float
            Time of the frame.
        seen : FrameFaces
        crop : callable
            Gives the aligned crop of a face of this frame; called where a slot needs it.
        """
        person = self._person.update(seen)
        time_s = frame_s - self._start_s
        if time_s < -CLOCK_TOLERANCE_S:
            # frames of the first interval before the window tell who is followed
            return
        slot = self._slot(time_s)
        self._confidences.append(0.0 if person is None else person.face.confidence)
        self._last_s = time_s
        if person is not None and 0 <= slot < len(self._mask) and not self._mask[slot]:
            self._crops[slot] = crop(person)
            self._mask[slot] = True
            self._times_s[slot] = time_s

    def finish(self) -> FacePart:
        """Give what was collected."""
        return FacePart(
            crops=self._crops,
            frame_mask=self._mask,
            frame_times_s=self._times_s.astype(np.float32),
            face_quality=self._quality(),
        )

    def _slot(self, time_s: float) -> int:
        """Find the slot that a frame may fill: the last one whose time has come, -1 before the first."""
        if self._settings.frame_policy == "first":
            return len(self._confidences)
        return int(np.searchsorted(self._grid, time_s + CLOCK_TOLERANCE_S, side="right")) - 1

    def _quality(self) -> float:
        """Mean confidence, times the share of the window that has frames."""
        n_frames = len(self._confidences)
        if not n_frames:
            return 0.0
        step_s = self._last_s / (n_frames - 1) if n_frames > 1 else 0.0
        covered = min(1.0, (self._last_s + step_s) / self._settings.window_s)
        return float(np.mean(self._confidences)) * covered
