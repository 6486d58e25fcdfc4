"""The demo: from nothing to an honest leave-one-subject-out result on SIMULATED people.

Enters: a folder to write and a number of people. Leaves: a run folder with simulated recordings, predictions, metrics,
report and bundle. It goes the way that real data go: files are written, and read again.
"""

from __future__ import annotations

from pathlib import Path

from ecg_facial.evaluation.benchmark.runner import BenchmarkResult
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.labels import DEFAULT_TASK, get_task
from ecg_facial.learning.settings import ModelSettings, TrainingSettings
from ecg_facial.nets.settings import EcgSettings, FacialSettings
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.simulate.cohort import simulate_cohort
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.windows.settings import WindowSettings
from ecg_facial.workflow.benchmarking import benchmark_dataset
from ecg_facial.workflow.preparing import DataOptions

N_SUBJECTS, TRIALS_PER_LEVEL, PRESET = 12, 4, "clear"
# fewer frames and a smaller GRU than the default, so that two cores finish within minutes
WINDOWS = WindowSettings(n_frames=12)
MODELS = ModelSettings(
    facial=FacialSettings(hidden=32, n_layers=2),
    ecg=EcgSettings(width=32, n_heads=4, n_layers=2, feedforward=64),
    facial_training=TrainingSettings(epochs=25, batch_size=16, learning_rate=2e-3),
    ecg_training=TrainingSettings(epochs=40, batch_size=16, learning_rate=2e-3, patience=10),
)


def run_demo(
    out: Path, *, n_subjects: int = N_SUBJECTS, seed: int = 0, executor: Executor = SERIAL, permute_labels: bool = False
) -> BenchmarkResult:
    """Simulate, prepare, train, evaluate, report.

    Parameters
    ----------
    out : Path
        Run folder; the recordings go to ``out/data``. One that was cut off is gone on with.
    n_subjects : int
        Simulated people.
    seed : int
    executor : Executor
        The result does not depend on it.
    permute_labels : bool
        Shuffle the levels within each person: the result must then be at chance.

    Returns
    -------
    BenchmarkResult
    """
    cohort = CohortSettings(
        n_subjects=n_subjects,
        trials_per_level=TRIALS_PER_LEVEL,
        levels=get_task(DEFAULT_TASK).levels,
        preset=PRESET,
        seed=seed,
    )
    data = simulate_cohort(out / "data", cohort, executor=executor, show_progress=True)
    settings = BenchmarkSettings(models=MODELS, seed=seed, permute_labels=permute_labels)
    return benchmark_dataset(
        data, out, options=DataOptions(windows=WINDOWS), settings=settings, executor=executor, show_progress=True
    )
