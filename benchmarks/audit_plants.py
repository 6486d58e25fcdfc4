"""How often the leakage audit finds each plant, and whether it accuses clean methods. The people are SIMULATED noise.

Input: none. Output: two tables. Run: ``python benchmarks/audit_plants.py [REPETITIONS]``.

Each repetition draws new data in memory: 6 people, 4 classes, 3 trials of each. The plants and the clean methods are
those of the tests (`tests/helpers/plants.py`, `tests/helpers/clean_methods.py`). All methods of a table are audited in
one run, each as a method of its own.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Print the tables."""
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "helpers")]
    from tests.helpers.clean_methods import clean_pipelines
    from tests.helpers.plants import CAUGHT, OWN, under_name

    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    names = {f"plant{number:02d}": name for number, name in enumerate(CAUGHT)}
    factories = [partial(under_name, CAUGHT[name][1], own) for own, name in names.items()]
    found: dict[str, list[Any]] = defaultdict(list)
    for seed in range(repetitions):
        for own, checks in _by_method(_audit(_draw(seed), factories)).items():
            found[own].append([check for check in checks if check.passed is False and not check.warning])
    print("| plant | whose | found | named as leak |\n|---|---|---|---|")
    for own, name in names.items():
        hits = sum(bool(failed) for failed in found[own])
        leaks = {check.leak for failed in found[own] for check in failed if not check.consequence_of}
        whose = "ours" if name in OWN else "given"
        print(f"| {name} | {whose} | {hits} of {repetitions} | {', '.join(map(str, sorted(leaks)))} |", flush=True)
    _print_clean(clean_pipelines(), repetitions)


def _print_clean(methods: list[Any], repetitions: int) -> None:
    print("\n| clean method | alarms |\n|---|---|")
    alarms: Counter[str] = Counter()
    for seed in range(repetitions):
        for name, checks in _by_method(_audit(_draw(seed), methods)).items():
            alarms[name] += any(check.passed is False for check in checks)
    for method in methods:
        print(f"| {method.models[0]} | {alarms[method.models[0]]} of {repetitions} |")


def _by_method(result: Any) -> dict[str, list[Any]]:
    """Sort checks by method; those of the whole run are left out."""
    found = defaultdict(list)
    for check in result.checks:
        method, colon, _ = check.name.partition(": ")
        if colon:
            found[method].append(check)
    return dict(found)


def _audit(prepared: Any, methods: list[Any]) -> Any:
    from ecg_facial.evaluation.audit.running import audit_run
    from ecg_facial.evaluation.audit.settings import AuditSettings
    from ecg_facial.evaluation.benchmark.runner import run_benchmark
    from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
    from ecg_facial.evaluation.protocols.settings import InnerSettings
    from tests.helpers.plants import REMEMBERED

    REMEMBERED.clear()
    settings = BenchmarkSettings(inner=InnerSettings(stopping_share=0.3), baselines=False)
    with TemporaryDirectory() as folder:
        result = run_benchmark(prepared, Path(folder), settings=settings, pipelines=methods)
        return audit_run(prepared, result, settings=settings, factories=methods, audit=AuditSettings(n_folds=1))


def _draw(seed: int) -> Any:
    """Windows whose tokens say nothing but noise about the level."""
    import numpy as np
    import pandas as pd

    from ecg_facial.prepared.memory import MemoryData
    from ecg_facial.windows.settings import WindowSettings
    from ecg_facial.windows.window import Window
    from tests.helpers.plants import with_rates

    rng, settings = np.random.default_rng(seed), WindowSettings(n_frames=2, crop_px=32)
    rows = [(f"s{who}", level) for who in range(6) for level in ("BL1", "PA1", "PA2", "PA3") for _ in range(3)]
    table = pd.DataFrame(rows, columns=["subject", "level"])
    # names spell the level, as those of BioVid do
    table["trial"] = [f"{subject}-{level}-{number:03d}" for number, (subject, level) in enumerate(rows)]
    windows = [
        Window(
            crops=rng.integers(0, 255, (2, 32, 32, 3)).astype(np.uint8),
            frame_mask=np.ones(2, bool),
            frame_times_s=np.arange(2, dtype=np.float32),
            tokens=rng.normal(size=(5, 3)).astype(np.float32),
            token_times_s=np.arange(1, 6, dtype=np.float32),
            r_peak_times_s=np.sort(rng.random(6)) * 5.5,
            has_video=True,
            has_ecg=True,
            face_quality=1.0,
            ecg_quality=0.5,
            heart_rate_bpm=75.0,
        )
        for _ in rows
    ]
    return with_rates(MemoryData(windows, table, settings=settings, simulated=True), seed)


if __name__ == "__main__":
    main()
