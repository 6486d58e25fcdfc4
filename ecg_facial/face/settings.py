"""Settings of the face tracker.

Input: values. Output: `TrackSettings`, checked.
"""

from __future__ import annotations

from dataclasses import dataclass

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.settings import strict_settings


@strict_settings
@dataclass(frozen=True, kw_only=True)
class TrackSettings:
    """Settings of the tracker.

    Attributes
    ----------
    detect_every : int
        Frames from one search of the whole frame to the next.
    same_overlap : float
        Overlap (intersection over union) with the last box from which a face is the same.
    return_distance : float
        Largest distance, in face sizes, at which a face found after a loss is the same person without a comparison.
    same_look : float
        Correlation of aligned grey crops from which a face elsewhere is the same person.
    """

    detect_every: int = 25
    same_overlap: float = 0.3
    return_distance: float = 0.75
    same_look: float = 0.7

    def __post_init__(self) -> None:
        if self.detect_every < 1:
            raise SettingsError(f"detect_every is {self.detect_every}: expected 1 or more frames")
