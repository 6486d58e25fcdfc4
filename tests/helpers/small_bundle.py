"""A bundle of small networks that were never trained. Torch is imported when it is made: most tests need none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ecg_facial.inference.bundle import BundleInfo, write_bundle
from ecg_facial.inference.fusion import Fusion
from ecg_facial.labels import get_task
from ecg_facial.nets.settings import EcgSettings, FacialSettings
from ecg_facial.windows.settings import WindowSettings

if TYPE_CHECKING:
    from ecg_facial.ecg_model import ECGModel

TASK = get_task("biovid4")
WINDOWS = WindowSettings(n_frames=4, crop_px=48)


def make_ecg_model() -> ECGModel:
    """Make the ECG network; the same in every process."""
    import torch

    from ecg_facial.ecg_model import ECGModel

    with torch.random.fork_rng():
        torch.manual_seed(0)
        return ECGModel(EcgSettings(width=16, n_heads=2, n_layers=1, feedforward=16), n_classes=TASK.n_classes)


def make_small_bundle(folder: Path) -> None:
    """Write the bundle to ``folder/model``."""
    import torch

    from ecg_facial.facial_model import FacialModel
    from ecg_facial.learning.export import export_models

    with torch.random.fork_rng():
        torch.manual_seed(0)
        facial = FacialModel(FacialSettings(weights="none", hidden=8, n_layers=1), n_classes=TASK.n_classes)
    info = BundleInfo(
        task=TASK.name,
        class_names=TASK.class_names,
        windows=WINDOWS,
        fusion=Fusion(),
        simulated=True,
        n_subjects=0,
        description="never trained",
    )
    files = export_models(facial, make_ecg_model(), crop_px=WINDOWS.crop_px)
    write_bundle(folder / "model", files=files, info=info)
