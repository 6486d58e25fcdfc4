"""Share of a run that its audit takes, in seconds of processors: of this process and of those that it starts.

Input: none. Output: a line per size. Run: ``python benchmarks/audit_share.py [EPOCHS] [PEOPLE ...]``.

People are SIMULATED noise in memory: 8 trials of 4 classes, 4 frames of 64 pixels each. The built-in networks and all
baselines are fitted leave-one-subject-out, for EPOCHS epochs (3 without it): fewer than a run takes, so that the share
is rather too large. Simulating, indexing and preparing, which a run pays too, are not counted either.
"""

from __future__ import annotations

import resource
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from measures.noise import draw_noise

from ecg_facial.evaluation.audit.running import audit_run
from ecg_facial.evaluation.benchmark.runner import run_benchmark
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings


def spent_s() -> float:
    """Count seconds of processors so far, of this process and of ended ones that it started."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def main() -> None:
    """Print a line per size."""
    epochs, *people = [int(each) for each in sys.argv[1:]] or [3]
    settings = BenchmarkSettings()
    few = {name: replace(getattr(settings.models, name), epochs=epochs) for name in ("facial_training", "ecg_training")}
    settings = replace(settings, models=replace(settings.models, **few))
    for n_people in people or [12, 40]:
        prepared = draw_noise(n_people, n_each=2, n_frames=4, crop_px=64)
        with TemporaryDirectory() as folder:
            begin = spent_s()
            result = run_benchmark(prepared, Path(folder), settings=settings)
            ran_s = spent_s() - begin
            found = audit_run(prepared, result, settings=settings)
            audited_s = spent_s() - begin - ran_s
        share = 100 * audited_s / (ran_s + audited_s)
        print(
            f"{n_people} people: run {ran_s:.0f} s, audit {audited_s:.0f} s ({share:.0f} % of both); {found.headline}",
            flush=True,
        )


if __name__ == "__main__":
    main()
