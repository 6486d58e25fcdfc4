"""Train a last time on everybody, and write a bundle.

Enters: prepared data and settings. Leaves: a bundle on disk.
"""

from __future__ import annotations

from pathlib import Path

from ecg_facial.ecg.token_features import TOKEN_FEATURES
from ecg_facial.evaluation.benchmark.builtin import NetworksFactory, take_apart
from ecg_facial.evaluation.benchmark.fold_running import fit_fold
from ecg_facial.evaluation.benchmark.pipelines import Fitted
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.benchmark.trial_set import TrialSet
from ecg_facial.evaluation.protocols.settings import InnerSettings
from ecg_facial.evaluation.protocols.splits import Part, divide_inner
from ecg_facial.inference.bundle import MODELS, BundleInfo, write_bundle
from ecg_facial.labels import get_task
from ecg_facial.learning.export import export_models
from ecg_facial.learning.training import limit_threads
from ecg_facial.prepared import PreparedData
from ecg_facial.prepared.queries import rows_of
from ecg_facial.runtime.progress import announce_time
from ecg_facial.version import __version__
from ecg_facial.windows.settings import PREPROCESSING_VERSION


def train_bundle(
    prepared: PreparedData, out: Path, *, settings: BenchmarkSettings, show_progress: bool = False
) -> None:
    """Train on everybody but the inner subjects that choose the epoch, and write a bundle.

    Where the fusion weights are learned, those who calibrate do not train either. Where nobody has a face, or nobody
    a heart beat, the bundle holds the other network alone.

    Raises
    ------
    SettingsError
        When nobody has either.
    """
    task = get_task(settings.task)
    rows = rows_of(prepared, set(prepared.table["subject"]), task)
    subjects = sorted(set(prepared.table["subject"].iloc[rows]))
    with announce_time("Training on everybody", show=show_progress):
        facial, ecg, fusion = take_apart(_fit_on_everybody(prepared, TrialSet(prepared, rows, task=task), settings))
    info = BundleInfo(
        task=task.name,
        class_names=task.class_names,
        windows=prepared.settings,
        token_features=TOKEN_FEATURES,
        models=tuple(name for name, model in zip(MODELS, (facial, ecg), strict=True) if model is not None),
        face_weight=settings.models.face_weight if fusion is None else fusion.face_weight,
        ecg_weight=settings.models.ecg_weight if fusion is None else fusion.ecg_weight,
        simulated=prepared.simulated,
        n_subjects=len(subjects),
        description=f"{len(rows)} trials of {len(subjects)} subjects, data {prepared.fingerprint[:16]}",
        package_version=__version__,
        preprocessing_version=PREPROCESSING_VERSION,
    )
    with announce_time("Exporting the networks", show=show_progress):
        files = export_models(facial, ecg, crop_px=prepared.settings.crop_px)
        write_bundle(out, files=files, info=info)


def _fit_on_everybody(prepared: PreparedData, trials: TrialSet, settings: BenchmarkSettings) -> Fitted:
    pipeline = NetworksFactory(settings.models, settings.fusion_weights)(trials)
    fixed = settings.fusion_weights == "fixed"
    inner = (
        InnerSettings(stopping_share=settings.inner.stopping_share, calibration_share=0.0) if fixed else settings.inner
    )
    divided = divide_inner(sorted(set(trials.subjects)), inner, seed=settings.seed, tag="")
    with limit_threads(settings.threads):
        fold = divided.make_fold(0, Part())
        return fit_fold(prepared, fold, pipeline, task=trials.task, seed=settings.seed).method
