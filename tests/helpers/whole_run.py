"""A whole run, from files to report and bundle, that several test files look at; it is made once in a test run.

As a program: ``python whole_run.py DATA WINDOWS OUT WORKERS`` runs the benchmark alone.
"""

from __future__ import annotations

import pickle
import sys
from dataclasses import dataclass
from pathlib import Path

from ecg_facial.evaluation.benchmark.runner import BenchmarkResult
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.labels import get_task
from ecg_facial.learning.settings import ModelSettings, TrainingSettings
from ecg_facial.nets.settings import EcgSettings, FacialSettings
from ecg_facial.runtime.executors.opening import open_executor
from ecg_facial.simulate.cohort import simulate_cohort
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.windows.settings import WindowSettings
from ecg_facial.workflow.benchmarking import benchmark_dataset
from ecg_facial.workflow.settings import DataOptions

TASK = get_task("biovid4")
N_SUBJECTS = 4
# small pictures: drawing faces and following them takes most of the time
COHORT = CohortSettings(n_subjects=N_SUBJECTS, trials_per_level=1, levels=TASK.levels, seed=5, width=240, height=180)
OPTIONS = DataOptions(windows=WindowSettings(n_frames=3, crop_px=32))
SETTINGS = BenchmarkSettings(
    models=ModelSettings(
        facial=FacialSettings(hidden=4, n_layers=1),
        ecg=EcgSettings(width=16, n_heads=2, n_layers=1, feedforward=16),
        facial_training=TrainingSettings(epochs=2, batch_size=8),
        ecg_training=TrainingSettings(epochs=2, batch_size=8),
    ),
    seeds=2,
)
# for runs of which neither bundle nor audit is looked at
PLAIN = {"with_bundle": False, "with_audit": False}


@dataclass(frozen=True, kw_only=True)
class WholeRun:
    """Where it lies: a cohort of BioVid's shape, four people with one trial a level; windows; and the finished run."""

    data: Path
    windows: Path
    result: BenchmarkResult


def make_whole_run(folder: Path) -> None:
    """Fill a folder; `open_whole_run` reads it."""
    data = simulate_cohort(folder / "cohort", COHORT)
    result = benchmark_dataset(
        data, folder / "runs" / "whole", options=OPTIONS, settings=SETTINGS, cache=folder / "windows"
    )
    (folder / "result.pickle").write_bytes(pickle.dumps(result))


def open_whole_run(folder: Path) -> WholeRun:
    return WholeRun(
        data=folder / "cohort",
        windows=folder / "windows",
        result=pickle.loads((folder / "result.pickle").read_bytes()),  # noqa: S301  # of `make_whole_run`
    )


if __name__ == "__main__":
    with open_executor("processes", workers=int(sys.argv[4])) as opened:
        benchmark_dataset(
            Path(sys.argv[1]), Path(sys.argv[3]), options=OPTIONS, settings=SETTINGS, cache=Path(sys.argv[2]),
            executor=opened, **PLAIN,
        )  # fmt: skip
