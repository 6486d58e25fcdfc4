"""YuNet: a missing or wrong file is named, with the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecg_facial.errors import CorruptDataError, MissingDataError, SettingsError
from ecg_facial.face.detectors.loading import load_detector


def test_yunet_without_its_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="yunet needs its ONNX file: give its path, or use mtcnn"):
        load_detector("yunet")
    with pytest.raises(MissingDataError, match="no such file; give the path of YuNet's ONNX file"):
        load_detector("yunet", model_path=tmp_path / "nowhere.onnx")
    wrong = tmp_path / "wrong.onnx"
    wrong.write_bytes(b"not a network")
    with pytest.raises(CorruptDataError, match=r"wrong.onnx: not a YuNet ONNX file"):
        load_detector("yunet", model_path=wrong)
