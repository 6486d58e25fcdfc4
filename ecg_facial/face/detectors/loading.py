"""Loading a face detector.

Input: a name, and the path of its file where the user provides one. Output: a detector.
"""

from __future__ import annotations

from pathlib import Path

from ecg_facial.errors import SettingsError
from ecg_facial.face.detection import FaceDetector


def load_detector(name: str = "mtcnn", *, model_path: Path | str | None = None) -> FaceDetector:
    """Load a detector.

    Parameters
    ----------
    name : {"mtcnn", "yunet"}
        MTCNN comes with the installation; YuNet needs `model_path`.
    model_path : path, optional
        YuNet's ONNX file.

    Returns
    -------
    FaceDetector

    Raises
    ------
    SettingsError
        For an unknown name, or YuNet without a file.
    """
    if name == "mtcnn":
        from ecg_facial.face.detectors.mtcnn import MtcnnDetector

        return MtcnnDetector()
    if name == "yunet":
        from ecg_facial.face.detectors.yunet import YuNetDetector

        return YuNetDetector(None if model_path is None else Path(model_path))
    raise SettingsError(f"unknown face detector {name!r}: expected mtcnn or yunet")
