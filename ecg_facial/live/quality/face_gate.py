"""Whether the face may be used now.

Input: what was seen in the last frames. Output: ``ok``, or what is wrong: ``no signal``, ``frozen``, ``covered``,
``no face``, ``two faces``. Looks at the past alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np

from ecg_facial.runtime.typing import UInt8Array

FaceState = Literal["ok", "no signal", "frozen", "covered", "no face", "two faces"]

# a picture with less contrast than this (standard deviation in grey levels) shows a cover, or no light
_COVERED_SD = 5.0
# a camera never gives the same picture twice: noise alone changes it
_FROZEN_FRAMES = 5
_SHARE = 0.5


class SeenFrame(Protocol):
    """What the gate needs of a frame.

    Attributes
    ----------
    time_s : float
    n_faces : int
    confidence : float
        Of the person's face; 0 where it is not seen.
    thumbnail : ndarray of uint8
        Grey, of a few hundred pixels.
    checksum : int
        Equal for frames that are copies of each other.
    """

    @property
    def time_s(self) -> float: ...  # noqa: D102

    @property
    def n_faces(self) -> int: ...  # noqa: D102

    @property
    def confidence(self) -> float: ...  # noqa: D102

    @property
    def thumbnail(self) -> UInt8Array: ...  # noqa: D102

    @property
    def checksum(self) -> int: ...  # noqa: D102


def judge_face(frames: Sequence[SeenFrame], now_s: float, *, flag_s: float) -> FaceState:
    """Judge the last `flag_s` seconds.

    Parameters
    ----------
    frames : sequence
        Frames of the last `flag_s` seconds, in order of time.
    now_s : float
        Now, on the frames' clock.
    flag_s : float
        What is wrong for so long is flagged.
    """
    if not frames or now_s - frames[-1].time_s > flag_s:
        return "no signal"
    if len(frames) >= _FROZEN_FRAMES and len({frame.checksum for frame in frames}) == 1:
        return "frozen"
    if float(np.mean([frame.thumbnail.std() for frame in frames])) < _COVERED_SD:
        return "covered"
    if np.mean([frame.confidence == 0 for frame in frames]) > _SHARE:
        return "no face"
    if np.mean([frame.n_faces > 1 for frame in frames]) > _SHARE:
        return "two faces"
    return "ok"
