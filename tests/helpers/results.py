"""Small results, made from predictions as runs make them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ecg_facial.datasets.settings import LabelSettings
from ecg_facial.evaluation.benchmark.run_record import FoldRecord, ProblemRecord, RunRecord, TemperatureRecord
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.judging.predictions_table import from_run
from ecg_facial.evaluation.judging.schema import RunMetrics
from ecg_facial.evaluation.judging.summary import summarise_predictions
from ecg_facial.labels import get_task
from ecg_facial.learning.settings import ModelSettings
from ecg_facial.nets.settings import FacialSettings
from ecg_facial.windows.settings import WindowSettings

TASK = get_task("biovid4")
MODELS = ("facial", "ecg", "fusion")
_MODEL_SETTINGS = ModelSettings(facial=FacialSettings(hidden=8))


def make_predictions(models: tuple[str, ...] = MODELS) -> pd.DataFrame:
    """Three subjects of four trials, one per class."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(12):
        for model in models:
            p = rng.dirichlet(np.ones(4))
            rows.append(
                [f"s{number // 4}", f"t{number}", number // 4, 0, model, TASK.class_names[number % 4], *p, 0.9, 0.8]
            )
    columns = ["subject", "trial", "fold", "seed", "model", "label", *(f"p_{name}" for name in TASK.class_names)]
    return pd.DataFrame(rows, columns=[*columns, "face_quality", "ecg_quality"])


def make_table(n_subjects: int = 5, *, right: float = 0.7, seed: int = 0) -> pd.DataFrame:
    """Predictions of three models of known skill."""
    rng = np.random.default_rng(seed)
    rows = []
    for subject in range(n_subjects):
        for trial in range(8):
            label = TASK.class_names[trial % 4]
            for model, skill in (("facial", right), ("ecg", 0.4), ("fusion", right + 0.1)):
                guess = label if rng.random() < skill else TASK.class_names[rng.integers(4)]
                p = np.full(4, 0.1)
                p[TASK.class_names.index(guess)] = 0.7
                rows.append([f"s{subject}", f"s{subject}-{trial:02d}", subject, 0, model, label, *p, 1.0, 0.5])
    columns = ["subject", "trial", "fold", "seed", "model", "label", *(f"p_{name}" for name in TASK.class_names)]
    return pd.DataFrame(rows, columns=[*columns, "face_quality", "ecg_quality"])


def make_metrics(models: tuple[str, ...] = MODELS) -> RunMetrics:
    """Metrics of these predictions."""
    return summarise_predictions(from_run(make_predictions(models), TASK.class_names), task=TASK.name, simulated=True)


def make_run() -> RunRecord:
    """A run of these subjects with one problem."""
    settings = BenchmarkSettings(models=_MODEL_SETTINGS)
    return RunRecord(
        command="ecg-facial benchmark 'a <b>' --out run",
        created_utc="2026-01-01T00:00:00+00:00",
        package_version="0.1.0",
        git_commit=None,
        versions={"python": "3.11.7"},
        seed=0,
        seeds=(0,),
        task=TASK.name,
        class_names=TASK.class_names,
        simulated=True,
        reader="manifest",
        reader_settings={},
        data_fingerprint="f" * 64,
        windows_fingerprint="d" * 64,
        n_subjects=3,
        n_trials=12,
        n_rest=0,
        levels_by="stimulus",
        labels=LabelSettings(),
        problems=(ProblemRecord(kind="missing", subject="s1", trial="s1-9", message="no <video>"),),
        benchmark_settings=settings,
        windows_folders=("windows",),
        table=None,
        window_settings=WindowSettings(n_frames=4),
        model_settings=settings.models,
        pipelines=(),
        bundle=None,
        protocol="leave-one-subject-out",
        stamps=(),
        original=None,
        folds_sha256="e" * 64,
        folds_repeated=False,
        inner=settings.inner,
        refit_rule="no refit",
        normalisation=settings.normalisation,
        normalisation_order=None,
        fusion_weights="fixed",
        folds=(
            FoldRecord(
                seed=0,
                fold=0,
                n_tested=1,
                n_trained=1,
                n_shots=0,
                n_stopped=1,
                n_calibrated=0,
                n_conformal=0,
                n_refitted=1,
                epochs={"ecg": 3},
                face_weights={"fusion": 0.8},
                temperatures={"ecg": 1.25},
            ),
        ),
        temperatures=(
            TemperatureRecord(
                model="ecg", n_folds=3, lowest=1.0, median=1.25, highest=2.5, reasons={"fewer than 20 trials: 8": 1}
            ),
        ),
        validation_share=0.15,
        permuted_labels=False,
        wall_s=1.0,
    )
