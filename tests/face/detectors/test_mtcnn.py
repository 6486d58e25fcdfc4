"""MTCNN: landmarks do not depend on the size of the picture; a missing package is named."""

from __future__ import annotations

import numpy as np
import pytest

from ecg_facial.errors import MissingDependencyError
from ecg_facial.face.detectors import mtcnn
from ecg_facial.face.detectors.loading import load_detector
from ecg_facial.face.video import RgbFrame
from ecg_facial.simulate.head.identity import sample_identity
from ecg_facial.simulate.head.renderer import FaceRenderer


def test_a_face_drawn_larger_has_its_landmarks_in_the_same_places() -> None:
    """Drawn anew at another size, edges differ; the default detector's landmarks hardly move."""
    detector, identity = load_detector(), sample_identity(np.random.default_rng(5))
    pictures = (FaceRenderer(identity, width=320 * k, height=240 * k).render({}) for k in (1, 3))
    small, large = (detector.detect(RgbFrame(picture, 0.0))[0] for picture in pictures)
    np.testing.assert_allclose(large.landmarks / 3, small.landmarks, atol=3.0)


def test_mtcnn_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mtcnn, "_PACKAGE", "no-such-package-here")
    mtcnn._network_paths.cache_clear()
    try:
        with pytest.raises(MissingDependencyError, match="pip install no-such-package-here"):
            load_detector()
    finally:
        mtcnn._network_paths.cache_clear()
