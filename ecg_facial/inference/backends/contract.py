"""What an engine must offer to run a bundle's networks without torch.

Input: the files of a bundle. Output: the contract `Networks`, and the network files, checked. How to add an engine:
write a class with these three methods, and name it in `ecg_facial.inference.backends.loading`;
`tests/inference/backends` then holds it to the contract.
"""

from __future__ import annotations

from typing import Protocol

from ecg_facial.errors import BundleError
from ecg_facial.inference.bundle import Bundle
from ecg_facial.runtime.typing import Float32Array, UInt8Array

FACE_ENCODER_FILE, FACE_HEAD_FILE, ECG_FILE = "face_encoder.onnx", "face_head.onnx", "ecg.onnx"
NETWORK_FILES = {"facial": (FACE_ENCODER_FILE, FACE_HEAD_FILE), "ecg": (ECG_FILE,)}


class Networks(Protocol):
    """The networks of one bundle. A bundle with one network is asked for that one alone.

    Outputs are finite, depend on the arguments alone, and are equal, up to rounding, to those of torch for the same
    weights.
    """

    def face_features(self, crops: UInt8Array, /) -> Float32Array:
        """Map the crops of one window to features.

        Parameters
        ----------
        crops : ndarray of uint8, shape (n_frames, crop_px, crop_px, 3)
            RGB, in order of time; one or more, each with a face.

        Returns
        -------
        ndarray of float32, shape (n_frames, n_features)
        """

    def facial_logits(self, features: Float32Array, /) -> Float32Array:
        """Map the features of one window to logits.

        Parameters
        ----------
        features : ndarray of float32, shape (n_frames, n_features)
            From `face_features`.

        Returns
        -------
        ndarray of float32, shape (n_classes,)
        """

    def ecg_logits(self, tokens: Float32Array, times_s: Float32Array, /) -> Float32Array:
        """Map the heart-rate tokens of one window to logits.

        Parameters
        ----------
        tokens : ndarray of float32, shape (n_tokens, n_features)
            One or more, in the bundle's order of features.
        times_s : ndarray of float32, shape (n_tokens,)
            Seconds from the start of the window.

        Returns
        -------
        ndarray of float32, shape (n_classes,)
        """


def get_network_files(bundle: Bundle) -> dict[str, bytes]:
    """Give the network files of the models that a bundle holds.

    Parameters
    ----------
    bundle : Bundle

    Returns
    -------
    dict of str to bytes
        By the names in `NETWORK_FILES`.

    Raises
    ------
    BundleError
        When a file is missing, or there is one of a model that the bundle does not name.
    """
    found: dict[str, bytes] = {}
    for model, names in NETWORK_FILES.items():
        held = {name: bundle.files[name] for name in names if name in bundle.files}
        if model not in bundle.info.models:
            if held:
                raise BundleError(f"the bundle has {min(held)} but no {model} model; train it again")
        elif len(held) < len(names):
            raise BundleError(f"the bundle has no {min(set(names) - held.keys())}; train it again")
        else:
            found |= held
    return found
