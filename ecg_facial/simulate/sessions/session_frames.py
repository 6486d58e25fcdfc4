"""Pictures of a whole session, and the share of the face that a hand hides in each.

Input: a session at feature level, and the person's drawer. Output: RGB frames. Those of a trial equal its clip; between
trials head, light and camera change gradually from one trial's scene to the next one's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from ecg_facial.runtime.typing import Float64Array, UInt8Array
from ecg_facial.simulate.grid import FPS, N_FRAMES, smooth_step
from ecg_facial.simulate.head.camera import CameraParameters
from ecg_facial.simulate.head.drawing import FrameDrawer, simulate_trial_scene
from ecg_facial.simulate.head.hand import HandCourse
from ecg_facial.simulate.head.scene import Scene
from ecg_facial.simulate.people.nuisance import shown_action_units
from ecg_facial.simulate.sessions.session import Session
from ecg_facial.simulate.sessions.session_plan import list_gaps, plan_gap
from ecg_facial.simulate.settings.cohort_settings import CohortSettings

# curves of a scene that are blended between trials
_COURSES = ("yaw", "pitch", "roll", "x", "y", "zoom", "brightness")
# time for a hand to leave at the end of a scene
_HAND_AWAY_S = 0.8


@dataclass(frozen=True, eq=False, kw_only=True)
class _Shot:
    """Frames of a session with one scene; `weight` blends light and camera of the trials before and after."""

    first: int
    scene: Scene
    before: Scene
    after: Scene
    weight: Float64Array

    def scene_at(self, number: int) -> Scene:
        """Scene of one frame, with blended direction of light and camera, which a scene has once for all frames."""
        if self.before is self.after:
            return self.scene
        weight = float(self.weight[number])
        turn = _mix(self.before.light_turn_rad, self.after.light_turn_rad, weight)
        camera = _mix_cameras(self.before.camera, self.after.camera, weight, seed=self.scene.camera.seed)
        return replace(self.scene, light_turn_rad=turn, camera=camera)


def draw_session_frames(
    settings: CohortSettings, session: Session, drawer: FrameDrawer, *, every: int = 1
) -> Iterator[UInt8Array]:
    """Draw the frames of a session, or every nth of them; those of a trial equal its clip."""
    for shot in _list_shots(settings, session):
        for number in range(-shot.first % every, len(shot.weight), every):
            shown = shown_action_units(session.action_units, shot.first + number)
            yield drawer(shown, shot.scene_at(number), number)


def compute_session_cover(settings: CohortSettings, session: Session) -> Float64Array:
    """Compute the share of the face that a hand hides in each frame of a session, 0..1."""
    return np.concatenate([shot.scene.hand_cover[: len(shot.weight)] for shot in _list_shots(settings, session)])


def _list_shots(settings: CohortSettings, session: Session) -> Iterator[_Shot]:
    """List the scenes of a session in order: pieces of each gap, and the trial after it."""
    onsets = [round(label.onset_s * FPS) for label in session.labels]
    before: Scene | None = None
    for number, first, end in list_gaps(onsets, len(session.times_s)):
        plan = session.labels[max(0, number - 1)].plan
        after = simulate_trial_scene(settings, session.labels[number].plan) if number < len(onsets) else None
        last = before
        for tile, start in enumerate(range(first, end, N_FRAMES)):
            own = simulate_trial_scene(settings, plan_gap(plan, number=number, tile=tile))
            own = _clear_hand(own, last, n_frames=min(N_FRAMES, end - start))
            yield _blend_scenes(own, before or after or own, after or before or own, frames=(first, start, end))
            last = own
        if after is not None:
            yield _Shot(first=end, scene=after, before=after, after=after, weight=np.zeros(N_FRAMES))
        before = after


def _blend_scenes(own: Scene, before: Scene, after: Scene, *, frames: tuple[int, int, int]) -> _Shot:
    """Blend head and light from the end of one trial to the start of the next, and add the gap's own motion."""
    first, start, end = frames
    share = np.clip((np.arange(start, start + N_FRAMES) - first + 1) / (end - first + 1), 0.0, 1.0)
    weight, middle = smooth_step(share), np.sin(np.pi * share) ** 2
    within = np.sin(np.pi * (np.arange(N_FRAMES) + 1) / (N_FRAMES + 1)) ** 2
    courses = {}
    for name in _COURSES:
        here, there, motion = (getattr(scene, name) for scene in (before, after, own))
        courses[name] = _mix(here[-1], there[0], weight) + (motion - motion.mean()) * middle * within
    gains = _mix(before.lamp_gains[-1], after.lamp_gains[0], weight[:, None, None])
    scene = replace(own, lamp_gains=gains, light_turn_rad=after.light_turn_rad, camera=after.camera, **courses)
    return _Shot(first=start, scene=scene, before=before, after=after, weight=weight[: min(N_FRAMES, end - start)])


_Value = TypeVar("_Value", float, Float64Array)


def _mix(here: _Value, there: _Value, weight: _Value) -> _Value:
    return here + (there - here) * weight


def _mix_cameras(here: CameraParameters, there: CameraParameters, weight: float, *, seed: int) -> CameraParameters:
    red, green, blue = (_mix(a, b, weight) for a, b in zip(here.gain, there.gain, strict=True))
    noise, blur_px = _mix(here.noise, there.noise, weight), _mix(here.blur_px, there.blur_px, weight)
    return CameraParameters(gain=(red, green, blue), noise=noise, blur_px=blur_px, crf=here.crf, seed=seed)


def _clear_hand(own: Scene, last: Scene | None, *, n_frames: int) -> Scene:
    """Let a hand at the end of a scene leave in the next one, and be away when a trial begins."""
    frames = np.arange(N_FRAMES)
    away = _HAND_AWAY_S * FPS
    hand: HandCourse | None = own.hand
    if last is not None and last.hand is not None and last.hand.presence[-1] > 0.0:
        presence = last.hand.presence[-1] * (1.0 - smooth_step((frames + 1) / away))
        hand = replace(last.hand, presence=presence)
    elif hand is not None and n_frames < N_FRAMES:
        hand = replace(hand, presence=hand.presence * smooth_step((n_frames - frames) / away))
    if hand is own.hand:
        return own
    return replace(own, hand=hand, hand_cover=np.zeros(N_FRAMES) if hand is None else hand.compute_cover())
