"""A second person beside the subject, painted over finished frames.

Input: the frames of a trial. Output: frames with another head in view. Its identity depends only on the subject, from a
separate random stream.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ecg_facial.runtime.typing import UInt8Array
from ecg_facial.simulate.files.pathology import Painter, Pathology
from ecg_facial.simulate.grid import FPS, NUISANCE_AUS, TRIAL_S, smooth_step
from ecg_facial.simulate.head.camera import apply_camera
from ecg_facial.simulate.head.drawing import simulate_trial_scene
from ecg_facial.simulate.people.nuisance import simulate_nuisance
from ecg_facial.simulate.people.population import TrialPlan, trial_rng
from ecg_facial.simulate.seeds import make_rng
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.simulate.settings.presets import get_preset

if TYPE_CHECKING:
    from ecg_facial.simulate.head.renderer import FaceRenderer, Light

# Size of the other head, and its entry: it starts 0.2 widths further out, cut by the picture's edge but in view.
_ZOOM, _ENTRY_WIDTHS, _ENTRY_S = 0.55, 0.2, 0.4
_BLINKS_PER_S = 0.25


@lru_cache(maxsize=1)
def _make_head(settings: CohortSettings, index: int) -> tuple[FaceRenderer, Light]:
    """Make the renderer of a subject's companion, in the light of the subject's room."""
    from ecg_facial.simulate.head.identity import sample_identity
    from ecg_facial.simulate.head.renderer import FaceRenderer, Light

    identity = sample_identity(make_rng(settings.seed, "cohort", index, "companion"))
    light = Light.sample(make_rng(settings.seed, "cohort", index, "light"))
    return FaceRenderer(identity, width=settings.width, height=settings.height), light


def make_companion_painter(settings: CohortSettings, plan: TrialPlan, pathology: Pathology) -> Painter:
    """Make the function that paints the second person of a trial.

    Parameters
    ----------
    settings : CohortSettings
        The cohort.
    plan : TrialPlan
        The trial; blinks of the companion are different in each.
    pathology : Pathology
        Interval and position of the other head. It enters and leaves at the picture's edge within the interval.
    """
    from ecg_facial.simulate.head.renderer import Pose

    renderer, light = _make_head(settings, plan.subject_index)
    rng = trial_rng(settings, plan, purpose="companion")
    curves = simulate_nuisance(rng, get_preset(settings.preset).nuisance, blinks_per_s=_BLINKS_PER_S)
    lids = curves[NUISANCE_AUS.index("AU45")]
    y_px = float(rng.normal(0.0, 0.03)) * settings.width
    scene = simulate_trial_scene(settings, plan)
    stays = pathology.end_s - pathology.start_s >= TRIAL_S

    def paint(picture: UInt8Array, frame: int) -> UInt8Array:
        since_s, until_s = frame / FPS - pathology.start_s, pathology.end_s - frame / FPS
        inside = 1.0 if stays else float(smooth_step(np.array(min(since_s, until_s) / _ENTRY_S)))
        x = pathology.value + np.sign(pathology.value) * _ENTRY_WIDTHS * (1.0 - inside)
        pose = Pose(x=float(x) * settings.width, y=y_px, zoom=_ZOOM)
        drawn = renderer.render({"AU43": float(lids[frame])}, pose=pose, light=light, background=picture)
        taken = apply_camera(drawn, scene.camera, brightness=float(scene.brightness[frame]), frame=frame)
        # the camera's noise is applied only to new pixels: the picture has it already
        is_new = (drawn != picture).any(axis=2, keepdims=True)
        return np.where(is_new, taken, picture)

    return paint
