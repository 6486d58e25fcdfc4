"""Settings of following faces.

Input: values. Output: `TrackSettings`, checked.
"""

from __future__ import annotations

from dataclasses import dataclass

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.settings import strict_settings


@strict_settings
@dataclass(frozen=True, kw_only=True)
class TrackSettings:
    """How faces are followed.

    Attributes
    ----------
    search_every_s : int
        Whole seconds from one search of the whole picture to the next, on the recording's clock.
    max_faces : int
        Faces that are followed at once, the most prominent ones.
    same_overlap : float
        Overlap (intersection over union) with the last box from which a face is the same.
    return_distance : float
        Largest distance, in face sizes, at which a face found after a loss is the same person without a comparison.
    same_look : float
        Correlation of aligned grey crops from which a face elsewhere is the same person.
    """

    search_every_s: int = 1
    max_faces: int = 3
    same_overlap: float = 0.3
    return_distance: float = 0.75
    same_look: float = 0.7

    def __post_init__(self) -> None:
        if self.search_every_s < 1:
            raise SettingsError(f"search_every_s is {self.search_every_s}: expected 1 or more whole seconds")
        if self.max_faces < 1:
            raise SettingsError(f"max_faces is {self.max_faces}: expected 1 or more faces")
