"""Pictures of a whole session, frame by frame.

Enters: a session at feature level and the person's drawer. Leaves: RGB frames; those of a trial are its clip's, and
between trials head and light move from where one leaves them to where the next finds them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import repeat

import numpy as np

from ecg_facial.simulate.drawing import FrameDrawer, Picture
from ecg_facial.simulate.nuisance import Scene, shown_action_units, simulate_scene
from ecg_facial.simulate.population import CohortSettings, TrialPlan, trial_rng
from ecg_facial.simulate.presets import get_preset
from ecg_facial.simulate.response import FPS, N_FRAMES, smooth_step
from ecg_facial.simulate.session import Session, list_gaps, plan_gap

_COURSES = ("yaw", "pitch", "roll", "x", "y", "zoom", "brightness")


def film_session(settings: CohortSettings, session: Session, drawer: FrameDrawer) -> Iterator[Picture]:
    """Draw the frames of a session; those of a trial are its clip's."""
    onsets = [round(label.onset_s * FPS) for label in session.labels]
    before: Scene | None = None
    for number, first, end in list_gaps(onsets, len(session.times_s)):
        plan = session.labels[max(0, number - 1)].plan
        after = _scene_of(settings, session.labels[number].plan) if number < len(onsets) else None
        for tile, start in enumerate(range(first, end, N_FRAMES)):
            own = _scene_of(settings, plan_gap(plan, number=number, tile=tile))
            scenes = _lead_over(own, before or after or own, after or before or own, (first, start, end))
            yield from _draw(session, drawer, scenes, range(start, min(end, start + N_FRAMES)))
        if after is not None:
            yield from _draw(session, drawer, repeat(after), range(end, end + N_FRAMES))
        before = after


def _scene_of(settings: CohortSettings, plan: TrialPlan) -> Scene:
    return simulate_scene(trial_rng(settings, plan, purpose="scene"), get_preset(settings.preset).scene)


def _lead_over(own: Scene, before: Scene, after: Scene, frames: tuple[int, int, int]) -> Iterator[Scene]:
    """Move head and light from where one trial leaves them to where the next finds them, with motion of their own."""
    first, start, end = frames
    share = np.clip((np.arange(start, start + N_FRAMES) - first + 1) / (end - first + 1), 0.0, 1.0)
    weight, middle = smooth_step(share), np.sin(np.pi * share) ** 2
    within = np.sin(np.pi * (np.arange(N_FRAMES) + 1) / (N_FRAMES + 1)) ** 2
    courses = {}
    for name in _COURSES:
        here, there, motion = (getattr(scene, name) for scene in (before, after, own))
        courses[name] = here[-1] + (there[0] - here[-1]) * weight + (motion - motion.mean()) * middle * within
    scene = replace(own, **courses)
    # The light's turn is one number a scene: a scene for every frame, so that the light does not jump.
    for turn in before.light_turn_rad + (after.light_turn_rad - before.light_turn_rad) * weight:
        yield replace(scene, light_turn_rad=float(turn))


def _draw(session: Session, drawer: FrameDrawer, scenes: Iterable[Scene], frames: range) -> Iterator[Picture]:
    for number, (frame, scene) in enumerate(zip(frames, scenes, strict=False)):
        yield drawer(shown_action_units(session.action_units, frame), scene, number)
