"""Automatic pain recognition from face video and ECG. For research; not a medical device.

The names below are the public API. Each is imported when it is first used, so that ``import ecg_facial`` is fast and
needs none of the optional packages. A name that needs one which is not installed raises `MissingDependencyError` with
the command that installs it.

Recordings
    `read_ecg`, `read_frames`, `detect_r_peaks`, `compute_sqi`, `index_dataset`, `load_detector`
Windows
    `Window`, `WindowSettings`, `TOKEN_FEATURES`, `make_window`, `prepare`, `open_prepared`
Models
    `FacialModel`, `ECGModel`, `LateFusion`, `TrainingSettings`
Evaluation
    `benchmark`, `benchmark_table`, `BenchmarkSettings`, `FeatureSettings`, `LabelSettings`, `EstimatorPipeline`,
    `ModulePipeline`, `CalibratedPipeline`, `heart_features`, `score`, `audit`
Parallel work
    `open_executor`
Prediction
    `load_bundle`, `open_predictor`, `Prediction`, `predict_files`
Simulated data
    `simulate_cohort`, `CohortSettings`, `load_example`
Errors
    `EcgFacialError`
"""

from __future__ import annotations

from ecg_facial.version import __version__ as __version__

TYPE_CHECKING = False  # not typing's: importing that would take longer than all of this module
if TYPE_CHECKING:
    from ecg_facial.datasets.indexing import index_dataset
    from ecg_facial.datasets.settings import FeatureSettings, LabelSettings
    from ecg_facial.ecg.quality import compute_sqi
    from ecg_facial.ecg.reading import read_ecg
    from ecg_facial.ecg.rpeaks import detect_r_peaks
    from ecg_facial.ecg.token_features import TOKEN_FEATURES
    from ecg_facial.ecg_model import ECGModel
    from ecg_facial.errors import EcgFacialError
    from ecg_facial.evaluation.benchmark.adapters import EstimatorPipeline, ModulePipeline, heart_features
    from ecg_facial.evaluation.benchmark.pipelines import CalibratedPipeline
    from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
    from ecg_facial.example import load_example
    from ecg_facial.face.detectors.loading import load_detector
    from ecg_facial.face.video import read_frames
    from ecg_facial.facial_model import FacialModel
    from ecg_facial.fusion_model import LateFusion
    from ecg_facial.inference.bundle import load_bundle
    from ecg_facial.inference.predictor import Prediction, open_predictor, predict_files
    from ecg_facial.learning.settings import TrainingSettings
    from ecg_facial.prepared.making import prepare
    from ecg_facial.prepared.stored import open_prepared
    from ecg_facial.runtime.executors.opening import open_executor
    from ecg_facial.simulate.cohort import simulate_cohort
    from ecg_facial.simulate.settings.cohort_settings import CohortSettings
    from ecg_facial.windows.making import make_window
    from ecg_facial.windows.settings import WindowSettings
    from ecg_facial.windows.window import Window
    from ecg_facial.workflow.benchmarking import audit
    from ecg_facial.workflow.comparing import benchmark
    from ecg_facial.workflow.scoring import score
    from ecg_facial.workflow.tabular import benchmark_table

__all__ = [
    "TOKEN_FEATURES",
    "BenchmarkSettings",
    "CalibratedPipeline",
    "CohortSettings",
    "ECGModel",
    "EcgFacialError",
    "EstimatorPipeline",
    "FacialModel",
    "FeatureSettings",
    "LabelSettings",
    "LateFusion",
    "ModulePipeline",
    "Prediction",
    "TrainingSettings",
    "Window",
    "WindowSettings",
    "audit",
    "benchmark",
    "benchmark_table",
    "compute_sqi",
    "detect_r_peaks",
    "heart_features",
    "index_dataset",
    "load_bundle",
    "load_detector",
    "load_example",
    "make_window",
    "open_executor",
    "open_predictor",
    "open_prepared",
    "predict_files",
    "prepare",
    "read_ecg",
    "read_frames",
    "score",
    "simulate_cohort",
]

_HOMES = {
    "TOKEN_FEATURES": "ecg.token_features",
    "BenchmarkSettings": "evaluation.benchmark.settings",
    "CalibratedPipeline": "evaluation.benchmark.pipelines",
    "CohortSettings": "simulate.settings.cohort_settings",
    "ECGModel": "ecg_model",
    "EcgFacialError": "errors",
    "EstimatorPipeline": "evaluation.benchmark.adapters",
    "FacialModel": "facial_model",
    "FeatureSettings": "datasets.settings",
    "LabelSettings": "datasets.settings",
    "LateFusion": "fusion_model",
    "ModulePipeline": "evaluation.benchmark.adapters",
    "Prediction": "inference.predictor",
    "TrainingSettings": "learning.settings",
    "Window": "windows.window",
    "WindowSettings": "windows.settings",
    "audit": "workflow.benchmarking",
    "benchmark": "workflow.comparing",
    "benchmark_table": "workflow.tabular",
    "compute_sqi": "ecg.quality",
    "detect_r_peaks": "ecg.rpeaks",
    "heart_features": "evaluation.benchmark.adapters",
    "index_dataset": "datasets.indexing",
    "load_bundle": "inference.bundle",
    "load_detector": "face.detectors.loading",
    "load_example": "example",
    "make_window": "windows.making",
    "open_executor": "runtime.executors.opening",
    "open_predictor": "inference.predictor",
    "open_prepared": "prepared.stored",
    "predict_files": "inference.predictor",
    "prepare": "prepared.making",
    "read_ecg": "ecg.reading",
    "read_frames": "face.video",
    "score": "workflow.scoring",
    "simulate_cohort": "simulate.cohort",
}
_TRAINING = ("ECGModel", "FacialModel", "LateFusion", "CalibratedPipeline", "EstimatorPipeline", "ModulePipeline")
_EXTRAS = {
    **dict.fromkeys((*_TRAINING, "heart_features", "benchmark", "benchmark_table", "audit"), ("train",)),
    "score": ("evaluate",),
}
"""Extras that a name needs."""


def __getattr__(name: str) -> object:
    """Import a public name on its first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    from ecg_facial.runtime.extras import missing_extras_named, require_extras

    require_extras(*_EXTRAS.get(name, ()))
    with missing_extras_named():
        found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
