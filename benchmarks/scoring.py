"""Time to judge a predictions file: 87 subjects, 100 trials each, five models, from file to report.

Run as ``python benchmarks/scoring.py [--subjects N] [--trials N] [--models N] [--seeds N]``. It is compared with
the time pandas takes to read the same file in the same run. The last line is a JSON object.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from measures.clustered import draw_predictions

from ecg_facial.labels import PainLevel
from ecg_facial.workflow.scoring import score

CLASSES = [level.name for level in PainLevel]


def write_file(path: Path, arguments: argparse.Namespace) -> None:
    """Write predictions of models that judge the same trials."""
    parts = []
    for model in range(arguments.models):
        for seed in range(arguments.seeds):
            p, labels, subjects = draw_predictions(
                seed,
                n_subjects=arguments.subjects,
                n_trials=(arguments.trials, arguments.trials),
                spread=0.5,
            )
            noise = np.random.default_rng([model, seed]).dirichlet(np.ones(len(CLASSES)), len(p))
            table = pd.DataFrame((p + noise * model / 4) / (1 + model / 4), columns=[f"p_{name}" for name in CLASSES])
            places = [f"t{number:05d}" for number in range(len(p))]
            parts.append(
                table.assign(subject=subjects, trial=places, label=np.array(CLASSES)[labels], model=model, seed=seed)
            )
    table = pd.concat(parts)
    # the same trials in every seed, so that a trial has one label
    first = table[table["seed"] == 0].drop_duplicates("trial").set_index("trial")["label"]
    table.assign(label=table["trial"].map(first)).to_csv(path, index=False, float_format="%.6f")


def main(arguments: argparse.Namespace) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "predictions.csv"
        write_file(path, arguments)
        start = time.perf_counter()
        pd.read_csv(path)
        read_s = time.perf_counter() - start
        start = time.perf_counter()
        score(path, Path(folder) / "out", simulated=True)
        seconds = time.perf_counter() - start
        size = (Path(folder) / "out" / "report.html").stat().st_size
    result = {
        "benchmark": "scoring",
        **vars(arguments),
        "seconds": round(seconds, 1),
        "times_reading_the_file": round(seconds / read_s),
        "report_bytes": size,
    }
    print(f"{seconds:.1f} s, {result['times_reading_the_file']} times reading the file; report {size / 1e6:.2f} MB")
    print(json.dumps(result))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subjects", type=int, default=87)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--models", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=1)
    main(parser.parse_args())
