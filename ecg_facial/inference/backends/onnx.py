"""A bundle's networks on ONNX Runtime.

Enters: verified bytes, crops, tokens. Leaves: logits. Needs no torch.
"""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from ecg_facial.errors import BundleError
from ecg_facial.face.pixels import normalise_crops
from ecg_facial.inference.backends.contract import ECG_FILE, FACE_ENCODER_FILE, FACE_HEAD_FILE, NETWORK_FILES
from ecg_facial.inference.bundle import Bundle

_IMAGES_A_BATCH = 16
FloatArray = NDArray[np.float32]


class OnnxNetworks:
    """Facial and ECG network of a bundle, or the one that it holds.

    Parameters
    ----------
    bundle : Bundle
    threads : int
        Threads of each network; 0 lets ONNX Runtime choose.

    Raises
    ------
    BundleError
        When a network is missing or cannot be opened, or there is one of a model that the bundle does not name.
    """

    def __init__(self, bundle: Bundle, *, threads: int = 0) -> None:
        self._sessions: dict[str, ort.InferenceSession] = {}
        for model, names in NETWORK_FILES.items():
            if model in bundle.info.models:
                self._sessions |= {name: _open(bundle, name, threads) for name in names}
            elif foreign := bundle.files.keys() & set(names):
                raise BundleError(f"the bundle has {min(foreign)} but no {model} model; train it again")

    def facial_logits(self, crops: NDArray[np.uint8]) -> FloatArray:
        """Map crops with a face (n_frames, height, width, 3), one or more, to logits (n_classes,)."""
        encoder, head = self._sessions[FACE_ENCODER_FILE], self._sessions[FACE_HEAD_FILE]
        features = [
            encoder.run(None, {"images": normalise_crops(crops[first : first + _IMAGES_A_BATCH])})[0]
            for first in range(0, len(crops), _IMAGES_A_BATCH)
        ]
        logits = head.run(None, {"features": np.concatenate(features)[None]})[0]
        return np.asarray(logits[0], dtype=np.float32)

    def ecg_logits(self, tokens: FloatArray, times_s: FloatArray) -> FloatArray:
        """Map tokens (n_tokens, n_features) and times (n_tokens,), one or more, to logits (n_classes,)."""
        logits = self._sessions[ECG_FILE].run(None, {"tokens": tokens[None], "times_s": times_s[None]})[0]
        return np.asarray(logits[0], dtype=np.float32)


def _open(bundle: Bundle, name: str, threads: int) -> ort.InferenceSession:
    if name not in bundle.files:
        raise BundleError(f"the bundle has no {name}; train it again")
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(bundle.files[name], options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises classes of its own extension module
        raise BundleError(
            f"{name} of the bundle cannot be opened ({error.__class__.__name__}); train it again"
        ) from None
