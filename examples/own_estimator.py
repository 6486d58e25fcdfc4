"""Your own scikit-learn estimator, evaluated leave-one-subject-out: ``python examples/own_estimator.py WINDOWS``.

WINDOWS is the folder that ``ecg-facial prepare`` prints. The code that matters is ten lines: `make_own` and `main`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import ecg_facial as ef


def make_own() -> ef.CalibratedPipeline:
    """Make the pipeline; the scaler belongs to the estimator, so that it is fitted on the training subjects alone."""
    estimator = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return ef.EstimatorPipeline("heart-logistic", estimator, features=ef.heart_features)


def main(windows: ef.PreparedData) -> pd.DataFrame:
    """Evaluate it leave-one-subject-out."""
    return ef.benchmark(windows, make_own(), settings=ef.BenchmarkSettings(protocol="loso"))


if __name__ == "__main__":
    table = main(ef.open_prepared(Path(sys.argv[1])))
    print(table.groupby(["model", "seed"])[["accuracy", "balanced_accuracy"]].mean())
