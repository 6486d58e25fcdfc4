"""Deciding which face is the person's.

Input: the faces of frames in order, from the interval in which a window starts. Output: for each frame the person's
face, or None. The first frame with upright faces gives the person; from then on, other people are ignored. Whoever was
the person in the frame before is not asked again whether the face is upright.
"""

from __future__ import annotations

import numpy as np

from ecg_facial.face.detection import overlap
from ecg_facial.face.settings import TrackSettings
from ecg_facial.face.tracking import FrameFaces, TrackedFace
from ecg_facial.runtime.typing import Float32Array

# A face found again near the last place may have grown or shrunk by this; more is another person.
_SIZE_RATIOS = (0.6, 1.6)


class PersonFinder:
    """Finder of one person in the frames of one window.

    Parameters
    ----------
    enrolled : ndarray of float32, shape (24, 24), optional
        Look of a person who is known (`TrackedFace.look`): the face most like it is theirs. Without it the most
        prominent one is.
    """

    def __init__(self, *, settings: TrackSettings | None = None, enrolled: Float32Array | None = None) -> None:
        self._settings = settings or TrackSettings()
        self._enrolled = self._look = enrolled
        self._last: TrackedFace | None = None
        self._track: tuple[int, int] | None = None

    def update(self, seen: FrameFaces) -> TrackedFace | None:
        """Take the faces of the next frame; give the person's."""
        tracks = {(seen.interval, tracked.track): tracked for tracked in seen.faces}
        person = None if self._track is None else tracks.get(self._track)
        if person is None:
            person = self._choose(seen) if self._last is None else self._find_again(seen, self._last)
        if person is None:
            self._track = None
            return None
        self._last, self._track = person, (seen.interval, person.track)
        if self._look is None:
            self._look = person.look
        return person

    def _choose(self, seen: FrameFaces) -> TrackedFace | None:
        """Choose the person among the first faces."""
        fitness = self._likeness if self._enrolled is not None else _prominence
        # the fittest first, so that few are asked
        return next((face for face in sorted(seen.faces, key=fitness, reverse=True) if face.is_upright), None)

    def _find_again(self, seen: FrameFaces, last: TrackedFace) -> TrackedFace | None:
        """Find the person in a new interval, or after a loss; the nearest of several that may be the same."""
        same = [tracked for tracked in seen.faces if self._is_same_person(tracked, last)]
        return max(same, key=lambda each: (overlap(each.face.box, last.face.box), self._likeness(each)), default=None)

    def _is_same_person(self, tracked: TrackedFace, last: TrackedFace) -> bool:
        """Tell whether a face is the last one: at its place, near it and of similar size, or of the same look."""
        if self._track is None and not tracked.is_upright:
            return False
        face, before = tracked.face, last.face
        distance = float(np.linalg.norm(face.centre - before.centre)) / before.size_px
        ratio = face.size_px / before.size_px
        if distance <= self._settings.return_distance and _SIZE_RATIOS[0] <= ratio <= _SIZE_RATIOS[1]:
            return True
        if self._track is not None and overlap(face.box, before.box) >= self._settings.same_overlap:
            return True
        return self._likeness(tracked) >= self._settings.same_look

    def _likeness(self, tracked: TrackedFace) -> float:
        return 0.0 if self._look is None else float((self._look * tracked.look).sum())


def _prominence(tracked: TrackedFace) -> float:
    return tracked.prominence
