"""Facial models beside each other on a simulated cohort: ResNet18 + GRU, a forest on descriptors, and their fusions.

Run as ``python benchmarks/face_models.py [--subjects N] [--trials N] [--preset NAME] [--task NAME] [--seed N]
[--inner RULE]``. It simulates, prepares, and evaluates leave-one-subject-out with the networks of the demo, by the
product's own benchmark, the ceiling of an ideal observer beside it. Percent; the last line is a JSON object.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from tempfile import TemporaryDirectory

from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.protocols.settings import InnerSettings
from ecg_facial.evaluation.report.terminal import describe_metrics
from ecg_facial.labels import get_task
from ecg_facial.runtime.executors.opening import open_executor
from ecg_facial.runtime.executors.settings import ExecutorSettings
from ecg_facial.simulate.cohort import simulate_cohort
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.workflow.benchmarking import benchmark_dataset
from ecg_facial.workflow.demo import MODELS, WINDOWS
from ecg_facial.workflow.settings import DataOptions

# pairs of models whose difference is shown
PAIRS = [{"facial", "facial:descriptors"}, {"fusion", "fusion:descriptors"}, {"fusion", "fusion:chosen"}]


def main(arguments: argparse.Namespace, folder: Path) -> None:
    cohort = CohortSettings(
        n_subjects=arguments.subjects,
        trials_per_level=arguments.trials,
        levels=get_task(arguments.task).levels,
        preset=arguments.preset,
        seed=arguments.seed,
    )
    settings = BenchmarkSettings(
        task=arguments.task,
        models=MODELS,
        seed=arguments.seed,
        inner=InnerSettings(rule=arguments.inner),
        choose_face=True,
    )
    with open_executor(workers=arguments.workers) as executor:
        data = simulate_cohort(folder / "data", cohort, executor=executor)
        run = benchmark_dataset(
            data,
            folder / "run",
            options=DataOptions(windows=WINDOWS),
            settings=settings,
            with_bundle=False,
            executor=executor,
        )
    print(*describe_metrics(run.metrics, heading=arguments.task, simulated=True), sep="\n")
    pairs = [pair for pair in run.metrics.comparisons if {pair.first, pair.second} in PAIRS]
    result = {
        "benchmark": "face_models",
        "simulated": True,
        **vars(arguments),
        "accuracy": {name: round(100 * judged.overall.accuracy, 1) for name, judged in run.metrics.models.items()},
        "pairs": [pair.to_dict() for pair in pairs],
    }
    print(json.dumps(result))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subjects", type=int, default=20)
    parser.add_argument("--trials", type=int, default=10, help="per person and level")
    parser.add_argument("--preset", default="biovid-like")
    parser.add_argument("--task", default="binary")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--inner", default=InnerSettings.rule)
    parser.add_argument("--workers", type=int, default=ExecutorSettings.workers)
    with TemporaryDirectory() as scratch:
        main(parser.parse_args(), Path(scratch))
