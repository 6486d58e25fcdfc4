"""Faults in the recordings of the demo's patients.

Input: frames or samples without faults. Output: the same with faults. A cloth hides the face, something dark the
whole picture; the face of another simulated person appears beside the patient's; an electrode that is off gives no
samples (NaN).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from ecg_facial.live.demo.story import Fault
from ecg_facial.runtime.typing import Float64Array, UInt8Array
from ecg_facial.simulate.seeds import make_rng
from ecg_facial.simulate.settings.cohort_settings import CohortSettings

# colours in RGB with the noise of the camera, and the part of the picture that a cloth hides: columns, rows
_CLOTH_RGB, _DARK_RGB, _NOISE = (92.0, 104.0, 118.0), (14.0, 13.0, 12.0), 2.0
_CLOTH = (0.22, 0.78, 0.08, 0.98)
# size of the visitor beside the patient, place to the right in picture widths, and how long it takes to come in
_VISITOR_ZOOM, _VISITOR_X, _ARRIVES_S = 0.6, 0.34, 0.8

_Change = Callable[[UInt8Array, float], UInt8Array]


def put_in_ecg(ecg: Float64Array, faults: Sequence[Fault], *, fs_hz: float) -> Float64Array:
    """Take out the samples while an electrode is off."""
    changed = ecg.copy()
    for fault in faults:
        if fault.kind == "lead off":
            changed[round(fault.start_s * fs_hz) : round(fault.end_s * fs_hz)] = np.nan
    return changed


def put_in_frames(
    frames: Iterable[UInt8Array], faults: Sequence[Fault], *, fps: float, settings: CohortSettings, index: int
) -> Iterator[UInt8Array]:
    """Change the frames while something hides the face, or somebody else is seen.

    Parameters
    ----------
    frames : iterable of ndarray of uint8, shape (height, width, 3)
        RGB, from the start of the story.
    faults : sequence of Fault
    fps : float
    settings : CohortSettings
        Of the people.
    index : int
        The patient; the visitor is somebody else of the same cohort.
    """
    rng = make_rng(settings.seed, "monitor", index, "faults")
    changes: dict[Fault, _Change] = {}
    for fault in faults:
        if fault.kind == "visitor":
            changes[fault] = _make_visitor(settings, index)
        elif fault.kind != "lead off":
            colour, part = (_CLOTH_RGB, _CLOTH) if fault.kind == "cloth" else (_DARK_RGB, (0.0, 1.0, 0.0, 1.0))
            changes[fault] = _make_cover(rng, colour, part)
    for number, frame in enumerate(frames):
        time_s, shown = number / fps, frame
        for fault, change in changes.items():
            if fault.start_s <= time_s < fault.end_s:
                shown = change(shown, min(time_s - fault.start_s, fault.end_s - time_s))
        yield shown


def _make_cover(
    rng: np.random.Generator, colour: tuple[float, float, float], part: tuple[float, float, float, float]
) -> _Change:
    left, right, top, bottom = part

    def cover(frame: UInt8Array, inside_s: float) -> UInt8Array:
        height, width = frame.shape[:2]
        rows, columns = (
            slice(round(low * size), round(high * size))
            for low, high, size in ((top, bottom, height), (left, right, width))
        )
        covered = frame.copy()
        place = covered[rows, columns]
        place[:] = np.clip(np.array(colour) + _NOISE * rng.standard_normal(place.shape), 0, 255).astype(np.uint8)
        return covered

    return cover


def _make_visitor(settings: CohortSettings, index: int) -> _Change:
    """Make somebody who comes in from the right and looks at the camera."""
    from ecg_facial.simulate.head.identity import sample_identity
    from ecg_facial.simulate.head.renderer import FaceRenderer, Pose

    identity = sample_identity(make_rng(settings.seed, "monitor", index, "visitor"), sex="w", age_years=45)
    renderer = FaceRenderer(identity, width=settings.width, height=settings.height)

    def visit(frame: UInt8Array, inside_s: float) -> UInt8Array:
        away = max(0.0, 1.0 - inside_s / _ARRIVES_S)
        x = (_VISITOR_X + 0.4 * away) * settings.width
        return renderer.render({}, pose=Pose(x=x, y=0.05 * settings.height, zoom=_VISITOR_ZOOM), background=frame)

    return visit
