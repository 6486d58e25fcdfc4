"""Your own scikit-learn estimator under the package's protocols: ``python examples/own_estimator.py WINDOWS``.

WINDOWS is the folder that ``ecg-facial prepare`` names. The ten lines are those of `make_pipeline` and `main`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ecg_facial.evaluation.benchmark.adapters import EstimatorPipeline, heart_features
from ecg_facial.evaluation.benchmark.pipelines import CalibratedPipeline
from ecg_facial.workflow.comparing import benchmark


def make_own() -> CalibratedPipeline:
    """Make the pipeline; the scaler is part of the estimator, so that it is fitted on the training part alone."""
    estimator = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return EstimatorPipeline("heart-logistic", estimator, features=heart_features)


def main(windows: Path, **settings: object) -> pd.DataFrame:
    """Evaluate it leave-one-subject-out."""
    return benchmark(windows, make_own(), protocol="loso", **settings)


if __name__ == "__main__":
    table = main(Path(sys.argv[1]))
    print(table.groupby(["model", "seed"])[["accuracy", "balanced_accuracy"]].mean())
