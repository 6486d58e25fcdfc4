"""Networks from torch to ONNX and safetensors.

Input: a facial model, an ECG model, or both. Output: the files of a bundle. At inference only frames with a face and
trusted tokens are passed, so the ONNX networks need no masks.
"""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import onnx
import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.export import Dim

from ecg_facial.ecg.token_features import N_TOKEN_FEATURES
from ecg_facial.ecg_model import ECGModel
from ecg_facial.facial_model import FacialModel
from ecg_facial.inference.backends.contract import ECG_FILE, FACE_ENCODER_FILE, FACE_HEAD_FILE
from ecg_facial.nets.resnet import N_FEATURES

WEIGHTS_FILES = ("facial.safetensors", "ecg.safetensors")
# longest clip or heart-rate series that the exported graphs accept; a 5.5 s window has 32 frames and 4 to 8 tokens
_MAX_LENGTH = 4096
# 0 and 1 would be fixed in the graph by torch.export; any other example length keeps the axis dynamic
_EXAMPLE = 3
# fields of ONNX, at every depth, that say where the exporter found a node, with stack traces
_NOTES = ("doc_string", "metadata_props")


class _Encoder(nn.Module):
    def __init__(self, model: FacialModel) -> None:
        super().__init__()
        self.encoder = model.encoder

    def forward(self, images: Tensor) -> Tensor:
        return self.encoder.features(images)


class _Head(nn.Module):
    def __init__(self, model: FacialModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, features: Tensor) -> Tensor:
        return self.model.head(features)


def export_models(facial: FacialModel | None, ecg: ECGModel | None, *, crop_px: int) -> dict[str, bytes]:
    """Export the models that are given.

    Parameters
    ----------
    facial : FacialModel or None
    ecg : ECGModel or None
    crop_px : int
        Side of the face crops in pixels.

    Returns
    -------
    dict of str to bytes
        ``face_encoder.onnx``: images (n, 3, crop_px, crop_px), normalised, to features (n, 512); ``face_head.onnx``:
        features (1, n_frames, 512) to logits (1, n_classes); ``ecg.onnx``: tokens (1, n_tokens, n_features) and times_s
        (1, n_tokens) to logits; the weights of each model as safetensors. Nothing for a model that is None.
    """
    files = {} if facial is None else _export_facial(facial.cpu().eval(), crop_px)
    return files | ({} if ecg is None else _export_ecg(ecg.cpu().eval()))


def _export_facial(model: FacialModel, crop_px: int) -> dict[str, bytes]:
    frames = Dim("n_frames", min=1, max=_MAX_LENGTH)
    images = {"images": torch.randn(_EXAMPLE, 3, crop_px, crop_px)}
    features = {"features": torch.randn(1, _EXAMPLE, N_FEATURES)}
    return {
        FACE_ENCODER_FILE: _to_onnx(_Encoder(model), images, {"images": {0: frames}}, output="features"),
        FACE_HEAD_FILE: _to_onnx(_Head(model), features, {"features": {1: frames}}, output="logits"),
        WEIGHTS_FILES[0]: _to_safetensors(model),
    }


def _export_ecg(model: ECGModel) -> dict[str, bytes]:
    tokens = Dim("n_tokens", min=1, max=_MAX_LENGTH)
    heart = {"tokens": torch.randn(1, _EXAMPLE, N_TOKEN_FEATURES), "times_s": torch.rand(1, _EXAMPLE)}
    return {
        ECG_FILE: _to_onnx(model, heart, {"tokens": {1: tokens}, "times_s": {1: tokens}}, output="logits"),
        WEIGHTS_FILES[1]: _to_safetensors(model),
    }


def _to_safetensors(model: nn.Module) -> bytes:
    return save({name: value.contiguous() for name, value in model.state_dict().items()})


def _to_onnx(module: nn.Module, inputs: Mapping[str, Tensor], dynamic: Mapping[str, object], *, output: str) -> bytes:
    with _quiet(), torch.no_grad():
        program = torch.onnx.export(
            module.eval(),
            (),
            kwargs=dict(inputs),
            dynamo=True,
            dynamic_shapes=dict(dynamic),
            input_names=list(inputs),
            output_names=[output],
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch.onnx.export returned nothing")
    content = io.BytesIO()
    onnx.save_model(_strip(program.model_proto), content)
    return content.getvalue()


def _strip(message: Any) -> Any:
    """Remove notes of the exporter: they hold absolute paths of the source, and no engine reads them."""
    for field, value in message.ListFields():
        if field.name in _NOTES:
            message.ClearField(field.name)
        elif field.message_type is not None:
            for part in value if isinstance(value, Sequence) else (value,):
                _strip(part)
    return message


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporter's own warnings, and turn off the fused attention kernel, which ONNX does not know."""
    fast = torch.backends.mha.get_fastpath_enabled()
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.backends.mha.set_fastpath_enabled(False)
        logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            torch.backends.mha.set_fastpath_enabled(fast)
            logger.setLevel(level)
