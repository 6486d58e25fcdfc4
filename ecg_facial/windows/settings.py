"""Settings of windows, and the version of the preprocessing."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ecg_facial.errors import SettingsError
from ecg_facial.face.settings import TrackSettings
from ecg_facial.runtime.settings import strict_settings

PREPROCESSING_VERSION = 7
FRAME_POLICIES = ("uniform", "late", "first")
DETECTORS = ("mtcnn", "yunet")


@strict_settings
@dataclass(frozen=True, kw_only=True)
class WindowSettings:
    """How a window is made.

    Attributes
    ----------
    window_s : float
        Length in seconds.
    n_frames : int
        Frames per window.
    crop_px : int
        Side of a face crop in pixels.
    frame_policy : {"uniform", "late", "first"}
        Choice of frames. They are spread over the whole window, over all but its first 36 %, or are the first
        `n_frames` of it.
    detector : {"mtcnn", "yunet"}
        Face detector.
    search_every_s : int
        Whole seconds from one search of the whole picture to the next, on the recording's clock; between them faces are
        verified on every frame.

    Raises
    ------
    SettingsError
        For a value outside its limits.
    """

    window_s: float = 5.5
    n_frames: int = 32
    crop_px: int = 112
    frame_policy: str = "uniform"
    detector: str = "mtcnn"
    search_every_s: int = TrackSettings.search_every_s

    def __post_init__(self) -> None:
        if not (math.isfinite(self.window_s) and self.window_s > 0):
            raise SettingsError(f"window_s is {self.window_s}: expected a positive number of seconds")
        if self.n_frames < 1:
            raise SettingsError(f"n_frames is {self.n_frames}: expected 1 or more")
        if not 32 <= self.crop_px <= 512:
            raise SettingsError(f"crop_px is {self.crop_px}: expected 32 to 512 pixels")
        if self.frame_policy not in FRAME_POLICIES:
            raise SettingsError(f"unknown frame policy {self.frame_policy!r}: expected {', '.join(FRAME_POLICIES)}")
        if self.detector not in DETECTORS:
            raise SettingsError(f"unknown face detector {self.detector!r}: expected {', '.join(DETECTORS)}")
        TrackSettings(search_every_s=self.search_every_s)
