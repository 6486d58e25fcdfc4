"""The demo: from nothing to an honest leave-one-subject-out result on SIMULATED people.

Input: a folder to write and a number of people. Output: a run folder with simulated recordings, predictions, metrics,
report and bundle. The simulated recordings are written to files and read again, as real ones are.
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
from ecg_facial.workflow.settings import DataOptions, DemoSettings

TRIALS_PER_LEVEL = 4
# fewer frames and a smaller GRU than the default, so that two cores finish within minutes
WINDOWS = WindowSettings(n_frames=12)
MODELS = ModelSettings(
    facial=FacialSettings(hidden=32, n_layers=2),
    ecg=EcgSettings(width=32, n_heads=4, n_layers=2, feedforward=64),
    facial_training=TrainingSettings(epochs=25, batch_size=16, learning_rate=2e-3),
    ecg_training=TrainingSettings(epochs=40, batch_size=16, learning_rate=2e-3, patience=10),
)


def run_demo(out: Path, settings: DemoSettings | None = None, *, executor: Executor = SERIAL) -> BenchmarkResult:
    """Simulate, prepare, train, evaluate, report.

    Parameters
    ----------
    out : Path
        Run folder; the recordings go to ``out/data``. A run that was cut off is resumed.
    settings : DemoSettings, optional
        How many people, and which seed.
    executor : Executor
        The result does not depend on it.

    Returns
    -------
    BenchmarkResult
    """
    chosen = settings or DemoSettings()
    cohort = CohortSettings(
        n_subjects=chosen.n_subjects,
        trials_per_level=TRIALS_PER_LEVEL,
        levels=get_task(DEFAULT_TASK).levels,
        seed=chosen.seed,
    )
    data = simulate_cohort(out / "data", cohort, executor=executor, show_progress=True)
    evaluated = BenchmarkSettings(models=MODELS, seed=chosen.seed, permute_labels=chosen.permute_labels)
    return benchmark_dataset(
        data, out, options=DataOptions(windows=WINDOWS), settings=evaluated, executor=executor, show_progress=True
    )
