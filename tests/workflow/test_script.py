"""A script without the guard ``if __name__ == "__main__":`` is audited too, and what its globals hold is said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import numpy as np
import pandas as pd
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression

from ecg_facial.evaluation.benchmark.adapters import EstimatorPipeline
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.prepared.tabular import TabularData
from ecg_facial.workflow.comparing import benchmark

STRENGTH, CHOSEN = 0.5, {}
rng = np.random.default_rng(0)
rows = [(f"s{who}", level) for who in range(6) for level in ("BL1", "PA1", "PA2", "PA3") for _ in range(3)]
trials = pd.DataFrame(rows, columns=["subject", "level"]).assign(trial=[f"{n:03d}" for n in range(len(rows))])
data = TabularData(trials, {"ecg": pd.DataFrame(rng.normal(size=(len(rows), 12))).add_prefix("f")})


def features(given):
    return given.values("ecg") * STRENGTH


def make_clean(trials):
    return EstimatorPipeline("own", LogisticRegression(), features=features)


def chosen_features(given):
    return CHOSEN["selector"].transform(features(given))


def make_chosen(trials):
    CHOSEN.setdefault("selector", SelectKBest(k=2).fit(features(trials), trials.labels))
    return EstimatorPipeline("own", LogisticRegression(), features=chosen_features)


for method in (make_clean, make_chosen):
    table = benchmark(data, method, settings=BenchmarkSettings(protocol="kfold:2", baselines=False))
    print(table["audit"].iloc[0])
"""


def test_globals_of_a_script_without_a_guard_travel_along_and_are_named_where_they_look_fitted(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.stdout.split("\n")[:2] == ["no leak found", "not checked"], done.stdout + done.stderr
