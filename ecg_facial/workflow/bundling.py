"""Fit the models a last time, on everybody, and write a bundle.

Input: prepared data and the settings of a run. Output: a bundle on disk, with networks, fusion and temperatures that
were found as in the run.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ecg_facial.ecg.token_features import TOKEN_FEATURES
from ecg_facial.evaluation.benchmark.builtin import make_networks_factory, take_apart
from ecg_facial.evaluation.benchmark.fold_running import fit_fold
from ecg_facial.evaluation.benchmark.pipelines import Fitted
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.benchmark.trial_set import TrialSet
from ecg_facial.evaluation.protocols.folds import Part, divide_inner
from ecg_facial.inference.bundle import VARIANTS, BundleInfo, write_bundle
from ecg_facial.inference.face_descriptors import FaceDescriptors, write_descriptors
from ecg_facial.learning.export import export_models
from ecg_facial.learning.training import limit_threads
from ecg_facial.nets.weights import load_action_units
from ecg_facial.prepared.contract import PreparedData
from ecg_facial.prepared.queries import rows_of
from ecg_facial.runtime.progress import announce_time
from ecg_facial.version import __version__
from ecg_facial.windows.settings import PREPROCESSING_VERSION

# a run that tests on another data set draws its inner subjects by this name too: it then judges the shipped networks
_TAG = "cross-dataset"


def train_bundle(
    prepared: PreparedData, out: Path, *, settings: BenchmarkSettings, show_progress: bool = False
) -> None:
    """Fit as a fold is fitted, with nobody to test, and write a bundle.

    The inner subjects choose the epoch and, where there are enough of them, fit the temperatures and any learned fusion
    weights, as in the run that judges the models. Nobody is set apart for conformal scores, which a bundle does not
    hold. If nobody has a face, or nobody a heart beat, the bundle holds the other network alone.

    Parameters
    ----------
    prepared : PreparedData
    out : Path
        Folder of the bundle.
    settings : BenchmarkSettings
        Of the run; the first seed is used.
    show_progress : bool

    Raises
    ------
    SettingsError
        When nobody has either.
    """
    task = settings.find_task()
    rows = rows_of(prepared, set(prepared.table["subject"]), task)
    n_subjects = prepared.table["subject"].iloc[rows].nunique()
    with announce_time("Training on everybody", show=show_progress):
        parts = take_apart(_fit_on_everybody(prepared, TrialSet(prepared, rows, task=task), settings))
    info = BundleInfo(
        task=task.name,
        class_names=task.class_names,
        windows=prepared.settings,
        token_features=TOKEN_FEATURES,
        models=parts.models,
        variants=() if parts.forest is None else VARIANTS[: len(parts.models)],
        fusion=parts.fusion,
        descriptors=parts.descriptors,
        simulated=prepared.simulated,
        n_subjects=n_subjects,
        description=f"{len(rows)} trials of {n_subjects} subjects, data {prepared.fingerprint[:16]}",
        package_version=__version__,
        preprocessing_version=PREPROCESSING_VERSION,
    )
    with announce_time("Exporting the networks", show=show_progress):
        files = export_models(parts.facial, parts.ecg, crop_px=prepared.settings.crop_px)
        if parts.forest is not None:
            files |= write_descriptors(FaceDescriptors(units=load_action_units(), forest=parts.forest))
        write_bundle(out, files=files, info=info)


def _fit_on_everybody(prepared: PreparedData, trials: TrialSet, settings: BenchmarkSettings) -> Fitted:
    pipeline = make_networks_factory(settings)(trials)
    inner = replace(settings.inner, conformal_share=0.0)
    divided = divide_inner(sorted(set(trials.subjects)), inner, seed=settings.seed, tag=_TAG)
    with limit_threads(settings.threads):
        fold = divided.make_fold(0, Part())
        return fit_fold(prepared, fold, pipeline, task=trials.task, seed=settings.seed).method
