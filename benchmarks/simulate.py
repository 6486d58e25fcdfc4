"""Speed of the simulator: clips per second, and trials per second at feature level.

Run as ``python benchmarks/simulate.py [--subjects N] [--trials N] [--preset NAME] [--workers N]``. `difficulty.py`
measures how difficult a preset is. The last line is a JSON object.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from ecg_facial.runtime.executors.opening import open_executor
from ecg_facial.simulate.cohort import simulate_cohort
from ecg_facial.simulate.people.population import simulate_features
from ecg_facial.simulate.settings.cohort_settings import CohortSettings

FEATURE_SUBJECTS = 24


def measure_clips(n_subjects: int, trials_per_level: int, preset: str, workers: int) -> dict[str, float]:
    """Write a cohort after a first tiny one, which compiles what is compiled."""
    with tempfile.TemporaryDirectory() as folder:
        simulate_cohort(Path(folder) / "warm", CohortSettings(n_subjects=1, trials_per_level=1, preset=preset))
        start = time.perf_counter()
        with open_executor(workers=workers) as executor:
            out = simulate_cohort(
                Path(folder) / "cohort",
                CohortSettings(n_subjects=n_subjects, trials_per_level=trials_per_level, preset=preset),
                executor=executor,
            )
        seconds = time.perf_counter() - start
        videos = list((out / "PartA" / "video").rglob("*.mp4"))
        kilobytes = sum(path.stat().st_size for path in videos) / len(videos) / 1e3
    return {"clips": len(videos), "clips_per_s": len(videos) / seconds, "video_kb": kilobytes}


def measure_features(preset: str) -> float:
    """Trials per second in one process, after a first pass that fills caches."""
    settings = CohortSettings(n_subjects=FEATURE_SUBJECTS, preset=preset)
    n_trials = sum(1 for _ in simulate_features(settings))
    start = time.perf_counter()
    for _ in simulate_features(settings):
        pass
    return n_trials / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subjects", type=int, default=4)
    parser.add_argument("--trials", type=int, default=10, help="trials of each of the five levels")
    parser.add_argument("--preset", default="clear")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    result = {
        "benchmark": "simulate",
        "simulated": True,
        "preset": arguments.preset,
        "workers": arguments.workers,
        "feature_trials_per_s": measure_features(arguments.preset),
        **measure_clips(arguments.subjects, arguments.trials, arguments.preset, arguments.workers),
    }
    print(json.dumps(result, default=lambda value: round(float(value), 4)))


if __name__ == "__main__":
    main()
