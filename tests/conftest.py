"""Fixtures that every test may use."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, settings

# One profile: no deadline, no check of how long examples take, so that a busy machine fails nothing.
settings.register_profile("ecg_facial", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ecg_facial")
SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real ECGs and face clips that lies beside some checkouts; the test skips where it is absent."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("real recordings (shared/data beside the checkout) are not here")
    return folder


@pytest.fixture(scope="session")
def shared_models() -> Path:
    """Folder of face models that lies beside some checkouts; the test skips where it is absent."""
    folder = SHARED / "models"
    if not folder.is_dir():
        pytest.skip("face models (shared/models beside the checkout) are not here")
    return folder


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bundle of small networks that were never trained: it predicts, at chance."""
    import torch

    from ecg_facial.ecg_model import ECGModel
    from ecg_facial.facial_model import FacialModel
    from ecg_facial.inference.bundle import BundleInfo, write_bundle
    from ecg_facial.inference.fusion import Fusion
    from ecg_facial.labels import get_task
    from ecg_facial.learning.export import export_models
    from ecg_facial.nets.settings import EcgSettings, FacialSettings
    from ecg_facial.windows.settings import WindowSettings

    torch.manual_seed(0)
    task, windows = get_task("biovid4"), WindowSettings(n_frames=4, crop_px=48)
    facial = FacialModel(FacialSettings(weights="none", hidden=8, n_layers=1), n_classes=task.n_classes)
    ecg = ECGModel(EcgSettings(width=16, n_heads=2, n_layers=1, feedforward=16), n_classes=task.n_classes)
    info = BundleInfo(
        task=task.name,
        class_names=task.class_names,
        windows=windows,
        fusion=Fusion(),
        simulated=True,
        n_subjects=0,
        description="never trained",
    )
    files = export_models(facial, ecg, crop_px=windows.crop_px)
    return write_bundle(tmp_path_factory.mktemp("bundle") / "model", files=files, info=info)


class FakePrepared:
    """Prepared data in memory: pixels and heart rates that follow the level, some frames and tokens missing."""

    def __init__(
        self, folder: Path, *, n_subjects: int, per_level: int, n_frames: int, crop_px: int, seed: int
    ) -> None:
        self.folder, self.simulated, self.fingerprint, self.settings = folder, True, f"fake-{seed}", None
        rng = np.random.default_rng(seed)
        levels = ("BL1", "PA1", "PA2", "PA3")
        rows = [(f"s{s:02d}", level) for s in range(n_subjects) for level in levels for _ in range(per_level)]
        names = [f"{subject}-{level}-{number:03d}" for number, (subject, level) in enumerate(rows)]
        self.table = pd.DataFrame(rows, columns=["subject", "level"]).assign(
            trial=names, face_quality=1.0, ecg_quality=0.5
        )
        shape = (len(rows), n_frames, crop_px, crop_px, 3)
        step = np.array([levels.index(level) for _, level in rows])
        noise = rng.integers(0, 40, shape)
        self._crops = (noise + 50 * step[:, None, None, None, None]).astype(np.uint8)
        self._mask = rng.random((len(rows), n_frames)) < 0.9
        self._mask[0] = False
        self._tokens = [
            (rng.normal(0, 0.3, (count, 3)) + level).astype(np.float32)
            for level, count in zip(step, rng.integers(3, 9, len(rows)), strict=True)
        ]
        self._tokens[1] = np.zeros((0, 3), np.float32)

    def __len__(self) -> int:
        return len(self.table)

    def with_table(self, table: pd.DataFrame) -> FakePrepared:
        other = copy.copy(self)
        other.table, other.fingerprint = table, f"{self.fingerprint}-altered"
        return other

    def crops(self, row: int) -> np.ndarray:
        return self._crops[row]

    def frame_mask(self, row: int) -> np.ndarray:
        return self._mask[row]

    def tokens(self, row: int) -> np.ndarray:
        return self._tokens[row]

    def token_times_s(self, row: int) -> np.ndarray:
        return (0.8 * np.arange(1, len(self._tokens[row]) + 1)).astype(np.float32)

    def frame_times_s(self, row: int) -> np.ndarray:
        return np.arange(len(self._mask[row]), dtype=np.float32)

    def r_peak_times_s(self, row: int) -> np.ndarray:
        """Beats that no two rows share."""
        return np.sort(np.random.default_rng([row, 7]).random(len(self._tokens[row]) + 1)) * 5.5

    def copy_signals(self, source: int, target: int) -> None:
        """Make one row a copy of another's crops, made brighter."""
        self._mask[source] = self._mask[target] = True
        self._crops[target] = np.clip(self._crops[source].astype(int) + 5, 0, 255)


@pytest.fixture
def make_prepared(tmp_path: Path) -> Callable[..., FakePrepared]:
    """Make prepared data without files: the first row has no face, the second no beats."""

    def make(
        *, n_subjects: int = 4, per_level: int = 2, n_frames: int = 6, crop_px: int = 32, seed: int = 0
    ) -> FakePrepared:
        return FakePrepared(
            tmp_path, n_subjects=n_subjects, per_level=per_level, n_frames=n_frames, crop_px=crop_px, seed=seed
        )

    return make
