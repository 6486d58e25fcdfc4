"""Cost and difficulty of simulated cohorts: clips and feature-level trials a second, and a reference learner's results.

Run as ``python benchmarks/simulate.py [--subjects N] [--trials N] [--workers N]``. The reference learner is a logistic
regression and a random forest on simple features of the TRUE action-unit curves and beat times, leave-one-subject-out
over 24 people; the fused one adds 0.8 of the face's and 0.2 of the heart's log-probabilities. Last line: a JSON object.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ecg_facial.labels import TASKS, Task
from ecg_facial.simulate.cohort import simulate_cohort
from ecg_facial.simulate.population import CohortSettings, SimulatedTrial, simulate_features
from ecg_facial.simulate.response import FRAME_TIMES_S

LATE_S = 2.0
REFERENCE_SUBJECTS = 24
FLOOR = 1e-3


def measure_clips(n_subjects: int, trials_per_level: int, workers: int) -> dict[str, float]:
    """Write a cohort after a first tiny one, which compiles what is compiled."""
    with tempfile.TemporaryDirectory() as folder:
        simulate_cohort(Path(folder) / "warm", n_subjects=1, trials_per_level=1, workers=1)
        start = time.perf_counter()
        out = simulate_cohort(
            Path(folder) / "cohort", n_subjects=n_subjects, trials_per_level=trials_per_level, workers=workers
        )
        seconds = time.perf_counter() - start
        videos = list((out / "PartA" / "video").rglob("*.mp4"))
        kilobytes = sum(path.stat().st_size for path in videos) / len(videos) / 1e3
    return {"clips": len(videos), "clips_per_s": len(videos) / seconds, "video_kb": kilobytes}


def measure_features() -> tuple[float, list[SimulatedTrial]]:
    """Time one process over the whole cohort without keeping it, then keep the trials for the learners."""
    settings = CohortSettings(n_subjects=REFERENCE_SUBJECTS)
    trials = list(simulate_features(settings))
    start = time.perf_counter()
    n_trials = sum(1 for _ in simulate_features(settings))
    return n_trials / (time.perf_counter() - start), trials


def face_features(trial: SimulatedTrial) -> np.ndarray:
    late = trial.action_units[:, FRAME_TIMES_S >= LATE_S]
    return np.concatenate([late.max(axis=1), late.mean(axis=1)])


def heart_features(trial: SimulatedTrial) -> np.ndarray:
    beats = trial.heart.trial_beat_times_s
    rate, times = 60.0 / np.diff(beats), beats[1:]
    changes = [rate[-1] - rate[0], rate[-2:].mean() - rate[:2].mean(), np.polyfit(times, rate, 1)[0]]
    return np.array([*changes, rate.mean(), np.ptp(rate)])


def measure_difficulty(trials: list[SimulatedTrial], task: Task) -> dict[str, dict[str, float]]:
    chosen = [trial for trial in trials if task.includes(trial.plan.level)]
    labels = np.array([task.encode(trial.plan.level) for trial in chosen])
    subjects = np.array([trial.plan.subject_index for trial in chosen])
    learners = {
        "logistic": make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
        "forest": RandomForestClassifier(100, min_samples_leaf=5, random_state=0),
    }
    result = {}
    for name, learner in learners.items():
        logits = [
            np.log(
                FLOOR
                + cross_val_predict(
                    learner,
                    np.array([features(trial) for trial in chosen]),
                    labels,
                    groups=subjects,
                    cv=LeaveOneGroupOut(),
                    method="predict_proba",
                )
            )
            for features in (face_features, heart_features)
        ]
        face, heart = ((values.argmax(axis=1) == labels) for values in logits)
        fused = (0.8 * logits[0] + 0.2 * logits[1]).argmax(axis=1) == labels
        equal = (logits[0] + logits[1]).argmax(axis=1) == labels
        result[name] = {
            "face": face.mean(),
            "heart": heart.mean(),
            "fused_0.8_0.2": fused.mean(),
            "fused_equal": equal.mean(),
            "error_correlation": np.corrcoef(face, heart)[0, 1],
        }
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subjects", type=int, default=4)
    parser.add_argument("--trials", type=int, default=10, help="trials of each of the five levels")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    trials_per_s, trials = measure_features()
    result = {
        **measure_clips(arguments.subjects, arguments.trials, arguments.workers),
        "workers": arguments.workers,
        "feature_trials_per_s": trials_per_s,
        "preset": "clear",
        "biovid4": measure_difficulty(trials, TASKS["biovid4"]),
        "simulated": True,
    }
    print(json.dumps(result, default=lambda value: round(float(value), 4)))


if __name__ == "__main__":
    main()
