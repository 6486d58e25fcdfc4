"""Start-up: ``ecg-facial --help`` and ``import ecg_facial``, beside an empty Python.

Run as ``python benchmarks/startup.py [--runs N]``. Medians over whole processes, which run in turn. The
last line is a JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python": [sys.executable, "-c", "pass"],
    "import": [sys.executable, "-c", "import ecg_facial"],
    "help": [sys.executable, "-m", "ecg_facial", "--help"],
}


def measure(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main(runs: int) -> None:
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(runs + 1):
        for name, command in COMMANDS.items():
            times[name].append(measure(command))
    # the first round reads everything from disk
    medians = {f"{name}_s": round(statistics.median(values[1:]), 4) for name, values in times.items()}
    ratios = {
        f"{name}_over_python": round(medians[f"{name}_s"] / medians["python_s"], 2) for name in ("import", "help")
    }
    print(json.dumps({"benchmark": "startup", **medians, **ratios}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7)
    main(parser.parse_args().runs)
