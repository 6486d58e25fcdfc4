"""Reading text tables: a table such as BioVid's (2,816 rows, six columns), and the same ECG in slower spellings.

Run as ``python benchmarks/ecg_text.py [--runs N]``. Every figure is a ratio to a reference that takes turns with it:
the lines of the file, and NumPy's reading of one column after the other (time, ECG), which is the least that a reader
needs. The last line is a JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ecg_facial.ecg.reading import probe_ecg, read_ecg

N_ROWS, FS_HZ = 2816, 512.0
HEADER = ("time", "gsr", "ecg", "emg_trapezius", "emg_corrugator", "emg_zygomaticus")


def write_tables(folder: Path) -> dict[str, Path]:
    """Write one recording plainly, with decimal commas, with dates, and with quoted thousands."""
    values = np.random.default_rng(0).normal(0.0, 1.0, (N_ROWS, len(HEADER) - 1))
    start = np.datetime64("2024-03-05T09:30:00.000000")
    rows: dict[str, list[str]] = {"plain": [], "commas": [], "dates": [], "quoted": []}
    for number, row in enumerate(values):
        micros = int(1e6 * number / FS_HZ)
        cells = [f"{value:.3f}" for value in row]
        rows["plain"].append("\t".join([str(micros), *cells]))
        rows["commas"].append("\t".join([str(micros), *cells]).replace(".", ","))
        rows["dates"].append("\t".join([str(start + np.timedelta64(micros, "us")), *cells]))
        rows["quoted"].append("\t".join([str(micros), *(f'"{1000 * value:,.3f}"' for value in row)]))
    paths = {}
    for name, lines in rows.items():
        paths[name] = folder / f"{name}.csv"
        paths[name].write_text("\t".join(HEADER) + "\n" + "\n".join(lines) + "\n")
    return paths


def read_reference(path: Path) -> None:
    lines = path.read_bytes().decode("utf-8-sig").splitlines()
    for column in (0, 2):
        np.loadtxt(iter(lines[1:]), delimiter="\t", usecols=column, ndmin=1, comments=None)


def main(runs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = write_tables(Path(folder))
        reads: dict[str, Callable[[], object]] = {"reference": lambda: read_reference(paths["plain"])}
        for name, path in paths.items():
            reads[name] = lambda path=path: read_ecg(path)
        reads["probe"] = lambda: probe_ecg(paths["plain"])
        times: dict[str, list[float]] = {name: [] for name in reads}
        for _ in range(runs + 1):
            for name, read in reads.items():
                begin = time.process_time()
                read()
                times[name].append(time.process_time() - begin)
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}
    ratios = {f"{name}_over_reference": round(value / medians["reference"], 2) for name, value in medians.items()}
    del ratios["reference_over_reference"]
    print(json.dumps({"benchmark": "ecg_text", "reference_ms": round(1e3 * medians["reference"], 2), **ratios}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=101)
    main(parser.parse_args().runs)
