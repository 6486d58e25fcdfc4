"""A bundle's networks on ONNX Runtime, on the CPU.

Input: a verified bundle, then crops or tokens. Output: logits. Needs no torch.
"""

from __future__ import annotations

import numpy as np
import onnxruntime as ort

from ecg_facial.errors import BundleError
from ecg_facial.face.pixels import normalise_crops
from ecg_facial.inference.backends.contract import (
    ECG_FILE,
    FACE_ENCODER_FILE,
    FACE_HEAD_FILE,
    get_network_files,
)
from ecg_facial.inference.bundle import Bundle
from ecg_facial.runtime.typing import Float32Array, UInt8Array

# bounds the memory that a window with many frames takes
_IMAGES_PER_BATCH = 16
_ERRORS_ONLY = 3


class OnnxNetworks:
    """The facial and the ECG network of a bundle, or the one that it holds.

    Parameters
    ----------
    bundle : Bundle
    threads : int
        Threads per network; with 0 ONNX Runtime chooses.

    Raises
    ------
    BundleError
        When a network is missing or cannot be opened, or belongs to a model that the bundle does not name.
    """

    def __init__(self, bundle: Bundle, *, threads: int = 0) -> None:
        files = get_network_files(bundle)
        self._sessions = {name: _open(name, content, threads) for name, content in files.items()}

    def face_features(self, crops: UInt8Array, /) -> Float32Array:
        """Map crops with a face (n_frames, crop_px, crop_px, 3), one or more, to features (n_frames, n_features)."""
        encoder = self._sessions[FACE_ENCODER_FILE]
        parts = [
            encoder.run(None, {"images": normalise_crops(crops[first : first + _IMAGES_PER_BATCH])})[0]
            for first in range(0, len(crops), _IMAGES_PER_BATCH)
        ]
        return np.asarray(np.concatenate(parts), dtype=np.float32)

    def facial_logits(self, features: Float32Array, /) -> Float32Array:
        """Map features (n_frames, n_features), one frame or more, to logits (n_classes,)."""
        logits = self._sessions[FACE_HEAD_FILE].run(None, {"features": features[None]})[0]
        return np.asarray(logits[0], dtype=np.float32)

    def ecg_logits(self, tokens: Float32Array, times_s: Float32Array, /) -> Float32Array:
        """Map tokens (n_tokens, n_features) and times (n_tokens,), one or more, to logits (n_classes,)."""
        logits = self._sessions[ECG_FILE].run(None, {"tokens": tokens[None], "times_s": times_s[None]})[0]
        return np.asarray(logits[0], dtype=np.float32)


def _open(name: str, content: bytes, threads: int) -> ort.InferenceSession:
    """Open one network from memory: what is run is what was verified."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = _ERRORS_ONLY
    try:
        return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises classes of its own extension module
        raise BundleError(
            f"{name} of the bundle cannot be opened ({error.__class__.__name__}); train it again"
        ) from None
