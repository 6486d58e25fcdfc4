"""The model ``facial:descriptors``: action units read off the frozen network, descriptors of their courses, a forest.

Input: features of a clip, and their times. Output: class logits, by numpy alone. The files of a bundle that hold it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ecg_facial.errors import BundleError
from ecg_facial.inference.action_units import ActionUnits, read_action_units, write_action_units
from ecg_facial.inference.descriptors import N_DESCRIPTORS
from ecg_facial.inference.forest import Forest, read_forest, write_forest
from ecg_facial.runtime.typing import Float32Array, FloatArray

UNITS_FILE, FOREST_FILE = "action_units.npz", "facial_forest.npz"


@dataclass(frozen=True, eq=False, kw_only=True)
class FaceDescriptors:
    """The layer that reads action units, and the forest on descriptors of their courses.

    Attributes
    ----------
    units : ActionUnits
    forest : Forest
    """

    units: ActionUnits
    forest: Forest

    def logits(self, features: FloatArray, times_s: FloatArray) -> Float32Array:
        """Map features (n_frames, n_features) and times (n_frames,), one frame or more, to logits (n_classes,)."""
        row = self.units.describe(features, times_s)
        return np.asarray(self.forest.logits(row[None])[0], dtype=np.float32)


def write_descriptors(model: FaceDescriptors) -> dict[str, bytes]:
    """Content of the files that hold the model, by their names."""
    return {UNITS_FILE: write_action_units(model.units), FOREST_FILE: write_forest(model.forest)}


def read_descriptors(files: Mapping[str, bytes]) -> FaceDescriptors:
    """Read the model of a bundle's files.

    Raises
    ------
    BundleError
        When a file is missing or damaged, or the two do not fit.
    """
    absent = [name for name in (UNITS_FILE, FOREST_FILE) if name not in files]
    if absent:
        raise BundleError(f"the bundle has no {absent[0]}; train it again")
    units = read_action_units(files[UNITS_FILE], file=UNITS_FILE)
    forest = read_forest(files[FOREST_FILE], file=FOREST_FILE)
    if forest.n_features != len(units.names) * N_DESCRIPTORS:
        raise BundleError(
            f"{FOREST_FILE} expects {forest.n_features} descriptors, {UNITS_FILE} gives "
            f"{len(units.names) * N_DESCRIPTORS}; train the bundle again"
        )
    return FaceDescriptors(units=units, forest=forest)
