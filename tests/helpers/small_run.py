"""A whole small run on any executor: simulate sketched people, prepare their windows, evaluate.

As a program: ``python small_run.py OUT EXECUTOR``, with two workers.
"""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

from sketched_cohort import write_cohort

from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.evaluation.benchmark.runner import run_benchmark
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.labels import get_task
from ecg_facial.learning.settings import ModelSettings, TrainingSettings
from ecg_facial.nets.settings import EcgSettings, FacialSettings
from ecg_facial.prepared.making import prepare
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.opening import open_executor
from ecg_facial.windows.settings import WindowSettings

SETTINGS = BenchmarkSettings(
    models=ModelSettings(
        facial=FacialSettings(hidden=4, n_layers=1),
        ecg=EcgSettings(width=16, n_heads=2, n_layers=1, feedforward=16),
        facial_training=TrainingSettings(epochs=1, batch_size=8),
        ecg_training=TrainingSettings(epochs=1, batch_size=8),
    ),
    task="binary",
    protocol="kfold:2",
    seeds=1,
    baselines=False,
)


def run_all(out: Path, executor: Executor) -> None:
    """Leave ``out/data``, ``out/windows`` and ``out/run``; what is there already is gone on with."""
    data = write_cohort(out / "data", executor=executor, n_subjects=4, levels=get_task("binary").levels)
    # its own fingerprint holds the times of the files, and names the folder of the windows
    index = replace(index_dataset(data, executor=executor), fingerprint="small run")
    prepared = prepare(
        index, out / "windows", settings=WindowSettings(n_frames=2, crop_px=32), executor=executor, show_progress=True
    )
    run_benchmark(prepared, out / "run", settings=SETTINGS, executor=executor, show_progress=True)


def digest_all(out: Path) -> dict[str, str]:
    """SHA-256 of every file that must not depend on the executor; folds on disk hold the seconds that they took."""
    files = [path for path in out.rglob("*") if path.is_file() and path.parent.name != "folds"]
    return {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(files)}


if __name__ == "__main__":
    with open_executor(sys.argv[2], workers=2) as opened:
        run_all(Path(sys.argv[1]), opened)
