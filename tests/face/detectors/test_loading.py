"""Detectors are loaded by name, and identified by the digest of their files."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecg_facial.errors import SettingsError
from ecg_facial.face.detectors.loading import load_detector
from ecg_facial.runtime.storage import sha256_file

YUNET = "face_detection_yunet_2026may.onnx"


def test_a_detector_is_known_by_the_digest_of_its_files(shared_models: Path) -> None:
    path = shared_models / YUNET
    assert load_detector("yunet", model_path=path).sha256 == sha256_file(path)
    assert load_detector().sha256 == load_detector().sha256
    assert len(load_detector().sha256) == 64


def test_an_unknown_detector_is_refused() -> None:
    with pytest.raises(SettingsError, match="unknown face detector 'haar': expected mtcnn or yunet"):
        load_detector("haar")
