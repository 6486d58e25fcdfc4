"""Action units read off the features of the frozen network: its own last layer, with numpy alone.

Input: features of face crops. Output: intensities of the eight action units that the shipped network was trained to
read. The layer comes with the weights (`ecg_facial.nets.weights.load_action_units`) and is part of a bundle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecg_facial.errors import BundleError
from ecg_facial.inference.arrays import read_arrays, write_arrays
from ecg_facial.inference.descriptors import describe_changes
from ecg_facial.runtime.storage import sha256_bytes
from ecg_facial.runtime.typing import Float32Array, Float64Array, FloatArray


@dataclass(frozen=True, eq=False, kw_only=True)
class ActionUnits:
    """The last layer of the network that reads action units.

    Attributes
    ----------
    names : tuple of str
        Such as AU04, in the order of the rows.
    weights : ndarray of float32, shape (n_units, n_features)
    biases : ndarray of float32, shape (n_units,)
    """

    names: tuple[str, ...]
    weights: Float32Array
    biases: Float32Array

    def read(self, features: FloatArray) -> Float64Array:
        """Map features (n_frames, n_features) to intensities (n_frames, n_units); 0..1 but for errors of reading."""
        wide = np.asarray(features, dtype=np.float64)
        return np.asarray(wide @ self.weights.astype(np.float64).T + self.biases, dtype=np.float64)

    def describe(self, features: FloatArray, times_s: FloatArray) -> Float64Array:
        """Descriptors of the units' courses as change from the clip's median.

        Parameters
        ----------
        features : ndarray, shape (n_frames, n_features)
            Of the frames that show the face, one or more.
        times_s : ndarray, shape (n_frames,)

        Returns
        -------
        ndarray of float64, shape (n_units * N_DESCRIPTORS,)
        """
        return describe_changes(self.read(features), times_s)

    def fingerprint(self) -> str:
        """SHA-256 of names, weights and biases."""
        return sha256_bytes(" ".join(self.names).encode() + self.weights.tobytes() + self.biases.tobytes())


def write_action_units(units: ActionUnits) -> bytes:
    """Content of a file with the layer."""
    return write_arrays({"names": np.array(units.names), "weights": units.weights, "biases": units.biases})


def read_action_units(content: bytes, *, file: str) -> ActionUnits:
    """Read what `write_action_units` gave.

    Parameters
    ----------
    content : bytes
    file : str
        Name of the file, for messages.

    Raises
    ------
    BundleError
        When it is not such a layer.
    """
    arrays = read_arrays(content, ("names", "weights", "biases"), file=file)
    names, weights, biases = arrays["names"], arrays["weights"], arrays["biases"]
    numbers = all(each.dtype == np.float32 and bool(np.isfinite(each).all()) for each in (weights, biases))
    if not (numbers and weights.ndim == 2 and (len(weights),) == names.shape == biases.shape):
        raise BundleError(f"{file} is not a layer that reads action units; train the bundle again")
    return ActionUnits(names=tuple(str(name) for name in names), weights=weights, biases=biases)
