"""Rendered face crops with known action units, for pretraining.

Input: a number of identities and a seed. Output: aligned uint8 crops, made by the detector and the alignment of all
crops of the package, with action-unit intensities. Identities are drawn from the seed domain ``pretraining``, so none
of them is in a simulated cohort.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from ecg_facial.face.alignment import crop_face
from ecg_facial.face.detectors.loading import load_detector
from ecg_facial.face.video import RgbFrame
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.typing import BoolArray, Float32Array, Int64Array, UInt8Array
from ecg_facial.simulate.head.identity import sample_identity
from ecg_facial.simulate.head.renderer import FaceRenderer, Light, Pose
from ecg_facial.simulate.seeds import make_rng
from ecg_facial.windows.settings import WindowSettings

TARGET_AUS = ("AU04", "AU06", "AU07", "AU09", "AU10", "AU12", "AU25", "AU43")
_RENDER_PX = 192
# each unit is drawn on its own: share of faces that move it, and its range there
_UNIT_SHARE, _INTENSITY = 0.3, (0.1, 1.0)
# movements that are no target: brows, lips, a yawn, glances
_OTHER_AUS = ("AU01", "AU02", "AU18", "AU20", "AU24", "AU27", "AU61", "AU62", "AU63", "AU64")
_OTHER_SHARE = 0.3


@dataclass(frozen=True, eq=False, kw_only=True)
class LabelledCrops:
    """Crops with their action units.

    Attributes
    ----------
    crops : ndarray of uint8, shape (n, crop_px, crop_px, 3)
    action_units : ndarray of float32, shape (n, len(TARGET_AUS))
        Intensities 0..1.
    identities : ndarray of int64, shape (n,)
        Number of the identity in the pretraining domain.
    """

    crops: UInt8Array
    action_units: Float32Array
    identities: Int64Array

    def of_identities(self, chosen: BoolArray) -> LabelledCrops:
        """Keep the crops of some identities (a mask over crops)."""
        return LabelledCrops(
            crops=self.crops[chosen], action_units=self.action_units[chosen], identities=self.identities[chosen]
        )


def sample_action_units(rng: np.random.Generator) -> dict[str, float]:
    """Draw an expression in which no unit tells anything about another.

    In pain, units move together: a network that only saw such faces could read one unit from another's traces. Here
    smiles come with lowered brows, and open mouths with a wrinkled nose, as often as by chance. Some faces make a
    movement that is no target.

    Returns
    -------
    dict of str to float
        Intensities 0..1 of `TARGET_AUS`, then of the other movement, if any.
    """
    units = {name: float(rng.uniform(*_INTENSITY)) if rng.random() < _UNIT_SHARE else 0.0 for name in TARGET_AUS}
    if rng.random() < _OTHER_SHARE:
        units[str(rng.choice(_OTHER_AUS))] = float(rng.uniform(*_INTENSITY))
    return units


def _sample_scene(rng: np.random.Generator) -> tuple[Pose, Light]:
    pose = Pose(
        yaw=float(rng.normal(0.0, 0.2)),
        pitch=float(rng.normal(0.0, 0.12)),
        roll=float(rng.normal(0.0, 0.1)),
        zoom=float(rng.uniform(0.8, 1.25)),
    )
    return pose, Light.sample(rng)


def render_identity(number: int, *, per_identity: int, seed: int, crop_px: int) -> LabelledCrops:
    """Render, detect and crop one identity; frames in which no face is found are left out."""
    rng = make_rng(seed, "pretraining", number)
    renderer = FaceRenderer(sample_identity(rng), width=_RENDER_PX, height=_RENDER_PX)
    detector = load_detector()
    crops, targets = [], []
    for _ in range(per_identity):
        units = sample_action_units(rng)
        pose, light = _sample_scene(rng)
        frame = RgbFrame(renderer.render(units, pose=pose, light=light), 0.0)
        faces = detector.detect(frame)
        if faces:
            crops.append(crop_face(frame, max(faces, key=lambda face: face.size_px), crop_px=crop_px))
            targets.append([units[name] for name in TARGET_AUS])
    shape = (len(crops), crop_px, crop_px, 3)
    return LabelledCrops(
        crops=np.array(crops, dtype=np.uint8).reshape(shape),
        action_units=np.array(targets, dtype=np.float32).reshape(len(crops), len(TARGET_AUS)),
        identities=np.full(len(crops), number, dtype=np.int64),
    )


def render_crops(
    n_identities: int,
    *,
    per_identity: int = 10,
    seed: int = 0,
    crop_px: int = WindowSettings.crop_px,
    executor: Executor = SERIAL,
    show_progress: bool = False,
) -> LabelledCrops:
    """Render the crops of identities 0 to `n_identities` - 1; the result does not depend on the executor."""
    render = partial(render_identity, per_identity=per_identity, seed=seed, crop_px=crop_px)
    label = "Rendering identities" if show_progress else None
    parts = list(executor.map(render, range(n_identities), label=label))
    return LabelledCrops(
        crops=np.concatenate([part.crops for part in parts]),
        action_units=np.concatenate([part.action_units for part in parts]),
        identities=np.concatenate([part.identities for part in parts]),
    )
