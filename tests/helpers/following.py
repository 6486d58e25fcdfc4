"""Following one person through frames, as a window does."""

from __future__ import annotations

from collections.abc import Iterable

from ecg_facial.face.detection import Face, FaceDetector
from ecg_facial.face.person import PersonFinder
from ecg_facial.face.settings import TrackSettings
from ecg_facial.face.tracking import FaceFollower
from ecg_facial.face.video import VideoFrame


def follow_person(
    detector: FaceDetector, frames: Iterable[VideoFrame], *, settings: TrackSettings | None = None
) -> list[Face | None]:
    """Give the person's face of each frame."""
    follower, finder = FaceFollower(detector, settings=settings), PersonFinder(settings=settings)
    people = (finder.update(follower.update(frame)) for frame in frames)
    return [None if person is None else person.face for person in people]
